import { readLatin1, wordAt } from "../encoding.ts";
import { Cursor } from "../iterator.ts";
import type { Key } from "../store.ts";
import { type Chunk, chunkAt, chunkOver, offsetOf } from "./arena.ts";
import { entryHeaderBytes, newestVersion, sequenceOf, valueLengthOf, versionHeaderBytes } from "./records.ts";

/** A frozen memtable as shared memory: structured-cloneable, so it can be posted to a Worker. */
export interface MemtableImage {
  readonly chunks: readonly SharedArrayBuffer[];
  /** Addresses of the entries in key order (u32). */
  readonly order: SharedArrayBuffer;
}

/** Shows the newest version of each key of an image, ascending. */
export function imageCursor(image: MemtableImage): Cursor {
  return new ImageCursor(image.chunks.map(chunkOver), new Uint32Array(image.order));
}

const group = 16;

class ImageCursor extends Cursor {
  readonly #chunks: readonly Chunk[];
  readonly #order: Uint32Array;
  #index = 0;
  /** The index of the first entry beyond the end. */
  #endIndex = 0;
  /** Newest versions of a group of entries: loaded together, their cache misses overlap. */
  readonly #versions = new Uint32Array(group);
  #groupStart = -1;

  constructor(chunks: readonly Chunk[], order: Uint32Array) {
    super(false);
    this.#chunks = chunks;
    this.#order = order;
  }

  seek(bound?: Key, end?: Key): boolean {
    this.#endIndex = end === undefined ? this.#order.length : this.#locate(end);
    return this.#show(bound === undefined ? 0 : this.#locate(bound));
  }

  /** The index of the first entry with a key >= `bound`. */
  #locate(bound: Key): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keyAt(middle) < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  next(): boolean {
    return this.#show(this.#index + 1);
  }

  #loadGroup(start: number): void {
    this.#groupStart = start;
    const count = Math.min(group, this.#order.length - start);
    for (let index = 0; index < count; index++)
      this.#versions[index] = newestVersion(this.#chunks, wordAt(this.#order, start + index));
  }

  #keyAt(index: number): Key {
    const entry = wordAt(this.#order, index);
    const { bytes, words } = chunkAt(this.#chunks, entry);
    const offset = offsetOf(entry);
    const start = offset + entryHeaderBytes;
    return readLatin1(bytes, start, start + wordAt(words, (offset >>> 2) + 1));
  }

  #show(index: number): boolean {
    this.#index = index;
    this.valid = index < this.#endIndex;
    if (!this.valid) return false;
    if (index - (index % group) !== this.#groupStart) this.#loadGroup(index - (index % group));
    const version = wordAt(this.#versions, index % group);
    const length = valueLengthOf(this.#chunks, version);
    this.key = this.#keyAt(index);
    this.sequence = sequenceOf(this.#chunks, version);
    this.tombstone = length < 0;
    this.bytes = chunkAt(this.#chunks, version).bytes;
    this.start = offsetOf(version) + versionHeaderBytes;
    this.end = length < 0 ? this.start : this.start + length;
    return true;
  }
}
