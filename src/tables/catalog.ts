import assert from "node:assert/strict";
import type { Fence, SpaceId, SpaceStats, Store, Value, Write } from "../../storage/index.ts";
import { resourceNotFound } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { Queues } from "../runtime/queues.ts";
import { Backfills } from "./backfill.ts";
import { backfillTarget } from "./backfill-target.ts";
import { BackupCatalog, type PendingBackup } from "./backups.ts";
import { ITEM_COLLECTION_BYTES_MAX } from "./item-collections.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tableRowKey, tableRows } from "./keyspace.ts";
import { Later } from "./later.ts";
import { keepsLess, type RecoveryWindow, recoveryWindow, settleHistory } from "./recovery.ts";
import { Restores } from "./restores.ts";
import { isBeingFilled, type TableRecord, type TableStatus } from "./schema.ts";
import { hasLeavingIndex, withoutLeavingIndexes } from "./schema-update-indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { streamArn } from "./stream.ts";
import { StreamCatalog } from "./stream-catalog.ts";
import { StreamKeeper } from "./stream-keeper.ts";
import { commitSystemRows, readSystemRows } from "./system-rows.ts";
import { decodeTable, encodeTable, type Table, type TableRow, type Transition, tableOf } from "./table.ts";
import {
  filledRecord,
  fillingSpaces,
  forgottenProgress,
  missingFrom,
  progressRow,
  spacesOf,
} from "./table-spaces.ts";

export interface CatalogOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears of trouble in the background. */
  readonly log: Log;
  /** How long changes of a table's state stay visible; 0: until the next look. */
  readonly tableDelayMs: number;
  /** The most that items of one partition key and their entries in local secondary indexes may add up to. */
  readonly itemCollectionBytesMax?: number;
  /** Open shards of the streams to come; 1 unless given. */
  readonly streamShards?: number;
  /** How far behind now the latest restorable instant is said to be; 0 unless given. */
  readonly pitrLagMs?: number;
}

/** Rows of the system space that are committed together with a table's. */
export interface Companion {
  readonly writes: readonly Write[];
  /** To be called after the commit. */
  committed(): void;
}

/**
 * All tables. The store's system space is the truth; this is its image in memory, changed only after a commit. Changes of one table are
 * made one after the other.
 */
export class Catalog {
  readonly store: Store;
  readonly itemCollectionBytesMax: number;
  readonly streams: StreamCatalog;
  readonly backups: BackupCatalog;
  readonly #clock: Clock;
  readonly #tableDelayMs: number;
  readonly #backfills: Backfills;
  readonly #streamKeeper: StreamKeeper;
  readonly #later: Later;
  readonly #restores: Restores;
  readonly #pitrLagMs: number;
  readonly #tables = new Map<string, Table>();
  /** Sorted names, made anew when the set of tables changed. */
  #names: readonly string[] | undefined;
  readonly #queues = new Queues();

