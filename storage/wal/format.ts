/**
 * The write-ahead log: a chain of segment files, `wal/<segment id, 10 digits>.wal`, ids counting up from 1.
 *
 *   segment = header frame* [zeros]                      (frames: storage/frame.ts, first one at offset 128)
 *   header  = 128 bytes, little endian:
 *      0  8 bytes "WALNUTWL"
 *      8  u32  format version (1)
 *     12  u32  CRC-32 of the bytes 0..12 and 16..128 (in every version)
 *     16  16 bytes store id
 *     32  u53  segment id
 *     40  u64  salt of the frames (random per file)
 *     48  u53  first sequence that may appear
 *     56  u53  time: no frame carries an earlier one
 *     64  u53  predecessor: segment id (0: none)
 *     72  u53  predecessor: size in bytes, its footer included
 *     80  u53  predecessor: last sequence up to its end (0: none)
 *     88  u32  predecessor: running hash over the headers of all its frames, its footer included
 *     92  u32  durability mode it is written under: 0 sync, 1 interval, 2 off
 *     96  32 zeros
 *
 * Frame kinds and payloads:
 *   1 commits  commit*, one per sequence from the frame's first sequence on
 *   2 attest   empty. Says "synced up to" for a log that has gone idle, so that damage to its last frame is told from a torn write
 *   3 footer   u53 frames, u53 commits, u53 first time, u53 last time, u32 running hash before it, u32 n, n * u32 feed number
 *              (the feeds that have changes in this segment, ascending). The segment is complete: nothing follows
 *   4 ingest   reserved: SSTables put into a space at this place in the order of commits. A reader that does not know a kind
 *              refuses the log, as one of a newer version
 *
 *   commit  = u32 bytes of its records, u32 milliseconds after the frame's time, record*
 *   record  = type (u8), then, unaligned:
 *     1 put       u32 space, u16 key length, u32 value length, key, value
 *     2 put again u32 space, u16 key length, u32 offset, u32 length, u16 head length, key, head
 *                 its value is the head followed by the `length` payload bytes at `offset`: a value that was already stored
 *                 in this commit, apart from its head
 *     3 delete    u32 space, u16 key length, key
 *     4 change    u32 feed, u32 shard, u32 row, u32 tag length, u8 old, [u32 old length], tag, [old value]
 *                 `row` is the payload offset of the put or delete it reports, in the same commit.
 *                 `old`: 0 not wanted by the feed, 1 there was none, 2 present
 *     5 delta     u32 space, f64 rows, f64 bytes: to be added to the exact counts of the space
 *     6 raise     u32 space, f64 generation: the new fence generation of the space
 *
 * Archives (storage/history/archive-format.ts) use the same records. There a commit is *sparse*: u32 bytes of its records, u32 milliseconds
 * after the block's time, u32 sequence after the block's first one, record*; and there is one more record:
 *     7 ordinal   u32: which of all changes of its commit the next one is (those in between were left out)
 *
 * Space and feed numbers are those of the manifest. Keys are bytes.
 *
 * A segment is born under another name, gets its header, is synced and only then renamed: a `.wal` file has a header, or is damaged.
 * It is closed by a footer, synced before its successor is born. From then on it is never written again.
 */

import { crc32, readLatin1, readU53, writeLatin1, writeU53 } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import { Bytes } from "../frame.ts";

export const segmentHeaderBytes = 128;
export const walFormatVersion = 1;
export const walDirectory = "wal";

export const frameKind = { commits: 1, attest: 2, footer: 3, ingest: 4 } as const;
export const recordType = {
  put: 1,
  putAgain: 2,
  delete: 3,
  change: 4,
  delta: 5,
  raise: 6,
  ordinal: 7,
} as const;
export const oldValueFlag = { unwanted: 0, absent: 1, present: 2 } as const;
export const commitHeaderBytes = 8;
export const sparseCommitHeaderBytes = 12;
export const ordinalBytes = 5;
export const footerFixedBytes = 40;

const magic = "WALNUTWL";
const modes = ["sync", "interval", "off"] as const;

export type WalMode = (typeof modes)[number];
export type Salt = readonly [number, number];

/** How a segment knows its predecessor, so that none can be lost, cut or exchanged unnoticed. */
export interface SegmentLink {
  readonly id: number;
  readonly bytes: number;
  readonly lastSequence: number;
  readonly hash: number;
}

export interface SegmentHeader {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly id: number;
  readonly salt: Salt;
  readonly firstSequence: number;
  readonly time: number;
  readonly predecessor: SegmentLink;
  readonly mode: WalMode;
}

export const noPredecessor: SegmentLink = { id: 0, bytes: 0, lastSequence: 0, hash: 0 };

/** The path of a segment. */
export function segmentPath(id: number): string {
  return `${walDirectory}/${String(id).padStart(10, "0")}.wal`;
}

