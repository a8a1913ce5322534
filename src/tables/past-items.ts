/** The items of a table as they were: read from spaces of their own, which are filled for that and dropped after it. */
import type { Page, Row, SpaceId, Store } from "../../storage/index.ts";
import { newUuid } from "../runtime/ids.ts";
import type { Catalog } from "./catalog.ts";
import { readItems } from "./index-build.ts";
import type { TableRecord } from "./schema.ts";

/** The rows (values/item-codec) of a table at one instant, a page at a time, good until the next page is asked for. */
export type PastRows = AsyncGenerator<readonly Uint8Array[], void>;

/** A table with a past. What an aborted signal finds waiting for it rejects with the signal's reason. */
export interface PastSource {
  readonly catalog: Catalog;
  readonly table: TableRecord;
  readonly signal: AbortSignal;
}

/** A row of a table before and after a stretch of time; absent where there was none. */
export interface ChangedRow {
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
}

/** Shows `read` all rows of a table at an instant of its past. */
export const withPast = <T>(
  source: PastSource,
  time: number,
  read: (rows: PastRows) => Promise<T>,
): Promise<T> => withSpace(source, time, (space) => read(rowsOf(source.catalog.store, space)));

/** Shows `read` the rows of a table that differ between two instants of its past, a page at a time, good until the next is asked for. */
export const withChanges = <T>(
  source: PastSource,
  from: number,
  to: number,
  read: (rows: AsyncGenerator<readonly ChangedRow[], void>) => Promise<T>,
): Promise<T> =>
  withSpace(source, from, (before) =>
    withSpace(source, to, (after) => read(changes(source.catalog.store, before, after))),
  );

async function withSpace<T>(
  { catalog, table, signal }: PastSource,
  time: number,
  read: (space: SpaceId) => Promise<T>,
): Promise<T> {
  const space = newUuid();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    // What fills the space goes on until the store is closed; the next start removes it.
    await Promise.race([catalog.fillFromPast(table, time, space), stopped]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  try {
    return await read(space);
  } finally {
    await catalog.store.dropSpace(space);
  }
}

async function* rowsOf(store: Store, space: SpaceId): PastRows {
  let page: Page | undefined;
  do {
    page = await readItems(store, space, page?.keys.at(-1));
    yield page.rows.map(({ value }) => value);
    page.release();
  } while (page.more);
}

async function* changes(
  store: Store,
  before: SpaceId,
  after: SpaceId,
): AsyncGenerator<readonly ChangedRow[], void> {
  const [old, now] = [new Cursor(store, before), new Cursor(store, after)];
  for (;;) {
    await old.fill();
    await now.fill();
    if (old.row === undefined && now.row === undefined) return;
    const page: ChangedRow[] = [];
    while ((old.row !== undefined || old.isAtEnd) && (now.row !== undefined || now.isAtEnd)) {
      const [a, b]: [Row | undefined, Row | undefined] = [old.row, now.row];
      if (a === undefined && b === undefined) break;
      const isFirst = b === undefined || (a !== undefined && a.key <= b.key);
      const isSecond = a === undefined || (b !== undefined && b.key <= a.key);
      if (isFirst) old.step();
      if (isSecond) now.step();
      const [was, is] = [isFirst ? a?.value : undefined, isSecond ? b?.value : undefined];
      if (was === undefined || is === undefined || Buffer.compare(was, is) !== 0)
        page.push({ before: was, after: is });
    }
    yield page;
  }
}

/** A place in a space whose rows do not change. */
class Cursor {
  readonly #store: Store;
  readonly #space: SpaceId;
  #page: Page | undefined;
  #at = 0;

  constructor(store: Store, space: SpaceId) {
    this.#store = store;
    this.#space = space;
  }

  /** The row here; undefined at the end of what has been read. */
  get row(): Row | undefined {
    return this.#page?.rows[this.#at];
  }

  /** Whether there is nothing more. */
  get isAtEnd(): boolean {
    return this.#page?.more === false && this.row === undefined;
  }

  step(): void {
    this.#at += 1;
  }

  /** Reads on at the end of what has been read. */
  async fill(): Promise<void> {
    while (this.row === undefined && !this.isAtEnd) {
      const read = this.#page;
      this.#page = await readItems(this.#store, this.#space, read?.keys.at(-1));
      read?.release();
      this.#at = 0;
    }
  }
}
