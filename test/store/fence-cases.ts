import { describe, expect, test } from "bun:test";
import {
  bytes,
  commit,
  contents,
  newSpace,
  number,
  range,
  type StoreFactory,
  sharedStore,
  transact,
  turn,
} from "./subject.ts";

/** Generations: how callers learn that what they prepared a request against has changed. */
export function fenceCases(factory: StoreFactory): void {
  describe("fences", () => {
    const store = sharedStore(factory);

    const raise = (space: string, generation: number, fences = [{ space, generation: generation - 1 }]) =>
      transact(store(), { fences, reads: [{ space, key: "schema" }] }, () => ({
        kind: "commit",
        writes: [{ space, key: "schema", value: bytes(String(generation)) }],
        raise: [{ space, generation }],
        result: undefined,
      }));

    test("a space begins at generation 0, and a raise comes with its writes", async () => {
      const space = await newSpace(store());
      expect(store().generation(space)).toBe(0);
      expect((await raise(space, 1)).kind).toBe("committed");
      expect(store().generation(space)).toBe(1);
      expect(await contents(store(), space)).toEqual({ schema: "1" });
    });

    test("a space that nobody knows has generation 0", async () => {
      const space = crypto.randomUUID();
      expect(store().generation(space)).toBe(0);
      const request = { fences: [{ space, generation: 0 }], reads: [] };
      const outcome = await commit(store(), request, () => ({ kind: "commit", writes: [], result: 1 }));
      expect(outcome.result).toBe(1);
    });

    test("a stale fence writes nothing, and the newer generation is visible with its answer", async () => {
      const space = await newSpace(store());
      await raise(space, 1);
      for (const generation of [0, 2]) {
        const request = { fences: [{ space, generation }], reads: [{ space, key: "a" }] };
        const outcome = await transact(store(), request, () => ({
          kind: "commit",
          writes: [{ space, key: "a", value: bytes("never") }],
          result: undefined,
        }));
        expect(outcome).toEqual({ kind: "stale" });
      }
      expect(store().generation(space)).toBe(1);
      expect(await contents(store(), space)).toEqual({ schema: "1" });
    });

    test("one stale fence among several is enough", async () => {
      const [fresh, raised] = [await newSpace(store()), await newSpace(store())];
      await raise(raised, 1);
      const fences = [
        { space: fresh, generation: 0 },
        { space: raised, generation: 0 },
      ];
      const outcome = await transact(store(), { fences, reads: [] }, () => ({
        kind: "commit",
        writes: [],
        result: undefined,
      }));
      expect(outcome.kind).toBe("stale");
    });

    test("a generation that does not rise is refused as a mistake", async () => {
      const space = await newSpace(store());
      await raise(space, 5, []);
      for (const generation of [5, 4]) {
        await expect(raise(space, generation, [])).rejects.toMatchObject({
          name: "StorageError",
          kind: "usage",
        });
      }
      expect((await raise(space, 6)).kind).toBe("committed");
    });

    test("no write prepared for an older generation lands after the raise", async () => {
      const space = await newSpace(store());
      const writers = range(40).map(async (n) => {
        for (;;) {
          const generation = store().generation(space);
          const reads = [{ space, key: "schema" }];
          const request = { fences: [{ space, generation }], reads };
          const outcome = await transact(store(), request, ([schema]) => ({
            kind: "commit",
            writes: [{ space, key: `row-${n}`, value: bytes(`${generation}/${number(schema)}`) }],
            result: undefined,
          }));
          if (outcome.kind !== "stale") return;
          expect(store().generation(space)).toBeGreaterThan(generation);
        }
      });
      for (const n of range(5)) expect((await raise(space, n + 1, [])).kind).toBe("committed");
      await Promise.all(writers);
      const { schema, ...rows } = await contents(store(), space);
      expect(Number(schema)).toBe(store().generation(space));
      expect(Object.keys(rows)).toHaveLength(40);
      for (const row of Object.values(rows)) {
        const [prepared, met] = row?.split("/") ?? [];
        expect(prepared).toBe(met ?? "");
      }
    });

    test("the visible generation never runs ahead of the visible rows of its commit", async () => {
      const space = await newSpace(store());
      let raising = true;
      const reader = (async () => {
        while (raising) {
          const generation = store().generation(space);
          const schema = number(await store().get(space, "schema"));
          expect(schema).toBeGreaterThanOrEqual(generation);
          await turn();
        }
      })();
      for (const n of range(20)) await raise(space, n + 1);
      raising = false;
      await reader;
    });
  });
}
