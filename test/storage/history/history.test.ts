import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { diskVfs, memoryVfs, type StoreOptions, type Vfs } from "../../../storage/index.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkFiles, checkRestored, checkState, keepHistory, Workload } from "../crash/workload.ts";
import { until } from "../engine/support.ts";
import { withDirectory } from "../vfs/directory.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
console.log(`histories run with SEED=${seed}`);

const smallCheckpoints: Omit<StoreOptions, "vfs"> = { historyCheckpointBytes: 2 << 10 };

function archivesIn(vfs: Vfs): number {
  return vfs.exists("archive") ? vfs.list("archive").length : 0;
}

async function begin(vfs: Vfs, options: Omit<StoreOptions, "vfs">): Promise<Workload> {
  const workload = new Workload(vfs, options);
  await workload.open();
  await workload.setUp();
  return workload;
}

describe("the past of a space", () => {
  test("is whole over archives, checkpoints, rolls, compactions and restarts", async () => {
    const random = seededRandom(seed);
    const vfs = memoryVfs();
    const workload = await begin(vfs, smallCheckpoints);
    await workload.commits(10, 3);
    await keepHistory(workload.store);
    const first = workload.acknowledged + 1;
    for (let round = 0; round < 12; round++) {
      await workload.commits(20, 1 + Math.floor(random() * 5));
      await workload.settle();
      if (random() < 0.3) {
        await workload.store.close();
        await workload.open();
      }
      const n = workload.acknowledged;
      for (let i = 0; i < 4; i++) {
        const k = first + Math.floor(random() * (n - first + 1));
        await checkRestored(workload.store, workload.times, k, n);
      }
      await checkState(workload.store, n, n, true);
    }
    // The journal is most of the log, and nobody wants it.
    expect(archivesIn(vfs)).toBeGreaterThan(0);
    const history = [...(readManifest(vfs)?.state.checkpoints.values() ?? [])];
    expect(history.length).toBeGreaterThan(3);
    await workload.store.close();
    await workload.open();
    checkFiles(vfs);
    await workload.store.close();
  }, 240_000);

  test("is kept in archives that a Worker writes", () =>
    withDirectory(async (directory) => {
      const vfs = diskVfs(directory);
      const workload = await begin(vfs, { ...smallCheckpoints, worker: true });
      await keepHistory(workload.store);
      const first = workload.acknowledged + 1;
      while (workload.store.counters().archives === 0) {
        await workload.commits(20, 4);
        await new Promise((resolve) => setTimeout(resolve, 20));
        assert(workload.acknowledged < 2_000, "an archive is made some time");
      }
      const n = workload.acknowledged;
      for (const k of [first, Math.floor((first + n) / 2), n]) {
        await checkRestored(workload.store, workload.times, k, n);
      }
      await checkState(workload.store, n, n, true);
      await workload.store.close();
    }));

  test("goes with the space, and with the wish to keep it", async () => {
    const vfs = memoryVfs();
    const workload = await begin(vfs, smallCheckpoints);
    const { store } = workload;
    await keepHistory(store);
    await workload.commits(60, 3);
    const checkpointsLeft = () => readManifest(vfs)?.state.checkpoints.size;
    expect(checkpointsLeft()).toBeGreaterThan(1);
    for (const space of store.spaces()) await store.keepHistory(space, 0);
    expect(checkpointsLeft()).toBe(0);
    await keepHistory(store);
    expect(checkpointsLeft()).toBe(1);
    for (const space of store.spaces()) await store.dropSpace(space);
    expect(checkpointsLeft()).toBe(0);
    for (const feed of store.feeds()) await store.dropFeed(feed);
    await until(() => archivesIn(vfs) === 0, "archives that nobody wants go");
    await store.close();
  });
});

describe("the budget of the past", () => {
  const bytesMax = 24 << 10;

  /** Bytes of closed segments and archives: all of the past but for checkpoints. */
  function logBytes(vfs: Vfs): number {
    const paths = [
      ...vfs.list("wal").map((name) => `wal/${name}`),
      ...(vfs.exists("archive") ? vfs.list("archive").map((name) => `archive/${name}`) : []),
    ];
    return paths.reduce((sum, path) => {
      const file = vfs.open(path, "read");
      const size = file.size();
      file.close();
      return sum + size;
    }, 0);
  }

  test("first restorable instants go, then records of feeds; writes are never refused", async () => {
    const vfs = memoryVfs();
    const workload = await begin(vfs, { ...smallCheckpoints, historyBytesMax: bytesMax });
    const { store } = workload;
    await keepHistory(store);
    const base = store.spaces().find((space) => store.history(space) !== undefined);
    const [feed] = store.feeds();
    assert(base !== undefined && feed !== undefined);
    const start = store.history(base)?.earliest ?? 0;
    let sawFeedWholeAfterEarliestMoved = false;
    for (let round = 0; round < 40; round++) {
      await workload.commits(15, 3);
      await workload.settle();
      const { trim } = await store.readFeed(feed, 0, "", 1);
      const earliest = store.history(base)?.earliest ?? 0;
      if (earliest > start && trim === "") sawFeedWholeAfterEarliestMoved = true;
      if (earliest === start) expect(trim).toBe("");
    }
    await until(() => store.counters().historyBytes <= bytesMax, "the past keeps to its budget");
    expect(logBytes(vfs)).toBeLessThan(bytesMax + (48 << 10));
    expect(sawFeedWholeAfterEarliestMoved).toBe(true);
    const { trim, head } = await store.readFeed(feed, 0, "", 1);
    expect(trim > "").toBe(true);
    expect(head > trim).toBe(true);
    // What is left can be restored.
    await workload.commits(5, 1);
    const n = workload.acknowledged;
    const { earliest } = store.history(base) ?? { earliest: 0 };
    const k = [...workload.times.entries()].find(([, time]) => time >= earliest)?.[0];
    assert(k !== undefined, "the newest commit can always be restored");
    await checkRestored(store, workload.times, k, n);
    await store.close();
  }, 240_000);
});
