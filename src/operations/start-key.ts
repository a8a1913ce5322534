import { type ApiError, validation } from "../errors.ts";
import type { Table } from "../tables/catalog.ts";
import type { SecondaryIndex } from "../tables/indexes.ts";
import { attribute, type Item, type RawItem } from "../values/attribute-value.ts";
import { pickAttributes } from "../values/document-path.ts";
import type { KeyAttribute, KeySchema } from "../values/key-schema.ts";
import { normalizeItem } from "../values/normalize.ts";

const INVALID = "The provided starting key is invalid";
const MISMATCH = "The provided key element does not match the schema";

const attributesOf = (schema: KeySchema): readonly KeyAttribute[] => [...schema.partition, ...schema.sort];

/** ExclusiveStartKey, checked and normalised; undefined when absent. */
export function startKeyIn(raw: RawItem | undefined): Item | undefined {
  return raw === undefined ? undefined : normalizeItem(raw).item;
}

/** The attributes that LastEvaluatedKey and ExclusiveStartKey have: the table's key, and the index's if one is read. */
export function startKeyNames(table: Table, index: SecondaryIndex | undefined): readonly string[] {
  const own = attributesOf(table.schema.keySchema);
  const all = index === undefined ? own : [...own, ...attributesOf(index.keySchema)];
  return [...new Set(all.map((each) => each.name))];
}

/** The LastEvaluatedKey of an item. */
export function startKeyOf(item: Item, table: Table, index: SecondaryIndex | undefined): Item {
  return pickAttributes(item, startKeyNames(table, index));
}

/**
 * The row key that an ExclusiveStartKey stands for. It is encoded, never looked up: any well-formed key will do.
 * Throws when its attributes are not exactly those that a LastEvaluatedKey of this read would have.
 */
export function startRowKey(
  key: Item,
  table: Table,
  index: SecondaryIndex | undefined,
  operation: "Query" | "Scan",
): string {
  const names = startKeyNames(table, index);
  if (Object.keys(key).length !== names.length) throw wrongCount(index, operation);
  if (index !== undefined) {
    for (const { name, type } of attributesOf(index.keySchema)) {
      const value = attribute(key, name);
      if (value === undefined) throw validation(INVALID);
      if (!(type in value)) throw validation(MISMATCH);
    }
  }
  for (const { name, type } of attributesOf(table.schema.keySchema)) {
    const value = attribute(key, name);
    if (value === undefined || !(type in value)) {
      throw validation(operation === "Query" && index === undefined ? MISMATCH : `${INVALID}: ${MISMATCH}`);
    }
  }
  const rowKey = table.rowKeyOf(key);
  return index === undefined ? rowKey : index.rowKeyOf(key, rowKey);
}

function wrongCount(index: SecondaryIndex | undefined, operation: "Query" | "Scan"): ApiError {
  return validation(index === undefined && operation === "Scan" ? `${INVALID}: ${MISMATCH}` : INVALID);
}
