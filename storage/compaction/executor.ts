import type { Memtable } from "../memtable/memtable.ts";
import type { SSTableInfo } from "../sstable/format.ts";

/** What a flush writes. Paths are relative to the Vfs. */
export interface FlushSpec {
  /** Must not exist yet. */
  readonly path: string;
  readonly blockBytes: number;
  /** The caller knows that no older version of any key exists below: tombstones need not be written. */
  readonly dropTombstones: boolean;
}

/**
 * Runs jobs. Outputs are complete and synced when the promise resolves (their directory entry is not: the caller syncs the directory with
 * its manifest edit). When it rejects, the caller removes the outputs that exist, and may try again under new names.
 */
export interface JobExecutor {
  /**
   * Writes the newest version of each key of these frozen memtables of one space to one SSTable. Undefined, and no file, when
   * nothing was left to write (all tombstones, dropped).
   */
  flush(spec: FlushSpec, memtables: readonly Memtable[]): Promise<SSTableInfo | undefined>;
  /** Jobs under way reject with "closed". Idempotent. */
  close(): Promise<void>;
}
