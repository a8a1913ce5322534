import { type Clock, nextTurn } from "./clock.ts";
import { CommitGroup, PendingOutcome } from "./commit-group.ts";
import { isNoSpace, type StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { Log } from "./log.ts";
import type { Durability } from "./options.ts";
import type { Outcome } from "./store.ts";
import { WriteStall } from "./write-stall.ts";

/** A forming group larger than this takes no further commits until the one before it is written. */
const groupBytesMax = 8 << 20;
/** While the disk is full: how often to try whether it still is, and for how much room. */
const probeIntervalMs = 1_000;
const probeBytes = 256 << 10;

export interface GroupCommitOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly durability: Durability;
  readonly health: StoreHealth;
  readonly lastSequence: number;
  readonly lastTime: number;
  /** The group's commits are visible from now on; its frame lies at `offset` of the active segment. Before any caller is answered. */
  readonly onVisible: (group: CommitGroup, offset: number) => void;
  /** Everything above this sequence was lost and must go from the memtables. */
  readonly onRollBack: (visibleSequence: number) => void;
}

/**
 * Puts commits into the log in groups: all that come while the event loop turns, or while a sync is under way, share one frame, one
 * write and one sync, and the next group forms meanwhile. Keeps the two horizons: `lastSequence`, the newest commit that was decided, and
 * `visibleSequence`, the newest that may be read and answered.
 */
