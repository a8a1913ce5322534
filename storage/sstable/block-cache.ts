import { objectAt } from "../encoding.ts";

/** The cached blocks of one file, by block number. */
export class BlockSlots {
  /** Set by use, cleared by the clock's hand. */
  readonly referenced: Uint8Array;
  readonly blocks: (Uint8Array | undefined)[];

  constructor(count: number) {
    this.referenced = new Uint8Array(count);
    this.blocks = new Array(count).fill(undefined);
  }
}

interface CachedBlock {
  readonly slots: BlockSlots;
  readonly block: number;
}

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
  /** Of point reads: blocks they looked into, cached or not; files that the filter spared them, and that it did not though the key was not there. */
  pointBlocks = 0;
  filterNegatives = 0;
  filterFalsePositives = 0;
  #ring: CachedBlock[] = [];
  #hand = 0;
  /** Entries of the ring whose blocks are gone with their files, about. */
  #stale = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The bytes of a block, if they are here. */
  lookup(slots: BlockSlots, block: number): Uint8Array | undefined {
    const bytes = slots.blocks[block];
    if (bytes === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    slots.referenced[block] = 1;
    return bytes;
  }

  /** Keeps a block that was just read. One that would take over an eighth of the cache is not kept. */
  insert(slots: BlockSlots, block: number, bytes: Uint8Array): void {
    if (bytes.length > this.bytesMax / 8) return;
    slots.blocks[block] = bytes;
    slots.referenced[block] = 0;
    this.#ring.push({ slots, block });
    this.bytes += bytes.length;
    while (this.bytes > this.bytesMax) this.#evict();
  }

  /** Drops all blocks of a file. O(blocks of the file): the ring is tidied when half of it has gone so. */
  forget(slots: BlockSlots): void {
    for (let block = 0; block < slots.blocks.length; block++) {
      if (slots.blocks[block] === undefined) continue;
      this.#drop(slots, block);
      this.#stale++;
    }
    if (this.#stale <= this.#ring.length / 2) return;
    this.#ring = this.#ring.filter((cached) => cached.slots.blocks[cached.block] !== undefined);
    this.#hand = 0;
    this.#stale = 0;
  }

  #evict(): void {
    for (;;) {
      if (this.#hand >= this.#ring.length) this.#hand = 0;
      const { slots, block } = objectAt(this.#ring, this.#hand);
      const isStale = slots.blocks[block] === undefined;
      if (isStale || slots.referenced[block] === 0) {
        this.#drop(slots, block);
        const last = this.#ring.pop();
        if (last !== undefined && this.#hand < this.#ring.length) this.#ring[this.#hand] = last;
        if (!isStale) return;
        this.#stale--;
        continue;
      }
      slots.referenced[block] = 0;
      this.#hand++;
    }
  }

  #drop(slots: BlockSlots, block: number): void {
    this.bytes -= slots.blocks[block]?.length ?? 0;
    slots.blocks[block] = undefined;
  }
}
