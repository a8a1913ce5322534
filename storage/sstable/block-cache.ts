/** Decompressed data blocks of all SSTables, bounded by bytes. Views given out stay intact after eviction. */
export declare class BlockCache {
  constructor(bytesMax: number);
  /** Bytes held now. */
  readonly bytes: number;
  /** Counters since the start. A miss is a block read from its file; reads that bypass the cache count in `blocksRead` only. */
  readonly hits: number;
  readonly misses: number;
  readonly blocksRead: number;
}
