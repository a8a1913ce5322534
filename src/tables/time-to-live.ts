/**
 * Time to live: a table's items by the time at which they expire, in a space of the table's own. It is an index that nobody but the
 * sweeper reads, written in the batch of every write.
 *
 *   key     := seconds row-key     the item's row key
 *   seconds := 6 bytes, big-endian: since the epoch
 *   value   := nothing
 */
import type { Key, Value, Write } from "../../storage/index.ts";
import { attribute, type Item } from "../values/attribute-value.ts";
import type { IndexEntry } from "./indexes.ts";
import type { TimeToLiveRecord } from "./schema.ts";
import type { StoredItem } from "./stored-item.ts";

const SECONDS_BYTES = 6;
/** Later times than this have no expiry: they are nine million years away. */
const SECONDS_MAX = 2 ** (8 * SECONDS_BYTES) - 1;
const NOTHING: Value = new Uint8Array(0);
const NO_WRITES: readonly Write[] = [];

/** The service does not touch items that expired longer ago: five years. */
const AGE_SECONDS_MAX = 5 * 365 * 86_400;

/** When an item expires, in whole seconds since the epoch; undefined when it does not. */
export function expiryOf(item: Item, attributeName: string): number | undefined {
  const value = attribute(item, attributeName);
  if (value === undefined || !("N" in value)) return undefined;
  const seconds = Math.floor(Number(value.N));
  return seconds >= 0 && seconds <= SECONDS_MAX ? seconds : undefined;
}

/** Whether an item is to be deleted at a time in milliseconds since the epoch. */
export function isExpired(item: Item, attributeName: string, nowMs: number): boolean {
  const expiry = expiryOf(item, attributeName);
  const { from, to } = sweptSeconds(nowMs);
  return expiry !== undefined && expiry >= from && expiry <= to;
}

/** Bounds of the expiries that are to be swept at a time in milliseconds since the epoch. */
export function sweptKeys(nowMs: number): { readonly ge: Key; readonly lt: Key } {
  const { from, to } = sweptSeconds(nowMs);
  return { ge: secondsKey(from), lt: secondsKey(to + 1) };
}

function sweptSeconds(nowMs: number): { readonly from: number; readonly to: number } {
  const to = Math.floor(nowMs / 1000);
  return { from: Math.max(0, to - AGE_SECONDS_MAX), to };
}

/** The row key of the item that an expiry belongs to. */
export const rowKeyOfExpiry = (key: Key): Key => key.slice(SECONDS_BYTES);

/** The expiry of an item, if it has one. */
export function expiryEntry(
  { attributeName }: TimeToLiveRecord,
  rowKey: Key,
  stored: StoredItem | undefined,
): IndexEntry | undefined {
  if (stored === undefined) return undefined;
  const { item } = stored;
  const seconds = expiryOf(item, attributeName);
  return seconds === undefined
    ? undefined
    : { key: secondsKey(seconds) + rowKey, item, size: 0, row: NOTHING };
}

/** What the step from `previous` to `next` changes among the expiries of a table. */
export function expiryWrites(
  timeToLive: TimeToLiveRecord,
  rowKey: Key,
  previous: StoredItem | undefined,
  next: StoredItem | undefined,
): readonly Write[] {
  const { spaceId: space } = timeToLive;
  const before = expiryEntry(timeToLive, rowKey, previous)?.key;
  const after = expiryEntry(timeToLive, rowKey, next)?.key;
  if (before === after) return NO_WRITES;
  const writes: Write[] = [];
  if (before !== undefined) writes.push({ space, key: before, value: undefined });
  if (after !== undefined) writes.push({ space, key: after, value: NOTHING });
  return writes;
}

function secondsKey(seconds: number): Key {
  const bytes = Buffer.allocUnsafe(SECONDS_BYTES);
  bytes.writeUIntBE(seconds, 0, SECONDS_BYTES);
  return bytes.toString("latin1");
}
