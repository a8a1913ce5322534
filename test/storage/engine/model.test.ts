import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import {
  openStore,
  type Snapshot,
  type Store,
  type StoreOptions,
  type Write,
} from "../../../storage/index.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { bytes, text, turns } from "./support.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const volume = Number(process.env["VOLUME"] ?? 1);
const runs = 160 * volume;
const stepsPerRun = 120;
const keyCount = 60;

type Rows = Map<string, string>;

/** Sizes so small that every structure of the engine is in play after a few commits. */
const configurations: readonly Omit<StoreOptions, "vfs">[] = [
  {
    memtableBytesMax: 48 << 10,
    blockBytes: 128,
    segmentBytesMax: 2 << 10,
    cacheBytesMax: 4 << 10,
    logFillBytes: 0,
  },
  { memtableBytesMax: 200 << 10, blockBytes: 512, segmentBytesMax: 1 << 20, cacheBytesMax: 0 },
  {
    durability: { mode: "off" },
    memtableBytesMax: 48 << 10,
    segmentBytesMax: 4 << 10,
    manifestBytesMin: 256,
  },
  { durability: { mode: "interval", intervalMs: 5 }, memtableBytesMax: 96 << 10, blockBytes: 256 },
];

/** A store and what it must hold. */
class ModelRun {
  readonly #random: () => number;
  readonly #options: Omit<StoreOptions, "vfs">;
  readonly #vfs: Vfs = memoryVfs();
  readonly #clock = new ManualClock();
  readonly #spaces = new Map<string, Rows>();
  /** Open snapshots with the state they were taken of. */
  #snapshots: { readonly snapshot: Snapshot; readonly rows: ReadonlyMap<string, Rows> }[] = [];
  #store: Store | undefined;

  constructor(random: () => number, options: Omit<StoreOptions, "vfs">) {
    this.#random = random;
    this.#options = options;
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #key(): string {
    return `row-${String(this.#below(keyCount)).padStart(3, "0")}`;
  }

  get #open(): Store {
    assert(this.#store !== undefined, "the store is open");
    return this.#store;
  }

  #anySpace(): [string, Rows] | undefined {
    return [...this.#spaces][this.#below(this.#spaces.size)];
  }

  async run(): Promise<void> {
    await this.#reopen();
    await this.#createSpace();
    for (let step = 0; step < stepsPerRun; step++) await this.#step();
    await this.#compare();
    await this.#reopen();
    await this.#compare();
    await this.#open.close();
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.55) await this.#commits();
    else if (dice < 0.7) await this.#read();
    else if (dice < 0.8) await this.#range(undefined);
    else if (dice < 0.86) await this.#takeSnapshot();
    else if (dice < 0.92) await this.#useSnapshot();
    else if (dice < 0.94) await this.#createSpace();
    else if (dice < 0.95) await this.#dropSpace();
    else if (dice < 0.97) await this.#reopen();
    else if (dice < 0.99) await turns(this.#below(20));
    else this.#clock.advance(this.#below(200));
  }

