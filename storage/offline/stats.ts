import type { TableRecord } from "../manifest/edit.ts";
import { manifestFormatVersion } from "../manifest/format.ts";
import type { ManifestState, SpaceRecord } from "../manifest/state.ts";
import { formatVersion as tableFormatVersion } from "../sstable/format.ts";
import type { FeedId, SpaceId } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { walFormatVersion } from "../wal/format.ts";
import type { SegmentVisitor } from "../wal/segment-reader.ts";
import { checkIsOurs, type ToolOptions } from "./inspect.ts";
import { checkLog, type SegmentFigures } from "./log-check.ts";
import { findManifest } from "./manifest-check.ts";

export interface LevelStats {
  readonly level: number;
  readonly files: number;
  readonly bytes: number;
}

export interface SpaceStats {
  readonly id: SpaceId;
  /** Exact counts, those of the log included. */
  readonly rows: number;
  readonly bytes: number;
  readonly levels: readonly LevelStats[];
  readonly files: number;
  /** Of the SSTables. */
  readonly fileBytes: number;
  readonly tombstones: number;
  /** Writes that are only in the log, and the bytes of their keys and values. */
  readonly unflushedWrites: number;
  readonly unflushedBytes: number;
  /** Bytes in all levels over those in the last one: at 1, nothing is there twice. 0 without SSTables. */
  readonly amplification: number;
}

export interface ShardStats {
  readonly shard: number;
  /** Change records in the log's segments. */
  readonly records: number;
  /** Log times of the first and the last, milliseconds since the epoch; 0 without records. */
  readonly oldest: number;
  readonly newest: number;
}

export interface StoppedStats {
  readonly storeId: string;
  readonly formats: { readonly manifest: number; readonly log: number; readonly sstable: number };
  /** It was closed in order. */
  readonly isClosed: boolean;
  readonly lastSequence: number;
  /** Log time of the last commit. */
  readonly lastTime: number;
  readonly spaces: readonly SpaceStats[];
  readonly feeds: readonly {
    readonly id: FeedId;
    readonly closed: boolean;
    readonly shards: readonly ShardStats[];
  }[];
  readonly checkpoints: readonly {
    readonly id: string;
    readonly time: number;
    readonly spaces: number;
    readonly files: number;
    readonly bytes: number;
    /** Made by the store itself, for restores to instants. */
    readonly isHistory: boolean;
  }[];
  readonly archives: { readonly files: number; readonly bytes: number };
  readonly segments: readonly SegmentFigures[];
  /** Bytes in all levels of all spaces over those in their last ones; 0 without SSTables. */
  readonly amplification: number;
  /** Of the manifest and the log; `verify` names them, and looks at the SSTables, too. */
  readonly problems: number;
}

/** A look at a store that nobody has open: reads the manifest and the log, and changes nothing. Throws as `inspect`. */
export async function statsOf(vfs: Vfs, { watcher }: ToolOptions = {}): Promise<StoppedStats> {
  checkIsOurs(vfs);
  const manifest = findManifest(vfs);
  const { state, header } = manifest.read;
  const tally = new LogTally(state);
  const log = checkLog(vfs, header.storeId, state, watcher, tally);
  const spaces = [...state.spaces.values()].map((space) => spaceStats(space, tally));
  const lastLevels = spaces.reduce((sum, { levels }) => sum + (levels.at(-1)?.bytes ?? 0), 0);
  const allLevels = spaces.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  return {
    storeId: Buffer.from(header.storeId).toString("hex"),
    formats: { manifest: manifestFormatVersion, log: walFormatVersion, sstable: tableFormatVersion },
    isClosed: state.closedSegment !== 0,
    lastSequence: log.lastSequence,
    lastTime: log.lastTime,
    spaces,
    feeds: [...state.feeds.values()].map(({ id, number, closed, shards }) => {
      return { id, closed, shards: Array.from({ length: shards }, (_, shard) => tally.shard(number, shard)) };
    }),
    checkpoints: [...state.checkpoints.values()].map(({ id, time, spaces: held, isHistory }) => {
      const tables = held.flatMap((space) => [...space.tables]);
      const bytes = bytesOf(tables);
      return { id, time, spaces: held.length, files: tables.length, bytes, isHistory: isHistory === true };
    }),
    archives: { files: state.archives.size, bytes: bytesOf([...state.archives.values()]) },
    segments: log.segments.map(({ path, bytes, commits, firstTime, lastTime }) => {
      return { path, bytes, commits, firstTime, lastTime };
    }),
    amplification: lastLevels === 0 ? 0 : allLevels / lastLevels,
    problems: manifest.problems.length + log.problems.length,
  };
}

