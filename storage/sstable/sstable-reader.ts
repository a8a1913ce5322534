import { crc32 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import type { Cursor, Version } from "../iterator.ts";
import { inputRoom } from "../lz4/decoder.ts";
import type { Key } from "../store.ts";
import { type BlockCache, BlockSlots } from "./block-cache.ts";
import { BlockReader } from "./block-reader.ts";
import { type BlockReading, throughCache } from "./block-reading.ts";
import { filterMayContain, hashOfKey } from "./bloom-filter.ts";
import { decompress } from "./compression.ts";
import type { FilePool } from "./file-pool.ts";
import {
  decodeFooter,
  decodeProperties,
  type Footer,
  footerBytes,
  type Section,
  type SSTableInfo,
  type SSTableProperties,
} from "./format.ts";
import { IndexReader } from "./index-block.ts";
import type { LentBlocks } from "./lent-blocks.ts";
import { ReadAhead } from "./read-ahead.ts";
import { SSTableCursor } from "./sstable-cursor.ts";

interface Loaded {
  readonly footer: Footer;
  readonly filter: Uint8Array;
  readonly index: IndexReader;
  readonly properties: SSTableProperties;
  readonly slots: BlockSlots;
}

/** What the manifest keeps of a file, apart from its hash. */
export type ExpectedTable = Omit<SSTableInfo, "hash" | "blocks">;

/** Point reads need a block only for an instant: all share this reader. */
const pointReader = new BlockReader();

const newMemory = (bytes: number): Uint8Array => new Uint8Array(bytes);

/**
 * One immutable file of sorted rows, each key once (its newest version when the file was written: history is the log's business,
 * and snapshots hold the memtables they need). Making one costs nothing: footer, index and filter are read on first use and kept.
 * Any damage throws corruption() naming file and offset.
 */
export class SSTableReader {
  readonly path: string;
  readonly #files: FilePool;
  readonly #cache: BlockCache;
  readonly #expected: ExpectedTable | undefined;
  #loaded: Loaded | undefined;

  /** Neither opens nor reads the file. `expected`: what it has to be, so that no other file is taken for it. */
  constructor(files: FilePool, path: string, cache: BlockCache, expected?: ExpectedTable) {
    this.#files = files;
    this.path = path;
    this.#cache = cache;
    this.#expected = expected;
  }

  /** The version of `key` in this file, if any. Reads at most one data block; none when the filter excludes the key. */
  get(key: Key): Version | undefined {
    const { filter, index } = this.#load();
    const cache = this.#cache;
    if (!filterMayContain(filter, hashOfKey(key))) {
      cache.filterNegatives++;
      return undefined;
    }
    cache.pointBlocks++;
    const block = index.find(key);
    const reader = pointReader;
    try {
      reader.open(this.readBlock(block));
      if (!reader.find(key, true)) {
        cache.filterFalsePositives++;
        return undefined;
      }
    } catch (error) {
      throw this.malformed(error, block);
    }
    const { bytes, sequence } = reader;
    if (reader.tombstone) return { sequence, value: undefined };
    return { sequence, value: bytes.subarray(reader.valueStart, reader.payloadEnd) };
  }

  /** False: the key is certainly not in this file. */
  mayContain(key: Key): boolean {
    return filterMayContain(this.#load().filter, hashOfKey(key));
  }

  cursor(reverse = false, lent?: LentBlocks): Cursor {
    return new SSTableCursor(this, reverse, lent === undefined ? throughCache : { lent });
  }

  /** For who reads the whole file (compaction, verification): leaves the block cache as it is, and reads far ahead. */
  sweep(reverse = false): Cursor {
    return new SSTableCursor(this, reverse, { ahead: new ReadAhead() });
  }

  /** What the file says of itself: all of `SSTableInfo` but the hash. */
  properties(): Omit<SSTableInfo, "hash"> {
    const { properties, footer } = this.#load();
    return { bytes: footer.fileBytes, ...properties };
  }

  /** Bytes of index and filter held by this reader. */
  get residentBytes(): number {
    const footer = this.#loaded?.footer;
    return footer === undefined ? 0 : footer.filter.bytes + footer.index.bytes + footer.properties.bytes;
  }

  /** Forgets cached blocks and closes the file. Cursors must not be used any more; values stay intact. */
  close(): void {
    if (this.#loaded !== undefined) this.#cache.forget(this.#loaded.slots);
    this.#files.release(this.path);
    this.#loaded = undefined;
  }

  /** For the cursor: where the blocks are. */
  index(): IndexReader {
    return this.#load().index;
  }

  /** For the cursor: the bytes of a data block, checked and decompressed. Lent memory may be longer than the block. */
  readBlock(block: number, reading: BlockReading = throughCache): Uint8Array {
    if (reading.ahead !== undefined) return this.#readAhead(block, reading.ahead);
    const { slots } = this.#load();
    const cached = this.#cache.lookup(slots, block);
    if (cached !== undefined) return cached;
    const { lent } = reading;
    if (lent !== undefined) return this.#readStored(block, (bytes) => lent.take(bytes));
    const bytes = this.#readStored(block, newMemory);
    this.#cache.insert(slots, block, bytes);
    return bytes;
  }

  /** For the cursor: what to throw when parsing `block` threw `error`. */
  malformed(error: unknown, block: number): unknown {
    if (!(error instanceof RangeError)) return error;
    return corruption(this.path, this.index().offset(block), `malformed data block: ${error.message}`);
  }

  #readStored(block: number, memory: (bytes: number) => Uint8Array): Uint8Array {
    const { offset, length, compressed } = this.#place(block);
    // What is to be decompressed is read to where that happens.
    const room = compressed ? inputRoom(length) : memory(length);
    const stored = room.length === length ? room : room.subarray(0, length);
    this.#files.read(this.path, stored, offset);
    this.#check(block, stored);
    return compressed ? decompress(stored, this.path, offset, memory) : room;
  }

  #readAhead(block: number, ahead: ReadAhead): Uint8Array {
    const { offset, length, compressed } = this.#place(block);
    const stored = ahead.read(this.#files, this.path, offset, length, this.#load().footer.filter.offset);
    this.#check(block, stored);
    // Values are views of their block, which must not change under them.
    return compressed ? decompress(stored, this.path, offset) : stored.slice();
  }

  #place(block: number): {
    readonly offset: number;
    readonly length: number;
    readonly compressed: boolean;
  } {
    const { index, footer } = this.#load();
    const offset = index.offset(block);
    const length = index.storedBytes(block);
    if (offset + length > footer.filter.offset) {
      throw corruption(this.path, footer.index.offset, "index points outside the data blocks");
    }
    this.#cache.blocksRead++;
    return { offset, length, compressed: index.compressed(block) };
  }

  #check(block: number, stored: Uint8Array): void {
    const { index } = this.#load();
    if (crc32(stored) === index.crc(block)) return;
    throw corruption(this.path, index.offset(block), "data block does not match its checksum");
  }

  #load(): Loaded {
    if (this.#loaded !== undefined) return this.#loaded;
    const { path } = this;
    const fileBytes = this.#files.size(path);
    if (fileBytes < footerBytes) throw corruption(path, fileBytes, "too short for an SSTable");
    const footerRaw = new Uint8Array(footerBytes);
    this.#files.read(path, footerRaw, fileBytes - footerBytes);
    const footer = decodeFooter(footerRaw, path, fileBytes);
    const metadata = new Uint8Array(fileBytes - footerBytes - footer.filter.offset);
    this.#files.read(path, metadata, footer.filter.offset);
    const filter = this.#sectionOf(metadata, footer, footer.filter, "filter");
    const indexBytes = this.#sectionOf(metadata, footer, footer.index, "index");
    const propertiesBytes = this.#sectionOf(metadata, footer, footer.properties, "properties");
    try {
      const properties = decodeProperties(propertiesBytes);
      const index = new IndexReader(indexBytes, properties.blocks, path, footer.index.offset);
      this.#checkExpected({ bytes: fileBytes, ...properties }, footer);
      this.#loaded = { footer, filter, index, properties, slots: new BlockSlots(index.count) };
      return this.#loaded;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw corruption(path, footer.index.offset, `malformed index or properties: ${error.message}`);
    }
  }

  #checkExpected(found: ExpectedTable, footer: Footer): void {
    const expected = this.#expected;
    if (expected === undefined) return;
    const differs =
      found.bytes !== expected.bytes ||
      found.entries !== expected.entries ||
      found.tombstones !== expected.tombstones ||
      found.smallest !== expected.smallest ||
      found.largest !== expected.largest ||
      found.sequenceMin !== expected.sequenceMin ||
      found.sequenceMax !== expected.sequenceMax ||
      found.keyBytes !== expected.keyBytes ||
      found.valueBytes !== expected.valueBytes;
    if (differs) {
      throw corruption(
        this.path,
        footer.properties.offset,
        "the file is not the one that the manifest names",
      );
    }
  }

  #sectionOf(metadata: Uint8Array, footer: Footer, section: Section, name: string): Uint8Array {
    const start = section.offset - footer.filter.offset;
    const bytes = metadata.subarray(start, start + section.bytes);
    if (crc32(bytes) !== section.crc) {
      throw corruption(this.path, section.offset, `SSTable ${name} does not match its checksum`);
    }
    return bytes;
  }
}
