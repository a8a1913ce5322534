import assert from "node:assert/strict";
import { objectAt } from "./encoding.ts";
import { Cursor, cursorValue } from "./iterator.ts";
import type { Key, Page, RangeRequest, Row } from "./store.ts";

/**
 * Merges cursors of one direction into one. Where several stand on the same key, the entry with the highest sequence is shown
 * and the others are passed over. Tombstones are shown like any entry: whether they hide or are kept is the reader's business.
 *
 * The live sources are a list sorted by (key, sequence descending). A step moves the first source and puts it back in its place:
 * since one source, the largest, mostly runs ahead on its own, that is one comparison per row where a heap needs two.
 */
export class MergingCursor extends Cursor {
  readonly #sources: readonly Cursor[];
  readonly #live: Cursor[] = [];

  constructor(sources: readonly Cursor[], reverse: boolean) {
    super(reverse);
    for (const source of sources) assert(source.reverse === reverse, "merged cursors share one direction");
    this.#sources = sources;
  }

  seek(bound?: Key): boolean {
    this.#live.length = 0;
    for (const source of this.#sources) {
      if (!source.seek(bound)) continue;
      this.#live.push(source);
      this.#sink(this.#live.length - 1);
    }
    return this.#show();
  }

  next(): boolean {
    const key = this.key;
    do this.#advance();
    while (this.#live.length > 0 && objectAt(this.#live, 0).key === key);
    return this.#show();
  }

  /** Moves the first source on and restores the order. */
  #advance(): void {
    const live = this.#live;
    const first = objectAt(live, 0);
    const more = first.next();
    let index = 1;
    for (; index < live.length && !(more && this.#precedes(first, objectAt(live, index))); index++)
      live[index - 1] = objectAt(live, index);
    if (more) live[index - 1] = first;
    else live.length--;
  }

  /** Moves the source at `index` forward to its place among those before it, which are in order. */
  #sink(index: number): void {
    const live = this.#live;
    const source = objectAt(live, index);
    let place = index;
    for (; place > 0 && this.#precedes(source, objectAt(live, place - 1)); place--)
      live[place] = objectAt(live, place - 1);
    live[place] = source;
  }

  #precedes(one: Cursor, other: Cursor): boolean {
    if (one.key === other.key) return one.sequence > other.sequence;
    return one.key < other.key !== this.reverse;
  }

  #show(): boolean {
    const source = this.#live[0];
    this.valid = source !== undefined;
    if (source === undefined) return false;
    this.key = source.key;
    this.sequence = source.sequence;
    this.tombstone = source.tombstone;
    this.bytes = source.bytes;
    this.start = source.start;
    this.end = source.end;
    return true;
  }
}

/** The cheapest cursor that shows the merge of `sources` (which all have the direction `reverse`): a single one is itself. */
export function mergeCursors(sources: readonly Cursor[], reverse: boolean): Cursor {
  const [only] = sources;
  if (sources.length !== 1 || only === undefined) return new MergingCursor(sources, reverse);
  assert(only.reverse === reverse, "merged cursors share one direction");
  return only;
}

/** The bounds and limits of one page of rows; as in `RangeRequest`. */
export type PageRequest = Omit<RangeRequest, "space">;

/**
 * Reads one page of live rows (tombstones suppressed) through a cursor whose direction is `request.reverse`. Allocates the row
 * and the value's view per row, nothing else. A page that ends at a limit says `more` without looking whether there is more.
 */
export function readPage(cursor: Cursor, request: PageRequest): Page {
  const reverse = request.reverse === true;
  assert(cursor.reverse === reverse, "the cursor runs in the direction of the request");
  const lower = lowerBound(request);
  const upper = upperBound(request);
  const { rowsMax, bytesMax } = request;
  const rows: Row[] = [];
  let bytes = 0;
  for (let valid = cursor.seek(reverse ? upper : lower); valid; valid = cursor.next()) {
    const key = cursor.key;
    if (reverse ? lower !== undefined && key < lower : upper !== undefined && key >= upper) break;
    if (cursor.tombstone) continue;
    bytes += cursor.end - cursor.start;
    rows.push({ key, value: cursorValue(cursor) });
    if (rows.length >= rowsMax || bytes >= bytesMax) return { rows, more: true };
  }
  return { rows, more: false };
}

/** The smallest key in the range: `gt` is `ge` of the key's successor, which is the key with a zero byte behind it. */
function lowerBound(request: PageRequest): Key | undefined {
  const after = request.gt === undefined ? undefined : `${request.gt}\0`;
  if (request.ge === undefined) return after;
  return after === undefined || request.ge > after ? request.ge : after;
}

/** The smallest key above the range. */
function upperBound(request: PageRequest): Key | undefined {
  const after = request.le === undefined ? undefined : `${request.le}\0`;
  if (request.lt === undefined) return after;
  return after === undefined || request.lt < after ? request.lt : after;
}