  private constructor(options: CatalogOptions, streams: StreamCatalog, backups: BackupCatalog) {
    this.store = options.store;
    this.streams = streams;
    this.backups = backups;
    this.#clock = options.clock;
    this.#tableDelayMs = options.tableDelayMs;
    this.itemCollectionBytesMax = options.itemCollectionBytesMax ?? ITEM_COLLECTION_BYTES_MAX;
    this.#later = new Later(options.clock, options.log);
    this.#backfills = new Backfills({
      store: options.store,
      clock: options.clock,
      log: options.log,
      progressRow,
      target: (tableName, entrySpace) => {
        const table = this.#tables.get(tableName);
        return table === undefined ? undefined : backfillTarget(table, entrySpace);
      },
      finish: (tableName, entrySpace) => this.#finishBackfill(tableName, entrySpace),
    });
    this.#pitrLagMs = options.pitrLagMs ?? 0;
    this.#restores = new Restores({
      store: options.store,
      clock: options.clock,
      log: options.log,
      tableDelayMs: options.tableDelayMs,
      finish: (record) => this.#finishRestore(record),
      abandon: ({ tableName }) => this.exclusively(tableName, () => this.#purge(tableName)),
    });
    this.#streamKeeper = new StreamKeeper({
      clock: options.clock,
      log: options.log,
      due: () => streams.due(),
      tend: (stream) => this.exclusively(stream.tableName, () => streams.tend(streamArn(stream))),
    });
  }

  /**
   * Reads the catalog, removes spaces that no table names (left by a crash between two steps of a change), and goes on filling the
   * indexes that are being created.
   */
  static async open(options: CatalogOptions): Promise<Catalog> {
    await options.store.createSpace(SYSTEM_SPACE);
    const streams = await StreamCatalog.open({ ...options, shards: options.streamShards ?? 1 });
    const catalog = new Catalog(options, streams, await BackupCatalog.open(options));
    await catalog.#load();
    await catalog.#removeOrphans();
    for (const [name, { record }] of catalog.#tables) {
      for (const space of fillingSpaces(record)) catalog.#backfills.start(name, space, 0);
      if (record.restore !== undefined) catalog.#restores.start(record);
    }
    await settleHistory(options.store, catalog.all());
    catalog.#streamKeeper.start();
    catalog.backups.start();
    return catalog;
  }

  /** Stops all work in the background. Call before the store is closed. */
  async close(): Promise<void> {
    await Promise.all([
      this.#backfills.stop(),
      this.#restores.stop(),
      this.#streamKeeper.stop(),
      this.backups.stop(),
      this.#later.stop(),
    ]);
  }

  /** Does for all streams now what is done every minute: closes and opens shards, removes what is past retention. */
  async tendStreams(): Promise<void> {
    await this.#streamKeeper.tend();
  }

  /** The table of that name in whatever state, or undefined. A table whose deletion has run its time is gone. */
  find(name: string): Table | undefined {
    const table = this.#tables.get(name);
    if (table === undefined) return undefined;
    return table.transition?.status === "DELETING" && this.#clock.now() >= table.transition.until
      ? undefined
      : table;
  }

  /** All tables that `find` finds, in no order. */
  all(): Table[] {
    return [...this.#tables.keys()].flatMap((name) => this.find(name) ?? []);
  }

  /** The status a client sees now. */
  statusOf(table: Table): TableStatus {
    const { transition } = table;
    if (transition !== undefined && this.#clock.now() < transition.until) return transition.status;
    return hasLeavingIndex(table.record) ? "UPDATING" : table.record.tableStatus;
  }

  /** Whether a change made at a time (undefined: never) is still shown as being under way. */
  isUnderWay(changeMs: number | undefined): boolean {
    return changeMs !== undefined && this.#clock.now() < changeMs + this.#tableDelayMs;
  }

  /** Whether backups have been enabled for a table: some time after it became ACTIVE, and for ever. */
  hasBackups({ record }: Table): boolean {
    return this.#clock.now() >= record.creationMs + 2 * this.#tableDelayMs;
  }

  /** The instants that a table can be restored to; undefined without point-in-time recovery. */
  recoveryWindowOf({ record }: Table): RecoveryWindow | undefined {
    return recoveryWindow(this.store, record, this.#pitrLagMs);
  }

  /** Rows and bytes of a space; none of one that does not exist yet. */
  countsOf(space: SpaceId): SpaceStats {
    try {
      return this.store.stats(space);
    } catch (error) {
      if (isSpaceGone(error)) return { rows: 0, bytes: 0 };
      throw error;
    }
  }

  /** The table for a data-plane request. Throws ResourceNotFound when missing, still being created, or being deleted. */
  usable(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw resourceNotFound();
    if (table.transition !== undefined || isBeingFilled(table.record)) {
      const status = this.statusOf(table);
      if (status === "CREATING" || table.transition?.status === "DELETING") throw resourceNotFound();
    }
    return table;
  }

  /** Names after `after` in byte order, at most `limit`, and whether there are more. */
  names(
    after: string | undefined,
    limit: number,
  ): { readonly names: readonly string[]; readonly more: boolean } {
    this.#names ??= [...this.#tables.keys()].sort();
    const all = this.#names.filter(
      (name) => (after === undefined || name > after) && this.find(name) !== undefined,
    );
    return { names: all.slice(0, limit), more: all.length > limit };
  }

  /** Runs `task` after all earlier changes of this table. */
  exclusively<T>(name: string, task: () => Promise<T>): Promise<T> {
    return this.#queues.run(name, task);
  }

  /** Creates the spaces of a new table, then commits its record. Call within `exclusively`, the name being free. */
  async create(record: TableRecord): Promise<Table> {
    if (this.#tables.has(record.tableName)) await this.#purge(record.tableName);
    for (const space of spacesOf(record)) await this.store.createSpace(space);
    return await this.#commit(record, "CREATING");
  }

  /** Commits the record of a table that an import is going to fill; its spaces are made by that. Call within `exclusively`, the name being free. */
  async beginImport(record: TableRecord): Promise<void> {
    if (this.#tables.has(record.tableName)) await this.#purge(record.tableName);
    await this.#commit(record, "CREATING");
  }

  /** Makes a table ACTIVE with this record, which names the filled spaces, and commits with that what becomes of the import. */
  finishImport(record: TableRecord, transfer: Companion): Promise<void> {
    return this.exclusively(record.tableName, async () => {
      const table = this.#tables.get(record.tableName);
      assert(table?.record.importId !== undefined, "a table that is being imported stays until it is");
      await this.#commit(record, undefined, transfer);
    });
  }

  /** Removes a table that cannot be imported, and commits with that what becomes of the import. */
  abandonImport({ tableName }: TableRecord, transfer: Companion): Promise<void> {
    return this.exclusively(tableName, () => this.#purge(tableName, transfer));
  }

  /** Fills a new space with what a table was at an instant. The space goes with `dropSpace`, at the latest at the next start. */
  async fillFromPast(table: TableRecord, time: number, target: SpaceId): Promise<void> {
    await this.#restores.fill(table.spaceId, { time }, target);
  }

  /** Commits the record of a table that is then restored in the background. Call within `exclusively`, the name being free. */
  async restore(record: TableRecord): Promise<Table> {
    if (this.#tables.has(record.tableName)) await this.#purge(record.tableName);
    return await this.#restores.begin(record, () => this.#commit(record, "CREATING"));
  }

  /**
   * Commits the changed record of a table: makes spaces that are new in it before, drops those it no longer has after, and begins to
   * fill what is to be filled. Indexes that are being deleted go after the configured delay. `shown` is the status seen during that.
   * Call within `exclusively`.
   */
  async update(changed: TableRecord, shown: "UPDATING" | undefined): Promise<Table> {
    const record = this.#tableDelayMs === 0 ? withoutLeavingIndexes(changed) : changed;
    const { tableName } = record;
    const before = this.#tables.get(tableName)?.record;
    assert(before !== undefined, "a table that is changed exists");
    for (const space of missingFrom(spacesOf(before), spacesOf(record))) await this.store.createSpace(space);
    const table = await this.#commit(record, shown);
    for (const space of missingFrom(spacesOf(record), spacesOf(before))) await this.store.dropSpace(space);
    for (const space of missingFrom(fillingSpaces(before), fillingSpaces(record))) {
      this.#backfills.start(tableName, space, this.#tableDelayMs);
    }
    if (hasLeavingIndex(record) && !hasLeavingIndex(before)) {
      this.#later.run(this.#tableDelayMs, () => this.#removeLeavingIndexes(tableName));
    }
    return table;
  }

  /** Removes a table: its record first, then its data. With point-in-time recovery it leaves a backup. Call within `exclusively`. */
  async remove({ record }: Table): Promise<void> {
    const backup = record.recovery === undefined ? undefined : await this.backups.ofDeleted(record);
    try {
      await this.#remove(record, backup);
    } catch (error) {
      await backup?.failed();
      throw error;
    }
  }

  /** Removes a table, now or later. The backup is made with the first step. */
  async #remove(table: TableRecord, backup: PendingBackup | undefined): Promise<void> {
    const name = table.tableName;
    if (this.#tableDelayMs === 0) return await this.#purge(name, backup);
    const { stream: _, recovery: __, ...record } = table;
    await this.#commit(record, "DELETING", backup);
    this.#later.run(this.#tableDelayMs, () =>
      this.exclusively(name, async () => {
        if (this.#tables.get(name)?.transition?.status === "DELETING") await this.#purge(name);
      }),
    );
  }

  #removeLeavingIndexes(name: string): Promise<void> {
    return this.exclusively(name, async () => {
      const table = this.#tables.get(name);
      if (table === undefined || !hasLeavingIndex(table.record)) return;
      const record = withoutLeavingIndexes(table.record);
      await this.#commit(record, undefined);
      for (const space of missingFrom(spacesOf(record), spacesOf(table.record))) {
        await this.store.dropSpace(space);
      }
    });
  }

  /** Commits the record of a table, and a companion with it. */
  async #commit(
    record: TableRecord,
    shown: Transition["status"] | undefined,
    companion?: Companion,
  ): Promise<Table> {
    const transition =
      shown === undefined || this.#tableDelayMs === 0
        ? undefined
        : { status: shown, until: this.#clock.now() + this.#tableDelayMs };
    const row: TableRow = transition === undefined ? { record } : { record, transition };
    const before = this.#tables.get(record.tableName)?.record;
    const filled = before === undefined ? [] : forgottenProgress(before, record);
    const raise = this.#raisedFence(record);
    const { stream, writes, committed } = await this.streams.change(before, record);
    await commitSystemRows(
      this.store,
      [writeOfTable(record.tableName, row), ...writes, ...filled, ...(companion?.writes ?? [])],
      { raise, frees: keepsLess(before, record) },
    );
    companion?.committed();
    const table = tableOf(row, raise[0]?.generation ?? 0, stream);
    this.#tables.set(record.tableName, table);
    this.#names = undefined;
    await committed();
    return table;
  }

  /** Removes a table, and commits a companion with that. */
  async #purge(name: string, companion?: Companion): Promise<void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    const { record } = table;
    const { writes, committed } = await this.streams.change(record, undefined);
    const filled = forgottenProgress(record, undefined);
    await commitSystemRows(
      this.store,
      [writeOfTable(name, undefined), ...writes, ...filled, ...(companion?.writes ?? [])],
      {
        raise: this.#raisedFence(record),
        frees: true,
      },
    );
    companion?.committed();
    this.#tables.delete(name);
    this.#names = undefined;
    await committed();
    if (!this.#restores.isReading(record.spaceId)) return await this.#drop(record);
    this.#later.run(0, async () => {
      // What is left at a stop is removed by the next start, and so is the table that was to be restored from it.
      if (await this.#restores.doneReading(record.spaceId)) await this.#drop(record);
    });
  }

  async #drop(record: TableRecord): Promise<void> {
    for (const space of spacesOf(record)) await this.store.dropSpace(space);
  }

  /** Makes writes stale that were prepared with what the table was. Nobody writes to one that is being filled, and its space may not exist. */
  #raisedFence(record: TableRecord): Fence[] {
    const { spaceId } = record;
    if (isBeingFilled(record)) return [];
    return [{ space: spaceId, generation: this.store.generation(spaceId) + 1 }];
  }

  #finishRestore(restored: TableRecord): Promise<void> {
    return this.exclusively(restored.tableName, async () => {
      const { restore: _, ...record } = restored;
      await this.#commit({ ...record, tableStatus: "ACTIVE" }, undefined);
    });
  }

  #finishBackfill(tableName: string, entrySpace: SpaceId): Promise<void> {
    return this.exclusively(tableName, async () => {
      const record = this.#tables.get(tableName)?.record;
      if (record === undefined || !fillingSpaces(record).includes(entrySpace)) return;
      await this.#commit(filledRecord(record, entrySpace), undefined);
    });
  }

  async #load(): Promise<void> {
    await readSystemRows(this.store, tableRows(DEFAULT_NAMESPACE), (value) => this.#install(value));
  }

  #install(value: Value): void {
    const envelope = decodeTable(value);
    const { record } = envelope;
    const generation = this.store.generation(record.spaceId);
    this.#tables.set(record.tableName, tableOf(envelope, generation, this.streams.ofTable(record)));
  }

  async #removeOrphans(): Promise<void> {
    for (const [name, table] of this.#tables) {
      if (table.transition?.status === "DELETING") await this.#purge(name);
      else await this.#removeLeavingIndexes(name);
    }
    const named = new Set([
      SYSTEM_SPACE,
      ...[...this.#tables.values()].flatMap((table) => spacesOf(table.record)),
    ]);
    for (const space of this.store.spaces()) {
      if (!named.has(space)) await this.store.dropSpace(space);
    }
  }
}

const writeOfTable = (name: string, row: TableRow | undefined): Write => ({
  space: SYSTEM_SPACE,
  key: tableRowKey(DEFAULT_NAMESPACE, name),
  value: row === undefined ? undefined : encodeTable(row),
});
