import assert from "node:assert/strict";
import { readLatin1 } from "../../../storage/encoding.ts";
import { StorageError } from "../../../storage/errors.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { noPredecessor, type WalMode } from "../../../storage/wal/format.ts";
import { FrameBuilder } from "../../../storage/wal/frame-builder.ts";
import { type LogRecoveryRequest, type RecoveredLog, recoverLog } from "../../../storage/wal/log-recovery.ts";
import type { Segment } from "../../../storage/wal/segment.ts";
import type { SegmentVisitor } from "../../../storage/wal/segment-reader.ts";
import { WalWriter } from "../../../storage/wal/wal-writer.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { type StoredFiles, vfsOf } from "../formats/stored-files.ts";

/** A record to be logged. A change names the row record of its commit that it reports, by index. */
export type LoggedRecord =
  | { readonly kind: "put"; readonly space: number; readonly key: string; readonly value: Uint8Array }
  | { readonly kind: "delete"; readonly space: number; readonly key: string }
  | {
      readonly kind: "change";
      readonly feed: number;
      readonly shard: number;
      readonly row: number;
      readonly tag: Uint8Array;
      readonly wantsOld: boolean;
      readonly old: Uint8Array | undefined;
    }
  | { readonly kind: "delta"; readonly space: number; readonly rows: number; readonly bytes: number }
  | { readonly kind: "raise"; readonly space: number; readonly generation: number };

export interface LoggedCommit {
  /** Milliseconds after the commit before it. */
  readonly later: number;
  readonly records: readonly LoggedRecord[];
}

/** Where one frame lies, and what it says. */
export interface WrittenFrame {
  readonly segment: number;
  readonly offset: number;
  readonly end: number;
  /** The last commit up to its end. */
  readonly lastSequence: number;
  /** Everything before this offset was durable when it was written. */
  readonly syncedUpTo: number;
}

const latin1 = (bytes: Uint8Array): string => readLatin1(bytes, 0, bytes.length);

/** What a reader of the log is told of one commit, as text. Of changes it is told the place only. */
export function describeCommit(sequence: number, time: number, records: readonly LoggedRecord[]): string {
  let changes = 0;
  const describe = (record: LoggedRecord): string => {
    switch (record.kind) {
      case "put":
        return `put ${record.space} ${record.key} = ${latin1(record.value)}`;
      case "delete":
        return `delete ${record.space} ${record.key}`;
      case "change":
        return `change ${record.feed}/${record.shard} ${changes++}`;
      case "delta":
        return `delta ${record.space} ${record.rows} ${record.bytes}`;
      case "raise":
        return `raise ${record.space} ${record.generation}`;
    }
  };
  return [`#${sequence} at ${time}`, ...records.map(describe)].join("\n");
}

/** Collects what a log says, one text per commit. */
export class LogListener implements SegmentVisitor {
  readonly commits: string[] = [];

  #add(line: string): void {
    assert(this.commits.length > 0, "records come after their commit");
    this.commits[this.commits.length - 1] += `\n${line}`;
  }

  frame(): void {}

  commit(sequence: number, time: number): void {
    this.commits.push(`#${sequence} at ${time}`);
  }

  put(space: number, key: string, value: Uint8Array): void {
    this.#add(`put ${space} ${key} = ${latin1(value)}`);
  }

  delete(space: number, key: string): void {
    this.#add(`delete ${space} ${key}`);
  }

  change(feed: number, shard: number, ordinal: number): void {
    this.#add(`change ${feed}/${shard} ${ordinal}`);
  }

  delta(space: number, rows: number, bytes: number): void {
    this.#add(`delta ${space} ${rows} ${bytes}`);
  }

  raise(space: number, generation: number): void {
    this.#add(`raise ${space} ${generation}`);
  }
}

export const storeId = new Uint8Array(16).map((_, index) => index * 11);
const startTime = Date.UTC(2026, 0, 1);

/** A log written step by step, with a record of what was written where. */
export class ScriptedLog {
  readonly vfs: Vfs;
  readonly storeId: Uint8Array;
  /** One text per commit, as a reader must see them. */
  readonly commits: string[] = [];
  /** Of commits and attests, not the footers. */
  readonly frames: WrittenFrame[] = [];
  writer: WalWriter;
  time = startTime;
  readonly #builder = new FrameBuilder();

