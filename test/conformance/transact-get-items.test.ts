/** TransactGetItems: what it reads, what it costs, why it is cancelled, what it refuses, at each limit's edge. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type Refusal, refusalOf } from "../support/call.ts";
import { type JsonObject, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";
let other = "";

const key = (pk: string) => ({ pk: { S: pk } });
const row = (at: number) => ({ ...key(`r${at}`), n: { N: String(at) }, m: { M: { a: { S: "x" } } } });
const pair = (at: number) => ({ ...key("p"), sk: { N: String(at) } });
const numbered = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

beforeAll(async () => {
  table = await target.table();
  other = await target.table({ range: "sk:N" });
  await target.ok("BatchWriteItem", {
    RequestItems: {
      [table]: numbered(5, (at) => ({ PutRequest: { Item: row(at) } })),
      [other]: numbered(5, (at) => ({ PutRequest: { Item: pair(at) } })),
    },
  });
});

const get = (Key: JsonObject, more: JsonObject = {}) => ({ Get: { TableName: table, Key, ...more } });
const ofOther = (Key: JsonObject) => ({ Get: { TableName: other, Key } });
const read = (TransactItems: readonly JsonObject[], more: JsonObject = {}) =>
  target.ok("TransactGetItems", { TransactItems, ...more });
const refusal = (TransactItems: unknown) => target.refusal("TransactGetItems", { TransactItems });

describe("what it reads", () => {
  test("items in the order asked for, of several tables; an empty response where there is none", async () => {
    expect(await read([get(key("r2")), ofOther(pair(3)), get(key("absent")), get(key("r0"))])).toEqual({
      Responses: [{ Item: row(2) }, { Item: pair(3) }, {}, { Item: row(0) }],
    });
  });

  test("what each projection picks; an empty response where it picks nothing", async () => {
    expect(
      await read([
        get(key("r1"), { ProjectionExpression: "#n, m.a", ExpressionAttributeNames: { "#n": "n" } }),
        get(key("r2"), { ProjectionExpression: "nothing" }),
        get(key("absent"), { ProjectionExpression: "pk" }),
      ]),
    ).toEqual({ Responses: [{ Item: { n: { N: "1" }, m: { M: { a: { S: "x" } } } } }, {}, {}] });
  });

  test("a table named by its ARN", async () => {
    const { Table } = (await target.ok("DescribeTable", { TableName: table })) as {
      Table: { TableArn: string };
    };
    expect(
      await read([{ Get: { TableName: Table.TableArn, Key: key("r1") } }], {
        ReturnConsumedCapacity: "TOTAL",
      }),
    ).toEqual({
      Responses: [{ Item: row(1) }],
      ConsumedCapacity: [{ TableName: Table.TableArn, CapacityUnits: 2, ReadCapacityUnits: 2 }],
    });
  });

  test("100 items", async () => {
    const answer = await read(numbered(100, (at) => get(key(`r${at}`))));
    expect(answer["Responses"]).toEqual(numbered(100, (at) => (at < 5 ? { Item: row(at) } : {})));
  });

  test("what was acknowledged a moment ago", async () => {
    for (let at = 0; at < 20; at += 1) {
      const item = { ...key("moment"), n: { N: String(at) } };
      await target.ok("PutItem", { TableName: table, Item: item });
      expect(await read([get(key("moment"))])).toEqual({ Responses: [{ Item: item }] });
    }
  });
});

describe("capacity", () => {
  test("two units for each 4 KB of each item, absent ones included", async () => {
    await target.ok("PutItem", { TableName: table, Item: { ...key("large"), v: { S: "x".repeat(5000) } } });
    const figure = (units: number) => ({ CapacityUnits: units, ReadCapacityUnits: units });
    const items = [get(key("large")), ofOther(pair(1)), get(key("r1")), get(key("absent"))];
    const expected = [
      { TableName: table, units: 8 },
      { TableName: other, units: 2 },
    ].sort((a, b) => (a.TableName < b.TableName ? -1 : 1));
    const total = await read(items, { ReturnConsumedCapacity: "TOTAL" });
    expect(total["ConsumedCapacity"]).toEqual(
      expected.map(({ TableName, units }) => ({ TableName, ...figure(units) })),
    );
    const detailed = await read(items, { ReturnConsumedCapacity: "INDEXES" });
    expect(detailed["ConsumedCapacity"]).toEqual(
      expected.map(({ TableName, units }) => ({ TableName, ...figure(units), Table: figure(units) })),
    );
  });

  test("figures are doubles", async () => {
    const { text } = await target.call("TransactGetItems", {
      TransactItems: [get(key("r1"))],
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(text).toContain('"CapacityUnits":2.0,"ReadCapacityUnits":2.0');
  });
});

describe("why it is cancelled", () => {
  const mismatch = "The provided key element does not match the schema";
  const empty =
    "One or more parameter values are not valid. " +
    "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk";
  test.each([
    ["a key of another type", { pk: { N: "1" } }, mismatch],
    ["no key", {}, mismatch],
    ["too much of a key", pair(1), mismatch],
    ["an empty key", key(""), empty],
    [
      "a key that is too long",
      key("x".repeat(2049)),
      "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
    ],
  ])("%s", async (_, wrong, Message) => {
    const TransactItems = [get(key("r1")), get(wrong), ofOther(key("half"))];
    const answer = await target.call("TransactGetItems", { TransactItems });
    expect(refusalOf(answer)).toEqual({
      status: 400,
      type: "TransactionCanceledException",
      message:
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError, None]",
    });
    expect((answer.body as JsonObject)["CancellationReasons"]).toEqual([
      { Code: "None" },
      { Code: "ValidationError", Message },
      { Code: "None" },
    ]);
  });
});

describe("what it refuses", () => {
  test("no items", async () => {
    expect(await refusal([])).toEqual(
      violated("[]", "transactItems", "Member must have length greater than or equal to 1"),
    );
  });

  test("101 items", async () => {
    const { type, message } = await refusal(numbered(101, (at) => get(key(`r${at}`))));
    expect(type).toBe("ValidationException");
    expect(message).toStartWith("1 validation error detected: Value '[");
    expect(message).toEndWith(
      "' at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100",
    );
  });

  test("4 MB of items are read, more are refused", async () => {
    const limit = 4 << 20;
    const names = numbered(11, (at) => `size${String(at).padStart(2, "0")}`);
    const bytesBesideText = "pk".length + "size00".length + "v".length;
    const last = limit - 11 * bytesBesideText - 10 * 400_000;
    const write = (bytes: number, at: number) =>
      target.ok("PutItem", {
        TableName: table,
        Item: { ...key(names[at] ?? ""), v: { S: "x".repeat(bytes) } },
      });
    for (const at of names.keys()) await write(at < 10 ? 400_000 : last, at);
    const items = names.map((name) => get(key(name), { ProjectionExpression: "pk" }));
    expect((await read(items))["Responses"]).toEqual(names.map((name) => ({ Item: key(name) })));
    await write(last + 1, 10);
    const { type, message } = await refusal(items);
    expect(type).toBe("ValidationException");
    expect(message).toContain("size cannot exceed");
  });

  const twice = validation("Transaction request cannot include multiple operations on one item");
  test.each([
    ["an item twice", () => [get(key("r1")), get(key("r2")), get(key("r1"))], twice],
    [
      "an item twice, its number written in two ways",
      () => ["1", "1e0"].map((N) => ofOther({ ...key("p"), sk: { N } })),
      twice,
    ],
    [
      "a table that is not there",
      () => [get(key("r1")), { Get: { TableName: target.freshName(), Key: key("r1") } }],
      notFound(),
    ],
    [
      "an action that is no get",
      () => [{}],
      violated(null, "transactItems.1.member.get", "Member must not be null"),
    ],
    [
      "a projection that is none",
      () => [get(key("r1"), { ProjectionExpression: "a," })],
      validation('Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","'),
    ],
    [
      "an undefined name",
      () => [get(key("r1"), { ProjectionExpression: "#a" })],
      validation(
        "Invalid ProjectionExpression: " +
          "An expression attribute name used in the document path is not defined; attribute name: #a",
      ),
    ],
    [
      "unused names",
      () => [get(key("r1"), { ProjectionExpression: "a", ExpressionAttributeNames: { "#a": "a" } })],
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ],
    [
      "names without an expression",
      () => [get(key("r1"), { ExpressionAttributeNames: { "#a": "a" } })],
      validation("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      "a key value that is none",
      () => [get({ pk: {} })],
      validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ],
  ] as [string, () => readonly JsonObject[], Refusal][])("%s", async (_, items, expected) => {
    expect(await refusal(items())).toEqual(expected);
  });
});

describe("beside writers", () => {
  test("transactions are seen whole, in the order in which they happened", async () => {
    const names = ["whole1", "whole2", "whole3"].map(key);
    const write = (version: number) =>
      target.ok("TransactWriteItems", {
        TransactItems: names.map((name) => ({
          Put: { TableName: table, Item: { ...name, v: { N: String(version) } } },
        })),
      });
    await write(0);
    let done = false;
    let seen = 0;
    const reader = async () => {
      let last = 0;
      while (!done) {
        const { Responses } = (await read(names.map((name) => get(name)))) as unknown as {
          Responses: readonly { Item: { v: { N: string } } }[];
        };
        const versions = Responses.map(({ Item }) => Number(Item.v.N));
        expect(new Set(versions).size).toBe(1);
        expect(versions[0]).toBeGreaterThanOrEqual(last);
        last = versions[0] ?? 0;
        seen += 1;
      }
    };
    const readers = [reader(), reader(), reader()];
    try {
      for (let version = 1; version <= 100; version += 1) await write(version);
    } finally {
      done = true;
    }
    await Promise.all(readers);
    expect(seen).toBeGreaterThan(10);
  });
});
