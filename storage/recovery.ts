import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import { readU32 } from "./encoding.ts";
import { corruption, StorageError } from "./errors.ts";
import { archiveDirectory, archivePath } from "./history/archive-format.ts";
import { LoggedSegment } from "./history/logged-segment.ts";
import { IndexBuilder, type SegmentIndex } from "./history/segment-index.ts";
import { currentPath, manifestPath, parseManifestName } from "./manifest/format.ts";
import { Manifest, type ManifestOptions } from "./manifest/manifest.ts";
import { type ReadManifest, readManifest } from "./manifest/reader.ts";
import type { ManifestState } from "./manifest/state.ts";
import { UnflushedSlots } from "./memtable-slot.ts";
import type { RandomBytes } from "./random.ts";
import { Space } from "./space.ts";
import type { Key, Value } from "./store.ts";
import { type TableFiles, tableDirectory } from "./table-files.ts";
import type { Vfs } from "./vfs/vfs.ts";
import { noPredecessor, segmentHeaderBytes, segmentPath, type WalMode, walDirectory } from "./wal/format.ts";
import { recoverLog, removeLogLeftovers } from "./wal/log-recovery.ts";
import { linkTo, type Segment } from "./wal/segment.ts";
import type { SegmentVisitor } from "./wal/segment-reader.ts";
import { WalWriter } from "./wal/wal-writer.ts";

export interface OpenRequest {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly mode: WalMode;
  readonly acceptClock: boolean;
  readonly logFillBytes: number;
  readonly manifestBytesMin: number;
  readonly tables: TableFiles;
  readonly onManifestFailure: (error: Error) => void;
}

/** Everything a store starts with. */
export interface OpenedFiles {
  readonly storeId: Uint8Array;
  readonly manifest: Manifest;
  readonly writer: WalWriter;
  /** Oldest first. */
  readonly sealed: LoggedSegment[];
  readonly spaces: Map<number, Space>;
  readonly unflushed: UnflushedSlots;
  readonly lastSequence: number;
  readonly lastTime: number;
}

/** In a mode that acknowledges before the sync, a crash may have lost this many sequences that were seen: none is used twice. */
const skippedSequences = 2 ** 20;
/** A store may well lie idle or switched off for years; a broken clock mostly jumps further (2036, 2038, GPS weeks: 19.7 years). */
const clockAheadMsMax = 5 * 366 * 24 * 3_600_000;

const saltsFrom = (random: RandomBytes) => (): readonly [number, number] => {
  const bytes = random(8);
  return [readU32(bytes, 0), readU32(bytes, 4)];
};

/** Opens the store in a directory, or makes one in an empty directory. */
export async function openFiles(request: OpenRequest): Promise<OpenedFiles> {
  const read = readManifest(request.vfs);
  if (read !== undefined) return recover(request, read);
  checkDirectory(request.vfs);
  return create(request);
}

/** Where repairs keep what they replace or leave out, with the number of the repair behind it. A running store never looks there. */
export const setAsidePrefix = "set-aside-";

/** Throws unless the directory is a store's, empty, or holds no more than an interrupted creation has left. Changes nothing. */
export function checkDirectory(vfs: Vfs): void {
  if (vfs.exists(currentPath)) return;
  const ours = new Set([
    "LOCK",
    "LOCK.holder",
    walDirectory,
    tableDirectory,
    manifestPath(1),
    `${currentPath}.tmp`,
    // A file system's own, where the directory is a mount point.
    "lost+found",
  ]);
  const stranger = vfs.list("").find((name) => !ours.has(name) && !name.startsWith(setAsidePrefix));
  if (stranger !== undefined && parseManifestName(stranger) !== undefined) {
    throw corruption(currentPath, 0, `the file is missing, but the directory holds ${stranger}`);
  }
  if (stranger !== undefined) {
    throw new StorageError(
      "foreign",
      `${vfs.root ?? "the directory"} is no data directory: it holds ${stranger}`,
    );
  }
  const tables = vfs.exists(tableDirectory) ? vfs.list(tableDirectory) : [];
  const hasRows = tables.length > 0 || segmentSizes(vfs).some((size) => size > segmentHeaderBytes);
  if (hasRows) throw corruption(currentPath, 0, "the file is missing, but the directory holds data");
}

function segmentSizes(vfs: Vfs): number[] {
  if (!vfs.exists(walDirectory)) return [];
  return vfs.list(walDirectory).map((name) => {
    const file = vfs.open(`${walDirectory}/${name}`, "read");
    try {
      return file.size();
    } finally {
      file.close();
    }
  });
}

