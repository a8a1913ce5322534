/** What a request spends on attribute values: `bun bench/micro/values.bench.ts`. */
import { bench, group, run, summary } from "mitata";
import { compileCondition } from "../../src/expressions/condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileUpdate } from "../../src/expressions/update.ts";
import type { Item, RawItem } from "../../src/values/attribute-value.ts";
import { decodeRow, encodeRow } from "../../src/values/item-codec.ts";
import { indexKeyEncoder, tableKeyEncoder } from "../../src/values/key-codec.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { itemSize } from "../../src/values/size.ts";

/** An order of about 1 KB as JSON. */
const order = (at: number): RawItem => ({
  pk: { S: `customer#${at}` },
  sk: { S: `order#2026-01-01#${at}` },
  name: { S: "John Quincy Public" },
  email: { S: "john.public@example.com" },
  age: { N: "42" },
  amount: { N: "199.5" },
  active: { BOOL: true },
  tags: { SS: ["a", "b", "c"] },
  address: {
    M: {
      street: { S: "12 Long Road" },
      city: { S: "Springfield" },
      zip: { N: "12345" },
      place: { L: [{ N: "12.34" }, { N: "56.78" }] },
    },
  },
  notes: { S: "x".repeat(440) },
  history: {
    L: [
      { M: { at: { N: "1700000000" }, what: { S: "created" } } },
      { M: { at: { N: "1700000001" }, what: { S: "updated" } } },
    ],
  },
});

const COUNT = 256;
const texts = Array.from({ length: COUNT }, (_, at) => JSON.stringify(order(at)));
const raws: readonly RawItem[] = texts.map((text) => JSON.parse(text));
const normals = raws.map((raw) => normalizeItem(raw));
const rows = normals.map(({ item, size }) => encodeRow(item, size));

let turn = 0;
/** A different one each time, so that nothing is measured twice on the same object. */
function next<T>(all: readonly T[]): T {
  const one = all[turn++ & (COUNT - 1)];
  if (one === undefined) throw new Error("the list is full");
  return one;
}

const parsed = (text: string): RawItem => JSON.parse(text);

group(`item of ${texts[0]?.length} bytes of JSON`, () => {
  summary(() => {
    bench("JSON.stringify (measure)", () => JSON.stringify(next(normals).item));
    bench("normalise", () => normalizeItem(next(raws)));
    bench("parse", () => parsed(next(texts)));
    bench("parse + normalise + encodeRow", () => {
      const { item, size } = normalizeItem(parsed(next(texts)));
      return encodeRow(item, size);
    });
    bench("encodeRow", () => {
      const { item, size } = next(normals);
      return encodeRow(item, size);
    });
    bench("itemSize", () => itemSize(next(normals).item));
    bench("decodeRow", () => decodeRow(next(rows)));
  });
});

const items: readonly Item[] = normals.map(({ item }) => item);
const hashKey = tableKeyEncoder({ partition: [{ name: "pk", type: "S" }], sort: [] });
const tableKey = tableKeyEncoder({
  partition: [{ name: "pk", type: "S" }],
  sort: [{ name: "sk", type: "S" }],
});
const numberKey = tableKeyEncoder({
  partition: [{ name: "pk", type: "S" }],
  sort: [{ name: "amount", type: "N" }],
});
const indexKey = indexKeyEncoder({
  partition: [{ name: "email", type: "S" }],
  sort: [{ name: "age", type: "N" }],
});
const keys = items.map(tableKey);

group("row keys", () => {
  summary(() => {
    bench("string", () => hashKey(next(items)));
    bench("string and string", () => tableKey(next(items)));
    bench("string and number", () => numberKey(next(items)));
    bench("index: string and number", () => indexKey(next(items), next(keys)));
  });
});

const update = "SET amount = amount + :n, active = :t";
const values: RawItem = { ":n": { N: "1" }, ":t": { BOOL: false } };
const compiled = compileUpdate(update, new Placeholders(undefined, values));
const filter = compileCondition(
  "FilterExpression",
  "age > :n AND begins_with(email, :s)",
  new Placeholders(undefined, { ":n": { N: "30" }, ":s": { S: "john" } }),
);

group("expressions", () => {
  summary(() => {
    bench("compile attribute_not_exists(pk)", () =>
      compileCondition(
        "ConditionExpression",
        "attribute_not_exists(pk)",
        new Placeholders(undefined, undefined),
      ),
    );
    bench("compile an update of two attributes", () =>
      compileUpdate(update, new Placeholders(undefined, values)),
    );
    bench("apply it", () => compiled.apply(next(items), {}));
    bench("test a filter", () => filter.test(next(items)));
  });
});

await run();
