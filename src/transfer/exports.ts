import { exportConflict } from "../errors.ts";
import { pause } from "../runtime/pause.ts";
import { Queues } from "../runtime/queues.ts";
import { withChanges, withPast } from "../tables/past-items.ts";
import { TransferRecords } from "../tables/transfer-records.ts";
import { Background, type TransferOptions } from "./background.ts";
import { earlierUse } from "./client-tokens.ts";
import { type Exported, ExportFiles } from "./export-files.ts";
import { changeLines, fullLines } from "./export-lines.ts";
import type { ExportRecord } from "./export-record.ts";
import { failureOf, TransferError } from "./failure.ts";

/**
 * Exports of tables: a state of the past, or what differs between two, in files. One that a stop or a crash breaks off is begun again by the next start,
 * as long as its instants can be restored; otherwise it fails.
 */
export class Exports {
  readonly records: TransferRecords<ExportRecord>;
  readonly #options: TransferOptions;
  readonly #background = new Background();
  readonly #queues = new Queues();

  private constructor(options: TransferOptions, records: TransferRecords<ExportRecord>) {
    this.#options = options;
    this.records = records;
  }

  /** The catalog is open. */
  static async open(options: TransferOptions): Promise<Exports> {
    const { catalog, clock } = options;
    const exports = new Exports(
      options,
      await TransferRecords.open<ExportRecord>(catalog.store, clock, "export"),
    );
    for (const record of exports.records.all()) {
      if (record.status === "IN_PROGRESS") exports.#start(record);
    }
    return exports;
  }

  /** Begins an export, or finds the one that its token belongs to. `plan` refuses what cannot be exported. Throws `ApiError`. */
  begin(token: string, digest: Uint8Array, plan: () => ExportRecord): Promise<ExportRecord> {
    return this.#queues.run("", async () => {
      const now = this.#options.clock.now();
      const earlier = earlierUse(this.records, token, digest, now, exportConflict);
      if (earlier !== undefined) return earlier;
      const record = plan();
      await this.records.put(record);
      this.#start(record);
      return record;
    });
  }

  close(): Promise<void> {
    return this.#background.stop();
  }

  #start(record: ExportRecord): void {
    this.#background.run(() => this.#run(record));
  }

  /** Never rejects. */
  async #run(record: ExportRecord): Promise<void> {
    const { clock, log, tableDelayMs } = this.#options;
    const { signal } = this.#background;
    const { tableName: table, id } = record;
    try {
      let ended: ExportRecord;
      try {
        const exported = await this.#export(record);
        const restMs = record.startMs + tableDelayMs - clock.now();
        if (restMs > 0) await pause(clock, restMs, signal);
        ended = { ...record, ...exported, status: "COMPLETED", endMs: clock.now() };
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureOf(error);
        log.warn("an export failed", { table, id, cause: failure.failureMessage });
        ended = { ...record, ...failure, status: "FAILED", endMs: clock.now() };
      }
      if (!signal.aborted) await this.records.put(ended);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      log.error("what became of an export cannot be noted; it is begun again at the next start", {
        table,
        id,
        cause,
      });
    }
  }

  async #export(record: ExportRecord): Promise<Exported> {
    const { catalog, objects, clock } = this.#options;
    const { signal } = this.#background;
    const files = new ExportFiles(objects, record);
    await files.start();
    const table = catalog.find(record.tableName);
    if (table?.record.tableId !== record.tableId) {
      throw new TransferError("TableNotFound", `Table not found: ${record.tableArn}`);
    }
    const { incremental, time, format } = record;
    const source = { catalog, table: table.record, signal };
    const now = () => clock.now();
    if (incremental === undefined) {
      return await withPast(source, time, (rows) => files.write(fullLines(rows, format), now, signal));
    }
    const { schema } = table;
    return await withChanges(source, incremental.before, time, (rows) => {
      const lines = changeLines(rows, (item) => schema.keyOf(item), incremental, format);
      return files.write(lines, now, signal);
    });
  }
}