function manifestOptions(request: OpenRequest, storeId: Uint8Array): ManifestOptions {
  const { vfs, random, onManifestFailure, manifestBytesMin } = request;
  return {
    vfs,
    storeId,
    newSalt: saltsFrom(random),
    onFailure: onManifestFailure,
    rollBytesMin: manifestBytesMin,
  };
}

function walOptions(request: OpenRequest, storeId: Uint8Array) {
  const { vfs, random, mode, logFillBytes } = request;
  return { vfs, storeId, mode, fillAheadBytes: logFillBytes, newSalt: saltsFrom(random) };
}

/** CURRENT comes last: until it is there, the directory counts as empty. */
async function create(request: OpenRequest): Promise<OpenedFiles> {
  const { vfs } = request;
  for (const directory of [walDirectory, tableDirectory]) {
    if (!vfs.exists(directory)) vfs.makeDirectory(directory);
  }
  if (vfs.exists(segmentPath(1))) vfs.unlink(segmentPath(1));
  const storeId = request.random(16);
  // Syncs the root, and with it the entries of the directories, before anything is put into them.
  const manifest = await Manifest.create(manifestOptions(request, storeId));
  const time = Math.trunc(request.clock.now());
  const start = { predecessor: noPredecessor, firstSequence: 1, time };
  const writer = WalWriter.create(walOptions(request, storeId), start);
  manifest.publish();
  const unflushed = new UnflushedSlots();
  return {
    storeId,
    manifest,
    writer,
    sealed: [],
    spaces: new Map(),
    lastSequence: 0,
    lastTime: time,
    unflushed,
  };
}

async function recover(request: OpenRequest, read: ReadManifest): Promise<OpenedFiles> {
  const { vfs, tables } = request;
  const { state, header } = read;
  const { storeId } = header;
  checkTables(vfs, state, tables);
  checkArchives(vfs, state);
  const unflushed = new UnflushedSlots();
  const spaces = openSpaces(state, tables, unflushed);
  const replay = new Replay(state, spaces);
  const log = recoverLog({
    vfs,
    storeId,
    floor: state.logFloor,
    replayAfter: state.replayAfter,
    durableSequence: flushedUpTo(state),
    closedSegment: state.closedSegment,
    visitor: replay,
  });
  const last = log.segments.at(-1);
  assert(last !== undefined, "a log has a segment");
  const lastTime = Math.max(checkClock(request, last), newestCheckpoint(state));
  const skip = log.clean || last.mode === "sync" ? 0 : skippedSequences;
  const lastSequence = last.lastSequence + skip;
  const manifest = await Manifest.open(manifestOptions(request, storeId), read);
  const start = { predecessor: linkTo(last), firstSequence: lastSequence + 1, time: lastTime };
  const writer = WalWriter.create(walOptions(request, storeId), start);
  manifest.removeLeftovers();
  removeLogLeftovers(vfs, state.logFloor);
  removeUnknownTables(vfs, state, tables);
  removeUnknownArchives(vfs, state);
  const files = { vfs, files: tables.files, storeId };
  const sealed = log.segments.map(
    (segment) => new LoggedSegment(files, segment, replay.indexes.get(segment)),
  );
  return { storeId, manifest, writer, sealed, spaces, unflushed, lastSequence, lastTime };
}

/** The newest commit that is known to have been flushed, in whole or in part: that follows the log's sync. */
function flushedUpTo(state: ManifestState): number {
  let sequence = state.replayAfter;
  for (const { point } of state.spaces.values()) sequence = Math.max(sequence, point.sequence);
  return sequence;
}

function checkTables(vfs: Vfs, state: ManifestState, tables: TableFiles): void {
  const present = new Set(vfs.list(tableDirectory));
  for (const { number } of state.tables()) {
    const path = tables.path(number);
    if (!present.has(path.slice(tableDirectory.length + 1))) {
      throw corruption(path, 0, "the manifest names this SSTable, and it is missing");
    }
  }
}

/** SSTables that no edit names: a flush, a load or a restore was interrupted, or a removal. */
function removeUnknownTables(vfs: Vfs, state: ManifestState, tables: TableFiles): void {
  const known = new Set<string>();
  for (const { number } of state.tables()) known.add(tables.path(number));
  for (const name of vfs.list(tableDirectory)) {
    const path = `${tableDirectory}/${name}`;
    if (!known.has(path)) vfs.unlink(path);
  }
}

function listArchives(vfs: Vfs): string[] {
  if (!vfs.exists(archiveDirectory)) return [];
  return vfs.list(archiveDirectory).map((name) => `${archiveDirectory}/${name}`);
}

