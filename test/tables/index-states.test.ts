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
