import { varintLength, writeLatin1, writeU32, writeVarint } from "../encoding.ts";
import type { Cursor } from "../iterator.ts";
import type { Key } from "../store.ts";
import { restartInterval } from "./format.ts";

/** Builds the bytes of one data block after another; the grammar is in format.ts. */
export class BlockWriter {
  #bytes: Uint8Array;
  #length = 0;
  #entries = 0;
  #restarts: number[] = [];
  #lastKey: Key = "";

  constructor(blockBytes: number) {
    this.#bytes = new Uint8Array(blockBytes * 2);
  }

  get entries(): number {
    return this.#entries;
  }

  /** Size of the block if it were finished now. */
  get bytes(): number {
    return this.#length + 4 * this.#restarts.length + 4;
  }

  /** Upper bound of what the entry a cursor stands on would add. */
  static entryBytesMax(cursor: Cursor): number {
    return 4 * 5 + 8 + cursor.key.length + cursor.end - cursor.start;
  }

  /** Adds the entry a cursor stands on; its key is greater than the one before. */
  add(cursor: Cursor): void {
    const { key, start, end } = cursor;
    this.#reserve(this.bytes + BlockWriter.entryBytesMax(cursor));
    let shared = 0;
    if (this.#entries % restartInterval === 0) this.#restarts.push(this.#length);
    else shared = sharedPrefix(this.#lastKey, key);
    const bytes = this.#bytes;
    const payloadLength = varintLength(cursor.sequence) + end - start;
    let offset = writeVarint(bytes, this.#length, shared);
    offset = writeVarint(bytes, offset, key.length - shared);
    offset = writeVarint(bytes, offset, payloadLength * 2 + (cursor.tombstone ? 1 : 0));
    offset = writeLatin1(bytes, offset, shared === 0 ? key : key.slice(shared));
    offset = writeVarint(bytes, offset, cursor.sequence);
    if (end > start) bytes.set(cursor.bytes.subarray(start, end), offset);
    this.#length = offset + end - start;
    this.#entries++;
    this.#lastKey = key;
  }

  /** The finished block: a view that is good until the next `add`. */
  finish(): Uint8Array {
    const bytes = this.#bytes;
    let offset = this.#length;
    for (const restart of this.#restarts) {
      writeU32(bytes, offset, restart);
      offset += 4;
    }
    writeU32(bytes, offset, this.#restarts.length);
    this.#length = 0;
    this.#entries = 0;
    this.#restarts = [];
    return bytes.subarray(0, offset + 4);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** How many leading characters two keys have in common. */
export function sharedPrefix(one: Key, other: Key): number {
  const length = Math.min(one.length, other.length);
  let shared = 0;
  while (shared < length && one.charCodeAt(shared) === other.charCodeAt(shared)) shared++;
  return shared;
}
