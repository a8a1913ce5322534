import type { LentBlocks } from "./lent-blocks.ts";
import type { ReadAhead } from "./read-ahead.ts";

/** How a walk reads blocks, unless through the block cache, which then keeps them. */
export interface BlockReading {
  /** Far ahead, and past the cache: for who reads the whole file (compaction, verification). */
  readonly ahead?: ReadAhead;
  /** From the cache what is there; all else into this memory, so that the cache stays as it is. */
  readonly lent?: LentBlocks;
}

export const throughCache: BlockReading = {};
