import {
  type Decide,
  type Fence,
  type Key,
  type Page,
  type Row,
  type RowAddress,
  type SpaceId,
  StorageError,
  type Store,
  type TransactRequest,
  type Value,
} from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { pause } from "../runtime/pause.ts";
import { nextTurn, TimeSlice } from "../runtime/time-slice.ts";
import { type IndexEntry, rowOfEntry } from "./indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";

/** Items whose entries are made between two notes of the progress: what is done again after a crash. */
const PAGE_ROWS_MAX = 256;
const PAGE_BYTES_MAX = 256 << 10;

/** After an error it is tried again, first after this long, then after twice as long each time. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 30_000;

/** A new index and the table whose items it is to hold, as the catalog knows them now. */
export interface BackfillTarget {
  readonly space: SpaceId;
  readonly fences: readonly Fence[];
  /** Where the entries go. */
  readonly entrySpace: SpaceId;
  /** Whether rows and bytes of that space are counted. */
  readonly isCounted: boolean;
  /** The entry that an item yields, if it does. */
  readonly entryOf: (rowKey: Key, item: StoredItem | undefined) => IndexEntry | undefined;
}

/** What the filling of an index needs of the catalog. */
export interface BackfillHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** The index with this space while it is to be filled; undefined once it is gone. */
  target(tableName: string, entrySpace: SpaceId): BackfillTarget | undefined;
  /** Where progress is noted; the host removes the row in the commit that ends the filling. */
  progressRow(entrySpace: SpaceId): RowAddress;
  /** Makes the index active: all of its entries are there. */
  finish(tableName: string, entrySpace: SpaceId): Promise<void>;
}

/**
 * Fills new indexes from the items that are older than they are. Live writes maintain an index from the commit that made it known, so
 * only items of before are to be looked at, each once: a page of the table as it is now, then for each of its items one transaction that
 * puts the entry if the item is still the same and the entry is not there. An item that changed meanwhile was changed by a write that
 * knew of the index. Progress is noted after every page, so that a restart goes on from there.
 */
export class Backfills {
  readonly #host: BackfillHost;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(host: BackfillHost) {
    this.#host = host;
  }

  /** Fills an index in the background, after a delay in milliseconds. */
  start(tableName: string, entrySpace: SpaceId, delayMs: number): void {
    const running = this.#run(tableName, entrySpace, delayMs).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Ends all work at the next page. What is not filled then goes on at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** Never rejects: errors are logged, and it is tried again until it succeeds or the index is gone. */
  async #run(tableName: string, entrySpace: SpaceId, delayMs: number): Promise<void> {
    if (delayMs > 0) await pause(this.#host.clock, delayMs, this.#stop.signal);
    for (
      let retryMs = RETRY_MS_MIN;
      !this.#stop.signal.aborted;
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX)
    ) {
      try {
        if (await this.#fill(tableName, entrySpace)) await this.#host.finish(tableName, entrySpace);
        return;
      } catch (error) {
        if (error instanceof StorageError && error.kind === "closed") return;
        const cause = error instanceof Error ? error.message : String(error);
        this.#host.log.warn("filling an index failed; trying again", { table: tableName, cause, retryMs });
      }
      await pause(this.#host.clock, retryMs, this.#stop.signal);
    }
  }

  /** Whether all entries have been made; not so when the work was stopped or the index deleted. */
  async #fill(tableName: string, entrySpace: SpaceId): Promise<boolean> {
    const { store } = this.#host;
    const progress = this.#host.progressRow(entrySpace);
    let after = decodeProgress(await store.get(progress.space, progress.key));
    for (; !this.#stop.signal.aborted; await nextTurn()) {
      const target = this.#host.target(tableName, entrySpace);
      if (target === undefined) return false;
      const page = await readItems(store, target.space, after);
      const last = page?.rows.at(-1)?.key;
      // A table that changed or went while the page was made: look again, and make what is left of it.
      if (page === undefined || !(await this.#addEntries(target, page.rows))) continue;
      if (!page.more || last === undefined) return true;
      if (await this.#note(target, progress, last)) after = last;
    }
    return false;
  }

  /** Makes the entries of some items; false when the table changed meanwhile, so that some may be missing. */
  async #addEntries(target: BackfillTarget, rows: readonly Row[]): Promise<boolean> {
    const slice = new TimeSlice();
    const added: Promise<boolean>[] = [];
    let failure: unknown;
    for (const row of rows) {
      const adding = addEntry(this.#host.store, target, row).catch((error: unknown) => {
        failure ??= error;
        return false;
      });
      added.push(adding);
      if (slice.isOver) await slice.next();
    }
    const outcomes = await Promise.all(added);
    if (failure !== undefined) throw failure;
    return outcomes.every((done) => done);
  }

  /** False when the table changed meanwhile. */
  #note({ fences }: BackfillTarget, progress: RowAddress, last: Key): Promise<boolean> {
    const value = Buffer.from(last, "latin1");
    return commit(this.#host.store, { fences, reads: [progress] }, () => ({
      kind: "commit",
      writes: [{ ...progress, value }],
      result: undefined,
    }));
  }
}

const decodeProgress = (value: Value | undefined): Key | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString("latin1");

/** The next items of a table; undefined when it has been dropped. */
async function readItems(store: Store, space: SpaceId, after: Key | undefined): Promise<Page | undefined> {
  try {
    const snapshot = await store.snapshot([space]);
    try {
      return await snapshot.range({
        space,
        ...(after === undefined ? {} : { gt: after }),
        rowsMax: PAGE_ROWS_MAX,
        bytesMax: PAGE_BYTES_MAX,
      });
    } finally {
      snapshot.close();
    }
  } catch (error) {
    if (isSpaceGone(error)) return undefined;
    throw error;
  }
}

/** Makes the entry of one item, if there is one to be made; false when the table changed meanwhile. */
async function addEntry(store: Store, target: BackfillTarget, row: Row): Promise<boolean> {
  const { entrySpace, isCounted, entryOf, space, fences } = target;
  const seen = entryOf(row.key, storedItem(row.value));
  if (seen === undefined) return true;
  const place = { space: entrySpace, key: seen.key };
  return await commit(store, { fences, reads: [{ space, key: row.key }, place] }, ([item, present]) => {
    const entry = present === undefined ? entryOf(row.key, storedItem(item)) : undefined;
    if (entry?.key !== seen.key) return { kind: "commit", writes: [], result: undefined };
    return {
      kind: "commit",
      writes: [{ ...place, value: rowOfEntry(entry) }],
      deltas: isCounted ? [{ space: entrySpace, rows: 1, bytes: entry.size }] : [],
      result: undefined,
    };
  });
}

/** Commits, however often others are in the way. False when a fence is stale; throws when the store cannot tell or take it. */
async function commit(
  store: Store,
  request: TransactRequest,
  decide: Decide<undefined, never>,
): Promise<boolean> {
  for (;;) {
    const outcome = await store.transact(request, decide);
    if (outcome.kind === "unknown" || outcome.kind === "unavailable") throw outcome.cause;
    if (outcome.kind !== "conflict") return outcome.kind === "committed";
    await nextTurn();
  }
}
