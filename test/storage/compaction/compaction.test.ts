import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { systemClock } from "../../../storage/clock.ts";
import { compactionSpec } from "../../../storage/compaction/compaction-job.ts";
import type { CompactionSpec, JobExecutor } from "../../../storage/compaction/executor.ts";
import { inThreadExecutor } from "../../../storage/compaction/in-thread-executor.ts";
import type { SSTableOutput } from "../../../storage/compaction/merge-job.ts";
import { type LevelTable, type PickerOptions, pickCompaction } from "../../../storage/compaction/picker.ts";
import { workerExecutor } from "../../../storage/compaction/worker-executor.ts";
import { Memtable } from "../../../storage/memtable/memtable.ts";
import { mergeCursors } from "../../../storage/merging-iterator.ts";
import { BlockCache } from "../../../storage/sstable/block-cache.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { RunCursor, tableFor } from "../../../storage/sstable/run-cursor.ts";
import { SSTableReader } from "../../../storage/sstable/sstable-reader.ts";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { drain, type Entry, expectedEntries } from "../iterator/array-cursor.ts";
import { openSSTable, readFile, writeFile, writeSSTable } from "../sstable/support.ts";
import { seededRandom } from "./random.ts";

interface Table extends LevelTable {
  readonly path: string;
  readonly reader: SSTableReader;
}

const options: PickerOptions = { level0Files: 3, baseBytes: 12_000, fanOut: 4, levels: 5 };

/** The smallest engine that can be made of the parts: memtables, flushes, compactions; no log, no manifest. */
class Harness {
  readonly vfs: Vfs;
  readonly executor: JobExecutor;
  readonly files: FilePool;
  readonly cache = new BlockCache(64 << 10);
  levels: Table[][] = [[], [], [], [], []];
  memtable = new Memtable();
  #number = 0;

  constructor(vfs: Vfs, executor: JobExecutor) {
    this.vfs = vfs;
    this.executor = executor;
    this.files = new FilePool(vfs, 8);
  }

  nextPath(): string {
    return `${String(++this.#number).padStart(6, "0")}.sst`;
  }

