import { doubleAt, keyHead, objectAt, textAt, wordAt } from "../encoding.ts";
import type { Key } from "../store.ts";

/** Keys per block: large enough for a short list of blocks, small enough that shifting half of one is cheap. */
const blockKeysMax = 128;
/** Below this many elements a loop shifts faster than the call into the engine. */
const shortShift = 16;

interface Block {
  readonly keys: Key[];
  /** The first six bytes of each key as a number: most comparisons end here, without a look at the string. */
  readonly heads: Float64Array;
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
  /** The head of each block's first key. That of the first block is never looked at: smaller keys go there too. */
  #firstHeads = new Float64Array(16);

  /** Adds a key that is not there yet. */
  insert(key: Key, entry: number): void {
    this.modifications++;
    const head = keyHead(key);
    if (this.#blocks.length === 0) this.#addBlock(0, emptyBlock());
    const blockIndex = this.#findBlock(key, head);
    const block = objectAt(this.#blocks, blockIndex);
    const index = findInBlock(block, key, head);
    if (block.keys.length < blockKeysMax) {
      insertInBlock(block, index, key, head, entry);
      return;
    }
    // Keys that arrive in order fill whole blocks; others split a full block in halves.
    const ascending = index === blockKeysMax && blockIndex === this.#blocks.length - 1;
    const upper = ascending ? emptyBlock() : splitBlock(block);
    const lowerCount = block.keys.length;
    if (index > lowerCount || ascending) insertInBlock(upper, index - lowerCount, key, head, entry);
    else insertInBlock(block, index, key, head, entry);
    this.#addBlock(blockIndex + 1, upper);
  }

  /** The place of the first key >= `bound` (not normalized). */
  locate(bound: Key): number {
    if (this.#blocks.length === 0) return 0;
    const head = keyHead(bound);
    const blockIndex = this.#findBlock(bound, head);
    return blockIndex * blockKeysMax + findInBlock(objectAt(this.#blocks, blockIndex), bound, head);
  }

  /** The place of the first key at or after `place`; -1 behind the last. */
  normalize(place: number): number {
    const blockIndex = (place / blockKeysMax) | 0;
    const block = this.#blocks[blockIndex];
    if (block === undefined) return -1;
    if (place % blockKeysMax < block.keys.length) return place;
    return blockIndex + 1 < this.#blocks.length ? (blockIndex + 1) * blockKeysMax : -1;
  }

  /** The place before `place` (normalized or not); -1 before the first. */
  before(place: number): number {
    if (place % blockKeysMax !== 0) return place - 1;
    const blockIndex = place / blockKeysMax - 1;
    if (blockIndex < 0) return -1;
    return blockIndex * blockKeysMax + objectAt(this.#blocks, blockIndex).keys.length - 1;
  }

  /** The place behind the last key. */
  get end(): number {
    const last = this.#blocks.length - 1;
    return last < 0 ? 0 : last * blockKeysMax + objectAt(this.#blocks, last).keys.length;
  }

  /** The place behind the last key of the block that `place` is in. */
  blockEnd(place: number): number {
    const blockIndex = (place / blockKeysMax) | 0;
    return blockIndex * blockKeysMax + objectAt(this.#blocks, blockIndex).keys.length;
  }

  keyAt(place: number): Key {
    return textAt(objectAt(this.#blocks, (place / blockKeysMax) | 0).keys, place % blockKeysMax);
  }

  entryAt(place: number): number {
    return wordAt(objectAt(this.#blocks, (place / blockKeysMax) | 0).entries, place % blockKeysMax);
  }

  /** Removes the keys whose entry `keep` refuses. */
  retain(keep: (entry: number, key: Key) => boolean): void {
    this.modifications++;
    const kept = this.#blocks.splice(0);
    for (const block of kept) {
      let count = 0;
      for (let index = 0; index < block.keys.length; index++) {
        const entry = wordAt(block.entries, index);
        if (!keep(entry, textAt(block.keys, index))) continue;
        block.keys[count] = textAt(block.keys, index);
        block.heads[count] = doubleAt(block.heads, index);
        block.entries[count++] = entry;
      }
      block.keys.length = count;
      if (count > 0) this.#addBlock(this.#blocks.length, block);
    }
  }

  /** All entries in key order. */
  copyEntries(into: Uint32Array): void {
    let offset = 0;
    for (const block of this.#blocks) {
      into.set(block.entries.subarray(0, block.keys.length), offset);
      offset += block.keys.length;
    }
  }

  /** The last block whose first key is <= `key`, else the first block. */
  #findBlock(key: Key, head: number): number {
    const heads = this.#firstHeads;
    let low = 1;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubleAt(heads, middle);
      if (other < head || (other === head && textAt(objectAt(this.#blocks, middle).keys, 0) <= key))
        low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #addBlock(blockIndex: number, block: Block): void {
    const count = this.#blocks.length;
    if (count === this.#firstHeads.length) {
      const larger = new Float64Array(count * 2);
      larger.set(this.#firstHeads);
      this.#firstHeads = larger;
    }
    this.#firstHeads.copyWithin(blockIndex + 1, blockIndex, count);
    this.#firstHeads[blockIndex] = doubleAt(block.heads, 0);
    this.#blocks.splice(blockIndex, 0, block);
  }
}

function emptyBlock(): Block {
  return { keys: [], heads: new Float64Array(blockKeysMax), entries: new Uint32Array(blockKeysMax) };
}

/** Moves the upper half of a full block to a new one. */
function splitBlock(block: Block): Block {
  const half = blockKeysMax / 2;
  const upper = emptyBlock();
  for (let index = half; index < blockKeysMax; index++) upper.keys.push(textAt(block.keys, index));
  upper.heads.set(block.heads.subarray(half));
  upper.entries.set(block.entries.subarray(half));
  block.keys.length = half;
  return upper;
}

/** The index of the first key >= `key`. */
function findInBlock(block: Block, key: Key, head: number): number {
  const { heads, keys } = block;
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = doubleAt(heads, middle);
    if (other < head || (other === head && textAt(keys, middle) < key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insertInBlock(block: Block, index: number, key: Key, head: number, entry: number): void {
  const { keys, heads, entries } = block;
  const count = keys.length;
  keys.push(key);
  if (count - index <= shortShift) {
    for (let position = count; position > index; position--) {
      keys[position] = textAt(keys, position - 1);
      heads[position] = doubleAt(heads, position - 1);
      entries[position] = wordAt(entries, position - 1);
    }
  } else {
    for (let position = count; position > index; position--) keys[position] = textAt(keys, position - 1);
    heads.copyWithin(index + 1, index, count);
    entries.copyWithin(index + 1, index, count);
  }
  keys[index] = key;
  heads[index] = head;
  entries[index] = entry;
}
