import { objectAt } from "../encoding.ts";
import { Cursor } from "../iterator.ts";
import type { RowPage } from "../page.ts";
import type { Key } from "../store.ts";
import type { LentBlocks } from "./lent-blocks.ts";

/** A key range, both ends inside. */
export interface KeyRange {
  readonly smallest: Key;
  readonly largest: Key;
}

/** A table of a run: tables in key order whose ranges do not overlap, as every level but level 0 is. */
export interface RunTable extends KeyRange {
  cursor(reverse: boolean, lent?: LentBlocks): Cursor;
}

/** The only table of a run that may hold `key`. */
export function tableFor<Table extends KeyRange>(run: readonly Table[], key: Key): Table | undefined {
  const table = run[firstEndingAtOrAfter(run, key)];
  return table !== undefined && table.smallest <= key ? table : undefined;
}

/** The tables of a run whose ranges touch `range`. */
export function overlapping<Table extends KeyRange>(run: readonly Table[], range: KeyRange): Table[] {
  const start = firstEndingAtOrAfter(run, range.smallest);
  let end = start;
  while (end < run.length && objectAt(run, end).smallest <= range.largest) end++;
  return run.slice(start, end);
}

/** Index of the first table whose largest key is at least `key`; the run's length when there is none. */
function firstEndingAtOrAfter(run: readonly KeyRange[], key: Key): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (objectAt(run, middle).largest < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Shows the tables of a run one after the other; opens each when it comes to it. */
export class RunCursor extends Cursor {
  readonly #run: readonly RunTable[];
  readonly #lent: LentBlocks | undefined;
  #index = 0;
  #cursor: Cursor | undefined;
  #end: Key | undefined;

  constructor(run: readonly RunTable[], reverse: boolean, lent?: LentBlocks) {
    super(reverse);
    this.#run = run;
    this.#lent = lent;
  }

  seek(bound?: Key, end?: Key): boolean {
    this.#end = end;
    if (bound === undefined) this.#index = this.reverse ? this.#run.length - 1 : 0;
    else this.#index = firstEndingAtOrAfter(this.#run, bound);
    // Descending, keys below the bound may be in that table (if there is one); else they are in the one before, where `#show` goes.
    this.#open();
    return this.#show(this.#cursor?.seek(bound, end) === true);
  }

  next(): boolean {
    return this.#show(this.#cursor?.next() === true);
  }

  override fill(page: RowPage, rowsMax: number, bytesMax: number): boolean {
    for (let valid = this.valid; valid; valid = this.#show(false))
      if (this.#cursor?.fill(page, rowsMax, bytesMax) === true) return true;
    return false;
  }

  /** Opens the table at `#index`, if it is there and has keys before the end. */
  #open(): void {
    const table = this.#run[this.#index];
    const end = this.#end;
    const isBeyond =
      table !== undefined &&
      end !== undefined &&
      (this.reverse ? table.largest < end : table.smallest >= end);
    this.#cursor = isBeyond ? undefined : table?.cursor(this.reverse, this.#lent);
  }

  #show(found: boolean): boolean {
    let valid = found;
    while (!valid) {
      this.#index += this.reverse ? -1 : 1;
      this.#open();
      if (this.#cursor === undefined) break;
      valid = this.#cursor.seek(undefined, this.#end);
    }
    this.valid = valid;
    const cursor = this.#cursor;
    if (cursor === undefined) return false;
    this.key = cursor.key;
    this.sequence = cursor.sequence;
    this.tombstone = cursor.tombstone;
    this.bytes = cursor.bytes;
    this.start = cursor.start;
    this.end = cursor.end;
    return valid;
  }
}
