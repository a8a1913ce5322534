import { ApiError, validation } from "../errors.ts";
import {
  attribute,
  describeValue,
  type Item,
  type RawAttributeValue,
  type RawItem,
} from "../values/attribute-value.ts";
import { pickAttributes } from "../values/document-path.ts";
import type { KeyAttribute, KeySchema } from "../values/key-schema.ts";
import { normalizeItem, normalizeValue } from "../values/normalize.ts";
import type { ReadTarget } from "./read-target.ts";

const INVALID = "The provided starting key is invalid";
const MISMATCH = "The provided key element does not match the schema";

const attributesOf = (schema: KeySchema): readonly KeyAttribute[] => [...schema.partition, ...schema.sort];

/** ExclusiveStartKey with its values checked and normalised; undefined when absent. Throws the service's ValidationException. */
export function startKeyIn(raw: RawItem | undefined): Item | undefined {
  if (raw === undefined) return undefined;
  try {
    return normalizeItem(raw).item;
  } catch (error) {
    const culprit = Object.values(raw).find(isRefused);
    if (!(error instanceof ApiError) || (culprit !== undefined && isRefusedPlainly(culprit))) throw error;
    throw validation(`${INVALID}: ${error.message}`);
  }
}

function isRefused(raw: RawAttributeValue): boolean {
  try {
    normalizeValue(raw);
    return false;
  } catch {
    return true;
  }
}

/** Problems of numbers and number sets, and duplicates in sets, are told without saying that they are those of a starting key. */
function isRefusedPlainly(raw: RawAttributeValue): boolean {
  const { N, NS, SS = [], BS = [] } = raw;
  const hasOneType = Object.keys(raw).length === 1;
  return hasOneType && (N !== undefined || NS !== undefined || SS.length + BS.length > 0);
}

/** The attributes that LastEvaluatedKey and ExclusiveStartKey have: the table's key, and the index's if one is read. */
function startKeyNames({ table, index }: ReadTarget): readonly string[] {
  const own = attributesOf(table.schema.keySchema);
  const all = index === undefined ? own : [...own, ...attributesOf(index.keySchema)];
  return [...new Set(all.map((each) => each.name))];
}

/** The LastEvaluatedKey of an item, or of its entry in the index that is read. */
export function startKeyOf(item: Item, target: ReadTarget): Item {
  return pickAttributes(item, startKeyNames(target));
}

/**
 * The row key that an ExclusiveStartKey stands for. It is encoded, never looked up: any well-formed key will do.
 * Throws when its attributes are not exactly those that a LastEvaluatedKey of this read would have.
 */
export function startRowKey(key: Item, target: ReadTarget, operation: "Query" | "Scan"): string {
  const { table, index } = target;
  const plain = index === undefined && operation === "Query";
  if (Object.keys(key).length !== startKeyNames(target).length) {
    throw validation(index === undefined && operation === "Scan" ? `${INVALID}: ${MISMATCH}` : INVALID);
  }
  for (const { name, type } of index === undefined ? [] : attributesOf(index.keySchema)) {
    const value = attribute(key, name);
    if (value === undefined) throw validation(INVALID);
    if (!(type in value)) throw validation(MISMATCH);
  }
  for (const { name, type } of attributesOf(table.schema.keySchema)) {
    const value = attribute(key, name);
    if (value === undefined || !(type in value)) {
      throw validation(plain ? MISMATCH : `${INVALID}: ${MISMATCH}`);
    }
  }
  refuseEmpty(key);
  return rowKeyOf(key, target);
}

/** The key of the row that an item, or its LastEvaluatedKey, has in the target. */
export function rowKeyOf(item: Item, { table, index }: ReadTarget): string {
  const rowKey = table.rowKeyOf(item);
  return index === undefined ? rowKey : index.rowKeyOf(item, rowKey);
}

/** No item has an empty key attribute. */
function refuseEmpty(key: Item): void {
  for (const name in key) {
    const value = attribute(key, name) ?? {};
    const kind =
      "S" in value && value.S === "" ? "string" : "B" in value && value.B === "" ? "binary" : undefined;
    if (kind === undefined) continue;
    throw validation(
      `${INVALID}: One or more parameter values are not valid. ` +
        `The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
    );
  }
}

/** A table without sort key has one item per partition: a start key of another one continues nothing. */
export function unrestartable(startKey: Item): ApiError {
  const rendered = Object.entries(startKey).map(([name, value]) => `${name}=${describeValue(value)}`);
  return validation(
    `The provided exclusive start key is invalid: ExclusiveStartKey: {${rendered.join(", ")}}`,
  );
}
