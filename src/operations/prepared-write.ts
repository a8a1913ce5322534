/**
 * Writes prepared without a table: everything about a put, update, delete or condition check that its parameters alone decide. Single
 * writes, batches and transactions are made of these.
 */
import { compileCondition } from "../expressions/condition.ts";
import { compileLegacyUpdate } from "../expressions/legacy-update.ts";
import { type CompiledUpdate, compileUpdate } from "../expressions/update.ts";
import type { deleteItemInput, putItemInput, updateItemInput } from "../protocol/inputs/items.ts";
import type { Infer } from "../protocol/shapes.ts";
import { StoredItem } from "../tables/stored-item.ts";
import type { Table } from "../tables/table.ts";
import type { ItemWrite } from "../tables/write.ts";
import type { Item, RawItem } from "../values/attribute-value.ts";
import { encodeRow, encodeRowText, isPlainAscii } from "../values/item-codec.ts";
import { normalizeItem } from "../values/normalize.ts";
import { checkWrite, deleteWrite, putWrite, refuseLargeItem, updateWrite } from "./item-writes.ts";
import {
  CONDITION,
  LEGACY_CONDITION,
  placeholdersOf,
  refuseMixing,
  refuseReturnValues,
  refuseStrayPlaceholders,
  writeCondition,
} from "./parameters.ts";

export interface PreparedWrite {
  /** As the client wrote it: a name or an ARN. */
  readonly tableName: string;
  /** The item to put, or the key of the item to change, normalised. */
  readonly attributes: Item;
  /** Bytes of `attributes`. */
  readonly attributesSize: number;
  /** The write on its table. Throws ApiError when item, key or paths do not fit the table's schema. */
  readonly on: (table: Table) => ItemWrite;
}

const LEGACY_UPDATE = ["AttributeUpdates", ...LEGACY_CONDITION] as const;
const UPDATE = ["UpdateExpression", ...CONDITION] as const;

/** Refuses an item whose key attributes do not fit the table. */
type ItemCheck = (table: Table, item: Item) => void;

const checkItem: ItemCheck = (table, item) => table.schema.checkItem(item);

/** Prepares a put, of PutItem, a batch or a transaction. `check`: where the refusal is worded otherwise. */
export function preparePut(input: Infer<typeof putItemInput>, check: ItemCheck = checkItem): PreparedWrite {
  refuseMixing(input, LEGACY_CONDITION, CONDITION);
  refuseStrayPlaceholders(input, CONDITION, CONDITION);
  const text = JSON.stringify(input.Item);
  const { item, size } = normalizeItem(input.Item, isPlainAscii(text));
  refuseReturnValues(input.ReturnValues);
  refuseLargeItem(size);
  const placeholders = placeholdersOf(input);
  const condition = writeCondition(input, placeholders);
  placeholders.rejectUnused();
  const isNormal = item === input.Item;
  const next = new StoredItem(isNormal ? encodeRowText(text, size) : encodeRow(item, size), item);
  return {
    tableName: input.TableName,
    attributes: item,
    attributesSize: size,
    on: (table) => {
      check(table, item);
      return putWrite(table, item, next, condition);
    },
  };
}

/** Prepares a delete, of DeleteItem, a batch or a transaction. */
export function prepareDelete(input: Infer<typeof deleteItemInput>): PreparedWrite {
  refuseMixing(input, LEGACY_CONDITION, CONDITION);
  refuseStrayPlaceholders(input, CONDITION, CONDITION);
  const { item: key, size } = normalizeItem(input.Key);
  const placeholders = placeholdersOf(input);
  const condition = writeCondition(input, placeholders);
  placeholders.rejectUnused();
  refuseReturnValues(input.ReturnValues);
  return {
    tableName: input.TableName,
    attributes: key,
    attributesSize: size,
    on: (table) => deleteWrite(table, key, condition),
  };
}

/** What a transaction's ConditionCheck consists of. */
export interface ConditionCheckInput {
  readonly TableName: string;
  readonly Key: RawItem;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: RawItem;
}

/** Prepares a write that leaves its item as it is, on a condition. */
export function prepareConditionCheck(input: ConditionCheckInput): PreparedWrite {
  const { item: key, size } = normalizeItem(input.Key);
  const placeholders = placeholdersOf(input);
  const condition = compileCondition("ConditionExpression", input.ConditionExpression, placeholders);
  placeholders.rejectUnused();
  return {
    tableName: input.TableName,
    attributes: key,
    attributesSize: size,
    on: (table) => checkWrite(table, key, condition),
  };
}

export interface PreparedUpdate extends PreparedWrite {
  readonly update: CompiledUpdate;
}

/**
 * How the size of an updated item is judged: UpdateItem adds to it what the update itself costs, transactions do not.
 */
export type UpdateSizeRule = "with-overhead" | "item-only";

/** Prepares an update, of UpdateItem or of a transaction. */
export function prepareUpdate(
  input: Infer<typeof updateItemInput>,
  sizeRule: UpdateSizeRule,
): PreparedUpdate {
  refuseMixing(input, LEGACY_UPDATE, UPDATE);
  refuseStrayPlaceholders(input, UPDATE, UPDATE);
  const { item: key, size } = normalizeItem(input.Key);
  const placeholders = placeholdersOf(input);
  const update =
    input.UpdateExpression !== undefined
      ? compileUpdate(input.UpdateExpression, placeholders)
      : compileLegacyUpdate(input.AttributeUpdates ?? {});
  const condition = writeCondition(input, placeholders);
  placeholders.rejectUnused();
  const overheadBytes = sizeRule === "with-overhead" ? update.overheadBytes - size : 0;
  return {
    tableName: input.TableName,
    attributes: key,
    attributesSize: size,
    update,
    on: (table) => updateWrite(table, key, update, condition, overheadBytes),
  };
}
