import { expect, test } from "bun:test";
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { numberSize } from "../../src/values/number.ts";
import { itemSize, utf8Length, valueSize } from "../../src/values/size.ts";
import { rawItem } from "./arbitraries.ts";

test.each<[AttributeValue, number]>([
  [{ S: "" }, 0],
  [{ S: "aé€😀" }, 10],
  [{ N: "-42" }, 3],
  [{ B: "" }, 0],
  [{ B: "AQ==" }, 1],
  [{ B: "AQI=" }, 2],
  [{ B: "AQID" }, 3],
  [{ BOOL: false }, 1],
  [{ NULL: true }, 1],
  [{ SS: ["a", "bc"] }, 3],
  [{ NS: ["1", "100"] }, 4],
  [{ BS: ["AQ==", "AQID"] }, 4],
  [{ L: [] }, 3],
  [{ L: [{ S: "ab" }, { L: [] }] }, 10],
  [{ M: {} }, 3],
  [{ M: { ab: { N: "1" }, c: { M: {} } } }, 13],
])("%j takes %d bytes", (value, size) => {
  expect(valueSize(value)).toBe(size);
});

test("an item is its names and values", () => {
  expect(itemSize({ pk: { S: "x" }, ключ: { BOOL: true } })).toBe(2 + 1 + 8 + 1);
  expect(itemSize({})).toBe(0);
});

/** The documented arithmetic, transcribed on Buffers. */
function plainSize(value: AttributeValue): number {
  const bytes = (text: string) => Buffer.from(text, "utf8").length;
  const total = (sizes: number[]) => sizes.reduce((sum, size) => sum + size, 0);
  const [[type, content] = ["", ""]] = Object.entries(value);
  switch (type) {
    case "S":
      return bytes(content);
    case "N":
      return numberSize(content);
    case "B":
      return Buffer.from(content, "base64").length;
    case "SS":
      return total(content.map(bytes));
    case "NS":
      return total(content.map(numberSize));
    case "BS":
      return total(content.map((member: string) => Buffer.from(member, "base64").length));
    case "L":
      return 3 + total(content.map((element: AttributeValue) => 1 + plainSize(element)));
    case "M":
      return 3 + plainItemSize(content) + Object.keys(content).length;
    default:
      return 1;
  }
}

function plainItemSize(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.from(name, "utf8").length + plainSize(value),
    0,
  );
}

test("agrees with a plain recomputation", () => {
  fc.assert(
    fc.property(rawItem(), (raw) => {
      const { item, size } = normalizeItem(raw);
      expect(size).toBe(plainItemSize(item));
      expect(itemSize(item)).toBe(size);
    }),
    { numRuns: 500 },
  );
});

test("UTF-8 length", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.from(text, "utf8").length);
    }),
  );
});
