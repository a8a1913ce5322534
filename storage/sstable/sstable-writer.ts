import type { Cursor } from "../iterator.ts";
import type { VfsFile } from "../vfs/vfs.ts";
import type { SSTableInfo } from "./format.ts";

export interface SSTableWriterOptions {
  /** Target size of a data block before compression. */
  readonly blockBytes: number;
}

/** Writes one SSTable to an empty file, entry by entry in ascending key order. The caller syncs and closes the file. */
export declare class SSTableWriter {
  constructor(file: VfsFile, options: SSTableWriterOptions);
  /** Size so far, roughly (what is not yet compressed counts in full). */
  readonly bytes: number;
  readonly entries: number;
  /** Adds the entry a cursor stands on. */
  add(cursor: Cursor): void;
  /** Writes what follows the data blocks, a bounded piece per call; true once all is written. */
  finish(): boolean;
  /** After `finish` returned true. */
  info(): SSTableInfo;
}
