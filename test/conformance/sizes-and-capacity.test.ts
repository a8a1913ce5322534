/** Sizes of items and keys at their limits, consumed capacity, item collection metrics. */
import { beforeAll, describe, expect, test } from "bun:test";
import { conditionFailed, invalid, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let pair = "";
beforeAll(async () => {
  table = await target.table();
  pair = await target.table({ range: "sk:S" });
});

const KEY = { pk: { S: "1" } };
/** Size of KEY: name and value. */
const KEY_BYTES = 3;
const ITEM_BYTES_MAX = 409_600;
const text = (bytes: number) => ({ S: "x".repeat(bytes) });

describe("items", () => {
  test("of exactly 400 KB are stored, one byte more is refused", async () => {
    const room = ITEM_BYTES_MAX - KEY_BYTES - 1;
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, a: text(room) } });
    expect(await target.ok("GetItem", { TableName: table, Key: KEY })).toEqual({
      Item: { ...KEY, a: text(room) },
    });
    expect(
      await target.refusal("PutItem", { TableName: table, Item: { ...KEY, a: text(room + 1) } }),
    ).toEqual(validation("Item size has exceeded the maximum allowed size"));
  });

  /** Each value and its size; together with the name "v" and the filler, it fills an item exactly. */
  test.each([
    [{ N: "42" }, 2],
    [{ N: "-42" }, 3],
    [{ N: "0" }, 1],
    [{ N: "0.0000001" }, 2],
    [{ N: "1E125" }, 2],
    [{ N: "123.45" }, 4],
    [{ S: "\u00e9\ud83d\ude00" }, 6],
    [{ B: "AQIDBA==" }, 4],
    [{ BOOL: true }, 1],
    [{ NULL: true }, 1],
    [{ SS: ["ab", "c"] }, 3],
    [{ NS: ["1", "-1"] }, 5],
    [{ BS: ["AQ==", "AgM="] }, 3],
    [{ L: [] }, 3],
    [{ L: [{ S: "a" }, { NULL: true }] }, 3 + 2 + 2],
    [{ M: {} }, 3],
    [{ M: { key: { S: "a" } } }, 3 + 1 + 3 + 1],
    [{ M: { a: { L: [{ S: "b" }] } } }, 3 + (1 + 1 + (3 + (1 + 1)))],
  ] as [JsonObject, number][])("%j is %d bytes", async (v, bytes) => {
    const room = ITEM_BYTES_MAX - KEY_BYTES - (1 + bytes) - 1;
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, v, a: text(room) } });
    expect(
      await target.refusal("PutItem", { TableName: table, Item: { ...KEY, v, a: text(room + 1) } }),
    ).toEqual(validation("Item size has exceeded the maximum allowed size"));
  });

  test("an update beyond the limit leaves the item", async () => {
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, a: text(300_000) } });
    expect(
      await target.refusal("UpdateItem", {
        TableName: table,
        Key: KEY,
        UpdateExpression: "SET b = :v",
        ExpressionAttributeValues: { ":v": text(200_000) },
      }),
    ).toEqual(validation("Item size to update has exceeded the maximum allowed size"));
    expect(await target.ok("GetItem", { TableName: table, Key: KEY, ProjectionExpression: "b" })).toEqual({
      Item: {},
    });
  });

  test("an attribute name of 65535 bytes", async () => {
    const name = "n".repeat(65_535);
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, [name]: { N: "1" } } });
    expect(await target.ok("GetItem", { TableName: table, Key: KEY })).toEqual({
      Item: { ...KEY, [name]: { N: "1" } },
    });
    const refused = await target.refusal("PutItem", {
      TableName: table,
      Item: { ...KEY, [`${name}n`]: { N: "1" } },
    });
    expect(refused.type).toBe("ValidationException");
  });
});

describe("keys", () => {
  const HASH = invalid("Size of hashkey has exceeded the maximum size limit of2048 bytes");
  const RANGE = invalid("Aggregated size of all range keys has exceeded the size limit of 1024 bytes");

  test.each([
    [2048, 1024],
    [1, 1024],
    [2048, 1],
  ])("of %d and %d bytes", async (hash, range) => {
    const key = { pk: text(hash), sk: text(range) };
    const item = { ...key, a: { N: String(hash) } };
    await target.ok("PutItem", { TableName: pair, Item: item });
    expect(await target.ok("GetItem", { TableName: pair, Key: key })).toEqual({ Item: item });
    await target.ok("DeleteItem", { TableName: pair, Key: key });
    expect(await target.ok("GetItem", { TableName: pair, Key: key })).toEqual({});
  });

  test.each(["GetItem", "DeleteItem", "UpdateItem", "PutItem"])("too long for %s", async (operation) => {
    const send = (pk: JsonObject, sk: JsonObject) =>
      target.refusal(operation, {
        TableName: pair,
        ...(operation === "PutItem" ? { Item: { pk, sk } } : { Key: { pk, sk } }),
      });
    expect(await send(text(2049), text(1))).toEqual(HASH);
    expect(await send(text(1), text(1025))).toEqual(RANGE);
    expect(await send({ S: "\u00e9".repeat(1025) }, text(1))).toEqual(HASH);
  });

  test("long keys that differ only at their ends are different", async () => {
    const keys = ["a", "b"].map((end) => ({
      pk: { S: "x".repeat(2047) + end },
      sk: { S: "y".repeat(1023) + end },
    }));
    for (const key of keys) await target.ok("PutItem", { TableName: pair, Item: { ...key, end: key.sk } });
    for (const key of keys) {
      expect(await target.ok("GetItem", { TableName: pair, Key: key })).toEqual({
        Item: { ...key, end: key.sk },
      });
    }
  });

  test("zero bytes in keys", async () => {
    const keys = ["", "\u0000", "\u0000\u0000", "\u0001"].map((tail) => ({
      pk: { S: `z${tail}` },
      sk: { S: `z${tail}` },
    }));
    const all = keys.flatMap(({ pk }) => keys.map(({ sk }) => ({ pk, sk })));
    for (const key of all)
      await target.ok("PutItem", { TableName: pair, Item: { ...key, both: { L: [key.pk, key.sk] } } });
    for (const key of all) {
      expect(await target.ok("GetItem", { TableName: pair, Key: key })).toEqual({
        Item: { ...key, both: { L: [key.pk, key.sk] } },
      });
    }
  });
});

