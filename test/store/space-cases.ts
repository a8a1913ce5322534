import { describe, expect, test } from "bun:test";
import { bytes, contents, newSpace, put, range, type StoreFactory, sharedStore, text } from "./subject.ts";

/** The life of spaces. */
export function spaceCases(factory: StoreFactory): void {
  describe("spaces", () => {
    const store = sharedStore(factory);

    test("creating is idempotent and keeps the rows", async () => {
      const space = crypto.randomUUID();
      await Promise.all([store().createSpace(space), store().createSpace(space)]);
      await put(store(), space, { a: "1" });
      await store().createSpace(space);
      expect(await contents(store(), space)).toEqual({ a: "1" });
      expect(
        store()
          .spaces()
          .filter((id) => id === space),
      ).toEqual([space]);
    });

    test("dropping is idempotent; a dropped space is unknown", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "1" });
      await Promise.all([store().dropSpace(space), store().dropSpace(space)]);
      await store().dropSpace(space);
      await store().dropSpace(crypto.randomUUID());
      expect(store().spaces()).not.toContain(space);
      const unknown = { name: "StorageError", kind: "not-found" };
      await expect(store().get(space, "a")).rejects.toMatchObject(unknown);
      await expect(store().snapshot([space])).rejects.toMatchObject(unknown);
      expect(() => store().stats(space)).toThrow(expect.objectContaining(unknown));
    });

    test("spaces lists what exists", async () => {
      const made = await Promise.all(range(5).map(() => newSpace(store())));
      expect(store().spaces()).toEqual(expect.arrayContaining(made));
      await store().dropSpace(made[2] ?? "");
      const left = store().spaces();
      expect(made.map((id) => left.includes(id))).toEqual([true, true, false, true, true]);
    });

    test("equal keys in different spaces are different rows", async () => {
      const made = await Promise.all(range(3).map(() => newSpace(store())));
      await Promise.all(made.map((space, n) => put(store(), space, { key: String(n) })));
      await put(store(), made[1] ?? "", { key: undefined });
      expect(await Promise.all(made.map((space) => contents(store(), space)))).toEqual([
        { key: "0" },
        {},
        { key: "2" },
      ]);
    });

    test("a space dropped under an open snapshot stays readable through it", async () => {
      const space = await newSpace(store());
      const rows = Object.fromEntries(range(100).map((n) => [`row-${String(n).padStart(3, "0")}`, `${n}`]));
      await put(store(), space, rows);
      const snapshot = await store().snapshot([space]);
      await store().dropSpace(space);
      expect(text(await snapshot.get(space, "row-042"))).toBe("42");
      const page = await snapshot.range({ space, gt: "row-097", rowsMax: 10, bytesMax: 1_000 });
      expect(page.rows.map(({ value }) => text(value))).toEqual(["98", "99"]);
      expect(page.more).toBe(false);
      snapshot.close();
    });

    test("writes that race with a drop end, one way or the other, and leave nothing behind", async () => {
      const space = await newSpace(store());
      const writers = range(30).map((n) =>
        store().transact({ reads: [{ space, key: `row-${n}` }] }, () => ({
          kind: "commit",
          writes: [{ space, key: `row-${n}`, value: bytes("x") }],
          result: undefined,
        })),
      );
      const dropping = store().dropSpace(space);
      for (const ending of await Promise.allSettled(writers)) {
        if (ending.status === "fulfilled") expect(ending.value.kind).toMatch(/^(committed|conflict)$/);
        else expect(ending.reason).toMatchObject({ name: "StorageError", kind: "not-found" });
      }
      await dropping;
      expect(store().spaces()).not.toContain(space);
      const other = await newSpace(store());
      await put(store(), other, { a: "the store goes on" });
      expect(Object.keys(await contents(store(), other))).toEqual(["a"]);
    });
  });
}
