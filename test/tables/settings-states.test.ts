/** Settings whose changes take their time, by a clock that the test moves; and that they outlive a restart. */
import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";

const DELAY_MS = 1_000;
const TABLE = "Slow";
const STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/one";
const CREATE = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
};
const ARN = `arn:aws:dynamodb:us-east-1:000000000000:table/${TABLE}`;
const policy = (Sid: string) =>
  JSON.stringify({
    Statement: [{ Sid, Effect: "Deny", Principal: "*", Action: "dynamodb:*", Resource: "*" }],
  });

test("insights, Kinesis destinations and policies are on their way for a while", async () => {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock, tableDelayMs: DELAY_MS });
  const enable = { TableName: TABLE, ContributorInsightsAction: "ENABLE" };
  await server.call("CreateTable", CREATE);
  expect(await server.call("UpdateContributorInsights", enable)).toMatchObject({
    error: "ValidationException",
    body: { message: expect.stringContaining("TableStatus must be ACTIVE") },
  });
  clock.advance(DELAY_MS);

  const insights = async () =>
    (await server.call("DescribeContributorInsights", { TableName: TABLE })).body[
      "ContributorInsightsStatus"
    ];
  await server.call("UpdateContributorInsights", enable);
  expect(await insights()).toBe("ENABLING");
  clock.advance(DELAY_MS);
  expect(await insights()).toBe("ENABLED");
  await server.call("UpdateContributorInsights", { ...enable, ContributorInsightsAction: "DISABLE" });
  expect(await insights()).toBe("DISABLING");
  clock.advance(DELAY_MS);
  expect(await insights()).toBe("DISABLED");

  const destination = { TableName: TABLE, StreamArn: STREAM };
  const states = async () =>
    (await server.call("DescribeKinesisStreamingDestination", { TableName: TABLE })).body;
  for (const [verb, underWay, settled] of [
    ["Enable", "ENABLING", "ACTIVE"],
    ["Disable", "DISABLING", "DISABLED"],
  ] as const) {
    await server.call(`${verb}KinesisStreamingDestination`, destination);
    expect(await states()).toMatchObject({
      KinesisDataStreamDestinations: [{ DestinationStatus: underWay }],
    });
    clock.advance(DELAY_MS);
    expect(await states()).toMatchObject({ KinesisDataStreamDestinations: [{ DestinationStatus: settled }] });
  }

  const put = (Sid: string) => server.call("PutResourcePolicy", { ResourceArn: ARN, Policy: policy(Sid) });
  await put("one");
  const message = `Attempt to change a resource which is still in use: Table is pending previous resource-based policy update: ${TABLE}`;
  expect(await put("two")).toMatchObject({ error: "ResourceInUseException", body: { message } });
  clock.advance(DELAY_MS);
  expect(await put("two")).toMatchObject({ status: 200 });
});

test("insights, Kinesis destinations and policies outlive a restart", async () => {
  const vfs = memoryVfs();
  const store = await openStore({ vfs });
  const server = await inProcess(store);
  await server.call("CreateTable", CREATE);
  await server.call("UpdateContributorInsights", { TableName: TABLE, ContributorInsightsAction: "ENABLE" });
  await server.call("EnableKinesisStreamingDestination", { TableName: TABLE, StreamArn: STREAM });
  await server.call("PutResourcePolicy", { ResourceArn: ARN, Policy: policy("one") });
  await store.close();
  const again = await inProcess(await openStore({ vfs }));
  const answers = await Promise.all([
    again.call("DescribeContributorInsights", { TableName: TABLE }),
    again.call("DescribeKinesisStreamingDestination", { TableName: TABLE }),
    again.call("GetResourcePolicy", { ResourceArn: ARN }),
  ]);
  expect(answers.map(({ body }) => body)).toMatchObject([
    { ContributorInsightsStatus: "ENABLED" },
    { KinesisDataStreamDestinations: [{ StreamArn: STREAM, DestinationStatus: "ACTIVE" }] },
    { Policy: expect.stringContaining('"Sid":"one"') },
  ]);
});
