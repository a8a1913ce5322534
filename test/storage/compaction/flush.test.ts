import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { systemClock } from "../../../storage/clock.ts";
import type { JobExecutor } from "../../../storage/compaction/executor.ts";
import { inThreadExecutor } from "../../../storage/compaction/in-thread-executor.ts";
import { workerExecutor } from "../../../storage/compaction/worker-executor.ts";
import { StorageError } from "../../../storage/errors.ts";
import { Memtable } from "../../../storage/memtable/memtable.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { verifySSTable } from "../../../storage/sstable/verify.ts";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { drain, type Entry } from "../iterator/array-cursor.ts";
import { openSSTable } from "../sstable/support.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "walnut-flush-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Two memtables of one space, the second newer, and what a flush of both must write. */
function memtables(rows: number, valueBytes: number): { frozen: Memtable[]; expected: Entry[] } {
  const older = new Memtable();
  const newer = new Memtable();
  const expected = new Map<string, Entry>();
  for (let sequence = 1; sequence <= rows; sequence++) {
    const key = `key-${String((sequence * 7_919) % Math.ceil(rows * 0.8)).padStart(7, "0")}`;
    const value = sequence % 9 === 0 ? undefined : new Uint8Array(valueBytes).fill(sequence);
    (sequence * 2 < rows ? older : newer).put(key, sequence, value);
    expected.set(key, { key, sequence, value });
  }
  older.freeze();
  newer.freeze();
  const sorted = [...expected.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  return { frozen: [older, newer], expected: sorted };
}

interface Setup {
  readonly vfs: Vfs;
  readonly executor: JobExecutor;
}
const setups: [string, () => Setup][] = [
  [
    "in thread, in memory",
    () => {
      const vfs = memoryVfs();
      return { vfs, executor: inThreadExecutor(vfs, systemClock) };
    },
  ],
  [
    "in thread, on disk",
    () => {
      const vfs = diskVfs(directory);
      return { vfs, executor: inThreadExecutor(vfs, systemClock) };
    },
  ],
  ["in a Worker", () => ({ vfs: diskVfs(directory), executor: workerExecutor(directory) })],
];

describe.each(setups)("a flush %s", (name, setup) => {
  const path = (file: string) => `${name.replaceAll(/\W/g, "")}-${file}.sst`;

  test("writes the newest version of every key, and says truly what it wrote", async () => {
    const { vfs, executor } = setup();
    const { frozen, expected } = memtables(5000, 100);
    const spec = { path: path("all"), blockBytes: 4096, dropTombstones: false };
    const info = await executor.flush(spec, frozen);
    const reader = openSSTable(vfs, spec.path);
    expect(drain(reader.cursor())).toEqual(expected);
    expect(info).toEqual({ ...reader.properties(), hash: verifySSTable(new FilePool(vfs), spec.path) });
    await executor.close();
  });

  test("leaves out tombstones that hide nothing, and the file when nothing is left", async () => {
    const { vfs, executor } = setup();
    const { frozen, expected } = memtables(1000, 10);
    const live = expected.filter(({ value }) => value !== undefined);
    const spec = { path: path("live"), blockBytes: 4096, dropTombstones: true };
    expect((await executor.flush(spec, frozen))?.tombstones).toBe(0);
    expect(drain(openSSTable(vfs, spec.path).cursor())).toEqual(live);

    const deletes = new Memtable();
    deletes.put("a", 1, undefined);
    deletes.freeze();
    const none = { ...spec, path: path("none") };
    expect(await executor.flush(none, [deletes])).toBeUndefined();
    expect(vfs.exists(none.path)).toBe(false);
    await executor.close();
  });

  test("rejects with the file system's error, and works again afterwards", async () => {
    const { vfs, executor } = setup();
    const { frozen, expected } = memtables(100, 10);
    const spec = { path: path("taken"), blockBytes: 4096, dropTombstones: false };
    vfs.create(spec.path).close();
    const failure = await executor.flush(spec, frozen).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect((failure as StorageError).kind).toBe("io");
    const again = { ...spec, path: path("again") };
    expect((await executor.flush(again, frozen))?.entries).toBe(expected.length);
    await executor.close();
  });

  test("is given up when the executor closes, and none starts after that", async () => {
    const { executor } = setup();
    const { frozen } = memtables(20_000, 200);
    const spec = { path: path("closed"), blockBytes: 4096, dropTombstones: false };
    const flush = executor.flush(spec, frozen).catch((error: unknown) => error);
    await executor.close();
    expect(await flush).toMatchObject({ kind: "closed" });
    expect(await executor.flush(spec, frozen).catch((error: unknown) => error)).toMatchObject({
      kind: "closed",
    });
    await executor.close();
  });

  test("holds rows of 400 KB", async () => {
    const { vfs, executor } = setup();
    const memtable = new Memtable();
    for (let index = 0; index < 20; index++)
      memtable.put(`k${index + 10}`, index, new Uint8Array(400 << 10).fill(index));
    memtable.freeze();
    const spec = { path: path("large"), blockBytes: 4096, dropTombstones: false };
    expect((await executor.flush(spec, [memtable]))?.blocks).toBe(20);
    const reader = openSSTable(vfs, spec.path);
    for (let index = 0; index < 20; index++)
      expect(reader.get(`k${index + 10}`)?.value?.every((byte) => byte === index)).toBe(true);
    await executor.close();
  });
});

test("both executors write the same bytes", async () => {
  const vfs = diskVfs(directory);
  const worker = workerExecutor(directory);
  const inThread = inThreadExecutor(vfs, systemClock);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), fc.nat(500), async (rows, valueBytes) => {
      const { frozen } = memtables(rows, valueBytes);
      const spec = { path: "one.sst", blockBytes: 1024, dropTombstones: false };
      const one = await inThread.flush(spec, frozen);
      const other = await worker.flush({ ...spec, path: "other.sst" }, frozen);
      vfs.unlink("one.sst");
      vfs.unlink("other.sst");
      expect(one).toBeDefined();
      expect(one).toEqual(other);
    }),
    { numRuns: 10 },
  );
  await worker.close();
});

