import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type LocalStore,
  memoryVfs,
  openStore,
  type Store,
  type StoreOptions,
} from "../../../storage/index.ts";
import type { Key, Row, Value } from "../../../storage/store.ts";
import { contents, put } from "../../store/subject.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { type Fault, FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { checkImages, checkTables, crashImages, manifestOf } from "./crash-images.ts";
import { bytes, mustPut, space, text, turns } from "./support.ts";

const other = "00000000-0000-4000-8000-00000000000b";
const feed = "00000000-0000-4000-8000-00000000000f";

const small: Omit<StoreOptions, "vfs"> = {
  blockBytes: 256,
  tableBytes: 2 << 10,
  segmentBytesMax: 8 << 10,
  logFillBytes: 0,
  manifestBytesMin: 1 << 10,
};

const keyOf = (n: number): Key => `row-${String(n).padStart(6, "0")}`;
/** Hardly to be compressed. */
const rowValue = (n: number): Value => bytes(createHash("sha512").update(String(n)).digest("base64"));

function* rowsOf(count: number): Generator<Row> {
  for (let n = 0; n < count; n++) yield { key: keyOf(n), value: rowValue(n) };
}

const loaded = (count: number): Record<Key, string> =>
  Object.fromEntries(Array.from(rowsOf(count), ({ key, value }) => [key, text(value) ?? ""]));

const without = (rows: Record<Key, string>, ...keys: Key[]) =>
  Object.fromEntries(Object.entries(rows).filter(([key]) => !keys.includes(key)));

async function openSmall(options: Partial<StoreOptions> = {}) {
  const vfs = options.vfs ?? memoryVfs();
  const store = await openStore({ ...small, ...options, vfs });
  if (!store.spaces().includes(space)) await store.createSpace(space);
  return { vfs, store };
}

