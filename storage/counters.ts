import type { CheckpointInfo, Store } from "./store.ts";

/** What the engine has done since it was opened, and how it stands: for tests, benchmarks and operators. */
export interface Counters {
  /** Bytes written, by cause. */
  readonly logBytes: number;
  readonly flushBytes: number;
  readonly compactionBytes: number;
  /** SSTables written by flushes; compactions that merged, that only moved a file, and that failed. */
  readonly flushes: number;
  readonly merges: number;
  readonly moves: number;
  readonly compactionFailures: number;
  /** Spaces with a compaction due or under way, and the bytes that are to be written until none is, roughly. */
  readonly compactionsDue: number;
  readonly compactionDebtBytes: number;
  /** Level-0 files of the space that has the most. */
  readonly level0FilesMost: number;
  /** Times that writers had to wait for compactions. */
  readonly writeStalls: number;
  /** Calls of `get`; blocks that reads of any kind took from files; blocks found in the cache, and not. */
  readonly gets: number;
  readonly blocksRead: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
}

/** A store on this machine's files. */
export interface LocalStore extends Store {
  counters(): Counters;
  /** All checkpoints that exist, for the removal of orphans at open. */
  checkpoints(): readonly CheckpointInfo[];
  /** The files that only this checkpoint needs go. Idempotent. */
  releaseCheckpoint(id: string): Promise<void>;
}
