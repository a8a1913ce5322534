import type { Clock } from "./clock.ts";
import { isNoSpace } from "./errors.ts";
import { LoggedSegment } from "./history/logged-segment.ts";
import type { HistoryFiles } from "./history/source.ts";
import type { FrameBuilder } from "./wal/frame-builder.ts";
import type { GroupStamp, WalWriter } from "./wal/wal-writer.ts";

export interface LogOptions {
  readonly files: HistoryFiles;
  readonly clock: Clock;
  readonly segmentBytesMax: number;
}

/** After this long without a commit, the log says of itself that it is durable. */
const attestAfterMs = 50;

/**
 * The segments of the log: the active one, which frames are appended to, and the sealed ones before it. One sync at a time. Any error
 * but "no-space" from `append` leaves the log unusable.
 */
export class Log {
  readonly #options: LogOptions;
  #writer: WalWriter;
  #active: LoggedSegment;
  #sealed: LoggedSegment[];
  #syncing: Promise<void> | undefined;
  /** Everything up to this sequence is durable. */
  #durableSequence: number;
  #attestTimer: (() => void) | undefined;
  #attested = true;
  #appends = 0;
  /** Bytes written to all segments, in this run: places in it measure how far behind a memtable is. */
  #written = 0;
  #syncs = 0;

  constructor(options: LogOptions, writer: WalWriter, sealed: LoggedSegment[]) {
    this.#options = options;
    this.#writer = writer;
    this.#active = LoggedSegment.active(options.files, writer.segment);
    this.#sealed = sealed;
    this.#durableSequence = writer.segment.lastSequence;
  }

  get durableSequence(): number {
    return this.#durableSequence;
  }

  /** Oldest first; the active one is the last. */
  get segments(): readonly LoggedSegment[] {
    return [...this.#sealed, this.#active];
  }

  get sealed(): readonly LoggedSegment[] {
    return this.#sealed;
  }

  get active(): LoggedSegment {
    return this.#active;
  }

  get bytesWritten(): number {
    return this.#written;
  }

  get syncCount(): number {
    return this.#syncs;
  }

  /** Whether a frame of `bytes` belongs into the next segment. */
  needsRoll(bytes: number): boolean {
    const { segment } = this.#writer;
    // Sealed: the disk was full when its successor was to be made.
    if (segment.sealed) return true;
    return segment.commits > 0 && segment.bytes + bytes > this.#options.segmentBytesMax;
  }

  /** Seals the active segment and starts the next one, whose first commit will have `firstSequence`. */
  roll(firstSequence: number, time: number): Promise<void> {
    return this.#alone(async () => {
      const { segment } = this.#writer;
      if (!segment.sealed) await this.#writer.seal(time);
      this.#durableSequence = Math.max(this.#durableSequence, segment.lastSequence);
      this.#start(firstSequence, time);
    });
  }

  #start(firstSequence: number, time: number): void {
    this.#writer = this.#writer.next(firstSequence, time);
    this.#sealed.push(this.#active);
    this.#active = LoggedSegment.active(this.#options.files, this.#writer.segment);
  }

  /** Writes one frame; returns its offset in the active segment. */
  append(group: FrameBuilder, stamp: GroupStamp): number {
    const offset = this.#writer.append(group, stamp);
    this.#written += this.#writer.segment.bytes - offset;
    this.#attested = false;
    this.#appends += 1;
    return offset;
  }

  /** Makes everything appended so far durable. */
  sync(): Promise<void> {
    return this.#alone(async () => {
      if (this.#writer.isSynced || this.#writer.segment.sealed) return;
      const { lastSequence } = this.#writer.segment;
      await this.#writer.sync();
      this.#syncs += 1;
      this.#durableSequence = Math.max(this.#durableSequence, lastSequence);
    });
  }

  /** Runs `step` when no other step that syncs is under way. */
  async #alone(step: () => Promise<void>): Promise<void> {
    while (this.#syncing !== undefined) {
      try {
        await this.#syncing;
      } catch (error) {
        // That a roll found no space is for its caller to know; after a failed sync nobody may try another.
        if (!isNoSpace(error)) throw error;
      }
    }
    const running = step();
    this.#syncing = running;
    try {
      await running;
    } finally {
      this.#syncing = undefined;
    }
  }

  /** Removes what an append that did not fit has left behind. */
  cutToEnd(): void {
    if (!this.#writer.segment.sealed) this.#writer.cutToEnd();
  }

  /** Throws "no-space" while the device has no room for `bytes` more. The next commit will have `firstSequence`. */
  probe(bytes: number, firstSequence: number, time: number): void {
    if (this.#writer.segment.sealed) this.#start(firstSequence, time);
    this.#writer.probe(bytes);
  }

  /**
   * Once the log has been idle for a while after a sync, says in it that all is durable. `time`: the log time; `failed` gets an error
   * that makes the log unusable.
   */
  attestWhenIdle(time: () => number, failed: (error: unknown) => void): void {
    if (this.#attestTimer !== undefined) return;
    const appends = this.#appends;
    this.#attestTimer = this.#options.clock.after(attestAfterMs, () => {
      this.#attestTimer = undefined;
      if (this.#appends !== appends) {
        this.attestWhenIdle(time, failed);
        return;
      }
      if (this.#attested || this.#syncing !== undefined || !this.#writer.isSynced) return;
      if (this.#writer.segment.sealed) return;
      try {
        this.#attest(time());
      } catch (error) {
        failed(error);
      }
    });
  }

  #attest(time: number): void {
    this.#attested = true;
    try {
      this.#writer.attest(time);
    } catch (error) {
      // A full disk is the next commit's business.
      if (!isNoSpace(error)) throw error;
      this.#writer.cutToEnd();
    }
  }

  /** Forgets the oldest sealed segments up to the one with this id; returns them. */
  removeUpTo(id: number): LoggedSegment[] {
    const count = this.#sealed.filter(({ segment }) => segment.id <= id).length;
    return this.#sealed.splice(0, count);
  }

  /** Closes the log in order: synced, with a footer. False: the disk had no room for the footer; everything is synced all the same. */
  async close(time: number): Promise<boolean> {
    this.#cancelAttest();
    await this.#alone(async () => {
      if (this.#writer.segment.sealed) return;
      try {
        await this.#writer.seal(time);
      } catch (error) {
        if (!isNoSpace(error)) throw error;
        this.#writer.cutToEnd();
        await this.#writer.sync();
        this.#writer.abandon();
      }
    });
    return this.#writer.segment.sealed;
  }

  /** Closes the file and leaves the log as a crash would. */
  async abandon(): Promise<void> {
    this.#cancelAttest();
    await this.#syncing?.catch(() => undefined);
    if (!this.#writer.segment.sealed) this.#writer.abandon();
  }

  #cancelAttest(): void {
    this.#attestTimer?.();
    this.#attestTimer = undefined;
  }
}
