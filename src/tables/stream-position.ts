/** Stream sequence numbers, and arithmetic on the feed positions they stand for. */
import type { Position } from "../../storage/index.ts";

const POSITION_DIGITS = 21;
/** What a sequence number has before the digits of its position: it keeps its length where clients treat it as a number. */
const HEAD = "1";
const FIRST = 10n ** BigInt(POSITION_DIGITS);

/** Before the first position of every shard. */
export const BEFORE_ALL: Position = "0".repeat(POSITION_DIGITS);
/** At or after every position of every shard. */
export const AFTER_ALL: Position = "9".repeat(POSITION_DIGITS);

/** The sequence number of the record at a position: 22 digits, in the order of positions. */
export const sequenceNumberOf = (position: Position): string => HEAD + position;

/** The position that a decimal number stands for: undefined where it is none that this server gives out. */
export function positionOf(sequenceNumber: string): Position | undefined {
  if (!/^\d+$/.test(sequenceNumber)) return undefined;
  const number = BigInt(sequenceNumber) - FIRST;
  return number < 0n || number >= 9n * FIRST ? undefined : formatted(number);
}

/** The position right after. */
export const positionAfter = (position: Position): Position => formatted(BigInt(position) + 1n);

/** The position right before: a record at `position` is the first one after it. `position` is not the first of all. */
export const positionBefore = (position: Position): Position => formatted(BigInt(position) - 1n);

/** The position half way between two; the lower one when they are neighbours. */
export const positionBetween = (low: Position, high: Position): Position =>
  formatted((BigInt(low) + BigInt(high)) / 2n);

/** The later of two positions; "" comes before all. */
export const laterOf = (a: Position, b: Position): Position => (a > b ? a : b);

const formatted = (number: bigint): Position => String(number).padStart(POSITION_DIGITS, "0");
