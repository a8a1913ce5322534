import assert from "node:assert/strict";
import { type LocalStore, openStore, type StoreOptions } from "../../../storage/index.ts";
import { checkTables } from "../engine/crash-images.ts";
import { Consumer, copiedCommit, startClients } from "./clients.ts";
import { type Death, isOfTheDisk, Machine } from "./disk.ts";
import { Ledger } from "./ledger.ts";
import { base, counterKey, decode, feed, index, Session, shardCount } from "./session.ts";
import { World } from "./world.ts";

export interface SimulationResult {
  readonly trace: string;
  readonly commits: number;
  readonly actions: number;
  readonly processes: number;
  readonly deaths: Readonly<Record<string, number>>;
}

type Options = Omit<StoreOptions, "vfs" | "clock" | "random">;

/** How a process comes to its end. */
type End = "close" | Death;

/** Some processes in turn on one machine, each with its clients, each ended somehow; all promises are held against the store after each. */
export class Simulation {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #options: Options;
  readonly #ledger = new Ledger();
  readonly #deaths: Record<string, number> = {};
  /** Whether the power has been cut since the last check. */
  #wasCut = false;
  #actions = 0;
  #processes = 0;

  constructor(seed: number) {
    this.#world = new World(seed);
    this.#machine = new Machine(this.#world);
    this.#options = randomOptions(this.#world);
  }

  async run(processes: number, actions: number): Promise<SimulationResult> {
    while (this.#processes < processes) {
      this.#processes += 1;
      await this.#life(actions);
    }
    // Once more, undisturbed: the end has to be right.
    const session = await this.#open(false);
    assert(session !== undefined, "an undisturbed start succeeds");
    await this.#until(session, this.#check(session), "the last check");
    await this.#until(session, session.store.close(), "the last close");
    return {
      trace: this.#world.trace,
      commits: this.#ledger.model.decided,
      actions: this.#actions,
      processes: this.#processes,
      deaths: this.#deaths,
    };
  }

