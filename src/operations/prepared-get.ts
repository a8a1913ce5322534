/** Reads of one item prepared without a table: GetItem and transactions are made of these. */
import type { Projection } from "../expressions/projection.ts";
import type { ItemRow } from "../tables/read-items.ts";
import type { Table } from "../tables/table.ts";
import type { Item, RawItem } from "../values/attribute-value.ts";
import { normalizeItem } from "../values/normalize.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { projectionIn, refuseDuplicateAttributes } from "./selection.ts";

export const PROJECTION = ["ProjectionExpression"] as const;

type GetInput = {
  readonly TableName: string;
  readonly Key: RawItem;
  readonly AttributesToGet?: readonly string[];
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
};

export interface PreparedGet {
  /** As the client wrote it: a name or an ARN. */
  readonly tableName: string;
  /** What of the item is wanted; undefined for all of it. */
  readonly projection: Projection | undefined;
  /** The item's place in its table. Throws ApiError when key or paths do not fit the table's schema. */
  readonly on: (table: Table) => ItemRow;
}

/** Prepares a get, of GetItem or of a transaction. */
export function prepareGet(input: GetInput): PreparedGet {
  refuseMixing(input, ["AttributesToGet"], PROJECTION);
  refuseStrayPlaceholders(input, PROJECTION, []);
  const key = normalizeItem(input.Key).item;
  refuseDuplicateAttributes(input.AttributesToGet);
  const placeholders = placeholdersOf(input);
  const projection = projectionIn(input, placeholders);
  placeholders.rejectUnused();
  return { tableName: input.TableName, projection, on: (table) => rowOf(table, key, projection) };
}

/** The place of the item with this key. Throws ApiError when key or projection do not fit the table's schema. */
export function rowOf(table: Table, key: Item, projection: Projection | undefined): ItemRow {
  table.schema.checkKey(key);
  if (projection !== undefined) table.schema.checkPaths(projection.paths);
  return { space: table.space, key: table.rowKeyOf(key) };
}
