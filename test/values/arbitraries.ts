/** Generators of numbers, strings and attribute values as clients may send them. */
import fc from "fast-check";
import type { RawAttributeValue, RawItem } from "../../src/values/attribute-value.ts";

/** Digits, few or many, often with zeros at the ends. */
const digits = (maxLength: number) =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom("0", "1", "9"), maxLength }),
    fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: Math.min(maxLength, 6) }),
  );

/** Number texts in range, in many spellings. */
export const numberText = fc
  .record({
    sign: fc.constantFrom("", "-", "+"),
    integer: digits(25),
    fraction: fc.option(digits(13), { nil: undefined }),
    exponent: fc.option(fc.integer({ min: -100, max: 99 }), { nil: undefined }),
    mark: fc.constantFrom("e", "E", "e+"),
  })
  .filter(({ integer, fraction }) => integer.length + (fraction?.length ?? 0) > 0)
  .map(({ sign, integer, fraction, exponent, mark }) => {
    const point = fraction === undefined ? "" : `.${fraction}`;
    const power = exponent === undefined ? "" : `${exponent < 0 ? "e" : mark}${exponent}`;
    return `${sign}${integer}${point}${power}`;
  });

/** Strings of ASCII, of all planes, and with lone surrogates. */
export const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom("a", "\u0000", "\uffff", "\ue000", "😀", "é", "\u{10ffff}"),
    maxLength: 6,
  }),
);

export const illFormedText = fc.string({
  unit: fc.constantFrom("a", "\ud800", "\udc00", "é", "\uffff"),
  maxLength: 6,
});

export const base64 = fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes).toString("base64"));

/** A name that some code might mistake for something else. */
export const attributeName = fc.oneof(
  fc.constantFrom("a", "b", "c", "__proto__", "constructor", "1", "toString", "hasOwnProperty"),
  fc.string({ minLength: 1, maxLength: 5 }),
);

const distinct = (member: fc.Arbitrary<string>, selector: (member: string) => unknown) =>
  fc.uniqueArray(member, { minLength: 1, maxLength: 5, selector });

const smallNumber = fc.integer({ min: -50, max: 50 }).map(String);

/** Values that are accepted, not all in normal form; `names` are those of map entries. */
export const rawValue = (depth = 3): fc.Arbitrary<RawAttributeValue> => {
  const scalar: fc.Arbitrary<RawAttributeValue> = fc.oneof(
    text.map((S) => ({ S })),
    numberText.map((N) => ({ N })),
    base64.map((B) => ({ B })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant({ NULL: true }),
    distinct(text, (member) => member).map((SS) => ({ SS })),
    distinct(smallNumber, Number).map((NS) => ({ NS })),
    distinct(base64, (member) => member).map((BS) => ({ BS })),
  );
  if (depth === 0) return scalar;
  return fc.oneof(
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(rawValue(depth - 1), { maxLength: 4 }).map((L) => ({ L })) },
    { weight: 1, arbitrary: rawItem(depth - 1).map((M) => ({ M })) },
  );
};

/** Items as JSON.parse gives them: names such as __proto__ are ordinary members. */
export const rawItem = (depth = 3): fc.Arbitrary<RawItem> =>
  fc
    .uniqueArray(fc.tuple(attributeName, fc.noShrink(rawValue(depth))), {
      maxLength: 5,
      selector: ([name]) => name,
    })
    .map((entries) => asParsed(entries));

function asParsed(entries: readonly (readonly [string, RawAttributeValue])[]): RawItem {
  const members = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return JSON.parse(`{${members.join(",")}}`);
}
