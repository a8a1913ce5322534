/** GetItem: keys, projections, legacy AttributesToGet, capacity. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";
const KEY = { pk: { S: "k" }, sk: { N: "1" } };
const ITEM = {
  ...KEY,
  s: { S: "text" },
  n: { N: "42" },
  flags: { SS: ["a"] },
  l: { L: [{ S: "zero" }, { M: { a: { N: "1" }, b: { N: "2" } } }, { L: [{ S: "deep" }] }] },
  m: { M: { x: { M: { y: { S: "xy" }, z: { S: "xz" } } }, w: { S: "w" } } },
  "dotted.name": { S: "dot" },
};
beforeAll(async () => {
  table = await target.table({ range: "sk:N" });
  await target.ok("PutItem", { TableName: table, Item: ITEM });
});

const get = (more: JsonObject = {}) => target.ok("GetItem", { TableName: table, Key: KEY, ...more });
const refusal = (more: JsonObject) => target.refusal("GetItem", { TableName: table, Key: KEY, ...more });

describe("the item", () => {
  test("whole, by either consistency", async () => {
    expect(await get()).toEqual({ Item: ITEM });
    expect(await get({ ConsistentRead: true })).toEqual({ Item: ITEM });
  });

  test("absent: an empty answer", async () => {
    const answer = await target.call("GetItem", {
      TableName: table,
      Key: { pk: { S: "k" }, sk: { N: "2" } },
    });
    expect(answer.text).toBe("{}");
  });

  test("the key in another order of members", async () => {
    expect(
      await target.ok("GetItem", { TableName: table, Key: { sk: { N: "1.0" }, pk: { S: "k" } } }),
    ).toEqual({
      Item: ITEM,
    });
  });
});

describe("projection", () => {
  const projected = async (ProjectionExpression: string, ExpressionAttributeNames?: JsonObject) =>
    (
      await get({
        ProjectionExpression,
        ...(ExpressionAttributeNames === undefined ? {} : { ExpressionAttributeNames }),
      })
    )["Item"];

  test.each([
    ["s", { s: ITEM.s }],
    ["s, n", { s: ITEM.s, n: ITEM.n }],
    ["pk", { pk: ITEM.pk }],
    ["gone", {}],
    ["s, gone", { s: ITEM.s }],
    ["l[0]", { l: { L: [{ S: "zero" }] } }],
    ["l[2], l[0]", { l: { L: [{ S: "zero" }, { L: [{ S: "deep" }] }] } }],
    ["l[1].a, l[1].b", { l: { L: [{ M: { a: { N: "1" }, b: { N: "2" } } }] } }],
    ["l[1].b", { l: { L: [{ M: { b: { N: "2" } } }] } }],
    ["l[2][0]", { l: { L: [{ L: [{ S: "deep" }] }] } }],
    ["l[9]", {}],
    ["l[0].a", {}],
    ["l.a", {}],
    ["m[0]", {}],
    ["m.x.y", { m: { M: { x: { M: { y: { S: "xy" } } } } } }],
    ["m.x.y, m.w", { m: { M: { x: { M: { y: { S: "xy" } } }, w: { S: "w" } } } }],
    ["m . x . z , n", { m: { M: { x: { M: { z: { S: "xz" } } } } }, n: ITEM.n }],
    ["\ts\n,\r\nn ", { s: ITEM.s, n: ITEM.n }],
    ["s.a", {}],
    ["flags[0]", {}],
  ])("%j", async (expression, expected) => {
    expect(await projected(expression)).toEqual(expected as never);
  });

  test("through names, whose dots are letters", async () => {
    expect(await projected("#d", { "#d": "dotted.name" })).toEqual({ "dotted.name": { S: "dot" } });
    expect(await projected("m.#1.#_y", { "#1": "x", "#_y": "y" })).toEqual({
      m: { M: { x: { M: { y: { S: "xy" } } } } },
    });
  });

  test("AttributesToGet: top-level names only", async () => {
    expect(await get({ AttributesToGet: ["s", "missing", "dotted.name"] })).toEqual({
      Item: { s: ITEM.s, "dotted.name": { S: "dot" } },
    });
    expect(await get({ AttributesToGet: ["m.x", "missing"] })).toEqual({ Item: {} });
  });
});

describe("refusals of projections", () => {
  const projection = (message: string) => validation(`Invalid ProjectionExpression: ${message}`);
  const overlap = (one: string, two: string) =>
    projection(
      `Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`,
    );
  test.each([
    ["", projection("The expression can not be empty;")],
    ["name", projection("Attribute name is a reserved keyword; reserved keyword: name")],
    ["name, age", projection("Attribute name is a reserved keyword; reserved keyword: name")],
    ["a.Status", projection("Attribute name is a reserved keyword; reserved keyword: Status")],
    [
      "#a",
      projection("An expression attribute name used in the document path is not defined; attribute name: #a"),
    ],
    ["a,", projection('Syntax error; token: "<EOF>", near: ","')],
    ["a b", projection('Syntax error; token: "b", near: "a b"')],
    ["a, a", overlap("[a]", "[a]")],
    ["a, a.b", overlap("[a]", "[a, b]")],
    ["a[0], a[0].b", overlap("[a, [0]]", "[a, [0], b]")],
    [
      "a.b, a[1]",
      projection(
        "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]",
      ),
    ],
    [
      "a[99999999999999]",
      projection("List index is not within the allowable range; index: [99999999999999]"),
    ],
    [
      Array.from({ length: 33 }, () => "a").join("."),
      projection("The document path has too many nesting levels; nesting levels: 33"),
    ],
    [
      "a".repeat(4097),
      projection("Expression size has exceeded the maximum allowed size; expression size: 4097"),
    ],
  ])("%j", async (ProjectionExpression, expected) => {
    expect(await refusal({ ProjectionExpression })).toEqual(expected);
  });

  test.each([
    "a[-1]",
    "a[]",
    "a[x]",
    "_a",
    "1a",
    "a..b",
    ".a",
    "a.",
    "a[0",
    "a]",
    "size(a)",
    ":v",
    "a = b",
    "#",
    "a-b",
  ])("a syntax error: %j", async (ProjectionExpression) => {
    expect((await refusal({ ProjectionExpression })).message).toStartWith(
      "Invalid ProjectionExpression: Syntax error; token: ",
    );
  });

  test("paths that only names make equal", async () => {
    expect(await refusal({ ProjectionExpression: "s, #s", ExpressionAttributeNames: { "#s": "s" } })).toEqual(
      overlap("[s]", "[s]"),
    );
  });

  test("32 levels are fine", async () => {
    expect(await get({ ProjectionExpression: Array.from({ length: 32 }, () => "a").join(".") })).toEqual({
      Item: {},
    });
  });

  test("even when the item is absent", async () => {
    expect(
      await target.refusal("GetItem", {
        TableName: table,
        Key: { pk: { S: "absent" }, sk: { N: "1" } },
        ProjectionExpression: "a, a",
      }),
    ).toEqual(overlap("[a]", "[a]"));
  });
});

describe("other refusals", () => {
  const SCHEMA = validation("The provided key element does not match the schema");
  test.each([
    ["part of the key is missing", { Key: { pk: { S: "k" } } }, SCHEMA],
    ["a member too many", { Key: { ...KEY, other: { S: "x" } } }, SCHEMA],
    ["another name", { Key: { pk: { S: "k" }, other: { N: "1" } } }, SCHEMA],
    ["another type", { Key: { pk: { N: "1" }, sk: { N: "1" } } }, SCHEMA],
    ["no member", { Key: {} }, SCHEMA],
    [
      "an empty key value",
      { Key: { pk: { S: "" }, sk: { N: "1" } } },
      validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    ],
    [
      "a partition key of 2049 bytes",
      { Key: { pk: { S: "k".repeat(2049) }, sk: { N: "1" } } },
      invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes"),
    ],
    ["no table name", { TableName: null }, violated(null, "tableName", "Member must not be null")],
    ["no key", { Key: null }, violated(null, "key", "Member must not be null")],
    [
      "an empty table name",
      { TableName: "" },
      violated("", "tableName", "Member must have length greater than or equal to 1"),
    ],
    [
      "a table name of other characters",
      { TableName: "a;b" },
      violated("a;b", "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    ],
    [
      "a table name of 256 characters",
      { TableName: "a".repeat(256) },
      violated("a".repeat(256), "tableName", "Member must have length less than or equal to 255"),
    ],
    ["a table name of one character", { TableName: "a" }, notFound()],
    ["a table nobody created", { TableName: "no-such-table" }, notFound()],
    [
      "a capacity level nobody knows",
      { ReturnConsumedCapacity: "total" },
      violated(
        "total",
        "returnConsumedCapacity",
        "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
      ),
    ],
    [
      "no AttributesToGet in the list",
      { AttributesToGet: [] },
      violated("[]", "attributesToGet", "Member must have length greater than or equal to 1"),
    ],
    [
      "an attribute twice",
      { AttributesToGet: ["a", "b", "a"] },
      invalid("Duplicate value in attribute name: a"),
    ],
    [
      "both kinds of parameters",
      { AttributesToGet: ["a"], ProjectionExpression: "a" },
      validation(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
      ),
    ],
    [
      "names without an expression",
      { ExpressionAttributeNames: { "#a": "a" } },
      validation("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      "no names in the map",
      { ExpressionAttributeNames: {}, ProjectionExpression: "a" },
      validation("ExpressionAttributeNames must not be empty"),
    ],
    [
      "a placeholder that is none",
      { ExpressionAttributeNames: { foo: "a" }, ProjectionExpression: "a" },
      validation('ExpressionAttributeNames contains invalid key: Syntax error; key: "foo"'),
    ],
    [
      "names nobody uses",
      { ExpressionAttributeNames: { "#a": "a", "#b": "b", "#c": "c" }, ProjectionExpression: "#b" },
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #c}"),
    ],
  ])("%s", async (_, more, expected) => {
    expect(await refusal(more as unknown as JsonObject)).toEqual(expected);
  });

  test("no table name and no key: both are named", async () => {
    const { message } = await target.refusal("GetItem", {});
    expect(message).toStartWith("2 validation errors detected: ");
    expect(message).toContain("Value null at 'key' failed to satisfy constraint: Member must not be null");
    expect(message).toContain(
      "Value null at 'tableName' failed to satisfy constraint: Member must not be null",
    );
  });
});
