import { at, objectAt } from "../encoding.ts";
import { overlapping } from "../sstable/run-cursor.ts";
import type { Key } from "../store.ts";

/** What the choice of a compaction needs to know of an SSTable. */
export interface LevelTable {
  readonly bytes: number;
  readonly smallest: Key;
  readonly largest: Key;
  readonly entries: number;
  readonly tombstones: number;
}

/**
 * The SSTables of a space by level. Level 0: as flushed, newest first, overlapping. All others: runs in key order without overlap, each
 * newer than the levels below it. Levels that are not there are empty.
 */
export type Levels<Table extends LevelTable> = readonly (readonly Table[])[];

/** The tables of a level; none of one that the space does not have yet. */
export function levelOf<Table extends LevelTable>(levels: Levels<Table>, level: number): readonly Table[] {
  return levels[level] ?? [];
}

export interface PickerOptions {
  /** Level 0 is compacted when it has this many files. */
  readonly level0Files: number;
  /** Target of the first level below level 0: about two compactions of level 0. */
  readonly baseBytes: number;
  /** Most that a level may exceed the one above it by. */
  readonly fanOut: number;
  /** Number of levels, level 0 included. */
  readonly levels: number;
}

export const defaultPickerOptions: PickerOptions = {
  level0Files: 4,
  baseBytes: 128 << 20,
  fanOut: 10,
  levels: 7,
};

/** What to do next with a space. */
export interface CompactionTask<Table extends LevelTable> {
  /** move: the tables of `upper` go to `outputLevel` as they are. merge: all are merged into new tables there. */
  readonly kind: "move" | "merge";
  readonly inputLevel: number;
  readonly outputLevel: number;
  /** Tables of the input level. */
  readonly upper: readonly Table[];
  /** The tables of the output level that overlap them (none when it is the input level). */
  readonly lower: readonly Table[];
}

/** From this many tombstones on, a table that is half tombstones is compacted before its time. */
const denseTombstones = 100;

/** When writers rest: the share of the largest level that may lie above it, overwriting or overwritten, and the least that is worth a compaction. */
const restingShareMax = 0.2;
const restingBytesShare = 1 / 16;

/**
 * Chooses a compaction: a pure function of the levels. Undefined when nothing needs to be done. One compaction of a space runs at a
 * time; flushes may add to level 0 meanwhile.
 *
 * Level sizes follow from the largest level (the last, in the long run): it is what it is, and each level above is smaller by the fan-out, down to
 * the first that is no larger than the base size. So about a ninth of the data is outside of the largest level, and small spaces have one level only.
 */
export function pickCompaction<Table extends LevelTable>(
  levels: Levels<Table>,
  options: PickerOptions,
): CompactionTask<Table> | undefined {
  const { targets, base } = levelTargets(levels, options);
  const level0 = levelOf(levels, 0);
  let level = 0;
  let score = level0.some(isDense)
    ? Math.max(1, level0.length / options.level0Files)
    : level0.length / options.level0Files;
  for (let candidate = 1; candidate < options.levels - 1; candidate++) {
    const bytes = bytesOf(levelOf(levels, candidate));
    const candidateScore = bytes === 0 ? 0 : bytes / Math.max(1, at(targets, candidate));
    if (candidateScore <= score || candidateScore <= 1) continue;
    level = candidate;
    score = candidateScore;
  }
  if (score >= 1) return level === 0 ? compactLevel0(levels, base) : compactLevel(levels, level, options);
  return compactDense(levels, options);
}

/**
 * What else to do with a space that nobody has written to for a while: level 0 below its number of files, which only takes space. While
 * writers are at work it waits for more files, so that each compaction does more for the bytes of the level below that it rewrites.
 */
export function pickResting<Table extends LevelTable>(
  levels: Levels<Table>,
  options: PickerOptions,
): CompactionTask<Table> | undefined {
  const level0 = levelOf(levels, 0);
  const sizes = levels.map(bytesOf);
  const largest = Math.max(0, ...sizes.slice(1));
  const above = sizes.reduce((sum, bytes) => sum + bytes, 0) - largest;
  if (bytesOf(level0) < options.baseBytes * restingBytesShare || above <= largest * restingShareMax)
    return undefined;
  return compactLevel0(levels, levelTargets(levels, options).base);
}

/**
 * The size each level should have, and the level that level 0 is compacted into. Levels above that one should be empty (target 0): what is
 * left in them goes down.
 */
