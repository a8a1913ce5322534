import { at } from "../encoding.ts";

/**
 * Where the change records of one log segment lie: per shard of a feed, the frames that hold at least one. Ascending, in memory; made
 * while the segment is written, or by scanning it.
 */
export class FeedIndex {
  readonly #shards = new Map<string, FrameList>();

  /** Notes that the frame at `offset` has changes of the shard, from `sequence` on. Frames come in order. */
  add(feed: number, shard: number, sequence: number, ordinal: number, offset: number): void {
    const name = `${feed}/${shard}`;
    let list = this.#shards.get(name);
    if (list === undefined) {
      list = new FrameList();
      this.#shards.set(name, list);
    }
    list.add(sequence, ordinal, offset);
  }

  /** The frames of a shard, or undefined when the segment has none of its changes. */
  shard(feed: number, shard: number): FrameList | undefined {
    return this.#shards.get(`${feed}/${shard}`);
  }
}

/** Frames with changes of one shard, by their first sequence. */
export class FrameList {
  readonly #sequences: number[] = [];
  readonly #offsets: number[] = [];
  /** The newest change. */
  lastSequence = 0;
  lastOrdinal = 0;

  add(sequence: number, ordinal: number, offset: number): void {
    if (this.#offsets.length === 0 || at(this.#offsets, this.#offsets.length - 1) !== offset) {
      this.#sequences.push(sequence);
      this.#offsets.push(offset);
    }
    this.lastSequence = sequence;
    this.lastOrdinal = ordinal;
  }

  get length(): number {
    return this.#offsets.length;
  }

  offset(index: number): number {
    return at(this.#offsets, index);
  }

  /** Index of the first frame that may hold changes at or after `sequence`. */
  find(sequence: number): number {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (at(this.#sequences, middle) <= sequence) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
