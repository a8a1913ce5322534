import assert from "node:assert/strict";
import type { LocalStore, Snapshot, Write } from "../../../storage/index.ts";
import { randomId } from "../../../storage/random.ts";
import type { Machine } from "./disk.ts";
import { isOfTheDisk } from "./disk.ts";
import type { Ledger } from "./ledger.ts";
import { type ModelCommit, type ModelWrite, type Rows, statsOf } from "./model.ts";
import type { Process, World } from "./world.ts";

export const base = "00000000-0000-4000-8000-000000000001";
export const index = "00000000-0000-4000-8000-000000000002";
export const feed = "00000000-0000-4000-8000-00000000000f";
export const shardCount = 2;
export const counterKey = "n";
export const indexKey = (key: string) => `by/${key}`;
/** The key's last character is a digit. */
export const shardOf = (key: string) => Number(key.at(-1)) % shardCount;

const encode = (text: string) => new TextEncoder().encode(text);
export const decode = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** What a transaction wants to write into one space: key to value, undefined for a delete. Undefined as a whole: nothing. */
export type Plan = ReadonlyMap<string, string | undefined> | undefined;

export interface TransactionOptions {
  /** Only if this is the generation of the base space still; the commit raises it by one. */
  readonly generation?: number;
}

/** One process with an open store, and everything its clients have been told; each answer is held against the ledger at once. */
export class Session {
  readonly world: World;
  readonly machine: Machine;
  readonly process: Process;
  readonly store: LocalStore;
  readonly ledger: Ledger;
  /** Clients stop here. */
  error: unknown;
  ended = false;
  actions = 0;

  constructor(world: World, machine: Machine, store: LocalStore, ledger: Ledger) {
    this.world = world;
    this.machine = machine;
    this.process = machine.process;
    this.store = store;
    this.ledger = ledger;
  }

  newId(): string {
    return randomId(this.world.randomBytes);
  }

  /** Waits for an answer; a process that has died meanwhile never gets it. */
  async answer<T>(promise: Promise<T>): Promise<T> {
    const [settled] = await Promise.allSettled([promise]);
    if (!this.process.alive) await new Promise(() => {});
    if (settled.status === "rejected") throw settled.reason;
    return settled.value;
  }

  sleep(ms: number): Promise<void> {
    return this.world.sleep(this.process, ms);
  }

  /** Repeats an action until the session ends. Full disks and failed stores are waited out; anything else is a finding. */
  async repeat(name: string, pauseMs: number, action: () => Promise<void>): Promise<void> {
    while (!this.ended) {
      await this.sleep(this.world.chance() * pauseMs);
      if (this.ended) return;
      this.world.note(name);
      try {
        await action();
        this.actions += 1;
      } catch (error) {
        if (!this.process.alive) return;
        const isTolerated = isOfTheDisk(error) && (this.machine.hasHadFaults || this.ended);
        if (!isTolerated) {
          this.error ??= new Error(`client "${name}"`, { cause: error });
          return;
        }
        await this.sleep(100);
      }
    }
  }

  /**
   * One transaction on one space, which counts the commits in the base space's row "n". In the base space every row has its entry in
   * the index, and every change a record in the feed.
   */
  async transact(
    space: string,
    keys: readonly string[],
    plan: (values: readonly (string | undefined)[]) => Plan,
    { generation }: TransactionOptions = {},
  ): Promise<void> {
    const { model } = this.ledger;
    const reads = [counterKey, ...keys].map((key, i) => ({ space: i === 0 ? base : space, key }));
    const fences = generation === undefined ? [] : [{ space: base, generation }];
    let decided: { number: number; commit: ModelCommit } | undefined;
    const outcome = await this.answer(
      this.store.transact({ fences, reads }, (previous, time) => {
        const [counter, ...values] = previous.map(decode);
        const before = Number(counter ?? 0);
        const planned = plan(values);
        if (planned === undefined) return { kind: "refuse", reason: before };
        const batch = new Batch(space, before + 1, new Map(keys.map((key, i) => [key, values[i]])), counter);
        for (const [key, value] of planned) batch.write(key, value);
        const raised = generation === undefined ? undefined : generation + 1;
        const commit = { writes: batch.modelWrites, changes: batch.lines, generation: raised, time };
        decided = { number: model.decide(before, commit), commit };
        return {
          ...batch.commit(),
          ...(raised === undefined ? {} : { raise: [{ space: base, generation: raised }] }),
        };
      }),
    );
    this.world.note(outcome.kind);
    if (outcome.kind === "committed") {
      assert(
        decided !== undefined && model.commits[decided.number - 1] === decided.commit,
        "the commit stands",
      );
      model.see(decided.number);
      this.ledger.notePositions(decided.commit, outcome.positions);
    } else if (outcome.kind === "refused") model.see(outcome.reason);
    else if (outcome.kind === "stale") assert(generation !== undefined, "only fences make stale");
    else {
      assert(outcome.kind !== "conflict", "this store has no conflicts");
      assert(this.machine.hasHadFaults || this.ended, `${outcome.kind} for no reason: ${outcome.cause}`);
      if (outcome.kind === "unavailable" && decided !== undefined) model.lose(decided.number, decided.commit);
      await this.sleep(100);
    }
  }