  constructor(
    vfs: Vfs,
    options: { mode?: WalMode; fill?: number; storeId?: Uint8Array; seed?: number } = {},
  ) {
    this.vfs = vfs;
    this.storeId = options.storeId ?? storeId;
    const random = seededRandom(options.seed ?? 1);
    const word = () => Math.floor(random() * 2 ** 32);
    vfs.makeDirectory("wal");
    this.writer = WalWriter.create(
      {
        vfs,
        storeId: this.storeId,
        mode: options.mode ?? "sync",
        fillAheadBytes: options.fill ?? 0,
        newSalt: () => [word(), word()],
      },
      { predecessor: noPredecessor, firstSequence: 1, time: startTime },
    );
  }

  /** Writes commits as one frame; not synced. */
  append(commits: readonly LoggedCommit[]): WrittenFrame {
    const builder = this.#builder;
    const { segment } = this.writer;
    const start = segment.bytes;
    const firstSequence = segment.lastSequence + 1;
    const firstTime = this.time + (commits[0]?.later ?? 0);
    let sequence = firstSequence;
    for (const { later, records } of commits) {
      this.time += later;
      builder.beginCommit(this.time - firstTime);
      this.#add(records);
      builder.endCommit();
      this.commits.push(describeCommit(sequence, this.time, records));
      sequence += 1;
    }
    const stamp = { firstSequence, lastSequence: sequence - 1, firstTime, lastTime: this.time };
    this.writer.append(builder, stamp);
    builder.clear();
    return this.#written(start);
  }

  #written(offset: number): WrittenFrame {
    const { segment, syncedBytes } = this.writer;
    const { id, bytes, lastSequence } = segment;
    const frame = { segment: id, offset, end: bytes, lastSequence, syncedUpTo: syncedBytes };
    this.frames.push(frame);
    return frame;
  }

  #add(records: readonly LoggedRecord[]): void {
    const builder = this.#builder;
    const rows: number[] = [];
    for (const record of records) {
      if (record.kind === "put") rows.push(builder.put(record.space, record.key, record.value));
      else if (record.kind === "delete") rows.push(builder.delete(record.space, record.key));
      else if (record.kind === "delta") builder.delta(record.space, record.rows, record.bytes);
      else if (record.kind === "raise") builder.raise(record.space, record.generation);
      else {
        const row = rows[record.row];
        assert(row !== undefined, "a change follows its row");
        builder.change(record.feed, record.shard, row, record.tag, record.wantsOld, record.old);
        this.writer.segment.feeds.add(record.feed);
      }
    }
  }

  sync(): Promise<void> {
    return this.writer.sync();
  }

  attest(): void {
    const start = this.writer.segment.bytes;
    this.writer.attest(this.time);
    this.#written(start);
  }

  /** Closes the active segment and starts the next. */
  async roll(): Promise<Segment> {
    const sealed = await this.writer.seal(this.time);
    this.writer = this.writer.next(sealed.lastSequence + 1, this.time);
    return sealed;
  }

  async close(): Promise<void> {
    await this.writer.seal(this.time);
  }
}

/** What `outcomeOf` finds: how many commits recovery shows, or the error that it ends with. */
export type LogOutcome = number | StorageError;

/**
 * What recovery makes of these files, which were once the log that holds `commits`. Throws if it shows anything but a prefix of them, or
 * ends with an error that names no file and offset.
 */
export function outcomeOf(
  files: StoredFiles,
  commits: readonly string[],
  options: Parameters<typeof readLog>[1] = {},
): LogOutcome {
  let shown: readonly string[];
  try {
    shown = readLog(vfsOf(files), options).commits;
  } catch (error) {
    assert(error instanceof StorageError, `not a StorageError: ${error}`);
    assert(error.file !== undefined && error.message.includes(error.file), `no file: ${error.message}`);
    assert(error.kind !== "corruption" || error.offset !== undefined, `no offset: ${error.message}`);
    return error;
  }
  for (const [i, commit] of shown.entries()) {
    assert(commit === commits[i], `commit ${i + 1} became ${JSON.stringify(commit)}`);
  }
  return shown.length;
}

/** What recovery makes of a log. The options are those of `recoverLog`; by default the store was not closed in order. */
export function readLog(
  vfs: Vfs,
  options: Partial<Omit<LogRecoveryRequest, "vfs" | "visitor">> = {},
): { readonly log: RecoveredLog; readonly commits: readonly string[] } {
  const listener = new LogListener();
  const log = recoverLog({
    vfs,
    storeId: options.storeId ?? storeId,
    floor: options.floor ?? 1,
    replayAfter: options.replayAfter ?? 0,
    durableSequence: options.durableSequence ?? 0,
    closedSegment: options.closedSegment ?? 0,
    visitor: listener,
  });
  return { log, commits: listener.commits };
}
