import { crc32 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import { Bytes } from "../frame.ts";
import type { ArchiveRecord } from "../manifest/edit.ts";
import { decompress } from "../sstable/compression.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import { removeFile } from "../vfs/remove-file.ts";
import type { Vfs } from "../vfs/vfs.ts";
import {
  type ChangeRecord,
  type CommitBlock,
  type RecordVisitor,
  readChanges,
  visitRecords,
  type WantedChanges,
} from "../wal/records.ts";
import {
  type ArchiveBlock,
  type ArchivedShard,
  type ArchiveIndex,
  archiveFooterBytes,
  archiveHeaderBytes,
  archivePath,
  checkArchiveHeader,
  decodeArchiveFooter,
  decodeArchiveIndex,
} from "./archive-format.ts";
import { Contents } from "./contents.ts";
import type { HistoryFiles, HistorySource, PlainSource, ShardEnd } from "./source.ts";

/** One archive, for reading. Header and index are read and checked at the first use. */
export class Archive implements HistorySource {
  readonly record: ArchiveRecord;
  readonly path: string;
  readonly contents: Contents;
  readonly #vfs: Vfs;
  readonly #files: FilePool;
  readonly #storeId: Uint8Array;
  #index: ArchiveIndex | undefined;

  constructor({ vfs, files, storeId }: HistoryFiles, record: ArchiveRecord) {
    this.#vfs = vfs;
    this.record = record;
    this.path = archivePath(record.number);
    this.contents = Contents.of(record.contents);
    this.#files = files;
    this.#storeId = storeId;
  }

  get firstSequence(): number {
    return this.record.firstSequence;
  }

  get lastSequence(): number {
    return this.record.lastSequence;
  }

  get lastTime(): number {
    return this.record.lastTime;
  }

  get bytes(): number {
    return this.record.bytes;
  }

  get plain(): PlainSource {
    return { archive: this.record };
  }

  forget(): void {
    this.#index = undefined;
  }

  get index(): ArchiveIndex {
    if (this.#index !== undefined) return this.#index;
    const { path } = this;
    const { bytes: fileBytes, crc } = this.record;
    const size = this.#files.size(path);
    if (size !== fileBytes)
      throw corruption(
        path,
        Math.min(size, fileBytes),
        `the archive has ${size} bytes instead of ${fileBytes}`,
      );
    checkArchiveHeader(this.#read(0, archiveHeaderBytes), path, this.#storeId);
    const footerAt = fileBytes - archiveFooterBytes;
    const place = decodeArchiveFooter(this.#read(footerAt, archiveFooterBytes), crc, path, footerAt);
    const bytes = this.#read(place.offset, place.bytes);
    if (crc32(bytes) !== place.crc)
      throw corruption(path, place.offset, "the archive's index does not match its checksum");
    this.#index = decodeArchiveIndex(bytes, path, place.offset);
    return this.#index;
  }

  hasFeed(feed: number): boolean {
    return this.contents.feeds.has(feed);
  }

  shardEnd(feed: number, shard: number): ShardEnd | undefined {
    return this.hasFeed(feed) ? this.#shard(feed, shard) : undefined;
  }

  readChanges(wanted: WantedChanges, into: ChangeRecord[]): void {
    if (!this.hasFeed(wanted.feed)) return;
    const found: ChangeRecord[] = [];
    const room = wanted.limit - into.length;
    const everything = { ...wanted, limit: Number.POSITIVE_INFINITY };
    for (const { block, firstSequence, lastSequence } of this.#shard(wanted.feed, wanted.shard)?.blocks ??
      []) {
      if (lastSequence < wanted.afterSequence) continue;
      // Blocks of several spaces may overlap, so the first ones found need not be the first there are.
      const enough = found[room - 1];
      if (enough !== undefined && firstSequence > enough.sequence) break;
      this.#readBlock(block, (bytes, commits) => readChanges(bytes, commits, this.path, everything, found));
      found.sort((a, b) => a.sequence - b.sequence || a.ordinal - b.ordinal);
    }
    into.push(...found.slice(0, room));
  }

  *visit(space: number | undefined, after: number, visitor: RecordVisitor): Generator<number, void> {
    for (const [number, block] of this.index.blocks.entries()) {
      const isWanted = space === undefined || block.space === space;
      if (!isWanted || block.lastSequence <= after) continue;
      let bytesRead = 0;
      this.#readBlock(number, (bytes, commits) => {
        bytesRead = bytes.array.length;
        visitRecords(bytes, commits, this.path, visitor);
      });
      yield bytesRead;
    }
  }

  async unlink(): Promise<void> {
    this.#files.release(this.path);
    await removeFile(this.#vfs, this.path);
  }

  #shard(feed: number, shard: number): ArchivedShard | undefined {
    return this.index.shards.find((entry) => entry.feed === feed && entry.shard === shard);
  }

  #readBlock(number: number, use: (bytes: Bytes, commits: CommitBlock) => void): void {
    const block = this.index.blocks[number];
    if (block === undefined) throw corruption(this.path, 0, `the archive has no block ${number}`);
    const plain = this.#plain(block);
    const { firstSequence, time } = block;
    use(new Bytes(plain), { payloadStart: 0, payloadEnd: plain.length, firstSequence, time, sparse: true });
  }

  #plain({ offset, bytes, crc, compressed }: ArchiveBlock): Uint8Array {
    const stored = this.#read(offset, bytes);
    if (crc32(stored) !== crc) throw corruption(this.path, offset, "the block does not match its checksum");
    return compressed ? decompress(stored, this.path, offset) : stored;
  }

  #read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#files.read(this.path, bytes, offset);
    return bytes;
  }
}
