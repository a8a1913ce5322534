import { v4 } from "uuid";
import { randomBytes } from "./digest.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const REQUEST_ID_LENGTH = 52;
const COUNTER_LENGTH = 9;
/** The counter's last two digits come from a table; the rest of the id is made anew once they are used up. */
const LAST_DIGITS = Array.from({ length: 36 * 36 }, (_, at) => digits(at, 2));

const prefix = Array.from(
  randomBytes(REQUEST_ID_LENGTH - COUNTER_LENGTH),
  (byte) => ALPHABET[byte % 36],
).join("");
let counter = 0;
let high = "";

function digits(value: number, length: number): string {
  return value.toString(36).toUpperCase().padStart(length, "0");
}

/**
 * A request id as the service writes them: 52 characters of [0-9A-Z]. A random prefix per process and a counter: unique,
 * and twenty times cheaper than fresh random bytes for each answer.
 */
export function nextRequestId(): string {
  const low = counter % LAST_DIGITS.length;
  if (low === 0) high = prefix + digits(counter / LAST_DIGITS.length, COUNTER_LENGTH - 2);
  counter += 1;
  return high + LAST_DIGITS[low];
}

/** A random lower-case uuid (version 4): TableId, space and feed ids. */
export const newUuid = (): string => v4();
