/**
 * Archives: log segments without what nobody wants any more, `archive/<number, 10 digits>.arc`. Written once, synced, then named by the manifest;
 * never changed.
 *
 *   archive = header block* index footer
 *   header  = 32 bytes: "WALNUTAR", u32 format version (1), u32 CRC-32 of the bytes 0..12 and 16..32, 16 bytes store id
 *   block   = sparse commits of one space (storage/wal/format.ts), ascending; as they are, or u32 length and an lz4 block. A commit that wrote to
 *             several spaces has a part in a block of each
 *   index   = varints: blocks (space, offset, stored bytes * 2 + compressed, CRC-32 of the stored bytes, first sequence, last sequence - first,
 *                              time of the first commit)*
 *             spaces (number, bytes)*, feeds (number, space, bytes)*
 *             shards (feed, shard, last sequence, last ordinal, blocks (index of the block, first sequence, last sequence - first)*)*
 *             Every list begins with its count
 *   footer  = 40 bytes, little endian, at the end of the file:
 *      0  u53  size of the file
 *      8  u53  offset of the index
 *     16  u32  length of the index
 *     20  u32  CRC-32 of the index
 *     24  u32  format version (1)
 *     28  u32  CRC-32 of the footer's bytes 0..28
 *     32  8 bytes "WALNUTAR"
 *
 * The manifest holds the CRC-32 of the footer, the footer that of the index, the index that of each block: a part of another archive in the place
 * of one of this is found like a damaged one.
 */
import { crc32, readLatin1, readU53, writeLatin1, writeU53 } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import { Bytes } from "../frame.ts";
import { Contents } from "./contents.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

export const archiveDirectory = "archive";
export const archiveHeaderBytes = 32;
export const archiveFooterBytes = 40;
const formatVersion = 1;
const magic = "WALNUTAR";

export function archivePath(number: number): string {
  return `${archiveDirectory}/${String(number).padStart(10, "0")}.arc`;
}

/** Some commits of one space, stored together. */
export interface ArchiveBlock {
  readonly space: number;
  readonly offset: number;
  /** As stored. */
  readonly bytes: number;
  readonly compressed: boolean;
  readonly crc: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Of its first commit. */
  readonly time: number;
}

