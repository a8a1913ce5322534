/** The tables of workloads, and their items. */
import { call } from "../../test/support/call.ts";
import { benchItem } from "./requests.ts";
import type { Send } from "./workload.ts";

export type Item = Readonly<Record<string, unknown>>;

export const TABLE = "bench";
/** Items that reads of single items look for. */
export const KEYS = 1000;

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });

/** An on-demand table with keys pk and sk, and global indexes on pairs of attributes. */
export async function createTable(
  send: Send,
  indexes: readonly (readonly [string, string])[] = [],
  TableName = TABLE,
): Promise<void> {
  const names = new Set(["pk", "sk", ...indexes.flat()]);
  await send("CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [...names].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
    ...(indexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: indexes.map(([hash, range], at) => ({
            IndexName: `index-${at}`,
            KeySchema: [key(hash, "HASH"), key(range, "RANGE")],
            Projection: { ProjectionType: "ALL" },
          })),
        }),
  });
  await send("DescribeTable", { TableName });
}

export async function putAll(send: Send, items: readonly Item[], tableName = TABLE): Promise<void> {
  const batches = Array.from({ length: Math.ceil(items.length / 25) }, (_, at) =>
    items.slice(at * 25, at * 25 + 25),
  );
  for (let at = 0; at < batches.length; at += 10) {
    const requests = batches.slice(at, at + 10).map((batch) => ({
      RequestItems: { [tableName]: batch.map((Item) => ({ PutRequest: { Item } })) },
    }));
    await Promise.all(requests.map((request) => send("BatchWriteItem", request)));
  }
}

/** A table with the items that reads of single items look for. */
export async function prepareItems(send: Send): Promise<void> {
  await createTable(send);
  await putAll(
    send,
    Array.from({ length: KEYS }, (_, at) => benchItem(at, at)),
  );
}

export const SCANNED_TABLE = "scanned";

/** Creates and fills the table that is scanned in the background: about `bytes` of 1 KB items. */
export async function fillScannedTable(endpoint: string, bytes: number): Promise<void> {
  const send: Send = async (operation, body) => {
    const answer = await call(endpoint, operation, body);
    if (answer.status !== 200) throw new Error(`${operation}: ${answer.text}`);
  };
  await createTable(send, [], SCANNED_TABLE);
  const itemBytes = JSON.stringify(benchItem(0, 0)).length;
  const chunk = 5000;
  for (let done = 0; done * itemBytes < bytes; done += chunk) {
    const items = Array.from({ length: chunk }, (_, at) => benchItem(done + at, done + at));
    await putAll(send, items, SCANNED_TABLE);
  }
}