export class GroupCommit {
  /** For the group before it to be written. */
  readonly stall: WriteStall;
  readonly #options: GroupCommitOptions;
  readonly #log: Log;
  readonly #health: StoreHealth;
  #forming = new CommitGroup();
  #flying = new CommitGroup();
  /** A run will start in this turn; one is under way; the promise of the last one. */
  #scheduled = false;
  #active = false;
  #run: Promise<void> = Promise.resolve();
  #lastSequence: number;
  #visibleSequence: number;
  #lastTime: number;
  #cancelSync: (() => void) | undefined;
  #cancelProbe: (() => void) | undefined;
  #groups = 0;
  #commits = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.stall = new WriteStall(options.clock);
    this.#log = options.log;
    this.#health = options.health;
    this.#lastSequence = options.lastSequence;
    this.#visibleSequence = options.lastSequence;
    this.#lastTime = options.lastTime;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  get visibleSequence(): number {
    return this.#visibleSequence;
  }

  /** Groups written since the start, and commits in them. */
  get groupCount(): number {
    return this.#groups;
  }

  get commitCount(): number {
    return this.#commits;
  }

  /** The log time that a commit decided now would carry: it never goes back. */
  time(): number {
    const now = Math.trunc(this.#options.clock.now());
    if (now > this.#lastTime) this.#lastTime = now;
    return this.#lastTime;
  }

  /** Resolves when there is room for another commit; undefined when there is room now. */
  waitForRoom(): Promise<void> | undefined {
    if (this.#forming.frame.payloadEnd < groupBytesMax) return undefined;
    return this.stall.wait();
  }

  /** Opens the next commit. The caller adds its records to the returned group's frame and calls `end`, all in one synchronous stretch. */
  begin(time: number): CommitGroup {
    const group = this.#forming;
    const sequence = this.#lastSequence + 1;
    this.#lastSequence = sequence;
    if (group.isEmpty) {
      group.firstSequence = sequence;
      group.firstTime = time;
      this.#schedule();
    }
    group.lastSequence = sequence;
    group.lastTime = time;
    group.frame.beginCommit(time - group.firstTime);
    return group;
  }

  /** Closes the commit; the outcome is handed out when it is visible. */
  end<T, R>(outcome: Outcome<T, R>): Promise<Outcome<T, R>> {
    const group = this.#forming;
    group.frame.endCommit();
    return new Promise((resolve) => {
      group.outcomes.push(new PendingOutcome(outcome, true, resolve));
    });
  }

  /** Hands out an outcome that wrote nothing as soon as `seen`, the newest sequence it rests on, is visible. */
  observe<T, R>(seen: number, outcome: Outcome<T, R>): Promise<Outcome<T, R>> {
    if (seen <= this.#visibleSequence) return Promise.resolve(outcome);
    const isForming = !this.#forming.isEmpty && seen >= this.#forming.firstSequence;
    const group = isForming ? this.#forming : this.#flying;
    return new Promise((resolve) => {
      group.outcomes.push(new PendingOutcome(outcome, false, resolve));
    });
  }

  /** Resolves when everything up to `sequence`, which must be visible, is durable. A sync that fails is the store's last. */
  async makeDurable(sequence: number): Promise<void> {
    if (this.#log.durableSequence >= sequence) return;
    if (this.#health.isFailed) throw this.#health.writeRefusal();
    try {
      await this.#log.sync();
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Resolves when every commit that was begun has been answered. */
  async drain(): Promise<void> {
    while (this.#active || this.#scheduled) await (this.#active ? this.#run : nextTurn(this.#options.clock));
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
  }

  /** Every commit of this turn of the event loop shall join: requests arrive as callbacks of their own. */
  #schedule(): void {
    if (this.#scheduled || this.#active) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      this.#active = true;
      this.#run = this.#writeGroups();
    });
  }

  async #writeGroups(): Promise<void> {
    try {
      while (!this.#forming.isEmpty) {
        const group = this.#forming;
        this.#forming = this.#flying;
        this.#flying = group;
        this.stall.end();
        if (await this.#write(group)) await nextTurn(this.#options.clock);
      }
    } catch (error) {
      this.fail(error);
    }
    // In the same stretch as the last look at the forming group: whoever begins another one finds that nobody is running.
    this.#active = false;
  }

  /** Writes, syncs and publishes one group; false when it was lost. */
  async #write(group: CommitGroup): Promise<boolean> {
    let offset: number;
    try {
      if (this.#log.needsRoll(group.frame.payloadEnd)) {
        await this.#log.roll(group.firstSequence, group.firstTime);
        // Meanwhile the manifest may have failed, and the group was answered.
        if (this.#health.isFailed) return false;
      }
      offset = this.#log.append(group.frame, group);
    } catch (error) {
      if (isNoSpace(error)) this.#outOfSpace(error);
      else this.fail(error);
      return false;
    }
    if (this.#options.durability.mode === "sync") {
      try {
        await this.#log.sync();
      } catch (error) {
        this.fail(error);
        return false;
      }
    }
    if (this.#health.isFailed) return false;
    this.#publish(group, offset);
    return true;
  }

  #publish(group: CommitGroup, offset: number): void {
    this.#groups += 1;
    this.#commits += group.frame.commits;
    this.#visibleSequence = group.lastSequence;
    this.#options.onVisible(group, offset);
    for (const outcome of group.outcomes) outcome.succeed();
    group.clear();
    const { durability } = this.#options;
    if (durability.mode === "interval") this.#syncAfter(durability.intervalMs);
    this.#log.attestWhenIdle(
      () => this.time(),
      (error) => this.fail(error),
    );
  }

  #syncAfter(intervalMs: number): void {
    if (this.#cancelSync !== undefined) return;
    this.#cancelSync = this.#options.clock.after(intervalMs, () => {
      this.#cancelSync = undefined;
      if (this.#health.isFailed) return;
      this.#log.sync().catch((error) => this.fail(error));
    });
  }

  /** A write or sync failed, and what the disk holds is not known: answers everything under way, for the last time. */
  fail(cause: unknown): void {
    const error = this.#health.fail(cause);
    // The flying group may be on disk; the forming one is not, but rests on the flying one.
    for (const outcome of this.#flying.outcomes) outcome.doubt(error);
    for (const outcome of this.#forming.outcomes) outcome.lose(error);
    this.#reset();
  }

  /** The log did not take the flying group: that and the forming one have not happened. Read-only until there is room again. */
  #outOfSpace(cause: StorageError): void {
    try {
      this.#log.cutToEnd();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#health.setReadOnly("log", cause);
    this.#options.onRollBack(this.#visibleSequence);
    for (const group of [this.#flying, this.#forming]) {
      for (const outcome of group.outcomes) outcome.lose(cause);
    }
    this.#reset();
    this.#probeLater();
  }

  #reset(): void {
    this.#flying.clear();
    this.#forming.clear();
    this.stall.end();
  }

  #probeLater(): void {
    this.#cancelProbe = this.#options.clock.after(probeIntervalMs, () => {
      this.#cancelProbe = undefined;
      if (this.#health.isFailed || this.#health.isClosed) return;
      try {
        this.#log.probe(probeBytes, this.#lastSequence + 1, this.time());
      } catch (error) {
        if (isNoSpace(error)) this.#probeLater();
        else this.fail(error);
        return;
      }
      this.#health.clearReadOnly("log");
    });
  }
}
