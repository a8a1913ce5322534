import { at } from "./encoding.ts";
import type { Space } from "./space.ts";
import type { Outcome } from "./store.ts";
import { FrameBuilder } from "./wal/frame-builder.ts";

/** An outcome that was decided and waits for what it rests on to become visible. Exactly one of the methods is called, once. */
export interface Pending {
  succeed(): void;
  /** The group was not written and never will be: its own writes have not happened, but what others saw of it is gone. */
  lose(cause: Error): void;
  /** Nobody knows what became of the group. */
  doubt(cause: Error): void;
}

export class PendingOutcome<T, R> implements Pending {
  readonly #outcome: Outcome<T, R>;
  readonly #resolve: (outcome: Outcome<T, R>) => void;
  /** Whether it wrote something itself; otherwise it only saw what others wrote. */
  readonly #wrote: boolean;

  constructor(outcome: Outcome<T, R>, wrote: boolean, resolve: (outcome: Outcome<T, R>) => void) {
    this.#outcome = outcome;
    this.#wrote = wrote;
    this.#resolve = resolve;
  }

  succeed(): void {
    this.#resolve(this.#outcome);
  }

  lose(cause: Error): void {
    this.#resolve(this.#wrote ? { kind: "unavailable", cause } : { kind: "unknown", cause });
  }

  doubt(cause: Error): void {
    this.#resolve({ kind: "unknown", cause });
  }
}

/**
 * The commits that share one frame, one write and one sync. Parallel arrays instead of an object per record: a group is filled and
 * emptied thousands of times a second.
 */
export class CommitGroup {
  readonly frame = new FrameBuilder();
  readonly outcomes: Pending[] = [];
  firstSequence = 0;
  lastSequence = 0;
  firstTime = 0;
  lastTime = 0;

  readonly deltaSpaces: Space[] = [];
  readonly deltaRows: number[] = [];
  readonly deltaBytes: number[] = [];

  readonly raiseSpaces: Space[] = [];
  readonly raiseGenerations: number[] = [];

  readonly changeFeeds: number[] = [];
  readonly changeShards: number[] = [];
  readonly changeSequences: number[] = [];
  readonly changeOrdinals: number[] = [];
  readonly changeSpaces: number[] = [];
  readonly changeBytes: number[] = [];

  /** Bytes of rows by space number; a space with other records than rows is there with 0. */
  readonly spaceBytes = new Map<number, number>();

  get isEmpty(): boolean {
    return this.firstSequence === 0;
  }

  addSpaceBytes(space: Space, bytes: number): void {
    this.spaceBytes.set(space.number, (this.spaceBytes.get(space.number) ?? 0) + bytes);
  }

  addDelta(space: Space, rows: number, bytes: number): void {
    this.frame.delta(space.number, rows, bytes);
    space.pending.rows += rows;
    space.pending.bytes += bytes;
    this.deltaSpaces.push(space);
    this.deltaRows.push(rows);
    this.deltaBytes.push(bytes);
  }

  addRaise(space: Space, generation: number): void {
    this.frame.raise(space.number, generation);
    space.pending.generation = generation;
    this.raiseSpaces.push(space);
    this.raiseGenerations.push(generation);
  }

  /** `space`: of the row that changed; `bytes`: of the record with it. */
  addChange(
    feed: number,
    shard: number,
    sequence: number,
    ordinal: number,
    space: number,
    bytes: number,
  ): void {
    this.changeFeeds.push(feed);
    this.changeShards.push(shard);
    this.changeSequences.push(sequence);
    this.changeOrdinals.push(ordinal);
    this.changeSpaces.push(space);
    this.changeBytes.push(bytes);
  }

  /** Adds the group's deltas and generations to the visible figures of their spaces. */
  publishFigures(): void {
    for (let i = 0; i < this.deltaSpaces.length; i++) {
      const visible = at(this.deltaSpaces, i).visible;
      visible.rows += at(this.deltaRows, i);
      visible.bytes += at(this.deltaBytes, i);
    }
    for (let i = 0; i < this.raiseSpaces.length; i++) {
      at(this.raiseSpaces, i).visible.generation = at(this.raiseGenerations, i);
    }
  }

  clear(): void {
    this.frame.clear();
    this.outcomes.length = 0;
    this.firstSequence = 0;
    this.lastSequence = 0;
    this.deltaSpaces.length = 0;
    this.deltaRows.length = 0;
    this.deltaBytes.length = 0;
    this.raiseSpaces.length = 0;
    this.raiseGenerations.length = 0;
    this.changeFeeds.length = 0;
    this.changeShards.length = 0;
    this.changeSequences.length = 0;
    this.changeOrdinals.length = 0;
    this.changeSpaces.length = 0;
    this.changeBytes.length = 0;
    this.spaceBytes.clear();
  }
}
