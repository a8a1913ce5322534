import { crc32 } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import type { Entry } from "../iterator.ts";
import type { TableRecord } from "../manifest/edit.ts";
import { BlockReader } from "../sstable/block-reader.ts";
import { filterMayContain, hashOfKey } from "../sstable/bloom-filter.ts";
import { decompress } from "../sstable/compression.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import { decodeFooter, decodeProperties, type Footer, footerBytes, type Section } from "../sstable/format.ts";
import { IndexReader } from "../sstable/index-block.ts";
import type { Key } from "../store.ts";

/**
 * An SSTable opened part by part, so that what is whole can be read beside what is not. Footer, index and properties must be right:
 * without them nothing says what a block's bytes have to be, and what cannot be checked is not believed.
 */
export class TableParts {
  readonly path: string;
  readonly blocks: number;
  readonly #files: FilePool;
  readonly #record: TableRecord;
  readonly #footer: Footer;
  readonly #index: IndexReader;
  /** Undefined when it is damaged. */
  readonly #filter: Uint8Array | undefined;
  readonly filterFault: StorageError | undefined;

  /** Throws "corruption" when nothing of the file can be read, or it is not the one that `record` names. */
  constructor(files: FilePool, path: string, record: TableRecord) {
    this.path = path;
    this.#files = files;
    this.#record = record;
    const size = files.size(path);
    if (size < footerBytes) throw corruption(path, size, "too short for an SSTable");
    const footer = new Uint8Array(footerBytes);
    files.read(path, footer, size - footerBytes);
    this.#footer = decodeFooter(footer, path, size);
    const properties = decodeProperties(this.#section(this.#footer.properties, "properties"));
    this.#checkIdentity({ bytes: size, ...properties });
    const { index } = this.#footer;
    this.blocks = properties.blocks;
    this.#index = new IndexReader(this.#section(index, "index"), this.blocks, path, index.offset);
    try {
      this.#filter = this.#section(this.#footer.filter, "filter");
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.filterFault = error;
    }
  }

  /** Whether the filter can tell which keys the file held. */
  get hasFilter(): boolean {
    return this.#filter !== undefined;
  }

  /** False: the key was certainly never in this file. Without a filter nothing is certain. */
  mayHaveHeld(key: Key): boolean {
    return this.#filter === undefined || filterMayContain(this.#filter, hashOfKey(key));
  }

  /** The block that holds the keys from `key` on. */
  blockOf(key: Key): number {
    return this.#index.find(key);
  }

  /** The entries of all blocks from `block` on. Those that cannot be read are left out, unless the file `isWhole`: then they throw. */
  *readable(block: number, isWhole: boolean): Generator<Entry> {
    let last: Key | undefined;
    for (let at = block; at < this.blocks; at++) {
      let entries: Entry[];
      try {
        entries = this.entries(at, last);
      } catch (error) {
        // Told when the file was checked.
        if (isWhole || !(error instanceof StorageError)) throw error;
        continue;
      }
      last = entries.at(-1)?.key ?? last;
      yield* entries;
    }
  }

  /** The entries of a data block, checked; keys must be greater than `after`. Throws "corruption", or "io". */
  entries(block: number, after: Key | undefined): Entry[] {
    const { path } = this;
    const offset = this.#index.offset(block);
    const stored = new Uint8Array(this.#storedBytes(block));
    this.#files.read(path, stored, offset);
    if (crc32(stored) !== this.#index.crc(block))
      throw corruption(path, offset, "SSTable block does not match its checksum");
    try {
      const bytes = this.#index.compressed(block) ? decompress(stored, path, offset) : stored;
      return this.#decode(bytes, offset, after);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw corruption(path, offset, `malformed data block: ${error.message}`);
    }
  }

  #storedBytes(block: number): number {
    const bytes = this.#index.storedBytes(block);
    if (this.#index.offset(block) + bytes > this.#footer.filter.offset)
      throw corruption(this.path, this.#footer.index.offset, "index points outside the data blocks");
    return bytes;
  }

  #decode(bytes: Uint8Array, offset: number, after: Key | undefined): Entry[] {
    const { sequenceMin, sequenceMax } = this.#record;
    const reader = new BlockReader();
    const entries: Entry[] = [];
    let last = after;
    reader.open(bytes);
    while (reader.advance()) {
      const key = reader.decodeKey();
      const { sequence, tombstone, valueStart: start, payloadEnd: end } = reader;
      if (last !== undefined && key <= last) throw corruption(this.path, offset, "keys do not ascend");
      if (sequence < sequenceMin || sequence > sequenceMax)
        throw corruption(this.path, offset, `sequence ${sequence} does not belong into this file`);
      entries.push({ key, sequence, tombstone, bytes, start, end });
      last = key;
    }
    return entries;
  }

  #section({ offset, bytes, crc }: Section, name: string): Uint8Array {
    const content = new Uint8Array(bytes);
    this.#files.read(this.path, content, offset);
    if (crc32(content) !== crc)
      throw corruption(this.path, offset, `SSTable ${name} does not match its checksum`);
    return content;
  }

  #checkIdentity(found: Omit<TableRecord, "space" | "level" | "number" | "hash">): void {
    const expected = this.#record;
    const isTheSame =
      found.bytes === expected.bytes &&
      found.entries === expected.entries &&
      found.tombstones === expected.tombstones &&
      found.smallest === expected.smallest &&
      found.largest === expected.largest &&
      found.sequenceMin === expected.sequenceMin &&
      found.sequenceMax === expected.sequenceMax;
    if (!isTheSame) throw corruption(this.path, 0, "the file is not the one that the manifest names");
  }
}
