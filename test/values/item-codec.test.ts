import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeRow, encodeRow, rowItemBytes, rowItemJson, rowItemSize } from "../../src/values/item-codec.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { rawItem } from "./arbitraries.ts";

test("rows give back the item, its JSON bytes and its size", () => {
  fc.assert(
    fc.property(rawItem(), (raw) => {
      const { item, size } = normalizeItem(raw);
      const json = JSON.stringify(item);
      const row = encodeRow(item, size);
      expect(JSON.stringify(decodeRow(row))).toBe(json);
      expect(rowItemJson(row)).toBe(json);
      expect(Buffer.from(rowItemBytes(row)).toString("utf8")).toBe(json);
      expect(rowItemSize(row)).toBe(size);
      // Rows come back from storage as views of larger buffers.
      const stored = new Uint8Array([9, 9, ...row, 9]).subarray(2, -1);
      expect(JSON.stringify(decodeRow(stored))).toBe(json);
      expect(rowItemSize(stored)).toBe(size);
    }),
    { numRuns: 500 },
  );
});

test("the format is frozen", () => {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  expect(hex(encodeRow({ a: { S: "x" } }, 0x01020304))).toBe(
    `010104030201${hex(Buffer.from('{"a":{"S":"x"}}'))}`,
  );
  expect(hex(encodeRow({ a: { S: "é" } }, 3))).toBe(`010003000000${hex(Buffer.from('{"a":{"S":"é"}}'))}`);
});

test("the item's bytes are a view into the row", () => {
  const row = encodeRow({ a: { S: "x" } }, 2);
  expect(rowItemBytes(row).buffer).toBe(row.buffer);
});

test("sizes beyond 2^31 are not negative", () => {
  expect(rowItemSize(encodeRow({}, 0xffff_fffe))).toBe(0xffff_fffe);
});

test("bytes that are no row are refused", () => {
  expect(() => decodeRow(new Uint8Array([2, 0, 0, 0, 0, 0, 0x7b, 0x7d]))).toThrow("known version");
  expect(() => rowItemSize(new Uint8Array())).toThrow("known version");
});
