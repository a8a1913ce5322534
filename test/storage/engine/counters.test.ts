/** What the engine says of itself, held against what can be seen from outside: files, rows, and what the test did. */
import { describe, expect, test } from "bun:test";
import {
  type LocalStore,
  memoryVfs,
  openStore,
  type StoreOptions,
  type Vfs,
} from "../../../storage/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { manifestOf } from "./crash-images.ts";
import { bytes, mustPut, put, space, until, untilCompacted } from "./support.ts";

const other = "00000000-0000-4000-8000-00000000000b";
const copy = "00000000-0000-4000-8000-00000000000c";
const feed = "00000000-0000-4000-8000-00000000000f";
const keyOf = (n: number) => `row-${String(n).padStart(5, "0")}`;

async function open(options: Partial<StoreOptions> = {}) {
  const vfs = options.vfs ?? memoryVfs();
  const store = await openStore({ blockBytes: 512, logFillBytes: 0, ...options, vfs });
  await store.createSpace(space);
  return { vfs, store };
}

function bytesIn(vfs: Vfs, directory: string): number {
  let sum = 0;
  for (const name of vfs.list(directory)) {
    const file = vfs.open(`${directory}/${name}`, "read");
    sum += file.size();
    file.close();
  }
  return sum;
}

/** Writes rows until they have been flushed so often. */
async function fill(store: LocalStore, flushes: number, into = space): Promise<void> {
  for (let n = 0; store.counters().flushes < flushes; n++) {
    await mustPut(store, keyOf((n * 211) % 500), new Uint8Array(1_000).fill(n), into);
  }
}

describe("bytes written, by cause", () => {
  test("log, manifest and flushes: what their files hold", async () => {
    const { vfs, store } = await open({
      compaction: false,
      memtableBytesMax: 1 << 20,
      segmentBytesMax: 1 << 30,
    });
    const opened = store.counters();
    await fill(store, 2);
    await until(() => store.counters().frozenMemtables === 0, "the flush under way");
    const counters = store.counters();
    expect(counters.flushBytes).toBe(bytesIn(vfs, "sst"));
    expect(counters.levels).toEqual([{ files: counters.flushes, bytes: counters.flushBytes }]);
    expect(counters.manifestBytes).toBeGreaterThan(opened.manifestBytes);
    expect(counters.logBytes).toBeGreaterThan(1_000 * (counters.commits - opened.commits));
    await store.close();
    const { logBytes, logFileBytes } = store.counters();
    expect(logFileBytes).toBe(bytesIn(vfs, "wal"));
    // The header of the segment and its footer are no frames of commits.
    expect(logFileBytes - logBytes).toBeLessThan(600);
  });

  test("zeros ahead of the log are told apart from its frames", async () => {
    const { store } = await open({ logFillBytes: 64 << 10 });
    await mustPut(store, "a", "1");
    const { logBytes, logFileBytes } = store.counters();
    expect(logBytes).toBeLessThan(1_000);
    expect(logFileBytes).toBeGreaterThan(64 << 10);
    await store.close();
  });

  test("compactions by level, checkpoints, loads", async () => {
    const { vfs, store } = await open({
      memtableBytesMax: 256 << 10,
      tableBytes: 32 << 10,
      level0Files: 2,
      levelBytesMin: 64 << 10,
    });
    await fill(store, 6);
    await untilCompacted(store);
    const { compactionBytes, compactionBytesByLevel, levels, merges } = store.counters();
    expect(merges).toBeGreaterThan(0);
    expect(compactionBytesByLevel.reduce((sum, level) => sum + level, 0)).toBe(compactionBytes);
    expect(compactionBytesByLevel[0]).toBe(0);
    const tables = [...manifestOf(vfs).tables()];
    expect(levels.reduce((sum, { files }) => sum + files, 0)).toBe(tables.length);
    expect(levels.reduce((sum, level) => sum + level.bytes, 0)).toBe(
      tables.reduce((sum, table) => sum + table.bytes, 0),
    );

    await mustPut(store, "only-in-memory", "1");
    const before = bytesIn(vfs, "sst");
    expect(store.counters()).toMatchObject({ checkpointBytes: 0, loadBytes: 0, checkpoints: 0 });
    const { id } = await store.checkpoint([space]);
    expect(store.counters()).toMatchObject({ checkpoints: 1, checkpointBytes: bytesIn(vfs, "sst") - before });
    await store.releaseCheckpoint(id);
    await store.createSpace(other);
    const unloaded = bytesIn(vfs, "sst");
    await store.bulkLoad(other, [{ key: "a", value: bytes("loaded") }], { rows: 1, bytes: 6 });
    expect(store.counters().loadBytes).toBe(bytesIn(vfs, "sst") - unloaded);
    await store.close();
  });
});

describe("commits and syncs", () => {
  test("commits of one turn share a frame and a sync", async () => {
    const { store } = await open();
    const before = store.counters();
    await Promise.all(Array.from({ length: 64 }, (_, n) => mustPut(store, keyOf(n), "1")));
    const after = store.counters();
    expect(after.commits - before.commits).toBe(64);
    expect(after.commitGroups - before.commitGroups).toBe(1);
    expect(after.logSyncs - before.logSyncs).toBe(1);
    expect(after.visibleSequence).toBe(after.durableSequence);
    expect(after.logSyncMs).toBeGreaterThanOrEqual(after.logSyncMsLast);
    await store.createSpace(other);
    expect(store.counters().manifestSyncs - after.manifestSyncs).toBe(1);
    await store.close();
  });

  test("without syncs there are none, and what is durable stays behind what is visible", async () => {
    const { store } = await open({ durability: { mode: "off" } });
    const before = store.counters();
    for (let n = 0; n < 10; n++) await mustPut(store, keyOf(n), "1");
    const after = store.counters();
    expect(after.logSyncs).toBe(before.logSyncs);
    expect(after.visibleSequence - after.durableSequence).toBe(10);
    await store.close();
  });
});