export function levelTargets(
  levels: Levels<LevelTable>,
  options: PickerOptions,
): { targets: number[]; base: number } {
  const last = options.levels - 1;
  let largest = 0;
  let firstUsed = last;
  for (let level = last; level >= 1; level--) {
    const bytes = bytesOf(levelOf(levels, level));
    if (bytes > 0) firstUsed = level;
    largest = Math.max(largest, bytes);
  }
  const targets = new Array<number>(options.levels).fill(0);
  const ratio = largest / options.baseBytes;
  // Up to twice the base size, rewriting the one level costs less than a level in between.
  const steps = ratio <= 2 ? 0 : Math.ceil(Math.log(ratio) / Math.log(options.fanOut) - 1e-9);
  const base = Math.max(1, last - steps);
  let target = Math.max(largest, options.baseBytes);
  for (let level = last; level >= base; level--) {
    targets[level] = target;
    target /= options.fanOut;
  }
  // Level 0 is newer than everything: it must not be put below a level that still has something.
  return { targets, base: Math.min(base, firstUsed) };
}

/** All of level 0, because its tables overlap each other, with what overlaps them below. */
function compactLevel0<Table extends LevelTable>(levels: Levels<Table>, base: number): CompactionTask<Table> {
  const upper = levelOf(levels, 0);
  const lower = overlapping(levelOf(levels, base), rangeOf(upper));
  return taskOf(levels, 0, base, upper, lower);
}

/** The table that brings the least with it from the level below. */
function compactLevel<Table extends LevelTable>(
  levels: Levels<Table>,
  level: number,
  options: PickerOptions,
): CompactionTask<Table> | undefined {
  const below = Math.min(level + 1, options.levels - 1);
  let best: Table | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const table of levelOf(levels, level)) {
    const cost = isDense(table) ? 0 : bytesOf(overlapping(levelOf(levels, below), table)) / table.bytes;
    if (cost >= bestCost) continue;
    best = table;
    bestCost = cost;
  }
  return best && compactTable(levels, level, best, options);
}

/** A table with many tombstones, wherever it is: they slow down every range that passes them. */
function compactDense<Table extends LevelTable>(
  levels: Levels<Table>,
  options: PickerOptions,
): CompactionTask<Table> | undefined {
  for (let level = 1; level < options.levels; level++) {
    const dense = levelOf(levels, level).find(isDense);
    if (dense !== undefined) return compactTable(levels, level, dense, options);
  }
  return undefined;
}

function compactTable<Table extends LevelTable>(
  levels: Levels<Table>,
  level: number,
  table: Table,
  options: PickerOptions,
): CompactionTask<Table> {
  // In the last level it is rewritten where it is: nothing older is below, so its tombstones go.
  if (level === options.levels - 1) return taskOf(levels, level, level, [table], []);
  return taskOf(levels, level, level + 1, [table], overlapping(levelOf(levels, level + 1), table));
}

function taskOf<Table extends LevelTable>(
  levels: Levels<Table>,
  inputLevel: number,
  outputLevel: number,
  upper: readonly Table[],
  lower: readonly Table[],
): CompactionTask<Table> {
  // Tables that overlap nothing, as ascending keys give them, just move, unless their tombstones could go.
  const moves =
    lower.length === 0 &&
    outputLevel > inputLevel &&
    areApart(upper) &&
    upper.every(
      (table) =>
        table.tombstones === 0 ||
        levels.slice(outputLevel + 1).some((run) => overlapping(run, table).length > 0),
    );
  return { kind: moves ? "move" : "merge", inputLevel, outputLevel, upper, lower };
}

function areApart(tables: readonly LevelTable[]): boolean {
  const sorted = tables.toSorted((one, other) => (one.smallest < other.smallest ? -1 : 1));
  return sorted.every((table, index) => index === 0 || objectAt(sorted, index - 1).largest < table.smallest);
}

function isDense(table: LevelTable): boolean {
  return table.tombstones >= denseTombstones && table.tombstones * 2 >= table.entries;
}

export function bytesOf(tables: readonly LevelTable[]): number {
  let bytes = 0;
  for (const table of tables) bytes += table.bytes;
  return bytes;
}

/** The range from the smallest to the largest key of some tables, at least one. */
export function rangeOf(tables: readonly LevelTable[]): { smallest: Key; largest: Key } {
  let { smallest, largest } = objectAt(tables, 0);
  for (const table of tables) {
    if (table.smallest < smallest) smallest = table.smallest;
    if (table.largest > largest) largest = table.largest;
  }
  return { smallest, largest };
}