/** A block that holds changes of a shard, and which. */
export interface ShardBlock {
  readonly block: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

export interface ArchivedShard {
  readonly feed: number;
  readonly shard: number;
  lastSequence: number;
  lastOrdinal: number;
  readonly blocks: ShardBlock[];
}

export interface ArchiveIndex {
  readonly blocks: ArchiveBlock[];
  /** Before compression. */
  readonly contents: Contents;
  readonly shards: ArchivedShard[];
}

export function encodeArchiveHeader(storeId: Uint8Array): Uint8Array {
  const { array, view } = new Bytes(new Uint8Array(archiveHeaderBytes));
  writeLatin1(array, 0, magic);
  view.setUint32(8, formatVersion, true);
  array.set(storeId, 16);
  view.setUint32(12, headerCrc(array), true);
  return array;
}

function headerCrc(array: Uint8Array): number {
  return crc32(array.subarray(16, archiveHeaderBytes), crc32(array.subarray(0, 12)));
}

/** Throws "foreign" for what is not ours and "corruption" for damage. */
export function checkArchiveHeader(array: Uint8Array, path: string, storeId: Uint8Array): void {
  const { view } = new Bytes(array);
  if (array.length < archiveHeaderBytes || headerCrc(array) !== view.getUint32(12, true))
    throw corruption(path, 12, "the archive's header does not match its checksum");
  if (readLatin1(array, 0, magic.length) !== magic)
    throw corruption(path, 0, "the file does not start like an archive");
  checkVersion(view.getUint32(8, true), path, 8);
  if (Buffer.compare(array.subarray(16, archiveHeaderBytes), storeId) !== 0)
    throw new StorageError("foreign", `${path}: the archive belongs to another store`, { file: path });
}

function checkVersion(version: number, path: string, offset: number): void {
  if (version === formatVersion) return;
  const message = `${path}: archive format ${version} is not known to this version`;
  throw new StorageError("foreign", message, { file: path, offset });
}

/** The footer, and its own checksum for the manifest. */
export function encodeArchiveFooter(
  fileBytes: number,
  indexOffset: number,
  index: Uint8Array,
): { footer: Uint8Array; crc: number } {
  const { array, view } = new Bytes(new Uint8Array(archiveFooterBytes));
  writeU53(array, 0, fileBytes);
  writeU53(array, 8, indexOffset);
  view.setUint32(16, index.length, true);
  view.setUint32(20, crc32(index), true);
  view.setUint32(24, formatVersion, true);
  const crc = crc32(array.subarray(0, 28));
  view.setUint32(28, crc, true);
  writeLatin1(array, 32, magic);
  return { footer: array, crc };
}

/** Where the index lies, from a footer that the manifest knows by `crc`, at `offset` of its file. */
export function decodeArchiveFooter(
  array: Uint8Array,
  crc: number,
  path: string,
  offset: number,
): { readonly offset: number; readonly bytes: number; readonly crc: number } {
  const { view } = new Bytes(array);
  if (view.getUint32(28, true) !== crc32(array.subarray(0, 28)) || readLatin1(array, 32, 40) !== magic)
    throw corruption(path, offset, "the archive's footer does not match its checksum");
  checkVersion(view.getUint32(24, true), path, offset + 24);
  if (view.getUint32(28, true) !== crc)
    throw corruption(path, offset, "the archive is not the one that the manifest names");
  const index = { offset: readU53(array, 8), bytes: view.getUint32(16, true), crc: view.getUint32(20, true) };
  if (index.offset + index.bytes !== offset || readU53(array, 0) !== offset + archiveFooterBytes)
    throw corruption(path, offset, "the archive's footer is not in its place");
  return index;
}

export function encodeArchiveIndex(index: ArchiveIndex): Uint8Array {
  const out = new VarintWriter();
  out.add(index.blocks.length);
  for (const block of index.blocks) {
    const { space, offset, bytes, compressed, crc, firstSequence, lastSequence, time } = block;
    out.add(space, offset, bytes * 2 + (compressed ? 1 : 0), crc);
    out.add(firstSequence, lastSequence - firstSequence, time);
  }
  index.contents.encode(out);
  out.add(index.shards.length);
  for (const { feed, shard, lastSequence, lastOrdinal, blocks } of index.shards) {
    out.add(feed, shard, lastSequence, lastOrdinal, blocks.length);
    for (const entry of blocks) {
      out.add(entry.block, entry.firstSequence, entry.lastSequence - entry.firstSequence);
    }
  }
  return out.bytes();
}

/** `bytes` have passed their checksum; `offset` is where they lie in their file. */
export function decodeArchiveIndex(bytes: Uint8Array, path: string, offset: number): ArchiveIndex {
  const from = new VarintReader(bytes, path, offset);
  const index: ArchiveIndex = { blocks: [], contents: new Contents(), shards: [] };
  for (let left = from.count(7); left > 0; left--) {
    const block = readBlock(from);
    if (block.offset + block.bytes > offset) from.fail("a block lies outside of the file's blocks");
    index.blocks.push(block);
  }
  index.contents.decode(from);
  for (let left = from.count(5); left > 0; left--) {
    index.shards.push(readShard(from, index.blocks.length));
  }
  from.end();
  return index;
}

function readBlock(from: VarintReader): ArchiveBlock {
  const space = from.next();
  const offset = from.next();
  const size = from.next();
  const crc = from.next();
  const firstSequence = from.next();
  const lastSequence = firstSequence + from.next();
  const time = from.next();
  const bytes = Math.floor(size / 2);
  return { space, offset, bytes, compressed: size % 2 === 1, crc, firstSequence, lastSequence, time };
}

function readShard(from: VarintReader, blockCount: number): ArchivedShard {
  const [feed, shard, lastSequence, lastOrdinal] = [from.next(), from.next(), from.next(), from.next()];
  const blocks: ShardBlock[] = [];
  for (let left = from.count(3); left > 0; left--) {
    const block = from.next();
    if (block >= blockCount) from.fail("a shard names a block that does not exist");
    const firstSequence = from.next();
    blocks.push({ block, firstSequence, lastSequence: firstSequence + from.next() });
  }
  return { feed, shard, lastSequence, lastOrdinal, blocks };
}
