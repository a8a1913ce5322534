import assert from "node:assert/strict";
import { Packr } from "msgpackr";
import type {
  Fence,
  Row,
  RowAddress,
  SpaceId,
  SpaceStats,
  Store,
  Value,
  Write,
} from "../../storage/index.ts";
import { internalServerError, resourceNotFound } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { AttributePicker } from "../values/attribute-picker.ts";
import { type TableKeyEncoder, tableKeyEncoder } from "../values/key-codec.ts";
import { Backfills, type BackfillTarget } from "./backfill.ts";
import { entryOf, indexedAttributes, type SecondaryIndex, secondaryIndex } from "./indexes.ts";
import { ITEM_COLLECTION_BYTES_MAX } from "./item-collections.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tableRowKey, tableRows } from "./keyspace.ts";
import { Later } from "./later.ts";
import { type TableRecord, TableSchema, type TableStatus, type TimeToLiveRecord } from "./schema.ts";
import { hasLeavingIndex, withoutLeavingIndexes } from "./schema-update-indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { type Stream, streamArn } from "./stream.ts";
import { StreamCatalog } from "./stream-catalog.ts";
import { StreamKeeper } from "./stream-keeper.ts";
import {
  filledRecord,
  fillingSpaces,
  forgottenProgress,
  missingFrom,
  progressRow,
  spacesOf,
} from "./table-spaces.ts";
import { expiryEntry } from "./time-to-live.ts";

/** A table as requests meet it: its record, what follows from it, and the fence that guards writes prepared with it. Immutable. */
export interface Table {
  readonly record: TableRecord;
  readonly schema: TableSchema;
  readonly space: SpaceId;
  /** The row key of an item (or of a key) that fits the schema. */
  readonly rowKeyOf: TableKeyEncoder;
  readonly indexes: readonly SecondaryIndex[];
  readonly indexedAttributes: AttributePicker;
  /** Whether one of them is still being filled. */
  readonly isFillingIndex: boolean;
  /** Where the sizes of item collections are kept; undefined without local secondary indexes. */
  readonly collections: SpaceId | undefined;
  /** The enabled stream. */
  readonly stream: Stream | undefined;
  readonly timeToLive: TimeToLiveRecord | undefined;
  readonly fences: readonly Fence[];
  /** The status that is shown until an instant (milliseconds) instead of the record's own. */
  readonly transition: Transition | undefined;
}

export interface Transition {
  readonly status: Extract<TableStatus, "CREATING" | "UPDATING" | "DELETING">;
  readonly until: number;
}

/** What a catalog row holds. */
interface Envelope {
  readonly record: TableRecord;
  readonly transition?: Transition;
}

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
}

const NAMES_PAGE = 1000;
const packr = new Packr({ useRecords: false });

/** What the row of a table in the system space says. */
export function decodeTable(value: Value): {
  readonly record: TableRecord;
  readonly transition?: Transition;
} {
  return packr.unpack(value) as Envelope;
}

/**
 * All tables. The store's system space is the truth; this is its image in memory, changed only after a commit. Changes of one table are
 * made one after the other.
 */
export class Catalog {
  readonly store: Store;
  readonly itemCollectionBytesMax: number;
  readonly streams: StreamCatalog;
  readonly #clock: Clock;
  readonly #tableDelayMs: number;
  readonly #backfills: Backfills;
  readonly #streamKeeper: StreamKeeper;
  readonly #later: Later;
  readonly #tables = new Map<string, Table>();
  /** Sorted names, made anew when the set of tables changed. */
  #names: readonly string[] | undefined;
  /** Per name, the end of the queue of changes. */
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(options: CatalogOptions, streams: StreamCatalog) {
    this.store = options.store;
    this.streams = streams;
    this.#clock = options.clock;
    this.#tableDelayMs = options.tableDelayMs;
    this.itemCollectionBytesMax = options.itemCollectionBytesMax ?? ITEM_COLLECTION_BYTES_MAX;
    this.#later = new Later(options.clock, options.log);
    this.#backfills = new Backfills({
      store: options.store,
      clock: options.clock,
      log: options.log,
      progressRow,
      target: (tableName, entrySpace) => this.#backfillTarget(tableName, entrySpace),
      finish: (tableName, entrySpace) => this.#finishBackfill(tableName, entrySpace),
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
    const catalog = new Catalog(options, streams);
    await catalog.#load();
    await catalog.#removeOrphans();
    for (const [name, { record }] of catalog.#tables) {
      for (const space of fillingSpaces(record)) catalog.#backfills.start(name, space, 0);
    }
    catalog.#streamKeeper.start();
    return catalog;
  }

