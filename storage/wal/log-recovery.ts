import assert from "node:assert/strict";
import { objectAt } from "../encoding.ts";
import { corruption } from "../errors.ts";
import { Bytes, chainHash, frameHeaderBytes, sealFrame } from "../frame.ts";
import type { Vfs } from "../vfs/vfs.ts";
import {
  encodeFooter,
  footerFixedBytes,
  frameKind,
  parseIndexName,
  parseSegmentName,
  type SegmentHeader,
  segmentPath,
  walDirectory,
} from "./format.ts";
import { linkTo, type Segment } from "./segment.ts";
import {
  readSealedSegment,
  readSegmentHeader,
  type ScannedSegment,
  type SegmentVisitor,
  scanSegment,
} from "./segment-reader.ts";

export interface LogRecoveryRequest {
  readonly vfs: Vfs;
  readonly storeId: Uint8Array;
  /** Id of the oldest segment that must be there; older ones are left over from an interrupted removal. */
  readonly floor: number;
  /** Commits up to this sequence are in SSTables: segments that hold nothing newer are not read. */
  readonly replayAfter: number;
  /** Commits up to this sequence were durable in the log once: some of what they wrote is in SSTables. */
  readonly durableSequence: number;
  /** The segment whose footer is known to have been synced by a close; 0: none. */
  readonly closedSegment: number;
  readonly visitor: SegmentVisitor;
}

export interface RecoveredLog {
  /** Oldest first, all of them sealed. */
  readonly segments: Segment[];
  /** The store was closed in order. */
  readonly clean: boolean;
  /** Bytes cut from the end of the last segment. */
  readonly tornBytes: number;
}

/**
 * Reads the log after a stop of any kind: checks the chain, shows every record that is not known to be flushed (and some that are),
 * and seals the last segment if a crash left it open. Throws, having changed nothing but leftovers, if acknowledged data is
 * missing or damaged.
 */
export function recoverLog(request: LogRecoveryRequest): RecoveredLog {
  const { vfs, storeId, floor } = request;
  const ids = listSegments(vfs, floor);
  const headers = ids.map((id) => readSegmentHeader(vfs, id, storeId));
  const segments: Segment[] = [];
  let scanned: ScannedSegment | undefined;
  for (const [index, header] of headers.entries()) {
    const successor = headers[index + 1];
    const isFlushed = successor !== undefined && successor.predecessor.lastSequence <= request.replayAfter;
    if (isFlushed) {
      const { bytes, lastSequence } = successor.predecessor;
      segments.push(readSealedSegment(vfs, header, bytes, lastSequence));
    } else {
      scanned = scanSegment(vfs, header, request.visitor);
      segments.push(scanned.segment);
    }
    if (successor !== undefined) checkLink(objectAt(segments, index), successor);
  }
  assert(scanned !== undefined, "the last segment is always read whole");
  const clean = request.closedSegment !== 0;
  if (clean) checkClosed(scanned, request.closedSegment);
  checkEnd(scanned, request.durableSequence);
  const tornBytes = scanned.tail === "torn" ? scanned.bytes.array.length - scanned.segment.bytes : 0;
  if (!clean) rewrite(vfs, scanned);
  return { segments, clean, tornBytes };
}

/** After a close nothing can be torn: its footer was synced before the manifest took note of it. */
function checkClosed({ segment, tail }: ScannedSegment, closedSegment: number): void {
  if (segment.id !== closedSegment) {
    throw corruption(segmentPath(closedSegment), 0, "the last segment of the log is missing");
  }
  if (tail !== "sealed") {
    throw corruption(
      segment.path,
      segment.bytes,
      "the store was closed in order, and this is not its footer",
    );
  }
}

/** A log that ends too early must not be opened: the SSTables would hold parts of commits that are gone. */
function checkEnd({ segment }: ScannedSegment, durableSequence: number): void {
  if (segment.lastSequence >= durableSequence) return;
  throw corruption(
    segment.path,
    segment.bytes,
    `the log ends with commit ${segment.lastSequence}, but SSTables hold rows up to commit ${durableSequence}`,
  );
}

/** Ids of the segments from the floor on; throws when one is missing. Removes what an interrupted run has left behind. */
function listSegments(vfs: Vfs, floor: number): number[] {
  const ids: number[] = [];
  for (const name of vfs.list(walDirectory)) {
    const id = parseSegmentName(name);
    if (id !== undefined && id >= floor) ids.push(id);
  }
  ids.sort((a, b) => a - b);
  for (let expected = floor; expected < floor + Math.max(1, ids.length); expected++) {
    if (ids[expected - floor] !== expected) {
      throw corruption(segmentPath(expected), 0, "the log segment is missing");
    }
  }
  return ids;
}

/** Unlinks segments below the floor and half-made ones. For after recovery, when nothing can fail any more. */
export function removeLogLeftovers(vfs: Vfs, floor: number): void {
  for (const name of vfs.list(walDirectory)) {
    const id = parseSegmentName(name) ?? parseIndexName(name);
    if (id === undefined || id < floor) vfs.unlink(`${walDirectory}/${name}`);
  }
}

function checkLink(segment: Segment, { id, predecessor }: SegmentHeader): void {
  const actual = linkTo(segment);
  const matches =
    segment.sealed &&
    actual.id === predecessor.id &&
    actual.bytes === predecessor.bytes &&
    actual.lastSequence === predecessor.lastSequence &&
    actual.hash === predecessor.hash;
  if (!matches) {
    throw corruption(segmentPath(id - 1), actual.bytes, "the segment is not as its successor remembers it");
  }
}

/**
 * Replaces the last segment by a copy of its whole frames, closed by a footer. The old file is never written, and never believed to be
 * on disk: after a failed sync its cached pages may be newer than the disk for ever, and only a fresh copy that was synced is sure.
 */
function rewrite(vfs: Vfs, { segment, bytes }: ScannedSegment): void {
  const footer = segment.sealed ? new Uint8Array(0) : footerOf(segment);
  const path = `${walDirectory}/sealed.tmp`;
  if (vfs.exists(path)) vfs.unlink(path);
  const file = vfs.create(path);
  file.write(bytes.array.subarray(0, segment.bytes), 0);
  if (!segment.sealed) file.write(footer, segment.bytes);
  file.datasyncNow();
  file.close();
  vfs.rename(path, segment.path);
  vfs.syncDirectory(walDirectory);
  if (segment.sealed) return;
  segment.hash = chainHash(segment.hash, footer, 0);
  segment.frames += 1;
  segment.bytes += footer.length;
  segment.sealed = true;
}

function footerOf(segment: Segment): Uint8Array {
  const bytes = new Bytes(new Uint8Array(frameHeaderBytes + footerFixedBytes + segment.feeds.size * 4 + 8));
  const payloadEnd = encodeFooter(bytes, frameHeaderBytes, segment, segment.hash);
  const length = sealFrame(bytes, payloadEnd, segment.salt, {
    kind: frameKind.footer,
    firstSequence: segment.lastSequence + 1,
    time: segment.time,
    syncedUpTo: segment.bytes,
    count: 0,
  });
  return bytes.array.subarray(0, length);
}
