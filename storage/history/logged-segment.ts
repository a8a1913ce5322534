import assert from "node:assert/strict";
import { corruption } from "../errors.ts";
import { alignFrame, Bytes, type Frame, frameHeaderBytes, readFrame } from "../frame.ts";
import { removeFile } from "../vfs/remove-file.ts";
import { frameKind, indexPath, segmentHeaderBytes } from "../wal/format.ts";
import {
  type ChangeRecord,
  type RecordVisitor,
  readChanges,
  visitRecords,
  type WantedChanges,
} from "../wal/records.ts";
import type { Segment } from "../wal/segment.ts";
import { readSegmentHeader, scanSegment } from "../wal/segment-reader.ts";
import type { Contents } from "./contents.ts";
import { readIndexFile, writeIndexFile } from "./index-file.ts";
import { IndexBuilder, SegmentIndex } from "./segment-index.ts";
import type { HistoryFiles, HistorySource, PlainSource, ShardEnd } from "./source.ts";

/** Frames are read together in pieces of about this size. */
const readBytes = 64 << 10;

/**
 * A log segment with its index. The index of the active segment grows in memory; `save` puts that of a closed one beside it, and from then on it
 * can be forgotten and read again.
 */
export class LoggedSegment implements HistorySource {
  readonly segment: Segment;
  readonly #files: HistoryFiles;
  #index: SegmentIndex | undefined;
  #isSaved = false;
  /** Kept when the rest of the index is forgotten. */
  #contents: Contents | undefined;

  /** `index`: if it is known already. */
  constructor(files: HistoryFiles, segment: Segment, index?: SegmentIndex) {
    this.#files = files;
    this.segment = segment;
    this.#index = index;
  }

  /** The segment that is being written. */
  static active(files: HistoryFiles, segment: Segment): LoggedSegment {
    return new LoggedSegment(files, segment, new SegmentIndex());
  }

  get path(): string {
    return this.segment.path;
  }

  get firstSequence(): number {
    return this.segment.firstSequence;
  }

  get lastSequence(): number {
    return this.segment.lastSequence;
  }

  /** Of one without commits: the time at which it was begun, so that times do not go back from one source to the next. */
  get lastTime(): number {
    const { commits, lastTime, time } = this.segment;
    return commits === 0 ? time : lastTime;
  }

  get bytes(): number {
    return this.segment.bytes;
  }

  get contents(): Contents {
    return this.#contents ?? this.index.contents;
  }

  get plain(): PlainSource {
    return { segment: this.segment };
  }

  /** Reads the index if it is not in memory: from its file, or else from the whole segment. */
  get index(): SegmentIndex {
    if (this.#index !== undefined) return this.#index;
    const { vfs, storeId } = this.#files;
    const { segment } = this;
    this.#index = readIndexFile(vfs, segment);
    this.#isSaved = this.#index !== undefined;
    if (this.#index === undefined) {
      const builder = new IndexBuilder();
      scanSegment(vfs, readSegmentHeader(vfs, segment.id, storeId), builder);
      this.#index = builder.index;
      this.save();
    }
    return this.#index;
  }

  /** Puts the index of a closed segment on disk, unless it is there. */
  save(): void {
    if (this.#isSaved || this.#index === undefined) return;
    assert(this.segment.sealed, "only the index of a closed segment is whole");
    writeIndexFile(this.#files.vfs, this.segment, this.#index);
    this.#isSaved = true;
  }

  /** Lets the memory of a saved index go, but for the sums. */
  forget(): void {
    if (!this.#isSaved || this.#index === undefined) return;
    this.#contents = this.#index.contents;
    this.#index = undefined;
  }

  /** Removes the segment and its index. */
  async unlink(): Promise<void> {
    const { vfs, files } = this.#files;
    files.release(this.segment.path);
    await removeFile(vfs, this.segment.path);
    const path = indexPath(this.segment.id);
    if (vfs.exists(path)) vfs.unlink(path);
  }

  /** Known from the footer, without the index. */
  hasFeed(feed: number): boolean {
    return this.segment.feeds.has(feed);
  }

  shardEnd(feed: number, shard: number): ShardEnd | undefined {
    return this.hasFeed(feed) ? this.index.shard(feed, shard) : undefined;
  }

  readChanges(wanted: WantedChanges, into: ChangeRecord[]): void {
    if (!this.hasFeed(wanted.feed)) return;
    const list = this.index.shard(wanted.feed, wanted.shard);
    if (list === undefined) return;
    for (let i = list.find(wanted.afterSequence); i < list.length && into.length < wanted.limit; i++) {
      const { bytes, frame } = this.#readFrame(list.offset(i));
      readChanges(bytes, frame, this.path, wanted, into);
    }
  }

  *visit(_space: number | undefined, after: number, visitor: RecordVisitor): Generator<number, void> {
    const { segment } = this;
    let pieceBytes = 0;
    const mark = after === 0 ? undefined : this.index.markBefore(after);
    for (let at = mark?.offset ?? segmentHeaderBytes; at < segment.bytes; ) {
      const { bytes, frame } = this.#readFrame(at, readBytes);
      let current: Frame | string = frame;
      while (typeof current !== "string") {
        if (current.kind === frameKind.commits) visitRecords(bytes, current, this.path, visitor);
        at += current.end - current.offset;
        pieceBytes += current.end - current.offset;
        // What the piece holds of the next frame is cut off, unless it is whole.
        current = at < segment.bytes ? readFrame(bytes, current.end, segment.salt) : "the end";
      }
      if (pieceBytes >= readBytes) {
        yield pieceBytes;
        pieceBytes = 0;
      }
    }
    if (pieceBytes > 0) yield pieceBytes;
  }

  /** The frame at `offset`, at the start of some bytes that hold at least `bytesMin` of the segment, if it has so many. */
  #readFrame(offset: number, bytesMin = frameHeaderBytes): { bytes: Bytes; frame: Frame } {
    const { segment } = this;
    const { files } = this.#files;
    const header = new Bytes(new Uint8Array(frameHeaderBytes));
    files.read(segment.path, header.array, offset);
    const length = alignFrame(frameHeaderBytes + header.view.getUint32(8, true));
    if (offset + length > segment.bytes)
      throw corruption(segment.path, offset, "the frame is longer than its segment");
    const size = Math.min(Math.max(length, bytesMin), segment.bytes - offset);
    const bytes = new Bytes(new Uint8Array(size));
    files.read(segment.path, bytes.array, offset);
    const frame = readFrame(bytes, 0, segment.salt);
    if (typeof frame === "string") throw corruption(segment.path, offset, frame);
    return { bytes, frame };
  }
}
