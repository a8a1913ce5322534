import { corruption } from "../errors.ts";
import { Bytes, frameHeaderBytes, readFrame } from "../frame.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import type { FeedRecord, SpaceId } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { type ChangeRecord, type RecordVisitor, readChanges, type WantedChanges } from "../wal/records.ts";
import type { Segment } from "../wal/segment.ts";
import { readSegmentHeader, scanSegment } from "../wal/segment-reader.ts";
import { FeedIndex } from "./feed-index.ts";
import { formatPosition } from "./position.ts";

/** Fills a `FeedIndex` from the records of one segment as they are read. */
export class FeedIndexBuilder implements RecordVisitor {
  readonly index = new FeedIndex();
  #offset = 0;
  #sequence = 0;

  frame(_segment: Segment, offset: number): void {
    this.#offset = offset;
  }

  commit(sequence: number): void {
    this.#sequence = sequence;
  }

  change(feed: number, shard: number, ordinal: number): void {
    this.index.add(feed, shard, this.#sequence, ordinal, this.#offset);
  }

  put(): void {}
  delete(): void {}
  delta(): void {}
  raise(): void {}
}

/** Reads a sealed segment for the places of its change records. */
export function scanForChanges(vfs: Vfs, segment: Segment, storeId: Uint8Array): FeedIndex {
  const builder = new FeedIndexBuilder();
  scanSegment(vfs, readSegmentHeader(vfs, segment.id, storeId), builder);
  return builder.index;
}

/** Adds the wanted change records in the frame at `offset` of a segment to `into`, until that has `wanted.limit` of them. */
export function readFrameChanges(
  files: FilePool,
  segment: Segment,
  offset: number,
  wanted: WantedChanges,
  into: ChangeRecord[],
): void {
  const header = new Bytes(new Uint8Array(frameHeaderBytes));
  files.read(segment.path, header.array, offset);
  const payloadBytes = header.view.getUint32(8, true);
  const length = Math.ceil((frameHeaderBytes + payloadBytes) / 8) * 8;
  if (offset + length > segment.bytes)
    throw corruption(segment.path, offset, "the frame is longer than its segment");
  const bytes = new Bytes(new Uint8Array(length));
  files.read(segment.path, bytes.array, offset);
  const frame = readFrame(bytes, 0, segment.salt);
  if (typeof frame === "string") throw corruption(segment.path, offset, frame);
  readChanges(bytes, frame, segment.path, wanted, into);
}

/** The record as the store's users see it; `spaceId` names spaces by their numbers. */
export function toFeedRecord(change: ChangeRecord, spaceId: SpaceId): FeedRecord {
  return {
    position: formatPosition(change.sequence, change.ordinal),
    time: change.time,
    space: spaceId,
    key: change.key,
    tag: change.tag,
    newValue: change.newValue,
    oldValue: change.oldValue,
  };
}
