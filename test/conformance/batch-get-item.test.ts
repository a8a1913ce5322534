/** BatchGetItem: what it reads, what it leaves unread, what it refuses, at each limit's edge. */
import { beforeAll, describe, expect, test } from "bun:test";
import { enveloped, invalid, type JsonObject, notFound, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let other = "";
const absent = "absent";

const key = (pk: string) => ({ pk: { S: pk } });
const row = (at: number) => ({ ...key(`r${at}`), n: { N: String(at) }, m: { M: { a: { S: "x" } } } });
const pair = (at: number) => ({ ...key("p"), sk: { N: String(at) } });
const numbered = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_, at) => make(at));

beforeAll(async () => {
  table = await target.table();
  other = await target.table({ range: "sk:N" });
  for (let from = 0; from < 100; from += 25) {
    const requests = numbered(25, (at) => ({ PutRequest: { Item: row(from + at) } }));
    await target.ok("BatchWriteItem", { RequestItems: { [table]: requests } });
  }
  const pairs = numbered(5, (at) => ({ PutRequest: { Item: pair(at) } }));
  await target.ok("BatchWriteItem", { RequestItems: { [other]: pairs } });
});

const read = (RequestItems: JsonObject, more: JsonObject = {}) =>
  target.ok("BatchGetItem", { RequestItems, ...more });
const refusal = (RequestItems: unknown, more: JsonObject = {}) =>
  target.refusal("BatchGetItem", { RequestItems, ...more });

