import type { RowPage } from "./page.ts";
import type { Key, Value } from "./store.ts";

/** One version of a row: its value, or undefined for a delete (a tombstone). */
export interface Version {
  readonly sequence: number;
  readonly value: Value | undefined;
}

/** One version of a row as cursors show it: the value is `bytes[start, end)`. */
export interface Entry {
  readonly key: Key;
  readonly sequence: number;
  readonly tombstone: boolean;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * A walk over (key, sequence, value | tombstone), each key at most once, in one direction that is fixed at creation:
 * ascending keys, or descending ones when `reverse`.
 *
 * - A new cursor stands nowhere (`valid` is false). `seek` places it; `next` moves it on; either says whether it now stands
 *   on an entry. After either returned false, only another `seek` revives it.
 * - The fields describe the current entry and are meaningful only while `valid`. They are overwritten by the next move, so
 *   a row costs no allocation until its value is asked for.
 * - The value is `bytes[start, end)`: `cursorValue` makes the view. A view stays intact after the cursor has moved on. A
 *   tombstone has `tombstone` set and an empty value.
 * - A cursor does no asynchronous work and may be kept across an `await`. Each source states what it shows of writes that
 *   happen meanwhile; what it never does is skip or repeat a key that was there all along.
 */
export abstract class Cursor implements Entry {
  readonly reverse: boolean;
  valid = false;
  key: Key = "";
  sequence = 0;
  tombstone = false;
  bytes: Uint8Array = noBytes;
  start = 0;
  end = 0;

  constructor(reverse: boolean) {
    this.reverse = reverse;
  }

  /**
   * Ascending: to the smallest key >= `bound`. Descending: to the largest key < `bound`. Without a bound: to the first entry
   * in the cursor's direction. (So one half-open range [lower, upper) serves both directions.)
   *
   * The walk ends at `end`, the range's other bound: ascending before the first key >= `end`, descending behind the last key >= `end`.
   * Sources find that place once, block by block, where a comparison per row would touch the memory of every key.
   */
  abstract seek(bound?: Key, end?: Key): boolean;

  /** To the next entry in the cursor's direction. Only while `valid`. */
  abstract next(): boolean;

  /**
   * Takes live rows into `page`, from the current one on, until it has `rowsMax` rows or `bytesMax` bytes (then true) or the walk ends
   * (then false). After it only another `seek` revives the cursor: sources that override it take whole stretches at a time.
   */
  fill(page: RowPage, rowsMax: number, bytesMax: number): boolean {
    for (let valid = this.valid; valid; valid = this.next()) {
      if (this.tombstone) continue;
      page.add(this.key, this.bytes, this.start, this.end);
      if (page.count >= rowsMax || page.bytes >= bytesMax) return true;
    }
    return false;
  }
}

const noBytes = new Uint8Array(0);

/** A view of the current entry's value. */
export function cursorValue(cursor: Cursor): Value {
  return cursor.bytes.subarray(cursor.start, cursor.end);
}
