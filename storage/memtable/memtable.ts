import type { Cursor, Version } from "../iterator.ts";
import type { Key, Value } from "../store.ts";
import type { MemtableImage } from "./image.ts";

/**
 * The newest rows of one space, in memory: all versions of each key, newest first. One thread writes; values and keys live in
 * shared arenas, so that another thread can read a frozen memtable without copying it.
 */
export declare class Memtable {
  /** Distinct keys. */
  readonly keyCount: number;
  /** Versions, tombstones included. */
  readonly versionCount: number;
  /** Memory held, in bytes: arenas as allocated plus an estimate of the key strings and the index. */
  readonly bytes: number;
  /** Lowest and highest sequence put (of what is still there); 0 and 0 while empty. */
  readonly sequenceMin: number;
  readonly sequenceMax: number;
  /** Set by `freeze`: no further `put`. */
  readonly frozen: boolean;

  /** Adds a version (undefined: tombstone). Sequences never go back; for one key they rise. Copies the value. */
  put(key: Key, sequence: number, value: Value | undefined): void;
  /** The newest version with sequence <= `sequenceMax`; undefined when this memtable has none. The value is a view. */
  get(key: Key, sequenceMax: number): Version | undefined;
  /** The newest version of all, pending ones included. */
  newest(key: Key): Version | undefined;
  /** Removes every version above `sequence` (the log could not hold them); returns how many. Works on a frozen memtable too. */
  removeAbove(sequence: number): number;
  /**
   * Shows, for each key, its newest version <= `sequenceMax`. It may live across awaits while this thread goes on writing: puts
   * above `sequenceMax` are never seen, keys put at or below it are seen if they lie ahead, and after `removeAbove` of the
   * current key `next` goes to the following one.
   */
  cursor(sequenceMax: number, reverse?: boolean): Cursor;
  /** Refuses further puts. Idempotent. */
  freeze(): void;
  /** Everything another thread needs to read this frozen memtable: shared buffers, no copies of rows. O(keys), about 2 ns each. */
  image(): MemtableImage;
}