/** The items of one table in an answer, in order of their text: the service promises no order. */
function itemsOf(answer: JsonObject, name: string): readonly unknown[] {
  const items = (answer["Responses"] as { readonly [name: string]: readonly unknown[] })[name] ?? [];
  return [...items].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

describe("what it reads", () => {
  test("items of several tables; those that are not there are left out", async () => {
    const answer = await read({
      [table]: { Keys: [key("r2"), key(absent), key("r1")] },
      [other]: { Keys: [pair(3), { ...key("p"), sk: { N: "99" } }] },
    });
    expect(itemsOf(answer, table)).toEqual([row(1), row(2)]);
    expect(itemsOf(answer, other)).toEqual([pair(3)]);
    expect(Object.keys(answer).sort()).toEqual(["Responses", "UnprocessedKeys"]);
    expect(answer["UnprocessedKeys"]).toEqual({});
  });

  test("a table of whose keys there is none has an empty list", async () => {
    expect(await read({ [table]: { Keys: [key(absent)] } })).toEqual({
      Responses: { [table]: [] },
      UnprocessedKeys: {},
    });
  });

  test("what each table's projection picks", async () => {
    const answer = await read({
      [table]: {
        Keys: [key("r1"), key("r2")],
        ProjectionExpression: "#n, m.a",
        ExpressionAttributeNames: { "#n": "n" },
      },
      [other]: { Keys: [pair(1)], ProjectionExpression: "sk" },
    });
    const picked = (at: number) => ({ n: { N: String(at) }, m: { M: { a: { S: "x" } } } });
    expect(itemsOf(answer, table)).toEqual([picked(1), picked(2)]);
    expect(itemsOf(answer, other)).toEqual([{ sk: { N: "1" } }]);
  });

  test("AttributesToGet", async () => {
    const answer = await read({
      [table]: { Keys: [key("r1")], AttributesToGet: ["n", "none"] },
      [other]: { Keys: [pair(1)], AttributesToGet: ["none"] },
    });
    expect(itemsOf(answer, table)).toEqual([{ n: { N: "1" } }]);
    expect(itemsOf(answer, other)).toEqual([{}]);
  });

  test("a table named by its ARN is answered under that name", async () => {
    const { Table } = (await target.ok("DescribeTable", { TableName: table })) as {
      Table: { TableArn: string };
    };
    const answer = await read(
      { [Table.TableArn]: { Keys: [key("r1")] } },
      { ReturnConsumedCapacity: "TOTAL" },
    );
    expect(itemsOf(answer, Table.TableArn)).toEqual([row(1)]);
    expect(answer["ConsumedCapacity"]).toEqual([{ TableName: Table.TableArn, CapacityUnits: 0.5 }]);
  });

  test("a number written in two ways is read twice", async () => {
    const twice = ["1", "1e0"].map((N) => ({ ...key("p"), sk: { N } }));
    expect(itemsOf(await read({ [other]: { Keys: twice } }), other)).toEqual([pair(1), pair(1)]);
  });

  test("100 keys", async () => {
    const keys = numbered(100, (at) => key(`r${at}`));
    expect(itemsOf(await read({ [table]: { Keys: keys } }), table)).toHaveLength(100);
  });
});

describe("capacity", () => {
  test("each item is rounded for itself; consistency is per table", async () => {
    const large = { ...key("large"), v: { S: "x".repeat(5000) } };
    await target.ok("PutItem", { TableName: table, Item: large });
    const names = [table, other].sort();
    const units = new Map([
      [table, 2],
      [other, 2],
    ]);
    const requests = {
      [table]: { Keys: [key("large"), key("r1"), key(absent)] },
      [other]: { Keys: [pair(1), { ...key("p"), sk: { N: "99" } }], ConsistentRead: true },
    };
    const total = await read(requests, { ReturnConsumedCapacity: "TOTAL" });
    expect(total["ConsumedCapacity"]).toEqual(
      names.map((TableName) => ({ TableName, CapacityUnits: units.get(TableName) ?? 0 })),
    );
    const detailed = await read(requests, { ReturnConsumedCapacity: "INDEXES" });
    expect(detailed["ConsumedCapacity"]).toEqual(
      names.map((TableName) => {
        const CapacityUnits = units.get(TableName) ?? 0;
        return { TableName, CapacityUnits, Table: { CapacityUnits } };
      }),
    );
  });

  test("a projection does not make it cheaper", async () => {
    await target.ok("PutItem", { TableName: table, Item: { ...key("wide"), v: { S: "x".repeat(9000) } } });
    const answer = await read(
      { [table]: { Keys: [key("wide")], ProjectionExpression: "pk", ConsistentRead: true } },
      { ReturnConsumedCapacity: "TOTAL" },
    );
    expect(answer["ConsumedCapacity"]).toEqual([{ TableName: table, CapacityUnits: 3 }]);
  });
});

describe("the size of an answer", () => {
  const count = 60;
  const name = (at: number) => `large${String(at).padStart(2, "0")}`;
  // The documentation's example: of items of 300 KB the service returns 52.
  const filler = { S: "x".repeat(300 * 1024 - "pk".length - name(0).length - "v".length) };
  let large = "";

  beforeAll(async () => {
    large = await target.table();
    for (let from = 0; from < count; from += 25) {
      const requests = numbered(Math.min(25, count - from), (at) => ({
        PutRequest: { Item: { ...key(name(from + at)), v: filler } },
      }));
      await target.ok("BatchWriteItem", { RequestItems: { [large]: requests } });
    }
  });

  test("keys beyond 16 MB come back in the form of a request, which then gets the rest", async () => {
    const first = await read(
      {
        [large]: {
          Keys: numbered(count, (at) => key(name(at))),
          ConsistentRead: true,
          ProjectionExpression: "#p",
          ExpressionAttributeNames: { "#p": "pk" },
        },
      },
      { ReturnConsumedCapacity: "TOTAL" },
    );
    const got = itemsOf(first, large);
    expect(got).toHaveLength(52);
    // What was not read costs nothing.
    expect(first["ConsumedCapacity"]).toEqual([{ TableName: large, CapacityUnits: 52 * 75 }]);
    const rest = first["UnprocessedKeys"] as { readonly [name: string]: JsonObject };
    expect(rest).toEqual({
      [large]: {
        Keys: expect.any(Array),
        ConsistentRead: true,
        ProjectionExpression: "#p",
        ExpressionAttributeNames: { "#p": "pk" },
      },
    });
    const second = await read(rest);
    expect(second["UnprocessedKeys"]).toEqual({});
    const all = [...got, ...itemsOf(second, large)].map((item) => JSON.stringify(item));
    expect(new Set(all)).toEqual(new Set(numbered(count, (at) => JSON.stringify(key(name(at))))));
  });

  test("a table that the reading did not come to has an empty list and all its keys back", async () => {
    const answer = await read({
      [large]: { Keys: numbered(53, (at) => key(name(at))) },
      [other]: { Keys: [pair(1), pair(2)] },
    });
    const responses = answer["Responses"] as { readonly [name: string]: readonly unknown[] };
    const rest = answer["UnprocessedKeys"] as {
      readonly [name: string]: { readonly Keys: readonly unknown[] };
    };
    const left = (name: string) => rest[name]?.Keys.length ?? 0;
    expect(Object.keys(responses).sort()).toEqual([large, other].sort());
    expect((responses[large]?.length ?? 0) + left(large)).toBe(53);
    expect((responses[other]?.length ?? 0) + left(other)).toBe(2);
    expect(left(large)).toBeGreaterThan(0);
  });

  test("52 items of 300 KB fit", async () => {
    const answer = await read({ [large]: { Keys: numbered(52, (at) => key(name(at))) } });
    expect(answer["UnprocessedKeys"]).toEqual({});
    expect(itemsOf(answer, large)).toHaveLength(52);
  });
});

describe("what it refuses", () => {
  test("no tables", async () => {
    const expected = validation("The requestItems parameter is required for BatchGetItem");
    expect(await refusal({})).toEqual(expected);
    expect(await refusal(undefined)).toEqual(expected);
  });

  test("101 keys of a table", async () => {
    const keys = numbered(101, (at) => key(`r${at}`));
    expect(await refusal({ [table]: { Keys: keys } })).toEqual(
      enveloped(
        `Value at 'RequestItems.${table}.member.Keys' failed to satisfy constraint: ` +
          "Member must have length less than or equal to 100",
      ),
    );
  });

  test("101 keys of several tables", async () => {
    const keys = numbered(100, (at) => key(`r${at}`));
    expect(await refusal({ [table]: { Keys: keys }, [other]: { Keys: [pair(1)] } })).toEqual(
      validation("Too many items requested for the BatchGetItem call"),
    );
    const fewer = await read({ [table]: { Keys: keys.slice(1) }, [other]: { Keys: [pair(1)] } });
    expect(itemsOf(fewer, table)).toHaveLength(99);
  });

  const mismatch = validation("The provided key element does not match the schema");
  const faults: readonly [string, () => JsonObject, unknown][] = [
    [
      "no keys",
      () => ({ [table]: { Keys: [] } }),
      enveloped(
        "Value at 'RequestItems.TABLE.member.Keys' failed to satisfy constraint: " +
          "Member must have length greater than or equal to 1",
      ),
    ],
    [
      "a key twice",
      () => ({ [table]: { Keys: [key("r1"), key("r2"), key("r1")] } }),
      validation("Provided list of item keys contains duplicates"),
    ],
    [
      "a key twice, its attributes in another order",
      () => ({ [other]: { Keys: [pair(1), { sk: pair(1).sk, pk: pair(1).pk }] } }),
      validation("Provided list of item keys contains duplicates"),
    ],
    ["a key of another type", () => ({ [table]: { Keys: [{ pk: { N: "1" } }] } }), mismatch],
    ["half a key", () => ({ [other]: { Keys: [key("p")] } }), mismatch],
    ["too much of a key", () => ({ [table]: { Keys: [pair(1)] } }), mismatch],
    [
      "a key value that is none",
      () => ({ [table]: { Keys: [{ pk: {} }] } }),
      validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ],
    [
      "a number that is none",
      () => ({ [other]: { Keys: [{ ...key("p"), sk: { N: "one" } }] } }),
      validation("The parameter cannot be converted to a numeric value: one"),
    ],
    [
      "both ways of projecting in one table",
      () => ({ [table]: { Keys: [key("r1")], AttributesToGet: ["n"], ProjectionExpression: "n" } }),
      validation(
        "Can not use both expression and non-expression parameters in the same request: " +
          "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
      ),
    ],
    [
      "both ways of projecting in two tables",
      () => ({
        [table]: { Keys: [key("r1")], AttributesToGet: ["n"] },
        [other]: { Keys: [pair(1)], ProjectionExpression: "pk" },
      }),
      validation(
        "Can not use both expression and non-expression parameters in the same request: " +
          "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}",
      ),
    ],
    [
      "names without an expression",
      () => ({ [table]: { Keys: [key("r1")], ExpressionAttributeNames: { "#n": "n" } } }),
      validation("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      "unused names",
      () => ({
        [table]: {
          Keys: [key("r1")],
          ProjectionExpression: "m",
          ExpressionAttributeNames: { "#n": "n" },
        },
      }),
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}"),
    ],
    [
      "a projection that is none",
      () => ({ [table]: { Keys: [key("r1")], ProjectionExpression: "a," } }),
      validation('Invalid ProjectionExpression: Syntax error; token: "<EOF>", near: ","'),
    ],
    [
      "duplicate attributes",
      () => ({ [table]: { Keys: [key("r1")], AttributesToGet: ["n", "n"] } }),
      invalid("Duplicate value in attribute name: n"),
    ],
    [
      "one table of two that is not there",
      () => ({ [table]: { Keys: [key("r1")] }, [target.freshName()]: { Keys: [key("r1")] } }),
      notFound(),
    ],
    [
      "a path into a key",
      () => ({ [table]: { Keys: [key("r1")], ProjectionExpression: "pk.a" } }),
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
      ),
    ],
  ];
  test.each(faults)("%s", async (_, requests, expected) => {
    const { message, ...rest } = await refusal(requests());
    expect({ ...rest, message: message.replace(table, "TABLE") } as unknown).toEqual(expected);
  });
});
