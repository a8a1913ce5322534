import type { Json } from "../support/call.ts";
import type { Given } from "./step.ts";

type Item = { readonly [name: string]: Json };

const BATCH_MAX = 25;

/** Items of one table, written in as few requests as possible. */
export function items(TableName: string, all: readonly Item[]): readonly Given[] {
  const batches = Array.from({ length: Math.ceil(all.length / BATCH_MAX) }, (_, at) =>
    all.slice(at * BATCH_MAX, (at + 1) * BATCH_MAX),
  );
  return batches.map((batch) => ({
    operation: "BatchWriteItem",
    request: { RequestItems: { [TableName]: batch.map((Item) => ({ PutRequest: { Item } })) } },
  }));
}

/** So many users, u1 and so on. */
export const users = (count: number, more: (at: number) => Item = () => ({})): readonly Given[] =>
  items(
    "Users",
    Array.from({ length: count }, (_, at) => ({ userId: { S: `u${at + 1}` }, ...more(at) })),
  );
