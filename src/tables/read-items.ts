import type { RowAddress } from "../../storage/index.ts";
import { resourceNotFound } from "../errors.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import type { Catalog } from "./catalog.ts";
import { isSpaceGone, refusalOf } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";

/** Where an item is. */
export type ItemRow = RowAddress;

/** Rows asked of the store at a time: the largest items have 400 KB. */
const SLICE_ROWS_MAX = 16;

/**
 * The items under some rows (undefined where there is none), of whatever tables, all of one visible instant. In the order of `rows`, but no
 * more of them than add up to `bytesMax`, though at least one: the answer may be shorter than `rows`.
 */
export async function readItems(
  catalog: Catalog,
  rows: readonly ItemRow[],
  bytesMax: number,
): Promise<readonly (StoredItem | undefined)[]> {
  const items: (StoredItem | undefined)[] = [];
  let bytes = 0;
  const slice = new TimeSlice();
  const spaces = [...new Set(rows.map((row) => row.space))];
  try {
    const snapshot = await catalog.store.snapshot(spaces);
    try {
      for (let at = 0; at < rows.length; at += SLICE_ROWS_MAX) {
        if (slice.isOver) await slice.next();
        for (const value of await snapshot.getMany(rows.slice(at, at + SLICE_ROWS_MAX))) {
          const item = storedItem(value);
          bytes += item?.size ?? 0;
          if (bytes > bytesMax && items.length > 0) return items;
          items.push(item);
        }
      }
      return items;
    } finally {
      snapshot.close();
    }
  } catch (error) {
    throw isSpaceGone(error) ? resourceNotFound() : refusalOf(error);
  }
}
