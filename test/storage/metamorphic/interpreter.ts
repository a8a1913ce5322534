import assert from "node:assert/strict";
import {
  type CheckpointInfo,
  type LocalStore,
  type Position,
  type Snapshot,
  StorageError,
  type Store,
  type Write,
} from "../../../storage/index.ts";
import type { Configuration, Home } from "./configurations.ts";
import type { Operation, Transaction } from "./operations.ts";

/** What is the same in all configurations: no time, and no position but by its place in its shard. */
export type Answer = string;

const feed = "00000000-0000-4000-8000-00000000000f";
const shards = 2;
const spaceId = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const keyName = (n: number) => `key-${String(n).padStart(3, "0")}`;
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (value: Uint8Array | undefined) =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** A value in few letters. */
const brief = (text: string | undefined) =>
  text === undefined ? "-" : `${text.slice(0, 10)}/${text.length}`;

const isLocal = (store: Store): store is LocalStore => "counters" in store;

/** Does a list of operations on a store of one configuration, and keeps the answers. */
export class Interpreter {
  readonly answers: Answer[] = [];
  /** What the engine did beside, where one is at work. */
  readonly work = { flushes: 0, merges: 0 };
  readonly #configuration: Configuration;
  readonly #home: Home;
  #store: Store;
  #spacesMade = 0;
  #commits = 0;
  readonly #spaces: string[] = [];
  readonly #snapshots: { readonly snapshot: Snapshot; readonly spaces: readonly string[] }[] = [];
  readonly #checkpoints: CheckpointInfo[] = [];
  /** Of the records of each shard that were read, in order. */
  readonly #positions: Position[][] = Array.from({ length: shards }, () => []);

  private constructor(configuration: Configuration, home: Home, store: Store) {
    this.#configuration = configuration;
    this.#home = home;
    this.#store = store;
  }

