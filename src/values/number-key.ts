/**
 * Numbers as order-preserving, self-delimiting bytes (latin1 strings), for sort keys. Frozen format.
 *
 *   number   := header [ digits end ]
 *   header   := two bytes, big-endian:
 *                 zero       0x8000, nothing follows
 *                 positive   0x8001 + (exponent + 130)
 *                 negative   0x7fff - (exponent + 130)
 *   digits   := the significant digits without leading or trailing zeros, two to a byte (an odd last one is followed by a zero):
 *               pair + 1, or its complement 0xff - (pair + 1) for negative numbers
 *   end      := 0x00, or 0xff for negative numbers
 *
 * `exponent` is that of scientific notation: 123 has 2, 0.05 has -2.
 */
import assert from "node:assert/strict";
import { EXPONENT_MIN } from "./number.ts";

const MINUS = 0x2d;
const ZERO = 0x30;
const KEY_ZERO = "\x80\x00";

/** The key bytes of a canonical number. */
export function encodeNumberKey(text: string): string {
  if (text === "0") return KEY_ZERO;
  const negative = text.charCodeAt(0) === MINUS;
  const start = negative ? 1 : 0;
  const dot = text.indexOf(".");
  const integerEnd = dot === -1 ? text.length : dot;
  const all = dot === -1 ? text.slice(start) : text.slice(start, dot) + text.slice(dot + 1);
  let first = 0;
  while (all.charCodeAt(first) === ZERO) first++;
  let end = all.length;
  while (all.charCodeAt(end - 1) === ZERO) end--;
  assert(end > first, "a canonical number other than 0 has a significant digit");
  const exponent = integerEnd - start - 1 - first - EXPONENT_MIN;
  return negative ? encodeNegative(all, first, end, exponent) : encodePositive(all, first, end, exponent);
}

function encodePositive(digits: string, first: number, end: number, exponent: number): string {
  const header = 0x8001 + exponent;
  let key = String.fromCharCode(header >> 8, header & 0xff);
  for (let at = first; at < end; at += 2) key += String.fromCharCode(pairAt(digits, at, end) + 1);
  return `${key}\x00`;
}

function encodeNegative(digits: string, first: number, end: number, exponent: number): string {
  const header = 0x7fff - exponent;
  let key = String.fromCharCode(header >> 8, header & 0xff);
  for (let at = first; at < end; at += 2) key += String.fromCharCode(0xfe - pairAt(digits, at, end));
  return `${key}\xff`;
}

/** Two digits as a number 0..99. */
function pairAt(digits: string, at: number, end: number): number {
  const tens = digits.charCodeAt(at) - ZERO;
  const ones = at + 1 < end ? digits.charCodeAt(at + 1) - ZERO : 0;
  return tens * 10 + ones;
}