  /** Some commits at once, each of some rows in one or more spaces. */
  async #commits(): Promise<void> {
    const running = Array.from({ length: 1 + this.#below(6) }, async () => {
      const writes = new Map<string, Write>();
      for (let n = 1 + this.#below(5); n > 0; n--) {
        const [space, rows] = this.#anySpace() ?? [];
        if (space === undefined || rows === undefined) return;
        const key = this.#key();
        const value =
          this.#random() < 0.25 ? undefined : `${this.#below(1e6)}${"x".repeat(this.#below(200))}`;
        writes.set(`${space}/${key}`, { space, key, value: value === undefined ? undefined : bytes(value) });
        if (value === undefined) rows.delete(key);
        else rows.set(key, value);
      }
      const { kind } = await this.#open.transact({ reads: [] }, () => ({
        kind: "commit",
        writes: [...writes.values()],
        result: undefined,
      }));
      assert.equal(kind, "committed");
    });
    await Promise.all(running);
  }

  async #read(): Promise<void> {
    const [space, rows] = this.#anySpace() ?? [];
    if (space === undefined || rows === undefined) return;
    const key = this.#key();
    assert.equal(text(await this.#open.get(space, key)), rows.get(key), `${key} of ${space}`);
    const outcome = await this.#open.transact({ reads: [{ space, key }] }, ([previous]) => ({
      kind: "refuse",
      reason: text(previous),
    }));
    assert(outcome.kind === "refused" && outcome.reason === rows.get(key), `${key} seen by a transaction`);
  }

  /** A random range, page by page, of a snapshot or of now. */
  async #range(given: { snapshot: Snapshot; rows: ReadonlyMap<string, Rows> } | undefined): Promise<void> {
    const spaces = given?.rows ?? this.#spaces;
    const [space, rows] = [...spaces][this.#below(spaces.size)] ?? [];
    if (space === undefined || rows === undefined) return;
    const snapshot = given?.snapshot ?? (await this.#open.snapshot([space]));
    const [one, other] = [this.#key(), this.#key()].sort();
    const reverse = this.#random() < 0.5;
    const expected = [...rows.keys()].filter((key) => key >= (one ?? "") && key < (other ?? "")).sort();
    if (reverse) expected.reverse();
    const found: string[] = [];
    for (;;) {
      const last = found.at(-1);
      const bounds = reverse
        ? { ge: one ?? "", lt: last ?? other ?? "" }
        : { ...(last === undefined ? { ge: one ?? "" } : { gt: last }), lt: other ?? "" };
      const limits = { rowsMax: 1 + this.#below(10), bytesMax: 1 + this.#below(1_000) };
      const transient = limits.rowsMax % 2 === 0;
      const page = await snapshot.range({ space, ...bounds, reverse, ...limits, transient });
      for (const { key, value } of page.rows) {
        assert.equal(text(value), rows.get(key), `${key} in a range`);
        found.push(key);
      }
      page.release();
      if (!page.more) break;
    }
    assert.deepEqual(found, expected, `the range [${one}, ${other})`);
    if (given === undefined) snapshot.close();
  }

  async #takeSnapshot(): Promise<void> {
    const snapshot = await this.#open.snapshot([...this.#spaces.keys()]);
    const rows = new Map([...this.#spaces].map(([space, rows]) => [space, new Map(rows)]));
    this.#snapshots.push({ snapshot, rows });
  }

  async #useSnapshot(): Promise<void> {
    const index = this.#below(this.#snapshots.length);
    const given = this.#snapshots[index];
    if (given === undefined) return;
    await this.#range(given);
    const [space, rows] = [...given.rows][this.#below(given.rows.size)] ?? [];
    if (space !== undefined && rows !== undefined) {
      const keys = Array.from({ length: 5 }, () => this.#key());
      const values = await given.snapshot.getMany(keys.map((key) => ({ space, key })));
      assert.deepEqual(
        values.map(text),
        keys.map((key) => rows.get(key)),
        "point reads of a snapshot",
      );
    }
    if (this.#random() < 0.5) {
      given.snapshot.close();
      this.#snapshots.splice(index, 1);
    }
  }

  async #createSpace(): Promise<void> {
    const id = crypto.randomUUID();
    await this.#open.createSpace(id);
    this.#spaces.set(id, new Map());
  }

  async #dropSpace(): Promise<void> {
    const [space] = this.#anySpace() ?? [];
    if (space === undefined) return;
    this.#spaces.delete(space);
    await this.#open.dropSpace(space);
  }

  async #reopen(): Promise<void> {
    for (const { snapshot } of this.#snapshots.splice(0)) snapshot.close();
    await this.#store?.close();
    this.#store = await openStore({ ...this.#options, vfs: this.#vfs, clock: this.#clock });
  }

  async #compare(): Promise<void> {
    assert.deepEqual([...this.#open.spaces()].sort(), [...this.#spaces.keys()].sort(), "the spaces");
    for (const [space, rows] of this.#spaces) {
      const snapshot = await this.#open.snapshot([space]);
      const page = await snapshot.range({ space, rowsMax: 1e6, bytesMax: 1e12 });
      const found = new Map(page.rows.map(({ key, value }) => [key, text(value)]));
      assert.deepEqual(found, new Map([...rows].sort()), `the rows of ${space}`);
      snapshot.close();
    }
  }
}

for (const [index, options] of configurations.entries()) {
  test(
    `random operations agree with a map, configuration ${index}`,
    async () => {
      for (let run = 0; run < runs / configurations.length; run++) {
        const own = seed + run * configurations.length + index;
        try {
          await new ModelRun(seededRandom(own), options).run();
        } catch (error) {
          throw new Error(`SEED=${own}`, { cause: error });
        }
      }
      console.log(
        `configuration ${index}: ${runs / configurations.length} runs of ${stepsPerRun} steps, seed ${seed}`,
      );
      expect(runs / configurations.length).toBeGreaterThanOrEqual(40);
    },
    30_000 * volume,
  );
}
