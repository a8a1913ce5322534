import type { ArchiveSpec } from "../history/archive-job.ts";
import type { WrittenArchive } from "../history/archive-writer.ts";
import type { Memtable } from "../memtable/memtable.ts";
import type { SSTableInfo } from "../sstable/format.ts";
import type { KeyRange } from "../sstable/run-cursor.ts";
import type { Key } from "../store.ts";
import type { SSTableOutput } from "./merge-job.ts";

/** What a flush writes. Paths are relative to the Vfs. */
export interface FlushSpec {
  /** Must not exist yet. */
  readonly path: string;
  readonly blockBytes: number;
  /** The caller knows that no older version of any key exists below: tombstones need not be written. */
  readonly dropTombstones: boolean;
}

/** An SSTable to be merged. */
export interface InputTable extends KeyRange {
  readonly path: string;
}

/** What a compaction reads and writes. Made by `compactionSpec`. */
export interface CompactionSpec {
  /** Runs (tables in key order without overlap). On equal keys the higher sequence wins, whatever the order of runs. */
  readonly inputs: readonly (readonly InputTable[])[];
  /** Names for the outputs, in the order of their use; not all may be needed. None must exist yet. */
  readonly outputs: readonly string[];
  readonly blockBytes: number;
  /** Outputs are about this large. */
  readonly fileBytes: number;
  /** First keys of the tables below the output level, ascending: good places for an output to end. */
  readonly boundaries: readonly Key[];
  /** Runs that hold older versions than the inputs: a tombstone must be kept where one of their tables covers its key. */
  readonly older: readonly (readonly KeyRange[])[];
}

/** How a compaction under way is steered. */
export interface CompactionControl {
  /** Gives it up: it rejects with "closed". */
  readonly signal?: AbortSignal;
  /** One number, shared with whoever runs the job; it may change at any time. Of several compactions the most urgent goes on, the others pause. */
  readonly urgency?: Int32Array<SharedArrayBuffer>;
}

/**
 * Runs jobs. Outputs are complete and synced when the promise resolves (their directory entry is not: that takes `syncDirectory`). When it rejects, the caller removes the outputs that exist, and may try again under new names.
 */
export interface JobExecutor {
  /**
   * Writes the newest version of each key of these frozen memtables of one space to one SSTable. Undefined, and no file, when
   * nothing was left to write (all tombstones, dropped).
   */
  flush(spec: FlushSpec, memtables: readonly Memtable[]): Promise<SSTableInfo | undefined>;
  /** Merges SSTables; pauses while flushes and more urgent compactions run, and keeps to `pace`. */
  compact(spec: CompactionSpec, control?: CompactionControl): Promise<SSTableOutput[]>;
  /** Writes what is wanted of some of the log to an archive. Undefined when that is nothing. `signal` gives it up: it rejects with "closed". */
  archive(spec: ArchiveSpec, signal?: AbortSignal): Promise<WrittenArchive | undefined>;
  /** Makes the entries of a directory durable; beside this thread, which would have to wait for the disk, if jobs run there. */
  syncDirectory(directory: string): Promise<void>;
  /** Output of compactions in bytes per second, from now on; 0 (as at first) = as fast as they can. */
  pace(bytesPerSecond: number): void;
  /** Jobs under way reject with "closed". Idempotent. */
  close(): Promise<void>;
}
