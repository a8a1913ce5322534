/** Two faults of resource policies, found by reading: actions that are no texts were an internal error, and a revision could have the id of the one before. */
import { expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";

const ResourceArn = "arn:aws:dynamodb:us-east-1:000000000000:table/Guarded";
const policy = (Action: unknown) =>
  JSON.stringify({ Statement: [{ Effect: "Deny", Principal: "*", Action: [Action], Resource: "*" }] });
const nested = `${"[".repeat(9_000)}${"]".repeat(9_000)}`;

async function guarded() {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock });
  await server.call("CreateTable", {
    TableName: "Guarded",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  });
  return server;
}

test.each([
  ["an object without a text of its own", policy({ toString: 1, valueOf: 1 })],
  ["lists in lists", policy("deep").replace('"deep"', nested)],
  ["null", policy(null)],
])("an action that is %s is refused as an action", async (_, Policy) => {
  const server = await guarded();
  expect(await server.call("PutResourcePolicy", { ResourceArn, Policy })).toMatchObject({
    error: "ValidationException",
    body: { message: expect.stringContaining("The following action names are invalid: ") },
  });
  await server.catalog.close();
});

test("two changes of one millisecond are two revisions", async () => {
  const server = await guarded();
  const put = async (action: string, more: object = {}) =>
    (await server.call("PutResourcePolicy", { ResourceArn, Policy: policy(action), ...more })).body;
  const { RevisionId: first } = await put("dynamodb:GetItem");
  const { RevisionId: second } = await put("dynamodb:PutItem");
  expect(second).not.toBe(first);
  expect(await put("dynamodb:Scan", { ExpectedRevisionId: first })).toMatchObject({
    __type: expect.stringContaining("PolicyNotFoundException"),
  });
  await server.catalog.close();
});
