import assert from "node:assert/strict";
import type { Key, Page, RangeRequest, Snapshot, SpaceId, Value } from "../../storage/index.ts";
import { resourceNotFound } from "../errors.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import { AttributePicker } from "../values/attribute-picker.ts";
import type { Item } from "../values/attribute-value.ts";
import { decodeRow, rowItemSize } from "../values/item-codec.ts";
import { boundsAfter, type KeyBounds } from "../values/key-bounds.ts";
import { RowList, type Rows } from "../values/rows.ts";
import type { Catalog } from "./catalog.ts";
import { isSpaceGone, refusalOf } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";
import type { Table } from "./table.ts";

/** The service ends a page once the items evaluated for it reach this size. */
const PAGE_BYTES_MAX = 1 << 20;

/** Rows and bytes asked of the store at a time: small enough that other requests get their turn in between. */
const SLICE_ROWS_MAX = 256;
const SLICE_BYTES_MAX = 64 << 10;
/** To make an answer of more than this takes a slice of its own. */
const LARGE_ANSWER_BYTES = 256 << 10;
/** Where each row is looked up in another space as well, and may be 400 KB there. */
const FETCH_ROWS_MAX = 16;

/** A read looks up its table again this many times when that was deleted meanwhile, and perhaps created anew. */
const ATTEMPTS_MAX = 3;

/** Every read of more than one item: which rows, in which direction, which of them count, how they are shown. */
export interface ReadPlan {
  readonly space: SpaceId;
  /** Of row keys, one after the other; they do not overlap. A continued read starts after its ExclusiveStartKey already. */
  readonly ranges: readonly KeyBounds[];
  readonly reverse: boolean;
  /** The most items to evaluate (Limit). */
  readonly itemsMax: number | undefined;
  readonly filter: ((item: Item) => boolean) | undefined;
  /** rows: as they are stored; nothing: only counted; a function: as the text it makes of each. */
  readonly show: "rows" | "nothing" | ((item: Item) => string);
  /** The attributes that `filter` and `show` look at: their items have these, and others perhaps not. */
  readonly looksAt: Iterable<string>;
  /** For walks over whole tables: see `RangeRequest.transient`. */
  readonly transient: boolean;
  /** On a local index whose entries lack what is wanted: the table whose items to read in their place. */
  readonly fetchFrom: Pick<Table, "space" | "rowKeyOf"> | undefined;
}

/** What was read. Items are those that passed the filter, in reading order. */
export interface ReadPage {
  readonly count: number;
  /** Items as rows (see values/item-codec) where the plan shows rows, in several pieces. */
  readonly rows: readonly Rows[];
  /** Items as texts where the plan shows what a function makes of them. */
  readonly texts: readonly string[];
  /** Items evaluated, and their sizes added up, before the filter. */
  readonly scannedCount: number;
  readonly scannedBytes: number;
  /** Sizes of the items fetched from the table in place of index entries. */
  readonly fetchedSizes: readonly number[];
  /** The row of the last item evaluated, when a limit ended the page; undefined when the read ran off the end. */
  readonly lastEvaluated: Value | undefined;
  /** Gives back the memory of the rows: once the answer is made. */
  release(): void;
}

/**
 * The item under a row key of a table at the newest visible instant, or undefined. A damaged or unreadable file is an
 * InternalServerError that names file and offset, never an absent item.
 */
export async function readItem(
  catalog: Catalog,
  space: SpaceId,
  rowKey: Key,
): Promise<StoredItem | undefined> {
  try {
    return storedItem(await catalog.store.get(space, rowKey));
  } catch (error) {
    throw isSpaceGone(error) ? resourceNotFound() : refusalOf(error);
  }
}

/**
 * Looks up a table, makes a plan and performs it: one page of one visible instant. `plan` runs again when the table or index has been
 * deleted meanwhile, and then refuses in the right words. Resolves with the plan that was performed as well.
 */
export async function readPage<P extends ReadPlan>(
  catalog: Catalog,
  plan: () => P,
): Promise<{ readonly plan: P; readonly page: ReadPage }> {
  for (let attempt = 1; ; attempt += 1) {
    const made = plan();
    try {
      return { plan: made, page: await performPlan(catalog, made) };
    } catch (error) {
      if (!isSpaceGone(error) || attempt === ATTEMPTS_MAX) throw refusalOf(error);
    }
  }
}

async function performPlan(catalog: Catalog, plan: ReadPlan): Promise<ReadPage> {
  const { space, fetchFrom } = plan;
  const snapshot = await catalog.store.snapshot(fetchFrom === undefined ? [space] : [space, fetchFrom.space]);
  try {
    const reader = new PageReader(snapshot, plan);
    await reader.read();
    return reader;
  } finally {
    snapshot.close();
  }
}

/** Reads rows until a limit is reached or they run out. */
class PageReader implements ReadPage {
  count = 0;
  readonly rows: Rows[] = [];
  readonly texts: string[] = [];
  scannedCount = 0;
  scannedBytes = 0;
  readonly fetchedSizes: number[] = [];
  lastEvaluated: Value | undefined;
  readonly #snapshot: Snapshot;
  readonly #plan: ReadPlan;
  readonly #itemsMax: number;
  /** Where items are decoded. A row may then take long enough to let others go first. */
  readonly #picker: AttributePicker | undefined;
  /** Bytes of all that was fetched. */
  #fetchedBytes = 0;
  readonly #slice = new TimeSlice();
  /** Pages of the store whose rows are in `rows`. */
  readonly #held: Page[] = [];

