/** What is measured, one request at a time: items got, put, queried and scanned. */
import { batchWorkloads } from "./batch-workloads.ts";
import { benchItem, post } from "./requests.ts";
import { createTable, type Item, KEYS, prepareItems, putAll, TABLE } from "./tables.ts";
import type { Workload } from "./workload.ts";

/** Partitions of the tables that are queried, and items in each. */
const PARTITIONS = 50;
const PAGE = 100;
const SCAN_BYTES_MAX = 1 << 20;
/** Prebuilt puts, and the keys they go to: two different items for each, so that a put changes what it meets. */
const PUTS = 4 * KEYS;
const PUT_KEYS = PUTS / 2;

const keyed = (at: number, salt = at) => benchItem(at, salt);

/** `count` items in each partition, of about 1 KB or 200 bytes; `group` is the partition again, for an index. */
function pageItems(size: "1 KB" | "200 B"): Item[] {
  return Array.from({ length: PARTITIONS * PAGE }, (_, at) => {
    const partition = at % PARTITIONS;
    const keys = {
      pk: { S: `customer#${partition}` },
      sk: { S: `order#${String(Math.floor(at / PARTITIONS)).padStart(8, "0")}` },
    };
    const { name, age, email, ...rest } = benchItem(at, at);
    return size === "200 B"
      ? { ...keys, name, age, email, group: { S: `group#${partition}` } }
      : { name, age, email, ...rest, ...keys, group: { S: `group#${partition}` } };
  });
}

const queries = (host: string, parameters: (partition: number) => object) =>
  Array.from({ length: PARTITIONS }, (_, partition) =>
    post(host, "Query", JSON.stringify({ TableName: TABLE, ...parameters(partition) })),
  );

const onePartition = (partition: number) => ({
  KeyConditionExpression: "pk = :p",
  ExpressionAttributeValues: { ":p": { S: `customer#${partition}` } },
});

const page = (Items: readonly Item[], ScannedCount = Items.length) => ({
  Items,
  Count: Items.length,
  ScannedCount,
});
const firstPage = (items: readonly Item[]) => page(items.filter((_, at) => at % PARTITIONS === 0));

function queryWorkload(size: "1 KB" | "200 B"): Workload {
  return {
    title: `Query, page of ${PAGE} x ${size}, 16 connections`,
    connections: 16,
    prepare: async (send) => {
      await createTable(send);
      await putAll(send, pageItems(size));
    },
    requests: (host) => queries(host, onePartition),
    constant: firstPage(pageItems(size)),
  };
}

const filtered: Workload = {
  ...queryWorkload("1 KB"),
  title: `Query with a filter that half of ${PAGE} x 1 KB pass, 16 connections`,
  requests: (host) =>
    queries(host, (partition) => ({
      KeyConditionExpression: "pk = :p",
      FilterExpression: "age < :age",
      ExpressionAttributeValues: { ":p": { S: `customer#${partition}` }, ":age": { N: "50" } },
    })),
  constant: page(pageItems("1 KB").slice(0, PAGE / 2), PAGE),
};

const onIndex: Workload = {
  ...queryWorkload("1 KB"),
  title: `Query of a global index, page of ${PAGE} x 1 KB, 16 connections`,
  prepare: async (send) => {
    await createTable(send, [["group", "sk"]]);
    await putAll(send, pageItems("1 KB"));
  },
  requests: (host) =>
    queries(host, (partition) => ({
      IndexName: "index-0",
      KeyConditionExpression: "#g = :g",
      ExpressionAttributeNames: { "#g": "group" },
      ExpressionAttributeValues: { ":g": { S: `group#${partition}` } },
    })),
};

const scan: Workload = {
  ...queryWorkload("1 KB"),
  title: "Scan, pages of 1 MB of 1 KB items, 4 connections, 4 segments",
  connections: 4,
  requests: (host) =>
    [0, 1, 2, 3].map((Segment) =>
      post(host, "Scan", JSON.stringify({ TableName: TABLE, Segment, TotalSegments: 4 })),
    ),
  constant: page(pageItems("1 KB").slice(0, Math.floor(SCAN_BYTES_MAX / 1024))),
};

function putWorkload(indexes: number): Workload {
  const attributes = ["name", "email", "group", "street", "city"].slice(0, indexes);
  const item = (at: number) => {
    const { name, email, ...rest } = keyed((at * 7919) % PUT_KEYS, at);
    const extra = Object.fromEntries(
      ["group", "street", "city"]
        .slice(0, Math.max(0, indexes - 2))
        .map((each, of) => [each, { S: `${each} ${(at + of) % 97}` }]),
    );
    return { ...rest, name, email, ...extra };
  };
  return {
    title: `PutItem, 1 KB item, 64 connections${indexes === 0 ? "" : `, ${indexes} global index${indexes === 1 ? "" : "es"}`}`,
    connections: 64,
    writes: true,
    prepare: async (send) => {
      await createTable(
        send,
        attributes.map((each) => [each, "sk"] as const),
      );
    },
    requests: (host) =>
      Array.from({ length: PUTS }, (_, at) =>
        post(host, "PutItem", JSON.stringify({ TableName: TABLE, Item: item(at) })),
      ),
    constant: {},
  };
}

const get: Workload = {
  title: "GetItem, 1 KB item, 16 connections",
  connections: 16,
  prepare: prepareItems,
  requests: (host) =>
    Array.from({ length: KEYS }, (_, at) => {
      const { pk, sk } = keyed(at);
      return post(host, "GetItem", JSON.stringify({ TableName: TABLE, Key: { pk, sk } }));
    }),
  constant: { Item: benchItem(1, 1) },
};

/** By the names that `--only` takes. */
export const workloads: Readonly<Record<string, Workload>> = {
  get,
  put: putWorkload(0),
  "put-1-index": putWorkload(1),
  "put-5-indexes": putWorkload(5),
  query: queryWorkload("1 KB"),
  "query-small": queryWorkload("200 B"),
  "query-filter": filtered,
  "query-index": onIndex,
  scan,
  ...batchWorkloads,
};

/** The workload of that name. */
export function workloadOf(name: string): Workload {
  const workload = Object.hasOwn(workloads, name) ? workloads[name] : undefined;
  if (workload === undefined)
    throw new Error(`there is no workload ${name}: ${Object.keys(workloads).join(", ")}`);
  return workload;
}
