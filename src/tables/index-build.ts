import type { Page, Row, SpaceId, Store } from "../../storage/index.ts";
import { nextTurn, TimeSlice } from "../runtime/time-slice.ts";
import { entryOf, rowOfEntry } from "./indexes.ts";
import { collectionKeyOf, encodeCollection } from "./item-collections.ts";
import { merged } from "./sorted-runs.ts";
import { storedItem } from "./stored-item.ts";
import type { Table } from "./table.ts";

const PAGE_ROWS_MAX = 256;
const PAGE_BYTES_MAX = 256 << 10;
/** What is gathered is loaded when it takes this much, for all indexes together. */
const GATHERED_BYTES_MAX = 32 << 20;

/**
 * Makes the indexes of a table, and the sizes of its item collections, from its items alone, past the log, in spaces that do not exist yet. Nobody else
 * writes to the table meanwhile. False when the signal was aborted before the end.
 */
export async function buildIndexes(store: Store, table: Table, signal: AbortSignal): Promise<boolean> {
  const entries = new Map(table.indexes.map(({ spaceId }) => [spaceId, new Gathered(spaceId, true)]));
  const sizes = table.collections === undefined ? undefined : new Gathered(table.collections, false);
  const all = [...entries.values(), ...(sizes === undefined ? [] : [sizes])];
  if (all.length === 0) return true;
  for (const { space } of all) await store.createSpace(space);
  const collection = new Collection();
  for (let after: string | undefined, more = true; more; await nextTurn()) {
    if (signal.aborted) return false;
    const page = await readItems(store, table.space, after);
    await gather(table, page, entries, sizes, collection);
    after = page.keys.at(-1);
    more = page.more;
    page.release();
    if (all.reduce((sum, { bytes }) => sum + bytes, 0) > GATHERED_BYTES_MAX) {
      for (const gathered of all) await gathered.load(store);
    }
  }
  for (const row of collection.end()) sizes?.add([row], 0);
  for (const gathered of all) await gathered.load(store);
  return true;
}

/** Items of a table, those after a key. */
export async function readItems(store: Store, space: SpaceId, after: string | undefined): Promise<Page> {
  const snapshot = await store.snapshot([space]);
  try {
    return await snapshot.range({
      space,
      ...(after === undefined ? {} : { gt: after }),
      rowsMax: PAGE_ROWS_MAX,
      bytesMax: PAGE_BYTES_MAX,
      transient: true,
    });
  } finally {
    snapshot.close();
  }
}

/** Adds what the items of a page yield. */
async function gather(
  { indexes, indexedAttributes }: Table,
  page: Page,
  entries: ReadonlyMap<SpaceId, Gathered>,
  sizes: Gathered | undefined,
  collection: Collection,
): Promise<void> {
  const slice = new TimeSlice();
  const made = new Map<SpaceId, { rows: Row[]; bytes: number }>();
  for (const { spaceId } of indexes) made.set(spaceId, { rows: [], bytes: 0 });
  const ended: Row[] = [];
  for (const { key, value } of page.rows) {
    const stored = storedItem(value);
    const item = stored?.itemWith(indexedAttributes);
    let bytes = stored?.size ?? 0;
    for (const index of indexes) {
      const entry = entryOf(index, key, stored, item);
      const run = made.get(index.spaceId);
      if (entry === undefined || run === undefined) continue;
      // The item's own row is only lent.
      const value = entry.row === undefined ? rowOfEntry(entry) : entry.row.slice();
      run.rows.push({ key: entry.key, value });
      run.bytes += entry.size;
      if (index.kind === "local") bytes += entry.size;
    }
    if (sizes !== undefined) ended.push(...collection.add(key, bytes));
    if (slice.isOver) await slice.next();
  }
  for (const [space, { rows, bytes }] of made) entries.get(space)?.add(rows, bytes);
  sizes?.add(ended, 0);
}

/** The size of the item collection that a walk through a table has come to. */
class Collection {
  #key: string | undefined;
  #bytes = 0;

  /** Adds an item and its entries. Yields the row of the collection before, if this is the first item of another. */
  *add(rowKey: string, bytes: number): Iterable<Row> {
    const key = collectionKeyOf(rowKey);
    if (key !== this.#key) yield* this.end();
    this.#key = key;
    this.#bytes += bytes;
  }

  /** The row of the collection. */
  *end(): Iterable<Row> {
    const value = encodeCollection(this.#bytes);
    if (this.#key !== undefined && value !== undefined) yield { key: this.#key, value };
    this.#bytes = 0;
  }
}

/** Rows for one space, until they are loaded. */
class Gathered {
  readonly space: SpaceId;
  /** Of keys and values, roughly. */
  bytes = 0;
  readonly #isCounted: boolean;
  /** Each sorted. */
  #runs: (readonly Row[])[] = [];
  #rows = 0;
  #itemBytes = 0;

  /** `isCounted`: the space has counts of rows and bytes. */
  constructor(space: SpaceId, isCounted: boolean) {
    this.space = space;
    this.#isCounted = isCounted;
  }

  /** `itemBytes`: what the rows add to the counted bytes of the space. */
  add(rows: Row[], itemBytes: number): void {
    if (rows.length === 0) return;
    this.#runs.push(rows.sort((a, b) => (a.key < b.key ? -1 : 1)));
    for (const { key, value } of rows) this.bytes += key.length + value.length;
    if (!this.#isCounted) return;
    this.#rows += rows.length;
    this.#itemBytes += itemBytes;
  }

  async load(store: Store): Promise<void> {
    if (this.#runs.length === 0) return;
    const delta = { rows: this.#rows, bytes: this.#itemBytes };
    await store.bulkLoad(this.space, merged(this.#runs), delta);
    this.#runs = [];
    this.bytes = this.#rows = this.#itemBytes = 0;
  }
}
