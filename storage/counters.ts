import type { BulkLoader } from "./bulk-loader.ts";
import type { Checkpoints } from "./checkpoints.ts";
import type { Compactor } from "./compactor.ts";
import type { Feeds } from "./feed/feeds.ts";
import type { Flusher } from "./flusher.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { KeptHistory } from "./kept-history.ts";
import type { Log } from "./log.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { ReadCounts } from "./snapshot.ts";
import type { SpaceDirectory } from "./space-directory.ts";
import type { Store } from "./store.ts";
import type { TableFiles } from "./table-files.ts";
import type { CountingVfs } from "./vfs/counting.ts";
import { walDirectory } from "./wal/format.ts";
import type { WriteGate } from "./write-gate.ts";

/** The SSTables of one level, of all spaces together. */
export interface LevelCounters {
  readonly files: number;
  readonly bytes: number;
}

/**
 * What the engine has done since it was opened, and how it stands: for tests, benchmarks, metrics and operators. Figures that only grow are
 * counted from the opening on; times are in milliseconds.
 */
export interface Counters {
  // Bytes written, by cause

  /** Frames of commits. */
  readonly logBytes: number;
  /** All that was written to log files: frames, headers, footers, and the zeros ahead of the frames. */
  readonly logFileBytes: number;
  /** SSTables of flushes. */
  readonly flushBytes: number;
  /** SSTables of compactions: all, and by the level they went to (index 1 is level 1). */
  readonly compactionBytes: number;
  readonly compactionBytesByLevel: readonly number[];
  readonly manifestBytes: number;
  /** SSTables that checkpoints wrote of what was only in memory; the rest of a checkpoint is links. */
  readonly checkpointBytes: number;
  /** SSTables of bulk loads. */
  readonly loadBytes: number;

  // Syncs (those of the SSTables that a Worker writes, one for each MiB, are not among them)

  readonly logSyncs: number;
  readonly logSyncMs: number;
  /** How long the last sync of the log took. */
  readonly logSyncMsLast: number;
  readonly manifestSyncs: number;
  readonly directorySyncs: number;

  // Commits

  readonly commits: number;
  /** Frames that they shared: each is one write and, in mode "sync", one sync. */
  readonly commitGroups: number;
  /** The newest sequence that can be read, and the newest that is synced. */
  readonly visibleSequence: number;
  readonly durableSequence: number;

  // Writers that had to wait: how often, and for how long altogether

  /** For room in the memtables. */
  readonly memoryStalls: number;
  readonly memoryStallMs: number;
  /** For compactions. */
  readonly writeStalls: number;
  readonly writeStallMs: number;
  /** For a full commit group to be written. */
  readonly groupStalls: number;
  readonly groupStallMs: number;

  // Flushes and compactions

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
  /** By level. */
  readonly levels: readonly LevelCounters[];

  // Memory and log

  readonly memtableBytes: number;
  /** Of them, in memtables that take no more writes and wait to be flushed; and how many those are. */
  readonly frozenBytes: number;
  readonly frozenMemtables: number;
  /** What the memtables may take together. */
  readonly memtableBytesMax: number;
  /** Segments of the log that exist, and the bytes in them. */
  readonly logSegments: number;
  readonly logSegmentBytes: number;
  /** Sequences from the oldest commit that is only in the log and in memory to the newest visible one: what a start would replay. */
  readonly unflushedSequences: number;

  // Reads

  /** Rows asked for by key, in snapshots too; those that transactions read are not among them. */
  readonly gets: number;
  /** Blocks that point reads (those of transactions too) looked into, cached or not. */
  readonly pointBlocks: number;
  /** SSTables that a bloom filter spared a point read, and that it did not although the key was not there. */
  readonly filterNegatives: number;
  readonly filterFalsePositives: number;
  /** Blocks that reads of any kind took from files; blocks found in the cache, and not. */
  readonly blocksRead: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly cacheBytes: number;
  readonly cacheBytesMax: number;
  readonly snapshotsOpen: number;

  // Feeds

  readonly feeds: number;
  readonly feedRecordsRead: number;
  /** Readers that wait for changes now. */
  readonly feedWaiters: number;

  // The past

  /** What it takes beyond what recovery needs, and may take: closed segments, archives, SSTables kept for restores only. */
  readonly historyBytes: number;
  readonly historyBytesMax: number;
  /** Archives that exist, and the bytes of all that were written. */
  readonly archives: number;
  readonly archiveBytesWritten: number;

  // What there is

  readonly spaces: number;
  /** Spaces looked at by work that looks at all of them: never in proportion to the commits. */
  readonly spaceVisits: number;
  readonly checkpoints: number;
  /** Files that are open now. */
  readonly openFiles: number;
}

/** A store on this machine's files. */
export interface LocalStore extends Store {
  counters(): Counters;
}

