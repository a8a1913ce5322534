import { describe, expect, test } from "bun:test";
import {
  bytes,
  commit,
  newSpace,
  number,
  put,
  range,
  type StoreFactory,
  sharedStore,
  text,
} from "./subject.ts";

/** Point reads, alone and of one instant. */
export function snapshotCases(factory: StoreFactory): void {
  describe("snapshots", () => {
    const store = sharedStore(factory);

    test("a snapshot keeps its instant while rows change, appear and go", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "1", b: "1", d: "1" });
      const snapshot = await store().snapshot([space]);
      for (const n of range(20))
        await put(store(), space, { a: `${n}`, b: undefined, c: `${n}`, d: undefined });
      const keys = ["a", "b", "c", "d"];
      const many = await snapshot.getMany(keys.map((key) => ({ space, key })));
      expect(many.map(text)).toEqual(["1", "1", undefined, "1"]);
      for (const [i, key] of keys.entries()) expect(await snapshot.get(space, key)).toEqual(many[i]);
      const page = await snapshot.range({ space, rowsMax: 10, bytesMax: 1_000 });
      expect(page.rows.map(({ key }) => key)).toEqual(["a", "b", "d"]);
      snapshot.close();
      expect(text(await store().get(space, "c"))).toBe("19");
      expect(await store().get(space, "d")).toBeUndefined();
    });

    test("many snapshots stay open at once, each with its own instant", async () => {
      const space = await newSpace(store());
      const snapshots = [];
      for (const n of range(30)) {
        await put(store(), space, { n: String(n) });
        snapshots.push(await store().snapshot([space]));
      }
      for (const [n, snapshot] of snapshots.toReversed().entries()) {
        expect(number(await snapshot.get(space, "n"))).toBe(29 - n);
        snapshot.close();
      }
    });

    test("getMany answers in the order asked, over spaces, repeated and absent rows included", async () => {
      const [one, two] = [await newSpace(store()), await newSpace(store())];
      await put(store(), one, { a: "1", b: "2" });
      await put(store(), two, { a: "3" });
      const snapshot = await store().snapshot([one, two]);
      const rows = [
        { space: two, key: "a" },
        { space: one, key: "b" },
        { space: two, key: "b" },
        { space: one, key: "a" },
        { space: one, key: "b" },
      ];
      expect((await snapshot.getMany(rows)).map(text)).toEqual(["3", "2", undefined, "1", "2"]);
      expect(await snapshot.getMany([])).toEqual([]);
      snapshot.close();
    });

    test("a snapshot of nothing is allowed, and closing twice too", async () => {
      const snapshot = await store().snapshot([]);
      snapshot.close();
      snapshot.close();
    });

    test("what was committed is in every later get and snapshot", async () => {
      const space = await newSpace(store());
      const writers = range(30).map(async (n) => {
        const row = { space, key: `row-${n}` };
        await commit(store(), { reads: [row] }, () => ({
          kind: "commit",
          writes: [{ ...row, value: bytes(String(n)) }],
          result: undefined,
        }));
        expect(text(await store().get(space, row.key))).toBe(String(n));
        const snapshot = await store().snapshot([space]);
        expect(text(await snapshot.get(space, row.key))).toBe(String(n));
        snapshot.close();
      });
      await Promise.all(writers);
    });

    test("a value that was handed out does not change under its holder", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "first" });
      const held = await store().get(space, "a");
      for (const n of range(50)) await put(store(), space, { a: `later ${n} ${"x".repeat(1_000)}` });
      expect(text(held)).toBe("first");
    });
  });
}
