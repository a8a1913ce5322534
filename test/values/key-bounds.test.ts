import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import { compareValues, equalValues } from "../../src/values/compare.ts";
import {
  boundsAfter,
  compareBounds,
  indexQueryBounds,
  intersection,
  isWithin,
  type KeyBounds,
  segmentBounds,
  tableQueryBounds,
} from "../../src/values/key-bounds.ts";
import { indexKeyEncoder, tableKeyEncoder } from "../../src/values/key-codec.ts";
import type { KeyAttribute, KeyCondition, KeySchema, SortRange } from "../../src/values/key-schema.ts";
import { keyItem, keySchema, keyValue } from "./key-arbitraries.ts";

function keyOf(item: Item, { name }: KeyAttribute): AttributeValue {
  const value = item[name];
  if (value === undefined) throw new Error("keys are complete");
  return value;
}

const bytesOf = (value: AttributeValue) =>
  "S" in value ? value.S : "B" in value ? Buffer.from(value.B, "base64").toString("hex") : "";

/** Whether a value is in a range, by the plain comparators. */
function inRange(value: AttributeValue, range: SortRange): boolean {
  const compare = (bound: AttributeValue) => compareValues(value, bound) ?? Number.NaN;
  switch (range.kind) {
    case "<":
      return compare(range.value) < 0;
    case "<=":
      return compare(range.value) <= 0;
    case ">":
      return compare(range.value) > 0;
    case ">=":
      return compare(range.value) >= 0;
    case "between":
      return compare(range.lower) >= 0 && compare(range.upper) <= 0;
    case "begins_with":
      return bytesOf(value).startsWith(bytesOf(range.prefix));
  }
}

function selects(schema: KeySchema, condition: KeyCondition, item: Item): boolean {
  const equals = [...condition.partition, ...condition.sortEquals];
  const keys = [...schema.partition, ...schema.sort];
  const { sortRange } = condition;
  const ranged = schema.sort[condition.sortEquals.length];
  return (
    equals.every((value, at) => {
      const key = keys[at];
      return key !== undefined && equalValues(keyOf(item, key), value);
    }) &&
    (sortRange === undefined || ranged === undefined || inRange(keyOf(item, ranged), sortRange))
  );
}

function rangeOn({ type }: KeyAttribute): fc.Arbitrary<SortRange> {
  const value = keyValue(type);
  const compare = fc.record({ kind: fc.constantFrom("<", "<=", ">", ">="), value });
  const between = fc.tuple(value, value).map(([a, b]): SortRange => {
    const [lower, upper] = (compareValues(a, b) ?? 0) <= 0 ? [a, b] : [b, a];
    return { kind: "between", lower, upper };
  });
  if (type === "N") return fc.oneof<fc.Arbitrary<SortRange>[]>(compare, between);
  const prefix: fc.Arbitrary<SortRange> = value.map((whole) => ({ kind: "begins_with", prefix: whole }));
  return fc.oneof<fc.Arbitrary<SortRange>[]>(compare, between, prefix);
}

/** A condition that fits the schema: equalities on some leading sort attributes, and maybe a range on the next. */
function conditionOn(schema: KeySchema): fc.Arbitrary<KeyCondition> {
  return fc
    .tuple(keyItem(schema), fc.nat({ max: schema.sort.length }), fc.boolean())
    .chain(([item, count, ranged]) => {
      const partition = schema.partition.map((key) => keyOf(item, key));
      const sortEquals = schema.sort.slice(0, count).map((key) => keyOf(item, key));
      const next = schema.sort[count];
      if (next === undefined || !ranged) return fc.constant({ partition, sortEquals });
      return rangeOn(next).map((sortRange) => ({ partition, sortEquals, sortRange }));
    });
}

/** A row that often shares leading key attributes with the condition. */
function itemNear(schema: KeySchema, condition: KeyCondition): fc.Arbitrary<Item> {
  const shared = [...condition.partition, ...condition.sortEquals];
  const keys = [...schema.partition, ...schema.sort];
  return fc.tuple(keyItem(schema), fc.nat({ max: shared.length })).map(([item, foreign]) => {
    const copied = keys
      .slice(0, foreign === 0 ? shared.length : foreign)
      .map(({ name }, at) => [name, shared[at]]);
    return { ...item, ...Object.fromEntries(copied) };
  });
}

