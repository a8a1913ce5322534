import { type Clock, nextTurn } from "./clock.ts";
import { JobRunner } from "./compaction/job-runner.ts";
import { MergeJob } from "./compaction/merge-job.ts";
import { at } from "./encoding.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import type { Log } from "./log.ts";
import type { CheckpointRecord, TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { Memtable } from "./memtable/memtable.ts";
import { mergeCursors } from "./merging-iterator.ts";
import { type RandomBytes, randomId } from "./random.ts";
import type { Space } from "./space.ts";
import type { FilledSpace, SpaceDirectory } from "./space-directory.ts";
import type { CheckpointInfo, Progress, SpaceId, SpaceStats } from "./store.ts";
import type { TableFiles } from "./table-files.ts";
import type { TableHandle, Version } from "./version.ts";
import type { Vfs } from "./vfs/vfs.ts";

export interface CheckpointsOptions {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly groups: GroupCommit;
  readonly tables: TableFiles;
  readonly spaces: SpaceDirectory;
  readonly blockBytes: number;
  /** Target size of an SSTable. */
  readonly tableBytes: number;
}

/** A checkpoint and the SSTables that it keeps alive, by number. */
interface Pinned {
  readonly record: CheckpointRecord;
  readonly tables: ReadonlyMap<number, TableHandle>;
}

/** One space at the instant of a checkpoint. The version is retained. */
interface Capture {
  readonly space: Space;
  readonly version: Version;
  readonly memtables: readonly Memtable[];
  readonly stats: SpaceStats;
  readonly generation: number;
}

/** Adds rows that came after a checkpoint: those of later calls hide those of earlier ones. */
export type AddLater = (memtable: Memtable) => Promise<void>;

/** One space to be made from a checkpoint of another, and perhaps from what came after that. */
export interface Filling {
  readonly checkpoint: string;
  readonly from: SpaceId;
  readonly to: SpaceId;
  /** Adds the rest; resolves to what that adds to the counts. */
  readonly later?: (add: AddLater) => Promise<SpaceStats>;
}

interface SourceOf {
  readonly pinned: Pinned;
  readonly source: CheckpointRecord["spaces"][number];
  readonly to: SpaceId;
  readonly later: Filling["later"];
}

/** Input per slice when memtables are written: about half a millisecond of work. */
const sliceBytes = 48 << 10;
/** Links made before others get their turn. */
const linksPerSlice = 32;

/**
 * Pinned states of spaces. A checkpoint names the SSTables that its spaces had at one visible instant, and further ones of its own with what
 * was only in memory then: writers are not held up, and the spaces' own flushes take no notice. The files live until the checkpoint is
 * released, whatever becomes of the spaces. Restoring gives new spaces hard links to them.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #runner: JobRunner;
  readonly #pinned = new Map<string, Pinned>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** SSTables written, since the start. */
  bytesWritten = 0;

  /** Takes over the checkpoints in the manifest. */
  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#runner = new JobRunner({ clock: options.clock, sliceBytes, bytesPerSecond: () => 0 });
    const known = new Map<number, TableHandle>();
    for (const { version } of options.spaces.all())
      for (const table of version.tables) known.set(table.number, table);
    for (const record of options.manifest.state.checkpoints.values()) this.#pin(record, known);
  }

  /** Those of callers. */
  list(): CheckpointInfo[] {
    const records = Array.from(this.#pinned.values(), ({ record }) => record);
    return records.filter(({ isHistory }) => isHistory !== true).map(infoOf);
  }

  /** Those that the store made itself, by space, oldest first. */
  history(): Map<SpaceId, CheckpointRecord[]> {
    const bySpace = new Map<SpaceId, CheckpointRecord[]>();
    for (const { record } of this.#pinned.values()) {
      if (record.isHistory !== true) continue;
      for (const { id } of record.spaces) bySpace.set(id, [...(bySpace.get(id) ?? []), record]);
    }
    for (const records of bySpace.values()) records.sort((a, b) => a.sequence - b.sequence);
    return bySpace;
  }

  /** Whether there are any, of whatever kind. */
  get exist(): boolean {
    return this.#pinned.size > 0;
  }

  /** Bytes of the SSTables that only the store's own checkpoints keep. `live`: numbers of those that spaces need. */
  historyBytes(live: ReadonlySet<number>): number {
    const others = new Set(live);
    const all = [...this.#pinned.values()];
    for (const { record, tables } of all)
      if (record.isHistory !== true) for (const number of tables.keys()) others.add(number);
    let bytes = 0;
    for (const { tables } of all) {
      for (const [number, table] of tables) {
        if (others.has(number)) continue;
        others.add(number);
        bytes += table.bytes;
      }
    }
    return bytes;
  }

  /** As `Store.checkpoint`; progress is told in spaces. */
  create(ids: readonly SpaceId[], progress?: Progress): Promise<CheckpointInfo> {
    return this.#track(this.#create(ids, progress)).then(infoOf);
  }

  /** A checkpoint of one space that callers do not see: restores to instants begin with it. */
  createHistory(id: SpaceId): Promise<CheckpointRecord> {
    return this.#track(this.#create([id], undefined, true));
  }

  /** As `Store.restore` of a checkpoint; progress is told in SSTables. */
  restore(id: string, targets: ReadonlyMap<SpaceId, SpaceId>, progress?: Progress): Promise<void> {
    const fillings = () => {
      const pinned = this.#pinned.get(id);
      if (pinned === undefined) throw new StorageError("not-found", `there is no checkpoint ${id}`);
      return Array.from(targets, ([from, to]) => ({ checkpoint: id, from, to }));
    };
    return this.#track(this.#restore(fillings, progress));
  }

  /** Fills new spaces, all or none, each from a checkpoint and what `later` says came after it. */
  restoreLater(fillings: readonly Filling[], progress?: Progress): Promise<void> {
    return this.#track(this.#restore(() => fillings, progress));
  }

  /** Lets the files go that only this checkpoint needs. Idempotent. */
  async release(id: string): Promise<void> {
    const pinned = this.#pinned.get(id);
    if (pinned === undefined) return;
    this.#pinned.delete(id);
    try {
      await this.#options.manifest.commit([{ kind: "checkpointReleased", id }]);
    } catch (error) {
      this.#pinned.set(id, pinned);
      throw error;
    }
    for (const table of pinned.tables.values()) table.release();
  }

  /** Gives up what is under way. */
  async close(): Promise<void> {
    this.#runner.close();
    await Promise.allSettled(this.#underWay);
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    const tracked = promise.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
    return tracked;
  }

  /** Retains the tables of a checkpoint. `known`: open tables by number; those opened here are added, and live as long as checkpoints do. */
  #pin(record: CheckpointRecord, known: Map<number, TableHandle>): void {
    const tables = new Map<number, TableHandle>();
    for (const table of record.spaces.flatMap((space) => space.tables)) {
      const found = known.get(table.number);
      const handle = found ?? this.#options.tables.open(table);
      handle.retain();
      if (found === undefined) handle.markObsolete();
      known.set(table.number, handle);
      tables.set(table.number, handle);
    }
    this.#pinned.set(record.id, { record, tables });
  }

  async #create(ids: readonly SpaceId[], progress?: Progress, isHistory = false): Promise<CheckpointRecord> {
    const { groups, manifest, tables, spaces } = this.#options;
    const sequence = groups.visibleSequence;
    const time = groups.time();
    const captures = [...new Set(ids)].map((id) => spaces.get(id)).map(capture);
    const numbers: number[] = [];
    let committing = false;
    try {
      const rests: TableRecord[][] = [];
      for (const [index, captured] of captures.entries()) {
        rests.push(await this.#writeRest(captured, sequence, numbers));
        progress?.(index + 1, captures.length);
      }
      if (numbers.length > 0) tables.syncDirectory();
      // What a checkpoint holds must not be lost by a crash that the checkpoint survives.
      await groups.makeDurable(sequence);
      const record: CheckpointRecord = {
        id: randomId(this.#options.random),
        sequence,
        time,
        spaces: captures.map(({ space, version, stats, generation }, index) => {
          return {
            id: space.id,
            ...stats,
            generation,
            tables: [...(rests[index] ?? []), ...recordsOf(version)],
          };
        }),
        ...(isHistory ? { isHistory } : {}),
      };
      committing = true;
      await manifest.commit([{ kind: "checkpointAdded", checkpoint: record }]);
      const known = captures.flatMap(({ version }) => version.tables);
      this.#pin(record, new Map(known.map((table) => [table.number, table])));
      return record;
    } catch (error) {
      this.#giveUp(numbers, committing, error);
      throw error;
    } finally {
      for (const { version } of captures) version.release();
    }
  }

  /** Writes what a space had only in memory; adds the numbers of the files to `numbers` before they exist. */
  async #writeRest(
    { space, version, memtables }: Capture,
    sequence: number,
    numbers: number[],
  ): Promise<TableRecord[]> {
    const isAll = version.tables.length === 0;
    return this.#writeMemtables(memtables, sequence, space.number, isAll, numbers);
  }

  /** Writes the versions up to `sequence` of memtables (newest first) as level-0 tables of a space. */
  async #writeMemtables(
    memtables: readonly Memtable[],
    sequence: number,
    space: number,
    isAll: boolean,
    numbers: number[],
  ): Promise<TableRecord[]> {
    if (memtables.length === 0) return [];
    const { vfs, manifest, tables, blockBytes, tableBytes } = this.#options;
    const first = numbers.length;
    const cursors = memtables.map((memtable) => memtable.cursor(sequence));
    const job = new MergeJob(vfs, mergeCursors(cursors, false), {
      blockBytes,
      dropTombstone: () => isAll,
      cutBefore: (_key, bytes) => bytes >= tableBytes,
      nextPath: () => {
        const number = manifest.reserveTable();
        numbers.push(number);
        return tables.path(number);
      },
    });
    const outputs = await this.#runner.run(job, { paced: false });
    for (const { info } of outputs) this.bytesWritten += info.bytes;
    return outputs.map(({ info: { blocks: _, ...kept } }, index) => {
      return { space, level: 0, number: at(numbers, first + index), ...kept };
    });
  }

  async #restore(fillings: () => readonly Filling[], progress?: Progress): Promise<void> {
    const { tables, spaces } = this.#options;
    const sources = this.#sourcesOf(fillings());
    const held = sources.flatMap(({ pinned }) => [...pinned.tables.values()]);
    for (const table of held) table.retain();
    const total = sources.reduce((sum, { source }) => sum + source.tables.length, 0);
    const numbers: number[] = [];
    const filled: FilledSpace[] = [];
    let committing = false;
    try {
      for (const { source, to, later } of sources) {
        const own: TableRecord[] = [];
        for (const table of source.tables) {
          own.push(this.#link(table, numbers));
          if (numbers.length % linksPerSlice === 0) await nextTurn(this.#options.clock);
          this.#options.health.checkOpen();
          progress?.(numbers.length, total);
        }
        let { rows, bytes } = source;
        if (later !== undefined) {
          const delta = await later((memtable) => this.#addLater(memtable, own, numbers));
          rows += delta.rows;
          bytes += delta.bytes;
        }
        filled.push({ id: to, stats: { rows, bytes }, tables: own });
      }
      if (numbers.length > 0) tables.syncDirectory();
      committing = true;
      await spaces.createFilled(filled, tables);
    } catch (error) {
      this.#giveUp(numbers, committing, error);
      throw error;
    } finally {
      for (const table of held) table.release();
    }
    if (total === 0) progress?.(0, 0);
  }

  /** Adds what a memtable holds to the tables of a space to be, which are older. */
  async #addLater(memtable: Memtable, own: TableRecord[], numbers: number[]): Promise<void> {
    const isAll = own.length === 0;
    own.push(...(await this.#writeMemtables([memtable], Number.MAX_SAFE_INTEGER, 0, isAll, numbers)));
  }

  /** What to restore, and as what. Throws when that cannot be. */
  #sourcesOf(fillings: readonly Filling[]): SourceOf[] {
    const { spaces } = this.#options;
    if (new Set(fillings.map(({ to }) => to)).size < fillings.length) {
      throw new StorageError("usage", "two spaces cannot be restored as one");
    }
    return fillings.map(({ checkpoint, from, to, later }) => {
      const pinned = this.#pinned.get(checkpoint);
      const source = pinned?.record.spaces.find((space) => space.id === from);
      if (pinned === undefined || source === undefined)
        throw new StorageError("not-found", `checkpoint ${checkpoint} has no space ${from}`);
      if (spaces.byId.has(to)) throw new StorageError("usage", `the space ${to} exists already`);
      return { pinned, source, to, later };
    });
  }

  /** Gives a file one more name. */
  #link(table: TableRecord, numbers: number[]): TableRecord {
    const { vfs, manifest, tables } = this.#options;
    const number = manifest.reserveTable();
    numbers.push(number);
    vfs.link(tables.path(table.number), tables.path(number));
    return { ...table, number };
  }

  /** Removes the files of something that failed, unless its edit may have happened or the directory may have another owner by now. */
  #giveUp(numbers: readonly number[], committing: boolean, error: unknown): void {
    const { health, tables } = this.#options;
    const isRefused = error instanceof StorageError && error.kind === "usage";
    const mayBeNamed = committing && !isNoSpace(error) && !isRefused;
    if (health.isClosed || mayBeNamed) return;
    for (const number of numbers) tables.unlink(number);
  }
}

function capture(space: Space): Capture {
  const { memtables, stats, visible } = space;
  return { space, version: space.version.retain(), memtables, stats, generation: visible.generation };
}

/** The tables of a version, at the levels they have in it. */
function recordsOf(version: Version): TableRecord[] {
  return version.levels.flatMap((level, index) => level.map(({ record }) => ({ ...record, level: index })));
}

function infoOf({ id, time, spaces }: CheckpointRecord): CheckpointInfo {
  return { id, time, spaces: spaces.map((space) => space.id) };
}
