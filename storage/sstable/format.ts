import { crc32, readLatin1, readU32, readU53, writeLatin1, writeU32, writeU53 } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import type { Key } from "../store.ts";

/**
 * An SSTable: the rows of one space, sorted, each key once, immutable. Nothing in these lines may change without a new version.
 *
 *   file        data block* | filter | index | properties | footer              (no gaps; u32, u53, varint: see encoding.ts)
 *   data block  as stored: its bytes, or, if the index says compressed, u32 their length | lz4 block
 *     bytes     u32 number of restarts | restart+ | entry+ | payload+
 *     entry     varint shared | varint unshared | varint (payload length * 2 + (tombstone ? 1 : 0)) |
 *               last `unshared` bytes of the key
 *               The key's first `shared` bytes are those of the entry before; 0 at a restart.
 *     payload   varint sequence | value; in the order of the entries
 *     restart   u32 offset of an entry | u32 offset of its payload. For the first entry and every 16th after it.
 *               Offsets count from the start of the block; the first payload begins where the entries end.
 *   filter      lines of 64 bytes, see bloom-filter.ts
 *   index       block record* (16 bytes each) | separators
 *     record    u32 offset | u32 stored length, bit 31 = compressed | u32 CRC of the stored bytes | u32 end of its separator
 *     separator Of block i: greater than the last key of block i-1, at most the first key of block i. Of block 0: empty.
 *               It begins where that of block i-1 ends, counted from the first separator.
 *   properties  u53 × 7: entries, tombstones, sequence min, sequence max, key bytes, value bytes, data blocks |
 *               u32 length, smallest key | u32 length, largest key
 *   footer      u53 file size | section × 3 (filter, index, properties) | u32 version | u32 CRC of the footer up to here |
 *               8 bytes magic
 *     section   u53 offset | u32 length | u32 CRC
 *
 * Every byte of the file is under a checksum that is held elsewhere, so misplaced bytes are found like damaged ones.
 */
export const formatVersion = 1;
export const magic = "WALNUTST";
export const footerBytes = 8 + 3 * 16 + 4 + 4 + 8;
export const restartInterval = 16;
export const restartBytes = 8;
export const indexRecordBytes = 16;
export const compressedFlag = 0x8000_0000;

/** What the writer reports of a finished file and the manifest keeps. Structured-cloneable. */
export interface SSTableInfo {
  /** Size of the file. */
  readonly bytes: number;
  /** SHA-256 of the whole file, hex. */
  readonly hash: string;
  /** Entries, tombstones included. */
  readonly entries: number;
  readonly tombstones: number;
  readonly smallest: Key;
  readonly largest: Key;
  readonly sequenceMin: number;
  readonly sequenceMax: number;
  /** Sums over the entries, before compression. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  /** Data blocks. */
  readonly blocks: number;
}

/** What the file itself says of its contents. */
export type SSTableProperties = Omit<SSTableInfo, "hash" | "bytes">;

export interface Section {
  readonly offset: number;
  readonly bytes: number;
  readonly crc: number;
}

export interface Footer {
  readonly fileBytes: number;
  readonly filter: Section;
  readonly index: Section;
  readonly properties: Section;
}

export function encodeFooter(footer: Footer): Uint8Array {
  const bytes = new Uint8Array(footerBytes);
  writeU53(bytes, 0, footer.fileBytes);
  let offset = 8;
  for (const section of [footer.filter, footer.index, footer.properties]) {
    writeU53(bytes, offset, section.offset);
    writeU32(bytes, offset + 8, section.bytes);
    writeU32(bytes, offset + 12, section.crc);
    offset += 16;
  }
  writeU32(bytes, offset, formatVersion);
  writeU32(bytes, offset + 4, crc32(bytes.subarray(0, offset + 4)));
  writeLatin1(bytes, offset + 8, magic);
  return bytes;
}

/** Checks and decodes the footer of a file of `fileBytes`. */
export function decodeFooter(bytes: Uint8Array, path: string, fileBytes: number): Footer {
  const start = fileBytes - footerBytes;
  const crcOffset = footerBytes - 12;
  if (readLatin1(bytes, crcOffset + 4, footerBytes) !== magic)
    throw corruption(path, fileBytes - 8, "not an SSTable (no magic at its end)");
  if (readU32(bytes, crcOffset) !== crc32(bytes.subarray(0, crcOffset)))
    throw corruption(path, start, "SSTable footer does not match its checksum");
  const version = readU32(bytes, crcOffset - 4);
  if (version !== formatVersion) {
    const message = `${path}: SSTable format version ${version}; this program reads version ${formatVersion}`;
    throw new StorageError("foreign", message, { file: path, offset: start + crcOffset - 4 });
  }
  const footer = {
    fileBytes: readU53(bytes, 0),
    filter: decodeSection(bytes, 8),
    index: decodeSection(bytes, 24),
    properties: decodeSection(bytes, 40),
  };
  const { filter, index, properties } = footer;
  const contiguous =
    footer.fileBytes === fileBytes &&
    filter.offset + filter.bytes === index.offset &&
    index.offset + index.bytes === properties.offset &&
    properties.offset + properties.bytes === start;
  if (!contiguous) throw corruption(path, start, `SSTable of ${footer.fileBytes} bytes has ${fileBytes}`);
  return footer;
}

function decodeSection(bytes: Uint8Array, offset: number): Section {
  return {
    offset: readU53(bytes, offset),
    bytes: readU32(bytes, offset + 8),
    crc: readU32(bytes, offset + 12),
  };
}

export function encodeProperties(properties: SSTableProperties): Uint8Array {
  const { smallest, largest } = properties;
  const bytes = new Uint8Array(7 * 8 + 4 + smallest.length + 4 + largest.length);
  const numbers = [
    properties.entries,
    properties.tombstones,
    properties.sequenceMin,
    properties.sequenceMax,
    properties.keyBytes,
    properties.valueBytes,
    properties.blocks,
  ];
  let offset = 0;
  for (const number of numbers) {
    writeU53(bytes, offset, number);
    offset += 8;
  }
  for (const key of [smallest, largest]) {
    writeU32(bytes, offset, key.length);
    offset = writeLatin1(bytes, offset + 4, key);
  }
  return bytes;
}

/** The bytes have passed their checksum. */
export function decodeProperties(bytes: Uint8Array): SSTableProperties {
  const smallestStart = 7 * 8 + 4;
  const smallestEnd = smallestStart + readU32(bytes, smallestStart - 4);
  const largestStart = smallestEnd + 4;
  return {
    entries: readU53(bytes, 0),
    tombstones: readU53(bytes, 8),
    sequenceMin: readU53(bytes, 16),
    sequenceMax: readU53(bytes, 24),
    keyBytes: readU53(bytes, 32),
    valueBytes: readU53(bytes, 40),
    blocks: readU53(bytes, 48),
    smallest: readLatin1(bytes, smallestStart, smallestEnd),
    largest: readLatin1(bytes, largestStart, largestStart + readU32(bytes, smallestEnd)),
  };
}