  static async run(configuration: Configuration, operations: readonly Operation[]): Promise<Interpreter> {
    const home = configuration.home();
    const store = await home.open();
    const run = new Interpreter(configuration, home, store);
    try {
      await store.createFeed(feed, { shards, oldValues: true });
      for (const operation of operations) run.answers.push(await run.#answer(operation));
      run.#noteWork();
      await run.#store.close();
      return run;
    } finally {
      home.remove();
    }
  }

  #noteWork(): void {
    if (!isLocal(this.#store)) return;
    const { flushes, merges } = this.#store.counters();
    this.work.flushes += flushes;
    this.work.merges += merges;
  }

  async #answer(operation: Operation): Promise<Answer> {
    try {
      return await this.#perform(operation);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      return `error: ${error.kind}`;
    }
  }

  async #perform(operation: Operation): Promise<Answer> {
    switch (operation.do) {
      case "commit":
        return this.#commit(operation.together);
      case "get":
        return brief(decode(await this.#store.get(this.#space(operation.space), keyName(operation.key))));
      case "range":
        return this.#range(operation);
      case "takeSnapshot":
        return this.#takeSnapshot();
      case "closeSnapshot":
        return this.#closeSnapshot(operation.snapshot);
      case "createSpace":
        return this.#createSpace();
      case "dropSpace":
        return this.#dropSpace(operation.space);
      case "readFeed":
        return this.#readFeed(operation.shard, operation.after, operation.limit);
      case "load":
        return this.#load(operation.rows, operation.bytes);
      case "checkpoint":
        return this.#checkpoint();
      case "restore":
        return this.#restore(operation.checkpoint);
      case "figures":
        return this.#figures();
      case "rest":
        return this.#rest();
      case "reopen":
        return this.#reopen();
    }
  }

  /** Some of the spaces that there are; now and then none, that is, one that never was. */
  #space(n: number): string {
    return this.#spaces[n % (this.#spaces.length + 1)] ?? spaceId(999_999);
  }

  async #commit(together: readonly Transaction[]): Promise<Answer> {
    const attempts = together.map((transaction) => this.#transaction(transaction, ++this.#commits));
    const answers: string[] = [];
    if (this.#configuration.isUnordered === true)
      for (const attempt of attempts) answers.push(await attempt());
    else answers.push(...(await Promise.all(attempts.map((attempt) => attempt()))));
    return answers.join("; ");
  }

  /** Prepares a transaction in the state of now. */
  #transaction({ writes, condition, fence, reports }: Transaction, number: number): () => Promise<string> {
    const rows = new Map<string, { space: string; key: string; bytes: number | undefined }>();
    for (const { space: n, key, bytes } of writes) {
      const row = { space: this.#space(n), key: keyName(key), bytes };
      rows.set(`${row.space}/${row.key}`, row);
    }
    const list = [...rows.values()];
    const [first] = list;
    assert(first !== undefined, "a transaction writes something");
    const generation = this.#store.generation(first.space);
    const fences =
      fence === undefined ? [] : [{ space: first.space, generation: generation + Number(fence === "wrong") }];
    const raise = fence === "raise" ? { raise: [{ space: first.space, generation: generation + 1 }] } : {};
    const newValue = (bytes: number | undefined, i: number) =>
      bytes === undefined
        ? undefined
        : encode(`${number}.${i}:`.padEnd(bytes, String.fromCharCode(97 + (number % 26))));
    const attempt = async (): Promise<string> => {
      const outcome = await this.#store.transact({ fences, reads: list }, (previous) => {
        const seen = previous.map((value) => brief(decode(value))).join(",");
        const isThere = previous[0] !== undefined;
        if (condition !== undefined && isThere !== (condition === "present"))
          return { kind: "refuse", reason: seen };
        const values: Write[] = list.map(({ space, key, bytes }, i) => ({
          space,
          key,
          value: newValue(bytes, i),
        }));
        const deltas = values.map(({ space, value }, i) => ({
          space,
          rows: Number(value !== undefined) - Number(previous[i] !== undefined),
          bytes: (value?.length ?? 0) - (previous[i]?.length ?? 0),
        }));
        const change = { feed, shard: number % shards, row: first, tag: encode(`#${number}`) };
        return {
          kind: "commit",
          writes: values,
          deltas,
          ...(reports ? { changes: [change] } : {}),
          ...raise,
          result: seen,
        };
      });
      if (outcome.kind === "conflict") return attempt();
      if (outcome.kind === "committed") return `committed ${outcome.result} ${outcome.positions.length}`;
      if (outcome.kind === "refused") return `refused ${outcome.reason}`;
      return outcome.kind;
    };
    return () =>
      attempt().catch((error) =>
        error instanceof StorageError ? `error: ${error.kind}` : Promise.reject(error),
      );
  }

