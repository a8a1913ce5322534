import { objectAt, textAt, wordAt } from "../encoding.ts";
import type { Key } from "../store.ts";
import { KeyList } from "./key-list.ts";

/** Keys per block: large enough for a short list of blocks, small enough that shifting half of one is cheap. */
const blockKeysMax = 128;

interface Block {
  readonly list: KeyList;
  readonly entries: Uint32Array;
}

/**
 * Keys in order, each with an entry (a u32), in two levels: a list of blocks of up to 128 keys. A place is block index * 128 +
 * index within the block; it is good until `modifications` changes. The place behind a block's last key is not a key: `normalize`
 * moves it to the next block's first.
 */
export class SortedBlocks {
  /** Rises whenever places move. */
  modifications = 0;
  readonly #blocks: Block[] = [];
  /** The first key of each block but the first, which takes all smaller keys. */
  #firsts = new KeyList(16);

  /** Adds a key that is not there yet. */
  insert(key: Key, entry: number): void {
    this.modifications++;
    if (this.#blocks.length === 0) {
      const block = emptyBlock();
      insertInBlock(block, 0, key, entry);
      this.#addBlock(0, block);
      return;
    }
    const blockIndex = this.#findBlock(key);
    const block = objectAt(this.#blocks, blockIndex);
    const index = block.list.lowerBound(key);
    if (block.list.length < blockKeysMax) {
      insertInBlock(block, index, key, entry);
      return;
    }
    // Keys that arrive in order fill whole blocks; others split a full block in halves.
    const ascending = index === blockKeysMax && blockIndex === this.#blocks.length - 1;
    const upper = ascending ? emptyBlock() : splitBlock(block);
    const lowerCount = block.list.length;
    if (index > lowerCount || ascending) insertInBlock(upper, index - lowerCount, key, entry);
    else insertInBlock(block, index, key, entry);
    this.#addBlock(blockIndex + 1, upper);
  }

  /** The place of the first key >= `bound` (not normalized). */
  locate(bound: Key): number {
    if (this.#blocks.length === 0) return 0;
    const blockIndex = this.#findBlock(bound);
    return blockIndex * blockKeysMax + objectAt(this.#blocks, blockIndex).list.lowerBound(bound);
  }

  /** The place of the first key at or after `place`; -1 behind the last. */
  normalize(place: number): number {
    const blockIndex = (place / blockKeysMax) | 0;
    const block = this.#blocks[blockIndex];
    if (block === undefined) return -1;
    if (place % blockKeysMax < block.list.length) return place;
    return blockIndex + 1 < this.#blocks.length ? (blockIndex + 1) * blockKeysMax : -1;
  }

  /** The place before `place` (normalized or not); -1 before the first. */
  before(place: number): number {
    if (place % blockKeysMax !== 0) return place - 1;
    const blockIndex = place / blockKeysMax - 1;
    if (blockIndex < 0) return -1;
    return blockIndex * blockKeysMax + objectAt(this.#blocks, blockIndex).list.length - 1;
  }

  /** The place behind the last key. */
  get end(): number {
    const last = this.#blocks.length - 1;
    return last < 0 ? 0 : last * blockKeysMax + objectAt(this.#blocks, last).list.length;
  }

  /** The place behind the last key of the block that `place` is in. */
  blockEnd(place: number): number {
    const blockIndex = (place / blockKeysMax) | 0;
    return blockIndex * blockKeysMax + objectAt(this.#blocks, blockIndex).list.length;
  }

  keyAt(place: number): Key {
    return textAt(objectAt(this.#blocks, (place / blockKeysMax) | 0).list.keys, place % blockKeysMax);
  }

  entryAt(place: number): number {
    return wordAt(objectAt(this.#blocks, (place / blockKeysMax) | 0).entries, place % blockKeysMax);
  }

  /** Removes the keys whose entry `keep` refuses. */
  retain(keep: (entry: number, key: Key) => boolean): void {
    this.modifications++;
    const kept = this.#blocks.splice(0);
    this.#firsts = new KeyList(kept.length);
    for (const block of kept) {
      const { list, entries } = block;
      let count = 0;
      list.retain((index, key) => {
        const entry = wordAt(entries, index);
        const isKept = keep(entry, key);
        if (isKept) entries[count++] = entry;
        return isKept;
      });
      if (count > 0) this.#addBlock(this.#blocks.length, block);
    }
  }

  /** All entries in key order. */
  copyEntries(into: Uint32Array): void {
    let offset = 0;
    for (const { list, entries } of this.#blocks) {
      into.set(entries.subarray(0, list.length), offset);
      offset += list.length;
    }
  }

  /** The last block whose first key is <= `key`, else the first block. */
  #findBlock(key: Key): number {
    return this.#firsts.upperBound(key);
  }

  #addBlock(blockIndex: number, block: Block): void {
    if (blockIndex > 0) this.#firsts.insert(blockIndex - 1, textAt(block.list.keys, 0));
    this.#blocks.splice(blockIndex, 0, block);
  }
}

function emptyBlock(): Block {
  return { list: new KeyList(blockKeysMax), entries: new Uint32Array(blockKeysMax) };
}

/** Moves the upper half of a full block to a new one. */
function splitBlock(block: Block): Block {
  const half = blockKeysMax / 2;
  const upper = emptyBlock();
  block.list.moveTail(half, upper.list);
  upper.entries.set(block.entries.subarray(half));
  return upper;
}

function insertInBlock({ list, entries }: Block, index: number, key: Key, entry: number): void {
  entries.copyWithin(index + 1, index, list.length);
  entries[index] = entry;
  list.insert(index, key);
}
