import { expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { inProcess } from "../support/in-process.ts";

test("a NextToken outlives the server that issued it", async () => {
  const store = doubleStore();
  const Statement = "SELECT pk FROM Notes WHERE pk IN ['a', 'b', 'c']";
  const before = await inProcess(store);
  await before.call("CreateTable", {
    TableName: "Notes",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  });
  for (const S of ["a", "b", "c"]) {
    await before.call("PutItem", { TableName: "Notes", Item: { pk: { S } } });
  }
  const first = await before.call("ExecuteStatement", { Statement, Limit: 1 });
  expect(first.body["Items"]).toEqual([{ pk: { S: "a" } }]);
  await before.catalog.close();

  const after = await inProcess(store);
  const NextToken = first.body["NextToken"];
  const rest = await after.call("ExecuteStatement", { Statement, NextToken });
  expect(rest.body).toEqual({ Items: [{ pk: { S: "b" } }, { pk: { S: "c" } }] });
  await after.catalog.close();
});
