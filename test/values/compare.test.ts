import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AttributeValue } from "../../src/values/attribute-value.ts";
import { compareUtf8, compareValues, equalItems, equalValues } from "../../src/values/compare.ts";
import { normalizeItem, normalizeValue } from "../../src/values/normalize.ts";
import { base64, rawItem, rawValue, text } from "./arbitraries.ts";

describe("order", () => {
  test("strings by UTF-8 bytes, not by UTF-16 units", () => {
    expect(compareUtf8("\uffff", "😀")).toBeLessThan(0);
    expect(compareUtf8("😀", "\ue000")).toBeGreaterThan(0);
    expect(compareUtf8("a", "a\u0000")).toBeLessThan(0);
    expect(compareUtf8("", "")).toBe(0);
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [x, y] = [a.toWellFormed(), b.toWellFormed()];
        expect(Math.sign(compareUtf8(x, y))).toBe(Buffer.compare(Buffer.from(x), Buffer.from(y)));
      }),
      { numRuns: 1000 },
    );
  });

  test("binaries by their bytes", () => {
    fc.assert(
      fc.property(base64, base64, (a, b) => {
        const order = Buffer.compare(Buffer.from(a, "base64"), Buffer.from(b, "base64"));
        expect(compareValues({ B: a }, { B: b })).toBe(order);
      }),
      { numRuns: 500 },
    );
  });

  test("numbers by value", () => {
    expect(compareValues({ N: "9" }, { N: "10" })).toBeLessThan(0);
    expect(compareValues({ N: "-9" }, { N: "-10" })).toBeGreaterThan(0);
  });

  test.each<[AttributeValue, AttributeValue]>([
    [{ S: "1" }, { N: "1" }],
    [{ N: "1" }, { S: "1" }],
    [{ B: "AQ==" }, { S: "AQ==" }],
    [{ BOOL: true }, { BOOL: true }],
    [{ L: [] }, { L: [] }],
  ])("%j and %j have none", (a, b) => {
    expect(compareValues(a, b)).toBeUndefined();
  });
});

describe("equality", () => {
  test.each<[AttributeValue, AttributeValue, boolean]>([
    [{ S: "a" }, { S: "a" }, true],
    [{ S: "1" }, { N: "1" }, false],
    [{ BOOL: true }, { BOOL: false }, false],
    [{ NULL: true }, { NULL: true }, true],
    [{ NULL: true }, { BOOL: true }, false],
    [{ SS: ["a"] }, { SS: ["a", "b"] }, false],
    [{ SS: ["a"] }, { BS: ["a"] }, false],
    [{ L: [{ S: "a" }] }, { L: [{ S: "a" }] }, true],
    [{ L: [{ S: "a" }, { S: "b" }] }, { L: [{ S: "b" }, { S: "a" }] }, false],
    [{ M: { a: { S: "1" }, b: { S: "2" } } }, { M: { b: { S: "2" }, a: { S: "1" } } }, true],
    [{ M: { a: { S: "1" } } }, { M: { a: { S: "1" }, b: { S: "2" } } }, false],
    [{ M: { a: { S: "1" } } }, { M: { toString: { S: "1" } } }, false],
  ])("%j and %j", (a, b, equal) => {
    expect(equalValues(a, b)).toBe(equal);
    expect(equalValues(b, a)).toBe(equal);
  });

  test("does not see the order of sets and maps", () => {
    fc.assert(
      fc.property(rawItem(), (raw) => {
        const { item } = normalizeItem(raw);
        const { item: mirrored } = normalizeItem(JSON.parse(JSON.stringify(raw), mirror));
        expect(equalItems(item, mirrored)).toBe(true);
      }),
    );
  });

  test("agrees with comparing sorted JSON", () => {
    const sorted = (value: AttributeValue) => JSON.stringify(value, (_, part) => sortNames(part));
    fc.assert(
      fc.property(rawValue(2), rawValue(2), (x, y) => {
        const [a, b] = [normalizeValue(x), normalizeValue(y)];
        expect(equalValues(a, b)).toBe(sorted(a) === sorted(b));
      }),
      { numRuns: 1000 },
    );
  });
});

/** Turns sets and the entries of objects round. */
function mirror(name: string, part: unknown): unknown {
  if (Array.isArray(part)) return name === "L" ? part : part.toReversed();
  return isRecord(part) ? Object.fromEntries(Object.entries(part).toReversed()) : part;
}

function sortNames(part: unknown): unknown {
  return isRecord(part)
    ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
    : part;
}

function isRecord(part: unknown): part is Record<string, unknown> {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}
