import { at, sharedPrefix, varintLength, writeLatin1, writeU32, writeVarint } from "../encoding.ts";
import type { Entry } from "../iterator.ts";
import type { Key } from "../store.ts";
import { restartBytes, restartInterval } from "./format.ts";

/** Most that an entry and its payload take beside key and value. */
const entryOverheadBytesMax = 3 * 5 + 8;

/** Builds the bytes of one data block after another; the grammar is in format.ts. */
export class BlockWriter {
  /** Entries and payloads grow apart and are put together, behind the restarts, when the block is finished. */
  #entryRoom: Uint8Array;
  #entryBytes = 0;
  #payloadRoom: Uint8Array;
  #payloadBytes = 0;
  #entries = 0;
  /** Entry offset and payload offset (from the first payload) of each restart. */
  readonly #restarts: number[] = [];
  #block: Uint8Array;
  #lastKey: Key = "";

  constructor(blockBytes: number) {
    this.#entryRoom = new Uint8Array(blockBytes);
    this.#payloadRoom = new Uint8Array(blockBytes);
    this.#block = new Uint8Array(blockBytes);
  }

  get entries(): number {
    return this.#entries;
  }

  /** Size of the block if it were finished now. */
  get bytes(): number {
    return this.#entryBytes + this.#payloadBytes + this.#restarts.length * (restartBytes / 2) + 4;
  }

  /** Upper bound of what an entry would add. */
  static entryBytesMax(entry: Entry): number {
    return entryOverheadBytesMax + restartBytes + entry.key.length + entry.end - entry.start;
  }

  /** Adds an entry; its key is greater than the one before. */
  add(entry: Entry): void {
    const { key, start, end } = entry;
    this.#entryRoom = withRoom(this.#entryRoom, this.#entryBytes, key.length + entryOverheadBytesMax);
    this.#payloadRoom = withRoom(this.#payloadRoom, this.#payloadBytes, end - start + entryOverheadBytesMax);
    let shared = 0;
    if (this.#entries % restartInterval === 0) this.#restarts.push(this.#entryBytes, this.#payloadBytes);
    else shared = sharedPrefix(this.#lastKey, key);
    const entries = this.#entryRoom;
    const payloadBytes = varintLength(entry.sequence) + end - start;
    let offset = writeVarint(entries, this.#entryBytes, shared);
    offset = writeVarint(entries, offset, key.length - shared);
    offset = writeVarint(entries, offset, payloadBytes * 2 + (entry.tombstone ? 1 : 0));
    this.#entryBytes = writeLatin1(entries, offset, shared === 0 ? key : key.slice(shared));
    offset = writeVarint(this.#payloadRoom, this.#payloadBytes, entry.sequence);
    if (end > start) this.#payloadRoom.set(entry.bytes.subarray(start, end), offset);
    this.#payloadBytes = offset + end - start;
    this.#entries++;
    this.#lastKey = key;
  }

  /** The finished block: a view that is good until the next `finish`. */
  finish(): Uint8Array {
    const length = this.bytes;
    const restarts = this.#restarts;
    const entriesStart = length - this.#payloadBytes - this.#entryBytes;
    const payloadsStart = length - this.#payloadBytes;
    const bytes = withRoom(this.#block, 0, length);
    writeU32(bytes, 0, restarts.length / 2);
    for (let index = 0; index < restarts.length; index += 2) {
      writeU32(bytes, 4 + index * 4, at(restarts, index) + entriesStart);
      writeU32(bytes, 8 + index * 4, at(restarts, index + 1) + payloadsStart);
    }
    bytes.set(this.#entryRoom.subarray(0, this.#entryBytes), entriesStart);
    bytes.set(this.#payloadRoom.subarray(0, this.#payloadBytes), payloadsStart);
    this.#block = bytes;
    this.#entryBytes = 0;
    this.#payloadBytes = 0;
    this.#entries = 0;
    restarts.length = 0;
    return bytes.subarray(0, length);
  }
}

/** `bytes`, or a larger copy, with room for `more` bytes behind its first `used`. */
export function withRoom(bytes: Uint8Array, used: number, more: number): Uint8Array {
  if (used + more <= bytes.length) return bytes;
  const larger = new Uint8Array((used + more) * 2);
  larger.set(bytes.subarray(0, used));
  return larger;
}
