import assert from "node:assert/strict";
import { failedSync, failureUnderName, isNoSpace, StorageError } from "../errors.ts";
import { Bytes, chainHash, frameHeaderBytes, sealFrame } from "../frame.ts";
import { syncDirectory } from "../vfs/sync-directory.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";
import {
  encodeFooter,
  encodeSegmentHeader,
  footerFixedBytes,
  frameKind,
  type Salt,
  type SegmentLink,
  segmentHeaderBytes,
  segmentPath,
  type WalMode,
  walDirectory,
} from "./format.ts";
import type { FrameBuilder } from "./frame-builder.ts";
import { linkTo, type Segment } from "./segment.ts";

export interface WalOptions {
  readonly vfs: Vfs;
  readonly storeId: Uint8Array;
  readonly mode: WalMode;
  /**
   * In sync mode zeros are written this far ahead of the frames: syncing into space that exists already is faster. 0: none. In other
   * modes nobody waits for a sync, and they would only be written for nothing.
   */
  readonly fillAheadBytes: number;
  /** 8 random bytes for each new segment. */
  readonly newSalt: () => Salt;
}

/** Where a new segment continues. */
export interface SegmentStart {
  readonly predecessor: SegmentLink;
  readonly firstSequence: number;
  readonly time: number;
}

/** What a frame of commits is stamped with. */
export interface GroupStamp {
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Log time of the first and the last commit. */
  readonly firstTime: number;
  readonly lastTime: number;
}

/** The commits of a frame, encoded; their bytes begin behind the room for its header. */
export type BuiltFrame = Pick<FrameBuilder, "bytes" | "payloadEnd" | "commits">;

const temporaryPath = `${walDirectory}/new.tmp`;

/**
 * The active segment. It appends frames and syncs; when and why is its caller's business. After any method has thrown (but for
 * "no-space" from `append`, which `cutToEnd` undoes) or a sync has failed, it must not be used again.
 */
export class WalWriter {
  readonly segment: Segment;
  readonly #options: WalOptions;
  readonly #file: VfsFile;
  /** Everything before this offset is durable. */
  #syncedBytes: number;
  /** Zeros have been written up to here. */
  #filledBytes: number;

  private constructor(options: WalOptions, segment: Segment, file: VfsFile) {
    this.#options = options;
    this.segment = segment;
    this.#file = file;
    this.#syncedBytes = segment.bytes;
    this.#filledBytes = segment.bytes;
  }

