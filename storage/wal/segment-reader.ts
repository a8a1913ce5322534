import { corruption, StorageError } from "../errors.ts";
import { Bytes, chainHash, type Frame, frameHeaderBytes, judgeTail, readFrame } from "../frame.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";
import {
  decodeFooter,
  decodeSegmentHeader,
  footerFixedBytes,
  frameKind,
  type SegmentHeader,
  type SegmentSummary,
  segmentHeaderBytes,
  segmentPath,
} from "./format.ts";
import { type RecordVisitor, visitRecords } from "./records.ts";
import type { Segment } from "./segment.ts";

/** Receives a segment's commits frames and the records in them. */
export interface SegmentVisitor extends RecordVisitor {
  /** The records that follow lie in the frame at this offset. */
  frame(segment: Segment, offset: number): void;
}

/**
 * How a segment ends. sealed: by its footer. clean: by its last whole frame. torn: a write that never became durable lies behind
 * the last whole frame.
 */
export type SegmentTail = "sealed" | "clean" | "torn";

export interface ScannedSegment {
  readonly segment: Segment;
  readonly tail: SegmentTail;
  /** The file. */
  readonly bytes: Bytes;
}

/** The header of segment `id`, checked against its name and its store. */
export function readSegmentHeader(vfs: Vfs, id: number, storeId: Uint8Array): SegmentHeader {
  const path = segmentPath(id);
  const file = vfs.open(path, "read");
  try {
    const array = new Uint8Array(segmentHeaderBytes);
    const count = file.read(array, 0);
    const header = decodeSegmentHeader(new Bytes(array.subarray(0, count)), path);
    if (header.id !== id) throw corruption(path, 32, `the segment says that it is number ${header.id}`);
    if (Buffer.compare(header.storeId, storeId) !== 0) {
      throw new StorageError("foreign", `${path}: the segment belongs to another store`, { file: path });
    }
    return header;
  } finally {
    file.close();
  }
}

/** A segment of which only the header is known. */
export function emptySegment(header: SegmentHeader): Segment {
  return {
    id: header.id,
    path: segmentPath(header.id),
    salt: header.salt,
    mode: header.mode,
    predecessor: header.predecessor,
    firstSequence: header.firstSequence,
    time: header.time,
    lastSequence: header.firstSequence - 1,
    bytes: segmentHeaderBytes,
    hash: 0,
    sealed: false,
    frames: 0,
    commits: 0,
    firstTime: header.time,
    lastTime: header.time,
    feeds: new Set(),
  };
}

/** The whole of a file. */
export function readWhole(vfs: Vfs, path: string): Bytes {
  const file = vfs.open(path, "read");
  try {
    const array = new Uint8Array(file.size());
    const count = file.read(array, 0);
    return new Bytes(array.subarray(0, count));
  } finally {
    file.close();
  }
}

/** Reads a whole segment and checks every frame; shows the records to `visitor`. Throws when durable data is damaged. */
export function scanSegment(
  vfs: Vfs,
  header: SegmentHeader,
  visitor: SegmentVisitor | undefined,
): ScannedSegment {
  const segment = emptySegment(header);
  const { path } = segment;
  const bytes = readWhole(vfs, path);
  for (;;) {
    const frame = readFrame(bytes, segment.bytes, segment.salt);
    if (typeof frame === "string") {
      const tail = judgeTail(bytes, segment.bytes, segment.salt, path, frame);
      return { segment, tail, bytes };
    }
    takeFrame(segment, bytes, frame, visitor);
    if (segment.sealed) {
      checkNothingFollows(bytes, segment);
      return { segment, tail: "sealed", bytes };
    }
  }
}

/** Checks the frame that follows what is known of a segment, adds it to that, and shows its records. Throws on damage. */
export function takeFrame(
  segment: Segment,
  bytes: Bytes,
  frame: Frame,
  visitor: SegmentVisitor | undefined,
): void {
  const { path } = segment;
  if (frame.kind === frameKind.footer) checkFooter(segment, bytes, frame);
  else if (frame.kind === frameKind.commits) addCommits(segment, bytes, frame, visitor);
  else if (frame.kind !== frameKind.attest) {
    throw new StorageError(
      "foreign",
      `${path} at byte ${frame.offset}: log frames of kind ${frame.kind} are not known to this version`,
      { file: path, offset: frame.offset },
    );
  }
  segment.hash = chainHash(segment.hash, bytes.array, frame.offset);
  segment.frames += 1;
  segment.bytes = frame.end;
  segment.time = Math.max(segment.time, frame.time);
  segment.sealed = frame.kind === frameKind.footer;
}

