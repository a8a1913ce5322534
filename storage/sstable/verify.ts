import { Sha256 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import type { Key } from "../store.ts";
import { BlockCache } from "./block-cache.ts";
import type { FilePool } from "./file-pool.ts";
import { type ExpectedTable, SSTableReader } from "./sstable-reader.ts";

const hashedBytesPerRead = 1 << 20;

/**
 * Reads a whole SSTable and checks every checksum, the order of its keys, that its filter knows them, and its counts; returns its
 * hash (`SSTableInfo.hash`) for comparison with the manifest's. `manifest`: what the file has to be. Throws corruption(). Synchronous: not for a serving thread.
 */
export function verifySSTable(files: FilePool, path: string, manifest?: ExpectedTable): string {
  const reader = new SSTableReader(files, path, new BlockCache(0), manifest);
  const expected = reader.properties();
  const found = { entries: 0, tombstones: 0, keyBytes: 0, valueBytes: 0 };
  const cursor = reader.sweep();
  let last: Key | undefined;
  for (let valid = cursor.seek(); valid; valid = cursor.next()) {
    const { key, sequence } = cursor;
    if (last !== undefined && key <= last) throw corruption(path, 0, "keys do not ascend");
    if (sequence < expected.sequenceMin || sequence > expected.sequenceMax)
      throw corruption(path, 0, `sequence ${sequence} is outside the range of the properties`);
    if (!reader.mayContain(key)) throw corruption(path, 0, "the filter denies a key of the file");
    if (found.entries === 0 && key !== expected.smallest)
      throw corruption(path, 0, "the first key is not that of the properties");
    found.entries++;
    if (cursor.tombstone) found.tombstones++;
    found.keyBytes += key.length;
    found.valueBytes += cursor.end - cursor.start;
    last = key;
  }
  const counted =
    last === expected.largest &&
    found.entries === expected.entries &&
    found.tombstones === expected.tombstones &&
    found.keyBytes === expected.keyBytes &&
    found.valueBytes === expected.valueBytes;
  if (!counted) throw corruption(path, 0, "the entries are not those that the properties count");
  return hashOfFile(files, path);
}

/** SHA-256 of a file, hex. */
export function hashOfFile(files: FilePool, path: string): string {
  const hash = new Sha256();
  const size = files.size(path);
  const buffer = new Uint8Array(Math.min(hashedBytesPerRead, size));
  for (let offset = 0; offset < size; offset += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, size - offset));
    files.read(path, piece, offset);
    hash.update(piece);
  }
  return hash.hex();
}
