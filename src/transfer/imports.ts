import { importConflict } from "../errors.ts";
import { newUuid } from "../runtime/ids.ts";
import { pause } from "../runtime/pause.ts";
import { Queues } from "../runtime/queues.ts";
import { buildIndexes } from "../tables/index-build.ts";
import { ItemLoader } from "../tables/item-loader.ts";
import type { TableRecord } from "../tables/schema.ts";
import { tableOf } from "../tables/table.ts";
import { spacesOf, withFreshSpaces } from "../tables/table-spaces.ts";
import { TransferRecords } from "../tables/transfer-records.ts";
import { Background, check, Stopped, type TransferOptions } from "./background.ts";
import { earlierUse } from "./client-tokens.ts";
import { failureOf, TransferError } from "./failure.ts";
import { ImportLoad } from "./import-load.ts";
import { type ImportCounts, type ImportRecord, NO_COUNTS } from "./import-record.ts";

/** The service's quota. */
const OBJECTS_MAX = 5000;

/**
 * Imports of files into new tables, one after the other. The items go into the table's space past the log, then its indexes are made of them; until then
 * the table is CREATING. One that a stop or a crash breaks off is begun again by the next start.
 */
export class Imports {
  readonly records: TransferRecords<ImportRecord>;
  readonly #options: TransferOptions;
  readonly #background = new Background();
  readonly #queues = new Queues();
  /** What is being read, by the id of its import. */
  readonly #loads = new Map<string, ImportLoad>();

  private constructor(options: TransferOptions, records: TransferRecords<ImportRecord>) {
    this.#options = options;
    this.records = records;
  }

  /** The catalog is open. */
  static async open(options: TransferOptions): Promise<Imports> {
    const { catalog, clock } = options;
    const imports = new Imports(
      options,
      await TransferRecords.open<ImportRecord>(catalog.store, clock, "import"),
    );
    const broken = imports.records.all().filter(({ status }) => status === "IN_PROGRESS");
    for (const record of broken.reverse()) imports.#start(record);
    return imports;
  }

  /** Begins an import, or finds the one that its token belongs to. `plan` refuses what cannot be imported. Throws `ApiError`. */
  begin(token: string, digest: Uint8Array, plan: () => ImportRecord): Promise<ImportRecord> {
    return this.#queues.run("begin", async () => {
      const now = this.#options.clock.now();
      const earlier = earlierUse(this.records, token, digest, now, importConflict);
      if (earlier !== undefined) return earlier;
      const record = plan();
      await this.records.put(record);
      this.#start(record);
      return record;
    });
  }

  /** How far an import has come. */
  countsOf({ id, counts }: ImportRecord): ImportCounts {
    return this.#loads.get(id)?.counts ?? counts;
  }

  close(): Promise<void> {
    return this.#background.stop();
  }

  #start(record: ImportRecord): void {
    this.#background.run(() => this.#queues.run("run", () => this.#run(record)));
  }

  /** Never rejects. */
  async #run(record: ImportRecord): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#background;
    try {
      check(signal);
      await this.#import(record);
    } catch (error) {
      if (signal.aborted || error instanceof Stopped) return;
      const { tableName: table } = record.table;
      log.error("an import failed", { table, id: record.id, cause: failureOf(error).failureMessage });
      try {
        await this.#giveUp(record, error);
      } catch (failure) {
        const cause = failureOf(failure).failureMessage;
        log.error("an import is begun again at the next start", { table, id: record.id, cause });
      }
    } finally {
      this.#loads.delete(record.id);
    }
  }

  async #import(record: ImportRecord): Promise<void> {
    const { catalog, objects } = this.#options;
    const { signal } = this.#background;
    const { bucket, prefix = "" } = record.source;
    const keys = await objects.list(bucket, prefix, OBJECTS_MAX);
    if (keys.length === 0) throw new TransferError("S3NoSuchKey", "There is no object with this prefix.");
    if (keys.length > OBJECTS_MAX) {
      throw new TransferError(
        "LimitExceeded",
        `There are more than ${OBJECTS_MAX} objects with this prefix.`,
      );
    }
    await this.#createTable(record);
    // No record names these spaces until all is in them: what is left of an attempt that was broken off goes with the next start.
    const filled = withFreshSpaces(record.table, newUuid);
    try {
      await this.#fill(record, filled, keys);
    } catch (error) {
      const isNamed = catalog.find(filled.tableName)?.record.spaceId === filled.spaceId;
      if (!signal.aborted && !isNamed)
        for (const space of spacesOf(filled)) await catalog.store.dropSpace(space);
      throw error;
    }
  }

  async #fill(record: ImportRecord, filled: TableRecord, keys: readonly string[]): Promise<void> {
    const { catalog, clock, objects, log, tableDelayMs } = this.#options;
    const { signal } = this.#background;
    const table = tableOf({ record: filled }, 0, undefined);
    await catalog.store.createSpace(table.space);
    const loader = new ItemLoader(catalog.store, table);
    const load = new ImportLoad({ record, table, objects, loader, log, signal });
    this.#loads.set(record.id, load);
    await load.load(keys);
    if (!(await buildIndexes(catalog.store, table, signal))) throw new Stopped();
    const restMs = record.startMs + tableDelayMs - clock.now();
    if (restMs > 0) await pause(clock, restMs, signal);
    check(signal);
    const { counts } = load;
    const ended = { ...record, counts, endMs: clock.now() };
    const result: ImportRecord =
      counts.errors === 0
        ? { ...ended, status: "COMPLETED" }
        : {
            ...ended,
            status: "FAILED",
            failureCode: "ItemValidationError",
            failureMessage:
              "Some of the items failed validation checks and were not imported. " +
              "Please check CloudWatch error logs for more details.",
          };
    await catalog.finishImport(filled, this.records.pending(result));
  }

  /** Makes the table, unless an attempt that was broken off has made it. */
  async #createTable(record: ImportRecord): Promise<void> {
    const { catalog } = this.#options;
    const { tableName } = record.table;
    await catalog.exclusively(tableName, async () => {
      const existing = catalog.find(tableName)?.record;
      if (existing?.importId === record.id) return;
      if (existing !== undefined) {
        throw new TransferError("TableAlreadyExists", `Table already exists: ${tableName}`);
      }
      await catalog.beginImport(tableRecordOf(record));
    });
  }

  /** No half table stays. */
  async #giveUp(record: ImportRecord, error: unknown): Promise<void> {
    const { catalog, clock } = this.#options;
    const failed: ImportRecord = {
      ...record,
      ...failureOf(error),
      status: "FAILED",
      counts: this.#loads.get(record.id)?.counts ?? NO_COUNTS,
      endMs: clock.now(),
    };
    const isOurs = catalog.find(record.table.tableName)?.record.importId === record.id;
    if (isOurs) await catalog.abandonImport(record.table, this.records.pending(failed));
    else await this.records.put(failed);
  }
}

/** The table while it is being filled. */
const tableRecordOf = ({ table, id }: ImportRecord): TableRecord => ({
  ...table,
  tableStatus: "CREATING",
  importId: id,
});
