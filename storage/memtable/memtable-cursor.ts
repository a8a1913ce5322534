import { wordAt } from "../encoding.ts";
import { Cursor } from "../iterator.ts";
import type { RowPage } from "../page.ts";
import type { Key } from "../store.ts";
import { type Chunk, chunkAt, offsetOf } from "./arena.ts";
import {
  newestVersion,
  sequenceOf,
  valueLengthOf,
  versionAt,
  versionHeaderBytes,
  visibleVersion,
} from "./records.ts";
import type { SortedBlocks } from "./sorted-blocks.ts";

/** Entries are loaded ahead in groups of this many, aligned to it. */
const group = 16;

/** Walks a memtable at a sequence; see `Memtable.cursor`. */
export class MemtableCursor extends Cursor {
  readonly #chunks: readonly Chunk[];
  readonly #sorted: SortedBlocks;
  readonly #sequenceMax: number;
  #place = -1;
  /** The bound at which the walk ends, and its place. */
  #end: Key | undefined;
  #endPlace = -1;
  #modifications = 0;
  readonly #ahead = new Uint32Array(group);

  constructor(chunks: readonly Chunk[], sorted: SortedBlocks, sequenceMax: number, reverse: boolean) {
    super(reverse);
    this.#chunks = chunks;
    this.#sorted = sorted;
    this.#sequenceMax = sequenceMax;
  }

  seek(bound?: Key, end?: Key): boolean {
    const sorted = this.#sorted;
    this.#end = end;
    this.#locateEnd();
    if (this.reverse)
      return this.#show(sorted.before(bound === undefined ? sorted.end : sorted.locate(bound)));
    return this.#show(sorted.normalize(bound === undefined ? 0 : sorted.locate(bound)));
  }

  next(): boolean {
    const sorted = this.#sorted;
    if (this.#modifications !== sorted.modifications) return this.#nextAfterModification();
    return this.#show(this.reverse ? sorted.before(this.#place) : sorted.normalize(this.#place + 1));
  }

  /** Ascending, places from `#endPlace` on are beyond the end; descending, those before it are. */
  #locateEnd(): void {
    const sorted = this.#sorted;
    this.#modifications = sorted.modifications;
    if (this.#end !== undefined) this.#endPlace = sorted.locate(this.#end);
    else this.#endPlace = this.reverse ? 0 : Number.MAX_SAFE_INTEGER;
  }

  /** Places have moved since: look the current key up again, which may itself be gone. */
  #nextAfterModification(): boolean {
    const sorted = this.#sorted;
    const key = this.key;
    this.#locateEnd();
    const place = sorted.locate(key);
    if (this.reverse) return this.#show(sorted.before(place));
    const here = sorted.normalize(place);
    if (here < 0 || sorted.keyAt(here) !== key) return this.#show(here);
    return this.#show(sorted.normalize(here + 1));
  }

  /** Ascending, in groups: the records of a group's rows are looked at step by step, so that their cache misses overlap. */
  override fill(page: RowPage, rowsMax: number, bytesMax: number): boolean {
    const isPlain = !this.reverse && this.valid && this.#modifications === this.#sorted.modifications;
    if (!isPlain) return super.fill(page, rowsMax, bytesMax);
    const sorted = this.#sorted;
    const chunks = this.#chunks;
    const versions = this.#ahead;
    for (let place = this.#place; place >= 0; ) {
      const count = Math.min(group, sorted.blockEnd(place) - place, this.#endPlace - place);
      if (count <= 0) return false;
      for (let index = 0; index < count; index++)
        versions[index] = newestVersion(chunks, sorted.entryAt(place + index));
      for (let index = 0; index < count; index++)
        versions[index] = visibleVersion(chunks, wordAt(versions, index), this.#sequenceMax);
      for (let index = 0; index < count; index++) {
        const version = wordAt(versions, index);
        const length = version === 0 ? -1 : valueLengthOf(chunks, version);
        if (length < 0) continue;
        const start = offsetOf(version) + versionHeaderBytes;
        page.add(sorted.keyAt(place + index), chunkAt(chunks, version).bytes, start, start + length);
        if (page.count >= rowsMax || page.bytes >= bytesMax) return true;
      }
      place = sorted.normalize(place + count);
    }
    return false;
  }

  /**
   * Looks at the records of the coming group of entries. They lie scattered in the arena; one by one each would be a cache miss to wait
   * for, together the misses overlap: that halves the cost of a row. What was read is not used, as it may change until its turn.
   */
  #loadAhead(place: number): void {
    const sorted = this.#sorted;
    const first = place - (place % group);
    const count = Math.min(group, sorted.blockEnd(first) - first);
    for (let index = 0; index < count; index++)
      this.#ahead[index] = newestVersion(this.#chunks, sorted.entryAt(first + index));
  }

  /** Shows the first entry at or (in this cursor's direction) after `from` that has a visible version. */
  #show(from: number): boolean {
    const sorted = this.#sorted;
    const chunks = this.#chunks;
    let place = from;
    while (place >= 0 && this.reverse === place >= this.#endPlace) {
      if (place % group === (this.reverse ? group - 1 : 0)) this.#loadAhead(place);
      const version = versionAt(chunks, sorted.entryAt(place), this.#sequenceMax);
      if (version !== 0) {
        const length = valueLengthOf(chunks, version);
        this.#place = place;
        this.key = sorted.keyAt(place);
        this.sequence = sequenceOf(chunks, version);
        this.tombstone = length < 0;
        this.bytes = chunkAt(chunks, version).bytes;
        this.start = offsetOf(version) + versionHeaderBytes;
        this.end = length < 0 ? this.start : this.start + length;
        this.valid = true;
        return true;
      }
      place = this.reverse ? sorted.before(place) : sorted.normalize(place + 1);
    }
    this.valid = false;
    return false;
  }
}
