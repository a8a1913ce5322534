import assert from "node:assert/strict";
import type { LocalStore, StoreOptions } from "../../../storage/index.ts";
import { openStore } from "../../../storage/index.ts";
import { manifestPath } from "../../../storage/manifest/format.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import type { FeedRecord, Outcome, Store, Write } from "../../../storage/store.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const base = "00000000-0000-4000-8000-000000000001";
const index = "00000000-0000-4000-8000-000000000002";
/** Gets a row with a new, higher key from every commit: its SSTables lie beside each other. */
const journal = "00000000-0000-4000-8000-000000000003";
const feed = "00000000-0000-4000-8000-00000000000f";
const keyCount = 12;

/** What commit `n` of the workload does: a function of `n` alone. */
export interface Step {
  readonly key: string;
  /** Undefined: a delete. */
  readonly value: string | undefined;
}

function stepsOf(n: number): Step[] {
  const random = seededRandom(n);
  const steps = new Map<string, Step>();
  for (let i = 0; i < 1 + Math.floor(random() * 3); i++) {
    const key = `row-${Math.floor(random() * keyCount)}`;
    const value = random() < 0.2 ? undefined : `${n}/${"v".repeat(Math.floor(random() * 120))}`;
    steps.set(key, { key, value });
  }
  return [...steps.values()];
}

/** Checks that no file lies around that the manifest does not name. */
export function checkFiles(vfs: Vfs): void {
  const manifest = readManifest(vfs);
  assert(manifest !== undefined, "an open store has a manifest");
  const { state, number } = manifest;
  const tables = new Set([...state.tables()].map((table) => table.number));
  const tableNames = [...tables]
    .sort((a, b) => a - b)
    .map((table) => `${String(table).padStart(10, "0")}.sst`);
  assert.deepEqual(vfs.list("sst"), tableNames, "SSTables that no edit names");
  for (const name of vfs.list("wal")) {
    assert.match(name, /^\d{10}\.(wal|idx)$/);
    assert(Number(name.slice(0, 10)) >= state.logFloor, "a log segment below the floor");
  }
  const archives = vfs.exists("archive") ? vfs.list("archive") : [];
  const archiveNames = [...state.archives.keys()].map(
    (archive) => `${String(archive).padStart(10, "0")}.arc`,
  );
  assert.deepEqual(archives, archiveNames.sort(), "archives that no edit names");
  const expected = ["CURRENT", manifestPath(number), "sst", "wal"];
  // The manifest before the one in force is kept for a repair.
  const names = vfs.list("").filter((name) => name !== "archive" && name !== manifestPath(number - 1));
  assert.deepEqual(names, expected, "files that nothing names");
}

/** Everything the store must show after commit `n`. */
interface State {
  readonly rows: ReadonlyMap<string, string>;
  /** One line per change record, in order. */
  readonly changes: readonly string[];
}

const states: State[] = [{ rows: new Map(), changes: [] }];

function stateAfter(n: number): State {
  for (let next = states.length; next <= n; next++) {
    const before = states[next - 1];
    assert(before !== undefined, "states are made one after the other");
    const rows = new Map(before.rows);
    const changes = [...before.changes];
    for (const { key, value } of stepsOf(next)) {
      changes.push(`${key}: ${rows.get(key)} -> ${value}`);
      if (value === undefined) rows.delete(key);
      else rows.set(key, value);
    }
    states.push({ rows, changes });
  }
  const state = states[n];
  assert(state !== undefined, "the state was just made");
  return state;
}

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** Small enough that a few dozen commits roll the log and the manifest and flush memtables. */
export const smallOptions: Omit<StoreOptions, "vfs"> = {
  memtableBytesMax: 40 << 10,
  blockBytes: 256,
  segmentBytesMax: 4 << 10,
  logFillBytes: 1 << 10,
  manifestBytesMin: 1 << 10,
  feedRetentionMs: 1e15,
  level0Files: 2,
  tableBytes: 2 << 10,
  levelBytesMin: 2 << 10,
  levelFanOut: 2,
};

