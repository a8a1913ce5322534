/** The four writes to one item on its table: the checks that need the table's schema, and the `ItemWrite`. Throw ApiError. */

import { validation } from "../errors.ts";
import type { CompiledCondition } from "../expressions/condition.ts";
import type { CompiledUpdate } from "../expressions/update.ts";
import { StoredItem } from "../tables/stored-item.ts";
import type { Table } from "../tables/table.ts";
import type { ItemWrite } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { encodeRow } from "../values/item-codec.ts";
import { ITEM_BYTES_MAX, itemSize } from "../values/size.ts";

type Condition = CompiledCondition | undefined;

/** Refuses an item to put that is too large whatever its table. */
export function refuseLargeItem(size: number): void {
  if (size > ITEM_BYTES_MAX) throw validation("Item size has exceeded the maximum allowed size");
}

/** Puts `next`, which is `item` as stored; the item itself was checked. */
export function putWrite(table: Table, item: Item, next: StoredItem, condition: Condition): ItemWrite {
  checkCondition(table, condition);
  return { table, rowKey: table.rowKeyOf(item), test: condition?.test, next: () => next };
}

export function deleteWrite(table: Table, key: Item, condition: Condition): ItemWrite {
  table.schema.checkKey(key);
  checkCondition(table, condition);
  return { table, rowKey: table.rowKeyOf(key), test: condition?.test, next: () => undefined };
}

/** Leaves the item as it is, on a condition. */
export function checkWrite(table: Table, key: Item, condition: CompiledCondition): ItemWrite {
  table.schema.checkKey(key);
  checkCondition(table, condition);
  return { table, rowKey: table.rowKeyOf(key), test: condition.test, next: (previous) => previous };
}

/** `overheadBytes`: what the update itself adds to the size of the new item when that is judged. */
export function updateWrite(
  table: Table,
  key: Item,
  update: CompiledUpdate,
  condition: Condition,
  overheadBytes: number,
): ItemWrite {
  table.schema.checkKey(key);
  table.schema.checkUpdateTargets(update.targets);
  table.schema.checkUpdateConstants(update.constants);
  checkCondition(table, condition);
  return {
    table,
    rowKey: table.rowKeyOf(key),
    test: condition?.test,
    next: (previous) => updated(table, update, key, overheadBytes, previous),
    isUpdate: true,
  };
}

/** The stored item after an update. Throws when the update cannot be applied to it, or it grows too large. */
function updated(
  table: Table,
  update: CompiledUpdate,
  key: Item,
  overheadBytes: number,
  previous: StoredItem | undefined,
): StoredItem | undefined {
  const next = update.apply(previous?.item, key);
  if (next === undefined || next === previous?.item) return previous;
  table.schema.checkUpdatedItem(previous?.item, next);
  const size = itemSize(next);
  if (Math.max(size, size + overheadBytes) > ITEM_BYTES_MAX) {
    throw validation("Item size to update has exceeded the maximum allowed size");
  }
  return new StoredItem(encodeRow(next, size), next);
}

function checkCondition(table: Table, condition: Condition): void {
  if (condition !== undefined) table.schema.checkPaths(condition.paths());
}
