import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mergeCursors, type PageRequest, rangeOf, readPage } from "../../../storage/merging-iterator.ts";
import { ArrayCursor, drain, type Entry, expectedEntries } from "./array-cursor.ts";

const key = fc.string({ unit: fc.constantFrom("a", "b", "c", "\0", "ÿ"), maxLength: 4 });

/** Sources as the engine has them: each key once per source, and no sequence twice for one key. */
const sources = fc
  .array(fc.array(fc.record({ key, deleted: fc.boolean() }), { maxLength: 25 }), { maxLength: 6 })
  .map((drafts) =>
    drafts.map((draft, source) => {
      const unique = new Map(draft.map((entry) => [entry.key, entry]));
      return [...unique.values()]
        .sort((one, other) => (one.key < other.key ? -1 : 1))
        .map(({ key, deleted }, index): Entry => {
          // Not every newer source is newer for every key: sequences decide, not the order of sources.
          const sequence = 1 + ((index * 7 + source * 13) % 40) * 10 + source;
          return {
            key,
            sequence,
            value: deleted ? undefined : new TextEncoder().encode(`${key}@${sequence}`),
          };
        });
    }),
  );

function newestPerKey(all: readonly Entry[][]): Entry[] {
  const newest = new Map<string, Entry>();
  for (const entry of all.flat()) {
    const other = newest.get(entry.key);
    if (other === undefined || other.sequence < entry.sequence) newest.set(entry.key, entry);
  }
  return [...newest.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
}

describe("the merging cursor", () => {
  test("shows the newest entry of each key, in either direction, from any bound", () => {
    fc.assert(
      fc.property(sources, fc.array(key, { maxLength: 5 }), fc.boolean(), (all, bounds, reverse) => {
        const merged = mergeCursors(
          all.map((entries) => new ArrayCursor(entries, reverse)),
          reverse,
        );
        const expected = newestPerKey(all);
        for (const bound of [undefined, ...bounds]) {
          for (const end of [undefined, ...bounds])
            expect(drain(merged, bound, end)).toEqual(expectedEntries(expected, reverse, bound, end));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("refuses sources of another direction", () => {
    expect(() => mergeCursors([new ArrayCursor([], true)], false)).toThrow("share one direction");
    expect(() => mergeCursors([new ArrayCursor([], false), new ArrayCursor([], true)], false)).toThrow(
      "share",
    );
  });
});

describe("readPage", () => {
  const bound = fc.option(key, { nil: undefined });
  const request = fc.record({
    ge: bound,
    gt: bound,
    lt: bound,
    le: bound,
    reverse: fc.boolean(),
    rowsMax: fc.integer({ min: 1, max: 12 }),
    bytesMax: fc.integer({ min: 1, max: 60 }),
  });

  /** Drops the undefined bounds, as callers leave them out. */
  function pageRequest(draft: Record<string, unknown>): PageRequest {
    return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as never;
  }

  test("gives the live rows within the bounds, up to its limits", () => {
    fc.assert(
      fc.property(sources, request, (all, draft) => {
        const page = pageRequest(draft);
        const { reverse, rowsMax, bytesMax } = draft;
        const inRange = newestPerKey(all).filter(
          ({ key, value }) =>
            value !== undefined &&
            (draft.ge === undefined || key >= draft.ge) &&
            (draft.gt === undefined || key > draft.gt) &&
            (draft.lt === undefined || key < draft.lt) &&
            (draft.le === undefined || key <= draft.le),
        );
        if (reverse) inRange.reverse();
        const rows: { key: string; value: Uint8Array }[] = [];
        let bytes = 0;
        for (const { key, value } of inRange) {
          if (rows.length >= rowsMax || bytes >= bytesMax) break;
          rows.push({ key, value: value ?? new Uint8Array(0) });
          bytes += value?.length ?? 0;
        }
        const cursor = mergeCursors(
          all.map((entries) => new ArrayCursor(entries, reverse)),
          reverse,
        );
        const more = rows.length >= rowsMax || bytes >= bytesMax;
        const read = readPage(cursor, rangeOf(page), page);
        expect([read.rows, read.more]).toEqual([rows, more]);
      }),
      { numRuns: 1000 },
    );
  });
});