  /** All rows of a space, in small pages, with pauses. */
  async readAll(snapshot: Snapshot, space: string, reverse: boolean): Promise<Rows> {
    const found: [string, string][] = [];
    for (;;) {
      const last = found.at(-1)?.[0];
      const bounds = last === undefined ? {} : reverse ? { lt: last } : { gt: last };
      const rowsMax = 1 + this.world.below(60);
      const page = await this.answer(
        snapshot.range({
          ...{ space, ...bounds, reverse, rowsMax, bytesMax: 1 + this.world.below(20_000) },
          transient: rowsMax % 2 === 0,
        }),
      );
      for (const { key, value } of page.rows) found.push([key, decode(value) ?? ""]);
      page.release();
      if (!page.more) break;
      if (this.world.chance() < 0.3) await this.sleep(this.world.chance() * 5);
    }
    return new Map(reverse ? found.reverse() : found);
  }

  /** A space holds exactly these rows, forward or backward, and its counts are exact if nobody writes to it. */
  async checkRows(space: string, expected: ReadonlyMap<string, string>, what: string): Promise<void> {
    const snapshot = await this.answer(this.store.snapshot([space]));
    const rows = await this.readAll(snapshot, space, this.world.chance() < 0.5);
    snapshot.close();
    assert.deepEqual([...rows], [...expected], what);
    assert.deepEqual(this.store.stats(space), statsOf(expected), `${what}: the counts`);
  }
}

/** What one commit writes, for the store and for the model. */
class Batch {
  readonly #space: string;
  readonly #number: number;
  readonly #previous: ReadonlyMap<string, string | undefined>;
  readonly #writes: Write[] = [];
  readonly #changed: string[] = [];
  readonly #deltas = new Map<string, { rows: number; bytes: number }>();
  readonly modelWrites: ModelWrite[] = [];
  readonly lines: { shard: number; line: string }[] = [];

  constructor(
    space: string,
    number: number,
    previous: ReadonlyMap<string, string | undefined>,
    counter: string | undefined,
  ) {
    this.#space = space;
    this.#number = number;
    this.#previous = previous;
    this.#put(base, counterKey, counter, String(number));
    this.#put(index, indexKey(counterKey), counter, String(number));
  }

  write(key: string, value: string | undefined): void {
    const old = this.#previous.get(key);
    this.#put(this.#space, key, old, value);
    if (this.#space !== base) return;
    this.#put(index, indexKey(key), old, value);
    this.#changed.push(key);
    this.lines.push({ shard: shardOf(key), line: lineOf(this.#number, key, old, value) });
  }

  #put(space: string, key: string, old: string | undefined, value: string | undefined): void {
    this.#writes.push({ space, key, value: value === undefined ? undefined : encode(value) });
    this.modelWrites.push({ space, key, value });
    const delta = this.#deltas.get(space) ?? { rows: 0, bytes: 0 };
    delta.rows += Number(value !== undefined) - Number(old !== undefined);
    delta.bytes += (value?.length ?? 0) - (old?.length ?? 0);
    this.#deltas.set(space, delta);
  }

  commit() {
    return {
      kind: "commit" as const,
      writes: this.#writes,
      changes: this.#changed.map((key) => ({
        feed,
        shard: shardOf(key),
        row: { space: base, key },
        tag: encode(String(this.#number)),
      })),
      deltas: [...this.#deltas].map(([space, delta]) => ({ space, ...delta })),
      result: undefined,
    };
  }
}

/** A change record in words. */
export const lineOf = (number: number, key: string, old: string | undefined, value: string | undefined) =>
  `${number} ${key}: ${old} -> ${value}`;
