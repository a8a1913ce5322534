import assert from "node:assert/strict";
import { crc32, Sha256, sharedPrefix } from "../encoding.ts";
import type { Entry } from "../iterator.ts";
import type { Key } from "../store.ts";
import type { VfsFile } from "../vfs/vfs.ts";
import { BlockWriter } from "./block-writer.ts";
import { FilterBuilder } from "./bloom-filter.ts";
import { compress } from "./compression.ts";
import {
  compressedFlag,
  encodeFooter,
  encodeProperties,
  footerBytes,
  type Section,
  type SSTableInfo,
  type SSTableProperties,
} from "./format.ts";
import { IndexWriter } from "./index-block.ts";

export interface SSTableWriterOptions {
  /** Target size of a data block before compression. */
  readonly blockBytes: number;
}

/** Stored blocks are gathered and written this many bytes at a time. */
const outputBytes = 128 << 10;
/** Keys entered into the filter per `finish` step, some tens of nanoseconds each. */
const filterKeysPerStep = 10_000;

/**
 * Writes one SSTable to an empty file, entry by entry in ascending key order. Work is proportional to what is added, block by block; the
 * caller syncs and closes the file.
 */
export class SSTableWriter {
  readonly #file: VfsFile;
  readonly #blockBytes: number;
  readonly #block: BlockWriter;
  readonly #index = new IndexWriter();
  readonly #filter = new FilterBuilder();
  readonly #hash = new Sha256();
  #output = new Uint8Array(outputBytes);
  #outputLength = 0;
  #written = 0;
  #filterSection: Section | undefined;
  #info: SSTableInfo | undefined;

  #entries = 0;
  #tombstones = 0;
  #keyBytes = 0;
  #valueBytes = 0;
  #sequenceMin = Number.POSITIVE_INFINITY;
  #sequenceMax = 0;
  #smallest: Key = "";
  #largest: Key = "";
  #separator: Key = "";

  constructor(file: VfsFile, options: SSTableWriterOptions) {
    assert(options.blockBytes > 0, "blocks have a target size");
    this.#file = file;
    this.#blockBytes = options.blockBytes;
    this.#block = new BlockWriter(options.blockBytes);
  }

  /** Size so far: what is stored, plus the block in the making before compression. */
  get bytes(): number {
    return this.#written + this.#outputLength + (this.#block.entries > 0 ? this.#block.bytes : 0);
  }

  get entries(): number {
    return this.#entries;
  }

  /** Adds an entry, such as the one a cursor stands on; nothing of it is kept but its key. */
  add(entry: Entry): void {
    const { key, sequence } = entry;
    assert(this.#entries === 0 || key > this.#largest, "SSTable keys ascend");
    const block = this.#block;
    if (block.entries > 0 && block.bytes + BlockWriter.entryBytesMax(entry) > this.#blockBytes) {
      this.#finishBlock();
    }
    if (block.entries === 0 && this.#entries > 0) {
      this.#separator = key.slice(0, sharedPrefix(this.#largest, key) + 1);
    }
    block.add(entry);
    this.#filter.add(key);
    if (this.#entries++ === 0) this.#smallest = key;
    this.#largest = key;
    if (entry.tombstone) this.#tombstones++;
    if (sequence < this.#sequenceMin) this.#sequenceMin = sequence;
    if (sequence > this.#sequenceMax) this.#sequenceMax = sequence;
    this.#keyBytes += key.length;
    this.#valueBytes += entry.end - entry.start;
  }

  /** Writes what follows the data blocks, a bounded piece per call; true once all is written. */
  finish(): boolean {
    assert(this.#entries > 0, "an SSTable has at least one entry");
    if (this.#info !== undefined) return true;
    if (this.#block.entries > 0) this.#finishBlock();
    const filter = this.#filter.build(filterKeysPerStep);
    if (filter === undefined) return false;
    if (this.#filterSection === undefined) {
      this.#filterSection = this.#section(filter);
      return false;
    }
    this.#finishFile(this.#filterSection);
    return true;
  }

  /** After `finish` returned true. */
  info(): SSTableInfo {
    assert(this.#info !== undefined, "the SSTable is finished");
    return this.#info;
  }

  #finishBlock(): void {
    const bytes = this.#block.finish();
    const compressed = compress(bytes);
    const stored = compressed ?? bytes;
    const offset = this.#written + this.#outputLength;
    assert(offset + stored.length < compressedFlag, "an SSTable stays below 2 GiB");
    this.#index.add(offset, stored.length, compressed !== undefined, crc32(stored), this.#separator);
    this.#append(stored);
  }

  #finishFile(filter: Section): void {
    const properties: SSTableProperties = {
      entries: this.#entries,
      tombstones: this.#tombstones,
      smallest: this.#smallest,
      largest: this.#largest,
      sequenceMin: this.#sequenceMin,
      sequenceMax: this.#sequenceMax,
      keyBytes: this.#keyBytes,
      valueBytes: this.#valueBytes,
      blocks: this.#index.count,
    };
    const sections = {
      filter,
      index: this.#section(this.#index.finish()),
      properties: this.#section(encodeProperties(properties)),
    };
    const fileBytes = this.#written + this.#outputLength + footerBytes;
    this.#append(encodeFooter({ fileBytes, ...sections }));
    this.#flush();
    this.#info = { bytes: fileBytes, hash: this.#hash.hex(), ...properties };
  }

  #section(bytes: Uint8Array): Section {
    const section = { offset: this.#written + this.#outputLength, bytes: bytes.length, crc: crc32(bytes) };
    this.#append(bytes);
    return section;
  }

  #append(bytes: Uint8Array): void {
    if (this.#outputLength + bytes.length > this.#output.length) this.#flush();
    if (bytes.length > this.#output.length) {
      this.#write(bytes);
      return;
    }
    this.#output.set(bytes, this.#outputLength);
    this.#outputLength += bytes.length;
  }

  #flush(): void {
    if (this.#outputLength === 0) return;
    this.#write(this.#output.subarray(0, this.#outputLength));
    this.#outputLength = 0;
  }

  #write(bytes: Uint8Array): void {
    this.#file.write(bytes, this.#written);
    this.#hash.update(bytes);
    this.#written += bytes.length;
  }
}
