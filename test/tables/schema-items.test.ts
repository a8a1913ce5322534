import { describe, expect, test } from "bun:test";
import { TableSchema } from "../../src/tables/schema.ts";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import {
  create,
  definitionsOf,
  gsi,
  hashTable,
  invalid,
  keyOf,
  lsi,
  plain,
  refusal,
  sortTable,
} from "./schema-fixtures.ts";

const simple = new TableSchema(create({ ...hashTable, AttributeDefinitions: definitionsOf("pk:S") }));
const sorted = new TableSchema(
  create({
    ...sortTable,
    AttributeDefinitions: definitionsOf("pk:S sk:B"),
    KeySchema: keyOf("pk:HASH sk:RANGE"),
  }),
);
const numeric = new TableSchema(create(sortTable));
const indexed = new TableSchema(
  create({
    ...hashTable,
    AttributeDefinitions: definitionsOf("pk:S sk:N a:S b:N c:B"),
    KeySchema: keyOf("pk:HASH sk:RANGE"),
    LocalSecondaryIndexes: [lsi("m-local", "pk:HASH a:RANGE")],
    GlobalSecondaryIndexes: [
      gsi("z-last", "a:HASH c:RANGE", {
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "pk"] },
      }),
      gsi("b-first", "b:HASH pk:RANGE", { Projection: { ProjectionType: "KEYS_ONLY" } }),
      gsi("many", "a:HASH b:HASH c:RANGE"),
    ],
  }),
);

const base64 = (bytes: number) => Buffer.alloc(bytes, 1).toString("base64");
const key = (pk: string, sk: number): Item => ({ pk: { S: pk }, sk: { N: String(sk) } });
const put = (schema: TableSchema, item: Item) => refusal(() => schema.checkItem(item));

