import { type Key, type Page, type SpaceId, StorageError } from "../../storage/index.ts";
import { ApiError, resourceNotFound } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { nextTurn } from "../runtime/time-slice.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { isExpired, rowKeyOfExpiry, sweptKeys } from "./time-to-live.ts";
import { type ItemWrite, performEach, type WriteServices } from "./write.ts";

/** Items deleted side by side; the next ones are when these are durable, and after everything else that waits. */
const PAGE_ITEMS_MAX = 32;
const PAGE_BYTES_MAX = 1 << 20;

export interface SweeperOptions {
  readonly services: WriteServices;
  readonly clock: Clock;
  readonly log: Log;
  /** Pause between two sweeps. */
  readonly intervalMs: number;
}

/** Deletes the items whose time has come, table by table, a few at a time. */
export class TimeToLiveSweeper {
  readonly #options: SweeperOptions;
  #cancel: () => void = () => {};
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Sweeps again and again until `close`. */
  start(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs, () => {
      void this.sweep().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Sweeps all tables once, after a sweep that is under way. Resolves with the number of items deleted; never rejects. */
  sweep(): Promise<number> {
    const sweep = this.#running.then(() => this.#sweepTables());
    this.#running = sweep;
    return sweep;
  }

  /** No more sweeps; the one under way ends at its next page. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  async #sweepTables(): Promise<number> {
    const { catalog } = this.#options.services;
    let deleted = 0;
    for (const name of catalog.names(undefined, Number.MAX_SAFE_INTEGER).names) {
      const space = catalog.find(name)?.timeToLive?.spaceId;
      if (space !== undefined) deleted += await this.#sweepTable(name, space);
    }
    return deleted;
  }

  async #sweepTable(tableName: string, space: SpaceId): Promise<number> {
    const nowMs = this.#options.clock.now();
    let deleted = 0;
    let after: Key | undefined;
    try {
      while (!this.#stopped) {
        const { rows, more } = await this.#page(space, nowMs, after);
        deleted += await this.#expire(
          tableName,
          space,
          rows.map(({ key }) => rowKeyOfExpiry(key)),
          nowMs,
        );
        after = rows.at(-1)?.key;
        if (!more || after === undefined) break;
        await nextTurn();
      }
    } catch (error) {
      this.#report(tableName, error);
    }
    return deleted;
  }

  async #page(space: SpaceId, nowMs: number, after: Key | undefined): Promise<Page> {
    const snapshot = await this.#options.services.catalog.store.snapshot([space]);
    try {
      const { ge, lt } = sweptKeys(nowMs);
      const start = after === undefined ? { ge } : { gt: after };
      return await snapshot.range({
        space,
        ...start,
        lt,
        rowsMax: PAGE_ITEMS_MAX,
        bytesMax: PAGE_BYTES_MAX,
      });
    } finally {
      snapshot.close();
    }
  }

  /** Deletes those items that are still expired; the number of them. */
  async #expire(tableName: string, space: SpaceId, rowKeys: readonly Key[], nowMs: number): Promise<number> {
    const { services } = this.#options;
    if (rowKeys.length === 0) return 0;
    const results = await performEach(services, () => {
      const table = services.catalog.usable(tableName);
      const { timeToLive } = table;
      if (timeToLive?.spaceId !== space) throw resourceNotFound();
      return rowKeys.map(
        (rowKey): ItemWrite => ({
          table,
          rowKey,
          test: (item) => item !== undefined && isExpired(item, timeToLive.attributeName, nowMs),
          next: () => undefined,
          isExpiry: true,
        }),
      );
    });
    return results.filter(({ kind }) => kind === "written").length;
  }

  /** What a table has left is done by the next sweep. */
  #report(table: string, error: unknown): void {
    const isGone = isSpaceGone(error) || (error instanceof ApiError && error.status === 400);
    const isClosed = error instanceof StorageError && error.kind === "closed";
    if (isGone || isClosed) return;
    const cause = error instanceof Error ? error.message : String(error);
    this.#options.log.warn("deleting expired items failed; trying again", { table, cause });
  }
}