const cases = (partitionMax: number, sortMax: number) =>
  keySchema(partitionMax, sortMax).chain((schema) =>
    conditionOn(schema).chain((condition) =>
      fc.tuple(fc.constant(schema), fc.constant(condition), itemNear(schema, condition)),
    ),
  );

describe("query bounds hold exactly the rows that the condition selects", () => {
  test("of a table", () => {
    fc.assert(
      fc.property(cases(1, 1), ([schema, condition, item]) => {
        const key = tableKeyEncoder(schema)(item);
        expect(isWithin(tableQueryBounds(condition), key)).toBe(selects(schema, condition, item));
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  test("of an index", () => {
    fc.assert(
      fc.property(cases(4, 4), fc.string(), ([schema, condition, item], tableKey) => {
        const key = indexKeyEncoder(schema)(item, tableKey);
        expect(isWithin(indexQueryBounds(condition), key)).toBe(selects(schema, condition, item));
      }),
      { numRuns: 2000 },
    );
  });
});

test("prefixes that end in 0xff", () => {
  const bounds = tableQueryBounds({
    partition: [{ S: "p" }],
    sortEquals: [],
    sortRange: { kind: "begins_with", prefix: { B: "//8=" } },
  });
  const encode = tableKeyEncoder({ partition: [{ name: "p", type: "S" }], sort: [{ name: "s", type: "B" }] });
  expect(Object.values(bounds).every((key) => /^[\0-\xff]*$/.test(key))).toBe(true);
  const within = (B: string) => isWithin(bounds, encode({ p: { S: "p" }, s: { B } }));
  expect([within("//8="), within("////"), within("/w=="), within("//4=")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

describe("segments", () => {
  const bounds = (total: number) =>
    Array.from({ length: total }, (_, segment) => segmentBounds(segment, total));

  test.each([1, 2, 3, 7, 1000])("%d segments cover every key once", (total) => {
    const segments = bounds(total);
    const encode = tableKeyEncoder({ partition: [{ name: "p", type: "S" }], sort: [] });
    for (let at = 0; at < 300; at++) {
      const key = encode({ p: { S: `k${at}` } });
      expect(segments.filter((segment) => isWithin(segment, key))).toHaveLength(1);
    }
  });

  test("segments follow each other without a gap, to the very end", () => {
    const segments = bounds(1_000_000);
    expect(segments[0]?.ge).toBe("\0\0\0\0");
    expect(segments.at(-1)?.lt).toBeUndefined();
    const gaps = segments.filter((segment, at) => at > 0 && segment.ge !== segments[at - 1]?.lt);
    expect(gaps).toEqual([]);
  });
});

test("what comes after a key, in either direction", () => {
  const bounds: KeyBounds = { ge: "b", le: "f" };
  expect(boundsAfter(bounds, "d", false)).toEqual({ gt: "d", le: "f" });
  expect(boundsAfter(bounds, "d", true)).toEqual({ ge: "b", lt: "d" });
  expect(boundsAfter({ gt: "b", lt: "f" }, "d", true)).toEqual({ gt: "b", lt: "d" });
});

const lower = fc.constantFrom<KeyBounds>({}, { ge: "b" }, { gt: "b" }, { ge: "d" }, { gt: "d" });
const upper = fc.constantFrom<KeyBounds>({}, { lt: "d" }, { le: "d" }, { lt: "e" }, { le: "e" });
const anyBounds = fc.tuple(lower, upper).map(([from, to]) => ({ ...from, ...to }));

test("an intersection holds what both bounds hold, and is undefined when that is nothing", () => {
  const keys = ["a", "b", "ba", "c", "d", "da", "e", "f"];
  fc.assert(
    fc.property(anyBounds, anyBounds, (a, b) => {
      const common = intersection(a, b);
      for (const key of keys) {
        expect(common !== undefined && isWithin(common, key)).toBe(isWithin(a, key) && isWithin(b, key));
      }
      expect(intersection(b, a)).toEqual(common);
      expect(Math.sign(compareBounds(a, b))).toBe(-Math.sign(compareBounds(b, a)) + 0);
    }),
  );
});
