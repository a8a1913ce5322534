/**
 * kill -9 while an index is filled and its table written: after the restart the filling goes on by itself, and the index ends up with
 * exactly what the table's items yield. `BACKFILL_ROUNDS` sets the number of kills, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type Body, succeed } from "./succeed.ts";

const ROUNDS = Number(process.env["BACKFILL_ROUNDS"] ?? 4);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ITEMS = 4_000;
const TABLE = "Live";

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

const itemAt = (at: number, group: number): Item => ({
  pk: { S: `item ${at}` },
  g: { S: `group ${group}` },
  data: { S: "x".repeat(100) },
});

async function fillTable(server: TestServer): Promise<void> {
  const batch = (from: number) => {
    const writes = Array.from({ length: 25 }, (_, at) => ({
      PutRequest: { Item: itemAt(from + at, (from + at) % 10) },
    }));
    return succeed(server, "BatchWriteItem", { RequestItems: { [TABLE]: writes } });
  };
  for (let from = 0; from < ITEMS; from += 250) {
    await Promise.all(Array.from({ length: 10 }, (_, at) => batch(from + at * 25)));
  }
}

async function scanAll(server: TestServer, more: object): Promise<Item[]> {
  const items: Item[] = [];
  let from = {};
  for (;;) {
    const page = await succeed(server, "Scan", { TableName: TABLE, ...more, ...from });
    items.push(...(page["Items"] as Item[]));
    if (page["LastEvaluatedKey"] === undefined) return items;
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}

const indexOf = async (server: TestServer) => {
  const { Table } = (await succeed(server, "DescribeTable", { TableName: TABLE })) as { Table: Body };
  const [index] = (Table["GlobalSecondaryIndexes"] ?? []) as Body[];
  return index;
};

async function untilActive(server: TestServer): Promise<void> {
  const deadline = performance.now() + 30_000;
  while ((await indexOf(server))?.["IndexStatus"] !== "ACTIVE") {
    assert(performance.now() < deadline, "the index is not filled");
    await Bun.sleep(10);
  }
}

/** Creates the index and kills the server while it is filled, writers beside it. Returns whether it was still being filled. */
async function createAndKill(server: TestServer, random: () => number): Promise<boolean> {
  let killed = false;
  const writers = Array.from({ length: 4 }, async () => {
    while (!killed) {
      const at = Math.floor(random() * (ITEMS + 100));
      const Item = itemAt(at, Math.floor(random() * 10));
      const write =
        random() < 0.2
          ? server.call("DeleteItem", { TableName: TABLE, Key: { pk: itemAt(at, 0)["pk"] } })
          : server.call("PutItem", { TableName: TABLE, Item });
      // After the kill there is nobody to answer.
      await write.catch(() => undefined);
    }
  });
  await succeed(server, "UpdateTable", {
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: "by-group",
          KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      },
    ],
  });
  await Bun.sleep(random() * 40);
  const isFilling = (await indexOf(server))?.["IndexStatus"] === "CREATING";
  killed = true;
  await server.kill9();
  await Promise.all(writers);
  return isFilling;
}

test(
  `an index is filled over ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({
      flags: ["--durability", "sync", "--memtable-bytes-max", String(1 << 20)],
    });
    let killedWhileFilling = 0;
    try {
      await succeed(server, "CreateTable", {
        TableName: TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      });
      await fillTable(server);
      for (let round = 1; round <= ROUNDS; round += 1) {
        if (await createAndKill(server, random)) killedWhileFilling += 1;
        await server.restart();
        await untilActive(server);
        const expected = (await scanAll(server, {})).map(({ pk, g }) => `${pk?.["S"]}: ${g?.["S"]}`).sort();
        const entries = await scanAll(server, { IndexName: "by-group" });
        expect(entries.map(({ pk, g }) => `${pk?.["S"]}: ${g?.["S"]}`).sort()).toEqual(expected);
        expect((await indexOf(server))?.["ItemCount"]).toBe(expected.length);
        await succeed(server, "UpdateTable", {
          TableName: TABLE,
          GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "by-group" } }],
        });
      }
      expect(killedWhileFilling).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  },
  ROUNDS * 20_000 + 60_000,
);