test("flushes of several spaces run at the same time", async () => {
  const vfs = memoryVfs();
  const executor = inThreadExecutor(vfs, systemClock);
  const flushes = Array.from({ length: 5 }, async (_, index) => {
    const { frozen, expected } = memtables(2000, 50);
    const path = `${index}.sst`;
    const info = await executor.flush({ path, blockBytes: 4096, dropTombstones: false }, frozen);
    expect(info?.entries).toBe(expected.length);
  });
  await Promise.all(flushes);
});

test("a flush on this thread lets other work through", async () => {
  const executor = inThreadExecutor(memoryVfs(), systemClock);
  const { frozen } = memtables(30_000, 200);
  let turns = 0;
  const ticking = setInterval(() => turns++, 0);
  await executor.flush({ path: "t.sst", blockBytes: 8192, dropTombstones: false }, frozen);
  clearInterval(ticking);
  // 6 MB in slices of 48 KiB are 120 turns at least; timers fire at most once per millisecond.
  expect(turns).toBeGreaterThan(10);
});

test("a Worker that dies rejects its jobs, and the next job gets a new one", async () => {
  const memtable = new Memtable();
  memtable.put("a", 1, undefined);
  memtable.freeze();
  const executor = workerExecutor(directory, new URL("./mortal-worker.ts", import.meta.url));
  const spec = { path: "survivor.sst", blockBytes: 4096, dropTombstones: false };
  for (const death of ["exit", "throw"]) {
    const failures = await Promise.all(
      [`${death}.sst`, "beside.sst"].map((path) =>
        executor.flush({ ...spec, path }, [memtable]).catch((error: unknown) => error),
      ),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(StorageError);
      expect((failure as StorageError).message).toContain("the storage worker died");
    }
  }
  expect((await executor.flush(spec, [memtable]))?.entries).toBe(1);
  await executor.close();
});
