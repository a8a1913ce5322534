/** Item collections of tables with local secondary indexes: their sizes are exact, and limited. */
import { describe, expect, test } from "bun:test";
import { decodeCollection } from "../../src/tables/item-collections.ts";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";

const TABLE = "Collections";
const BYTES_MAX = 10_000;
const EXCEEDED = {
  error: "ItemCollectionSizeLimitExceededException",
  message: "Item collection size limit of 10 gigabytes exceeded.",
};

const CREATE_TABLE = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: ["pk", "sk", "l"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: "local",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "l", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
};

const STORES: readonly [string, () => Promise<Store>][] = [
  ["a slow store that conflicts", async () => doubleStore({ seed: 7, delays: true, conflictRate: 0.1 })],
  ["the engine", () => openStore({ vfs: memoryVfs(), durability: { mode: "off" } })],
];

const keyOf = (sk: string, pk = "p") => ({ pk: { S: pk }, sk: { S: sk } });
/** pk 2 + 1, sk 2 + 1, d 1: an item of `bytes`; with `l` 1 + 1 more, and an entry of 8. */
const itemOf = (sk: string, bytes: number) => ({ ...keyOf(sk), d: { S: "x".repeat(bytes - 7) } });
const indexed = (sk: string, bytes: number) => ({ ...itemOf(sk, bytes - 2), l: { S: "l" } });
const ENTRY_BYTES = 8;

async function open(store: Store): Promise<InProcess> {
  const server = await inProcess(store, { itemCollectionBytesMax: BYTES_MAX });
  expect((await server.call("CreateTable", CREATE_TABLE)).status).toBe(200);
  return server;
}

async function attempt(server: InProcess, operation: string, input: object) {
  const { error, body } = await server.call(operation, { TableName: TABLE, ...input });
  return error === undefined ? "done" : { error, message: body["message"] ?? body["Message"] };
}
const put = (server: InProcess, Item: object) => attempt(server, "PutItem", { Item });
const remove = (server: InProcess, sk: string) => attempt(server, "DeleteItem", { Key: keyOf(sk) });

/** The sizes in the table's rows of collections, in no order. */
async function sizes(server: InProcess): Promise<number[]> {
  const space = server.catalog.usable(TABLE).collections;
  if (space === undefined) throw new Error("the table has no collections");
  const snapshot = await server.catalog.store.snapshot([space]);
  const { rows } = await snapshot.range({ space, rowsMax: 100, bytesMax: 1 << 20 });
  snapshot.close();
  return rows.map((row) => decodeCollection(row.value)).sort((a, b) => a - b);
}

describe.each(STORES)("on %s", (_, newStore) => {
  test("the size is that of items and entries, through every kind of write", async () => {
    const store = await newStore();
    const server = await open(store);
    const expectSizes = async (...expected: number[]) => expect(await sizes(server)).toEqual(expected);
    await expectSizes();
    await put(server, itemOf("1", 100));
    await expectSizes(100);
    await put(server, indexed("1", 200));
    await expectSizes(200 + ENTRY_BYTES);
    await put(server, indexed("1", 200));
    await expectSizes(200 + ENTRY_BYTES);
    await attempt(server, "UpdateItem", {
      Key: keyOf("1"),
      UpdateExpression: "SET l = :l",
      ExpressionAttributeValues: { ":l": { S: "longer" } },
    });
    await expectSizes(205 + ENTRY_BYTES + 5);
    await attempt(server, "UpdateItem", { Key: keyOf("1"), UpdateExpression: "REMOVE l" });
    await expectSizes(198);
    await attempt(server, "UpdateItem", { Key: keyOf("none"), UpdateExpression: "REMOVE l" });
    await remove(server, "none");
    await expectSizes(198);
    await attempt(server, "BatchWriteItem", {
      RequestItems: {
        [TABLE]: [
          { PutRequest: { Item: itemOf("2", 50) } },
          { PutRequest: { Item: { ...keyOf("1", "q"), d: { S: "x".repeat(3) } } } },
        ],
      },
    });
    await expectSizes(10, 248);
    const both = ["3", "4"].map((sk) => ({ Put: { TableName: TABLE, Item: indexed(sk, 100) } }));
    const TransactItems = [...both, { Delete: { TableName: TABLE, Key: keyOf("2") } }];
    expect(await attempt(server, "TransactWriteItems", { TransactItems })).toBe("done");
    await expectSizes(10, 198 + 2 * (100 + ENTRY_BYTES));
    for (const sk of ["1", "3", "4"]) await remove(server, sk);
    await expectSizes(10);
    await store.close();
  });

  test("concurrent writers of one collection are all counted", async () => {
    const store = await newStore();
    const server = await open(store);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) => put(server, indexed(String.fromCharCode(65 + at), 50))),
    );
    expect(await sizes(server)).toEqual([20 * (50 + ENTRY_BYTES)]);
    await store.close();
  });

  test("what would grow beyond the limit is refused; what shrinks or stays is not", async () => {
    const store = await newStore();
    const server = await open(store);
    expect(await put(server, itemOf("1", BYTES_MAX - 100))).toBe("done");
    expect(await put(server, itemOf("2", 101))).toEqual(EXCEEDED);
    expect(await put(server, indexed("2", 100))).toEqual(EXCEEDED);
    expect(await put(server, itemOf("2", 100))).toBe("done");
    expect(await sizes(server)).toEqual([BYTES_MAX]);
    expect(await put(server, { ...keyOf("1", "another"), d: { S: "x".repeat(500) } })).toBe("done");
    const update = {
      Key: keyOf("2"),
      UpdateExpression: "SET l = :l",
      ExpressionAttributeValues: { ":l": { S: "l" } },
    };
    expect(await attempt(server, "UpdateItem", update)).toEqual(EXCEEDED);
    expect(await put(server, itemOf("2", 100))).toBe("done");
    expect(await put(server, itemOf("2", 99))).toBe("done");
    expect(await remove(server, "2")).toBe("done");
    expect(await put(server, itemOf("2", 100))).toBe("done");
    await store.close();
  });

  test("a collection above a lowered limit may shrink", async () => {
    const store = await newStore();
    const server = await open(store);
    expect(await put(server, itemOf("1", 5_000))).toBe("done");
    expect(await put(server, itemOf("2", 5_000))).toBe("done");
    await server.catalog.close();
    const lowered = await inProcess(store, { itemCollectionBytesMax: 1_000 });
    expect(await put(lowered, itemOf("1", 5_000))).toBe("done");
    expect(await put(lowered, itemOf("1", 5_001))).toEqual(EXCEEDED);
    expect(await put(lowered, itemOf("1", 4_000))).toBe("done");
    expect(await put(lowered, itemOf("3", 8))).toEqual(EXCEEDED);
    await store.close();
  });

  test("in a transaction it is the reason of the action that exceeds it", async () => {
    const store = await newStore();
    const server = await open(store);
    const TransactItems = ["1", "2"].map((sk) => ({ Put: { TableName: TABLE, Item: itemOf(sk, 6_000) } }));
    const { error, body } = await server.call("TransactWriteItems", { TransactItems });
    expect(error).toBe("TransactionCanceledException");
    expect(body["CancellationReasons"]).toEqual([
      { Code: "None" },
      { Code: "ItemCollectionSizeLimitExceeded", Message: "Collection size exceeded." },
    ]);
    expect(await sizes(server)).toEqual([]);
    await store.close();
  });
});
