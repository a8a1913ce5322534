import type { Key } from "../store.ts";

/** What the writer reports of a finished file and the manifest keeps. Structured-cloneable. */
export interface SSTableInfo {
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the whole file, hex. */
  readonly hash: string;
  /** Entries, tombstones included. */
  readonly entries: number;
  readonly tombstones: number;
  readonly smallest: Key;
  readonly largest: Key;
  readonly sequenceMin: number;
  readonly sequenceMax: number;
  /** Sums over the entries, before compression. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Data blocks. */
  readonly blocks: number;
}