  /** Creates the next segment. When it returns, the segment and its directory entry are durable. */
  static create(options: WalOptions, start: SegmentStart): WalWriter {
    const { vfs } = options;
    const id = start.predecessor.id + 1;
    const salt = options.newSalt();
    const header = { ...start, storeId: options.storeId, id, salt, mode: options.mode };
    if (vfs.exists(temporaryPath)) vfs.unlink(temporaryPath);
    const file = vfs.create(temporaryPath);
    file.write(encodeSegmentHeader(header), 0);
    file.datasyncNow();
    vfs.rename(temporaryPath, segmentPath(id));
    syncDirectory(vfs, walDirectory);
    const segment: Segment = {
      id,
      path: segmentPath(id),
      salt,
      mode: options.mode,
      predecessor: start.predecessor,
      firstSequence: start.firstSequence,
      time: start.time,
      lastSequence: start.firstSequence - 1,
      bytes: segmentHeaderBytes,
      hash: 0,
      sealed: false,
      frames: 0,
      commits: 0,
      firstTime: 0,
      lastTime: 0,
      feeds: new Set(),
    };
    return new WalWriter(options, segment, file);
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  get isSynced(): boolean {
    return this.#syncedBytes === this.segment.bytes;
  }

  /** Writes the built commits as one frame; returns its offset. Not durable before the next sync. */
  append(group: BuiltFrame, stamp: GroupStamp): number {
    const { segment } = this;
    const offset = segment.bytes;
    const length = sealFrame(group.bytes, group.payloadEnd, segment.salt, {
      kind: frameKind.commits,
      firstSequence: stamp.firstSequence,
      time: stamp.firstTime,
      syncedUpTo: this.#syncedBytes,
      count: group.commits,
    });
    this.#write(group.bytes, length, true);
    if (segment.commits === 0) segment.firstTime = stamp.firstTime;
    segment.commits += group.commits;
    segment.lastTime = stamp.lastTime;
    segment.time = stamp.lastTime;
    segment.lastSequence = stamp.lastSequence;
    return offset;
  }

  /** Says in the log that all of it is durable, so that damage to its last commits cannot pass for a torn write. */
  attest(time: number): void {
    this.#writeSmall(frameKind.attest, frameHeaderBytes, new Bytes(new Uint8Array(frameHeaderBytes)), time);
  }

  /** Makes everything appended so far durable. After a failure nothing that this segment holds beyond that may be believed. */
  async sync(): Promise<void> {
    const upTo = this.segment.bytes;
    try {
      await this.#file.datasync();
    } catch (cause) {
      throw failedSync(this.segment.path, cause);
    }
    this.#syncedBytes = upTo;
  }

  /** Removes whatever a failed `append` has left behind the last whole frame. Throws if that cannot be made sure of. */
  cutToEnd(): void {
    this.#file.truncate(this.segment.bytes);
    this.#filledBytes = this.segment.bytes;
    if (this.#file.size() !== this.segment.bytes) {
      throw new StorageError("io", `${this.segment.path}: could not be cut to ${this.segment.bytes} bytes`);
    }
  }

  /** Tries whether `bytes` more bytes fit on the device; throws "no-space" if they do not. Leaves only zeros behind. */
  probe(bytes: number): void {
    this.#file.write(new Uint8Array(bytes), this.segment.bytes);
    this.#filledBytes = Math.max(this.#filledBytes, this.segment.bytes + bytes);
  }

  /** Writes the footer, syncs, and closes the file. The segment is immutable from then on. */
  async seal(time: number): Promise<Segment> {
    const { segment } = this;
    if (this.#filledBytes > segment.bytes) this.#file.truncate(segment.bytes);
    this.#filledBytes = segment.bytes;
    const bytes = new Bytes(new Uint8Array(frameHeaderBytes + footerFixedBytes + segment.feeds.size * 4 + 8));
    const payloadEnd = encodeFooter(bytes, frameHeaderBytes, segment, segment.hash);
    // What was not synced before is synced with the footer, which does not claim more than that ("synced up to").
    this.#writeSmall(frameKind.footer, payloadEnd, bytes, time);
    await this.sync();
    segment.sealed = true;
    this.#file.close();
    return segment;
  }

  /** Starts the successor of this sealed segment. After "no-space" it may be tried again. */
  next(firstSequence: number, time: number): WalWriter {
    assert(this.segment.sealed, "a segment is sealed before its successor is born");
    return WalWriter.create(this.#options, { predecessor: linkTo(this.segment), firstSequence, time });
  }

  /** Closes the file without a footer, as a crash would leave it. */
  abandon(): void {
    this.#file.close();
  }

  #writeSmall(kind: number, payloadEnd: number, bytes: Bytes, time: number): void {
    const length = sealFrame(bytes, payloadEnd, this.segment.salt, {
      kind,
      firstSequence: this.segment.lastSequence + 1,
      time,
      syncedUpTo: this.#syncedBytes,
      count: 0,
    });
    this.#write(bytes, length, false);
  }

  #write(bytes: Bytes, length: number, fillAhead: boolean): void {
    const { segment } = this;
    const end = segment.bytes + length;
    if (end >= 2 ** 32) throw new StorageError("usage", `${segment.path}: a segment holds less than 4 GiB`);
    try {
      this.#file.write(bytes.array.subarray(0, length), segment.bytes);
    } catch (cause) {
      throw failureUnderName(segment.path, cause);
    }
    segment.hash = chainHash(segment.hash, bytes.array, 0);
    segment.frames += 1;
    segment.bytes = end;
    if (end <= this.#filledBytes) return;
    this.#filledBytes = end;
    if (fillAhead) this.#fillAhead();
  }

  #fillAhead(): void {
    const { fillAheadBytes, mode } = this.#options;
    if (fillAheadBytes === 0 || mode !== "sync") return;
    try {
      this.#file.write(zeros(fillAheadBytes), this.segment.bytes);
      this.#filledBytes += fillAheadBytes;
    } catch (error) {
      // The frame itself fitted; a disk that is nearly full goes on without room ahead, until a frame does not fit.
      if (!isNoSpace(error)) throw error;
    }
  }
}

let zeroBytes = new Uint8Array(0);

function zeros(length: number): Uint8Array {
  if (zeroBytes.length < length) zeroBytes = new Uint8Array(length);
  return zeroBytes.subarray(0, length);
}
