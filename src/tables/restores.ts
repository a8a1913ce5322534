import { type SpaceId, StorageError, type Store } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import { newUuid } from "../runtime/ids.ts";
import type { Log } from "../runtime/log.ts";
import { pause } from "../runtime/pause.ts";
import { Queues } from "../runtime/queues.ts";
import { buildIndexes } from "./index-build.ts";
import type { RestoreRecord, TableRecord } from "./schema.ts";
import { tableOf } from "./table.ts";
import { spacesOf, withFreshIndexSpaces } from "./table-spaces.ts";

/** What a restore needs of the catalog. */
export interface RestoreHost {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears of those that fail. */
  readonly log: Log;
  /** How long a table is CREATING at least. */
  readonly tableDelayMs: number;
  /** Makes the table ACTIVE with this record: all of it is there. */
  finish(record: TableRecord): Promise<void>;
  /** Removes the table: it cannot be restored. */
  abandon(record: TableRecord): Promise<void>;
}

/**
 * Restores tables in the background: the items into a space of their own, which exists once it is whole, then the indexes. These get spaces that no
 * record names until all of them are made, so that what a crash leaves of them is removed by the next start, which begins them again; as it does
 * with the items, unless they are there. The source may be gone by then: then the table goes, too.
 */
export class Restores {
  readonly #host: RestoreHost;
  readonly #stop = new AbortController();
  readonly #builds = new Queues();
  readonly #building = new Set<Promise<unknown>>();
  /** What reads spaces, or is about to. */
  readonly #readings = new Set<{ readonly source: SpaceId | undefined; readonly over: Promise<unknown> }>();

  constructor(host: RestoreHost) {
    this.#host = host;
  }

  /** Commits the record of a table, and restores it. The source stays from now on, even if its table goes. */
  async begin<T>(record: TableRecord, commit: () => Promise<T>): Promise<T> {
    return await this.#reading(record.restore?.spaceId, async () => {
      const committed = await commit();
      this.start(record);
      return committed;
    });
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
    return [...this.#readings].some((reading) => reading.source === source);
  }

  /** Resolves with true when a space is read no more, with false when there is an end before that. */
  async doneReading(source: SpaceId): Promise<boolean> {
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    while (!signal.aborted && this.isReading(source)) {
      const readings = [...this.#readings].filter((reading) => reading.source === source);
      await Promise.race([stopped, Promise.all(readings.map(({ over }) => over))]);
    }
    return !signal.aborted;
  }

  /** Never rejects. */
  async #run(record: TableRecord): Promise<void> {
    const { restore } = record;
    if (restore === undefined) return;
    try {
      if (!this.#host.store.spaces().includes(record.spaceId)) {
        await this.fill(restore.spaceId, restore.from, record.spaceId);
      }
      if (this.#stop.signal.aborted) return;
      const building = this.#finish(record);
      const settled = building.catch(() => undefined).finally(() => this.#building.delete(settled));
      this.#building.add(settled);
      await building;
    } catch (error) {
      if (!isClosed(error) && !this.#stop.signal.aborted) await this.#giveUp(record, error);
    }
  }

  /** Fills a new space with what another one was. Meanwhile the source stays, even if its table goes. */
  async fill(source: SpaceId, from: RestoreRecord["from"], target: SpaceId): Promise<void> {
    await this.#reading(source, () => this.#host.store.restore(from, new Map([[source, target]])));
  }

  /** What `act` gives; until then the source is being read. */
  async #reading<T>(source: SpaceId | undefined, act: () => Promise<T>): Promise<T> {
    const acted = act();
    const reading = { source, over: acted.catch(() => undefined) };
    this.#readings.add(reading);
    try {
      return await acted;
    } finally {
      this.#readings.delete(reading);
    }
  }

  async #finish(committed: TableRecord): Promise<void> {
    const { store, clock, tableDelayMs } = this.#host;
    const { signal } = this.#stop;
    const record = withFreshIndexSpaces(committed, newUuid);
    const table = tableOf({ record }, 0, undefined);
    try {
      // One after the other: each takes some memory.
      if (!(await this.#builds.run("", () => buildIndexes(store, table, signal)))) return;
      const restMs = record.creationMs + tableDelayMs - clock.now();
      if (restMs > 0) await pause(clock, restMs, signal);
      if (!signal.aborted) await this.#host.finish(record);
    } catch (error) {
      if (isClosed(error)) throw error;
      for (const space of spacesOf(record)) if (space !== record.spaceId) await store.dropSpace(space);
      throw error;
    }
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

const isClosed = (error: unknown): boolean => error instanceof StorageError && error.kind === "closed";

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
