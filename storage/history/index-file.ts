/**
 * The index of a closed log segment, beside it as `wal/<segment id, 10 digits>.idx`:
 *
 *   file    = header varint*
 *   header  = 48 bytes, little endian:
 *      0  8 bytes "WALNUTIX"
 *      8  u32  format version (1)
 *     12  u32  CRC-32 of all that follows
 *     16  u53  segment id
 *     24  u64  salt of the segment
 *     32  u53  its size
 *     40  u32  its running hash
 *     44  u32  zero
 *   varints = spaces (number, bytes)*, feeds (number, space, bytes)*, marks (sequence, time, offset)*,
 *             shards (feed, shard, last sequence, last ordinal, frames (sequence, offset)*)*
 *
 * Every list begins with its count. Sequences, times and offsets of a list are differences to the entry before; offsets count in 8 bytes.
 *
 * All of it can be found again by reading the segment. So the file is never synced, and one that is missing, damaged or not of this
 * segment is made again.
 */
import { crc32, readLatin1, readU53, writeLatin1, writeU53 } from "../encoding.ts";
import { StorageError } from "../errors.ts";
import { Bytes } from "../frame.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { indexPath } from "../wal/format.ts";
import type { Segment } from "../wal/segment.ts";
import { SegmentIndex } from "./segment-index.ts";
import { VarintReader, VarintWriter } from "./varints.ts";

const magic = "WALNUTIX";
const version = 1;
const headerBytes = 48;

/** Writes the index of a closed segment. A failure is no loss: the file is not needed. */
export function writeIndexFile(vfs: Vfs, segment: Segment, index: SegmentIndex): void {
  const path = indexPath(segment.id);
  const payload = encode(index);
  const { array, view } = new Bytes(new Uint8Array(headerBytes + payload.length));
  writeLatin1(array, 0, magic);
  view.setUint32(8, version, true);
  writeU53(array, 16, segment.id);
  view.setUint32(24, segment.salt[0], true);
  view.setUint32(28, segment.salt[1], true);
  writeU53(array, 32, segment.bytes);
  view.setUint32(40, segment.hash, true);
  array.set(payload, headerBytes);
  view.setUint32(12, crc32(array.subarray(16)), true);
  try {
    if (vfs.exists(path)) vfs.unlink(path);
    const file = vfs.create(path);
    try {
      file.write(array, 0);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
}

/** The index that lies beside a closed segment; undefined when there is none that can be believed. */
export function readIndexFile(vfs: Vfs, segment: Segment): SegmentIndex | undefined {
  const path = indexPath(segment.id);
  try {
    const bytes = readAll(vfs, path);
    return bytes === undefined || !isOf(bytes, segment) ? undefined : decode(bytes.array, path);
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

function readAll(vfs: Vfs, path: string): Bytes | undefined {
  if (!vfs.exists(path)) return undefined;
  const file = vfs.open(path, "read");
  try {
    const array = new Uint8Array(file.size());
    return file.read(array, 0) === array.length && array.length >= headerBytes ? new Bytes(array) : undefined;
  } finally {
    file.close();
  }
}

function isOf({ array, view }: Bytes, segment: Segment): boolean {
  return (
    readLatin1(array, 0, magic.length) === magic &&
    view.getUint32(8, true) === version &&
    view.getUint32(12, true) === crc32(array.subarray(16)) &&
    readU53(array, 16) === segment.id &&
    view.getUint32(24, true) === segment.salt[0] &&
    view.getUint32(28, true) === segment.salt[1] &&
    readU53(array, 32) === segment.bytes &&
    view.getUint32(40, true) === segment.hash
  );
}

function encode(index: SegmentIndex): Uint8Array {
  const out = new VarintWriter();
  index.contents.encode(out);
  out.add(index.marks.length);
  let last = { sequence: 0, time: 0, offset: 0 };
  for (const mark of index.marks) {
    out.add(mark.sequence - last.sequence, mark.time - last.time, (mark.offset - last.offset) / 8);
    last = mark;
  }
  const shards = [...index.shards()];
  out.add(shards.length);
  for (const list of shards) {
    out.add(list.feed, list.shard, list.lastSequence, list.lastOrdinal, list.length);
    for (let i = 0, sequence = 0, offset = 0; i < list.length; i++) {
      out.add(list.sequence(i) - sequence, (list.offset(i) - offset) / 8);
      sequence = list.sequence(i);
      offset = list.offset(i);
    }
  }
  return out.bytes();
}

function decode(bytes: Uint8Array, path: string): SegmentIndex {
  const index = new SegmentIndex();
  const from = new VarintReader(bytes.subarray(headerBytes), path, headerBytes);
  index.contents.decode(from);
  let last = { sequence: 0, time: 0, offset: 0 };
  for (let left = from.count(3); left > 0; left--) {
    last = {
      sequence: last.sequence + from.next(),
      time: last.time + from.next(),
      offset: last.offset + from.next() * 8,
    };
    index.marks.push(last);
  }
  for (let left = from.count(5); left > 0; left--) {
    const list = index.shardOrNew(from.next(), from.next());
    const [lastSequence, lastOrdinal] = [from.next(), from.next()];
    for (let frames = from.count(2), sequence = 0, offset = 0; frames > 0; frames--) {
      sequence += from.next();
      offset += from.next() * 8;
      list.add(sequence, 0, offset);
    }
    list.lastSequence = lastSequence;
    list.lastOrdinal = lastOrdinal;
  }
  from.end();
  return index;
}