  async flush(): Promise<void> {
    const { memtable } = this;
    memtable.freeze();
    this.memtable = new Memtable();
    const dropTombstones = this.levels.every((level) => level.length === 0);
    const path = this.nextPath();
    const info = await this.executor.flush({ path, blockBytes: 256, dropTombstones }, [memtable]);
    if (info !== undefined) this.levels[0]?.unshift(this.#open({ path, info }));
  }

  /** Carries out one compaction; false when none is due. */
  async compact(): Promise<boolean> {
    const task = pickCompaction(this.levels, options);
    if (task === undefined) return false;
    const inputs = [...task.upper, ...task.lower];
    let outputs: readonly Table[] = task.upper;
    if (task.kind === "merge") {
      const spec = compactionSpec(this.levels, task, {
        path: ({ path }) => path,
        nextPath: () => this.nextPath(),
        blockBytes: 256,
        fileBytes: 3000,
      });
      const before = spec.inputs.flat().map(({ path }) => readFile(this.vfs, path));
      outputs = (await this.executor.compact(spec)).map((output) => this.#open(output));
      const after = spec.inputs.flat().map(({ path }) => readFile(this.vfs, path));
      expect(after).toEqual(before);
    }
    this.levels = this.levels.map((level) => level.filter((table) => !inputs.includes(table)));
    const level = this.levels[task.outputLevel] ?? [];
    level.push(...outputs);
    level.sort((one, other) => (one.smallest < other.smallest ? -1 : 1));
    if (task.kind === "move") return true;
    for (const { path, reader } of inputs) {
      reader.close();
      this.vfs.unlink(path);
    }
    return true;
  }

  #open({ path, info }: SSTableOutput): Table {
    return { ...info, path, reader: new SSTableReader(this.files, path, this.cache) };
  }

  read(key: string): Entry["value"] {
    const inMemory = this.memtable.newest(key);
    if (inMemory !== undefined) return inMemory.value;
    const [level0 = [], ...runs] = this.levels;
    for (const table of [...level0, ...runs.map((run) => tableFor(run, key))]) {
      const found = table?.reader.get(key);
      if (found !== undefined) return found.value;
    }
    return undefined;
  }

  scan(reverse: boolean, bound?: string, end?: string): Entry[] {
    const [level0 = [], ...runs] = this.levels;
    const cursors = [
      this.memtable.cursor(Number.MAX_SAFE_INTEGER, reverse),
      ...level0.map(({ reader }) => reader.cursor(reverse)),
      ...runs.map((run) => {
        return new RunCursor(
          run.map(({ smallest, largest, reader }) => ({
            smallest,
            largest,
            cursor: (backwards: boolean) => reader.cursor(backwards),
          })),
          reverse,
        );
      }),
    ];
    return drain(mergeCursors(cursors, reverse), bound, end).filter(({ value }) => value !== undefined);
  }
}

test("flushes and compactions never change what is read", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 10, max: 400 }), async (seed, keys) => {
      const random = seededRandom(seed);
      const vfs = memoryVfs();
      const store = new Harness(vfs, inThreadExecutor(vfs, systemClock));
      const model = new Map<string, Entry>();
      for (let sequence = 1; sequence <= 2500; sequence++) {
        const key = `key ${String(random(keys)).padStart(4, "0")}`;
        const value = random(4) === 0 ? undefined : new Uint8Array(random(60)).fill(sequence);
        store.memtable.put(key, sequence, value);
        model.set(key, { key, sequence, value });
        if (random(90) === 0) await store.flush();
        if (random(60) === 0) await store.compact();
      }
      for (let round = 0; round < 2; round++) {
        const live = [...model.values()]
          .filter(({ value }) => value !== undefined)
          .sort((one, other) => (one.key < other.key ? -1 : 1));
        expect(store.scan(false)).toEqual(live);
        expect(store.scan(true)).toEqual(live.toReversed());
        const [one, other] = [live[live.length >> 2]?.key ?? "", live[(live.length * 3) >> 2]?.key ?? ""];
        for (const [from, to] of [
          [one, other],
          [`${one}\0`, `${other}\0`],
        ]) {
          expect(store.scan(false, from, to)).toEqual(expectedEntries(live, false, from, to));
          expect(store.scan(true, to, from)).toEqual(expectedEntries(live, true, to, from));
        }
        for (let key = 0; key < keys; key++) {
          const name = `key ${String(key).padStart(4, "0")}`;
          expect(store.read(name)).toEqual(model.get(name)?.value);
        }
        await store.flush();
        while (await store.compact());
      }
      const files = vfs.list("");
      expect(files).toHaveLength(store.levels.flat().length);
    }),
    { numRuns: 12 },
  );
});

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "walnut-compaction-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Two overlapping runs on a Vfs, and the specification of their merge. */
function twoRuns(vfs: Vfs, name: string, rows: number): { spec: CompactionSpec; expected: Entry[] } {
  const random = seededRandom(rows);
  const noise = new Uint8Array(4096).map(() => random(256));
  const newer = Array.from({ length: rows }, (_, index): Entry => {
    const key = `k${String(index * 2).padStart(7, "0")}`;
    return {
      key,
      sequence: rows + index,
      value: index % 10 === 0 ? undefined : noise.slice(index % 3989, (index % 3989) + 100),
    };
  });
  const older = Array.from({ length: rows }, (_, index): Entry => {
    return {
      key: `k${String(index).padStart(7, "0")}`,
      sequence: index + 1,
      value: noise.slice(index % 3967, (index % 3967) + 100),
    };
  });
  const merged = new Map([...older, ...newer].map((entry) => [entry.key, entry]));
  const expected = [...merged.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  const inputs = [newer, older].map((entries, index) => {
    const path = `${name}-${index}.sst`;
    const { smallest, largest } = writeSSTable(vfs, path, entries);
    return [{ path, smallest, largest }];
  });
  const outputs = Array.from({ length: 100 }, (_, index) => `${name}-out${index}.sst`);
  const spec = { inputs, outputs, blockBytes: 4096, fileBytes: 64 << 10, boundaries: [], older: [] };
  return { spec, expected };
}

function contents(vfs: Vfs, outputs: readonly SSTableOutput[]): Entry[] {
  return outputs.flatMap(({ path }) => drain(openSSTable(vfs, path).cursor()));
}

const setups: [string, () => { vfs: Vfs; executor: JobExecutor }][] = [
  [
    "in thread",
    () => {
      const vfs = memoryVfs();
      return { vfs, executor: inThreadExecutor(vfs, systemClock) };
    },
  ],
  ["in a Worker", () => ({ vfs: diskVfs(directory), executor: workerExecutor(directory) })],
];

describe.each(setups)("a compaction %s", (_, setup) => {
  test("merges runs into tables of about the size wanted, and drops what hides nothing", async () => {
    const { vfs, executor } = setup();
    const { spec, expected } = twoRuns(vfs, "merge", 8000);
    const outputs = await executor.compact(spec);
    expect(contents(vfs, outputs)).toEqual(expected.filter(({ value }) => value !== undefined));
    expect(outputs.length).toBeGreaterThan(3);
    for (const { info } of outputs.slice(0, -1)) {
      expect(info.bytes).toBeGreaterThan(spec.fileBytes * 0.95);
      expect(info.bytes).toBeLessThan(spec.fileBytes * 1.15);
    }
    await executor.close();
  });

  test("names the damaged input", async () => {
    const { vfs, executor } = setup();
    const { spec } = twoRuns(vfs, "damaged", 2000);
    const path = spec.inputs[1]?.[0]?.path ?? "";
    const bytes = readFile(vfs, path);
    bytes[5000] = (bytes[5000] ?? 0) ^ 4;
    writeFile(vfs, path, bytes);
    const failure = await executor.compact(spec).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "corruption", file: path });
    await executor.close();
  });

  test("is given up when its signal says so; others go on", async () => {
    const { vfs, executor } = setup();
    const { spec } = twoRuns(vfs, "doomed", 20_000);
    const { spec: other } = twoRuns(vfs, "other", 500);
    const abort = new AbortController();
    const doomed = executor.compact(spec, { signal: abort.signal }).catch((error: unknown) => error);
    const survives = executor.compact(other);
    await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    expect(await doomed).toMatchObject({ kind: "closed" });
    expect((await survives).length).toBe(1);
    const late = await executor.compact(spec, { signal: abort.signal }).catch((error: unknown) => error);
    expect(late).toMatchObject({ kind: "closed" });
    await executor.close();
  });

  test("is overtaken by a flush", async () => {
    const { vfs, executor } = setup();
    const { spec } = twoRuns(vfs, "slow", 20_000);
    const memtable = new Memtable();
    for (let index = 0; index < 2000; index++) memtable.put(`m${index}`, index, new Uint8Array(50));
    memtable.freeze();
    const order: string[] = [];
    const compaction = executor.compact(spec).then(() => order.push("compaction"));
    await new Promise((resolve) => setTimeout(resolve, 2));
    const flushSpec = { path: "overtakes.sst", blockBytes: 4096, dropTombstones: false };
    const flush = executor.flush(flushSpec, [memtable]).then(() => order.push("flush"));
    await Promise.all([compaction, flush]);
    expect(order).toEqual(["flush", "compaction"]);
    await executor.close();
  });

  test("is overtaken by a more urgent one", async () => {
    const { vfs, executor } = setup();
    const { spec: long } = twoRuns(vfs, "long", 20_000);
    const { spec: short } = twoRuns(vfs, "short", 4000);
    const [calm, urgent] = [1, 2].map((number) => new Int32Array(new SharedArrayBuffer(4)).fill(number));
    const order: string[] = [];
    const begun = executor.compact(long, { urgency: calm ?? assert.fail() }).then(() => order.push("long"));
    await new Promise((resolve) => setTimeout(resolve, 2));
    const after = executor
      .compact(short, { urgency: urgent ?? assert.fail() })
      .then(() => order.push("short"));
    await Promise.all([begun, after]);
    expect(order).toEqual(["short", "long"]);
    await executor.close();
  });

  test("keeps to its pace, and takes a new one over", async () => {
    const { vfs, executor } = setup();
    const { spec } = twoRuns(vfs, "paced", 8000);
    executor.pace(64 << 10);
    let done = false;
    const outputs = executor.compact(spec).finally(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    // A megabyte at 64 KiB per second are far from done.
    expect(done).toBe(false);
    executor.pace(0);
    await outputs;
    await executor.close();
  });
});

