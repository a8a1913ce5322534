/**
 * A SELECT of 8 KB could keep the server for seconds: branches of its condition were bounded, but not the pairs of branches that were looked at
 * and contradicted each other. Found by reading.
 */
import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { inProcess } from "../support/in-process.ts";

const TABLE = "contradictions";

/** So many INs of a hundred values each, joined by OR; what they compare with goes to `parameters`. */
function choices(ins: number, parameters: object[]): string {
  const one = () => {
    for (let at = 0; at < 100; at += 1) parameters.push({ S: `${parameters.length}` });
    return `pk IN[${Array(100).fill("?").join(",")}]`;
  };
  return `(${Array.from({ length: ins }, one).join(" OR ")})`;
}

test("a condition is refused for the pairs of branches in it, whatever becomes of them", async () => {
  const store = await openStore({ vfs: memoryVfs() });
  const server = await inProcess(store);
  await server.call("CreateTable", {
    TableName: TABLE,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  });
  const select = (ins: number) => {
    const Parameters: object[] = [];
    const where = `${choices(ins, Parameters)} AND ${choices(ins, Parameters)}`;
    return server.call("ExecuteStatement", {
      Statement: `SELECT * FROM ${TABLE} WHERE ${where}`,
      Parameters,
    });
  };
  // No row has both keys.
  expect(await select(1)).toMatchObject({ status: 200, body: { Items: [] } });
  expect(await select(9)).toMatchObject({
    error: "ValidationException",
    body: { message: "Too many decomposed read operations for a given query." },
  });
  await server.catalog.close();
  await store.close();
});