  async #range({
    space,
    from,
    to,
    reverse,
    rowsMax,
    bytesMax,
    snapshot: n,
  }: Operation & { do: "range" }): Promise<Answer> {
    const given = n === undefined ? undefined : this.#snapshots[n % Math.max(1, this.#snapshots.length)];
    const spaces = given?.spaces ?? this.#spaces;
    const id = spaces[space % Math.max(1, spaces.length)];
    if (id === undefined) return "nothing";
    const snapshot = given?.snapshot ?? (await this.#store.snapshot([id]));
    const [low, high] = [keyName(Math.min(from, to)), keyName(Math.max(from, to))];
    const pages: string[] = [];
    let last: string | undefined;
    for (;;) {
      const bounds = reverse
        ? { ge: low, ...(last === undefined ? { le: high } : { lt: last }) }
        : { le: high, ...(last === undefined ? { ge: low } : { gt: last }) };
      // A page must say the same whether its memory is lent or not: half of them are.
      const transient = rowsMax % 2 === 0;
      const page = await snapshot.range({ space: id, ...bounds, reverse, rowsMax, bytesMax, transient });
      last = page.rows.at(-1)?.key ?? last;
      // Whether a page ends exactly at the end of its range is not always known.
      if (page.rows.length > 0)
        pages.push(page.rows.map(({ key, value }) => `${key} ${brief(decode(value))}`).join(","));
      page.release();
      if (!page.more) break;
    }
    if (given === undefined) snapshot.close();
    return pages.join(" | ");
  }

  async #takeSnapshot(): Promise<Answer> {
    const spaces = [...this.#spaces];
    this.#snapshots.push({ snapshot: await this.#store.snapshot(spaces), spaces });
    return "taken";
  }

  #closeSnapshot(n: number): Answer {
    const [given] = this.#snapshots.splice(n % Math.max(1, this.#snapshots.length), 1);
    given?.snapshot.close();
    return given === undefined ? "nothing" : "closed";
  }

  async #createSpace(): Promise<Answer> {
    const id = spaceId(++this.#spacesMade);
    await this.#store.createSpace(id);
    this.#spaces.push(id);
    return "created";
  }

  async #dropSpace(n: number): Promise<Answer> {
    if (this.#spaces.length < 2) return "nothing";
    const [id] = this.#spaces.splice(n % this.#spaces.length, 1);
    if (id !== undefined) await this.#store.dropSpace(id);
    return "dropped";
  }

  async #readFeed(shard: number, afterRank: number, limit: number): Promise<Answer> {
    const known = this.#positions[shard] ?? [];
    const start = afterRank % (known.length + 1);
    const lines: string[] = [];
    let rank = start;
    let after = known[start - 1] ?? "";
    let lastTime = 0;
    while (lines.length < limit) {
      const page = await this.#store.readFeed(feed, shard, after, limit - lines.length);
      assert.equal(page.next, page.records.at(-1)?.position ?? after, "the next page begins after this one");
      if (page.records.length === 0) break;
      for (const { position, time, space, key, tag, oldValue, newValue } of page.records) {
        assert(position > after && time >= lastTime, "positions grow, and time does not go back");
        known[rank] ??= position;
        assert.equal(known[rank], position, "a record keeps its position");
        lines.push(`${space} ${key} ${decode(tag)} ${brief(decode(oldValue))} ${brief(decode(newValue))}`);
        [after, lastTime] = [position, time];
        rank += 1;
      }
    }
    return `${start}: ${lines.join(", ")}`;
  }

  async #load(count: number, bytes: number): Promise<Answer> {
    const id = spaceId(++this.#spacesMade);
    await this.#store.createSpace(id);
    const rows = Array.from({ length: count }, (_, n) => ({
      key: keyName(n),
      value: encode(`loaded ${n}`.padEnd(bytes, "l")),
    }));
    const total = rows.reduce((sum, { value }) => sum + value.length, 0);
    await this.#store.bulkLoad(id, rows, { rows: count, bytes: total });
    this.#spaces.push(id);
    return "loaded";
  }

  async #checkpoint(): Promise<Answer> {
    this.#checkpoints.push(await this.#store.checkpoint([...this.#spaces]));
    return "made";
  }

  async #restore(n: number): Promise<Answer> {
    const checkpoint = this.#checkpoints[n % Math.max(1, this.#checkpoints.length)];
    if (checkpoint === undefined) return "nothing";
    const targets = new Map(checkpoint.spaces.map((space) => [space, spaceId(++this.#spacesMade)]));
    await this.#store.restore(checkpoint, targets);
    this.#spaces.push(...targets.values());
    // Not for ever more spaces.
    for (const old of this.#spaces.splice(0, Math.max(0, this.#spaces.length - 6)))
      await this.#store.dropSpace(old);
    return `restored ${targets.size}`;
  }

  #figures(): Answer {
    const spaces = [...this.#store.spaces()].sort();
    return spaces
      .map((id) => {
        const { rows, bytes } = this.#store.stats(id);
        return `${id} ${rows} ${bytes} ${this.#store.generation(id)}`;
      })
      .join(", ");
  }

  /** Flushes and compactions get their time. */
  async #rest(): Promise<Answer> {
    for (let i = 0; i < 200; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      if (!isLocal(this.#store) || this.#store.counters().compactionsDue === 0) break;
    }
    return "rested";
  }

  async #reopen(): Promise<Answer> {
    for (const { snapshot } of this.#snapshots.splice(0)) snapshot.close();
    this.#noteWork();
    if (isLocal(this.#store)) await this.#store.close();
    this.#store = await this.#home.open();
    return "reopened";
  }
}