/** The segment id in a file name, or undefined for other files. */
export function parseSegmentName(name: string): number | undefined {
  const match = /^(\d{10})\.wal$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The id of the segment that the index of this name belongs to, or undefined for other files. */
export function parseIndexName(name: string): number | undefined {
  const match = /^(\d{10})\.idx$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The path of the index of a closed segment (storage/history/index-file.ts). */
export function indexPath(id: number): string {
  return `${walDirectory}/${String(id).padStart(10, "0")}.idx`;
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const { array, view } = new Bytes(new Uint8Array(segmentHeaderBytes));
  writeLatin1(array, 0, magic);
  view.setUint32(8, walFormatVersion, true);
  array.set(header.storeId, 16);
  writeU53(array, 32, header.id);
  view.setUint32(40, header.salt[0], true);
  view.setUint32(44, header.salt[1], true);
  writeU53(array, 48, header.firstSequence);
  writeU53(array, 56, header.time);
  writeU53(array, 64, header.predecessor.id);
  writeU53(array, 72, header.predecessor.bytes);
  writeU53(array, 80, header.predecessor.lastSequence);
  view.setUint32(88, header.predecessor.hash, true);
  view.setUint32(92, modes.indexOf(header.mode), true);
  view.setUint32(12, headerCrc(array), true);
  return array;
}

function headerCrc(array: Uint8Array): number {
  return crc32(array.subarray(16, segmentHeaderBytes), crc32(array.subarray(0, 12)));
}

/** Reads and checks the header at the start of `bytes`; throws "foreign" for what is not ours and "corruption" for damage. */
export function decodeSegmentHeader(bytes: Bytes, path: string): SegmentHeader {
  const { array, view } = bytes;
  if (array.length < segmentHeaderBytes) {
    throw corruption(path, array.length, "the file is shorter than a segment header");
  }
  if (headerCrc(array) !== view.getUint32(12, true)) {
    throw corruption(path, 12, "the segment header does not match its checksum");
  }
  if (readLatin1(array, 0, magic.length) !== magic) {
    throw corruption(path, 0, "the file does not start like a log segment");
  }
  const version = view.getUint32(8, true);
  if (version !== walFormatVersion) {
    throw new StorageError("foreign", `${path}: log format ${version} is not known to this version`, {
      file: path,
      offset: 8,
    });
  }
  const mode = modes[view.getUint32(92, true)];
  if (mode === undefined) throw corruption(path, 92, "unknown durability mode");
  return {
    storeId: array.slice(16, 32),
    id: readU53(array, 32),
    salt: [view.getUint32(40, true), view.getUint32(44, true)],
    firstSequence: readU53(array, 48),
    time: readU53(array, 56),
    predecessor: {
      id: readU53(array, 64),
      bytes: readU53(array, 72),
      lastSequence: readU53(array, 80),
      hash: view.getUint32(88, true),
    },
    mode,
  };
}

/** What a segment's footer says; kept in memory for every segment. */
export interface SegmentSummary {
  frames: number;
  commits: number;
  /** Log times of the first and the last commit; 0 without commits. */
  firstTime: number;
  lastTime: number;
  /** Numbers of the feeds with changes in this segment. */
  feeds: Set<number>;
}

/** Writes a footer's payload at `offset`; returns its end. */
export function encodeFooter(bytes: Bytes, offset: number, summary: SegmentSummary, hash: number): number {
  const { array, view } = bytes;
  writeU53(array, offset, summary.frames);
  writeU53(array, offset + 8, summary.commits);
  writeU53(array, offset + 16, summary.firstTime);
  writeU53(array, offset + 24, summary.lastTime);
  view.setUint32(offset + 32, hash, true);
  view.setUint32(offset + 36, summary.feeds.size, true);
  let at = offset + footerFixedBytes;
  for (const feed of [...summary.feeds].sort((a, b) => a - b)) {
    view.setUint32(at, feed, true);
    at += 4;
  }
  return at;
}

export function decodeFooter(
  bytes: Bytes,
  start: number,
  end: number,
): { summary: SegmentSummary; hash: number } | undefined {
  const { array, view } = bytes;
  if (end - start < footerFixedBytes) return undefined;
  const feedCount = view.getUint32(start + 36, true);
  if (end - start !== footerFixedBytes + feedCount * 4) return undefined;
  const feeds = new Set<number>();
  for (let at = start + footerFixedBytes; at < end; at += 4) feeds.add(view.getUint32(at, true));
  return {
    summary: {
      frames: readU53(array, start),
      commits: readU53(array, start + 8),
      firstTime: readU53(array, start + 16),
      lastTime: readU53(array, start + 24),
      feeds,
    },
    hash: view.getUint32(start + 32, true),
  };
}
