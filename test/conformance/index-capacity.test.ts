/** What reads of indexes and writes to indexed tables cost, and what they tell of item collections. */
import { beforeAll, describe, expect, test } from "bun:test";
import { definitions, indexOf } from "./index-tables.ts";
import { type JsonObject, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";

const KEYS_ONLY = { ProjectionType: "KEYS_ONLY" };

beforeAll(async () => {
  table = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: definitions("pk:S", "sk:S", "g:S", "n:N"),
      GlobalSecondaryIndexes: [indexOf("all", "g"), indexOf("keys", "g", undefined, KEYS_ONLY)],
      LocalSecondaryIndexes: [indexOf("local", "pk", "n", KEYS_ONLY)],
    },
  });
});

const units = (CapacityUnits: number) => ({ CapacityUnits });
/** The ConsumedCapacity of an operation with INDEXES; `indexes` by name, the local one is "local". */
const capacity = (tableUnits: number, indexes: Readonly<Record<string, number>> = {}) => {
  const { local, ...global } = indexes;
  const total = Object.values(indexes).reduce((sum, each) => sum + each, tableUnits);
  const entries = Object.entries(global).map(([name, each]) => [name, units(each)]);
  return {
    TableName: table,
    CapacityUnits: total,
    Table: units(tableUnits),
    ...(entries.length === 0 ? {} : { GlobalSecondaryIndexes: Object.fromEntries(entries) }),
    ...(local === undefined ? {} : { LocalSecondaryIndexes: { local: units(local) } }),
  };
};
const consumed = async (operation: string, input: JsonObject) =>
  (await target.ok(operation, { TableName: table, ReturnConsumedCapacity: "INDEXES", ...input }))[
    "ConsumedCapacity"
  ];

const keyOf = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });
const text = (bytes: number) => ({ S: "x".repeat(bytes) });