  constructor(snapshot: Snapshot, plan: ReadPlan) {
    this.#snapshot = snapshot;
    this.#plan = plan;
    this.#itemsMax = plan.itemsMax ?? Number.POSITIVE_INFINITY;
    const looks = plan.filter !== undefined || typeof plan.show === "function";
    this.#picker = looks ? new AttributePicker(plan.looksAt) : undefined;
  }

  async read(): Promise<void> {
    for (const range of this.#plan.ranges) {
      if (this.lastEvaluated === undefined) await this.#readRange(range);
    }
    if (this.#slice.isOver || this.scannedBytes > LARGE_ANSWER_BYTES) await this.#slice.next();
  }

  async #readRange(range: KeyBounds): Promise<void> {
    let rest: KeyBounds | undefined = range;
    while (rest !== undefined) {
      const page = await this.#page(rest);
      const items = this.#plan.fetchFrom === undefined ? page : await this.#fetch(page, this.#plan.fetchFrom);
      const count = this.#evaluate(page, items);
      const pieces = this.rows.length;
      if (this.#picker === undefined) this.#take(items, count);
      else await this.#look(items, count, this.#picker);
      if (this.rows.length > pieces) this.#held.push(page);
      else page.release();
      const last = page.keys[page.count - 1];
      const goesOn = this.lastEvaluated === undefined && page.more && last !== undefined;
      rest = goesOn ? boundsAfter(range, last, this.#plan.reverse) : undefined;
      if (rest !== undefined && this.#slice.isOver) await this.#slice.next();
    }
  }

  release(): void {
    for (const page of this.#held) page.release();
    this.rows.length = 0;
  }

  /** A range of one key is looked up, which costs less than to walk, and most files need not be read for what is not in them. */
  async #page(bounds: KeyBounds): Promise<Page> {
    const { ge: key } = bounds;
    if (key === undefined || key !== bounds.le) return this.#snapshot.range(this.#request(bounds));
    return pageOf(key, await this.#snapshot.get(this.#plan.space, key));
  }

  #request(bounds: KeyBounds): RangeRequest {
    const { space, reverse, fetchFrom, transient } = this.#plan;
    const most = fetchFrom === undefined ? SLICE_ROWS_MAX : FETCH_ROWS_MAX;
    const rowsMax = Math.min(most, this.#itemsMax - this.scannedCount);
    return { space, ...bounds, reverse, rowsMax, bytesMax: SLICE_BYTES_MAX, transient };
  }

  /** The items that index entries stand for. */
  async #fetch(entries: Page, table: Pick<Table, "space" | "rowKeyOf">): Promise<Rows> {
    const addresses = entries.rows.map(({ value }) => ({
      space: table.space,
      key: table.rowKeyOf(decodeRow(value)),
    }));
    const items = new RowList();
    for (const item of await this.#snapshot.getMany(addresses)) {
      assert(item !== undefined, "an index entry stands for an item of the same instant");
      items.add(item, 0, item.length);
    }
    return items;
  }

  /** How many rows of `page` belong to the answer's page, before the filter; `items` are what to show for them. */
  #evaluate(page: Page, items: Rows): number {
    for (let at = 0; at < page.count; at += 1) {
      this.scannedCount += 1;
      this.scannedBytes += sizeAt(page, at);
      if (items !== page) {
        const size = sizeAt(items, at);
        this.fetchedSizes.push(size);
        this.#fetchedBytes += size;
      }
      const bytes = Math.max(this.scannedBytes, this.#fetchedBytes);
      if (this.scannedCount === this.#itemsMax || bytes >= PAGE_BYTES_MAX) {
        this.lastEvaluated = page.value(at).slice();
        return at + 1;
      }
    }
    return page.count;
  }

  /** Takes the first `count` items as they are. */
  #take(items: Rows, count: number): void {
    this.count += count;
    if (this.#plan.show !== "rows" || count === 0) return;
    const { chunks, starts, ends } = items;
    this.rows.push(items.count === count ? items : { count, chunks, starts, ends });
  }

  /** Takes those of the first `count` items that pass the filter. That can take long: looks at the clock after each. */
  async #look({ chunks, starts, ends }: Rows, count: number, picker: AttributePicker): Promise<void> {
    const { filter, show } = this.#plan;
    const passed = new RowList();
    for (let at = 0; at < count; at += 1) {
      if (this.#slice.isOver) await this.#slice.next();
      const chunk = chunks[at];
      const start = starts[at];
      const end = ends[at];
      assert(chunk !== undefined && start !== undefined && end !== undefined, "columns are of one length");
      const item = picker.pick(chunk, start, end);
      if (filter !== undefined && !filter(item)) continue;
      this.count += 1;
      if (typeof show === "function") this.texts.push(show(item));
      else if (show === "rows") passed.add(chunk, start, end);
    }
    if (passed.count > 0) this.rows.push(passed);
  }
}

/** The row under a key, or none, as a page. */
function pageOf(key: Key, value: Value | undefined): Page {
  const rows = value === undefined ? [] : [{ key, value }];
  return {
    count: rows.length,
    keys: rows.map((row) => row.key),
    chunks: rows.map((row) => row.value),
    starts: rows.map(() => 0),
    ends: rows.map((row) => row.value.length),
    rows,
    more: false,
    value: (at) => {
      const row = rows[at];
      if (row === undefined) throw new RangeError("there is no such row");
      return row.value;
    },
    release: () => {},
  };
}

function sizeAt({ chunks, starts, ends }: Rows, at: number): number {
  const chunk = chunks[at];
  assert(chunk !== undefined, "columns are of one length");
  return rowItemSize(chunk, starts[at], ends[at]);
}
