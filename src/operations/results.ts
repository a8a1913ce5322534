import type { IndexChange } from "../tables/indexes.ts";
import type { Written } from "../tables/write.ts";

const READ_UNIT_BYTES = 4096;
const WRITE_UNIT_BYTES = 1024;

export type ReturnConsumedCapacity = "INDEXES" | "TOTAL" | "NONE";

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

/**
 * The ConsumedCapacity member: undefined for NONE. `tableName` is echoed as the client wrote it.
 */
export function consumedCapacity(
  mode: ReturnConsumedCapacity | undefined,
  tableName: string,
  units: Units,
): object | undefined {
  if (mode === undefined || mode === "NONE") return undefined;
  let total = units.table;
  for (const index of units.global.values()) total += index;
  for (const index of units.local.values()) total += index;
  const capacity: Record<string, unknown> = { TableName: tableName, CapacityUnits: double(total) };
  if (mode === "TOTAL") return capacity;
  capacity["Table"] = { CapacityUnits: double(units.table) };
  if (units.global.size > 0) capacity["GlobalSecondaryIndexes"] = perIndex(units.global);
  if (units.local.size > 0) capacity["LocalSecondaryIndexes"] = perIndex(units.local);
  return capacity;
}

function perIndex(units: ReadonlyMap<string, number>): object {
  return Object.fromEntries([...units].map(([name, value]) => [name, { CapacityUnits: double(value) }]));
}
