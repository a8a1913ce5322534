import { at } from "../encoding.ts";
import { overlapping } from "../sstable/run-cursor.ts";
import {
  bytesOf,
  type Levels,
  type LevelTable,
  levelOf,
  levelTargets,
  type PickerOptions,
  rangeOf,
} from "./picker.ts";

/** Bytes that compactions must write until none is due, roughly. Spaces add up. */
export function compactionDebt(levels: Levels<LevelTable>, options: PickerOptions): number {
  const { targets, base } = levelTargets(levels, options);
  const level0 = levelOf(levels, 0);
  let debt = 0;
  let incoming = 0;
  if (level0.length >= options.level0Files) {
    incoming = bytesOf(level0);
    debt = incoming + bytesOf(overlapping(levelOf(levels, base), rangeOf(level0)));
  }
  for (let level = 1; level < options.levels - 1; level++) {
    const bytes = bytesOf(levelOf(levels, level)) + (level === base ? incoming : 0);
    const excess = bytes - at(targets, level);
    if (bytes === 0 || excess <= 0) continue;
    // Each byte that moves down brings along its share of the level below.
    debt += excess * (1 + bytesOf(levelOf(levels, level + 1)) / bytes);
  }
  return debt;
}

/** A debt that has been growing for a while is paid within this time; more than this is paid at full speed. */
const payWithinSeconds = 10;
const fullSpeedDebtBytes = 1 << 30;
const slowestBytesPerSecond = 16 << 20;

/** From this many files in level 0 of a space on, its compaction overtakes others and all hurry, so that writers need not be slowed down. */
export const hurryLevel0Files = 6;

/**
 * How fast compactions should write, for `JobExecutor.pace`: gently while the debt is small and level 0 of no space is near the limit at which its
 * writers are slowed down; else 0, as fast as they can.
 */
export function compactionRate(debtBytes: number, level0FilesMost: number): number {
  if (debtBytes >= fullSpeedDebtBytes || level0FilesMost >= hurryLevel0Files) return 0;
  return Math.max(slowestBytesPerSecond, debtBytes / payWithinSeconds);
}

/** From this many files in level 0 of any space on, writes are slowed down; and they stop. */
const slowLevel0Files = 12;
const stopLevel0Files = 24;
const firstSlowBytesPerSecond = 64 << 20;
const leastBytesPerSecond = 1 << 20;

/**
 * Says how fast writers may go so that compactions keep up: slower step by step while the debt grows, faster while it shrinks, so that
 * writers feel a brake instead of a wall.
 */
export class WriteThrottle {
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #debtBytes = 0;

  /** To be called after each flush and compaction. Returns bytes per second: Infinity = no limit, 0 = stop. */
  update(level0FilesMost: number, debtBytes: number): number {
    const before = this.#debtBytes;
    this.#debtBytes = debtBytes;
    if (level0FilesMost < slowLevel0Files) this.#bytesPerSecond = Number.POSITIVE_INFINITY;
    else if (this.#bytesPerSecond === Number.POSITIVE_INFINITY)
      this.#bytesPerSecond = firstSlowBytesPerSecond;
    else if (debtBytes > before)
      this.#bytesPerSecond = Math.max(leastBytesPerSecond, this.#bytesPerSecond * 0.8);
    else if (debtBytes < before) this.#bytesPerSecond *= 1.25;
    return level0FilesMost >= stopLevel0Files ? 0 : this.#bytesPerSecond;
  }
}
