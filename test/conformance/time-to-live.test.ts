/** UpdateTimeToLive and DescribeTimeToLive, and items that go when their time has come. */
import { afterAll, describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { call } from "../support/call.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeStream, readStream, streamsClient } from "../support/streams.ts";
import { createTableInput, member, objectOf, useTarget, validation, violated } from "./target.ts";

const target = useTarget();

const specification = (TableName: string, Enabled: boolean, AttributeName: string) => ({
  TableName,
  TimeToLiveSpecification: { Enabled, AttributeName },
});

describe("the setting", () => {
  test("enabled, described, and not twice", async () => {
    const table = await target.table();
    expect(await target.ok("DescribeTimeToLive", { TableName: table })).toEqual({
      TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" },
    });
    expect(await target.ok("UpdateTimeToLive", specification(table, true, "ttl"))).toEqual({
      TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
    });
    expect(await target.ok("DescribeTimeToLive", { TableName: table })).toEqual({
      TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "ttl" },
    });
    expect(await target.refusal("UpdateTimeToLive", specification(table, true, "ttl"))).toEqual(
      validation("TimeToLive is already enabled"),
    );
    for (const enabled of [true, false]) {
      expect(await target.refusal("UpdateTimeToLive", specification(table, enabled, "other"))).toEqual(
        validation("TimeToLive is active on a different AttributeName: current AttributeName is ttl"),
      );
    }
  });

  test("not disabled while it is, nor so soon", async () => {
    const table = await target.table();
    expect(await target.refusal("UpdateTimeToLive", specification(table, false, "ttl"))).toEqual(
      validation("TimeToLive is already disabled"),
    );
    await target.ok("UpdateTimeToLive", specification(table, true, "ttl"));
    expect(await target.refusal("UpdateTimeToLive", specification(table, false, "ttl"))).toEqual(
      validation("Time to live has been modified multiple times within a fixed interval"),
    );
  });

  test("on a key attribute, and by the table's ARN", async () => {
    const table = await target.table({ range: "at:N" });
    const { TableArn } = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    await target.ok("UpdateTimeToLive", specification(String(TableArn), true, "at"));
    expect(await target.ok("DescribeTimeToLive", { TableName: TableArn })).toEqual({
      TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "at" },
    });
  });

  test("refused: no table, no specification, no name", async () => {
    const missing = "conformance-no-such-table";
    const noTable = {
      status: 400,
      type: "ResourceNotFoundException",
      message: `Requested resource not found: Table: ${missing} not found`,
    };
    expect(await target.refusal("UpdateTimeToLive", specification(missing, true, "ttl"))).toEqual(noTable);
    expect(await target.refusal("DescribeTimeToLive", { TableName: missing })).toEqual(noTable);
    const table = await target.table();
    expect(await target.refusal("UpdateTimeToLive", { TableName: table })).toEqual(
      violated(null, "timeToLiveSpecification", "Member must not be null"),
    );
    expect(await target.refusal("UpdateTimeToLive", specification(table, true, ""))).toEqual(
      violated(
        "",
        "timeToLiveSpecification.attributeName",
        "Member must have length greater than or equal to 1",
      ),
    );
    expect(
      await target.refusal("UpdateTimeToLive", { TableName: table, TimeToLiveSpecification: {} }),
    ).toMatchObject({ status: 400, type: "ValidationException" });
    expect(await target.refusal("DescribeTimeToLive", {})).toEqual(
      validation("The parameter 'TableName' is required but was not present in the request"),
    );
  });
});

/** How soon expired items go is the service's own affair; this server is told to be quick. */
describe.skipIf(process.env["ENDPOINT"] !== undefined)("expired items", () => {
  let running: TestServer | undefined;
  const server = async () => {
    running ??= await startServer({ data: "memory", flags: ["--ttl-sweep-interval-ms", "20"] });
    return running;
  };
  afterAll(async () => await running?.stop());

  test("go from table and indexes, and the stream tells who did it", async () => {
    const { endpoint } = await server();
    const ok = async (operation: string, body: object) => objectOf(await call(endpoint, operation, body));
    const TableName = "Sessions";
    const created = await ok("CreateTable", {
      ...createTableInput(TableName),
      AttributeDefinitions: ["pk", "user"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "byUser",
          KeySchema: [{ AttributeName: "user", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    });
    const arn = String(member(created, "TableDescription")["LatestStreamArn"]);
    const now = Math.floor(Date.now() / 1000);
    const put = (pk: string, ttl: object) =>
      ok("PutItem", { TableName, Item: { pk: { S: pk }, user: { S: "u" }, ttl } });
    await put("old", { N: String(now - 10) });
    await put("young", { N: String(now + 1000) });
    await put("text", { S: String(now - 10) });
    await put("ancient", { N: String(now - 6 * 365 * 86_400) });
    await ok("UpdateTimeToLive", specification(TableName, true, "ttl"));
    await put("later", { N: String(now - 1) });

    const deadline = performance.now() + 20_000;
    const remaining = ["ancient", "text", "young"];
    for (;;) {
      const { Items } = await ok("Scan", { TableName });
      const pks = (Items as { pk: { S: string } }[]).map(({ pk }) => pk.S).sort();
      if (pks.length === remaining.length) {
        expect(pks).toEqual(remaining);
        break;
      }
      assert(performance.now() < deadline, `still there: ${pks}`);
      await Bun.sleep(20);
    }
    const { Count } = await ok("Query", {
      TableName,
      IndexName: "byUser",
      KeyConditionExpression: "#u = :u",
      ExpressionAttributeNames: { "#u": "user" },
      ExpressionAttributeValues: { ":u": { S: "u" } },
    });
    expect(Count).toBe(3);

    const client = streamsClient(endpoint);
    const records = (await readStream(client, arn)).filter(({ eventName }) => eventName === "REMOVE");
    const service = { PrincipalId: "dynamodb.amazonaws.com", Type: "Service" };
    expect(records.map(({ userIdentity }) => userIdentity)).toEqual([service, service]);
    expect(records.map(({ dynamodb }) => dynamodb?.OldImage?.["pk"]?.S).sort()).toEqual(["later", "old"]);
    expect((await describeStream(client, arn)).StreamStatus).toBe("ENABLED");
    client.destroy();
  }, 40_000);
});
