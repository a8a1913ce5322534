import { crc32 } from "../encoding.ts";
import { frameHeaderBytes } from "../frame.ts";
import { compress } from "../sstable/compression.ts";
import type { Key, Value } from "../store.ts";
import type { VfsFile } from "../vfs/vfs.ts";
import { FrameBuilder } from "../wal/frame-builder.ts";
import type { ChangeRecord } from "../wal/records.ts";
import {
  type ArchiveIndex,
  archiveFooterBytes,
  archiveHeaderBytes,
  encodeArchiveFooter,
  encodeArchiveHeader,
  encodeArchiveIndex,
} from "./archive-format.ts";

import { type ContentParts, Contents } from "./contents.ts";

/** Blocks are about this large before compression: small enough to read for a single record, large enough to compress. */
const blockBytes = 32 << 10;
/** What all blocks that are being filled may take together. */
const openBytesMax = 16 << 20;

/** One row of a commit, with what the archive shall keep of its changes. */
export interface ArchivedRow {
  readonly key: Key;
  readonly value: Value | undefined;
  readonly changes: readonly ChangeRecord[];
}

/** One commit's part in one space. */
export interface ArchivedCommit {
  readonly space: number;
  readonly sequence: number;
  readonly time: number;
  readonly rows: readonly ArchivedRow[];
  /** Summed up; both zero: none. */
  readonly deltaRows: number;
  readonly deltaBytes: number;
}

export interface WrittenArchive {
  readonly bytes: number;
  /** The footer's, by which the manifest knows the file. */
  readonly crc: number;
  readonly contents: ContentParts;
}

/** The block of one space that is being filled. */
interface OpenBlock {
  readonly space: number;
  readonly builder: FrameBuilder;
  firstSequence: number;
  lastSequence: number;
  time: number;
  /** By "feed/shard": the sequences of the changes in the block. */
  readonly shards: Map<string, { feed: number; shard: number; first: number; last: number; ordinal: number }>;
}

/** Writes an archive: commits in ascending order, then `finish`. Nothing is synced. */
export class ArchiveWriter {
  readonly #file: VfsFile;
  readonly #index: ArchiveIndex = { blocks: [], contents: new Contents(), shards: [] };
  readonly #open = new Map<number, OpenBlock>();
  readonly #shards = new Map<string, ArchiveIndex["shards"][number]>();
  #openBytes = 0;
  /** Which change of the current commit the next one is, unless it says otherwise. */
  #nextOrdinal = 0;
  #end = archiveHeaderBytes;

  constructor(file: VfsFile, storeId: Uint8Array) {
    this.#file = file;
    file.write(encodeArchiveHeader(storeId), 0);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#end;
  }

  get isEmpty(): boolean {
    return this.#end === archiveHeaderBytes && this.#open.size === 0;
  }

  add(commit: ArchivedCommit): void {
    const { space, sequence, time, rows, deltaRows, deltaBytes } = commit;
    const block = this.#blockFor(commit);
    const { builder } = block;
    const start = builder.payloadEnd;
    builder.beginSparseCommit(time - block.time, sequence - block.firstSequence);
    this.#nextOrdinal = 0;
    for (const row of rows) this.#addRow(block, sequence, row, space);
    if (deltaRows !== 0 || deltaBytes !== 0) builder.delta(space, deltaRows, deltaBytes);
    builder.endCommit();
    block.lastSequence = sequence;
    this.#openBytes += builder.payloadEnd - start;
    if (builder.payloadEnd - frameHeaderBytes >= blockBytes) this.#close(block);
    else if (this.#openBytes > openBytesMax) this.#closeLargest();
  }

  #addRow(block: OpenBlock, sequence: number, { key, value, changes }: ArchivedRow, space: number): void {
    const { builder } = block;
    const { contents } = this.#index;
    const rowBytes = key.length + (value?.length ?? 0);
    contents.addSpace(space, rowBytes);
    const row = value === undefined ? builder.delete(space, key) : builder.put(space, key, value);
    for (const { feed, shard, ordinal, tag, oldValue, wantsOld } of changes) {
      if (ordinal !== this.#nextOrdinal) builder.ordinal(ordinal);
      this.#nextOrdinal = ordinal + 1;
      builder.change(feed, shard, row, tag, wantsOld, oldValue);
      contents.addFeed(feed, space, rowBytes + tag.length + (oldValue?.length ?? 0));
      const name = `${feed}/${shard}`;
      const known = block.shards.get(name);
      if (known === undefined)
        block.shards.set(name, { feed, shard, first: sequence, last: sequence, ordinal });
      else Object.assign(known, { last: sequence, ordinal });
    }
  }

  #blockFor({ space, sequence, time }: ArchivedCommit): OpenBlock {
    const open = this.#open.get(space);
    const fits = open !== undefined && sequence - open.firstSequence < 2 ** 32 && time - open.time < 2 ** 32;
    if (open !== undefined && fits) return open;
    if (open !== undefined) this.#close(open);
    const builder = new FrameBuilder(4 << 10);
    const fresh = {
      space,
      builder,
      firstSequence: sequence,
      lastSequence: sequence,
      time,
      shards: new Map(),
    };
    this.#open.set(space, fresh);
    this.#index.contents.addSpace(space, 0);
    return fresh;
  }

  #closeLargest(): void {
    let largest: OpenBlock | undefined;
    for (const block of this.#open.values()) {
      if (largest === undefined || block.builder.payloadEnd > largest.builder.payloadEnd) largest = block;
    }
    if (largest !== undefined) this.#close(largest);
  }

  #close(block: OpenBlock): void {
    const { space, builder, firstSequence, lastSequence, time, shards } = block;
    this.#open.delete(space);
    this.#openBytes -= builder.payloadEnd - frameHeaderBytes;
    const plain = builder.bytes.array.subarray(frameHeaderBytes, builder.payloadEnd);
    const compressed = compress(plain);
    const stored = compressed ?? plain;
    const offset = this.#end;
    this.#file.write(stored, offset);
    this.#end += stored.length;
    const number = this.#index.blocks.length;
    this.#index.blocks.push({
      space,
      offset,
      bytes: stored.length,
      compressed: compressed !== undefined,
      crc: crc32(stored),
      firstSequence,
      lastSequence,
      time,
    });
    for (const [name, { feed, shard, first, last, ordinal }] of shards) {
      let known = this.#shards.get(name);
      if (known === undefined) {
        known = { feed, shard, lastSequence: 0, lastOrdinal: 0, blocks: [] };
        this.#shards.set(name, known);
        this.#index.shards.push(known);
      }
      known.blocks.push({ block: number, firstSequence: first, lastSequence: last });
      if (last < known.lastSequence) continue;
      if (last > known.lastSequence || ordinal > known.lastOrdinal) known.lastOrdinal = ordinal;
      known.lastSequence = last;
    }
  }

  /** Writes what is open, the index and the footer. */
  finish(): WrittenArchive {
    for (const block of [...this.#open.values()]) this.#close(block);
    for (const { blocks } of this.#index.shards) blocks.sort((a, b) => a.firstSequence - b.firstSequence);
    const index = encodeArchiveIndex(this.#index);
    const bytes = this.#end + index.length + archiveFooterBytes;
    const { footer, crc } = encodeArchiveFooter(bytes, this.#end, index);
    const tail = new Uint8Array(index.length + footer.length);
    tail.set(index, 0);
    tail.set(footer, index.length);
    this.#file.write(tail, this.#end);
    this.#end = bytes;
    return { bytes, crc, contents: this.#index.contents.parts };
  }
}
