/**
 * Rows: the stored form of an item (of a table, or of an index as projected).
 *
 *   row     := version flags size json
 *   version := one byte, 1
 *   flags   := one byte; bit 0: `json` is pure ASCII; the other bits are zero
 *   size    := u32, little-endian: the item's size as the service counts it (values/size.ts)
 *   json    := the normalised item as JSON.stringify writes it, in UTF-8
 *
 * `json` is what answers are made of: reads without filter or projection copy these bytes into the response.
 */
import assert from "node:assert/strict";
import type { Item } from "./attribute-value.ts";

const VERSION = 1;
const FLAG_ASCII = 1;
export const ROW_HEADER_BYTES = 6;

const bytesToString = Buffer.prototype.toString;

/** The row of a normalised item; `size` is its size in bytes as counted by `itemSize`. */
export function encodeRow(item: Item, size: number): Uint8Array {
  return encodeRowText(JSON.stringify(item), size);
}

/** The same from what JSON.stringify made of the item. */
export function encodeRowText(json: string, size: number): Uint8Array {
  const length = Buffer.byteLength(json);
  // Unpooled: a row may live for hours and must not keep a shared slab alive.
  const row = Buffer.allocUnsafeSlow(ROW_HEADER_BYTES + length);
  row[0] = VERSION;
  const isAsciiJson = length === json.length;
  row[1] = isAsciiJson ? FLAG_ASCII : 0;
  row[2] = size & 0xff;
  row[3] = (size >>> 8) & 0xff;
  row[4] = (size >>> 16) & 0xff;
  row[5] = size >>> 24;
  row.write(json, ROW_HEADER_BYTES, isAsciiJson ? "latin1" : "utf8");
  return row;
}

/** Whether all names and strings in a JSON text are ASCII, and stand there as they are. */
export function isPlainAscii(json: string): boolean {
  return Buffer.byteLength(json) === json.length && !json.includes("\\");
}

/** The item of the row that is `row[start, end)`. */
export function decodeRow(row: Uint8Array, start = 0, end = row.length): Item {
  return JSON.parse(rowItemJson(row, start, end)) as Item;
}

/** The item of a row as JSON text. */
export function rowItemJson(row: Uint8Array, start = 0, end = row.length): string {
  assertRow(row, start, end);
  // Latin-1 decoding is several times faster than UTF-8 and the same for ASCII.
  return bytesToString.call(row, isAscii(row, start) ? "latin1" : "utf8", start + ROW_HEADER_BYTES, end);
}

/** The same with one character per byte of UTF-8: quick to make, and to search for what is ASCII. */
export function rowItemText(row: Uint8Array, start: number, end: number): string {
  assertRow(row, start, end);
  return bytesToString.call(row, "latin1", start + ROW_HEADER_BYTES, end);
}

/** Whether the item of the row at `start` is pure ASCII as JSON. */
export function isAscii(row: Uint8Array, start: number): boolean {
  return ((row[start + 1] ?? 0) & FLAG_ASCII) !== 0;
}

/** The item of a row as JSON bytes: a view into the row. */
export function rowItemBytes(row: Uint8Array): Uint8Array {
  assertRow(row, 0, row.length);
  return row.subarray(ROW_HEADER_BYTES);
}

/** The size of a row's item in bytes, as the service counts it. */
export function rowItemSize(row: Uint8Array, start = 0, end = row.length): number {
  assertRow(row, start, end);
  return (
    ((row[start + 2] ?? 0) |
      ((row[start + 3] ?? 0) << 8) |
      ((row[start + 4] ?? 0) << 16) |
      ((row[start + 5] ?? 0) << 24)) >>>
    0
  );
}

function assertRow(row: Uint8Array, start: number, end: number): void {
  if (row[start] === VERSION && end - start >= ROW_HEADER_BYTES) return;
  assert.fail("a row begins with a known version");
}
