import type { Cursor } from "../iterator.ts";

/** A frozen memtable as shared memory: structured-cloneable, so it can be posted to a Worker. */
export interface MemtableImage {
  readonly chunks: readonly SharedArrayBuffer[];
  /** Addresses of the entries in key order (Uint32). */
  readonly order: SharedArrayBuffer;
}

/** Shows the newest version of each key of an image, ascending. */
export declare function imageCursor(image: MemtableImage): Cursor;
