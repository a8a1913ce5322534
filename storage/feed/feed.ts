import type { FeedRecord } from "../manifest/state.ts";
import type { Place } from "./position.ts";

const nowhere: Place = { sequence: 0, ordinal: 0 };

/** One change feed as the running store knows it. */
export class Feed {
  readonly record: FeedRecord;
  /** The newest visible change per shard; undefined: not known since the start of the store. */
  readonly #heads: (Place | undefined)[];
  readonly #waiters: Set<() => void>[];

  /** `isNew`: nothing can be in the log yet. */
  constructor(record: FeedRecord, isNew: boolean) {
    this.record = record;
    this.#heads = Array.from({ length: record.shards }, () => (isNew ? nowhere : undefined));
    this.#waiters = Array.from({ length: record.shards }, () => new Set());
  }

  hasShard(shard: number): boolean {
    return Number.isInteger(shard) && shard >= 0 && shard < this.record.shards;
  }

  /** The newest visible change of a shard; undefined when it has to be looked for in the log. Sequence 0: there is none. */
  head(shard: number): Place | undefined {
    return this.#heads[shard];
  }

  setHead(shard: number, place: Place): void {
    this.#heads[shard] = place;
  }

  setNoHead(shard: number): void {
    this.#heads[shard] = nowhere;
  }

  /** Resolves at the next change of the shard, or when the signal aborts, or at `wakeAll`. */
  wait(shard: number, signal: AbortSignal | undefined): Promise<void> {
    const waiters = this.#waiters[shard];
    if (waiters === undefined || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        waiters.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      waiters.add(wake);
      signal?.addEventListener("abort", wake);
    });
  }

  get waiterCount(): number {
    return this.#waiters.reduce((count, waiters) => count + waiters.size, 0);
  }

  wake(shard: number): void {
    const waiters = this.#waiters[shard];
    if (waiters !== undefined && waiters.size > 0) for (const wake of [...waiters]) wake();
  }

  wakeAll(): void {
    for (let shard = 0; shard < this.#waiters.length; shard++) this.wake(shard);
  }
}
