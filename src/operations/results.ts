import type { IndexChange } from "../tables/indexes.ts";
import type { Written } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { pickAttributes } from "../values/document-path.ts";

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

export type ReturnConsumedCapacity = "INDEXES" | "TOTAL" | "NONE";
export type ReturnItemCollectionMetrics = "SIZE" | "NONE";

declare global {
  interface JSON {
    /** ECMAScript 2026: a value that JSON.stringify prints as the given text. */
    rawJSON(text: string): unknown;
  }
}

/** A JSON number that keeps its fraction ("1.0"), as the service writes doubles. */
export function double(value: number): unknown {
  return Number.isInteger(value) ? JSON.rawJSON(`${value}.0`) : value;
}

/** Read units for `bytes` of items: strongly consistent reads cost one per 4 KiB begun, others half; at least one (half). */
export function readUnits(bytes: number, consistent: boolean): number {
  const units = Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES));
  return consistent ? units : units / 2;
}

/** Write units for an item of `bytes`: one per KiB begun, at least one. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** Units on a table and, by name, on its indexes. */
export interface Units {
  readonly table: number;
  readonly global: ReadonlyMap<string, number>;
  readonly local: ReadonlyMap<string, number>;
}

const NO_INDEXES: ReadonlyMap<string, number> = new Map();

/** Units of an operation that touched the table alone. */
export const tableUnits = (table: number): Units => ({ table, global: NO_INDEXES, local: NO_INDEXES });

/** Units of one performed write: the larger of both images on the table, and what changed in each index. */
export function unitsOfWrite(written: Written): Units {
  const table = writeUnits(Math.max(written.previous?.size ?? 0, written.next?.size ?? 0));
  if (written.indexes.length === 0) return tableUnits(table);
  const global = new Map<string, number>();
  const local = new Map<string, number>();
  for (const change of written.indexes) {
    const units = unitsOfIndexChange(change);
    if (units > 0) (change.kind === "global" ? global : local).set(change.indexName, units);
  }
  return { table, global, local };
}

/** Index arm: see "ConsumedCapacity", write units, in the operations document. */
function unitsOfIndexChange({ before, after, sameKey, identical }: IndexChange): number {
  if (identical) return 0;
  const old = before === undefined ? 0 : writeUnits(before);
  const fresh = after === undefined ? 0 : writeUnits(after);
  return sameKey ? Math.max(old, fresh) : old + fresh;
}

const GIB = 2 ** 30;

export interface ItemCollectionMetrics {
  readonly ItemCollectionKey: Item;
  /** Lower and upper bound. */
  readonly SizeEstimateRangeGB: readonly unknown[];
}

/**
 * The ItemCollectionMetrics of a write whose item has the key in `attributes`; undefined for a table without local secondary indexes,
 * and for NONE. The service gives the size as a range of whole gigabytes.
 */
export function itemCollectionMetrics(
  mode: ReturnItemCollectionMetrics | undefined,
  { collection }: Written,
  attributes: Item,
): ItemCollectionMetrics | undefined {
  if (mode !== "SIZE" || collection === undefined) return undefined;
  const lower = Math.floor(collection.bytes / GIB);
  return {
    ItemCollectionKey: pickAttributes(attributes, [collection.partitionKey]),
    SizeEstimateRangeGB: [double(lower), double(lower + 1)],
  };
}

/** The member that stands beside each CapacityUnits in answers to transactions, with the same figure. */
export type TransactionalUnits = "ReadCapacityUnits" | "WriteCapacityUnits";

/**
 * The ConsumedCapacity member: undefined for NONE. `tableName` is echoed as the client wrote it.
 */
export function consumedCapacity(
  mode: ReturnConsumedCapacity | undefined,
  tableName: string,
  units: Units,
  transactional?: TransactionalUnits,
): object | undefined {
  if (mode === undefined || mode === "NONE") return undefined;
  let total = units.table;
  for (const index of units.global.values()) total += index;
  for (const index of units.local.values()) total += index;
  const figure = (value: number) => ({
    CapacityUnits: double(value),
    ...(transactional === undefined ? {} : { [transactional]: double(value) }),
  });
  const perIndex = (indexes: ReadonlyMap<string, number>) =>
    Object.fromEntries([...indexes].map(([name, value]) => [name, figure(value)]));
  const capacity: Record<string, unknown> = { TableName: tableName, ...figure(total) };
  if (mode === "TOTAL") return capacity;
  capacity["Table"] = figure(units.table);
  if (units.global.size > 0) capacity["GlobalSecondaryIndexes"] = perIndex(units.global);
  if (units.local.size > 0) capacity["LocalSecondaryIndexes"] = perIndex(units.local);
  return capacity;
}
