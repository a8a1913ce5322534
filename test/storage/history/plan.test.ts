import { describe, expect, test } from "bun:test";
import { type PlanInput, planHistory } from "../../../storage/history/plan.ts";
import type { HistorySource } from "../../../storage/history/source.ts";
import { keptCheckpoints } from "../../../storage/history-checkpoints.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { ScriptedSource } from "./scripted-source.ts";

interface Part {
  readonly space: number;
  readonly bytes: number;
  /** The feed that its changes are for. */
  readonly feed?: number;
}

/** A source of which only the sums matter. */
class Sums extends ScriptedSource {
  override readonly bytes: number;

  constructor(parts: readonly Part[]) {
    super([]);
    for (const { space, bytes, feed } of parts) {
      this.contents.addSpace(space, bytes);
      if (feed !== undefined) this.contents.addFeed(feed, space, bytes);
    }
    this.bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  }
}

const source = (parts: readonly Part[]): HistorySource => new Sums(parts);

const wants = {
  keepsSpace: (space: number) => space < 10,
  keepsFeed: (feed: number) => feed < 10,
};

function plan(input: Partial<PlanInput>) {
  return planHistory({
    archives: [],
    segments: [],
    wants,
    archiveBefore: 0,
    unwantedShareMin: 0.5,
    stretchBytesMin: 100,
    archiveBytesMax: 1_000,
    ...input,
  });
}

const wanted = source([{ space: 1, bytes: 100 }]);
const unwanted = source([{ space: 11, bytes: 100, feed: 11 }]);
const mixed = source([
  { space: 1, bytes: 40 },
  { space: 11, bytes: 60 },
]);

describe("the plan for the past", () => {
  test("nothing to do", () => {
    expect(plan({})).toBeUndefined();
    expect(plan({ segments: [wanted, wanted], archives: [wanted] })).toBeUndefined();
  });

  test("removes archives that nobody wants, wherever they are, and segments from the oldest on", () => {
    expect(plan({ archives: [wanted, unwanted, wanted, unwanted] })).toEqual({
      kind: "removeArchives",
      archives: [1, 3],
    });
    expect(plan({ segments: [unwanted, unwanted, wanted, unwanted] })).toEqual({
      kind: "removeSegments",
      count: 2,
    });
    expect(plan({ segments: [wanted, unwanted] })).toBeUndefined();
  });

  test("archives segments of which more than half is not wanted", () => {
    expect(plan({ segments: [mixed] })).toEqual({ kind: "archiveSegments", count: 1 });
    expect(plan({ segments: [wanted, mixed] })).toBeUndefined();
    expect(plan({ segments: [wanted, unwanted, unwanted] })).toEqual({ kind: "archiveSegments", count: 3 });
    expect(plan({ segments: [mixed], stretchBytesMin: 200 })).toBeUndefined();
    const many = Array.from({ length: 20 }, () => mixed);
    expect(plan({ segments: many })).toEqual({ kind: "archiveSegments", count: 10 });
  });

  test("rows that a feed wants are wanted, though their space is not", () => {
    const forFeed = source([{ space: 11, bytes: 100, feed: 1 }]);
    expect(plan({ segments: [forFeed], archives: [forFeed] })).toBeUndefined();
    const other = source([
      { space: 11, bytes: 40, feed: 1 },
      { space: 12, bytes: 60, feed: 12 },
    ]);
    expect(plan({ segments: [other] })).toEqual({ kind: "archiveSegments", count: 1 });
  });

  test("archives too many segments, whatever is in them", () => {
    const many = Array.from({ length: 65 }, () => wanted);
    expect(plan({ segments: many })).toEqual({ kind: "archiveSegments", count: 10 });
  });

  test("rewrites archives of which more than half is not wanted any more, and joins eight small ones", () => {
    expect(plan({ archives: [wanted, mixed] })).toEqual({ kind: "rewriteArchives", from: 1, count: 1 });
    const large = source([{ space: 1, bytes: 500 }]);
    const small = Array.from({ length: 8 }, () => wanted);
    expect(plan({ archives: [large, ...small] })).toEqual({ kind: "rewriteArchives", from: 1, count: 8 });
    expect(plan({ archives: [large, ...small.slice(1), large] })).toBeUndefined();
  });
});

describe("checkpoints of a past", () => {
  const day = 24 * 3_600_000;

  test("every instant of the retention keeps a checkpoint before it, and old ones are a day apart", () => {
    const random = seededRandom(5);
    for (let run = 0; run < 200; run++) {
      const now = 1_000 * day;
      const retention = Math.ceil(random() * 10) * day;
      const all = Array.from({ length: 1 + Math.floor(random() * 60) }, () => ({
        time: now - Math.floor(random() * 15 * day),
      })).sort((a, b) => a.time - b.time);
      const kept = [...keptCheckpoints(all, now, retention)];
      const earliest = Math.max(now - retention, all[0]?.time ?? 0);
      expect(kept[0]?.time ?? now).toBeLessThanOrEqual(earliest);
      expect(kept[1]?.time ?? now).toBeGreaterThan(now - retention);
      for (const checkpoint of all.filter(({ time }) => time > now - day)) expect(kept).toContain(checkpoint);
      for (const [i, { time }] of kept.entries()) {
        const next = kept[i + 1];
        if (i === 0 || next === undefined || next.time > now - day) continue;
        expect(next.time - time).toBeGreaterThanOrEqual(day);
      }
    }
    expect(keptCheckpoints([{ time: 5 }], 10, 0).size).toBe(0);
  });
});