describe("point reads", () => {
  test("blocks looked into, files spared by the filter, and its errors", async () => {
    const { store } = await open({ compaction: false, memtableBytesMax: 256 << 10, cacheBytesMax: 1 << 20 });
    for (let n = 0; store.counters().flushes < 1; n += 2) {
      await mustPut(store, keyOf(n % 1_000), new Uint8Array(500).fill(n));
    }
    const rows = 100;
    const before = store.counters();
    for (let n = 0; n < rows; n++) expect(await store.get(space, keyOf(2 * n))).toBeDefined();
    const found = store.counters();
    expect(found.gets - before.gets).toBe(rows);
    // Some rows may have been written again since, and are in memory.
    const looks = found.pointBlocks - before.pointBlocks;
    expect(looks).toBeLessThanOrEqual(rows);
    expect(looks).toBeGreaterThan(0);
    expect(found.cacheHits + found.cacheMisses - before.cacheHits - before.cacheMisses).toBe(looks);
    expect(found.cacheBytes).toBeGreaterThan(0);

    for (let n = 0; n < 499; n++) {
      expect(await store.get(space, `${keyOf(2 * (n % rows))}-${n}`)).toBeUndefined();
    }
    const missed = store.counters();
    const spared = missed.filterNegatives - found.filterNegatives;
    const errors = missed.filterFalsePositives - found.filterFalsePositives;
    expect(missed.pointBlocks - found.pointBlocks).toBe(errors);
    expect(spared + errors).toBe(499);
    expect(errors).toBeLessThan(499 * 0.04);
    await store.close();
  });

  test("rows of snapshots count, and so do the snapshots that are open", async () => {
    const { store } = await open();
    const { gets } = store.counters();
    const snapshot = await store.snapshot([space]);
    await snapshot.get(space, "a");
    await snapshot.getMany([
      { space, key: "a" },
      { space, key: "b" },
    ]);
    expect(store.counters()).toMatchObject({ gets: gets + 3, snapshotsOpen: 1 });
    snapshot.close();
    snapshot.close();
    expect(store.counters().snapshotsOpen).toBe(0);
    await store.close();
  });
});

test("writers that wait for memory, and for how long", async () => {
  const clock = new ManualClock();
  const memtableBytesMax = 1 << 20;
  const { store } = await open({ clock, memtableBytesMax, compaction: false });
  const value = new Uint8Array(100_000);
  const batch = () => Promise.all(Array.from({ length: 12 }, (_, n) => put(store, keyOf(n), value)));
  await batch();
  await batch();
  const { memoryStalls, memoryStallMs, writeStalls, groupStalls, flushes } = store.counters();
  expect(memoryStalls).toBeGreaterThan(0);
  expect(memoryStallMs).toBe(0);
  expect([writeStalls, groupStalls]).toEqual([0, 0]);
  expect(flushes).toBeGreaterThan(0);
  await store.close();
});

test("memory, log and the lag of what is not flushed", async () => {
  const { store } = await open({ memtableBytesMax: 1 << 20 });
  for (let n = 0; n < 10; n++) await mustPut(store, keyOf(n), new Uint8Array(100));
  const { memtableBytes, memtableBytesMax, frozenMemtables, unflushedSequences, logSegments } =
    store.counters();
  expect(memtableBytes).toBeGreaterThan(10 * 100);
  expect([memtableBytesMax, frozenMemtables, unflushedSequences, logSegments]).toEqual([1 << 20, 0, 10, 1]);
  await store.bulkLoad(space, [], { rows: 0, bytes: 0 });
  // A load flushes what is before it.
  expect(store.counters()).toMatchObject({ unflushedSequences: 0, memtableBytes: 0 });
  await store.close();
});

test("feeds: records read, readers that wait", async () => {
  const { store } = await open();
  await store.createFeed(feed, { shards: 1, oldValues: false });
  const waiting = store.waitFeed(feed, 0, "");
  await until(() => store.counters().feedWaiters === 1, "the reader waits");
  const row = { space, key: "a" };
  await store.transact({ reads: [row] }, () => ({
    kind: "commit",
    writes: [{ ...row, value: bytes("1") }],
    changes: [{ feed, shard: 0, row, tag: bytes("") }],
    result: undefined,
  }));
  await waiting;
  expect((await store.readFeed(feed, 0, "", 10)).records).toHaveLength(1);
  expect(store.counters()).toMatchObject({ feeds: 1, feedWaiters: 0, feedRecordsRead: 1 });
  await store.close();
});

test("every file that is opened is closed", async () => {
  const { store } = await open({ memtableBytesMax: 256 << 10, tableBytes: 16 << 10, level0Files: 2 });
  await fill(store, 4);
  await untilCompacted(store);
  for (let n = 0; n < 100; n++) await store.get(space, keyOf(n));
  const checkpoint = await store.checkpoint([space]);
  await store.restore(checkpoint, new Map([[space, copy]]));
  expect(store.counters()).toMatchObject({ spaces: 2 });
  expect(store.counters().openFiles).toBeGreaterThan(2);
  await store.close();
  expect(store.counters().openFiles).toBe(0);
});
