import { objectAt } from "../encoding.ts";

/** A decompressed data block and its place among those of its file. */
export interface CachedBlock {
  readonly bytes: Uint8Array;
  readonly slots: BlockSlots;
  readonly block: number;
  referenced: boolean;
  ringIndex: number;
}

/** The cached blocks of one file, by block number. */
export type BlockSlots = (CachedBlock | undefined)[];

/**
 * Decompressed data blocks of all SSTables, bounded by bytes; evicts by CLOCK. Views into a block stay intact after its eviction:
 * its memory goes when the last of them does.
 */
export class BlockCache {
  readonly bytesMax: number;
  /** Bytes held now. */
  bytes = 0;
  /** Counters since the start. Reads that bypass the cache count in `blocksRead` only. */
  hits = 0;
  misses = 0;
  blocksRead = 0;
  readonly #ring: CachedBlock[] = [];
  #hand = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The bytes of a block, if they are here. */
  lookup(slots: BlockSlots, block: number): Uint8Array | undefined {
    const cached = slots[block];
    if (cached === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    cached.referenced = true;
    return cached.bytes;
  }

  /** Keeps a block that was just read. One that would take over an eighth of the cache is not kept. */
  insert(slots: BlockSlots, block: number, bytes: Uint8Array): void {
    if (bytes.length > this.bytesMax / 8) return;
    const cached = { bytes, slots, block, referenced: false, ringIndex: this.#ring.length };
    slots[block] = cached;
    this.#ring.push(cached);
    this.bytes += bytes.length;
    while (this.bytes > this.bytesMax) this.#evict();
  }

  /** Drops all blocks of a file. */
  forget(slots: BlockSlots): void {
    for (const cached of slots) if (cached !== undefined) this.#remove(cached);
  }

  #evict(): void {
    for (;;) {
      if (this.#hand >= this.#ring.length) this.#hand = 0;
      const cached = objectAt(this.#ring, this.#hand);
      if (!cached.referenced) {
        this.#remove(cached);
        return;
      }
      cached.referenced = false;
      this.#hand++;
    }
  }

  #remove(cached: CachedBlock): void {
    const last = this.#ring.pop();
    if (last !== undefined && last !== cached) {
      last.ringIndex = cached.ringIndex;
      this.#ring[cached.ringIndex] = last;
    }
    cached.slots[cached.block] = undefined;
    this.bytes -= cached.bytes.length;
  }
}
