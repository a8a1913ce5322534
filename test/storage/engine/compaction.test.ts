import { afterAll, describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  diskVfs,
  type LocalStore,
  memoryVfs,
  openStore,
  type Snapshot,
  type StoreOptions,
  type Vfs,
} from "../../../storage/index.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { mustPut, space, text, turns, untilCompacted } from "./support.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const other = "00000000-0000-4000-8000-00000000000b";

/** So small that a few hundred rows fill three levels. */
const tiny: Omit<StoreOptions, "vfs"> = {
  durability: { mode: "off" },
  memtableBytesMax: 48 << 10,
  segmentBytesMax: 32 << 10,
  blockBytes: 256,
  cacheBytesMax: 16 << 10,
  logFillBytes: 0,
  tableBytes: 2 << 10,
  levelBytesMin: 4 << 10,
  levelFanOut: 3,
};

/** Proportions as they are at full size. */
const roomy = {
  memtableBytesMax: 128 << 10,
  blockBytes: 4 << 10,
  tableBytes: 32 << 10,
  levelBytesMin: 112 << 10,
  levelFanOut: 10,
};

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function directory(): Vfs {
  const path = mkdtempSync(join(tmpdir(), "walnut-compaction-"));
  directories.push(path);
  return diskVfs(path);
}

/** The SSTables of a closed or idle store as the manifest has them: every one is there, and there are no others. */
function tablesOf(vfs: Vfs) {
  const manifest = readManifest(vfs);
  assert(manifest !== undefined, "the store has a manifest");
  const tables = [...manifest.state.spaces.values()].flatMap((record) => [...record.tables.values()]);
  const names = tables.map(({ number }) => `${String(number).padStart(10, "0")}.sst`);
  assert.deepEqual(vfs.list("sst"), names.sort(), "obsolete files are gone");
  return tables;
}

type Rows = Map<string, string>;

interface Held {
  readonly snapshot: Snapshot;
  readonly rows: ReadonlyMap<string, Rows>;
}

/** Random puts, deletes, reads and snapshots of some spaces, and maps to compare them with. */
class Model {
  readonly #vfs: Vfs;
  readonly #options: Omit<StoreOptions, "vfs">;
  readonly #random: () => number;
  readonly #keyCount: number;
  readonly #spaces = new Map<string, Rows>();
  #held: Held[] = [];
  #writes = 0;
  #logged = 0;
  #store: LocalStore | undefined;
  merges = 0;
  moves = 0;

  constructor(vfs: Vfs, options: Omit<StoreOptions, "vfs">, keyCount: number, own: number) {
    this.#vfs = vfs;
    this.#options = options;
    this.#keyCount = keyCount;
    this.#random = seededRandom(own);
  }