async function compacted(store: LocalStore): Promise<void> {
  while (store.counters().compactionsDue > 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe("a bulk load", () => {
  test("writes files of bounded size to the lowest level, and nothing of it to the log", async () => {
    const { vfs, store } = await openSmall({ tableBytes: 16 << 10, blockBytes: 4 << 10 });
    const before = store.counters().logBytes;
    await store.bulkLoad(space, rowsOf(5_000), { rows: 5_000, bytes: 7 });
    expect(store.counters().logBytes - before).toBeLessThan(1_000);
    const tables = [...manifestOf(vfs).tables()];
    expect(tables.length).toBeGreaterThan(4);
    for (const { level, bytes: size, sequenceMin, sequenceMax } of tables) {
      expect(level).toBe(6);
      // The target, a block in the making, and what follows the blocks.
      expect(size).toBeLessThan(2 * (16 << 10));
      expect(sequenceMin).toBe(sequenceMax);
    }
    expect(await contents(store, space)).toEqual(loaded(5_000));
    expect(store.stats(space)).toEqual({ rows: 5_000, bytes: 7 });
    await store.close();
    const again = await openStore({ ...small, vfs });
    expect(await contents(again, space)).toEqual(loaded(5_000));
    expect(again.stats(space)).toEqual({ rows: 5_000, bytes: 7 });
    await again.close();
  });

  test("shows nothing before it resolves, and lets others run meanwhile", async () => {
    const { store } = await openSmall();
    const before = await store.snapshot([space]);
    let loads = true;
    let count = 0;
    const loading = store.bulkLoad(space, rowsOf(20_000), { rows: 20_000, bytes: 1 }).then(() => {
      loads = false;
    });
    while (loads) {
      expect(await store.get(space, keyOf(1))).toBeUndefined();
      expect(store.stats(space).rows).toBe(0);
      await turns(1);
      count += loads ? 1 : 0;
    }
    await loading;
    // A turn per slice of 48 KiB, and those of finishing tables.
    expect(count).toBeGreaterThan(20_000 / 600);
    expect(await store.get(space, keyOf(1))).toEqual(rowValue(1));
    expect(await before.get(space, keyOf(1))).toBeUndefined();
    before.close();
    await store.close();
  });

  for (const { compaction, isEmpty } of [
    { compaction: false, isEmpty: false },
    { compaction: true, isEmpty: false },
    { compaction: true, isEmpty: true },
  ]) {
    const variant = `${compaction ? "with" : "without"} compaction, ${isEmpty ? "empty" : "not empty"} before`;
    test(`hides what was committed before, and is hidden by what comes later (${variant})`, async () => {
      const { vfs, store } = await openSmall({ memtableBytesMax: 160 << 10, compaction, level0Files: 2 });
      await store.createSpace(other);
      // Flushes what there is to flush: the largest memtable goes first.
      const flush = async (): Promise<void> => {
        const { flushes } = store.counters();
        for (let n = 0; store.counters().flushes < flushes + 2; n++) {
          await mustPut(store, `filler-${n}`, new Uint8Array(4_000), n % 2 === 0 ? other : space);
          await turns(2);
        }
      };
      if (!isEmpty) {
        await put(store, space, { [keyOf(1)]: "before", [keyOf(2)]: "before", [keyOf(3)]: undefined });
      }
      async function* rows() {
        for (const row of rowsOf(300)) {
          if (row.key === keyOf(10)) {
            await put(store, space, { [keyOf(4)]: "during", [keyOf(5)]: undefined, [keyOf(200)]: undefined });
            await flush();
          }
          yield row;
        }
      }
      await store.bulkLoad(space, rows(), { rows: 300, bytes: 0 });
      await put(store, space, { [keyOf(6)]: "after", [keyOf(7)]: undefined });
      const expected = {
        ...without(loaded(300), keyOf(5), keyOf(7), keyOf(200)),
        [keyOf(4)]: "during",
        [keyOf(6)]: "after",
      };
      const rowsNow = async (of: Store) =>
        Object.fromEntries(
          Object.entries(await contents(of, space)).filter(([key]) => key.startsWith("row-")),
        );
      expect(await rowsNow(store)).toEqual(expected);
      await flush();
      await compacted(store);
      expect(await rowsNow(store)).toEqual(expected);
      // A second load of the space lies above the first, and above all that came since.
      await store.bulkLoad(space, [{ key: keyOf(6), value: bytes("second") }], { rows: 0, bytes: 0 });
      expect(text(await store.get(space, keyOf(6)))).toBe("second");
      await compacted(store);
      await store.close();
      const again = await openStore({ ...small, vfs, compaction });
      expect(await rowsNow(again)).toEqual({ ...expected, [keyOf(6)]: "second" });
      await again.close();
    });
  }

  test("that goes wrong leaves no files, and the space as it was", async () => {
    const { vfs, store } = await openSmall();
    await put(store, space, { [keyOf(1)]: "kept" });
    const { keyBytesMax, valueBytesMax } = store.caps;
    const none = { rows: 0, bytes: 0 };
    const mistakes: readonly (readonly [string, Iterable<Row>])[] = [
      ["usage", [...rowsOf(100), { key: keyOf(99), value: bytes("again") }]],
      ["usage", [...rowsOf(100), { key: "a", value: bytes("out of order") }]],
      ["usage", [...rowsOf(100), { key: "s".repeat(keyBytesMax + 1), value: bytes("x") }]],
      ["usage", [...rowsOf(100), { key: "s", value: new Uint8Array(valueBytesMax + 1) }]],
    ];
    for (const [kind, rows] of mistakes) {
      await expect(store.bulkLoad(space, rows, none)).rejects.toMatchObject({ name: "StorageError", kind });
    }
    await expect(store.bulkLoad(space, rowsOf(1), { rows: 0.5, bytes: 0 })).rejects.toMatchObject({
      kind: "usage",
    });
    async function* broken() {
      yield* rowsOf(100);
      throw new Error("the caller's");
    }
    await expect(store.bulkLoad(space, broken(), none)).rejects.toThrow("the caller's");
    const first = store.bulkLoad(space, rowsOf(2_000), { rows: 2_000, bytes: 0 });
    await expect(store.bulkLoad(space, rowsOf(1), none)).rejects.toMatchObject({ kind: "usage" });
    await turns(3);
    await store.dropSpace(space);
    await expect(first).rejects.toMatchObject({ kind: "not-found" });
    expect(store.counters().compactionsDue).toBe(0);
    checkTables(vfs);
    expect(vfs.list("sst")).toEqual([]);
    await store.close();
  });

  test("ends with the store, whatever its rows are waiting for", async () => {
    const { vfs, store } = await openSmall();
    const { promise, resolve } = Promise.withResolvers<void>();
    async function* rows() {
      yield* rowsOf(100);
      await promise;
      yield { key: "s", value: bytes("late") };
    }
    const loading = store.bulkLoad(space, rows(), { rows: 101, bytes: 0 });
    await turns(20);
    await store.close();
    const again = await openStore({ ...small, vfs });
    expect(vfs.list("sst")).toEqual([]);
    await again.bulkLoad(space, rowsOf(100), { rows: 100, bytes: 0 });
    const names = vfs.list("sst");
    resolve();
    await expect(loading).rejects.toMatchObject({ kind: "closed" });
    expect(vfs.list("sst")).toEqual(names);
    expect(await contents(again, space)).toEqual(loaded(100));
    await again.close();
  });

  test("on a full disk fails without a trace, at whatever call", async () => {
    for (const fault of ["no-space", "short"] as const) {
      for (let at = 0, isOver = false; !isOver; at++) {
        let current: Fault | undefined;
        let calls = 0;
        const disk = new CrashVfs();
        const vfs = new FaultyVfs(disk, ({ call, path }) => {
          const counts = (path.startsWith("sst/") || path.startsWith("MANIFEST")) && call !== "unlink";
          const isSync = call === "datasync" || call === "syncDirectory" || call === "close";
          if (current === undefined || !counts || isSync || calls++ !== at) return undefined;
          return current;
        });
        const { store } = await openSmall({ vfs });
        current = fault;
        const load = () => store.bulkLoad(space, rowsOf(60), { rows: 60, bytes: 3 });
        const error = await load().then(
          () => undefined,
          (cause) => cause,
        );
        current = undefined;
        isOver = calls <= at;
        if (error !== undefined) {
          expect(error).toMatchObject({ kind: "no-space" });
          checkTables(disk);
          expect(await contents(store, space)).toEqual({});
          expect(store.stats(space)).toEqual({ rows: 0, bytes: 0 });
          await load();
        }
        expect(await contents(store, space)).toEqual(loaded(60));
        expect(store.stats(space)).toEqual({ rows: 60, bytes: 3 });
        checkTables(disk);
        await store.close();
      }
    }
  });
});

/** The sequence that a position of the engine names. */
const sequenceOf = (position: string | undefined) => Number(position?.slice(0, 16));

async function recordedPut(store: Store, key: Key, value: string): Promise<number> {
  const row = { space, key };
  const outcome = await store.transact({ reads: [row] }, ([previous]) => ({
    kind: "commit",
    writes: [{ ...row, value: bytes(value) }],
    changes: [{ feed, shard: 0, row, tag: bytes("") }],
    deltas: [{ space, rows: previous === undefined ? 1 : 0, bytes: 1 }],
    result: undefined,
  }));
  assert(outcome.kind === "committed", `${key} was to be written`);
  return sequenceOf(outcome.positions[0]);
}

for (const durability of [{ mode: "sync" }, { mode: "off" }] as const) {
  test(`a power cut at any call of a bulk load leaves all of it or nothing (${durability.mode})`, async () => {
    const count = 60;
    const clock = new ManualClock();
    const options = { ...small, durability, clock };
    const vfs = new CrashVfs();
    const { store } = await openSmall({ ...options, vfs });
    await store.createFeed(feed, { shards: 1, oldValues: false });
    // Without rows in memory the load flushes nothing, and has to see for itself that the log is durable.
    const isDirty = durability.mode === "sync";
    await store.createSpace(other);
    await put(store, other, { earlier: "put" });
    if (isDirty) await recordedPut(store, keyOf(0), "before");
    // Highest key of the rows that were put beside the load, and whether the load has resolved.
    const promised = { puts: 0, isLoaded: false };
    const images = await crashImages(
      vfs,
      () => ({ ...promised }),
      async () => {
        async function* rows() {
          for (const row of rowsOf(count)) {
            if (row.key === keyOf(20) || row.key === keyOf(40)) {
              await recordedPut(store, `z-${promised.puts + 1}`, "beside");
              promised.puts += 1;
            }
            yield row;
          }
        }
        await store.bulkLoad(space, rows(), { rows: count - (isDirty ? 1 : 0), bytes: 100 });
        promised.isLoaded = true;
        await recordedPut(store, "z-3", "beside");
        promised.puts += 1;
      },
    );
    await store.close();
    expect(images.length).toBeGreaterThan(100);
    const seen = { without: 0, with: 0 };
    await checkImages(images, async (image, { puts, isLoaded }) => {
      const again = await openStore({ ...options, vfs: image });
      checkTables(image);
      const all = await contents(again, space);
      const beside = Object.keys(all).filter((key) => key.startsWith("z-")).length;
      const rows = without(
        Object.fromEntries(Object.entries(all).map(([k, v]) => [k, v ?? ""])),
        "z-1",
        "z-2",
        "z-3",
      );
      const hasLoad = keyOf(1) in rows;
      seen[hasLoad ? "with" : "without"] += 1;
      if (isLoaded) assert(hasLoad, "the load had resolved");
      if (isDirty) assert(beside >= puts, "a put had been acknowledged");
      if (hasLoad) assert.equal(text(await again.get(other, "earlier")), "put", "the load came later");
      const base = isDirty ? 1 : 0;
      assert.deepEqual(rows, hasLoad ? loaded(count) : isDirty ? { [keyOf(0)]: "before" } : {});
      const added = hasLoad ? { rows: count - base, bytes: 100 } : { rows: 0, bytes: 0 };
      const stats = { rows: base + beside + added.rows, bytes: base + beside + added.bytes };
      assert.deepEqual(again.stats(space), stats);
      const sequences = [...manifestOf(image).tables()].map(({ sequenceMax }) => sequenceMax);
      const next = await recordedPut(again, keyOf(5), "later");
      for (const sequence of sequences) assert(next > sequence, "a commit has a sequence of its own");
      assert.equal(text(await again.get(space, keyOf(5))), "later");
      await again.bulkLoad(space, [{ key: keyOf(5), value: bytes("again") }], { rows: 0, bytes: 0 });
      assert.equal(text(await again.get(space, keyOf(5))), "again");
      await again.close();
    });
    expect(seen.with).toBeGreaterThan(0);
    expect(seen.without).toBeGreaterThan(0);
  }, 20_000);
}