function checkArchives(vfs: Vfs, state: ManifestState): void {
  const present = new Set(listArchives(vfs));
  for (const number of state.archives.keys()) {
    const path = archivePath(number);
    if (!present.has(path)) throw corruption(path, 0, "the manifest names this archive, and it is missing");
  }
}

/** Archives that no edit names: their making was interrupted, or their removal. */
function removeUnknownArchives(vfs: Vfs, state: ManifestState): void {
  const known = new Set([...state.archives.keys()].map(archivePath));
  for (const path of listArchives(vfs)) if (!known.has(path)) vfs.unlink(path);
}

function openSpaces(state: ManifestState, tables: TableFiles, unflushed: UnflushedSlots): Map<number, Space> {
  const spaces = new Map<number, Space>();
  for (const record of state.spaces.values()) {
    const version = tables.openVersion(record.tables.values());
    const space = new Space(record.id, record.number, record.point, version, unflushed);
    space.loaded = record.loaded;
    spaces.set(record.number, space);
  }
  return spaces;
}

/** Log time of the newest checkpoint: the log need not have come to it, and may not fall behind it. */
function newestCheckpoint({ checkpoints }: ManifestState): number {
  let time = 0;
  for (const checkpoint of checkpoints.values()) time = Math.max(time, checkpoint.time);
  return time;
}

/** The log time to go on from; throws when the clock runs far ahead of it. */
function checkClock({ clock, acceptClock }: OpenRequest, last: Segment): number {
  const now = Math.trunc(clock.now());
  if (now - last.time > clockAheadMsMax && !acceptClock) {
    const [clockText, logText] = [now, last.time].map((time) => new Date(time).toISOString());
    throw new StorageError(
      "clock",
      `the clock says ${clockText}, but the log ends at ${logText}: more than five years are between them. ` +
        "Log time never goes back, so a wrong clock would be kept for ever; if the clock is right, accept it explicitly.",
    );
  }
  return Math.max(now, last.time);
}

/** Puts what the log holds beyond the SSTables back into the memtables. */
class Replay implements SegmentVisitor {
  /** The places of the change records of each segment that was read. */
  readonly indexes = new Map<Segment, SegmentIndex>();
  readonly #state: ManifestState;
  readonly #spaces: ReadonlyMap<number, Space>;
  #segment: Segment | undefined;
  #builder = new IndexBuilder();
  #offset = 0;
  #sequence = 0;

  constructor(state: ManifestState, spaces: ReadonlyMap<number, Space>) {
    this.#state = state;
    this.#spaces = spaces;
  }

  frame(segment: Segment, offset: number): void {
    if (segment !== this.#segment) {
      this.#segment = segment;
      this.#builder = new IndexBuilder();
      this.indexes.set(segment, this.#builder.index);
    }
    this.#offset = offset;
    this.#builder.frame(segment, offset);
  }

  commit(sequence: number, time: number): void {
    this.#sequence = sequence;
    this.#builder.commit(sequence, time);
  }

  put(space: number, key: Key, value: Value): void {
    this.#builder.put(space, key, value);
    this.#touch(space)?.active.memtable.put(key, this.#sequence, value);
  }

  delete(space: number, key: Key): void {
    this.#builder.delete(space, key);
    this.#touch(space)?.active.memtable.put(key, this.#sequence, undefined);
  }

  change(feed: number, shard: number, ordinal: number, space: number, bytes: number): void {
    if (feed >= this.#state.nextFeed) this.#unknown("feed", feed);
    this.#builder.change(feed, shard, ordinal, space, bytes);
  }

  delta(number: number, rows: number, bytes: number): void {
    this.#builder.delta(number);
    const space = this.#touch(number);
    if (space === undefined) return;
    space.pending.rows += rows;
    space.pending.bytes += bytes;
    Object.assign(space.visible, space.pending);
  }

  raise(number: number, generation: number): void {
    this.#builder.raise(number);
    const space = this.#touch(number);
    if (space === undefined) return;
    space.pending.generation = generation;
    space.visible.generation = generation;
  }

  /** The space that a record belongs to; undefined when it is flushed, or its space dropped. */
  #touch(number: number): Space | undefined {
    const space = this.#spaces.get(number);
    if (space === undefined) {
      if (number >= this.#state.nextSpace) this.#unknown("space", number);
      return undefined;
    }
    if (this.#sequence <= space.flushed.sequence) return undefined;
    space.touch(this.#sequence, 0);
    return space;
  }

  #unknown(what: string, number: number): never {
    assert(this.#segment !== undefined, "records lie in segments");
    throw corruption(
      this.#segment.path,
      this.#offset,
      `the log speaks of ${what} ${number}, which the manifest does not know`,
    );
  }
}
