import assert from "node:assert/strict";
import {
  type Key,
  type Page,
  type RangeRequest,
  type Snapshot,
  type SpaceId,
  StorageError,
} from "../../storage/index.ts";
import { internalServerError } from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import { rowItemSize } from "../values/item-codec.ts";
import { boundsAfter, type KeyBounds } from "../values/key-bounds.ts";
import type { Catalog, Table } from "./catalog.ts";
import { StoredItem, storedItem } from "./stored-item.ts";

/** The service ends a page once the items evaluated for it reach this size. */
const PAGE_BYTES_MAX = 1 << 20;

/** Rows and bytes asked of the store at a time: small enough that other requests get their turn in between. */
const SLICE_ROWS_MAX = 256;
const SLICE_BYTES_MAX = 128 << 10;

/** After this long a page lets other work run before it goes on. */
const SLICE_MS_MAX = 0.5;

/** Every read of more than one item: which rows, in which direction, which of them count. */
export interface ReadPlan {
  readonly space: SpaceId;
  /** Of row keys; a continued read starts after its ExclusiveStartKey already. */
  readonly bounds: KeyBounds;
  readonly reverse: boolean;
  /** The most items to evaluate (Limit). */
  readonly itemsMax: number | undefined;
  readonly filter: ((item: Item) => boolean) | undefined;
  /** On a local index whose entries lack what is wanted: the table whose items to read in their place. */
  readonly fetchFrom: Pick<Table, "space" | "rowKeyOf"> | undefined;
}

export interface ReadPage {
  /** Items that passed the filter, in reading order. */
  readonly items: readonly StoredItem[];
  /** Items evaluated, and their sizes added up, before the filter. */
  readonly scannedCount: number;
  readonly scannedBytes: number;
  /** Sizes of the items fetched from the table in place of index entries. */
  readonly fetchedSizes: readonly number[];
  /** The last item evaluated, when a limit ended the page; undefined when the read ran off the end. */
  readonly lastEvaluated: StoredItem | undefined;
}

/**
 * The item under a row key at the newest visible instant, or undefined. A damaged or unreadable file is an InternalServerError that
 * names file and offset, never an absent item.
 */
export async function readItem(
  catalog: Catalog,
  space: SpaceId,
  rowKey: Key,
): Promise<StoredItem | undefined> {
  try {
    return storedItem(await catalog.store.get(space, rowKey));
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Performs a read plan: one page of one visible instant. */
export async function readPage(catalog: Catalog, plan: ReadPlan): Promise<ReadPage> {
  const page = new PageBuilder(plan);
  const snapshot = await catalog.store.snapshot(
    plan.fetchFrom === undefined ? [plan.space] : [plan.space, plan.fetchFrom.space],
  );
  try {
    let begun = performance.now();
    let request: RangeRequest | undefined = page.request(plan.bounds);
    while (request !== undefined) {
      const slice = await snapshot.range(request);
      request = page.add(slice, await fetchItems(snapshot, plan, slice));
      if (request !== undefined && performance.now() - begun > SLICE_MS_MAX) {
        await new Promise((resolve) => setImmediate(resolve));
        begun = performance.now();
      }
    }
    return page;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    snapshot.close();
  }
}

/** For each row of an index slice, the table's item it stands for; the rows themselves where the plan fetches nothing. */
async function fetchItems(snapshot: Snapshot, plan: ReadPlan, slice: Page): Promise<readonly StoredItem[]> {
  const stored = slice.rows.map((row) => new StoredItem(row.value));
  const table = plan.fetchFrom;
  if (table === undefined) return stored;
  const addresses = stored.map(({ item }) => ({ space: table.space, key: table.rowKeyOf(item) }));
  const rows = await snapshot.getMany(addresses);
  return rows.map((row) => {
    assert(row !== undefined, "an index entry stands for an item of the same instant");
    return new StoredItem(row);
  });
}

/** Gathers rows until a limit is reached or they run out. */
class PageBuilder implements ReadPage {
  readonly items: StoredItem[] = [];
  scannedCount = 0;
  scannedBytes = 0;
  readonly fetchedSizes: number[] = [];
  lastEvaluated: StoredItem | undefined;
  readonly #plan: ReadPlan;

  constructor(plan: ReadPlan) {
    this.#plan = plan;
  }

  /** The next slice to ask for. */
  request(bounds: KeyBounds): RangeRequest {
    const { space, reverse, itemsMax = Number.POSITIVE_INFINITY } = this.#plan;
    const rowsMax = Math.min(SLICE_ROWS_MAX, itemsMax - this.scannedCount);
    return { space, ...bounds, reverse, rowsMax, bytesMax: SLICE_BYTES_MAX };
  }

  /** Takes a slice and the items to show for it; returns the request for the next one, or undefined when the page is complete. */
  add(slice: Page, shown: readonly StoredItem[]): RangeRequest | undefined {
    const { itemsMax, filter, bounds, reverse, fetchFrom } = this.#plan;
    for (const [at, row] of slice.rows.entries()) {
      const stored = shown[at];
      assert(stored !== undefined, "one item per row");
      this.scannedCount += 1;
      this.scannedBytes += rowItemSize(row.value);
      if (fetchFrom !== undefined) this.fetchedSizes.push(stored.size);
      if (filter === undefined || filter(stored.item)) this.items.push(stored);
      if (this.scannedCount === itemsMax || this.scannedBytes >= PAGE_BYTES_MAX) {
        this.lastEvaluated = stored;
        return undefined;
      }
    }
    const last = slice.rows.at(-1);
    if (!slice.more || last === undefined) return undefined;
    return this.request(boundsAfter(bounds, last.key, reverse));
  }
}

function refusalOf(error: unknown): unknown {
  return error instanceof StorageError ? internalServerError(error.message) : error;
}
