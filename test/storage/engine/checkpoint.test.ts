import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import {
  type LocalStore,
  memoryVfs,
  openStore,
  type StoreOptions,
  type Vfs,
} from "../../../storage/index.ts";
import type { CheckpointInfo, Key, SpaceId } from "../../../storage/store.ts";
import { contents, put } from "../../store/subject.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { checkImages, checkTables, crashImages, manifestOf } from "./crash-images.ts";
import { bytes, mustPut, space, text, turns } from "./support.ts";

const other = "00000000-0000-4000-8000-00000000000b";
const copy = "00000000-0000-4000-8000-0000000000aa";
const otherCopy = "00000000-0000-4000-8000-0000000000bb";
const targets: ReadonlyMap<SpaceId, SpaceId> = new Map([
  [space, copy],
  [other, otherCopy],
]);

const small: Omit<StoreOptions, "vfs"> = {
  blockBytes: 256,
  tableBytes: 2 << 10,
  memtableBytesMax: 160 << 10,
  segmentBytesMax: 8 << 10,
  level0Files: 2,
  logFillBytes: 0,
  manifestBytesMin: 1 << 10,
};

async function openSmall(options: Partial<StoreOptions> = {}) {
  const vfs = options.vfs ?? memoryVfs();
  const store = await openStore({ ...small, ...options, vfs });
  for (const id of [space, other]) await store.createSpace(id);
  return { vfs, store };
}

/** Writes until some memtables were flushed, under keys that later rounds write again. */
async function churn(store: LocalStore, flushes = 2): Promise<void> {
  const { flushes: before } = store.counters();
  for (let n = 0; store.counters().flushes < before + flushes; n++) {
    await mustPut(store, `churn-${n % 50}`, new Uint8Array(2_000).fill(n), n % 2 === 0 ? other : space);
    await turns(2);
  }
}

