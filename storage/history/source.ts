import type { ArchiveRecord } from "../manifest/edit.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { ChangeRecord, RecordVisitor, WantedChanges } from "../wal/records.ts";

import type { Segment } from "../wal/segment.ts";
import type { Contents } from "./contents.ts";

/** How the history of one store is read. */
export interface HistoryFiles {
  readonly vfs: Vfs;
  readonly files: FilePool;
  /** 16 bytes. */
  readonly storeId: Uint8Array;
}

/** What a source is made from: one of the two. Plain data. */
export interface PlainSource {
  readonly segment?: Segment;
  readonly archive?: ArchiveRecord;
}

/** Where a shard of a feed ends in a source. */
export interface ShardEnd {
  readonly lastSequence: number;
  readonly lastOrdinal: number;
}

/**
 * A stretch of history: a log segment, or an archive made of some. Sources follow each other without overlap; together they hold, in order, everything that
 * anybody still wants of the past.
 */
export interface HistorySource {
  readonly path: string;
  /** The sequences it may hold. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Log time of its last commit, milliseconds since the epoch. */
  readonly lastTime: number;
  /** Size of the file. */
  readonly bytes: number;
  readonly contents: Contents;
  readonly plain: PlainSource;
  hasFeed(feed: number): boolean;
  /** Where its changes of a shard end; undefined when it has none. */
  shardEnd(feed: number, shard: number): ShardEnd | undefined;
  /** Adds the wanted change records to `into`, in order, until that has `wanted.limit` of them. */
  readChanges(wanted: WantedChanges, into: ChangeRecord[]): void;
  /**
   * Shows the records of one space (undefined: of all) with sequences after `after`, perhaps also others and earlier ones, to the visitor. Those of
   * one space come in the order of commits. Yields the bytes read after each piece of some 64 KiB, so that others get their turn.
   */
  visit(space: number | undefined, after: number, visitor: RecordVisitor): Generator<number, void>;
  /** Lets the index go from memory; it is read again when it is needed. */
  forget(): void;
  /** Removes the files. */
  unlink(): Promise<void>;
}
