/** Reads beside changes of what they read, and the bound on what they fetch. */
import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";

const TABLE = "Fleeting";
const definitions = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" }));
const hash = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" });
const range = (AttributeName: string) => ({ AttributeName, KeyType: "RANGE" });
const INDEXED = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: definitions("pk", "g"),
  KeySchema: [hash("pk")],
  GlobalSecondaryIndexes: [
    { IndexName: "idx", KeySchema: [hash("g")], Projection: { ProjectionType: "ALL" } },
  ],
};

async function succeed(server: InProcess, operation: string, input: object) {
  const answer = await server.call(operation, { TableName: TABLE, ...input });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

const QUERY = {
  TableName: TABLE,
  KeyConditionExpression: "pk = :v",
  ExpressionAttributeValues: { ":v": { S: "1" } },
};

test.each([1, 2, 3, 4, 5, 6])(
  "a table or index that goes while it is read is not found (seed %d)",
  async (seed) => {
    const server = await inProcess(doubleStore({ seed, delays: true }));
    for (let round = 0; round < 5; round += 1) {
      await succeed(server, "CreateTable", INDEXED);
      for (const pk of ["1", "2"])
        await succeed(server, "PutItem", { Item: { pk: { S: pk }, g: { S: "1" } } });
      const onIndex = { ...QUERY, IndexName: "idx", KeyConditionExpression: "g = :v" };
      const indexReads = Array.from({ length: 10 }, () => server.call("Query", onIndex));
      const gone = succeed(server, "UpdateTable", {
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "idx" } }],
      });
      for (const answer of await Promise.all([
        ...indexReads,
        ...indexReads.map(() => server.call("Query", onIndex)),
      ])) {
        if (answer.status === 200) expect(answer.body["Count"]).toBe(2);
        else expect(answer.body["message"]).toBe("The table does not have the specified index: idx");
      }
      await gone;
      const reads = Array.from({ length: 10 }, () => [
        server.call("Query", QUERY),
        server.call("Scan", { TableName: TABLE }),
        server.call("GetItem", { TableName: TABLE, Key: { pk: { S: "1" } } }),
      ]).flat();
      await succeed(server, "DeleteTable", {});
      for (const answer of await Promise.all(reads)) {
        if (answer.status === 200) expect(answer.body["Count"] ?? 1).toBeGreaterThan(0);
        else expect(answer.error).toBe("ResourceNotFoundException");
      }
    }
  },
);

test("a page that fetches its items from the table ends at a megabyte of them", async () => {
  const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" } });
  const server = await inProcess(store);
  await succeed(server, "CreateTable", {
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: definitions("pk", "sk", "l"),
    KeySchema: [hash("pk"), range("sk")],
    LocalSecondaryIndexes: [
      {
        IndexName: "local",
        KeySchema: [hash("pk"), range("l")],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
  for (const sk of ["1", "2", "3", "4", "5", "6"]) {
    const Item = { pk: { S: "1" }, sk: { S: sk }, l: { S: sk }, data: { S: "x".repeat(300_000) } };
    await succeed(server, "PutItem", { Item });
  }
  const read = { ...QUERY, IndexName: "local" };
  expect(await succeed(server, "Query", { ...read, Select: "COUNT" })).toEqual({ Count: 6, ScannedCount: 6 });
  const page = await succeed(server, "Query", { ...read, Select: "ALL_ATTRIBUTES" });
  expect(page).toMatchObject({
    Count: 4,
    ScannedCount: 4,
    LastEvaluatedKey: { pk: { S: "1" }, sk: { S: "4" }, l: { S: "4" } },
  });
  await store.close();
});
