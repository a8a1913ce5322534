import { type Key, type Page, type RangeRequest, type SpaceId, StorageError } from "../../storage/index.ts";
import { internalServerError } from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import { boundsAfter, type KeyBounds } from "../values/key-bounds.ts";
import type { Catalog } from "./catalog.ts";
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
}

export interface ReadPage {
  /** Items that passed the filter, in reading order. */
  readonly items: readonly StoredItem[];
  /** Items evaluated, and their sizes added up, before the filter. */
  readonly scannedCount: number;
  readonly scannedBytes: number;
  /** The last item evaluated, when a limit ended the page; undefined when the read ran off the end. */
  readonly lastEvaluated: StoredItem | undefined;
}

/**
 * The item under a row key at the newest visible instant, or undefined. A damaged or unreadable file is an InternalServerError that
 * names file and offset, never an absent item.
 */
export async function readItem(catalog: Catalog, space: SpaceId, rowKey: Key): Promise<StoredItem | undefined> {
  try {
    return storedItem(await catalog.store.get(space, rowKey));
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Performs a read plan: one page of one visible instant. */
export async function readPage(catalog: Catalog, plan: ReadPlan): Promise<ReadPage> {
  const page = new PageBuilder(plan);
  const snapshot = await catalog.store.snapshot([plan.space]);
  try {
    let begun = performance.now();
    let request: RangeRequest | undefined = page.request(plan.bounds);
    while (request !== undefined) {
      request = page.add(await snapshot.range(request));
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

/** Gathers rows until a limit is reached or they run out. */
class PageBuilder implements ReadPage {
  readonly items: StoredItem[] = [];
  scannedCount = 0;
  scannedBytes = 0;
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

  /** Takes a slice; returns the request for the next one, or undefined when the page is complete. */
  add(slice: Page): RangeRequest | undefined {
    const { itemsMax, filter, bounds, reverse } = this.#plan;
    for (const row of slice.rows) {
      const stored = new StoredItem(row.value);
      this.scannedCount += 1;
      this.scannedBytes += stored.size;
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