test("both executors write the same bytes", async () => {
  const vfs = diskVfs(directory);
  const worker = workerExecutor(directory);
  const { spec } = twoRuns(vfs, "same", 3000);
  const here = await inThreadExecutor(vfs, systemClock).compact(spec);
  const there = await worker.compact({ ...spec, outputs: spec.outputs.map((path) => `w-${path}`) });
  expect(there.map(({ info }) => info)).toEqual(here.map(({ info }) => info));
  await worker.close();
});

describe("what a compaction writes", () => {
  const vfs = memoryVfs();
  const executor = inThreadExecutor(vfs, systemClock);

  test("keeps tombstones where an older table covers their key", async () => {
    const { spec, expected } = twoRuns(vfs, "covered", 1000);
    const older = [
      [
        { smallest: "k0000100", largest: "k0000200" },
        { smallest: "k0000300", largest: "k0000300" },
      ],
    ];
    const outputs = await executor.compact({ ...spec, older });
    const kept = expected.filter(
      ({ key, value }) =>
        value !== undefined || (key >= "k0000100" && key <= "k0000200") || key === "k0000300",
    );
    expect(contents(vfs, outputs)).toEqual(kept);
    expect(kept.filter(({ value }) => value === undefined)).toHaveLength(7);
  });

  test("ends outputs where tables below begin, once they are half full", async () => {
    const { spec } = twoRuns(vfs, "aligned", 8000);
    const boundaries = Array.from({ length: 40 }, (_, index) => `k${String(index * 400).padStart(7, "0")}`);
    const outputs = await executor.compact({ ...spec, boundaries });
    const starts = outputs.slice(1).map(({ info }) => info.smallest);
    expect(starts.length).toBeGreaterThan(4);
    // The tombstone at a boundary itself is dropped: the next key begins the output.
    for (const start of starts) expect(Number(start.slice(1)) % 400).toBeLessThanOrEqual(2);
    for (const { info } of outputs.slice(0, -1)) expect(info.bytes).toBeGreaterThanOrEqual(32 << 10);
  });

  test("makes do with the names it was given", async () => {
    const { spec, expected } = twoRuns(vfs, "names", 3000);
    const outputs = await executor.compact({ ...spec, fileBytes: 1, outputs: spec.outputs.slice(0, 3) });
    expect(outputs).toHaveLength(3);
    expect(contents(vfs, outputs)).toEqual(expected.filter(({ value }) => value !== undefined));
  });

  test("is nothing at all when nothing is left", async () => {
    const key = "gone";
    writeSSTable(vfs, "gone-1.sst", [{ key, sequence: 2, value: undefined }]);
    writeSSTable(vfs, "gone-0.sst", [{ key, sequence: 1, value: new Uint8Array(1) }]);
    const inputs = ["gone-0.sst", "gone-1.sst"].map((path) => [{ path, smallest: key, largest: key }]);
    const spec = {
      inputs,
      outputs: ["gone-out.sst"],
      blockBytes: 100,
      fileBytes: 100,
      boundaries: [],
      older: [],
    };
    expect(await executor.compact(spec)).toEqual([]);
    expect(vfs.exists("gone-out.sst")).toBe(false);
  });
});
