import { describe, expect, test } from "bun:test";
import { bytes, contents, newSpace, put, range, type StoreFactory, sharedStore } from "./subject.ts";

/** Loading sorted rows into a space that nobody reads yet. */
export function bulkLoadCases(factory: StoreFactory): void {
  describe("bulkLoad", () => {
    const store = sharedStore(factory);
    const rows = range(500).map((n) => ({
      key: `row-${String(n).padStart(4, "0")}`,
      value: bytes(`value ${n}`),
    }));
    const expected = Object.fromEntries(rows.map(({ key }, n) => [key, `value ${n}`]));

    test("loads an iterable, counted as the caller says", async () => {
      const space = await newSpace(store());
      await store().bulkLoad(space, rows, { rows: 500, bytes: 4_321 });
      expect(await contents(store(), space)).toEqual(expected);
      expect(store().stats(space)).toEqual({ rows: 500, bytes: 4_321 });
    });

    test("loads an async iterable; later commits win over loaded rows", async () => {
      const space = await newSpace(store());
      async function* generate() {
        for (const row of rows) yield row;
      }
      await store().bulkLoad(space, generate(), { rows: 500, bytes: 0 });
      await put(store(), space, { "row-0000": "new", "row-0001": undefined });
      const { "row-0001": _gone, ...left } = expected;
      expect(await contents(store(), space)).toEqual({ ...left, "row-0000": "new" });
    });

    test("of nothing is nothing", async () => {
      const space = await newSpace(store());
      await store().bulkLoad(space, [], { rows: 0, bytes: 0 });
      expect(await contents(store(), space)).toEqual({});
    });

    test("rows out of order or into an unknown space are mistakes", async () => {
      const space = await newSpace(store());
      const loading = store().bulkLoad(space, rows.toReversed(), { rows: 500, bytes: 0 });
      await expect(loading).rejects.toMatchObject({ name: "StorageError", kind: "usage" });
      const nowhere = store().bulkLoad(crypto.randomUUID(), rows, { rows: 500, bytes: 0 });
      await expect(nowhere).rejects.toMatchObject({ name: "StorageError", kind: "not-found" });
    });
  });
}
