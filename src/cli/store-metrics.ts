import type { Counters, Health } from "../../storage/index.ts";
import { type Metric, type MetricType, type Sample, single } from "../runtime/metrics.ts";

type Reading = number | readonly Sample[];
type Entry = readonly [name: string, type: MetricType, help: string, read: (counters: Counters) => Reading];

const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

const byLevel = (values: readonly number[]): Sample[] =>
  values.map((value, level) => ({ labels: { level: String(level) }, value }));

const seconds = (ms: number): number => ms / 1000;

const writing: readonly Entry[] = [
  [
    "walnut_storage_written_bytes_total",
    "counter",
    "Bytes written, by cause: log (headers and zeros ahead included), flush, compaction, manifest, checkpoint, load, archive",
    (counters) =>
      by("cause", {
        log: counters.logFileBytes,
        flush: counters.flushBytes,
        compaction: counters.compactionBytes,
        manifest: counters.manifestBytes,
        checkpoint: counters.checkpointBytes,
        load: counters.loadBytes,
        archive: counters.archiveBytesWritten,
      }),
  ],
  [
    "walnut_storage_log_frame_bytes_total",
    "counter",
    "Bytes of commits in the log",
    ({ logBytes }) => logBytes,
  ],
  [
    "walnut_storage_compaction_written_bytes_total",
    "counter",
    "Bytes that compactions wrote, by the level they went to",
    ({ compactionBytesByLevel }) => byLevel(compactionBytesByLevel),
  ],
  ["walnut_storage_commits_total", "counter", "Commits", ({ commits }) => commits],
  [
    "walnut_storage_commit_groups_total",
    "counter",
    "Groups of commits that shared a write and, with --durability sync, a sync",
    ({ commitGroups }) => commitGroups,
  ],
  [
    "walnut_storage_syncs_total",
    "counter",
    "Syncs to disk, by what was synced: log, manifest, directory; not those of background jobs",
    (counters) =>
      by("file", {
        log: counters.logSyncs,
        manifest: counters.manifestSyncs,
        directory: counters.directorySyncs,
      }),
  ],
  [
    "walnut_storage_log_sync_seconds_total",
    "counter",
    "Time spent in syncs of the log",
    ({ logSyncMs }) => seconds(logSyncMs),
  ],
  [
    "walnut_storage_log_sync_last_seconds",
    "gauge",
    "How long the last sync of the log took",
    ({ logSyncMsLast }) => seconds(logSyncMsLast),
  ],
  [
    "walnut_storage_write_stalls_total",
    "counter",
    "Times that writers had to wait, by cause: memory (for a flush), compaction, group (a full commit group)",
    ({ memoryStalls, writeStalls, groupStalls }) =>
      by("cause", { memory: memoryStalls, compaction: writeStalls, group: groupStalls }),
  ],
  [
    "walnut_storage_write_stall_seconds_total",
    "counter",
    "Time in which writers had to wait, by cause as above",
    ({ memoryStallMs, writeStallMs, groupStallMs }) =>
      by("cause", {
        memory: seconds(memoryStallMs),
        compaction: seconds(writeStallMs),
        group: seconds(groupStallMs),
      }),
  ],
];

const background: readonly Entry[] = [
  ["walnut_storage_flushes_total", "counter", "Memtables written to disk", ({ flushes }) => flushes],
  [
    "walnut_storage_compactions_total",
    "counter",
    "Compactions, by what came of them: merge, move (a file changed its level unread), failure",
    ({ merges, moves, compactionFailures }) =>
      by("outcome", { merge: merges, move: moves, failure: compactionFailures }),
  ],
  [
    "walnut_storage_compactions_due",
    "gauge",
    "Tables and indexes with a compaction due or under way",
    ({ compactionsDue }) => compactionsDue,
  ],
  [
    "walnut_storage_compaction_debt_bytes",
    "gauge",
    "Bytes that compactions must write until none is due, roughly; writers are slowed down when it is large",
    ({ compactionDebtBytes }) => compactionDebtBytes,
  ],
  [
    "walnut_storage_level_files",
    "gauge",
    "SSTables, by level",
    ({ levels }) => byLevel(levels.map(({ files }) => files)),
  ],
  [
    "walnut_storage_level_bytes",
    "gauge",
    "Bytes in SSTables, by level",
    ({ levels }) => byLevel(levels.map(({ bytes }) => bytes)),
  ],
  [
    "walnut_storage_level0_files_max",
    "gauge",
    "Level-0 files of the table or index that has the most; reads look into all of them, and writers are slowed down at many",
    ({ level0FilesMost }) => level0FilesMost,
  ],
  [
    "walnut_storage_memtable_bytes",
    "gauge",
    "Memory in memtables, by state: active, frozen (waiting to be flushed)",
    ({ memtableBytes, frozenBytes }) =>
      by("state", { active: memtableBytes - frozenBytes, frozen: frozenBytes }),
  ],
  [
    "walnut_storage_memtable_limit_bytes",
    "gauge",
    "What memtables may take together (--memtable-bytes-max)",
    ({ memtableBytesMax }) => memtableBytesMax,
  ],
  ["walnut_storage_frozen_memtables", "gauge", "Memtables waiting to be flushed", (c) => c.frozenMemtables],
  ["walnut_storage_log_segments", "gauge", "Files of the log", ({ logSegments }) => logSegments],
  ["walnut_storage_log_bytes", "gauge", "Bytes in the log", ({ logSegmentBytes }) => logSegmentBytes],
  [
    "walnut_storage_history_bytes",
    "gauge",
    "Disk for stream records and the past that restores need: closed log, archives, SSTables kept for restores only",
    ({ historyBytes }) => historyBytes,
  ],
  [
    "walnut_storage_history_limit_bytes",
    "gauge",
    "What that may take (--history-bytes-max)",
    ({ historyBytesMax }) => historyBytesMax,
  ],
  ["walnut_storage_archives", "gauge", "Archives of old log that exist", ({ archives }) => archives],
  [
    "walnut_storage_unflushed_commits",
    "gauge",
    "Commits since the oldest one that is only in the log and in memory: what a restart would replay",
    ({ unflushedSequences }) => unflushedSequences,
  ],
];

