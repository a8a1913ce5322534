import { describe, expect, test } from "bun:test";
import { bytes, commit, contents, newSpace, put, type StoreFactory, sharedStore } from "./subject.ts";

/** Checkpoints, and restoring into new spaces. */
export function checkpointCases(factory: StoreFactory): void {
  describe("checkpoints", () => {
    const store = sharedStore(factory);

    test("a restored checkpoint is the old state, counts included, in new spaces", async () => {
      const [one, two] = [await newSpace(store()), await newSpace(store())];
      await commit(store(), { reads: [] }, () => ({
        kind: "commit",
        writes: [{ space: one, key: "a", value: bytes("old") }],
        deltas: [{ space: one, rows: 1, bytes: 3 }],
        result: undefined,
      }));
      await put(store(), two, { b: "old" });
      const checkpoint = await store().checkpoint([one, two]);
      expect(checkpoint.spaces.toSorted()).toEqual([one, two].sort());
      await put(store(), one, { a: "new", c: "new" });
      await put(store(), two, { b: undefined });
      const [newOne, newTwo] = [crypto.randomUUID(), crypto.randomUUID()];
      const steps: string[] = [];
      const targets = new Map([
        [one, newOne],
        [two, newTwo],
      ]);
      await store().restore(checkpoint, targets, (done, total) => steps.push(`${done}/${total}`));
      expect(await contents(store(), newOne)).toEqual({ a: "old" });
      expect(await contents(store(), newTwo)).toEqual({ b: "old" });
      expect(store().stats(newOne)).toEqual({ rows: 1, bytes: 3 });
      expect(await contents(store(), one)).toEqual({ a: "new", c: "new" });
      const [done, total] = steps.at(-1)?.split("/") ?? [];
      expect(done).toBe(total ?? "");
    });

    test("a checkpoint outlives its spaces, is listed until it is released, and then not found", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "kept" });
      const checkpoint = await store().checkpoint([space]);
      await store().dropSpace(space);
      expect(store().checkpoints()).toContainEqual(checkpoint);
      const target = crypto.randomUUID();
      // As plain data: callers keep it in rows of their own.
      await store().restore(JSON.parse(JSON.stringify(checkpoint)), new Map([[space, target]]));
      expect(await contents(store(), target)).toEqual({ a: "kept" });
      await store().releaseCheckpoint(checkpoint.id);
      await store().releaseCheckpoint(checkpoint.id);
      expect(store().checkpoints()).not.toContainEqual(checkpoint);
      const again = store().restore(checkpoint, new Map([[space, crypto.randomUUID()]]));
      await expect(again).rejects.toMatchObject({ name: "StorageError", kind: "not-found" });
      expect(await contents(store(), target)).toEqual({ a: "kept" });
    });

    test("an unknown checkpoint is not found", async () => {
      const space = await newSpace(store());
      const unknown = { id: "nothing", spaces: [space], time: 0 };
      const restoring = store().restore(unknown, new Map([[space, crypto.randomUUID()]]));
      await expect(restoring).rejects.toMatchObject({ name: "StorageError", kind: "not-found" });
    });
  });
}
