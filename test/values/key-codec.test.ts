import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import { compareValues, equalItems } from "../../src/values/compare.ts";
import { pickAttributes } from "../../src/values/document-path.ts";
import { encodePartition, indexKeyEncoder, tableKeyEncoder } from "../../src/values/key-codec.ts";
import type { KeySchema, KeyType } from "../../src/values/key-schema.ts";
import { keyItem, keySchema } from "./key-arbitraries.ts";

const hex = (key: string) => Buffer.from(key, "latin1").toString("hex");

/** Order of items of one partition by their sort attributes. */
function compareSort(schema: KeySchema, a: Item, b: Item): number {
  for (const { name } of schema.sort) {
    const [x, y] = [a[name], b[name]];
    if (x === undefined || y === undefined) throw new Error("keys are complete");
    const order = compareValues(x, y) ?? Number.NaN;
    if (order !== 0) return order;
  }
  return 0;
}

const order = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

describe("properties", () => {
  const table = fc
    .tuple(keySchema(1, 1), fc.boolean())
    .map(([schema, hashOnly]): KeySchema => (hashOnly ? { ...schema, sort: [] } : schema));

  test("table keys are equal exactly when the keys are", () => {
    const keys = table.chain((schema) => fc.tuple(fc.constant(schema), keyItem(schema), keyItem(schema)));
    fc.assert(
      fc.property(keys, ([schema, a, b]) => {
        const encode = tableKeyEncoder(schema);
        expect(encode(a) === encode(b)).toBe(equalItems(a, b));
        expect(/^[\0-\xff]*$/.test(encode(a))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("table rows of a partition are in order of their sort keys", () => {
    const keys = keySchema(1, 1).chain((schema) =>
      fc.tuple(fc.constant(schema), keyItem(schema), keyItem(schema)),
    );
    fc.assert(
      fc.property(keys, ([schema, a, other]) => {
        const b = { ...other, p0: a["p0"] ?? { NULL: true } };
        const encode = tableKeyEncoder(schema);
        expect(order(encode(a), encode(b))).toBe(Math.sign(compareSort(schema, a, b)));
      }),
      { numRuns: 2000 },
    );
  });

  test("index rows of a partition are in order of all their sort attributes, whatever the table keys", () => {
    const keys = keySchema(4, 4).chain((schema) =>
      fc.tuple(fc.constant(schema), keyItem(schema), keyItem(schema), fc.string(), fc.string()),
    );
    fc.assert(
      fc.property(keys, ([schema, a, other, tableKeyA, tableKeyB]) => {
        const b = {
          ...other,
          ...pickAttributes(
            a,
            schema.partition.map(({ name }) => name),
          ),
        };
        const encode = indexKeyEncoder(schema);
        const [x, y] = [encode(a, tableKeyA), encode(b, tableKeyB)];
        const expected = Math.sign(compareSort(schema, a, b));
        if (expected === 0) expect(x === y).toBe(tableKeyA === tableKeyB);
        else expect(order(x, y)).toBe(expected);
      }),
      { numRuns: 1500 },
    );
  });

  test("partitions are prefix-free: no row lies under another partition", () => {
    const pairs = keySchema(4, 0).chain((schema) =>
      fc.tuple(fc.constant(schema), keyItem(schema), keyItem(schema)),
    );
    fc.assert(
      fc.property(pairs, ([schema, a, b]) => {
        const values = (item: Item) =>
          schema.partition.map(({ name }): AttributeValue => item[name] ?? { NULL: true });
        const [x, y] = [encodePartition(values(a)), encodePartition(values(b))];
        expect(y.startsWith(x)).toBe(equalItems(a, b));
      }),
      { numRuns: 2000 },
    );
  });

  test("other attributes do not matter", () => {
    const encode = tableKeyEncoder({ partition: [{ name: "p", type: "S" }], sort: [] });
    const key: Item = { p: { S: "x" } };
    expect(encode({ a: { S: "y" }, ...key })).toBe(encode(key));
  });
});

describe("frozen format", () => {
  const schemaOf = (partition: KeyType, sort?: KeyType): KeySchema => ({
    partition: [{ name: "p", type: partition }],
    sort: sort === undefined ? [] : [{ name: "s", type: sort }],
  });

  test.each<[string, KeySchema, Item, string]>([
    ["a string", schemaOf("S"), { p: { S: "abc" } }, "d0f18b31|03|616263"],
    ["beyond ASCII", schemaOf("S"), { p: { S: "é" } }, "7487ca25|02|c3a9"],
    ["a number", schemaOf("N"), { p: { N: "-12.5" } }, "12a56581|05|2d31322e35"],
    ["bytes", schemaOf("B"), { p: { B: "AP8=" } }, "93b6cafc|02|00ff"],
    [
      "a string and a string",
      schemaOf("S", "S"),
      { p: { S: "abc" }, s: { S: "a\u0000é" } },
      "|03|616263|6100c3a9",
    ],
    ["a string and a number", schemaOf("S", "N"), { p: { S: "abc" }, s: { N: "12" } }, "|03|616263|80840d00"],
    ["a string and bytes", schemaOf("S", "B"), { p: { S: "abc" }, s: { B: "AAH/" } }, "|03|616263|0001ff"],
  ])("%s", (_, schema, item, expected) => {
    const key = hex(tableKeyEncoder(schema)(item));
    const [hash, ...rest] = expected.split("|");
    expect(key.slice(8)).toBe(rest.join(""));
    expect(hash).toBe(hash === "" ? "" : key.slice(0, 8));
  });

  test("partition keys of more than 255 bytes are digested", () => {
    const digest = (text: string) => createHash("sha256").update(text, "utf8").digest("hex");
    const partition = (S: string) => hex(encodePartition([{ S }])).slice(8);
    expect(partition("x".repeat(255))).toBe(`ff${"78".repeat(255)}`);
    expect(partition("x".repeat(256))).toBe(`00${digest("x".repeat(256))}`);
    expect(partition("é".repeat(128))).toBe(`00${digest("é".repeat(128))}`);
  });

  test("several partition attributes and sort attributes are delimited, and the table's key digested", () => {
    const schema: KeySchema = {
      partition: [
        { name: "a", type: "S" },
        { name: "b", type: "N" },
      ],
      sort: [
        { name: "c", type: "B" },
        { name: "d", type: "S" },
      ],
    };
    const item: Item = { a: { S: "x\u0000" }, b: { N: "1" }, c: { B: "AA==" }, d: { S: "y" } };
    const tableKey = "\x00\xff\x80key";
    const digest = createHash("sha256").update(tableKey, "latin1").digest("hex").slice(0, 32);
    const key = hex(indexKeyEncoder(schema)(item, tableKey));
    expect(key.slice(8)).toBe(`097800ff000180830b00${"00ff0001"}${"790001"}${digest}`);
  });

  test("hashes spread close keys over the whole range", () => {
    const buckets = new Array<number>(16).fill(0);
    for (let at = 0; at < 16_000; at++) {
      const bucket = encodePartition([{ S: `user#${at}` }]).charCodeAt(0) >> 4;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    expect(Math.min(...buckets)).toBeGreaterThan(850);
    expect(Math.max(...buckets)).toBeLessThan(1150);
  });
});

test("a key attribute of another type is a broken promise", () => {
  const encode = tableKeyEncoder({ partition: [{ name: "p", type: "S" }], sort: [] });
  const wrong: AttributeValue = { N: "1" };
  expect(() => encode({ p: wrong })).toThrow("schema's type");
  expect(() => encode({})).toThrow("schema's type");
});