function addCommits(segment: Segment, bytes: Bytes, frame: Frame, visitor: SegmentVisitor | undefined): void {
  if (frame.firstSequence <= segment.lastSequence) {
    throw corruption(segment.path, frame.offset, "the frame's sequence does not follow its predecessor's");
  }
  const tracker = new FrameTracker(segment, visitor);
  visitor?.frame(segment, frame.offset);
  visitRecords(bytes, frame, segment.path, tracker);
  if (tracker.commits !== frame.count) {
    throw corruption(segment.path, frame.offset, "the frame does not hold as many commits as it says");
  }
  if (segment.commits === 0) segment.firstTime = frame.time;
  segment.commits += frame.count;
}

/** Keeps a segment's sums while its records pass on to the visitor. */
class FrameTracker implements RecordVisitor {
  commits = 0;
  readonly #segment: Segment;
  readonly #next: RecordVisitor | undefined;

  constructor(segment: Segment, next: RecordVisitor | undefined) {
    this.#segment = segment;
    this.#next = next;
  }

  commit(sequence: number, time: number): void {
    this.commits += 1;
    this.#segment.lastSequence = sequence;
    this.#segment.lastTime = time;
    this.#segment.time = Math.max(this.#segment.time, time);
    this.#next?.commit(sequence, time);
  }

  put(space: number, key: string, value: Uint8Array): void {
    this.#next?.put(space, key, value);
  }

  delete(space: number, key: string): void {
    this.#next?.delete(space, key);
  }

  change(feed: number, shard: number, ordinal: number, space: number, bytes: number): void {
    this.#segment.feeds.add(feed);
    this.#next?.change(feed, shard, ordinal, space, bytes);
  }

  delta(space: number, rows: number, bytes: number): void {
    this.#next?.delta(space, rows, bytes);
  }

  raise(space: number, generation: number): void {
    this.#next?.raise(space, generation);
  }
}

function checkFooter(segment: Segment, bytes: Bytes, frame: Frame): void {
  const footer = decodeFooter(bytes, frame.payloadStart, frame.payloadEnd);
  if (footer === undefined) throw corruption(segment.path, frame.offset, "malformed footer");
  const { summary, hash } = footer;
  if (hash !== segment.hash || summary.frames !== segment.frames || summary.commits !== segment.commits) {
    throw corruption(segment.path, frame.offset, "the footer does not describe the frames before it");
  }
}

/** Throws unless nothing but zeros follows the footer. */
export function checkNothingFollows(bytes: Bytes, segment: Segment): void {
  for (let at = segment.bytes; at < bytes.array.length; at++) {
    if (bytes.array[at] !== 0) throw corruption(segment.path, at, "something was written behind the footer");
  }
}

/**
 * What the footer of a sealed segment says, without reading the frames. `bytes` is the size that the successor states: the footer
 * lies before it, and its length depends on how many feeds it names.
 */
export function readSealedSegment(
  vfs: Vfs,
  header: SegmentHeader,
  size: number,
  lastSequence: number,
): Segment {
  const segment = emptySegment(header);
  const file = vfs.open(segment.path, "read");
  try {
    for (let tailBytes = 64 << 10; ; tailBytes *= 2) {
      const found = findFooter(file, segment, size, Math.min(size, tailBytes));
      if (found !== undefined) return { ...segment, ...found, bytes: size, lastSequence, sealed: true };
      if (tailBytes >= size) break;
    }
  } finally {
    file.close();
  }
  throw corruption(segment.path, size, "the segment has no footer though a later one follows it");
}

/** What the footer says that ends at `size` and lies within the `tailBytes` before that. */
function findFooter(
  file: VfsFile,
  segment: Segment,
  size: number,
  tailBytes: number,
): (SegmentSummary & { readonly hash: number; readonly time: number }) | undefined {
  const array = new Uint8Array(tailBytes);
  const count = file.read(array, size - tailBytes);
  if (count !== tailBytes)
    throw corruption(segment.path, size - tailBytes + count, "the segment ends before its footer");
  const tail = new Bytes(array);
  const smallest = frameHeaderBytes + footerFixedBytes;
  for (let at = tailBytes - smallest; at >= 0; at -= 8) {
    const frame = readFrame(tail, at, segment.salt);
    if (typeof frame === "string" || frame.kind !== frameKind.footer || frame.end !== tailBytes) continue;
    const footer = decodeFooter(tail, frame.payloadStart, frame.payloadEnd);
    if (footer === undefined) break;
    return {
      ...footer.summary,
      frames: footer.summary.frames + 1,
      hash: chainHash(footer.hash, array, at),
      time: Math.max(segment.time, frame.time),
    };
  }
  return undefined;
}
