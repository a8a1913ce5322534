import type { Cursor, Version } from "../iterator.ts";
import type { Key } from "../store.ts";
import type { BlockCache } from "./block-cache.ts";
import type { FilePool } from "./file-pool.ts";
import type { SSTableInfo } from "./format.ts";

/**
 * One immutable file of sorted rows, each key once (its newest version when the file was written: history is the log's business,
 * and snapshots hold the memtables they need). Opening costs nothing: footer, index and filter are read on first use and kept.
 * Any damage throws corruption() naming file and offset.
 */
export declare class SSTableReader {
  /** Neither opens nor reads the file. */
  constructor(files: FilePool, path: string, cache: BlockCache);
  readonly path: string;
  /** The version of `key` in this file, if any. Reads at most one data block; none when the filter excludes the key. */
  get(key: Key): Version | undefined;
  /** `bypassCache`: leave the block cache as it is (compaction, verification). */
  cursor(reverse?: boolean, options?: { readonly bypassCache?: boolean }): Cursor;
  /** Properties as written in the file (all of `SSTableInfo` but the hash). */
  properties(): Omit<SSTableInfo, "hash">;
  /** Reads the whole file and checks every checksum, order and count; returns its hash. */
  verify(): string;
  /** Forgets cached blocks and closes the file. Cursors must not be used any more; values stay intact. */
  close(): void;
}
