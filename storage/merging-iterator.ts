import { Cursor } from "./iterator.ts";
import type { Key, Page, RangeRequest } from "./store.ts";

/**
 * Merges cursors of one direction into one. Where several stand on the same key, the entry with the highest sequence is shown
 * and the others are passed over. Tombstones are shown like any entry: whether they hide or are kept is the reader's business.
 */
export declare class MergingCursor extends Cursor {
  constructor(sources: readonly Cursor[], reverse: boolean);
  seek(bound?: Key): boolean;
  next(): boolean;
}

/** The cheapest cursor that shows the merge of `sources` (which all have the direction `reverse`): a single one is itself. */
export declare function mergeCursors(sources: readonly Cursor[], reverse: boolean): Cursor;

/** The bounds and limits of one page of rows; as in `RangeRequest`. */
export type PageRequest = Omit<RangeRequest, "space">;

/**
 * Reads one page of live rows (tombstones suppressed) through a cursor whose direction is `request.reverse`. Allocates the row
 * and the value's view per row, nothing else.
 */
export declare function readPage(cursor: Cursor, request: PageRequest): Page;
