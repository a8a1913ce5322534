/**
 * Item collections: on a table with local secondary indexes, all items with one partition key and their entries in those indexes.
 * The service limits their size, so a row per partition key keeps it, in a space of the table's own:
 *
 *   key   := hash partition         of the items' row keys (see values/key-codec.ts)
 *   value := version bytes
 *     version := one byte, 1
 *     bytes   := f64, little-endian: the sizes of items and entries added up; no row stands for 0
 *
 * The row is read and written in the batch of every write to the collection.
 */
import assert from "node:assert/strict";
import type { Key, Value } from "../../storage/index.ts";
import { partitionOf } from "../values/key-codec.ts";

const VERSION = 1;
const ROW_BYTES = 9;

/** The service's limit on one item collection: 10 GB. */
export const ITEM_COLLECTION_BYTES_MAX = 10 * 2 ** 30;

/** Key of the collection to which the item under `rowKey` belongs. */
export const collectionKeyOf = (rowKey: Key): Key => partitionOf(rowKey);

/** The row of a collection of `bytes`; undefined (no row) for an empty one. */
export function encodeCollection(bytes: number): Value | undefined {
  assert(Number.isSafeInteger(bytes) && bytes >= 0, "the size of a collection is a natural number");
  if (bytes === 0) return undefined;
  const row = Buffer.allocUnsafeSlow(ROW_BYTES);
  row[0] = VERSION;
  row.writeDoubleLE(bytes, 1);
  return row;
}

/** The size in bytes of the collection with this row. */
export function decodeCollection(row: Value | undefined): number {
  if (row === undefined) return 0;
  assert(row[0] === VERSION && row.length === ROW_BYTES, "a collection's row begins with a known version");
  return new DataView(row.buffer, row.byteOffset).getFloat64(1, true);
}
