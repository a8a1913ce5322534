import assert from "node:assert/strict";
import { objectAt } from "./encoding.ts";
import { Cursor } from "./iterator.ts";
import { type Lent, RowPage } from "./page.ts";
import type { Key, Page, RangeRequest } from "./store.ts";

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

  seek(bound?: Key, end?: Key): boolean {
    this.#live.length = 0;
    for (const source of this.#sources) {
      if (!source.seek(bound, end)) continue;
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

  /** Once a single source is left, it fills the page on its own. */
  override fill(page: RowPage, rowsMax: number, bytesMax: number): boolean {
    for (let valid = this.valid; valid; valid = this.next()) {
      const [only, other] = this.#live;
      if (only !== undefined && other === undefined) return only.fill(page, rowsMax, bytesMax);
      if (this.tombstone) continue;
      page.add(this.key, this.bytes, this.start, this.end);
      if (page.count >= rowsMax || page.bytes >= bytesMax) return true;
    }
    return false;
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
type Bounds = Pick<PageRequest, "ge" | "gt" | "lt" | "le">;

/**
 * Reads one page of live rows (tombstones suppressed) through a cursor, in its direction. A page that ends at a limit says `more` without
 * looking whether there is more. `lent` is what the cursor reads into: it is given back with the page.
 */
export function readPage(
  cursor: Cursor,
  { lower, upper }: HalfOpenRange,
  { rowsMax, bytesMax }: Pick<PageRequest, "rowsMax" | "bytesMax">,
  lent?: Lent,
): Page {
  const page = new RowPage(lent);
  const found = cursor.reverse ? cursor.seek(upper, lower) : cursor.seek(lower, upper);
  page.more = found && cursor.fill(page, rowsMax, bytesMax);
  return page;
}

/** A range of keys: from `lower`, which is in it, up to `upper`, which is not; absent ends are open. */
export interface HalfOpenRange {
  readonly lower: Key | undefined;
  readonly upper: Key | undefined;
}

/** The range between the bounds of a request. */
export const rangeOf = (request: Bounds): HalfOpenRange => ({
  lower: lowerBound(request),
  upper: upperBound(request),
});

/** The smallest key in the range: `gt` is `ge` of the key's successor, which is the key with a zero byte behind it. */
function lowerBound(request: Bounds): Key | undefined {
  const after = request.gt === undefined ? undefined : `${request.gt}\0`;
  if (request.ge === undefined) return after;
  return after === undefined || request.ge > after ? request.ge : after;
}

/** The smallest key above the range. */
function upperBound(request: Bounds): Key | undefined {
  const after = request.le === undefined ? undefined : `${request.le}\0`;
  if (request.lt === undefined) return after;
  return after === undefined || request.lt < after ? request.lt : after;
}
