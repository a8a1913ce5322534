import type { Position } from "../store.ts";

/**
 * A position of the local engine: the commit's sequence in 16 decimal digits, then the change's ordinal within its commit in 5. Fixed
 * width makes the order of texts the order of commits.
 */
export interface Place {
  readonly sequence: number;
  readonly ordinal: number;
}

const sequenceDigits = 16;
const ordinalDigits = 5;

/** The highest ordinal that a position can name; also bounds the changes of one commit. */
export const ordinalMax = 99_999;

export function formatPosition(sequence: number, ordinal: number): Position {
  return String(sequence).padStart(sequenceDigits, "0") + String(ordinal).padStart(ordinalDigits, "0");
}

/** The place a position names ("" is before everything), or undefined for a text that is none. */
export function parsePosition(position: Position): Place | undefined {
  if (position === "") return { sequence: 0, ordinal: ordinalMax };
  if (!/^\d{21}$/.test(position)) return undefined;
  return {
    sequence: Number(position.slice(0, sequenceDigits)),
    ordinal: Number(position.slice(sequenceDigits)),
  };
}