function bytesOf(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function spaceStats({ id, number, tables, point, loaded }: SpaceRecord, tally: LogTally): SpaceStats {
  const unflushed = tally.space(number);
  const levels = levelsOf([...tables.values()]);
  const fileBytes = bytesOf(levels);
  const last = levels.at(-1)?.bytes ?? 0;
  return {
    id,
    rows: point.rows + loaded.rows + unflushed.rows,
    bytes: point.bytes + loaded.bytes + unflushed.bytes,
    levels,
    files: tables.size,
    fileBytes,
    tombstones: [...tables.values()].reduce((sum, { tombstones }) => sum + tombstones, 0),
    unflushedWrites: unflushed.writes,
    unflushedBytes: unflushed.writeBytes,
    amplification: last === 0 ? 0 : fileBytes / last,
  };
}

function levelsOf(tables: readonly TableRecord[]): LevelStats[] {
  const levels = [...new Set(tables.map(({ level }) => level))].sort((a, b) => a - b);
  return levels.map((level) => {
    const files = tables.filter((table) => table.level === level);
    return { level, files: files.length, bytes: bytesOf(files) };
  });
}

interface SpaceTally {
  rows: number;
  bytes: number;
  writes: number;
  writeBytes: number;
}

/** Adds up what the log holds beyond the SSTables, and where feeds begin and end. */
class LogTally implements SegmentVisitor {
  readonly #state: ManifestState;
  readonly #spaces = new Map<number, SpaceTally>();
  readonly #shards = new Map<string, { records: number; oldest: number; newest: number }>();
  #sequence = 0;
  #time = 0;

  constructor(state: ManifestState) {
    this.#state = state;
  }

  space(number: number): SpaceTally {
    return this.#spaces.get(number) ?? { rows: 0, bytes: 0, writes: 0, writeBytes: 0 };
  }

  shard(feed: number, shard: number): ShardStats {
    return { shard, ...(this.#shards.get(`${feed}/${shard}`) ?? { records: 0, oldest: 0, newest: 0 }) };
  }

  frame(): void {}

  commit(sequence: number, time: number): void {
    this.#sequence = sequence;
    this.#time = time;
  }

  put(space: number, key: string, value: Uint8Array): void {
    this.#write(space, key.length + value.length);
  }

  delete(space: number, key: string): void {
    this.#write(space, key.length);
  }

  change(feed: number, shard: number): void {
    const trim = this.#state.feeds.get(feed)?.trims.get(shard);
    if (trim !== undefined && this.#sequence <= trim.sequence) return;
    const name = `${feed}/${shard}`;
    const known = this.#shards.get(name) ?? { records: 0, oldest: this.#time, newest: 0 };
    this.#shards.set(name, { records: known.records + 1, oldest: known.oldest, newest: this.#time });
  }

  delta(space: number, rows: number, bytes: number): void {
    const tally = this.#unflushed(space);
    if (tally === undefined) return;
    tally.rows += rows;
    tally.bytes += bytes;
  }

  raise(): void {}

  #write(space: number, bytes: number): void {
    const tally = this.#unflushed(space);
    if (tally === undefined) return;
    tally.writes += 1;
    tally.writeBytes += bytes;
  }

  /** The sums of a space; undefined when the commit is in its SSTables. */
  #unflushed(number: number): SpaceTally | undefined {
    const space = this.#state.spaces.get(number);
    if (space === undefined || this.#sequence <= space.point.sequence) return undefined;
    const tally = this.space(number);
    this.#spaces.set(number, tally);
    return tally;
  }
}
