import { beforeEach, describe, expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";

/**
 * The DynamoDB side on a store that delays, conflicts, and rehearses `decide` on stale values: whatever passes here does
 * not lean on an accident of the local engine.
 */
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const TABLE = {
  TableName: "Counters",
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
};
const key = (id: string) => ({ id: { S: id } });

describe(`on a slow, conflicting store (SEED=${seed})`, () => {
  let server: InProcess;

  beforeEach(async () => {
    server = await inProcess(doubleStore({ seed, delays: true, conflictRate: 0.2 }));
    expect((await server.call("CreateTable", TABLE)).status).toBe(200);
  });

  test("concurrent increments are all counted", async () => {
    const increments = Array.from({ length: 40 }, () =>
      server.call("UpdateItem", {
        TableName: "Counters",
        Key: key("hot"),
        UpdateExpression: "ADD n :one",
        ExpressionAttributeValues: { ":one": { N: "1" } },
        ReturnValues: "UPDATED_NEW",
      }),
    );
    const answers = await Promise.all(increments);
    const seen = answers.map((answer) => JSON.stringify(answer.body["Attributes"]));
    expect(new Set(seen).size).toBe(40);
    const { body } = await server.call("GetItem", { TableName: "Counters", Key: key("hot") });
    expect(body).toEqual({ Item: { id: { S: "hot" }, n: { N: "40" } } });
  });

  test("of concurrent claims exactly one wins, and the losers see the winner", async () => {
    const claims = Array.from({ length: 20 }, (_, at) =>
      server.call("PutItem", {
        TableName: "Counters",
        Item: { ...key("claim"), by: { N: String(at) } },
        ConditionExpression: "attribute_not_exists(id)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    const answers = await Promise.all(claims);
    const winner = answers.findIndex((answer) => answer.status === 200);
    for (const [at, answer] of answers.entries()) {
      if (at === winner) continue;
      expect(answer.error).toBe("ConditionalCheckFailedException");
      expect(answer.body["Item"]).toEqual({ ...key("claim"), by: { N: String(winner) } });
    }
    const { body } = await server.call("GetItem", { TableName: "Counters", Key: key("claim") });
    expect(body["Item"]).toEqual({ ...key("claim"), by: { N: String(winner) } });
  });

  test("writes prepared before a schema change are prepared again, before a deletion are refused", async () => {
    const put = (at: number) =>
      server.call("PutItem", { TableName: "Counters", Item: { ...key(`k${at}`), n: { N: "1" } } });
    const writes = Array.from({ length: 15 }, (_, at) => put(at));
    const update = server.call("UpdateTable", {
      TableName: "Counters",
      DeletionProtectionEnabled: false,
    });
    expect((await update).status).toBe(200);
    for (const answer of await Promise.all(writes)) expect(answer.status).toBe(200);

    const late = Array.from({ length: 15 }, (_, at) => put(at));
    expect((await server.call("DeleteTable", { TableName: "Counters" })).status).toBe(200);
    for (const answer of await Promise.all(late)) {
      if (answer.status !== 200) expect(answer.error).toBe("ResourceNotFoundException");
    }
    expect((await server.call("GetItem", { TableName: "Counters", Key: key("k1") })).error).toBe(
      "ResourceNotFoundException",
    );
    expect((await server.call("CreateTable", TABLE)).status).toBe(200);
    expect((await server.call("GetItem", { TableName: "Counters", Key: key("k1") })).body).toEqual({});
  });
});
