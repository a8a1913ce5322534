import assert from "node:assert/strict";
import { Packr } from "msgpackr";
import type { Fence, Row, SpaceId, Store, Value } from "../../storage/index.ts";
import { internalServerError, resourceNotFound } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { type TableKeyEncoder, tableKeyEncoder } from "../values/key-codec.ts";
import { type SecondaryIndex, secondaryIndex } from "./indexes.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tableRowKey, tableRows } from "./keyspace.ts";
import { type TableRecord, TableSchema, type TableStatus } from "./schema.ts";
import type { UpdatePlan } from "./schema-plan.ts";

/** A table as requests meet it: its record, what follows from it, and the fence that guards writes prepared with it. Immutable. */
export interface Table {
  readonly record: TableRecord;
  readonly schema: TableSchema;
  readonly space: SpaceId;
  /** The row key of an item (or of a key) that fits the schema. */
  readonly rowKeyOf: TableKeyEncoder;
  readonly indexes: readonly SecondaryIndex[];
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
  /** How long changes of a table's state stay visible; 0: until the next look. */
  readonly tableDelayMs: number;
}

const NAMES_PAGE = 1000;
const packr = new Packr({ useRecords: false });

/**
 * All tables. The store's system space is the truth; this is its image in memory, changed only after a commit. Changes of one table are
 * made one after the other.
 */
export class Catalog {
  readonly store: Store;
  readonly #clock: Clock;
  readonly #tableDelayMs: number;
  readonly #tables = new Map<string, Table>();
  /** Sorted names, made anew when the set of tables changed. */
  #names: readonly string[] | undefined;
  /** Per name, the end of the queue of changes. */
  readonly #queues = new Map<string, Promise<unknown>>();

  private constructor(options: CatalogOptions) {
    this.store = options.store;
    this.#clock = options.clock;
    this.#tableDelayMs = options.tableDelayMs;
  }

  /** Reads the catalog and removes spaces that no table names (left by a crash between two steps of a change). */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const catalog = new Catalog(options);
    await options.store.createSpace(SYSTEM_SPACE);
    await catalog.#load();
    await catalog.#removeOrphans();
    return catalog;
  }

  /** The table of that name in whatever state, or undefined. A table whose deletion has run its time is gone. */
  find(name: string): Table | undefined {
    const table = this.#tables.get(name);
    if (table === undefined) return undefined;
    return table.transition?.status === "DELETING" && this.#clock.now() >= table.transition.until
      ? undefined
      : table;
  }

  /** The status a client sees now. */
  statusOf(table: Table): TableStatus {
    const { transition } = table;
    if (transition !== undefined && this.#clock.now() < transition.until) return transition.status;
    return table.record.tableStatus;
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
   * Commits a planned change: spaces of new indexes before, those of removed ones after. `shown` is the status seen during the
   * configured delay. Call within `exclusively`.
   */
  async update({ record, actions }: UpdatePlan, shown: "UPDATING" | undefined): Promise<Table> {
    for (const action of actions) {
      if (action.kind === "createIndex") await this.store.createSpace(action.index.spaceId);
    }
    const table = await this.#commit(record, shown);
    for (const action of actions) {
      if (action.kind === "deleteIndex") await this.store.dropSpace(action.index.spaceId);
    }
    return table;
  }

  /** Removes a table: its record first, then its data. Call within `exclusively`. */
  async remove(table: Table): Promise<void> {
    const name = table.record.tableName;
    if (this.#tableDelayMs === 0) return await this.#purge(name);
    await this.#commit(table.record, "DELETING");
    this.#clock.after(this.#tableDelayMs, () => {
      void this.exclusively(name, async () => {
        if (this.#tables.get(name)?.transition?.status === "DELETING") await this.#purge(name);
      });
    });
  }

  async #commit(record: TableRecord, shown: Transition["status"] | undefined): Promise<Table> {
    const transition =
      shown === undefined || this.#tableDelayMs === 0
        ? undefined
        : { status: shown, until: this.#clock.now() + this.#tableDelayMs };
    const generation = this.store.generation(record.spaceId) + 1;
    const envelope: Envelope = transition === undefined ? { record } : { record, transition };
    await this.#write(record.tableName, packr.pack(envelope), { space: record.spaceId, generation });
    const table = tableOf(envelope, generation);
    this.#tables.set(record.tableName, table);
    this.#names = undefined;
    return table;
  }

  async #purge(name: string): Promise<void> {
    const table = this.#tables.get(name);
    if (table === undefined) return;
    const generation = this.store.generation(table.space) + 1;
    await this.#write(name, undefined, { space: table.space, generation });
    this.#tables.delete(name);
    this.#names = undefined;
    for (const space of spacesOf(table.record)) await this.store.dropSpace(space);
  }

  /** One logged commit of a catalog row, raising the fence of the table's space with it. */
  async #write(name: string, value: Value | undefined, fence: Fence): Promise<void> {
    const row = { space: SYSTEM_SPACE, key: tableRowKey(DEFAULT_NAMESPACE, name) };
    for (;;) {
      const outcome = await this.store.transact({ reads: [row] }, () => ({
        kind: "commit",
        writes: [{ ...row, value }],
        raise: [fence],
        result: undefined,
      }));
      if (outcome.kind === "committed") return;
      if (outcome.kind === "unknown" || outcome.kind === "unavailable")
        throw internalServerError(outcome.cause.message);
      assert(outcome.kind !== "refused", "a catalog write does not refuse");
    }
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
    const envelope = packr.unpack(value) as Envelope;
    const { record } = envelope;
    this.#tables.set(record.tableName, tableOf(envelope, this.store.generation(record.spaceId)));
  }

  async #removeOrphans(): Promise<void> {
    for (const [name, table] of this.#tables) {
      if (table.transition?.status === "DELETING") await this.#purge(name);
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

function tableOf({ record, transition }: Envelope, generation: number): Table {
  const schema = new TableSchema(record);
  return {
    record,
    schema,
    rowKeyOf: tableKeyEncoder(schema.keySchema),
    indexes: schema.indexes.map(secondaryIndex),
    space: record.spaceId,
    fences: [{ space: record.spaceId, generation }],
    transition,
  };
}

/** The space of a table and those of its indexes. */
function spacesOf(record: TableRecord): SpaceId[] {
  return [
    record.spaceId,
    ...record.globalSecondaryIndexes.map((index) => index.spaceId),
    ...record.localSecondaryIndexes.map((index) => index.spaceId),
  ];
}
