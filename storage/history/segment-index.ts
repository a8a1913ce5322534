import { at } from "../encoding.ts";
import type { RecordVisitor } from "../wal/records.ts";
import { Contents } from "./contents.ts";

/** A place in the log from which reading may begin, one about every `markBytes`. */
export interface Mark {
  readonly sequence: number;
  readonly time: number;
  readonly offset: number;
}

const markBytes = 64 << 10;

/**
 * What lies where in one log segment: per shard of a feed, the frames that hold at least one of its changes; places to begin at; and how much of
 * the segment belongs to which space and feed. Made while the segment is written, or by scanning it; kept beside it in a file (index-file.ts).
 */
export class SegmentIndex {
  readonly contents = new Contents();
  readonly marks: Mark[] = [];
  readonly #shards = new Map<string, FrameList>();

  /** The frame at `offset` follows. Frames come in order. */
  addFrame(sequence: number, time: number, offset: number): void {
    const last = this.marks.at(-1);
    if (last === undefined || offset - last.offset >= markBytes) this.marks.push({ sequence, time, offset });
  }

  /** Notes that the frame at `offset` has changes of the shard, from `sequence` on. Frames come in order. */
  addChange(feed: number, shard: number, sequence: number, ordinal: number, offset: number): void {
    this.shardOrNew(feed, shard).add(sequence, ordinal, offset);
  }

  /** The frames of a shard, or undefined when the segment has none of its changes. */
  shard(feed: number, shard: number): FrameList | undefined {
    return this.#shards.get(`${feed}/${shard}`);
  }

  shardOrNew(feed: number, shard: number): FrameList {
    const name = `${feed}/${shard}`;
    const found = this.#shards.get(name);
    if (found !== undefined) return found;
    const list = new FrameList(feed, shard);
    this.#shards.set(name, list);
    return list;
  }

  shards(): Iterable<FrameList> {
    return this.#shards.values();
  }

  /** Where to begin reading for what comes after `sequence`; undefined: at the first frame. */
  markBefore(sequence: number): Mark | undefined {
    return this.marks.findLast((mark) => mark.sequence <= sequence + 1);
  }
}

/** Frames with changes of one shard, by their first sequence. */
export class FrameList {
  readonly feed: number;
  readonly shard: number;
  readonly #sequences: number[] = [];
  readonly #offsets: number[] = [];
  /** The newest change. */
  lastSequence = 0;
  lastOrdinal = 0;

  constructor(feed: number, shard: number) {
    this.feed = feed;
    this.shard = shard;
  }

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

  sequence(index: number): number {
    return at(this.#sequences, index);
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

/** Fills a `SegmentIndex` from the records of one segment as they are read. */
export class IndexBuilder implements RecordVisitor {
  readonly index = new SegmentIndex();
  #offset = 0;
  #sequence = 0;
  #isFrameNew = false;

  /** The records that follow lie in the frame at this offset. */
  frame(_segment: unknown, offset: number): void {
    this.#offset = offset;
    this.#isFrameNew = true;
  }

  commit(sequence: number, time: number): void {
    this.#sequence = sequence;
    if (this.#isFrameNew) this.index.addFrame(sequence, time, this.#offset);
    this.#isFrameNew = false;
  }

  put(space: number, key: string, value: Uint8Array): void {
    this.index.contents.addSpace(space, key.length + value.length);
  }

  delete(space: number, key: string): void {
    this.index.contents.addSpace(space, key.length);
  }

  change(feed: number, shard: number, ordinal: number, space: number, bytes: number): void {
    this.index.addChange(feed, shard, this.#sequence, ordinal, this.#offset);
    this.index.contents.addFeed(feed, space, bytes);
  }

  delta(space: number): void {
    this.index.contents.addSpace(space, 0);
  }

  raise(space: number): void {
    this.index.contents.addSpace(space, 0);
  }
}
