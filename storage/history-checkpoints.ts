import type { Checkpoints } from "./checkpoints.ts";
import type { Clock } from "./clock.ts";
import { StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { HistorySource } from "./history/source.ts";
import type { CheckpointRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { SpaceDirectory } from "./space-directory.ts";
import type { SpaceId } from "./store.ts";

export interface HistoryCheckpointsOptions {
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly checkpoints: Checkpoints;
  readonly spaces: SpaceDirectory;
  /** The log time now, milliseconds since the epoch. */
  readonly time: () => number;
  readonly sources: () => readonly HistorySource[];
  /** A space gets its next checkpoint when more than this, and than its own size, was logged of it. */
  readonly checkpointBytesMin: number;
}

const dayMs = 24 * 3_600_000;
/** How often time alone may make a checkpoint due or let one go. */
const tendMs = 10 * 60_000;

/**
 * The checkpoints that restores to past instants begin with, per space whose history is kept: one at its start, then by log volume and at least
 * daily. They thin out with age to one a day, and go when the space's time is over.
 */
export class HistoryCheckpoints {
  readonly #options: HistoryCheckpointsOptions;
  #tending: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};
  #closed = false;

  constructor(options: HistoryCheckpointsOptions) {
    this.#options = options;
  }

  /** Tends now and from time to time. `changed` is told when checkpoints have gone. */
  start(changed: () => void): void {
    const rest = () => {
      this.#cancel = this.#options.clock.after(tendMs, () => {
        void this.tend().then(() => {
          if (this.#closed) return;
          changed();
          rest();
        });
      });
    };
    if (this.#isNeeded()) void this.tend();
    rest();
  }

  #isNeeded(): boolean {
    const { manifest, checkpoints } = this.#options;
    for (const { historyMs } of manifest.state.spaces.values()) if (historyMs > 0) return true;
    return checkpoints.history().size > 0;
  }

  /** From the checkpoint that the space gets now, its past is kept, for `retentionMs` at most; 0: it is forgotten. */
  async keep(id: SpaceId, retentionMs: number): Promise<void> {
    const { manifest, spaces } = this.#options;
    const { number } = spaces.get(id);
    if (manifest.state.spaces.get(number)?.historyMs !== retentionMs)
      await manifest.commit([{ kind: "historyKept", space: number, retentionMs }]);
    if (retentionMs === 0) await this.forget(id);
    else if (this.of(id).length === 0) await this.#alone(() => this.#renew(id));
    else await this.tend();
  }

  /** Forgets everything before now, and goes on from here: rows have come past the log. */
  async restart(id: SpaceId): Promise<void> {
    if (this.of(id).length > 0) await this.#alone(() => this.#renew(id));
  }

  /** Releases all of a space's. */
  async forget(id: SpaceId): Promise<void> {
    for (const { id: checkpoint } of this.of(id)) await this.#options.checkpoints.release(checkpoint);
  }

  /** Oldest first. */
  of(id: SpaceId): readonly CheckpointRecord[] {
    return this.#options.checkpoints.history().get(id) ?? [];
  }

  /** The oldest instant that a space can be restored to, milliseconds since the epoch; undefined: none. */
  earliest(id: SpaceId): number | undefined {
    return this.of(id)[0]?.time;
  }

  /** The oldest instant that any space can be restored to. */
  oldest(): number | undefined {
    const first = [...this.#options.checkpoints.history().values()].flatMap(([record]) => record?.time ?? []);
    return first.length === 0 ? undefined : Math.min(...first);
  }

  /** By space number, the sequence after which all of its records are wanted. */
  wanted(): Map<number, number> {
    const { manifest, checkpoints } = this.#options;
    const history = checkpoints.history();
    const wanted = new Map<number, number>();
    for (const { id, number, historyMs } of manifest.state.spaces.values()) {
      if (historyMs > 0) wanted.set(number, history.get(id)?.[0]?.sequence ?? 0);
    }
    return wanted;
  }

  /** Moves the earliest instant of the space that reaches back furthest. False when no space has anything to give up. */
  async shorten(): Promise<boolean> {
    const { checkpoints, sources } = this.#options;
    const lastSequence = sources().at(-1)?.lastSequence ?? 0;
    let furthest: { readonly id: SpaceId; readonly all: readonly CheckpointRecord[] } | undefined;
    for (const [id, all] of checkpoints.history()) {
      const [oldest] = all;
      if (oldest === undefined || (all.length === 1 && oldest.sequence >= lastSequence)) continue;
      if (furthest === undefined || oldest.time < (furthest.all[0]?.time ?? 0)) furthest = { id, all };
    }
    if (furthest === undefined) return false;
    const { id, all } = furthest;
    if (all.length > 1) await checkpoints.release(all[0]?.id ?? "");
    else await this.#alone(() => this.#renew(id));
    return true;
  }

  /** Makes the checkpoints that are due, and lets those go whose time is over. Never rejects. */
  tend(): Promise<void> {
    return this.#alone(async () => {
      const { manifest, checkpoints, health } = this.#options;
      try {
        for (const [id, all] of checkpoints.history()) await this.#expire(id, all);
        for (const { id, historyMs } of [...manifest.state.spaces.values()]) {
          if (this.#closed || health.isFailed) return;
          if (historyMs > 0 && this.#isDue(id)) await checkpoints.createHistory(id);
        }
      } catch (error) {
        // What could not be made or removed now is tried again; what is there stays good.
        const isGone =
          error instanceof StorageError && (error.kind === "not-found" || error.kind === "closed");
        if (error instanceof Error && !isGone) health.setDegraded(error);
      }
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#tending;
  }

  /** One after the other: none may see the half of another. */
  #alone(work: () => Promise<void>): Promise<void> {
    const next = this.#tending.then(work);
    this.#tending = next.catch(() => undefined);
    return next;
  }

  /** Takes a new first checkpoint, then lets the old ones go. */
  async #renew(id: SpaceId): Promise<void> {
    const { checkpoints } = this.#options;
    const old = this.of(id);
    await checkpoints.createHistory(id);
    for (const { id: checkpoint } of old) await checkpoints.release(checkpoint);
  }

  #isDue(id: SpaceId): boolean {
    const { spaces, sources, time, checkpointBytesMin } = this.#options;
    const newest = this.of(id).at(-1);
    const space = spaces.byId.get(id);
    if (space === undefined) return false;
    if (newest === undefined || time() - newest.time >= dayMs) return true;
    let logged = 0;
    for (const source of sources()) {
      if (source.lastSequence > newest.sequence) logged += source.contents.spaces.get(space.number) ?? 0;
    }
    return logged > Math.max(checkpointBytesMin, space.stats.bytes);
  }

  async #expire(id: SpaceId, all: readonly CheckpointRecord[]): Promise<void> {
    const { manifest, spaces, checkpoints, time } = this.#options;
    const number = spaces.byId.get(id)?.number;
    const historyMs = number === undefined ? 0 : (manifest.state.spaces.get(number)?.historyMs ?? 0);
    const kept = keptCheckpoints(all, time(), historyMs);
    for (const record of all) if (!kept.has(record)) await checkpoints.release(record.id);
  }
}

/**
 * Which checkpoints of a space (oldest first) are still needed at `now` to restore to any instant of the last `retentionMs`: the newest one from before
 * that, and of those older than a day one a day. Pure.
 */
export function keptCheckpoints<C extends { readonly time: number }>(
  all: readonly C[],
  now: number,
  retentionMs: number,
): Set<C> {
  if (retentionMs === 0) return new Set();
  const first = all.findLast(({ time }) => time <= now - retentionMs) ?? all[0];
  const kept = new Set<C>();
  let lastTime = Number.NEGATIVE_INFINITY;
  for (const checkpoint of all) {
    if (first === undefined || checkpoint.time < first.time) continue;
    const isYoung = checkpoint.time > now - dayMs;
    if (!isYoung && checkpoint !== first && checkpoint.time - lastTime < dayMs) continue;
    kept.add(checkpoint);
    lastTime = checkpoint.time;
  }
  return kept;
}
