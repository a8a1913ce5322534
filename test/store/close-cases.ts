import { describe, expect, test } from "bun:test";
import { change, newFeed, plain, readAll } from "./feed-support.ts";
import { bytes, commit, contents, increment, newSpace, put, range, type StoreFactory } from "./subject.ts";

/** Closing. */
export function closeCases(factory: StoreFactory): void {
  describe("close", () => {
    test("is idempotent; afterwards reads are refused and writes unavailable", async () => {
      const store = await factory.open();
      const space = await newSpace(store);
      await Promise.all([store.close(), store.close()]);
      await store.close();
      const outcome = await store.transact({ reads: [{ space, key: "a" }] }, () => {
        throw new Error("a closed store asks nobody");
      });
      expect(outcome).toMatchObject({ kind: "unavailable", cause: { name: "StorageError", kind: "closed" } });
      const closed = { name: "StorageError", kind: "closed" };
      await expect(store.get(space, "a")).rejects.toMatchObject(closed);
      await expect(store.snapshot([space])).rejects.toMatchObject(closed);
      await expect(store.createSpace(crypto.randomUUID())).rejects.toMatchObject(closed);
    });

    test("every transaction under way is answered", async () => {
      const store = await factory.open();
      const space = await newSpace(store);
      const running = range(50).map((n) => {
        const row = { space, key: `row-${n % 5}` };
        return store.transact({ reads: [row] }, increment(row));
      });
      await store.close();
      for (const { kind } of await Promise.all(running)) {
        expect(kind).toMatch(/^(committed|conflict|unavailable)$/);
      }
    });
  });
}

/** What is there after closing and opening again. */
export function reopenCases(factory: StoreFactory): void {
  describe("opening again", () => {
    test("rows, counts, generations, spaces and feeds are as they were", async () => {
      const before = await factory.open();
      const [kept, dropped] = [await newSpace(before), await newSpace(before)];
      const feed = await newFeed(before, { oldValues: true });
      await put(before, kept, { a: "1", b: "2", c: "3" });
      await put(before, kept, { b: undefined });
      const { time } = await commit(before, { reads: [] }, () => ({
        kind: "commit",
        writes: [{ space: kept, key: "d", value: bytes("4") }],
        deltas: [{ space: kept, rows: 3, bytes: 30 }],
        raise: [{ space: kept, generation: 9 }],
        result: undefined,
      }));
      await change(before, feed, { space: kept, key: "a" }, "one", { tag: "x" });
      await before.dropSpace(dropped);
      const records = await readAll(before, feed, 0);
      await before.close();

      const after = await factory.reopen();
      expect(await contents(after, kept)).toEqual({ a: "one", c: "3", d: "4" });
      expect(after.stats(kept)).toEqual({ rows: 3, bytes: 30 });
      expect(after.generation(kept)).toBe(9);
      expect([...after.spaces()]).toContain(kept);
      expect([...after.spaces()]).not.toContain(dropped);
      expect(await readAll(after, feed, 0)).toEqual(records);
      const position = await change(after, feed, { space: kept, key: "a" }, "two");
      expect(position > (records.at(-1)?.position ?? "")).toBe(true);
      const later = await readAll(after, feed, 0);
      expect(later.map(plain).at(-1)).toMatchObject({ oldValue: "one", newValue: "two" });
      expect(later.at(-1)?.time ?? 0).toBeGreaterThanOrEqual(time);
      await after.close();
    });

    test("what was committed before close is there, over many rounds", async () => {
      let store = await factory.open();
      const space = await newSpace(store);
      const row = { space, key: "rounds" };
      for (const round of range(6)) {
        const { result } = await commit(store, { reads: [row] }, increment(row));
        expect(result).toBe(round + 1);
        await put(store, space, { [`row-${round}`]: "x".repeat(round * 1_000) });
        await store.close();
        store = await factory.reopen();
      }
      expect(Object.keys(await contents(store, space))).toHaveLength(7);
      await store.close();
    });
  });
}
