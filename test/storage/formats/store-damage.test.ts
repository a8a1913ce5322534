import { describe, expect, test } from "bun:test";
import { places, volume, withSeed } from "./effort.ts";
import { endings, outcomeOf, type SmallStore, type StoreOutcome, smallStore } from "./small-store.ts";
import { fileOf, type StoredFiles, withCut, withFlip } from "./stored-files.ts";

type Counts = Record<StoreOutcome, number>;

/** Tries `damage` at about `usual` of the places in all files together, spread evenly. */
async function tryPlaces(
  { files }: SmallStore,
  placesPerByte: number,
  usual: number,
  damage: (path: string, place: number) => Promise<StoreOutcome>,
): Promise<Counts> {
  const counts = { refused: 0, degraded: 0, right: 0 };
  const sizes = [...files].map(([path, { length }]) => ({ path, places: length * placesPerByte }));
  const all = sizes.reduce((sum, file) => sum + file.places, 0);
  for (const file of sizes) {
    for (const place of places(file.places, (usual * file.places) / all)) {
      try {
        counts[await damage(file.path, place)] += 1;
      } catch (error) {
        throw new Error(`${file.path}, place ${place}`, { cause: error });
      }
    }
  }
  console.log(JSON.stringify(counts));
  return counts;
}

function without(files: StoredFiles, path: string): StoredFiles {
  const rest = new Map(files);
  rest.delete(path);
  return rest;
}

for (const ending of endings) {
  describe(`a data directory of a store that was ${ending}`, () => {
    test("opens and shows everything", async () => {
      const { files, durable } = await smallStore(ending);
      expect(await outcomeOf(files, durable)).toBe("right");
    });

    test(
      "with any bit of any file flipped, never gives a wrong answer",
      () =>
        withSeed(`flips, ${ending}`, async () => {
          const store = await smallStore(ending);
          const counts = await tryPlaces(store, 8, 1_200, (path, bit) =>
            withFlip(store.files, path, bit, (flipped) => outcomeOf(flipped, store.durable)),
          );
          expect(counts.refused + counts.degraded + counts.right).toBeGreaterThan(1_100);
          expect(counts.refused).toBeGreaterThan(200);
          expect(counts.degraded).toBeGreaterThan(50);
          if (ending === "closed") expect(counts.right).toBeLessThan(counts.refused);
        }),
      240_000 * volume,
    );

    test(
      "with any file cut at any byte, never gives a wrong answer",
      () =>
        withSeed(`cuts, ${ending}`, async () => {
          const store = await smallStore(ending);
          const last = [...store.files.keys()]
            .filter((path) => path.startsWith("wal/"))
            .sort()
            .at(-1);
          const counts = await tryPlaces(store, 1, 500, (path, size) => {
            // Of an open segment, what was cut off is gone without a trace.
            const mayEndEarly = path === last && ending !== "closed";
            return outcomeOf(withCut(store.files, path, size), mayEndEarly ? 0 : store.durable);
          });
          expect(counts.refused + counts.degraded + counts.right).toBeGreaterThan(450);
          expect(counts.refused).toBeGreaterThan(100);
        }),
      240_000 * volume,
    );

    test("with any file missing, is refused", async () => {
      const { files, durable } = await smallStore(ending);
      const paths = [...files.keys()];
      const last = paths
        .filter((path) => path.startsWith("wal/"))
        .sort()
        .at(-1);
      for (const path of paths) {
        // Nothing tells of the last segment but itself, while it is open.
        if (path === last && ending !== "closed") continue;
        expect({ path, outcome: await outcomeOf(without(files, path), durable) }).toEqual({
          path,
          outcome: "refused",
        });
      }
    });

    test("with files of the same kind exchanged, never gives a wrong answer", async () => {
      const { files, durable } = await smallStore(ending);
      let swaps = 0;
      for (const kind of [".wal", ".sst"]) {
        const paths = [...files.keys()].filter((path) => path.endsWith(kind));
        for (const [index, one] of paths.entries()) {
          const other = paths[(index + 1) % paths.length];
          if (other === undefined || other === one) continue;
          const swapped = new Map(files).set(one, fileOf(files, other)).set(other, fileOf(files, one));
          expect(await outcomeOf(swapped, durable)).not.toBe("right");
          swaps += 1;
        }
      }
      expect(swaps).toBeGreaterThan(5);
    });
  });
}