async function compacted(store: LocalStore): Promise<void> {
  while (store.counters().compactionsDue > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Rows that are loaded, flushed, and only in memory; some hide others. */
async function fill(store: LocalStore): Promise<void> {
  const rows = Array.from({ length: 40 }, (_, n) => ({
    key: `row-${n + 10}`,
    value: bytes(`loaded ${n} `.repeat(9)),
  }));
  await store.bulkLoad(space, rows, { rows: 40, bytes: 400 });
  await put(store, space, { "row-11": "flushed", "row-12": undefined });
  await churn(store);
  await put(store, space, { "row-13": "in memory", "row-14": undefined, "row-99": "in memory" });
  await put(store, other, { only: "in memory" });
}

async function stateOf(store: LocalStore, ids: readonly [SpaceId, SpaceId]) {
  const rows = [await contents(store, ids[0]), await contents(store, ids[1])];
  return { rows, stats: ids.map((id) => store.stats(id)) };
}

/** The level of each SSTable, by number, in a checkpoint or in the spaces. */
function levelsIn(vfs: Vfs, id: string | undefined): Record<string, number> {
  const { spaces, checkpoints } = manifestOf(vfs);
  const tables =
    id === undefined
      ? [...spaces.values()].flatMap((of) => [...of.tables.values()])
      : (checkpoints.get(id)?.spaces ?? []).flatMap((of) => of.tables);
  return Object.fromEntries(tables.map(({ number, level }) => [`sst ${number}`, level]));
}

describe("a checkpoint", () => {
  test("keeps its state through compactions, drops and restarts, until it is released", async () => {
    const { vfs, store } = await openSmall();
    await fill(store);
    const state = await stateOf(store, [space, other]);
    const checkpoint = await store.checkpoint([space, other, space]);
    const second = await store.checkpoint([space]);
    expect(checkpoint.spaces).toEqual([space, other]);
    expect(await stateOf(store, [space, other])).toEqual(state);
    await put(store, space, { "row-13": undefined, "row-20": "new" });
    await churn(store, 6);
    await compacted(store);
    checkTables(vfs);
    await store.dropSpace(other);
    checkTables(vfs);
    await store.restore(checkpoint, targets);
    expect(await stateOf(store, [copy, otherCopy])).toEqual(state);
    await store.close();

    const again = await openStore({ ...small, vfs });
    checkTables(vfs);
    expect(again.checkpoints()).toEqual([checkpoint, second]);
    expect(await stateOf(again, [copy, otherCopy])).toEqual(state);
    await again.dropSpace(space);
    for (const id of targets.values()) await again.dropSpace(id);
    checkTables(vfs);
    await again.restore(checkpoint, targets);
    expect(await stateOf(again, [copy, otherCopy])).toEqual(state);
    await again.releaseCheckpoint(checkpoint.id);
    await again.releaseCheckpoint(checkpoint.id);
    checkTables(vfs);
    expect(await stateOf(again, [copy, otherCopy])).toEqual(state);
    await compacted(again);
    for (const id of targets.values()) await again.dropSpace(id);
    expect(vfs.list("sst").length).toBeGreaterThan(0);
    await again.releaseCheckpoint(second.id);
    expect(vfs.list("sst")).toEqual([]);
    await again.close();
    const third = await openStore({ ...small, vfs });
    expect(third.checkpoints()).toEqual([]);
    await third.close();
  });

  test("is of one instant, over all its spaces, while others write", async () => {
    const { store } = await openSmall();
    const keys = Array.from({ length: 30 }, (_, n) => `account-${n}`);
    const addressOf = (n: number) => ({ space: n % 2 === 0 ? space : other, key: keys[n % 30] ?? "" });
    for (let n = 0; n < 30; n++) await put(store, addressOf(n).space, { [addressOf(n).key]: "1000" });
    let isOver = false;
    const transfer = async (seed: number) => {
      for (let n = seed; !isOver; n += 7) {
        const reads = [addressOf(n), addressOf(n + 11)];
        await store.transact({ reads }, (previous) => ({
          kind: "commit",
          writes: reads.map((row, i) => {
            return { ...row, value: bytes(String(Number(text(previous[i])) + (i === 0 ? -1 : 1))) };
          }),
          // So that the counts must be of the same instant too.
          deltas: [
            { space, rows: 0, bytes: 1 },
            { space: other, rows: 0, bytes: 1 },
          ],
          result: undefined,
        }));
      }
    };
    const writers = [1, 2, 3].map(transfer);
    for (let round = 0; round < 10; round++) {
      await turns(20);
      const checkpoint = await store.checkpoint([space, other]);
      await store.restore(checkpoint, targets);
      const { rows, stats } = await stateOf(store, [copy, otherCopy]);
      const sum = rows.flatMap((of) => Object.values(of)).reduce((total, value) => total + Number(value), 0);
      expect(sum).toBe(30_000);
      expect(stats[0]).toEqual({ rows: 0, bytes: stats[1]?.bytes ?? 0 });
      for (const id of targets.values()) await store.dropSpace(id);
      await store.releaseCheckpoint(checkpoint.id);
    }
    isOver = true;
    await Promise.all(writers);
    await store.close();
  });

  test("restored twice gives spaces that have nothing to do with each other", async () => {
    const { vfs, store } = await openSmall();
    await fill(store);
    const { rows } = await stateOf(store, [space, other]);
    const checkpoint = await store.checkpoint([space]);
    await store.restore(checkpoint, new Map([[space, copy]]));
    await put(store, copy, { "row-10": "written" });
    await store.restore(checkpoint, new Map([[space, otherCopy]]));
    await store.dropSpace(copy);
    expect(await contents(store, otherCopy)).toEqual(rows[0] ?? {});
    expect(store.generation(otherCopy)).toBe(0);
    checkTables(vfs);
    await store.close();
  });

  test("notes the levels that tables have been moved to", async () => {
    const { vfs, store } = await openSmall({ level0Files: 1 });
    for (let n = 1_000; store.counters().moves < 2; n++) {
      await mustPut(store, `row-${n}`, new Uint8Array(2_000));
      await turns(2);
    }
    await compacted(store);
    const { id } = await store.checkpoint([space]);
    const levels = levelsIn(vfs, undefined);
    expect(Object.keys(levels).length).toBeGreaterThan(0);
    expect(levelsIn(vfs, id)).toMatchObject(levels);
    await store.close();
  });

  test("released while it is restored goes when that is done", async () => {
    const { vfs, store } = await openSmall();
    const rows = Array.from({ length: 3_000 }, (_, n) => ({
      key: `row-${n + 10_000}`,
      value: crypto.getRandomValues(new Uint8Array(100)),
    }));
    await store.bulkLoad(space, rows, { rows: 3_000, bytes: 0 });
    const checkpoint = await store.checkpoint([space]);
    await store.dropSpace(space);
    const files = vfs.list("sst").length;
    // More than are linked in one turn.
    expect(files).toBeGreaterThan(64);
    const restoring = store.restore(checkpoint, new Map([[space, copy]]));
    await store.releaseCheckpoint(checkpoint.id);
    await restoring;
    expect(Object.keys(await contents(store, copy))).toHaveLength(3_000);
    expect(vfs.list("sst")).toHaveLength(files);
    checkTables(vfs);
    await store.close();
  });

  test("mistakes leave no files", async () => {
    const { vfs, store } = await openSmall();
    await fill(store);
    const names = vfs.list("sst");
    const refused = async (kind: string, call: Promise<unknown>) =>
      expect(call).rejects.toMatchObject({ name: "StorageError", kind });
    await refused("not-found", store.checkpoint([space, copy]));
    expect(vfs.list("sst")).toEqual(names);
    const checkpoint = await store.checkpoint([space]);
    const pinned = vfs.list("sst");
    await refused("not-found", store.restore({ time: checkpoint.time }, new Map([[space, copy]])));
    await refused("usage", store.restore(checkpoint, new Map([[space, other]])));
    await refused("not-found", store.restore(checkpoint, targets));
    await refused(
      "usage",
      store.restore(
        await store.checkpoint([space, other]),
        new Map([
          [space, copy],
          [other, copy],
        ]),
      ),
    );
    const racing = [copy, copy].map((id) => store.restore(checkpoint, new Map([[space, id]])));
    const outcomes = (await Promise.allSettled(racing)).map(({ status }) => status);
    expect(outcomes.toSorted()).toEqual(["fulfilled", "rejected"]);
    for (const name of pinned) expect(vfs.list("sst")).toContain(name);
    checkTables(vfs);
    const restoring = store.restore(checkpoint, new Map([[space, otherCopy]]));
    await store.releaseCheckpoint(checkpoint.id);
    await restoring;
    expect(await contents(store, otherCopy)).toEqual(await contents(store, space));
    checkTables(vfs);
    await refused("not-found", store.restore(checkpoint, new Map([[space, crypto.randomUUID()]])));
    await store.close();
  });

  test("on a full disk fails without a trace, at whatever call, and so does a restore", async () => {
    for (let at = 0, isOver = false; !isOver; at++) {
      let calls = -1;
      const disk = new CrashVfs();
      const vfs = new FaultyVfs(disk, ({ call, path }) => {
        const counts =
          (path.startsWith("sst/") || path.startsWith("MANIFEST")) && /create|write|link$/.test(call);
        return calls >= 0 && counts && call !== "unlink" && calls++ === at ? "no-space" : undefined;
      });
      const { store } = await openSmall({ vfs, memtableBytesMax: 64 << 20 });
      await put(store, space, { a: "1", b: "2".repeat(3_000) });
      await put(store, other, { c: "3" });
      const state = await stateOf(store, [space, other]);
      calls = 0;
      const attempt = async (run: () => Promise<void>) => {
        await run().catch(async (error) => {
          expect(error).toMatchObject({ kind: "no-space" });
          checkTables(disk);
          await run();
        });
      };
      let checkpoint: CheckpointInfo | undefined;
      await attempt(async () => {
        checkpoint = await store.checkpoint([space, other]);
      });
      const pinned = checkpoint;
      assert(pinned !== undefined);
      await attempt(() => store.restore(pinned, targets));
      isOver = calls <= at;
      expect(await stateOf(store, [copy, otherCopy])).toEqual(state);
      checkTables(disk);
      await store.close();
    }
  });
});

interface Promised {
  checkpoint: CheckpointInfo | undefined;
  isRestored: boolean;
  isReleased: boolean;
}

for (const durability of [{ mode: "sync" }, { mode: "off" }] as const) {
  test(`a power cut at any call of a checkpoint, a restore and a release (${durability.mode})`, async () => {
    const options = { ...small, durability, clock: new ManualClock() };
    const vfs = new CrashVfs();
    const { store } = await openSmall({ ...options, vfs });
    const rows: Record<Key, string> = {};
    for (let n = 0; n < 12; n++) rows[`row-${n}`] = `${n}`.repeat(200);
    await store.bulkLoad(
      space,
      Object.keys(rows)
        .sort()
        .map((key) => ({ key, value: bytes(rows[key] ?? "") })),
      { rows: 12, bytes: 12 },
    );
    await put(store, space, { "row-3": "changed" });
    await put(store, other, { a: "1" });
    const state = await stateOf(store, [space, other]);
    const promised: Promised = { checkpoint: undefined, isRestored: false, isReleased: false };
    const images = await crashImages(
      vfs,
      () => ({ ...promised }),
      async () => {
        promised.checkpoint = await store.checkpoint([space, other]);
        await put(store, space, { "row-3": "after" });
        await store.restore(promised.checkpoint, targets);
        promised.isRestored = true;
        await put(store, copy, { "row-4": "written" });
        await store.releaseCheckpoint(promised.checkpoint.id);
        promised.isReleased = true;
      },
    );
    await store.close();
    expect(images.length).toBeGreaterThan(100);
    const seen = { pinned: 0, restored: 0, neither: 0 };
    await checkImages(images, async (image, { checkpoint, isRestored, isReleased }) => {
      const again = await openStore({ ...options, vfs: image });
      checkTables(image);
      const [found] = again.checkpoints();
      const spaces = again.spaces();
      const hasCopies = spaces.includes(copy);
      assert.equal(spaces.includes(otherCopy), hasCopies, "both spaces are restored, or none");
      if (checkpoint !== undefined && !isRestored) assert.deepEqual(found, checkpoint);
      if (isRestored) assert(hasCopies, "the restore had resolved");
      if (isReleased) assert.equal(found, undefined, "the release had resolved");
      seen[found !== undefined ? "pinned" : hasCopies ? "restored" : "neither"] += 1;
      if (hasCopies) {
        const written = text(await again.get(copy, "row-4")) === "written";
        const first = written ? { ...state.rows[0], "row-4": "written" } : state.rows[0];
        const expected = { rows: [first, state.rows[1]], stats: state.stats };
        assert.deepEqual(await stateOf(again, [copy, otherCopy]), expected);
        for (const id of targets.values()) await again.dropSpace(id);
      }
      if (found !== undefined) {
        assert.match(text(await again.get(space, "row-3")) ?? "", /changed|after/, "the log goes as far");
        assert.equal(text(await again.get(other, "a")), "1", "the log goes as far");
        await again.restore(found, targets);
        assert.deepEqual(await stateOf(again, [copy, otherCopy]), state);
        await again.releaseCheckpoint(found.id);
      }
      checkTables(image);
      await again.close();
    });
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
  }, 20_000);
}
