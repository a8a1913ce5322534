/** A thousand spaces, most of them idle: what they cost those that are not. All figures are counters. */
import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { type LocalStore, memoryVfs, openStore, type StoreOptions } from "../../../storage/index.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { bytes, mustPut, space, turns } from "./support.ts";

const idOf = (n: number) => `00000000-0000-4000-9000-${String(n).padStart(12, "0")}`;

async function createIdle(store: LocalStore, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, n) => store.createSpace(idOf(n))));
}

/** A file system that notes every call. */
function noted() {
  const calls: { readonly call: string; readonly path: string }[] = [];
  const vfs = new FaultyVfs(memoryVfs(), (call) => {
    calls.push(call);
    return undefined;
  });
  return { vfs, calls, named: (call: string) => calls.filter((each) => each.call === call).length };
}

test("an idle space takes little memory", async () => {
  const store = await openStore({ vfs: memoryVfs() });
  const used = async () => {
    for (let round = 0; round < 3; round++) {
      Bun.gc(true);
      await turns(3);
    }
    const { heapSize, extraMemorySize } = heapStats();
    return heapSize + extraMemorySize;
  };
  const batch = 1_500;
  const each: number[] = [];
  for (let round = 1; round <= 4; round++) {
    const before = await used();
    await createIdle(store, round * batch);
    each.push(((await used()) - before) / batch);
  }
  // What other tests have left behind may go in one of the rounds.
  const median = each.toSorted((a, b) => a - b)[1] ?? 0;
  console.log(`an idle space takes ${median.toFixed(0)} bytes`);
  expect(median).toBeGreaterThan(0);
  expect(median).toBeLessThan(6_000);
  await store.close();
});

test("a commit, the creation and the removal of a space look at no other space", async () => {
  const store = await openStore({ vfs: memoryVfs(), durability: { mode: "sync" } });
  await store.createSpace(space);
  await createIdle(store, 1_000);
  // Some have rows that are not flushed.
  for (let n = 0; n < 100; n++) await mustPut(store, "a", "1", idOf(n));
  const { spaceVisits } = store.counters();
  for (let n = 0; n < 200; n++) await mustPut(store, `row-${n}`, "1");
  await createIdle(store, 1_100);
  for (let n = 50; n < 150; n++) await store.dropSpace(idOf(n));
  expect(store.counters()).toMatchObject({ spaces: 1_001, spaceVisits });
  await store.close();
});

test("a flush looks at no other space but to find the largest memtable", async () => {
  const store = await openStore({ vfs: memoryVfs(), memtableBytesMax: 1 << 20, compaction: false });
  await store.createSpace(space);
  await createIdle(store, 1_000);
  const before = store.counters();
  for (let n = 0; store.counters().flushes < 5; n++) await mustPut(store, `row-${n}`, new Uint8Array(10_000));
  const after = store.counters();
  expect(after.spaceVisits - before.spaceVisits).toBeLessThanOrEqual((after.flushes + 1) * 1_001);
  await store.close();
});

describe("a start", () => {
  /** Opens a store with so many spaces of one SSTable each again, and counts the calls of that. */
  async function callsToOpen(count: number) {
    const { vfs, calls, named } = noted();
    const first = await openStore({ vfs });
    await createIdle(first, count);
    const rows = [{ key: "a", value: bytes("1") }];
    for (let n = 0; n < count; n++) await first.bulkLoad(idOf(n), rows, { rows: 1, bytes: 1 });
    await first.close();
    calls.length = 0;
    const store = await openStore({ vfs });
    const opened = { reads: named("read"), opens: named("open"), creates: named("create") };
    const { levels } = store.counters();
    expect(levels.reduce((sum, { files }) => sum + files, 0)).toBe(count);
    expect(await store.get(idOf(count - 1), "a")).toBeDefined();
    await store.close();
    return opened;
  }

  test("opens none of their SSTables", async () => {
    const few = await callsToOpen(2);
    const many = await callsToOpen(200);
    expect(many.opens).toBe(few.opens);
    expect(many.creates).toBe(few.creates);
    // The manifest is longer.
    expect(many.reads - few.reads).toBeLessThan(10);
  });
});

describe("a drop", () => {
  /** Drops a space of so many rows, and counts the calls of that. */
  async function callsToDrop(rowCount: number) {
    const { vfs, calls, named } = noted();
    const options: Partial<StoreOptions> = { tableBytes: 64 << 10, blockBytes: 4 << 10 };
    const store = await openStore({ vfs, ...options });
    await store.createSpace(space);
    const rows = Array.from({ length: rowCount }, (_, n) => ({
      key: `row-${String(n).padStart(6, "0")}`,
      value: crypto.getRandomValues(new Uint8Array(200)),
    }));
    await store.bulkLoad(space, rows, { rows: rowCount, bytes: rowCount * 200 });
    for (let n = 0; n < rowCount; n += 100) await store.get(space, rows[n]?.key ?? "");
    const { levels, blocksRead, logBytes } = store.counters();
    const files = levels.reduce((sum, level) => sum + level.files, 0);
    calls.length = 0;
    await store.dropSpace(space);
    const dropped = { unlinked: named("unlink"), others: calls.length - named("unlink") - named("close") };
    expect(store.counters()).toMatchObject({ blocksRead, logBytes, spaces: 0, cacheBytes: 0 });
    expect(vfs.list("sst")).toEqual([]);
    await store.close();
    return { files, ...dropped };
  }

  test("does not wait for the disk to free the files, which goes on one by one; a close does", async () => {
    const disk = memoryVfs();
    const removals: PromiseWithResolvers<void>[] = [];
    const unlinkAside = async (path: string) => {
      const removal = Promise.withResolvers<void>();
      removals.push(removal);
      await removal.promise;
      disk.unlink(path);
    };
    const vfs = Object.assign(disk, { unlinkAside });
    const store = await openStore({ vfs, tableBytes: 4 << 10 });
    await store.createSpace(space);
    const rows = Array.from({ length: 100 }, (_, n) => ({
      key: `row-${n + 100}`,
      value: crypto.getRandomValues(new Uint8Array(200)),
    }));
    await store.bulkLoad(space, rows, { rows: 100, bytes: 100 });
    const files = disk.list("sst").length;
    expect(files).toBeGreaterThan(3);
    await store.dropSpace(space);
    await turns(20);
    expect([disk.list("sst").length, removals.length]).toEqual([files, 1]);
    let isClosed = false;
    const closing = store.close().then(() => {
      isClosed = true;
    });
    for (let n = 0; n < files; n++) {
      await turns(20);
      expect([isClosed, removals.length, disk.list("sst").length]).toEqual([false, n + 1, files - n]);
      removals[n]?.resolve();
    }
    await closing;
    expect(disk.list("sst")).toEqual([]);
  });

  test("takes one removal for each file, and nothing for its rows", async () => {
    const small = await callsToDrop(1_000);
    const large = await callsToDrop(10_000);
    expect(large.files).toBeGreaterThan(5 * small.files);
    for (const { files, unlinked } of [small, large]) expect(unlinked).toBe(files);
    expect(large.others).toBe(small.others);
  });
});