  /** Stops all work in the background. Call before the store is closed. */
  async close(): Promise<void> {
    await Promise.all([this.#backfills.stop(), this.#streamKeeper.stop(), this.#later.stop()]);
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
    if (table.transition !== undefined) {
      const status = this.statusOf(table);
      if (status === "CREATING" || table.transition.status === "DELETING") throw resourceNotFound();
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
    const before = this.#queues.get(name) ?? Promise.resolve();
    const run = before.then(task, task);
    const done = run
      .catch(() => undefined)
      .then(() => {
        if (this.#queues.get(name) === done) this.#queues.delete(name);
      });
    this.#queues.set(name, done);
    return run;
  }

  /** Creates the spaces of a new table, then commits its record. Call within `exclusively`, the name being free. */
  async create(record: TableRecord): Promise<Table> {
    if (this.#tables.has(record.tableName)) await this.#purge(record.tableName);
    for (const space of spacesOf(record)) await this.store.createSpace(space);
    return await this.#commit(record, "CREATING");
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

  /** Removes a table: its record first, then its data. Call within `exclusively`. */
  async remove(table: Table): Promise<void> {
    const name = table.record.tableName;
    if (this.#tableDelayMs === 0) return await this.#purge(name);
    const { stream: _, ...record } = table.record;
    await this.#commit(record, "DELETING");
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

  async #commit(record: TableRecord, shown: Transition["status"] | undefined): Promise<Table> {
    const transition =
      shown === undefined || this.#tableDelayMs === 0
        ? undefined
        : { status: shown, until: this.#clock.now() + this.#tableDelayMs };
    const generation = this.store.generation(record.spaceId) + 1;
    const envelope: Envelope = transition === undefined ? { record } : { record, transition };
    const before = this.#tables.get(record.tableName);
    const filled = before === undefined ? [] : forgottenProgress(before.record, record);
    const fence = { space: record.spaceId, generation };
    const { stream, writes, committed } = await this.streams.change(before?.record, record);
    await this.#write(record.tableName, packr.pack(envelope), fence, [...writes, ...filled]);
    const table = tableOf(envelope, generation, stream);
    this.#tables.set(record.tableName, table);
    this.#names = undefined;
    await committed();
    return table;
  }

  async #purge(name: string): Promise<void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    const generation = this.store.generation(table.space) + 1;
    const { writes, committed } = await this.streams.change(table.record, undefined);
    const filled = forgottenProgress(table.record, undefined);
    await this.#write(name, undefined, { space: table.space, generation }, [...writes, ...filled]);
    this.#tables.delete(name);
    this.#names = undefined;
    await committed();
    for (const space of spacesOf(table.record)) await this.store.dropSpace(space);
  }

  /** One logged commit of a table's row and of what goes with it, raising the fence of the table's space. */
  async #write(
    name: string,
    value: Value | undefined,
    fence: Fence,
    others: readonly Write[],
  ): Promise<void> {
    const writes = [{ space: SYSTEM_SPACE, key: tableRowKey(DEFAULT_NAMESPACE, name), value }, ...others];
    const reads = writes.map(({ space, key }): RowAddress => ({ space, key }));
    for (;;) {
      const outcome = await this.store.transact({ reads, frees: value === undefined }, () => ({
        kind: "commit",
        writes,
        raise: [fence],
        result: undefined,
      }));
      if (outcome.kind === "committed") return;
      if (outcome.kind === "unknown" || outcome.kind === "unavailable")
        throw internalServerError(outcome.cause.message);
      assert(outcome.kind !== "refused", "a catalog write does not refuse");
    }
  }

  #backfillTarget(tableName: string, entrySpace: SpaceId): BackfillTarget | undefined {
    const table = this.#tables.get(tableName);
    if (table === undefined || !fillingSpaces(table.record).includes(entrySpace)) return undefined;
    const { space, fences, timeToLive } = table;
    const index = table.indexes.find(({ spaceId }) => spaceId === entrySpace);
    if (index !== undefined) {
      return {
        space,
        fences,
        entrySpace,
        isCounted: true,
        entryOf: (key, item) => entryOf(index, key, item),
      };
    }
    assert(timeToLive !== undefined, "what is filled is an index or holds expiries");
    return {
      space,
      fences,
      entrySpace,
      isCounted: false,
      entryOf: (key, item) => expiryEntry(timeToLive, key, item),
    };
  }

  #finishBackfill(tableName: string, entrySpace: SpaceId): Promise<void> {
    return this.exclusively(tableName, async () => {
      const record = this.#tables.get(tableName)?.record;
      if (record === undefined || !fillingSpaces(record).includes(entrySpace)) return;
      await this.#commit(filledRecord(record, entrySpace), undefined);
    });
  }

  async #load(): Promise<void> {
    const snapshot = await this.store.snapshot([SYSTEM_SPACE]);
    try {
      const { ge, lt } = tableRows(DEFAULT_NAMESPACE);
      let after: string | undefined;
      for (;;) {
        const page: { readonly rows: readonly Row[]; readonly more: boolean } = await snapshot.range({
          space: SYSTEM_SPACE,
          ...(after === undefined ? { ge } : { gt: after }),
          lt,
          rowsMax: NAMES_PAGE,
          bytesMax: Number.MAX_SAFE_INTEGER,
        });
        for (const row of page.rows) this.#install(row.value);
        after = page.rows.at(-1)?.key;
        if (!page.more || after === undefined) return;
      }
    } finally {
      snapshot.close();
    }
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

function tableOf({ record, transition }: Envelope, generation: number, stream: Stream | undefined): Table {
  const schema = new TableSchema(record);
  return {
    record,
    schema,
    rowKeyOf: tableKeyEncoder(schema.keySchema),
    indexes: schema.indexes.map(secondaryIndex),
    indexedAttributes: indexedAttributes(schema.indexes),
    isFillingIndex: schema.indexes.some((index) => !index.readable),
    collections: record.itemCollectionsSpaceId,
    space: record.spaceId,
    stream,
    timeToLive: record.timeToLive,
    fences: [{ space: record.spaceId, generation }],
    transition,
  };
}
