/**
 * DynamoDB numbers: decimals of at most 38 significant digits with a magnitude from 1E-130 to 9.99…E+125, and zero.
 *
 * In memory, on disk and on the wire a number is its *canonical text*: plain decimal notation without exponent, plus sign,
 * leading zeros or trailing fraction zeros, zero being "0". Equal numbers therefore have equal texts.
 */
import Big from "big.js";
import { validation } from "../errors.ts";

const SIGNIFICANT_DIGITS_MAX = 38;
/** Bounds of the exponent in scientific notation (one digit before the point). */
const EXPONENT_MAX = 125;
export const EXPONENT_MIN = -130;

const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

const overflow = () =>
  validation("Number overflow. Attempting to store a number with magnitude larger than supported range");
const underflow = () =>
  validation("Number underflow. Attempting to store a number with magnitude smaller than supported range");

/** The canonical text of a number as a client wrote it; throws the service's ValidationException. */
export function normalizeNumber(text: string): string {
  return isPlainCanonical(text) ? text : parseNumber(text);
}

/** True for canonical texts of at most 38 characters after the sign: nearly all that are ever seen. */
function isPlainCanonical(text: string): boolean {
  const length = text.length;
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  if (length === start || length - start > SIGNIFICANT_DIGITS_MAX) return false;
  const first = text.charCodeAt(start);
  if (first === ZERO && length > start + 1 && text.charCodeAt(start + 1) !== DOT) return false;
  let dot = -1;
  for (let at = start; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) continue;
    if (code !== DOT || dot !== -1 || at === start) return false;
    dot = at;
  }
  const last = text.charCodeAt(length - 1);
  if (dot !== -1) return last !== ZERO && last !== DOT;
  return first !== ZERO || start === 0;
}

function parseNumber(text: string): string {
  const match = GRAMMAR.exec(text);
  const integer = match?.[2] ?? "";
  const fraction = match?.[3] ?? "";
  if (match === null || integer.length + fraction.length === 0) {
    const detail = text === "" ? "" : `: ${text}`;
    throw validation(`The parameter cannot be converted to a numeric value${detail}`);
  }
  const digits = integer + fraction;
  let first = 0;
  while (digits.charCodeAt(first) === ZERO) first++;
  if (first === digits.length) return "0";
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === ZERO) end--;
  const exponent = integer.length - 1 - first + Number(match[4] ?? 0);
  checkRange(exponent, end - first);
  return (match[1] === "-" ? "-" : "") + plainNotation(digits.slice(first, end), exponent);
}

function checkRange(exponent: number, significantDigits: number): void {
  if (exponent > EXPONENT_MAX) throw overflow();
  if (exponent < EXPONENT_MIN) throw underflow();
  if (significantDigits > SIGNIFICANT_DIGITS_MAX) {
    throw validation("Attempting to store more than 38 significant digits in a Number");
  }
}

/** `digits` without leading or trailing zeros, read as d.ddd × 10^exponent. */
function plainNotation(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${"0".repeat(-exponent - 1)}${digits}`;
  const integerLength = exponent + 1;
  if (integerLength >= digits.length) return digits + "0".repeat(integerLength - digits.length);
  return `${digits.slice(0, integerLength)}.${digits.slice(integerLength)}`;
}

/** Orders canonical numbers by value: negative, zero or positive as for Array.sort. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  const negative = a.charCodeAt(0) === MINUS;
  if (negative !== (b.charCodeAt(0) === MINUS)) return negative ? -1 : 1;
  // With the same sign and as many integer digits, canonical texts order like strings.
  const magnitude = integerEnd(a) - integerEnd(b) || (a < b ? -1 : 1);
  return negative ? -magnitude : magnitude;
}

/** Index of the decimal point, or the length. */
function integerEnd(text: string): number {
  const dot = text.indexOf(".");
  return dot === -1 ? text.length : dot;
}

/** The exact sum of two canonical numbers; throws when it needs more than 38 digits or leaves the range. */
export function addNumbers(a: string, b: string): string {
  return addSafeIntegers(a, b, 1) ?? fromBig(new Big(a).plus(b));
}

/** The exact difference of two canonical numbers; throws like `addNumbers`. */
export function subtractNumbers(a: string, b: string): string {
  return addSafeIntegers(a, b, -1) ?? fromBig(new Big(a).minus(b));
}

/** a + sign × b when everything stays within the exact integers of a double. Texts this short convert exactly. */
function addSafeIntegers(a: string, b: string, sign: 1 | -1): string | undefined {
  if (a.length > 16 || b.length > 16) return undefined;
  const x = Number(a);
  const y = Number(b);
  const sum = x + sign * y;
  if (!Number.isSafeInteger(x) || !Number.isSafeInteger(y) || !Number.isSafeInteger(sum)) return undefined;
  return String(sum);
}

/** The service reports a result that would lose digits as an overflow. */
function fromBig(result: Big): string {
  if (result.c[0] === 0) return "0";
  if (result.e > EXPONENT_MAX || result.c.length > SIGNIFICANT_DIGITS_MAX) throw overflow();
  if (result.e < EXPONENT_MIN) throw underflow();
  return result.toFixed();
}

/**
 * Size in bytes of a canonical number: one, plus one for each two significant digits (those before and those after the
 * point are counted apart), plus one for a minus sign; zero is one byte.
 */
export function numberSize(text: string): number {
  if (text === "0") return 1;
  const negative = text.charCodeAt(0) === MINUS ? 1 : 0;
  const point = integerEnd(text);
  let integerDigits = 0;
  let fractionDigits = 0;
  if (point === text.length) {
    let end = point;
    while (text.charCodeAt(end - 1) === ZERO) end--;
    integerDigits = end - negative;
  } else {
    fractionDigits = text.length - point - 1;
    if (text.charCodeAt(negative) !== ZERO) integerDigits = point - negative;
    else for (let at = point + 1; text.charCodeAt(at) === ZERO; at++) fractionDigits--;
  }
  return 1 + negative + ((integerDigits + 1) >> 1) + ((fractionDigits + 1) >> 1);
}
