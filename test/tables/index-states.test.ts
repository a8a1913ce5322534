/** What a client sees of an index when changes of state take their time, by a clock that the test moves. */
import { expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";

const DELAY_MS = 1_000;
const TABLE = "Slow";
const KEY = [{ AttributeName: "pk", KeyType: "HASH" }];
const INDEX = {
  IndexName: "idx",
  KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
  Projection: { ProjectionType: "ALL" },
};
const definitions = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" }));
const INDEXED = { TableName: TABLE, BillingMode: "PAY_PER_REQUEST", KeySchema: KEY };

/** Table status, index status, Backfilling. */
async function states(server: InProcess) {
  const { body } = await server.call("DescribeTable", { TableName: TABLE });
  const table = body["Table"] as { TableStatus: string; GlobalSecondaryIndexes?: Record<string, unknown>[] };
  const [index] = table.GlobalSecondaryIndexes ?? [];
  return [table.TableStatus, index?.["IndexStatus"], index?.["Backfilling"]];
}

async function open() {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock, tableDelayMs: DELAY_MS });
  return { clock, server };
}

test("an index that comes with its table becomes active with it", async () => {
  const { clock, server } = await open();
  await server.call("CreateTable", {
    ...INDEXED,
    AttributeDefinitions: definitions("pk", "g"),
    GlobalSecondaryIndexes: [INDEX],
  });
  expect(await states(server)).toEqual(["CREATING", "CREATING", undefined]);
  clock.advance(DELAY_MS);
  expect(await states(server)).toEqual(["ACTIVE", "ACTIVE", undefined]);
});

test("an index that is added is allocated, then filled, then active", async () => {
  const { clock, server } = await open();
  await server.call("CreateTable", { ...INDEXED, AttributeDefinitions: definitions("pk") });
  clock.advance(DELAY_MS);
  for (let at = 0; at < 100; at += 1) {
    await server.call("PutItem", { TableName: TABLE, Item: { pk: { S: `${at}` }, g: { S: "x" } } });
  }
  await server.call("UpdateTable", {
    TableName: TABLE,
    AttributeDefinitions: definitions("g"),
    GlobalSecondaryIndexUpdates: [{ Create: INDEX }],
  });
  expect(await states(server)).toEqual(["UPDATING", "CREATING", false]);
  await Bun.sleep(20);
  expect(await states(server)).toEqual(["UPDATING", "CREATING", false]);
  clock.advance(DELAY_MS);
  const seen = new Set<string>();
  for (;;) {
    const state = JSON.stringify(await states(server));
    seen.add(state);
    if (state === '["ACTIVE","ACTIVE",null]') break;
    await Bun.sleep(0);
  }
  expect([...seen]).toEqual(['["ACTIVE","CREATING",true]', '["ACTIVE","ACTIVE",null]']);
  const { body } = await server.call("Scan", { TableName: TABLE, IndexName: "idx" });
  expect(body["Count"]).toBe(100);
});

const withDeletion = { TableName: TABLE, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "idx" } }] };

async function openIndexed() {
  const clock = new ManualClock();
  const store = doubleStore({ clock });
  const server = await inProcess(store, { clock, tableDelayMs: DELAY_MS });
  await server.call("CreateTable", {
    ...INDEXED,
    AttributeDefinitions: definitions("pk", "g"),
    GlobalSecondaryIndexes: [INDEX],
  });
  clock.advance(DELAY_MS);
  await server.call("PutItem", { TableName: TABLE, Item: { pk: { S: "1" }, g: { S: "x" } } });
  return { clock, store, server };
}

async function described(server: InProcess) {
  return (await server.call("DescribeTable", { TableName: TABLE })).body["Table"];
}

test("an index that is deleted shows as DELETING, refuses in its own words, then is gone", async () => {
  const { clock, store, server } = await openIndexed();
  const spaces = store.spaces().length;
  expect((await server.call("UpdateTable", withDeletion)).status).toBe(200);
  expect(await states(server)).toEqual(["UPDATING", "DELETING", undefined]);
  await server.call("PutItem", { TableName: TABLE, Item: { pk: { S: "2" }, g: { S: "y" } } });
  expect(await described(server)).toMatchObject({
    AttributeDefinitions: definitions("pk", "g"),
    GlobalSecondaryIndexes: [{ IndexName: "idx", ItemCount: 2 }],
  });
  const inUse = "Attempt to change a resource which is still in use: ";
  const refusals: [object, string, string][] = [
    [withDeletion, "ResourceInUseException", `${inUse}Index is being deleted. Table: Slow Index: idx`],
    [
      {
        TableName: TABLE,
        AttributeDefinitions: definitions("h"),
        GlobalSecondaryIndexUpdates: [
          { Create: { ...INDEX, IndexName: "other", KeySchema: [{ AttributeName: "h", KeyType: "HASH" }] } },
        ],
      },
      "LimitExceededException",
      "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    ],
    [
      {
        TableName: TABLE,
        BillingMode: "PROVISIONED",
        ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
      },
      "ResourceInUseException",
      `${inUse}Can't change table IOPS when an index is being deleted. Table: Slow Indexes: [idx]`,
    ],
    [
      { TableName: TABLE, OnDemandThroughput: { MaxReadRequestUnits: 5 } },
      "ResourceInUseException",
      `${inUse}OnDemandThroughput cannot be updated while index deletion is in progress for indexes: [idx]`,
    ],
  ];
  for (const [request, error, message] of refusals) {
    const answer = await server.call("UpdateTable", request);
    expect([answer.error, answer.body["message"]]).toEqual([error, message]);
  }
  // What is admitted meanwhile does not end it early.
  await server.call("UpdateTable", { TableName: TABLE, DeletionProtectionEnabled: true });
  expect(await states(server)).toEqual(["UPDATING", "DELETING", undefined]);

  clock.advance(DELAY_MS);
  while (store.spaces().length >= spaces) await Bun.sleep(0);
  expect(await described(server)).toMatchObject({
    TableStatus: "ACTIVE",
    AttributeDefinitions: definitions("pk"),
    DeletionProtectionEnabled: true,
  });
  expect(await described(server)).not.toHaveProperty("GlobalSecondaryIndexes");
});

test("an index that was being deleted at a stop is gone after the next start", async () => {
  const { clock, store, server } = await openIndexed();
  const spaces = store.spaces().length;
  await server.call("UpdateTable", withDeletion);
  await server.catalog.close();
  clock.advance(DELAY_MS);
  const next = await inProcess(store, { clock, tableDelayMs: DELAY_MS });
  expect(await states(next)).toEqual(["ACTIVE", undefined, undefined]);
  expect(store.spaces()).toHaveLength(spaces - 1);
});