const reading: readonly Entry[] = [
  [
    "walnut_storage_gets_total",
    "counter",
    "Rows asked for by key, those that writes look at not included",
    ({ gets }) => gets,
  ],
  [
    "walnut_storage_point_read_blocks_total",
    "counter",
    "Blocks that reads by key looked into, those of writes included, in the cache or not",
    ({ pointBlocks }) => pointBlocks,
  ],
  [
    "walnut_storage_filter_answers_total",
    "counter",
    "What bloom filters came to in reads by key: spared (no read of a block), wrong (a block was read in vain)",
    ({ filterNegatives, filterFalsePositives }) =>
      by("answer", { spared: filterNegatives, wrong: filterFalsePositives }),
  ],
  [
    "walnut_storage_blocks_read_total",
    "counter",
    "Blocks read from files, by reads of any kind",
    ({ blocksRead }) => blocksRead,
  ],
  [
    "walnut_storage_cache_lookups_total",
    "counter",
    "Lookups in the block cache: hit, miss",
    ({ cacheHits, cacheMisses }) => by("result", { hit: cacheHits, miss: cacheMisses }),
  ],
  ["walnut_storage_cache_bytes", "gauge", "Blocks in the cache", ({ cacheBytes }) => cacheBytes],
  [
    "walnut_storage_cache_limit_bytes",
    "gauge",
    "What the block cache may take (--cache-bytes-max)",
    ({ cacheBytesMax }) => cacheBytesMax,
  ],
  [
    "walnut_storage_snapshots",
    "gauge",
    "Snapshots that reads hold open",
    ({ snapshotsOpen }) => snapshotsOpen,
  ],
  ["walnut_storage_feeds", "gauge", "Change feeds: one per stream that has records", ({ feeds }) => feeds],
  [
    "walnut_storage_feed_records_read_total",
    "counter",
    "Change records handed out to readers of streams",
    ({ feedRecordsRead }) => feedRecordsRead,
  ],
  ["walnut_storage_feed_waiters", "gauge", "Readers that wait for changes", ({ feedWaiters }) => feedWaiters],
  ["walnut_storage_spaces", "gauge", "Key spaces: tables, indexes and Walnut's own", ({ spaces }) => spaces],
  ["walnut_storage_checkpoints", "gauge", "Checkpoints that exist", ({ checkpoints }) => checkpoints],
  ["walnut_storage_open_files", "gauge", "Files of the data directory that are open", (c) => c.openFiles],
];

/** The store's figures. */
export function storeMetrics(counters: Counters, { state, durability, degraded }: Health): Metric[] {
  const metrics = [...writing, ...background, ...reading].map(([name, type, help, read]): Metric => {
    const found = read(counters);
    return { name, type, help, samples: typeof found === "number" ? [{ value: found }] : found };
  });
  const states = ["ok", "read-only", "failed"] as const;
  return [
    {
      name: "walnut_storage_state",
      type: "gauge",
      help: "1 for the state the store is in: ok, read-only (the disk is full), failed",
      samples: states.map((each) => ({ labels: { state: each }, value: each === state ? 1 : 0 })),
    },
    {
      name: "walnut_storage_durability_info",
      type: "gauge",
      help: "Always 1; the label is the durability mode",
      samples: [{ labels: { mode: durability }, value: 1 }],
    },
    single(
      "walnut_storage_damaged_files",
      "gauge",
      "Files in which damage was found since the start; /_walnut/health names them",
      degraded?.length ?? 0,
    ),
    ...metrics,
  ];
}
