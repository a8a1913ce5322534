import assert from "node:assert/strict";
import type { Cursor, Version } from "../iterator.ts";
import type { Key, Value } from "../store.ts";
import { Arena, chunkAt, offsetOf } from "./arena.ts";
import type { MemtableImage } from "./image.ts";
import { MemtableCursor } from "./memtable-cursor.ts";
import { PointIndex } from "./point-index.ts";
import {
  addEntry,
  addVersion,
  newestVersion,
  olderVersion,
  sequenceOf,
  setNewestVersion,
  valueLengthOf,
  versionAt,
  versionHeaderBytes,
} from "./records.ts";
import { SortedBlocks } from "./sorted-blocks.ts";

/** What a key costs beside its arena records and its own characters: string headers, map slot, places in its sorted block. */
const keyOverheadBytes = 180;

/**
 * The newest rows of one space, in memory: all versions of each key, newest first. One thread writes; keys and values live in a
 * shared arena, so that another thread can read a frozen memtable without copying it. The key strings handed in are kept:
 * they should not be slices of something large.
 */
export class Memtable {
  readonly #arena = new Arena();
  readonly #sorted = new SortedBlocks();
  readonly #points = new PointIndex();
  #keyCount = 0;
  #versionCount = 0;
  #keyBytes = 0;
  #sequenceMin = 0;
  #sequenceMax = 0;
  #frozen = false;

  /** Distinct keys. */
  get keyCount(): number {
    return this.#keyCount;
  }

  /** Versions, tombstones included. */
  get versionCount(): number {
    return this.#versionCount;
  }

  /** Memory held, in bytes: the arena as allocated plus an estimate of the key strings and the index. */
  get bytes(): number {
    return this.#arena.bytes + this.#keyBytes + this.#keyCount * keyOverheadBytes;
  }

  /** Lowest and highest sequence put (of what is still there); 0 and 0 while empty. */
  get sequenceMin(): number {
    return this.#sequenceMin;
  }

  get sequenceMax(): number {
    return this.#sequenceMax;
  }

  /** Set by `freeze`: no further `put`. */
  get frozen(): boolean {
    return this.#frozen;
  }

  /** Adds a version (undefined: tombstone). Sequences never go back; for one key they rise. Copies the value. */
  put(key: Key, sequence: number, value: Value | undefined): void {
    assert(!this.#frozen, "put into a frozen memtable");
    assert(sequence >= this.#sequenceMax, "sequences never go back");
    let entry = this.#points.get(key);
    if (entry === undefined) {
      entry = addEntry(this.#arena, key);
      this.#points.add(key, entry);
      this.#sorted.insert(key, entry);
      this.#keyCount++;
      this.#keyBytes += key.length;
    } else {
      const chunks = this.#arena.chunks;
      assert(sequence > sequenceOf(chunks, newestVersion(chunks, entry)), "one version per key and sequence");
    }
    addVersion(this.#arena, entry, sequence, value);
    if (this.#versionCount++ === 0) this.#sequenceMin = sequence;
    this.#sequenceMax = sequence;
  }

  /** The newest version with sequence <= `sequenceMax`; undefined when this memtable has none. The value is a view. */
  get(key: Key, sequenceMax: number): Version | undefined {
    const entry = this.#points.get(key);
    if (entry === undefined) return undefined;
    const version = versionAt(this.#arena.chunks, entry, sequenceMax);
    return version === 0 ? undefined : this.#read(version);
  }

  /** The newest version of all, pending ones included. */
  newest(key: Key): Version | undefined {
    const entry = this.#points.get(key);
    return entry === undefined ? undefined : this.#read(newestVersion(this.#arena.chunks, entry));
  }

  /** Removes every version above `sequence` (the log could not hold them); returns how many. Works on a frozen memtable too. */
  removeAbove(sequence: number): number {
    if (this.#sequenceMax <= sequence) return 0;
    const before = this.#versionCount;
    const chunks = this.#arena.chunks;
    this.#versionCount = 0;
    this.#sequenceMin = Number.POSITIVE_INFINITY;
    this.#sequenceMax = 0;
    this.#sorted.retain((entry, key) => {
      const newest = versionAt(chunks, entry, sequence);
      if (newest === 0) {
        this.#points.delete(key);
        this.#keyCount--;
        this.#keyBytes -= key.length;
        return false;
      }
      setNewestVersion(chunks, entry, newest);
      this.#sequenceMax = Math.max(this.#sequenceMax, sequenceOf(chunks, newest));
      for (let version = newest; version !== 0; version = olderVersion(chunks, version)) {
        this.#versionCount++;
        this.#sequenceMin = Math.min(this.#sequenceMin, sequenceOf(chunks, version));
      }
      return true;
    });
    if (this.#versionCount === 0) this.#sequenceMin = 0;
    return before - this.#versionCount;
  }

  /**
   * Shows, for each key, its newest version <= `sequenceMax`. It may live across awaits while this thread goes on writing: puts
   * above `sequenceMax` are never seen, keys put at or below it are seen if they lie ahead, and after `removeAbove` of the
   * current key `next` goes to the following one.
   */
  cursor(sequenceMax: number, reverse = false): Cursor {
    return new MemtableCursor(this.#arena.chunks, this.#sorted, sequenceMax, reverse);
  }

  /** Refuses further puts. Idempotent. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Everything another thread needs to read this frozen memtable: shared buffers, no copies of rows. O(keys), a few ns each. */
  image(): MemtableImage {
    assert(this.#frozen, "only a frozen memtable is handed to another thread");
    const order = new SharedArrayBuffer(this.#keyCount * 4);
    this.#sorted.copyEntries(new Uint32Array(order));
    return { chunks: this.#arena.chunks.map((chunk) => chunk.buffer), order };
  }

  #read(version: number): Version {
    const chunks = this.#arena.chunks;
    const length = valueLengthOf(chunks, version);
    const sequence = sequenceOf(chunks, version);
    if (length < 0) return { sequence, value: undefined };
    const start = offsetOf(version) + versionHeaderBytes;
    return { sequence, value: chunkAt(chunks, version).bytes.subarray(start, start + length) };
  }
}