  get store(): LocalStore {
    assert(this.#store !== undefined, "the store is open");
    return this.#store;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #key(): string {
    return `row-${String(this.#below(this.#keyCount)).padStart(5, "0")}`;
  }

  #last(): [string, Rows] {
    const last = [...this.#spaces].at(-1);
    assert(last !== undefined, "there are spaces");
    return last;
  }

  #pick<T>(items: Iterable<T>): T {
    const list = [...items];
    const item = list[this.#below(list.length)];
    assert(item !== undefined, "there is something to choose from");
    return item;
  }

  async run(steps: number): Promise<void> {
    await this.#reopen();
    for (let n = 0; n < 3; n++) await this.#createSpace();
    for (let step = 0; step < steps; step++) await this.#step();
    await untilCompacted(this.store);
    await this.#compareAll();
    await this.#reopen();
    await this.#compareAll();
    await this.#close();
    tablesOf(this.#vfs);
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.8) await this.#write();
    else if (dice < 0.88) await this.#read();
    else if (dice < 0.93) await this.#range(this.#held.length > 0 ? this.#pick(this.#held) : undefined);
    else if (dice < 0.95) await this.#hold();
    else if (dice < 0.97) this.#letGo();
    else if (dice < 0.98) await turns(this.#below(50));
    else if (dice < 0.983) await this.#reopen();
    else if (dice < 0.986) await this.#replaceSpace();
    else if (dice < 0.99) await untilCompacted(this.store);
  }

  /** Ten rows at once: anywhere, or, in every second stretch, each after the last, so that files come to lie beside each other. */
  async #write(): Promise<void> {
    const isRun = this.#writes++ % 400 >= 200;
    const [id, rows] = isRun ? this.#last() : this.#pick(this.#spaces);
    const isDeletion = !isRun && this.#random() < 0.2;
    const keys = new Set(
      Array.from({ length: 10 }, () =>
        isRun ? `log-${String(++this.#logged).padStart(7, "0")}` : this.#key(),
      ),
    );
    const writes = [...keys].map((key) => {
      const value = isDeletion ? undefined : `${this.#below(1e9)}${"x".repeat(this.#below(150))}`;
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
      return { space: id, key, value: value === undefined ? undefined : new TextEncoder().encode(value) };
    });
    const { kind } = await this.store.transact({ reads: [] }, () => ({
      kind: "commit",
      writes,
      result: undefined,
    }));
    assert.equal(kind, "committed");
  }

  async #read(): Promise<void> {
    const [id, rows] = this.#pick(this.#spaces);
    for (let n = 0; n < 5; n++) {
      const key = this.#key();
      assert.equal(text(await this.store.get(id, key)), rows.get(key), key);
    }
    if (this.#held.length === 0) return;
    const held = this.#pick(this.#held);
    const [space, old] = this.#pick(held.rows);
    const key = this.#key();
    assert.equal(text(await held.snapshot.get(space, key)), old.get(key), `${key} of a snapshot`);
  }

  async #range(held: Held | undefined): Promise<void> {
    const [id, rows] = this.#pick(held?.rows ?? this.#spaces);
    const snapshot = held?.snapshot ?? (await this.store.snapshot([id]));
    const [ge = "", lt = ""] = [this.#key(), this.#key()].sort();
    const reverse = this.#random() < 0.5;
    const page = await snapshot.range({ space: id, ge, lt, reverse, rowsMax: 1e6, bytesMax: 1e9 });
    const expected = [...rows].filter(([key]) => key >= ge && key < lt).sort(byKey);
    if (reverse) expected.reverse();
    assert.deepEqual(
      page.rows.map(({ key, value }) => [key, text(value)]),
      expected,
    );
    if (held === undefined) snapshot.close();
  }

  async #hold(): Promise<void> {
    const snapshot = await this.store.snapshot([...this.#spaces.keys()]);
    this.#held.push({ snapshot, rows: new Map([...this.#spaces].map(([id, rows]) => [id, new Map(rows)])) });
  }

  #letGo(): void {
    this.#held.shift()?.snapshot.close();
  }

  async #createSpace(): Promise<void> {
    const id = crypto.randomUUID();
    await this.store.createSpace(id);
    this.#spaces.set(id, new Map());
  }

  async #replaceSpace(): Promise<void> {
    const [id] = this.#pick(this.#spaces);
    this.#spaces.delete(id);
    await this.store.dropSpace(id);
    await this.#createSpace();
  }

  async #close(): Promise<void> {
    for (const { snapshot } of this.#held.splice(0)) snapshot.close();
    if (this.#store === undefined) return;
    const { merges, moves, compactionFailures } = this.#store.counters();
    assert.equal(compactionFailures, 0);
    this.merges += merges;
    this.moves += moves;
    await this.#store.close();
  }

  async #reopen(): Promise<void> {
    await this.#close();
    this.#store = await openStore({ ...this.#options, vfs: this.#vfs });
  }

  async #compareAll(): Promise<void> {
    for (const [id, rows] of this.#spaces) {
      const snapshot = await this.store.snapshot([id]);
      const page = await snapshot.range({ space: id, rowsMax: 1e6, bytesMax: 1e12 });
      snapshot.close();
      assert.deepEqual(
        page.rows.map(({ key, value }) => [key, text(value)]),
        [...rows].sort(byKey),
      );
      for (let n = 0; n < this.#keyCount; n += 7) {
        const key = `row-${String(n).padStart(5, "0")}`;
        assert.equal(text(await this.store.get(id, key)), rows.get(key), key);
      }
    }
  }
}

const byKey = ([one]: [string, string], [two]: [string, string]) => (one < two ? -1 : 1);

describe("random operations while SSTables are compacted agree with a map", () => {
  const variants = [
    { name: "in memory", newVfs: memoryVfs, options: tiny, runs: 3, steps: 2_500 },
    {
      name: "in memory, synced",
      newVfs: memoryVfs,
      options: { ...tiny, durability: { mode: "sync" }, level0Files: 2 },
      runs: 1,
      steps: 2_000,
    },
    {
      name: "on disk, written by a Worker",
      newVfs: directory,
      options: { ...tiny, worker: true },
      runs: 1,
      steps: 1_000,
    },
  ] as const;
  for (const { name, newVfs, options, runs, steps } of variants) {
    test(name, async () => {
      let merges = 0;
      let moves = 0;
      for (let run = 0; run < runs; run++) {
        const own = seed + run;
        const model = new Model(newVfs(), options, 400, own);
        try {
          await model.run(steps);
        } catch (error) {
          throw new Error(`SEED=${own}`, { cause: error });
        }
        merges += model.merges;
        moves += model.moves;
      }
      console.log(`${name}: ${runs} runs of ${steps} steps, ${merges} merges, ${moves} moves`);
      expect(merges).toBeGreaterThan(20 * runs);
      expect(moves).toBeGreaterThan(0);
    }, 240_000);
  }
});