describe("writes", () => {
  const KEY = keyOf("writes", "1");
  const put = (attributes: JsonObject) => consumed("PutItem", { Item: { ...KEY, ...attributes } });
  const update = (UpdateExpression: string, ExpressionAttributeValues: JsonObject) =>
    consumed("UpdateItem", { Key: KEY, UpdateExpression, ExpressionAttributeValues });

  test("each step of an item's life", async () => {
    expect(await put({})).toEqual(capacity(1));
    expect(await put({ g: { S: "a" } })).toEqual(capacity(1, { all: 1, keys: 1 }));
    expect(await put({ g: { S: "a" } })).toEqual(capacity(1));
    expect(await put({ g: { S: "a" }, data: text(2_500) })).toEqual(capacity(3, { all: 3 }));
    expect(await put({ g: { S: "a" }, data: text(1_200) })).toEqual(capacity(3, { all: 3 }));
    expect(await put({ g: { S: "b" }, data: text(1_200) })).toEqual(capacity(2, { all: 4, keys: 2 }));
    expect(await update("SET n = :n", { ":n": { N: "1" } })).toEqual(capacity(2, { all: 2, local: 1 }));
    expect(await update("SET n = :n", { ":n": { N: "2" } })).toEqual(capacity(2, { all: 2, local: 2 }));
    expect(await update("SET n = :n", { ":n": { N: "2.0" } })).toEqual(capacity(2));
    expect(await consumed("DeleteItem", { Key: KEY })).toEqual(capacity(2, { all: 2, keys: 1, local: 1 }));
    expect(await consumed("DeleteItem", { Key: KEY })).toEqual(capacity(1));
  });

  test("sets that differ in order only are no change", async () => {
    expect(await put({ g: { S: "a" }, s: { SS: ["a", "b"] } })).toEqual(capacity(1, { all: 1, keys: 1 }));
    expect(await put({ g: { S: "a" }, s: { SS: ["b", "a"] } })).toEqual(capacity(1));
  });

  test("TOTAL has one figure for all", async () => {
    const total = await consumed("PutItem", {
      Item: { ...keyOf("writes", "2"), g: { S: "a" } },
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(total).toEqual({ TableName: table, CapacityUnits: 3 });
  });
});

describe("reads", () => {
  beforeAll(async () => {
    for (let at = 0; at < 4; at += 1) {
      const Item = {
        ...keyOf("reads", String(at)),
        g: { S: "reads" },
        n: { N: String(at) },
        data: text(5_000),
      };
      await target.ok("PutItem", { TableName: table, Item });
    }
  });
  const global = (IndexName: string, more: JsonObject = {}) =>
    consumed("Query", {
      IndexName,
      KeyConditionExpression: "g = :k",
      ExpressionAttributeValues: { ":k": { S: "reads" } },
      ...more,
    });
  const local = (more: JsonObject = {}) =>
    consumed("Query", {
      IndexName: "local",
      KeyConditionExpression: "pk = :k",
      ExpressionAttributeValues: { ":k": { S: "reads" } },
      ...more,
    });

  test("of entries: their sizes, none of the table's units", async () => {
    expect(await global("all")).toEqual(capacity(0, { all: 2.5 }));
    expect(await global("keys")).toEqual(capacity(0, { keys: 0.5 }));
    expect(await local()).toEqual(capacity(0, { local: 0.5 }));
    expect(await local({ ConsistentRead: true })).toEqual(capacity(0, { local: 1 }));
    expect(await local({ ProjectionExpression: "n, sk" })).toEqual(capacity(0, { local: 0.5 }));
    expect(await consumed("Scan", { IndexName: "keys" })).toEqual(capacity(0, { keys: 0.5 }));
  });

  test("that reach back to the table: each item's own units on top", async () => {
    expect(await local({ Select: "ALL_ATTRIBUTES" })).toEqual(capacity(4, { local: 0.5 }));
    expect(await local({ Select: "ALL_ATTRIBUTES", ConsistentRead: true })).toEqual(
      capacity(8, { local: 1 }),
    );
    expect(await local({ ProjectionExpression: "g" })).toEqual(capacity(4, { local: 0.5 }));
    expect(await local({ Select: "ALL_ATTRIBUTES", Limit: 1 })).toEqual(capacity(1, { local: 0.5 }));
  });
});

describe("item collections", () => {
  const metrics = (pk: string) => ({ ItemCollectionKey: { pk: { S: pk } }, SizeEstimateRangeGB: [0, 1] });
  const SIZE = { ReturnItemCollectionMetrics: "SIZE" };
  const Item = { ...keyOf("c", "1"), n: { N: "1" } };

  test("their key and size, of every single write", async () => {
    const expected = { ItemCollectionMetrics: metrics("c") };
    const Key = keyOf("c", "1");
    expect(await target.ok("PutItem", { TableName: table, Item, ...SIZE })).toEqual(expected);
    expect(await target.ok("UpdateItem", { TableName: table, Key, ...SIZE })).toEqual(expected);
    expect(await target.ok("DeleteItem", { TableName: table, Key, ...SIZE })).toEqual(expected);
    expect(await target.ok("DeleteItem", { TableName: table, Key, ...SIZE })).toEqual(expected);
    const answer = await target.call("PutItem", { TableName: table, Item, ...SIZE });
    expect(answer.text).toContain('"SizeEstimateRangeGB":[0.0,1.0]');
  });

  test("of batches and transactions: by table, each collection once", async () => {
    const items = [Item, { ...Item, sk: { S: "2" } }, { ...Item, pk: { S: "d" } }];
    const expected = expect.arrayContaining([metrics("c"), metrics("d")]);
    const batch = await target.ok("BatchWriteItem", {
      RequestItems: { [table]: items.map((each) => ({ PutRequest: { Item: each } })) },
      ...SIZE,
    });
    expect(batch["ItemCollectionMetrics"]).toEqual({ [table]: expected });
    expect((batch["ItemCollectionMetrics"] as Record<string, unknown[]>)[table]).toHaveLength(2);
    const transaction = await target.ok("TransactWriteItems", {
      TransactItems: items.map((each) => ({ Put: { TableName: table, Item: each } })),
      ...SIZE,
    });
    expect(transaction["ItemCollectionMetrics"]).toEqual({ [table]: expected });
    expect((transaction["ItemCollectionMetrics"] as Record<string, unknown[]>)[table]).toHaveLength(2);
  });

  test("not of a transaction that was performed earlier, which modifies none", async () => {
    const transaction = {
      TransactItems: [{ Put: { TableName: table, Item } }],
      ClientRequestToken: crypto.randomUUID(),
      ...SIZE,
    };
    expect(await target.ok("TransactWriteItems", transaction)).toEqual({
      ItemCollectionMetrics: { [table]: [metrics("c")] },
    });
    expect(await target.ok("TransactWriteItems", transaction)).toEqual({});
  });

  test("not unless asked for, and not without local indexes", async () => {
    expect(await target.ok("PutItem", { TableName: table, Item })).toEqual({});
    expect(
      await target.ok("PutItem", { TableName: table, Item, ReturnItemCollectionMetrics: "NONE" }),
    ).toEqual({});
    const plain = await target.table({
      more: {
        AttributeDefinitions: definitions("pk:S", "g:S"),
        GlobalSecondaryIndexes: [indexOf("idx", "g")],
      },
    });
    expect(await target.ok("PutItem", { TableName: plain, Item: { pk: { S: "1" } }, ...SIZE })).toEqual({});
    expect(
      await target.refusal("PutItem", { TableName: table, Item, ReturnItemCollectionMetrics: "size" }),
    ).toEqual(
      violated("size", "returnItemCollectionMetrics", "Member must satisfy enum value set: [SIZE, NONE]"),
    );
  });
});

describe("an item and its entries in local indexes", () => {
  let local = "";
  const INDEXED = { n: { N: "1" } };
  beforeAll(async () => {
    local = await target.table({
      range: "sk:S",
      more: {
        AttributeDefinitions: definitions("pk:S", "sk:S", "n:N"),
        LocalSecondaryIndexes: [indexOf("local", "pk", "n")],
      },
    });
  });
  // pk 2 + 1, sk 2 + 1, n 1 + 2, d 1: the entry is as large as the item.
  const OTHERS = 10;
  const HALF = 409_600 / 2;

  test("have 400 KB together", async () => {
    const put = (bytes: number, more: JsonObject = INDEXED) => ({
      TableName: local,
      Item: { ...keyOf("p", "1"), ...more, d: text(bytes) },
    });
    await target.ok("PutItem", put(HALF - OTHERS));
    expect(await target.refusal("PutItem", put(HALF - OTHERS + 1))).toEqual(
      validation("Item size has exceeded the maximum allowed size"),
    );
    await target.ok("PutItem", put(2 * HALF - OTHERS, {}));
    const Key = keyOf("p", "1");
    const index = { UpdateExpression: "SET n = :n", ExpressionAttributeValues: { ":n": { N: "1" } } };
    expect(await target.refusal("UpdateItem", { TableName: local, Key, ...index })).toEqual(
      validation("Item size to update has exceeded the maximum allowed size"),
    );
  });
});
