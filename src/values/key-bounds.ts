/** Ranges of row keys (see key-codec.ts) for Query, Scan segments and continuation. */
import assert from "node:assert/strict";
import type { AttributeValue } from "./attribute-value.ts";
import {
  encodeDelimited,
  encodeDelimitedPrefix,
  encodeLast,
  encodePartition,
  rawBytes,
} from "./key-codec.ts";
import type { KeyCondition, SortRange } from "./key-schema.ts";

/** Bounds on row keys; an absent one is open. Never both of a pair. The shape of the store's range requests. */
export interface KeyBounds {
  readonly ge?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly le?: string;
}

/** Scan's segments divide the hashes, which are 32-bit numbers. */
const HASHES = 2 ** 32;

/** The rows of a table that a query selects. */
export function tableQueryBounds(condition: KeyCondition): KeyBounds {
  const prefix = encodePartition(condition.partition);
  const [equal] = condition.sortEquals;
  if (equal !== undefined) {
    const key = prefix + encodeLast(equal);
    return { ge: key, le: key };
  }
  const range = condition.sortRange;
  return range === undefined ? startingWith(prefix) : lastBounds(prefix, range);
}

/** The rows of a secondary index that a query selects. */
export function indexQueryBounds(condition: KeyCondition): KeyBounds {
  let prefix = encodePartition(condition.partition);
  for (const equal of condition.sortEquals) prefix += encodeDelimited(equal);
  const range = condition.sortRange;
  return range === undefined ? startingWith(prefix) : delimitedBounds(prefix, range);
}

/** Bounds on a component that ends the key: a row's key is `prefix` and the component, nothing else. */
function lastBounds(prefix: string, range: SortRange): KeyBounds {
  switch (range.kind) {
    case "<":
      return { ge: prefix, lt: prefix + encodeLast(range.value) };
    case "<=":
      return { ge: prefix, le: prefix + encodeLast(range.value) };
    case ">":
      return withEnd(prefix, { gt: prefix + encodeLast(range.value) });
    case ">=":
      return withEnd(prefix, { ge: prefix + encodeLast(range.value) });
    case "between":
      return { ge: prefix + encodeLast(range.lower), le: prefix + encodeLast(range.upper) };
    case "begins_with":
      return startingWith(prefix + rawBytes(range.prefix));
  }
}

/** Bounds on a delimited component: keys with one value of it all begin with `prefix` and the encoded value. */
function delimitedBounds(prefix: string, range: SortRange): KeyBounds {
  const from = (value: AttributeValue) => prefix + encodeDelimited(value);
  switch (range.kind) {
    case "<":
      return { ge: prefix, lt: from(range.value) };
    case "<=":
      return withEnd(from(range.value), { ge: prefix });
    case ">":
      return withEnd(prefix, { ge: endOf(from(range.value)) });
    case ">=":
      return withEnd(prefix, { ge: from(range.value) });
    case "between":
      return withEnd(from(range.upper), { ge: from(range.lower) });
    case "begins_with":
      return startingWith(prefix + encodeDelimitedPrefix(range.prefix));
  }
}

/** All keys that begin with `prefix`. */
function startingWith(prefix: string): KeyBounds {
  return withEnd(prefix, { ge: prefix });
}

/** Adds the upper end of the keys that begin with `prefix`. */
function withEnd(prefix: string, lower: { ge: string } | { gt: string }): KeyBounds {
  const end = endOf(prefix);
  return end === "" ? lower : { ...lower, lt: end };
}

/** The smallest key above all that begin with `prefix`; "" when there is none. */
function endOf(prefix: string): string {
  let last = prefix.length - 1;
  while (last >= 0 && prefix.charCodeAt(last) === 0xff) last--;
  return last < 0 ? "" : prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

/** The rows of segment `segment` (from 0) of `total`. Segments cover all keys and do not overlap. */
export function segmentBounds(segment: number, total: number): KeyBounds {
  assert(segment >= 0 && segment < total, "segments are counted from zero");
  const from = hashKey(segmentStart(segment, total));
  return segment + 1 === total ? { ge: from } : { ge: from, lt: hashKey(segmentStart(segment + 1, total)) };
}

/** The first hash of a segment. Exact: the product stays below 2^53 for the service's limit of 1,000,000 segments. */
function segmentStart(segment: number, total: number): number {
  return Math.floor((segment * HASHES) / total);
}

function hashKey(hash: number): string {
  return String.fromCharCode(hash >>> 24, (hash >>> 16) & 0xff, (hash >>> 8) & 0xff, hash & 0xff);
}

/** Whether a key lies within bounds. */
export function isWithin(bounds: KeyBounds, key: string): boolean {
  const { ge, gt, lt, le } = bounds;
  return (
    (ge === undefined || key >= ge) &&
    (gt === undefined || key > gt) &&
    (lt === undefined || key < lt) &&
    (le === undefined || key <= le)
  );
}

/** What lies within both bounds; undefined when nothing can. */
export function intersection(a: KeyBounds, b: KeyBounds): KeyBounds | undefined {
  const lower = lowerOf(a);
  const upper = upperOf(a);
  const otherLower = lowerOf(b);
  const otherUpper = upperOf(b);
  const startsLater = otherLower.key > lower.key || (otherLower.key === lower.key && otherLower.open);
  const start = startsLater ? otherLower : lower;
  const endsEarlier =
    upper === undefined ||
    (otherUpper !== undefined &&
      (otherUpper.key < upper.key || (otherUpper.key === upper.key && otherUpper.open)));
  const end = endsEarlier ? otherUpper : upper;
  if (end !== undefined && (end.key < start.key || (end.key === start.key && (end.open || start.open)))) {
    return undefined;
  }
  return {
    ...(start.open ? { gt: start.key } : { ge: start.key }),
    ...(end === undefined ? {} : end.open ? { lt: end.key } : { le: end.key }),
  };
}

/** One end of bounds. Open: the key itself lies outside. */
interface End {
  readonly key: string;
  readonly open: boolean;
}

function lowerOf({ ge, gt }: KeyBounds): End {
  return gt === undefined ? { key: ge ?? "", open: false } : { key: gt, open: true };
}

function upperOf({ lt, le }: KeyBounds): End | undefined {
  if (lt !== undefined) return { key: lt, open: true };
  return le === undefined ? undefined : { key: le, open: false };
}

/** Orders bounds by where they begin. */
export function compareBounds(a: KeyBounds, b: KeyBounds): number {
  const x = lowerOf(a);
  const y = lowerOf(b);
  if (x.key !== y.key) return x.key < y.key ? -1 : 1;
  return Number(x.open) - Number(y.open);
}

/** The part of `bounds` that comes after `key` in reading direction. The key lies within the bounds. */
export function boundsAfter(bounds: KeyBounds, key: string, reverse: boolean): KeyBounds {
  if (reverse) {
    const { lt: _lt, le: _le, ...lower } = bounds;
    return { ...lower, lt: key };
  }
  const { ge: _ge, gt: _gt, ...upper } = bounds;
  return { ...upper, gt: key };
}