describe("consumed capacity", () => {
  /** Stores an item of so many bytes under KEY. */
  const fill = (bytes: number) =>
    target.ok("PutItem", { TableName: table, Item: { ...KEY, a: text(bytes - KEY_BYTES - 1) } });
  const units = async (operation: string, request: JsonObject) => {
    const answer = await target.ok(operation, {
      TableName: table,
      ReturnConsumedCapacity: "TOTAL",
      ...request,
    });
    expect(Object.keys(answer["ConsumedCapacity"] as JsonObject).sort()).toEqual([
      "CapacityUnits",
      "TableName",
    ]);
    return (answer["ConsumedCapacity"] as JsonObject)["CapacityUnits"];
  };

  test.each([
    [100, 0.5],
    [4096, 0.5],
    [4097, 1],
    [8193, 1.5],
  ])("reading %d bytes: %d, twice that consistently", async (bytes, expected) => {
    await fill(bytes);
    expect(await units("GetItem", { Key: KEY })).toBe(expected);
    expect(await units("GetItem", { Key: KEY, ConsistentRead: true })).toBe(2 * expected);
    expect(await units("GetItem", { Key: KEY, ProjectionExpression: "pk" })).toBe(expected);
  });

  test("reading nothing", async () => {
    const Key = { pk: { S: "absent" } };
    expect(await units("GetItem", { Key })).toBe(0.5);
    expect(await units("GetItem", { Key, ConsistentRead: true })).toBe(1);
  });

  test("writing: the larger of before and after", async () => {
    const put = (bytes: number) => ({ Item: { ...KEY, a: text(bytes - KEY_BYTES - 1) } });
    await target.ok("DeleteItem", { TableName: table, Key: KEY });
    expect(await units("PutItem", put(1024))).toBe(1);
    expect(await units("PutItem", put(1025))).toBe(2);
    expect(await units("PutItem", put(5000))).toBe(5);
    expect(await units("PutItem", put(10))).toBe(5);
    expect(await units("PutItem", put(3000))).toBe(3);
    expect(await units("UpdateItem", { Key: KEY, UpdateExpression: "REMOVE a" })).toBe(3);
    expect(await units("UpdateItem", { Key: KEY, UpdateExpression: "REMOVE a" })).toBe(1);
    expect(
      await units("UpdateItem", {
        Key: KEY,
        UpdateExpression: "SET a = :v",
        ExpressionAttributeValues: { ":v": text(2000) },
      }),
    ).toBe(2);
    expect(await units("DeleteItem", { Key: KEY })).toBe(2);
    expect(await units("DeleteItem", { Key: KEY })).toBe(1);
  });

  test("INDEXES adds the table's share; NONE and nothing add none", async () => {
    expect(
      (await target.ok("GetItem", { TableName: table, Key: KEY, ReturnConsumedCapacity: "INDEXES" }))[
        "ConsumedCapacity"
      ],
    ).toEqual({ TableName: table, CapacityUnits: 0.5, Table: { CapacityUnits: 0.5 } });
    expect(
      (await target.ok("PutItem", { TableName: table, Item: KEY, ReturnConsumedCapacity: "INDEXES" }))[
        "ConsumedCapacity"
      ],
    ).toEqual({ TableName: table, CapacityUnits: 1, Table: { CapacityUnits: 1 } });
    expect(
      await target.ok("PutItem", { TableName: table, Item: KEY, ReturnConsumedCapacity: "NONE" }),
    ).toEqual({});
    expect(await target.ok("PutItem", { TableName: table, Item: KEY })).toEqual({});
  });

  test("units are doubles on the wire", async () => {
    const answer = await target.call("PutItem", {
      TableName: table,
      Item: KEY,
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(answer.text).toMatch(/"CapacityUnits":1\.0\b/);
  });

  test("a failed condition says nothing of capacity", async () => {
    expect(
      await target.refusal("PutItem", {
        TableName: table,
        Item: KEY,
        ConditionExpression: "attribute_exists(nothing)",
        ReturnConsumedCapacity: "TOTAL",
      }),
    ).toEqual(conditionFailed);
  });
});

describe("item collection metrics", () => {
  test("are left out on a table without local indexes", async () => {
    expect(
      await target.ok("PutItem", { TableName: table, Item: KEY, ReturnItemCollectionMetrics: "SIZE" }),
    ).toEqual({});
  });
});
