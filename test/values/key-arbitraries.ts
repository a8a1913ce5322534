/** Generators of key schemas and of items that fit them. */
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import type { KeyAttribute, KeySchema, KeyType } from "../../src/values/key-schema.ts";
import { normalizeValue } from "../../src/values/normalize.ts";
import { base64, text } from "./arbitraries.ts";

const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map(String),
  fc.integer().map(String),
  fc.tuple(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -5, max: 5 })).map(([n, e]) => `${n}e${e}`),
);

/** Values of a key type in normal form, many of them equal or prefixes of each other. */
export function keyValue(type: KeyType): fc.Arbitrary<AttributeValue> {
  switch (type) {
    case "S":
      return fc
        .oneof(text, fc.string({ minLength: 250, maxLength: 260, unit: fc.constantFrom("a", "b") }))
        .filter((S) => S !== "")
        .map((S) => normalizeValue({ S }));
    case "N":
      return number.map((N) => normalizeValue({ N }));
    case "B":
      return fc
        .oneof(base64, fc.constantFrom("AA==", "AAA=", "AAAA", "/w==", "//8=", "AP8=", "AAE="))
        .filter((B) => B !== "")
        .map((B) => normalizeValue({ B }));
  }
}

const attributes = (prefix: string, count: number): fc.Arbitrary<KeyAttribute[]> =>
  fc
    .array(fc.constantFrom<KeyType>("S", "N", "B"), { minLength: Math.min(count, 1), maxLength: count })
    .map((types) => types.map((type, at) => ({ name: `${prefix}${at}`, type })));

/** Schemas with at most so many attributes: partition p0, p1, …; sort s0, s1, … */
export const keySchema = (partitionMax: number, sortMax: number): fc.Arbitrary<KeySchema> =>
  fc.record({ partition: attributes("p", partitionMax), sort: attributes("s", sortMax) });

/** Keys that fit the schema. */
export function keyItem(schema: KeySchema): fc.Arbitrary<Item> {
  const members = [...schema.partition, ...schema.sort].map(({ name, type }) =>
    keyValue(type).map((value) => [name, value] as const),
  );
  return fc.tuple(...members).map((entries) => Object.fromEntries(entries));
}
