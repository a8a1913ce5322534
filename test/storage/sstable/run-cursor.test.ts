import { expect, test } from "bun:test";
import fc from "fast-check";
import { overlapping, RunCursor, type RunTable, tableFor } from "../../../storage/sstable/run-cursor.ts";
import { ArrayCursor, drain, type Entry, expectedEntries } from "../iterator/array-cursor.ts";

const key = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), maxLength: 3 });

/** Keys cut into tables at random places. */
const runs = fc
  .tuple(fc.uniqueArray(key, { maxLength: 40 }), fc.infiniteStream(fc.integer({ min: 1, max: 6 })))
  .map(([keys, sizes]) => {
    const entries = keys
      .sort()
      .map((name, index): Entry => ({ key: name, sequence: index, value: undefined }));
    const run: (RunTable & { entries: Entry[] })[] = [];
    for (let start = 0; start < entries.length; ) {
      const part = entries.slice(start, start + (sizes.next().value ?? 1));
      start += part.length;
      run.push({
        smallest: part[0]?.key ?? "",
        largest: part.at(-1)?.key ?? "",
        cursor: (reverse) => new ArrayCursor(part, reverse),
        entries: part,
      });
    }
    return { entries, run };
  });

test("a run shows its tables as one, in both directions, from any bound", () => {
  fc.assert(
    fc.property(runs, fc.array(key, { maxLength: 8 }), fc.boolean(), ({ entries, run }, bounds, reverse) => {
      const cursor = new RunCursor(run, reverse);
      for (const bound of [undefined, ...bounds])
        expect(drain(cursor, bound)).toEqual(expectedEntries(entries, reverse, bound));
    }),
    { numRuns: 500 },
  );
});

test("a table is found by key and by range", () => {
  fc.assert(
    fc.property(runs, key, key, ({ run }, one, other) => {
      expect(tableFor(run, one)).toBe(run.find(({ smallest, largest }) => smallest <= one && one <= largest));
      const range = one < other ? { smallest: one, largest: other } : { smallest: other, largest: one };
      expect(overlapping(run, range)).toEqual(
        run.filter(({ smallest, largest }) => smallest <= range.largest && largest >= range.smallest),
      );
    }),
    { numRuns: 500 },
  );
});
