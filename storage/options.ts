import { type Clock, systemClock } from "./clock.ts";
import { type RandomBytes, systemRandom } from "./random.ts";
import type { Vfs } from "./vfs/vfs.ts";

/** When a commit may be acknowledged: after its sync; after the write, syncing every so often; after the write. */
export type Durability =
  | { readonly mode: "sync" }
  | { readonly mode: "interval"; readonly intervalMs: number }
  | { readonly mode: "off" };

export interface StoreOptions {
  /** Where the files live. */
  readonly vfs: Vfs;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly durability?: Durability;
  /** Budget of all memtables together; the largest (or oldest) is flushed when it is reached. */
  readonly memtableBytesMax?: number;
  /** A log segment is rolled when it reaches this size. */
  readonly segmentBytesMax?: number;
  /** Target size of an uncompressed data block. */
  readonly blockBytes?: number;
  /** Budget of the decompressed-block cache. */
  readonly cacheBytesMax?: number;
  /** Accept a clock more than five years ahead of the log's last time. */
  readonly acceptClock?: boolean;
  /** Change records are kept in the log for this long. */
  readonly feedRetentionMs?: number;
  /** What the past may take beyond what recovery needs: log, archives, SSTables kept for restores. 0: a quarter of what the disk has free. */
  readonly historyBytesMax?: number;
  /** Rewrite closed log segments of which little is wanted. Without it each stays as long as anything in it is wanted. */
  readonly archives?: boolean;
  /** A space whose past is kept gets a checkpoint when more than this, and than its own size, was logged of it: bounds a restore's replay. */
  readonly historyCheckpointBytes?: number;
  /** Zeros are written this far ahead in the log: syncing into space that exists already takes two thirds of the time. */
  readonly logFillBytes?: number;
  /** No unflushed record may be further back in the log than this: the rest of a lagging memtable is flushed. */
  readonly logLagBytesMax?: number;
  /** A manifest larger than this, and than twice its content, is rewritten. */
  readonly manifestBytesMin?: number;
  /** Compact SSTables. Without it every flush leaves one more file that reads have to look at. */
  readonly compaction?: boolean;
  /** Target size of an SSTable that a compaction writes. */
  readonly tableBytes?: number;
  /** Level 0 of a space is compacted when it has this many files. */
  readonly level0Files?: number;
  /** Least target of the first level below level 0; and the most that a level may exceed the one above it by. */
  readonly levelBytesMin?: number;
  readonly levelFanOut?: number;
  /** Size of a file that is given up on a full disk, so that what frees space can still be done; 0: none. Where free space is not known, none. */
  readonly ballastBytesMax?: number;
  /** Run flushes and compactions in a Worker (needs a disk Vfs) instead of in slices on this thread. */
  readonly worker?: boolean;
}

export const defaultOptions = {
  clock: systemClock,
  random: systemRandom,
  durability: { mode: "sync" } as Durability,
  /** Bounds both memory and the log to replay at start. */
  memtableBytesMax: 64 << 20,
  /** 64 MiB: recovery of one full segment stays below two seconds. */
  segmentBytesMax: 64 << 20,
  /** 4-16 KiB is the field's range; larger blocks compress better, smaller ones cost less per point read. */
  blockBytes: 8 << 10,
  cacheBytesMax: 64 << 20,
  acceptClock: false,
  /** What DynamoDB promises for its streams. */
  feedRetentionMs: 24 * 3_600_000,
  historyBytesMax: 0,
  archives: true,
  historyCheckpointBytes: 256 << 20,
  /** One slower sync in a thousand small ones; more would be felt as a pause. */
  logFillBytes: 1 << 20,
  /** Bounds the log that a start has to replay, together with the memtable budget. */
  logLagBytesMax: 64 << 20,
  manifestBytesMin: 64 << 10,
  compaction: true,
  /** Small enough that a compaction is short, large enough that few files need to be known and kept open. */
  tableBytes: 16 << 20,
  level0Files: 4,
  /** About one compaction of level 0. */
  levelBytesMin: 128 << 20,
  levelFanOut: 10,
  ballastBytesMax: 0,
  worker: false,
};
