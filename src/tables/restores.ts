import { type SpaceId, StorageError, type Store } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { pause } from "../runtime/pause.ts";
import { buildIndexes } from "./index-build.ts";
import type { RestoreRecord, TableRecord } from "./schema.ts";
import { tableOf } from "./table.ts";

/** What a restore needs of the catalog. */
export interface RestoreHost {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears of those that fail. */
  readonly log: Log;
  /** How long a table is CREATING at least. */
  readonly tableDelayMs: number;
  /** Makes the table ACTIVE: all of it is there. */
  finish(record: TableRecord): Promise<void>;
  /** Removes the table: it cannot be restored. */
  abandon(record: TableRecord): Promise<void>;
}

/**
 * Restores tables in the background: the items into a space of their own, which exists once it is whole, then the indexes. After a crash what is
 * there of the items is kept and what is not is begun again, from a source that may be gone by then: then the table goes, too.
 */
export class Restores {
  readonly #host: RestoreHost;
  readonly #stop = new AbortController();
  readonly #building = new Set<Promise<unknown>>();
  /** What fills spaces in the store, with the spaces that it reads. */
  readonly #fillings = new Set<{ readonly source: SpaceId; readonly over: Promise<void> }>();

  constructor(host: RestoreHost) {
    this.#host = host;
  }

  /** Restores a table whose record is committed. */
  start(record: TableRecord): void {
    void this.#run(record);
  }

  /**
   * No more steps are begun, and indexes are made no further. What fills a space in the store goes on until the store is closed. The next start goes on
   * with all of it.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#building);
  }

  /** Whether a space is still read for a restore. */
  isReading(source: SpaceId): boolean {
    return [...this.#fillings].some((filling) => filling.source === source);
  }

  /** Resolves with true when a space is read no more, with false when there is an end before that. */
  async doneReading(source: SpaceId): Promise<boolean> {
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    const fillings = [...this.#fillings].filter((filling) => filling.source === source);
    await Promise.race([stopped, Promise.all(fillings.map(({ over }) => over))]);
    return !signal.aborted;
  }

  /** Never rejects. */
  async #run(record: TableRecord): Promise<void> {
    const { restore } = record;
    if (restore === undefined) return;
    try {
      await this.#fill(record, restore);
      if (this.#stop.signal.aborted) return;
      const building = this.#finish(record);
      const settled = building.catch(() => undefined).finally(() => this.#building.delete(settled));
      this.#building.add(settled);
      await building;
    } catch (error) {
      const isClosed = error instanceof StorageError && error.kind === "closed";
      if (!isClosed && !this.#stop.signal.aborted) await this.#giveUp(record, error);
    }
  }

  async #fill({ spaceId }: TableRecord, restore: RestoreRecord): Promise<void> {
    const { store } = this.#host;
    if (store.spaces().includes(spaceId)) return;
    const restored = store.restore(restore.from, new Map([[restore.spaceId, spaceId]]));
    const filling = { source: restore.spaceId, over: restored.catch(() => undefined) };
    this.#fillings.add(filling);
    try {
      await restored;
    } finally {
      this.#fillings.delete(filling);
    }
  }

  async #finish(record: TableRecord): Promise<void> {
    const { store, clock, tableDelayMs } = this.#host;
    const { signal } = this.#stop;
    if (!(await buildIndexes(store, tableOf({ record }, 0, undefined), signal))) return;
    const restMs = record.creationMs + tableDelayMs - clock.now();
    if (restMs > 0) await pause(clock, restMs, signal);
    if (!signal.aborted) await this.#host.finish(record);
  }

  async #giveUp(record: TableRecord, error: unknown): Promise<void> {
    const { log } = this.#host;
    const table = record.tableName;
    log.error("a table could not be restored; it is removed", { table, cause: textOf(error) });
    try {
      await this.#host.abandon(record);
    } catch (failure) {
      log.error("a table that could not be restored stays until the next start", {
        table,
        cause: textOf(failure),
      });
    }
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
