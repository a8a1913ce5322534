import { readVarint, skipVarint, textAt, wordAt } from "../encoding.ts";
import { Cursor } from "../iterator.ts";
import type { Key } from "../store.ts";
import { BlockReader } from "./block-reader.ts";
import type { BlockReading } from "./block-reading.ts";
import { restartInterval } from "./format.ts";
import type { IndexReader } from "./index-block.ts";

/** What the cursor needs of its file. */
interface BlockSource {
  index(): IndexReader;
  readBlock(block: number, reading: BlockReading): Uint8Array;
  malformed(error: unknown, block: number): unknown;
}

const noPayloads = new Uint32Array(0);

/**
 * Walks an SSTable. Ascending it decodes entry by entry; descending, where a prefix-compressed entry cannot be read without those
 * before it, it decodes a whole restart interval and walks that backwards.
 */
export class SSTableCursor extends Cursor {
  readonly #source: BlockSource;
  readonly #reading: BlockReading;
  readonly #reader = new BlockReader();
  #block = -1;
  /** The bound at which the walk ends; the last block, in its direction, that may have keys within it. */
  #end: Key | undefined;
  #endBlock = 0;
  /** Descending: the interval and the offset in the current block at which the walk ends. */
  #endInterval = 0;
  #endOffset = 0;
  /** Descending: the entries of `#interval` before the current one; the next of them is the last. */
  #interval = 0;
  #pending = 0;
  readonly #keys: Key[] = [];
  /** Per pending entry: start and end of its payload, and whether it is a tombstone. */
  readonly #payloads: Uint32Array;

  constructor(source: BlockSource, reverse: boolean, reading: BlockReading) {
    super(reverse);
    this.#source = source;
    this.#reading = reading;
    this.#payloads = reverse ? new Uint32Array(restartInterval * 3) : noPayloads;
  }

  seek(bound?: Key, end?: Key): boolean {
    const index = this.#source.index();
    this.#end = end;
    if (end !== undefined) this.#endBlock = index.find(end);
    else this.#endBlock = this.reverse ? 0 : index.count - 1;
    const block = bound === undefined ? (this.reverse ? index.count - 1 : 0) : index.find(bound);
    if (!this.#open(block)) return false;
    try {
      return this.reverse ? this.#seekBefore(bound) : this.#seekFrom(bound);
    } catch (error) {
      throw this.#source.malformed(error, this.#block);
    }
  }

  next(): boolean {
    try {
      return this.reverse ? this.#showPending() : this.#showForward();
    } catch (error) {
      throw this.#source.malformed(error, this.#block);
    }
  }

  #seekFrom(bound: Key | undefined): boolean {
    if (bound === undefined || !this.#reader.find(bound, false)) return this.#showForward();
    return this.#show();
  }

  #seekBefore(bound: Key | undefined): boolean {
    const reader = this.#reader;
    this.#interval = reader.restartCount;
    this.#pending = 0;
    if (bound !== undefined) {
      const end = reader.find(bound, false) ? reader.offset : reader.limit;
      this.#decodeInterval(reader.interval, end);
    }
    return this.#showPending();
  }

  /** Ascending: shows the next entry, of this block or the next. */
  #showForward(): boolean {
    while (!this.#reader.advance()) {
      if (!this.#open(this.#block + 1)) return false;
    }
    return this.#show();
  }

  #show(): boolean {
    const reader = this.#reader;
    this.key = reader.decodeKey();
    this.sequence = reader.sequence;
    this.tombstone = reader.tombstone;
    this.bytes = reader.bytes;
    this.start = reader.valueStart;
    this.end = reader.payloadEnd;
    this.valid = true;
    return true;
  }

  /** In the block where the walk ends: finds the place. All other blocks are within the range as a whole. */
  #findEnd(end: Key): void {
    const reader = this.#reader;
    const offset = reader.find(end, false) ? reader.offset : reader.limit;
    if (this.reverse) {
      this.#endInterval = reader.interval;
      this.#endOffset = offset;
    } else {
      reader.limit = offset;
      reader.toRestart(0);
    }
  }

  /** Descending: shows the last pending entry; when there is none, goes to the interval or block before. */
  #showPending(): boolean {
    const reader = this.#reader;
    while (this.#pending === 0) {
      if (this.#interval <= this.#endInterval) {
        if (!this.#open(this.#block - 1)) return false;
        this.#interval = reader.restartCount;
      }
      this.#decodeInterval(this.#interval - 1, reader.intervalOffset(this.#interval));
    }
    const index = --this.#pending;
    const payloadStart = wordAt(this.#payloads, index * 3);
    this.key = textAt(this.#keys, index);
    this.bytes = reader.bytes;
    this.sequence = readVarint(reader.bytes, payloadStart);
    this.start = skipVarint(reader.bytes, payloadStart);
    this.end = wordAt(this.#payloads, index * 3 + 1);
    this.tombstone = wordAt(this.#payloads, index * 3 + 2) === 1;
    this.valid = true;
    return true;
  }

  /** Makes the interval's entries from `#endOffset` on and before offset `end` pending. */
  #decodeInterval(interval: number, end: number): void {
    const reader = this.#reader;
    this.#interval = interval;
    let count = 0;
    reader.toRestart(interval);
    while (reader.nextOffset < end && reader.advance()) {
      if (count === restartInterval) throw new RangeError("restart interval is too long");
      const key = reader.decodeKey();
      if (reader.offset < this.#endOffset) continue;
      this.#payloads[count * 3] = reader.payloadStart;
      this.#payloads[count * 3 + 1] = reader.payloadEnd;
      this.#payloads[count * 3 + 2] = reader.tombstone ? 1 : 0;
      this.#keys[count++] = key;
    }
    this.#pending = count;
  }

  /** Opens a data block; false when it is beyond the end. */
  #open(block: number): boolean {
    this.#block = block;
    this.valid = this.reverse ? block >= this.#endBlock : block <= this.#endBlock;
    if (!this.valid) return false;
    const bytes = this.#source.readBlock(block, this.#reading);
    try {
      this.#reader.open(bytes);
      this.#endInterval = 0;
      this.#endOffset = 0;
      if (block === this.#endBlock && this.#end !== undefined) this.#findEnd(this.#end);
    } catch (error) {
      throw this.#source.malformed(error, block);
    }
    return true;
  }
}
