import { describe, expect, test } from "bun:test";
import type { SpaceId, Store } from "../../storage/store.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { bytes, commit, contents, newSpace, put, range, type StoreFactory, sharedStore } from "./subject.ts";

const day = 24 * 3_600_000;
const pause = () => new Promise((resolve) => setTimeout(resolve, 2));

async function restored(store: Store, space: SpaceId, time: number): Promise<SpaceId> {
  const target = crypto.randomUUID();
  await store.restore({ time }, new Map([[space, target]]));
  return target;
}

/** Keeping the past of a space, and restoring it to instants. */
export function historyCases(factory: StoreFactory): void {
  describe("history", () => {
    const store = sharedStore(factory);

    test("a space is restored to any instant of its past, counts included", async () => {
      const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
      const random = seededRandom(seed);
      const space = await newSpace(store());
      await put(store(), space, { before: "kept too" });
      await store().keepHistory(space, day);
      const state: Record<string, string> = { before: "kept too" };
      let rows = 0;
      const states = new Map<number, { contents: Record<string, string>; rows: number }>();
      for (const i of range(120)) {
        const key = `key-${Math.floor(random() * 20)}`;
        const value = random() < 0.3 ? undefined : `${i} `.repeat(1 + Math.floor(random() * 200));
        const was = key in state;
        const delta = (value === undefined ? 0 : 1) - (was ? 1 : 0);
        const { time } = await commit(store(), { reads: [] }, () => ({
          kind: "commit",
          writes: [{ space, key, value: value === undefined ? undefined : bytes(value) }],
          deltas: [{ space, rows: delta, bytes: 0 }],
          result: undefined,
        }));
        if (value === undefined) delete state[key];
        else state[key] = value;
        rows += delta;
        states.set(time, { contents: { ...state }, rows });
        if (i % 10 === 0) await pause();
      }
      for (const [time, expected] of states) {
        if (random() < 0.8) continue;
        const target = await restored(store(), space, time);
        expect({ seed, time, contents: await contents(store(), target) }).toEqual({
          seed,
          time,
          contents: expected.contents,
        });
        expect(store().stats(target).rows).toBe(expected.rows);
      }
      const { latest } = store().history(space) ?? { latest: 0 };
      const target = await restored(store(), space, latest);
      expect(await contents(store(), target)).toEqual(state);
    });

    test("a restored space is like any other, and the source goes on", async () => {
      const space = await newSpace(store());
      await store().keepHistory(space, day);
      await put(store(), space, { a: "1", b: "1" });
      const { latest } = store().history(space) ?? { latest: 0 };
      await pause();
      await put(store(), space, { a: "2", b: undefined });
      const target = await restored(store(), space, latest);
      await put(store(), target, { a: "3" });
      expect(await contents(store(), target)).toEqual({ a: "3", b: "1" });
      expect(await contents(store(), space)).toEqual({ a: "2" });
      await store().dropSpace(space);
      expect(await contents(store(), target)).toEqual({ a: "3", b: "1" });
    });

    test("instants before the first one and after now are refused, and so is a past that is not kept", async () => {
      const space = await newSpace(store());
      expect(store().history(space)).toBeUndefined();
      await expect(restored(store(), space, Date.now() - 1)).rejects.toMatchObject({ kind: "not-found" });
      await store().keepHistory(space, day);
      const { earliest, latest } = store().history(space) ?? { earliest: 0, latest: 0 };
      expect(earliest).toBeLessThanOrEqual(latest);
      await expect(restored(store(), space, earliest - 1)).rejects.toMatchObject({ kind: "not-found" });
      await expect(restored(store(), space, latest + day)).rejects.toMatchObject({ kind: "usage" });
      await store().keepHistory(space, 0);
      expect(store().history(space)).toBeUndefined();
      await expect(restored(store(), space, latest)).rejects.toMatchObject({ kind: "not-found" });
    });

    test("asking again for what is kept leaves the first instant where it is", async () => {
      const space = await newSpace(store());
      await store().keepHistory(space, day);
      const first = store().history(space)?.earliest;
      await pause();
      await store().keepHistory(space, day);
      expect(store().history(space)?.earliest).toBe(first ?? -1);
    });
  });
}
