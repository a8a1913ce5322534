/** BatchWriteItem: what it writes, what it reports, what it refuses, at each limit's edge. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, notFound, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let other = "";
let indexed = "";
beforeAll(async () => {
  table = await target.table();
  other = await target.table({ range: "sk:N" });
  indexed = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: ["pk", "sk", "gk", "lk"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "global",
          KeySchema: [{ AttributeName: "gk", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "local",
          KeySchema: [
            { AttributeName: "pk", KeyType: "HASH" },
            { AttributeName: "lk", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    },
  });
});

let serial = 0;
const fresh = () => {
  serial += 1;
  return `b${serial}`;
};
const key = (pk: string) => ({ pk: { S: pk } });
const put = (Item: JsonObject) => ({ PutRequest: { Item } });
const remove = (Key: JsonObject) => ({ DeleteRequest: { Key } });
const write = (RequestItems: JsonObject, more: JsonObject = {}) =>
  target.ok("BatchWriteItem", { RequestItems, ...more });
const refusal = (RequestItems: unknown, more: JsonObject = {}) =>
  target.refusal("BatchWriteItem", { RequestItems, ...more });
const get = async (TableName: string, Key: JsonObject) =>
  (await target.ok("GetItem", { TableName, Key, ConsistentRead: true }))["Item"];
const puts = (count: number) => Array.from({ length: count }, () => put(key(fresh())));

describe("what it does", () => {
  test("puts and deletes in several tables", async () => {
    const [a, b, gone] = [fresh(), fresh(), fresh()];
    await target.ok("PutItem", { TableName: table, Item: { ...key(gone), old: { S: "x" } } });
    await target.ok("PutItem", { TableName: table, Item: { ...key(b), old: { S: "x" } } });
    const answer = await write({
      [table]: [put({ ...key(a), n: { N: "1e1" } }), remove(key(gone)), put(key(b))],
      [other]: [put({ ...key(a), sk: { N: "7" } })],
    });
    expect(answer).toEqual({ UnprocessedItems: {} });
    expect(await get(table, key(a))).toEqual({ ...key(a), n: { N: "10" } });
    expect(await get(table, key(b))).toEqual(key(b));
    expect(await get(table, key(gone))).toBeUndefined();
    expect(await get(other, { ...key(a), sk: { N: "7" } })).toEqual({ ...key(a), sk: { N: "7" } });
  });

  test("25 writes of 400 KB", async () => {
    const bytes = 409_600 - "pk".length - "bXX".length - "v".length;
    const names = Array.from({ length: 25 }, (_, at) => `L${String(at).padStart(2, "0")}`);
    const filler = { S: "x".repeat(bytes) };
    const items = names.map((name) => ({ ...key(name), v: filler }));
    expect(await write({ [table]: items.map(put) })).toEqual({ UnprocessedItems: {} });
    expect(await get(table, key("L24"))).toEqual({ ...key("L24"), v: filler });
    await write({ [table]: names.map((name) => remove(key(name))) });
  });

  test("a delete of nothing", async () => {
    expect(await write({ [table]: [remove(key(fresh()))] })).toEqual({ UnprocessedItems: {} });
  });

  test("a table named by its ARN is answered under that name", async () => {
    const { Table } = (await target.ok("DescribeTable", { TableName: table })) as {
      Table: { TableArn: string };
    };
    const a = fresh();
    const answer = await write({ [Table.TableArn]: [put(key(a))] }, { ReturnConsumedCapacity: "TOTAL" });
    expect(answer["ConsumedCapacity"]).toEqual([{ TableName: Table.TableArn, CapacityUnits: 1 }]);
    expect(await get(table, key(a))).toEqual(key(a));
  });
});

describe("what it reports", () => {
  test("capacity by table", async () => {
    const a = fresh();
    const requests = {
      [table]: [put({ ...key(a), v: { S: "x".repeat(1024) } }), remove(key(fresh()))],
      [other]: [put({ ...key(a), sk: { N: "1" } })],
    };
    const names = [table, other].sort();
    const units = new Map([
      [table, 3],
      [other, 1],
    ]);
    expect(await write(requests, { ReturnConsumedCapacity: "TOTAL" })).toEqual({
      UnprocessedItems: {},
      ConsumedCapacity: names.map((TableName) => ({ TableName, CapacityUnits: units.get(TableName) ?? 0 })),
    });
    const detailed = await write(requests, { ReturnConsumedCapacity: "INDEXES" });
    expect(detailed["ConsumedCapacity"]).toEqual(
      names.map((TableName) => {
        const CapacityUnits = units.get(TableName) ?? 0;
        return { TableName, CapacityUnits, Table: { CapacityUnits } };
      }),
    );
  });

  test("capacity of indexes, item collections once each", async () => {
    const [a, b] = [fresh(), fresh()];
    const item = (pk: string, sk: string) => ({
      ...key(pk),
      sk: { S: sk },
      gk: { S: "g" },
      lk: { S: "l" },
    });
    const answer = await write(
      { [indexed]: [put(item(a, "1")), put(item(a, "2")), put(item(b, "1"))] },
      { ReturnConsumedCapacity: "INDEXES", ReturnItemCollectionMetrics: "SIZE" },
    );
    expect(answer["ConsumedCapacity"]).toEqual([
      {
        TableName: indexed,
        CapacityUnits: 9,
        Table: { CapacityUnits: 3 },
        GlobalSecondaryIndexes: { global: { CapacityUnits: 3 } },
        LocalSecondaryIndexes: { local: { CapacityUnits: 3 } },
      },
    ]);
    expect(answer["ItemCollectionMetrics"]).toEqual({
      [indexed]: [
        { ItemCollectionKey: key(a), SizeEstimateRangeGB: [0, 1] },
        { ItemCollectionKey: key(b), SizeEstimateRangeGB: [0, 1] },
      ],
    });
  });

  test("no item collections without local indexes", async () => {
    const answer = await write({ [table]: puts(1) }, { ReturnItemCollectionMetrics: "SIZE" });
    expect(answer).toEqual({ UnprocessedItems: {} });
  });

  test("figures are doubles", async () => {
    const { text } = await target.call("BatchWriteItem", {
      RequestItems: { [table]: puts(1) },
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(text).toContain('"CapacityUnits":1.0');
  });
});

describe("what it refuses: everything, when one request is at fault", () => {
  const requestItems = "1 validation error detected: Value '";
  const listLength =
    "' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: " +
    "[Member must have length less than or equal to 25, Member must have length greater than or equal to 1]";

  test("no tables", async () => {
    const expected = validation("The requestItems parameter is required for BatchWriteItem");
    expect(await refusal({})).toEqual(expected);
    expect(await refusal(undefined)).toEqual(expected);
  });

  test("no requests for a table", async () => {
    expect(await refusal({ [table]: [] })).toEqual(validation(`${requestItems}{${table}=[]}${listLength}`));
  });

  test("25 requests for a table are allowed, 26 are not", async () => {
    expect(await write({ [table]: puts(25) })).toEqual({ UnprocessedItems: {} });
    const { type, message } = await refusal({ [table]: puts(26) });
    expect(type).toBe("ValidationException");
    expect(message.startsWith(`${requestItems}{${table}=[`)).toBe(true);
    expect(message.endsWith(listLength)).toBe(true);
  });

  test("25 requests for several tables are allowed, 26 are not", async () => {
    const pairs = puts(13).map(({ PutRequest }) => put({ ...PutRequest.Item, sk: { N: "1" } }));
    expect(await write({ [table]: puts(12), [other]: pairs })).toEqual({ UnprocessedItems: {} });
    expect(await refusal({ [table]: puts(13), [other]: pairs })).toEqual(
      validation("Too many items requested for the BatchWriteItem call"),
    );
  });

  const duplicates = validation("Provided list of item keys contains duplicates");
  test("one item twice", async () => {
    const a = fresh();
    expect(await refusal({ [table]: [put(key(a)), put({ ...key(a), v: { N: "1" } })] })).toEqual(duplicates);
    expect(await refusal({ [table]: [put(key(a)), remove(key(a))] })).toEqual(duplicates);
    expect(await refusal({ [table]: [remove(key(a)), remove(key(a))] })).toEqual(duplicates);
    expect(await get(table, key(a))).toBeUndefined();
  });

  test("one number written in two ways", async () => {
    const a = fresh();
    const at = (sk: string) => put({ ...key(a), sk: { N: sk } });
    expect(await refusal({ [other]: [at("1000"), at("1e3")] })).toEqual(duplicates);
  });

  test("one table under two names", async () => {
    const { Table } = (await target.ok("DescribeTable", { TableName: table })) as {
      Table: { TableArn: string };
    };
    const a = fresh();
    expect(await refusal({ [table]: [put(key(a))], [Table.TableArn]: [put(key(a))] })).toEqual(duplicates);
  });

  const notOne = validation(
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
  );
  test("neither a put nor a delete, or both", async () => {
    const a = fresh();
    expect(await refusal({ [table]: [{}] })).toEqual(notOne);
    expect(await refusal({ [table]: [{ ...put(key(a)), ...remove(key(a)) }] })).toEqual(notOne);
  });

  const mismatch = validation("The provided key element does not match the schema");
  const faults: readonly [string, () => JsonObject, unknown][] = [
    ["a put without a key", () => ({ [table]: [put({ v: { N: "1" } })] }), mismatch],
    ["a put with a key of another type", () => ({ [table]: [put({ pk: { N: "1" } })] }), mismatch],
    ["a delete with half a key", () => ({ [other]: [remove(key("a"))] }), mismatch],
    [
      "a delete with too much of a key",
      () => ({ [table]: [remove({ ...key("a"), sk: { N: "1" } })] }),
      mismatch,
    ],
    [
      "an empty key",
      () => ({ [table]: [put(key(""))] }),
      validation(
        "One or more parameter values are not valid. " +
          "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    ],
    [
      "an empty index key",
      () => ({ [indexed]: [put({ ...key("a"), sk: { S: "1" }, gk: { S: "" } })] }),
      validation(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
          "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: global, IndexKey: gk",
      ),
    ],
    [
      "an index key of another type",
      () => ({ [indexed]: [put({ ...key("a"), sk: { S: "1" }, lk: { N: "1" } })] }),
      invalid("Type mismatch for Index Key lk Expected: S Actual: N IndexName: local"),
    ],
    [
      "an item that is too big",
      () => ({ [table]: [put({ ...key("a"), v: { S: "x".repeat(409_600) } })] }),
      validation("Item size has exceeded the maximum allowed size"),
    ],
    [
      "a value that is none",
      () => ({ [table]: [put({ ...key("a"), v: {} })] }),
      validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ],
    ["a table that is not there", () => ({ [target.freshName()]: [put(key("a"))] }), notFound()],
  ];
  test.each(faults)("%s", async (_, requests, expected) => {
    const good = fresh();
    const faulty = requests();
    const requestItems = { ...faulty, [table]: [put(key(good)), ...((faulty[table] ?? []) as [])] };
    expect((await refusal(requestItems)) as unknown).toEqual(expected);
    expect(await get(table, key(good))).toBeUndefined();
  });

  test("what is wrong with a request comes before what is wrong with a table", async () => {
    expect(await refusal({ [target.freshName()]: [{}] })).toEqual(notOne);
  });

  test("metrics nobody knows", async () => {
    expect(await refusal({ [table]: puts(1) }, { ReturnItemCollectionMetrics: "size" })).toEqual(
      validation(
        "1 validation error detected: Value 'size' at 'returnItemCollectionMetrics' failed to satisfy constraint: " +
          "Member must satisfy enum value set: [SIZE, NONE]",
      ),
    );
  });
});
