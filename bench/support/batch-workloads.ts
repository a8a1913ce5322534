/** Workloads of several items per request: batches and transactions. */
import { SERIAL } from "./request-cycle.ts";
import { benchItem, post } from "./requests.ts";
import { createTable, KEYS, prepareItems, TABLE } from "./tables.ts";
import type { Workload } from "./workload.ts";

const WRITTEN_KEYS = 4 * KEYS;
/** Prebuilt requests of each workload: fewer would repeat values too soon, more would only take memory. */
const REQUESTS = 500;

/** The items of the `at`th request: different keys within it, spread over all keys. */
function itemsOf(at: number, count: number, keys: number) {
  return Array.from({ length: count }, (_, nth) => {
    const serial = at * count + nth;
    return benchItem((serial * 7919) % keys, serial);
  });
}

function requestsOf(operation: string, count: number, keys: number, body: (items: Items) => object) {
  return (host: string) =>
    Array.from({ length: REQUESTS }, (_, at) =>
      post(host, operation, JSON.stringify(body(itemsOf(at, count, keys)))),
    );
}
type Items = ReturnType<typeof itemsOf>;

const keyOf = ({ pk, sk }: Items[number]) => ({ pk, sk });

/** `token`: with a ClientRequestToken, another one each time. */
function transactWrite(count: number, token: boolean): Workload {
  const ClientRequestToken = `walnut-bench-${SERIAL}`;
  return {
    title: `TransactWriteItems, ${count} puts of 1 KB, 64 connections${token ? ", client tokens" : ""}`,
    connections: 64,
    writes: true,
    notInDynalite: true,
    prepare: createTable,
    requests: requestsOf("TransactWriteItems", count, WRITTEN_KEYS, (items) => ({
      TransactItems: items.map((Item) => ({ Put: { TableName: TABLE, Item } })),
      ...(token ? { ClientRequestToken } : {}),
    })),
    constant: {},
  };
}

function batchGet(count: number): Workload {
  return {
    title: `BatchGetItem, ${count} items of 1 KB, 16 connections`,
    connections: 16,
    prepare: prepareItems,
    requests: requestsOf("BatchGetItem", count, KEYS, (items) => ({
      RequestItems: { [TABLE]: { Keys: items.map(keyOf) } },
    })),
    constant: { Responses: { [TABLE]: itemsOf(0, count, KEYS) }, UnprocessedKeys: {} },
  };
}

const batchWrite: Workload = {
  title: "BatchWriteItem, 25 puts of 1 KB, 64 connections",
  connections: 64,
  writes: true,
  prepare: createTable,
  requests: requestsOf("BatchWriteItem", 25, WRITTEN_KEYS, (items) => ({
    RequestItems: { [TABLE]: items.map((Item) => ({ PutRequest: { Item } })) },
  })),
  constant: { UnprocessedItems: {} },
};

const transactGet: Workload = {
  title: "TransactGetItems, 4 items of 1 KB, 16 connections",
  connections: 16,
  notInDynalite: true,
  prepare: prepareItems,
  requests: requestsOf("TransactGetItems", 4, KEYS, (items) => ({
    TransactItems: items.map((item) => ({ Get: { TableName: TABLE, Key: keyOf(item) } })),
  })),
  constant: { Responses: itemsOf(0, 4, KEYS).map((Item) => ({ Item })) },
};

/** By the names that `--only` takes. */
export const batchWorkloads: Readonly<Record<string, Workload>> = {
  "transact-write-4": transactWrite(4, false),
  "transact-write-4-token": transactWrite(4, true),
  "transact-write-25": transactWrite(25, false),
  "transact-write-25-token": transactWrite(25, true),
  "transact-get-4": transactGet,
  "batch-write-25": batchWrite,
  "batch-get-25": batchGet(25),
  "batch-get-100": batchGet(100),
};
