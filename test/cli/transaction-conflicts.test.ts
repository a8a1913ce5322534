/** `--transaction-conflicts`, from the command line to the answer. */
import { expect, test } from "bun:test";
import { type Answer, refusalOf } from "../support/call.ts";
import { startServer, type TestServer } from "../support/server.ts";

const TABLE = "Things";
const key = { pk: { S: "hot" } };

async function withTable(flags: readonly string[]): Promise<TestServer> {
  const server = await startServer({ flags });
  const created = await server.call("CreateTable", {
    TableName: TABLE,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  });
  expect(created.status).toBe(200);
  expect((await server.call("DescribeTable", { TableName: TABLE })).status).toBe(200);
  return server;
}

/** Many transactions at once, all on one item: what their answers say. */
async function collide(server: TestServer): Promise<readonly string[]> {
  const increment = {
    Update: {
      TableName: TABLE,
      Key: key,
      UpdateExpression: "ADD n :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  };
  const answers: readonly Answer[] = await Promise.all(
    Array.from({ length: 60 }, () => server.call("TransactWriteItems", { TransactItems: [increment] })),
  );
  return answers.map((answer) => (answer.status === 200 ? "done" : refusalOf(answer).message));
}

const conflict =
  "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]";

test.each([
  ["by default transactions queue", [], ["done"]],
  ["with --transaction-conflicts they are refused", ["--transaction-conflicts"], [conflict, "done"]],
])("%s", async (_, flags, expected) => {
  const server = await withTable(flags);
  try {
    const said = await collide(server);
    expect([...new Set(said)].sort()).toEqual(expected);
    const { body } = await server.call("GetItem", { TableName: TABLE, Key: key });
    const done = said.filter((each) => each === "done").length;
    expect(body).toEqual({ Item: { ...key, n: { N: String(done) } } });
  } finally {
    await server.stop();
  }
});
