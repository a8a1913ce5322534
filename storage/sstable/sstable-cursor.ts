import { at } from "../encoding.ts";
import { Cursor } from "../iterator.ts";
import type { Key } from "../store.ts";
import { BlockReader } from "./block-reader.ts";
import { restartInterval } from "./format.ts";
import type { IndexReader } from "./index-block.ts";

/** What the cursor needs of its file. */
interface BlockSource {
  index(): IndexReader;
  readBlock(block: number, bypassCache: boolean): Uint8Array;
  malformed(error: unknown, block: number): unknown;
}

/**
 * Walks an SSTable. Ascending it decodes entry by entry; descending, where a prefix-compressed entry cannot be read without those
 * before it, it decodes a whole restart interval and walks that backwards.
 */
export class SSTableCursor extends Cursor {
  readonly #source: BlockSource;
  readonly #bypassCache: boolean;
  readonly #reader = new BlockReader();
  #index: IndexReader | undefined;
  #block = -1;
  /** Descending: the interval's entries before the current one, the next of them last. */
  #interval = 0;
  #pending = 0;
  readonly #offsets: number[] = [];
  readonly #keys: Key[] = [];

  constructor(source: BlockSource, reverse: boolean, bypassCache: boolean) {
    super(reverse);
    this.#source = source;
    this.#bypassCache = bypassCache;
  }

  seek(bound?: Key): boolean {
    this.#index ??= this.#source.index();
    const block = bound === undefined ? (this.reverse ? this.#index.count - 1 : 0) : this.#index.find(bound);
    if (!this.#open(block)) return false;
    try {
      return this.reverse ? this.#seekBefore(bound) : this.#seekFrom(bound);
    } catch (error) {
      throw this.#source.malformed(error, this.#block);
    }
  }

  next(): boolean {
    try {
      return this.reverse ? this.#showPending() : this.#showForward(this.#reader.nextOffset);
    } catch (error) {
      throw this.#source.malformed(error, this.#block);
    }
  }

  #seekFrom(bound: Key | undefined): boolean {
    if (bound === undefined) return this.#showForward(0);
    if (this.#reader.find(bound, false)) return this.#show(this.#reader.decodeKey());
    return this.#showForward(this.#reader.limit);
  }

  #seekBefore(bound: Key | undefined): boolean {
    const reader = this.#reader;
    if (bound === undefined) {
      this.#decodeInterval(reader.restartCount - 1, reader.limit);
    } else {
      const end = reader.find(bound, false) ? reader.offset : reader.limit;
      this.#decodeInterval(reader.interval, end);
    }
    return this.#showPending();
  }

  /** Ascending: shows the entry at `offset`, or the first of the next block. */
  #showForward(offset: number): boolean {
    const reader = this.#reader;
    let from = offset;
    if (from >= reader.limit) {
      if (!this.#open(this.#block + 1)) return false;
      from = 0;
    }
    reader.parse(from);
    return this.#show(reader.decodeKey());
  }

  /** Descending: shows the last pending entry; when there is none, goes to the interval or block before. */
  #showPending(): boolean {
    const reader = this.#reader;
    while (this.#pending === 0) {
      if (this.#interval > 0) {
        this.#decodeInterval(this.#interval - 1, reader.restart(this.#interval));
      } else {
        if (!this.#open(this.#block - 1)) return false;
        this.#decodeInterval(reader.restartCount - 1, reader.limit);
      }
    }
    this.#pending--;
    reader.parse(at(this.#offsets, this.#pending));
    return this.#show(at(this.#keys, this.#pending));
  }

  /** Makes the interval's entries before offset `end` pending. */
  #decodeInterval(interval: number, end: number): void {
    const reader = this.#reader;
    this.#interval = interval;
    let count = 0;
    for (let offset = reader.restart(interval); offset < end; offset = reader.nextOffset) {
      if (count === restartInterval) throw new RangeError("restart interval is too long");
      reader.parse(offset);
      this.#offsets[count] = offset;
      this.#keys[count++] = reader.decodeKey();
    }
    this.#pending = count;
  }

  #show(key: Key): boolean {
    const reader = this.#reader;
    this.key = key;
    this.sequence = reader.sequence;
    this.tombstone = reader.tombstone;
    this.bytes = reader.bytes;
    this.start = reader.valueStart;
    this.end = reader.nextOffset;
    this.valid = true;
    return true;
  }

  /** Opens a data block; false when there is none of that number. */
  #open(block: number): boolean {
    this.#block = block;
    this.valid = this.#index !== undefined && block >= 0 && block < this.#index.count;
    if (!this.valid) return false;
    const bytes = this.#source.readBlock(block, this.#bypassCache);
    try {
      this.#reader.open(bytes);
    } catch (error) {
      throw this.#source.malformed(error, block);
    }
    return true;
  }
}
