import { expect, test } from "bun:test";
import type { Item } from "../../src/values/attribute-value.ts";
import {
  type DocumentPath,
  formatPath,
  pickAttributes,
  samePath,
  valueAt,
} from "../../src/values/document-path.ts";

const item: Item = JSON.parse(
  '{"a":{"M":{"b":{"L":[{"S":"x"},{"M":{"c":{"N":"1"}}}]}}},"__proto__":{"S":"p"},"s":{"SS":["q"]}}',
);

test.each<[DocumentPath, unknown]>([
  [["a", "b", 0], { S: "x" }],
  [["a", "b", 1, "c"], { N: "1" }],
  [["__proto__"], { S: "p" }],
  [["a", "b", 2], undefined],
  [["a", "b", "c"], undefined],
  [["a", 0], undefined],
  [["s", 0], undefined],
  [["a", "toString"], undefined],
  [["constructor"], undefined],
  [[], undefined],
])("%j", (path, value) => {
  expect<unknown>(valueAt(item, path)).toEqual(value);
});

test("paths are printed as the service prints them", () => {
  expect(formatPath(["a", "b", 0])).toBe("[a, b, [0]]");
  expect(formatPath(["a.b"])).toBe("[a.b]");
});

test("the same path", () => {
  expect(samePath(["a", 0], ["a", 0])).toBe(true);
  expect(samePath(["a", 0], ["a", "0"])).toBe(false);
  expect(samePath(["a"], ["a", "b"])).toBe(false);
});

test("picking attributes", () => {
  expect(JSON.stringify(pickAttributes(item, ["s", "nope", "__proto__", "toString"]))).toBe(
    '{"s":{"SS":["q"]},"__proto__":{"S":"p"}}',
  );
});