const mismatch = plain("The provided key element does not match the schema");
const hashTooLong = invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes");
const rangeTooLong = invalid("Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
const empty = (kind: string, name: string) =>
  plain(
    "One or more parameter values are not valid. " +
      `The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
  );

describe("keys", () => {
  test.each<[string, TableSchema, Item, string]>([
    ["exact", sorted, { sk: { B: "AQ==" }, pk: { S: "a" } }, "none"],
    ["nothing", simple, {}, mismatch],
    ["an attribute missing", sorted, { pk: { S: "a" } }, mismatch],
    ["an attribute too many", simple, { pk: { S: "a" }, sk: { S: "b" } }, mismatch],
    ["another name", simple, { PK: { S: "a" } }, mismatch],
    ["another type", simple, { pk: { N: "1" } }, mismatch],
    ["a type that is no key's", simple, { pk: { M: {} } }, mismatch],
    ["an empty string", simple, { pk: { S: "" } }, empty("string", "pk")],
    ["an empty binary", sorted, { pk: { S: "a" }, sk: { B: "" } }, empty("binary", "sk")],
    ["the longest partition key", simple, { pk: { S: "a".repeat(2048) } }, "none"],
    ["a partition key too long", simple, { pk: { S: "a".repeat(2049) } }, hashTooLong],
    ["UTF-8 bytes count", simple, { pk: { S: "é".repeat(1025) } }, hashTooLong],
    ["the longest sort key", sorted, { pk: { S: "a" }, sk: { B: base64(1024) } }, "none"],
    [
      "a sort key too long: raw bytes count",
      sorted,
      { pk: { S: "a" }, sk: { B: base64(1025) } },
      rangeTooLong,
    ],
    ["numbers are never empty or long", numeric, { pk: { S: "a" }, sk: { N: "0" } }, "none"],
  ])("%s", (_name, schema, given, expected) => {
    expect(refusal(() => schema.checkKey(given))).toBe(expected);
  });

  test("names of objects are not found by accident", () => {
    const schema = new TableSchema(
      create({
        ...hashTable,
        AttributeDefinitions: definitionsOf("constructor:S __proto__:S"),
        KeySchema: keyOf("constructor:HASH __proto__:RANGE"),
      }),
    );
    expect(refusal(() => schema.checkKey({ a: { S: "x" }, b: { S: "x" } }))).toBe(mismatch);
    const item = JSON.parse('{"__proto__":{"S":"x"},"constructor":{"S":"y"},"z":{"S":"z"}}') as Item;
    expect(put(schema, item)).toBe("none");
    expect(JSON.stringify(schema.keyOf(item))).toBe('{"constructor":{"S":"y"},"__proto__":{"S":"x"}}');
  });
});

describe("items to put", () => {
  test.each<[string, TableSchema, Item, string]>([
    ["a whole item", indexed, { ...key("a", 1), other: { BOOL: true } }, "none"],
    ["no partition key", simple, { a: { S: "b" } }, invalid("Missing the key pk in the item")],
    ["no sort key", indexed, { pk: { S: "a" } }, invalid("Missing the key sk in the item")],
    [
      "a partition key of another type",
      simple,
      { pk: { N: "1" } },
      invalid("Type mismatch for key pk expected: S actual: N"),
    ],
    [
      "a sort key of another type",
      indexed,
      { pk: { S: "a" }, sk: { NULL: true } },
      invalid("Type mismatch for key sk expected: N actual: NULL"),
    ],
    ["an empty key", simple, { pk: { S: "" } }, empty("string", "pk")],
    ["a long key", simple, { pk: { S: "a".repeat(2049) } }, hashTooLong],
    [
      "an index key of another type",
      indexed,
      { ...key("a", 1), c: { S: "x" } },
      invalid("Type mismatch for Index Key c Expected: B Actual: S IndexName: many"),
    ],
    [
      "NULL in an index key",
      indexed,
      { ...key("a", 1), b: { NULL: true } },
      invalid("Type mismatch for Index Key b Expected: N Actual: NULL IndexName: b-first"),
    ],
    [
      "several violations: the first index by name",
      indexed,
      { ...key("a", 1), a: { N: "1" }, b: { S: "x" } },
      invalid("Type mismatch for Index Key b Expected: N Actual: S IndexName: b-first"),
    ],
    [
      "an empty index key",
      indexed,
      { ...key("a", 1), c: { B: "" } },
      plain(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
          "The AttributeValue for a key attribute cannot contain an empty binary value. IndexName: many, IndexKey: c",
      ),
    ],
    [
      "a long partition key of an index",
      indexed,
      { ...key("a", 1), a: { S: "a".repeat(1025) } },
      rangeTooLong,
    ],
    ["a long sort key of an index", indexed, { ...key("a", 1), c: { B: base64(1025) } }, rangeTooLong],
    ["the table's partition key, too long as a sort key", indexed, key("a".repeat(1025), 1), rangeTooLong],
    ["sparse", indexed, { ...key("a", 1), a: { S: "x" } }, "none"],
  ])("%s", (_name, schema, item, expected) => {
    expect(put(schema, item)).toBe(expected);
  });

  test("attributes of one role share the limit", () => {
    const schema = new TableSchema(
      create({
        ...hashTable,
        AttributeDefinitions: definitionsOf("pk:S a:S b:S c:S d:S"),
        GlobalSecondaryIndexes: [gsi("gsi", "a:HASH b:HASH c:RANGE d:RANGE")],
      }),
    );
    const item = (hash: number, range: number): Item => ({
      pk: { S: "k" },
      a: { S: "a".repeat(1024) },
      b: { S: "b".repeat(hash) },
      c: { S: "c".repeat(512) },
      d: { S: "d".repeat(range) },
    });
    expect(put(schema, item(1024, 512))).toBe("none");
    expect(put(schema, item(1025, 512))).toBe(hashTooLong);
    expect(put(schema, item(1024, 513))).toBe(rangeTooLong);
  });

  test("in batches, a bad table key has other words; index keys have the same", () => {
    const batch = (item: Item) => refusal(() => indexed.checkBatchItem(item));
    expect(batch({ pk: { S: "a" } })).toBe(mismatch);
    expect(batch({ ...key("a", 1), pk: { N: "1" } })).toBe(mismatch);
    expect(batch(key("", 1))).toBe(empty("string", "pk"));
    expect(batch({ ...key("a", 1), b: { S: "x" } })).toBe(
      invalid("Type mismatch for Index Key b Expected: N Actual: S IndexName: b-first"),
    );
    expect(batch({ ...key("a", 1), other: { L: [] } })).toBe("none");
  });
});

describe("updated items", () => {
  const updated = (previous: Item | undefined, next: Item) =>
    refusal(() => indexed.checkUpdatedItem(previous, next));
  const wrong: Item = { ...key("a", 1), b: { S: "x" } };
  const mismatchOfB = invalid("Type mismatch for Index Key b Expected: N Actual: S IndexName: b-first");

  test("only index keys that changed are looked at", () => {
    const unsupported = plain(
      "The update expression attempted to update the secondary index key to unsupported type",
    );
    expect(updated(undefined, wrong)).toBe(unsupported);
    expect(updated(key("a", 1), wrong)).toBe(unsupported);
    expect(updated(wrong, wrong)).toBe("none");
    expect(updated(wrong, { ...wrong, b: { S: "x" }, other: { S: "y" } })).toBe("none");
    expect(updated(wrong, { ...wrong, b: { S: "y" } })).toBe(unsupported);
    expect(updated(wrong, key("a", 1))).toBe("none");
  });

  test("constants are judged before the item is known, in the words of a put", () => {
    const constants = (name: string, value: AttributeValue) =>
      refusal(() => indexed.checkUpdateConstants(new Map([[name, value]])));
    expect(constants("b", { S: "x" })).toBe(mismatchOfB);
    expect(constants("other", { S: "x" })).toBe("none");
    expect(constants("a", { S: "" })).toContain("attempted to update a secondary index key to a value");
  });

  test("empty and long ones", () => {
    expect(updated(key("a", 1), { ...key("a", 1), a: { S: "" } })).toBe(
      plain(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key to " +
          "a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
      ),
    );
    expect(updated(key("a", 1), { ...key("a", 1), a: { S: "a".repeat(1025) } })).toBe(rangeTooLong);
  });
});

describe("paths", () => {
  const targets = (...paths: (string | number)[][]) => refusal(() => indexed.checkUpdateTargets(paths));
  const nested = (label: string) =>
    plain(
      `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ${label}`,
    );

  test.each<[(string | number)[][], string]>([
    [[["x"], ["x", "pk"], ["y", 0]], "none"],
    [[["a"], ["b"]], "none"],
    [[["x"], ["pk"]], invalid("Cannot update attribute pk. This attribute is part of the key")],
    [[["sk"]], invalid("Cannot update attribute sk. This attribute is part of the key")],
    [[["pk", "x"]], nested("Key: pk")],
    [[["sk", 0]], nested("Key: sk")],
    [[["x"], ["a", "x"]], nested("IndexKey: a")],
    [[["c", 1]], nested("IndexKey: c")],
  ])("update of %j", (paths, expected) => {
    expect(targets(...paths)).toBe(expected);
  });

  test("in other expressions keys may be named, not looked into", () => {
    expect(refusal(() => indexed.checkPaths([["pk"], ["a"], ["x", 1]]))).toBe("none");
    expect(refusal(() => indexed.checkPaths([["pk"], ["sk", 1]]))).toBe(nested("Key: sk"));
  });
});

describe("what reads and writes ask", () => {
  test("the key schema and the indexes by name", () => {
    expect(indexed.keySchema).toEqual({
      partition: [{ name: "pk", type: "S" }],
      sort: [{ name: "sk", type: "N" }],
    });
    expect(indexed.indexes.map((index) => index.indexName)).toEqual(["b-first", "m-local", "many", "z-last"]);
    expect(indexed.index("nope")).toBeUndefined();
    expect(indexed.index("many")).toMatchObject({
      kind: "global",
      keySchema: {
        partition: [
          { name: "a", type: "S" },
          { name: "b", type: "N" },
        ],
        sort: [{ name: "c", type: "B" }],
      },
      projected: undefined,
      readable: true,
    });
    expect(indexed.index("m-local")?.kind).toBe("local");
  });

  test("what an index holds: its keys, the table's, and what it projects, each once", () => {
    expect(indexed.index("b-first")?.projected).toEqual(["b", "pk", "sk"]);
    expect(indexed.index("z-last")?.projected).toEqual(["a", "c", "pk", "sk", "x"]);
  });

  test("an index in the making is not readable", () => {
    const record = create({ ...hashTable, GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH")] });
    const readable = (indexStatus: "CREATING" | "UPDATING" | "DELETING") =>
      new TableSchema({
        ...record,
        globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) => ({ ...index, indexStatus })),
      }).index("gsi")?.readable;
    expect([readable("CREATING"), readable("UPDATING"), readable("DELETING")]).toEqual([false, true, false]);
  });

  test("the key of an item, in key order", () => {
    const item: Item = { x: { S: "x" }, sk: { N: "1" }, pk: { S: "a" } };
    expect(JSON.stringify(indexed.keyOf(item))).toBe('{"pk":{"S":"a"},"sk":{"N":"1"}}');
  });
});