/** Where the counters are kept: each part counts for itself, in plain fields. */
export interface CountedParts {
  readonly vfs: CountingVfs;
  readonly log: Log;
  readonly groups: GroupCommit;
  readonly budget: MemoryBudget;
  readonly gate: WriteGate;
  readonly flusher: Flusher;
  readonly compactor: Compactor;
  readonly loader: BulkLoader;
  readonly checkpoints: Checkpoints;
  readonly tables: TableFiles;
  readonly feeds: Feeds;
  readonly history: KeptHistory;
  readonly reads: ReadCounts;
  readonly spaces: SpaceDirectory;
}

/** Reads all counters. Takes time in proportion to the spaces and the log's segments. */
export function readCounters(parts: CountedParts): Counters {
  const { flusher, compactor, loader, checkpoints, history } = parts;
  const compactionBytesByLevel = Array.from(compactor.bytesWritten, (bytes) => bytes ?? 0);
  return {
    flushBytes: flusher.bytesWritten,
    compactionBytes: compactionBytesByLevel.reduce((sum, bytes) => sum + bytes, 0),
    compactionBytesByLevel,
    checkpointBytes: checkpoints.bytesWritten,
    loadBytes: loader.bytesWritten,
    flushes: flusher.flushCount,
    merges: compactor.mergeCount,
    moves: compactor.moveCount,
    compactionFailures: compactor.failureCount,
    compactionsDue: compactor.dueCount,
    compactionDebtBytes: compactor.debtBytes,
    checkpoints: checkpoints.list().length,
    historyBytes: history.bytes,
    historyBytesMax: history.bytesMax,
    archives: history.archiveCount,
    archiveBytesWritten: history.bytesArchived,
    ...fileCounters(parts),
    ...commitCounters(parts),
    ...readCountersOf(parts),
    ...spaceCounters(parts),
  };
}

function fileCounters({ vfs, log }: CountedParts) {
  const logFiles = vfs.counts(walDirectory);
  const manifest = vfs.counts("");
  const { segments } = log;
  return {
    logBytes: log.bytesWritten,
    logFileBytes: logFiles.bytesWritten,
    manifestBytes: manifest.bytesWritten,
    logSyncs: logFiles.syncs,
    logSyncMs: logFiles.syncMs,
    logSyncMsLast: logFiles.lastSyncMs,
    manifestSyncs: manifest.syncs,
    directorySyncs: vfs.directorySyncs,
    logSegments: segments.length,
    logSegmentBytes: segments.reduce((sum, { segment }) => sum + segment.bytes, 0),
    openFiles: vfs.openFiles,
  };
}

function commitCounters({ log, groups, budget, gate }: CountedParts) {
  return {
    commits: groups.commitCount,
    commitGroups: groups.groupCount,
    visibleSequence: groups.visibleSequence,
    durableSequence: log.durableSequence,
    memoryStalls: budget.stall.count,
    memoryStallMs: budget.stall.ms,
    writeStalls: gate.stall.count,
    writeStallMs: gate.stall.ms,
    groupStalls: groups.stall.count,
    groupStallMs: groups.stall.ms,
    memtableBytes: budget.bytes,
    frozenBytes: budget.bytes - budget.activeBytes,
    memtableBytesMax: budget.bytesMax,
  };
}

function readCountersOf({ tables: { cache }, reads, feeds }: CountedParts) {
  return {
    gets: reads.gets,
    snapshotsOpen: reads.snapshots,
    pointBlocks: cache.pointBlocks,
    filterNegatives: cache.filterNegatives,
    filterFalsePositives: cache.filterFalsePositives,
    blocksRead: cache.blocksRead,
    cacheHits: cache.hits,
    cacheMisses: cache.misses,
    cacheBytes: cache.bytes,
    cacheBytesMax: cache.bytesMax,
    feeds: feeds.ids().length,
    feedRecordsRead: feeds.recordsRead,
    feedWaiters: feeds.waiterCount,
  };
}

function spaceCounters({ spaces, groups }: CountedParts) {
  const levels: { files: number; bytes: number }[] = [];
  let level0FilesMost = 0;
  let frozenMemtables = 0;
  let oldest = groups.visibleSequence + 1;
  for (const space of spaces.byId.values()) {
    level0FilesMost = Math.max(level0FilesMost, space.version.levels[0]?.length ?? 0);
    frozenMemtables += space.frozen.length;
    oldest = Math.min(oldest, space.oldestUnflushed ?? oldest);
    for (const [level, tables] of space.version.levels.entries()) {
      levels[level] ??= { files: 0, bytes: 0 };
      const sum = levels[level];
      sum.files += tables.length;
      for (const { bytes } of tables) sum.bytes += bytes;
    }
  }
  const unflushedSequences = groups.visibleSequence + 1 - oldest;
  const { visits: spaceVisits } = spaces;
  return {
    spaces: spaces.byId.size,
    spaceVisits,
    level0FilesMost,
    frozenMemtables,
    levels,
    unflushedSequences,
  };
}