/** A store driven through numbered commits, and what it has promised. */
export class Workload {
  readonly clock = new ManualClock();
  readonly #vfs: Vfs;
  readonly #options: Omit<StoreOptions, "vfs">;
  #store: LocalStore | undefined;
  /** Commits handed to the store. */
  submitted = 0;
  /** The highest commit that was acknowledged: all before it were, too. */
  acknowledged = 0;
  isSetUp = false;
  /** The newest feed position that an outcome told of. */
  lastPosition = "";
  /** Log times of the commits that were acknowledged. */
  readonly times = new Map<number, number>();

  constructor(vfs: Vfs, options: Omit<StoreOptions, "vfs"> = {}) {
    this.#vfs = vfs;
    this.#options = options;
  }

  get store(): LocalStore {
    assert(this.#store !== undefined, "the workload's store is open");
    return this.#store;
  }

  async open(): Promise<void> {
    this.#store = await openStore({ ...smallOptions, ...this.#options, clock: this.clock, vfs: this.#vfs });
  }

  async setUp(): Promise<void> {
    await this.store.createSpace(journal);
    await this.store.createSpace(base);
    await this.store.createSpace(index);
    await this.store.createFeed(feed, { shards: 1, oldValues: true });
    this.isSetUp = true;
  }

  /** Lets all compactions that are due happen. */
  async settle(): Promise<void> {
    while (this.store.counters().compactionsDue > 0 && this.store.health().state !== "failed") {
      await new Promise((resolve) => setImmediate(resolve));
      // Compactions keep to a pace.
      this.clock.advance(1);
    }
  }

  /** Lets the clock run while `work` is under way: it may wait for another attempt at something. */
  async ticking<T>(work: Promise<T>): Promise<T> {
    let isRunning = true;
    const done = work.finally(() => {
      isRunning = false;
    });
    const clock = (async () => {
      for (let waited = 0; isRunning; waited++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (waited > 50) this.clock.advance(10);
      }
    })();
    try {
      return await done;
    } finally {
      await clock;
    }
  }

  /** Goes on after the commit that a recovered store has reached. */
  continueFrom(n: number, lastPosition: string): void {
    this.lastPosition = lastPosition;
    this.submitted = n;
    this.acknowledged = n;
    this.isSetUp = true;
  }

  /** Hands the next commit in, or `n` once more. */
  async commit(n = this.submitted + 1): Promise<Outcome<undefined, never>> {
    this.submitted = Math.max(this.submitted, n);
    const outcome = await commitNumber(this.store, n);
    if (outcome.kind === "committed") {
      this.acknowledged = Math.max(this.acknowledged, n);
      this.times.set(n, outcome.time);
      for (const position of outcome.positions) {
        assert(position > this.lastPosition, "a feed position was used before");
        this.lastPosition = position;
      }
    }
    this.clock.advance(1);
    return outcome;
  }

  /** Commits, `together` at a time. */
  async commits(count: number, together: number): Promise<void> {
    for (let done = 0; done < count; done += together) {
      const running = Array.from({ length: Math.min(together, count - done) }, () => this.commit());
      for (const { kind } of await Promise.all(running)) assert.equal(kind, "committed");
    }
  }
}

const journalKey = (n: number) => `at-${String(n).padStart(6, "0")}`;
/** Of a kind that does not compress well. */
const journalValue = (n: number) => Array.from({ length: 4 }, (_, i) => Math.sin(n + i)).join();

/** Every tenth commit raises the generation to its number. */
const generationAfter = (n: number) => n - (n % 10);

function commitNumber(store: Store, n: number): Promise<Outcome<undefined, never>> {
  const steps = stepsOf(n);
  const reads = steps.map(({ key }) => ({ space: base, key }));
  return store.transact(
    { fences: [{ space: base, generation: generationAfter(n - 1) }], reads },
    (previous) => {
      const writes: Write[] = [{ space: base, key: "n", value: encode(String(n)) }];
      writes.push({ space: journal, key: journalKey(n), value: encode(journalValue(n)) });
      let rows = 0;
      let bytes = 0;
      for (const [i, { key, value }] of steps.entries()) {
        const encoded = value === undefined ? undefined : encode(value);
        writes.push({ space: base, key, value: encoded });
        writes.push({ space: index, key: `by/${key}`, value: encoded });
        rows += Number(encoded !== undefined) - Number(previous[i] !== undefined);
        bytes += (encoded?.length ?? 0) - (previous[i]?.length ?? 0);
      }
      return {
        kind: "commit",
        writes,
        changes: steps.map(({ key }) => ({
          feed,
          shard: 0,
          row: { space: base, key },
          tag: encode(`#${n}`),
        })),
        deltas: [{ space: base, rows, bytes }],
        ...(n % 10 === 0 ? { raise: [{ space: base, generation: n }] } : {}),
        result: undefined,
      };
    },
  );
}

/**
 * Restores the base space to the log time of commit `k` and checks that it shows the last commit of that time; `times` are those of all commits
 * up to the newest, `n`.
 */
export async function checkRestored(
  store: Store,
  times: ReadonlyMap<number, number>,
  k: number,
  n: number,
): Promise<void> {
  const time = times.get(k);
  assert(time !== undefined, `commit ${k} was acknowledged`);
  let last = k;
  while (last < n && times.get(last + 1) === time) last += 1;
  const copy = crypto.randomUUID();
  await store.restore({ time }, new Map([[base, copy]]));
  const rows = await readRows(store, copy);
  const state = stateAfter(last);
  assert.deepEqual(rows, new Map([...state.rows, ["n", String(last)]]), `rows at the time of commit ${k}`);
  assert.equal(store.stats(copy).rows, state.rows.size, `count of rows at the time of commit ${k}`);
  await store.dropSpace(copy);
}

export async function keepHistory(store: Store): Promise<void> {
  await store.keepHistory(base, 1e15);
}

async function readRows(store: Store, space: string): Promise<Map<string, string>> {
  const snapshot = await store.snapshot([space]);
  try {
    const page = await snapshot.range({ space, rowsMax: 1_000, bytesMax: 1e9 });
    return new Map(page.rows.map(({ key, value }) => [key, decode(value) ?? ""]));
  } finally {
    snapshot.close();
  }
}

function describeRecord({ key, oldValue, newValue }: FeedRecord): string {
  return `${key}: ${decode(oldValue)} -> ${decode(newValue)}`;
}

/**
 * Checks that a store shows exactly the state after some commit `n` between `acknowledged` and `submitted`: rows, index, counts,
 * generation and change records, all of the same `n`. Returns `n`.
 */
export async function checkState(
  store: Store,
  acknowledged: number,
  submitted: number,
  isSetUp: boolean,
): Promise<number> {
  const spaces = store.spaces();
  if (!isSetUp && (!spaces.includes(base) || !spaces.includes(index))) {
    assert.equal(acknowledged, 0, "nothing can be acknowledged before the spaces are there");
    return 0;
  }
  assert(spaces.includes(base) && spaces.includes(index) && spaces.includes(journal), "the spaces are there");
  const rows = await readRows(store, base);
  const n = Number(rows.get("n") ?? 0);
  rows.delete("n");
  assert(n >= acknowledged, `commit ${acknowledged} was acknowledged, but the store ends at ${n}`);
  assert(n <= submitted, `the store ends at ${n}, but only ${submitted} commits were handed in`);
  const state = stateAfter(n);
  assert.deepEqual(rows, state.rows, `the rows are those after commit ${n}`);
  for (let i = 0; i < keyCount; i++) {
    const entry = decode(await store.get(index, `by/row-${i}`));
    assert.equal(entry, state.rows.get(`row-${i}`), `index entry ${i} is that after commit ${n}`);
  }
  const entries = Array.from({ length: n }, (_, i) => [journalKey(i + 1), journalValue(i + 1)] as const);
  assert.deepEqual(await readRows(store, journal), new Map(entries), `the journal ends with commit ${n}`);
  let bytes = 0;
  for (const value of state.rows.values()) bytes += value.length;
  assert.deepEqual(store.stats(base), { rows: state.rows.size, bytes }, "the counts are exact");
  assert.equal(store.generation(base), generationAfter(n), "the generation comes with its commit");
  if (!isSetUp && n === 0) return n;
  const page = await store.readFeed(feed, 0, "", 100_000);
  assert.deepEqual(page.records.map(describeRecord), state.changes, `the feed ends with commit ${n}`);
  assert.equal(page.head, page.records.at(-1)?.position ?? "", "the head is the newest record");
  return n;
}
