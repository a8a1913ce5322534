/** Small items and values for model tests: few names, few values, so that conditions and updates often meet what they look for. */
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";

const strings = ["", "a", "ab", "b", "\uffff", "😀"];
const numbers = ["-1", "0", "0.5", "1", "2", "10"];
const binaries = ["", "AQ==", "AQI=", "/w=="];

const some = (members: string[]) => fc.subarray(members, { minLength: 1 });

export const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  fc.constantFrom(...strings).map((S) => ({ S })),
  fc.constantFrom(...numbers).map((N) => ({ N })),
  fc.constantFrom(...binaries).map((B) => ({ B })),
);

/** Normalised values of all types, nested at most `depth` levels deep. */
export const value = (depth: number): fc.Arbitrary<AttributeValue> => {
  const flat: fc.Arbitrary<AttributeValue> = fc.oneof(
    scalar,
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant<AttributeValue>({ NULL: true }),
    some(strings).map((SS) => ({ SS })),
    some(numbers).map((NS) => ({ NS })),
    some(binaries).map((BS) => ({ BS })),
  );
  if (depth === 0) return flat;
  const map = fc.dictionary(fc.constantFrom("x", "y"), value(depth - 1)).map(copy);
  return fc.oneof(
    { weight: 3, arbitrary: flat },
    { weight: 1, arbitrary: fc.array(value(depth - 1), { maxLength: 4 }).map((L) => ({ L })) },
    { weight: 1, arbitrary: map.map((M) => ({ M })) },
  );
};

/** Items with attributes a to d, of which c often is a map and d a list. */
export const item: fc.Arbitrary<Item> = fc
  .record(
    {
      a: value(1),
      b: value(0),
      c: fc.oneof(
        value(1),
        fc.dictionary(fc.constantFrom("x", "y"), value(1)).map((M) => ({ M: copy(M) })),
      ),
      d: fc.oneof(
        value(1),
        fc.array(value(1), { maxLength: 5 }).map((L) => ({ L })),
      ),
    },
    { requiredKeys: [] },
  )
  .map(copy);

/** With the usual prototype. */
function copy(entries: Item): Item {
  return JSON.parse(JSON.stringify(entries));
}
