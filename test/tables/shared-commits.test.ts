/** What is written together is synced together: one sync for a batch, one for a transaction, however many items they have. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { type DelayingVfs, delayingVfs } from "../support/delaying-vfs.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";

const string = (AttributeName: string) => ({ AttributeName, AttributeType: "S" });
const PLAIN = {
  TableName: "Plain",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [string("pk")],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};
const INDEXED = {
  TableName: "Indexed",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: ["pk", "sk", "lk"].map(string),
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
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
};

let vfs: DelayingVfs;
let store: Store;
let server: InProcess;

beforeEach(async () => {
  vfs = delayingVfs(memoryVfs());
  store = await openStore({ vfs, durability: { mode: "sync" } });
  server = await inProcess(store);
  for (const table of [PLAIN, INDEXED]) expect((await server.call("CreateTable", table)).status).toBe(200);
});
afterEach(async () => {
  await server.catalog.close();
  await store.close();
});

/** Items of both tables, some of them in one item collection. */
const items = (count: number, version: number) =>
  Array.from({ length: count }, (_, at) => ({
    TableName: at % 2 === 0 ? PLAIN.TableName : INDEXED.TableName,
    Item: {
      pk: { S: `k${at % 2 === 0 ? at : at % 8}` },
      ...(at % 2 === 0 ? {} : { sk: { S: String(at) }, lk: { S: "l" } }),
      version: { N: String(version) },
    },
  }));

async function syncsOf(operation: string, request: object): Promise<number> {
  const before = vfs.syncs;
  const { status, body } = await server.call(operation, request);
  expect({ status, body }).toMatchObject({ status: 200 });
  return vfs.syncs - before;
}

describe("one sync", () => {
  test.each([1, 2])("for a batch of 25 (time %d)", async (version) => {
    const RequestItems: Record<string, object[]> = {};
    for (const { TableName, Item } of items(25, version)) {
      RequestItems[TableName] = [...(RequestItems[TableName] ?? []), { PutRequest: { Item } }];
    }
    expect(await syncsOf("BatchWriteItem", { RequestItems })).toBe(1);
  });

  test("for a transaction of 100, its token included", async () => {
    const TransactItems = items(100, 1).map((Put) => ({ Put }));
    const request = { TransactItems, ClientRequestToken: "t" };
    expect(await syncsOf("TransactWriteItems", request)).toBe(1);
    expect(await syncsOf("TransactWriteItems", request)).toBe(0);
  });

  test("for transactions of one turn", async () => {
    const before = vfs.syncs;
    const answers = items(20, 1).map((Put) =>
      server.call("TransactWriteItems", { TransactItems: [{ Put }] }),
    );
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
    expect(vfs.syncs - before).toBe(1);
  });

  test("for none that changes nothing", async () => {
    const check = {
      TableName: PLAIN.TableName,
      Key: { pk: { S: "absent" } },
      ConditionExpression: "attribute_not_exists(pk)",
    };
    expect(await syncsOf("TransactWriteItems", { TransactItems: [{ ConditionCheck: check }] })).toBe(0);
  });
});