describe("what compactions cost and give back", () => {
  test("after everything was overwritten three times, files take little more than the rows", async () => {
    const vfs = memoryVfs();
    const store = await openStore({ ...tiny, ...roomy, vfs });
    await store.createSpace(space);
    const random = seededRandom(seed);
    const rowCount = 2_000;
    const valueBytes = 400;
    for (let round = 0; round < 4; round++) {
      const keys = Array.from({ length: rowCount }, (_, n) => n).sort(() => random() - 0.5);
      for (let start = 0; start < rowCount; start += 50) {
        await Promise.all(
          keys.slice(start, start + 50).map((n) => {
            const value = new Uint8Array(valueBytes).map(() => random() * 256);
            return mustPut(store, `row-${String(n).padStart(5, "0")}`, value);
          }),
        );
      }
    }
    await untilCompacted(store);
    const counters = store.counters();
    await store.close();
    const stored = tablesOf(vfs).reduce((sum, { bytes }) => sum + bytes, 0);
    const live = rowCount * (9 + valueBytes);
    console.log(`space ${(stored / live).toFixed(2)}, ${JSON.stringify(counters)}`);
    expect(stored / live).toBeLessThan(1.3);
    expect(counters.flushBytes).toBeGreaterThan(3 * live);
    expect((counters.flushBytes + counters.compactionBytes) / counters.flushBytes).toBeLessThan(8);
    const levels = new Set(tablesOf(vfs).map(({ level }) => level));
    expect(levels.size).toBeGreaterThan(1);
  });

  test("when everything is deleted, almost nothing is left", async () => {
    const vfs = memoryVfs();
    const store = await openStore({ ...tiny, ...roomy, vfs });
    await store.createSpace(space);
    const rowCount = 3_000;
    for (let n = 0; n < rowCount; n++) await mustPut(store, `row-${n}`, new Uint8Array(100).fill(n));
    for (let n = 0; n < rowCount; n++)
      await store.transact({ reads: [] }, () => ({
        kind: "commit",
        writes: [{ space, key: `row-${n}`, value: undefined }],
        result: undefined,
      }));
    // Another space pushes the tombstones out of memory.
    await store.createSpace(other);
    for (let n = 0; n < 500; n++) await mustPut(store, `row-${n}`, new Uint8Array(1_000), other);
    await untilCompacted(store);
    const before = store.counters();
    for (let n = 0; n < rowCount; n += 10) expect(await store.get(space, `row-${n}`)).toBeUndefined();
    await store.close();
    const left = tablesOf(vfs).filter((table) => table.space === 1);
    expect(before.merges).toBeGreaterThan(0);
    expect(left.reduce((sum, { entries }) => sum + entries, 0)).toBeLessThan(rowCount / 5);
  });

  test("a point read looks at 1.1 blocks for a row that is there, and at 0.02 for one that is not", async () => {
    const store = await openStore({ ...tiny, ...roomy, vfs: memoryVfs(), cacheBytesMax: 0 });
    await store.createSpace(space);
    const rowCount = 5_000;
    for (let n = 0; n < 4 * rowCount; n++)
      await mustPut(store, `row-${(n * 7919) % rowCount}`, new Uint8Array(100));
    await untilCompacted(store);
    const perGet = async (key: (n: number) => string, bytes: number | undefined) => {
      const before = store.counters();
      for (let n = 0; n < rowCount; n++) expect((await store.get(space, key(n)))?.length).toBe(bytes);
      const after = store.counters();
      expect(after.gets - before.gets).toBe(rowCount);
      return (after.blocksRead - before.blocksRead) / rowCount;
    };
    const hit = await perGet((n) => `row-${n}`, 100);
    const miss = await perGet((n) => `row-${n}-`, undefined);
    console.log(`blocks per get: ${hit} of rows that are there, ${miss} of others`);
    // A memtable answers some of them.
    expect(hit).toBeGreaterThan(0.5);
    expect(hit).toBeLessThanOrEqual(1.1);
    expect(miss).toBeLessThanOrEqual(0.02);
    await store.close();
  });
});
