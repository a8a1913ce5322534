import { expect, test } from "bun:test";
import fc from "fast-check";
import { AttributePicker } from "../../src/values/attribute-picker.ts";
import { attribute, type RawItem } from "../../src/values/attribute-value.ts";
import { decodeRow, encodeRow } from "../../src/values/item-codec.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { attributeName, rawItem } from "./arbitraries.ts";

/** Text of what scanners trip over: quotes, escapes, brackets, the beginnings of members; short and long. */
const treacherous = fc.oneof(
  fc.string({
    unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ":", ",", "a", "é", "\n"),
    maxLength: 60,
    size: "max",
  }),
  fc.constantFrom('"a":{"S":"x"}', '\\"a\\":{', "}},", "\\".repeat(40), `${"x".repeat(30)}\\`, '{"S":"'),
);
const treacherousItem = fc.dictionary(
  fc.oneof(treacherous, attributeName).filter((name) => name !== ""),
  fc.oneof(
    treacherous.map((S) => ({ S })),
    treacherous.map((S) => ({ M: { a: { S }, [`${S}b`]: { N: "1" } } })),
    treacherous.map((S) => ({ L: [{ S }, { M: { a: { NULL: true } } }, { BOOL: false }] })),
    fc.uniqueArray(treacherous, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
  ),
  { maxKeys: 6 },
);

function samePicks(raw: RawItem, names: readonly string[], padding: number): void {
  const { item, size } = normalizeItem(raw);
  const row = encodeRow(item, size);
  const chunk = Buffer.alloc(padding + row.length + padding, "}");
  chunk.set(row, padding);
  const whole = decodeRow(row);
  const picked = new AttributePicker(names).pick(chunk, padding, padding + row.length);
  for (const name of names) {
    expect(JSON.stringify(attribute(picked, name))).toBe(JSON.stringify(attribute(whole, name)));
  }
}

for (const [what, items] of [
  ["any items", rawItem()],
  ["items full of quotes, escapes and brackets", treacherousItem],
] as const) {
  test(`picked attributes are those of the whole item: ${what}`, () => {
    fc.assert(
      fc.property(
        items,
        fc.array(fc.oneof(attributeName, treacherous), { maxLength: 4 }),
        fc.array(fc.nat(5), { maxLength: 9 }),
        fc.nat(3),
        (raw, others, own, padding) => {
          const present = Object.keys(raw);
          const names = own.flatMap((at) => present[at % Math.max(1, present.length)] ?? []);
          samePicks(raw, [...others, ...names], padding);
        },
      ),
      { numRuns: 1500 },
    );
  });
}

test("whoever wants many attributes gets them all", () => {
  const names = Array.from({ length: 40 }, (_, at) => `name ${at}`);
  const raw = Object.fromEntries(names.map((name, at) => [name, { N: String(at) }]));
  samePicks(raw, [...names, "absent"], 1);
  samePicks(raw, names.slice(7, 15), 0);
});