  /** From a start to an end. */
  async #life(actions: number): Promise<void> {
    const world = this.#world;
    const session = await this.#open(world.chance() < 0.3);
    if (session === undefined) return;
    const { process } = session;
    const checking = this.#check(session);
    await this.#until(session, checking, "the check after a start");
    if (!process.alive) return;
    const end = world.pick<End>(["close", "kill", "cut", "cut"]);
    if (end !== "close" && world.chance() < 0.7) this.#machine.dieAfter(world.below(actions * 6), end);
    startClients(session);
    if (world.chance() < 0.5) void this.#trouble(session);
    let hasFailed = false;
    void session.store.failed.then(() => {
      hasFailed = true;
    });
    const isOver = () =>
      !process.alive || hasFailed || session.error !== undefined || session.actions >= actions;
    await world.run(isOver, "clients at work");
    if (session.error !== undefined) throw session.error;
    this.#actions += session.actions;
    session.ended = true;
    if (hasFailed && process.alive) this.#die(world.pick<Death>(["kill", "cut"]), "failed");
    else if (process.alive && end !== "close") this.#die(end, end);
    else if (process.alive) await this.#close(session);
    else this.#noteDeath(this.#machine.death, this.#machine.death);
  }

  #die(death: Death, name: string): void {
    this.#machine.die(death);
    this.#noteDeath(death, name);
  }

  #noteDeath(end: End, name: string): void {
    if (end === "cut") this.#wasCut = true;
    this.#deaths[name] = (this.#deaths[name] ?? 0) + 1;
  }

  async #close(session: Session): Promise<void> {
    const { model } = this.#ledger;
    try {
      await this.#until(session, session.store.close(), "a close");
      if (!session.process.alive) return;
      if (session.error !== undefined) throw session.error;
      model.durable = model.seen;
      this.#noteDeath("close", "close");
    } catch (error) {
      if (!isOfTheDisk(error) || !this.#machine.hasHadFaults) throw error;
      this.#noteDeath("kill", "failed close");
    }
  }

  /** A disk that is full for a while, a sync that fails. */
  async #trouble(session: Session): Promise<void> {
    const world = this.#world;
    await session.sleep(world.chance() * 100);
    if (world.chance() < 0.5) {
      this.#machine.fill();
      await session.sleep(world.chance() * 3_000);
      this.#machine.isFull = false;
    } else this.#machine.failNextSync();
  }

  /** A new process; undefined when it died while it started. */
  async #open(mayDie: boolean): Promise<Session | undefined> {
    const world = this.#world;
    const vfs = this.#machine.start();
    const { process } = this.#machine;
    if (mayDie) this.#machine.dieAfter(world.below(40), world.pick<Death>(["kill", "cut"]));
    world.note("open");
    const opening = openStore({
      ...this.#options,
      vfs,
      clock: world.clockOf(process),
      random: world.randomBytes,
    });
    let store: LocalStore | undefined;
    let failure: unknown;
    opening.then(
      (opened) => {
        store = opened;
      },
      (error: unknown) => {
        failure = error;
      },
    );
    await world.run(() => !process.alive || store !== undefined || failure !== undefined, "a start");
    if (!process.alive) {
      this.#noteDeath(this.#machine.death, "in a start");
      return undefined;
    }
    if (store === undefined) throw new Error("the store does not open", { cause: failure });
    this.#machine.dieAfter(Number.POSITIVE_INFINITY, "kill");
    return new Session(world, this.#machine, store, this.#ledger);
  }

  /** Lets the world go on until `work` is done, or the process is dead. */
  async #until(session: Session, work: Promise<void>, what: string): Promise<void> {
    let isDone = false;
    let failure: unknown;
    work.then(
      () => {
        isDone = true;
      },
      (error: unknown) => {
        isDone = true;
        failure = error;
      },
    );
    await this.#world.run(() => isDone || !session.process.alive, what);
    if (isDone && session.process.alive && failure !== undefined) throw failure;
  }

  /** After a start: exactly the state after one commit, and that not too early; spaces, feed, checkpoints and files as promised. */
  async #check(session: Session): Promise<void> {
    const { store } = session;
    const { model } = this.#ledger;
    checkTables(this.#machine.disk);
    await this.#checkSpaces(session);
    const number = Number(decode(await session.answer(store.get(base, counterKey))) ?? 0);
    const promised = this.#wasCut && this.#options.durability?.mode !== "sync" ? model.durable : model.seen;
    assert(number >= promised, `commit ${promised} was promised, and the store ends at ${number}`);
    assert(
      number <= model.decided,
      `the store ends at commit ${number}, and only ${model.decided} were decided`,
    );
    this.#wasCut = false;
    model.commits.length = number;
    model.seen = number;
    model.durable = number;
    this.#ledger.beginProcess();
    assert.equal(store.generation(base), model.generationAt(number), "the generation");
    for (const [id, state] of this.#ledger.spaces) {
      if (state === "there")
        await session.checkRows(id, model.rowsAt(number, id), `space ${id} at commit ${number}`);
    }
    for (let shard = 0; shard < shardCount; shard++) await new Consumer(session, shard).readAll();
    this.#checkCheckpoints(session);
  }

  async #checkSpaces(session: Session): Promise<void> {
    const { store } = session;
    const { spaces, model, copies } = this.#ledger;
    for (const id of store.spaces()) assert(spaces.has(id), `the space ${id} comes from nowhere`);
    for (const [id, state] of spaces) {
      const isThere = store.spaces().includes(id);
      if (state !== "asked") assert.equal(isThere, state === "there", `the space ${id}`);
      else if (isThere) {
        const original = copies.get(id);
        if (original !== undefined) {
          const number = await copiedCommit(session, id, original);
          model.filled.set(id, model.rowsAt(number, original));
        } else if (store.stats(id).rows === 0) model.filled.delete(id);
      }
      spaces.set(id, isThere ? "there" : "gone");
      if (!isThere) model.filled.delete(id);
    }
    for (const id of [base, index]) {
      if (spaces.get(id) === "there") continue;
      spaces.set(id, "asked");
      await session.answer(store.createSpace(id));
      spaces.set(id, "there");
    }
    if (this.#ledger.hasHistory)
      for (const id of [base, index]) assert(store.history(id) !== undefined, "the past is kept");
    if (this.#ledger.hasFeed) assert(store.feeds().includes(feed), "the feed");
    await session.answer(store.createFeed(feed, { shards: shardCount, oldValues: true }));
    this.#ledger.hasFeed = true;
  }

  #checkCheckpoints({ store }: Session): void {
    const found = new Map(store.checkpoints().map((info) => [info.id, info]));
    const { checkpoints } = this.#ledger;
    for (const [id, { info, state }] of checkpoints) {
      if (state !== "asked") assert.equal(found.has(id), state === "there", `the checkpoint ${id}`);
      checkpoints.set(id, { info, state: found.has(id) ? "there" : "gone" });
    }
    // One that was made when its process died.
    for (const [id, info] of found) if (!checkpoints.has(id)) checkpoints.set(id, { info, state: "there" });
  }
}

/** Everything so small that it happens often. */
function randomOptions(world: World): Options {
  return {
    durability: world.pick([
      { mode: "sync" },
      { mode: "sync" },
      { mode: "interval", intervalMs: 1 + world.below(40) },
      { mode: "off" },
    ]),
    memtableBytesMax: world.pick([32, 48, 96]) << 10,
    blockBytes: world.pick([128, 256, 1024]),
    segmentBytesMax: world.pick([2, 4, 16]) << 10,
    logFillBytes: world.pick([0, 1 << 10]),
    logLagBytesMax: world.pick([8 << 10, 64 << 20]),
    manifestBytesMin: world.pick([512, 2 << 10]),
    cacheBytesMax: world.pick([0, 4 << 10, 1 << 20]),
    feedRetentionMs: 1e15,
    historyBytesMax: 1 << 30,
    historyCheckpointBytes: world.pick([4, 64]) << 10,
    compaction: world.chance() < 0.9,
    level0Files: world.pick([2, 4]),
    tableBytes: world.pick([2, 8]) << 10,
    levelBytesMin: world.pick([2, 16]) << 10,
    levelFanOut: world.pick([2, 4]),
  };
}
