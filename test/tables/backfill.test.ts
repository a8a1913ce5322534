/** The filling of indexes that are added to live tables: beside writers, over stops and errors, on several stores. */
import { describe, expect, test } from "bun:test";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE } from "../../src/tables/keyspace.ts";
import { memoryVfs, openStore, StorageError, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { seededRandom } from "../support/seeded-random.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
console.log(`backfills run with SEED=${seed}`);

const STORES: readonly [string, () => Promise<Store>][] = [
  ["the plain reference", async () => doubleStore({ seed })],
  ["a slow store that conflicts", async () => doubleStore({ seed, delays: true, conflictRate: 0.05 })],
  ["the engine", () => openStore({ vfs: memoryVfs(), durability: { mode: "off" } })],
];

type Item = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
interface Described {
  readonly IndexName: string;
  readonly IndexStatus: string;
  readonly ItemCount: number;
  readonly IndexSizeBytes: number;
}

const TABLE = "Things";
const CREATE_TABLE = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};
const CREATE_INDEX = {
  TableName: TABLE,
  AttributeDefinitions: [{ AttributeName: "g", AttributeType: "S" }],
  GlobalSecondaryIndexUpdates: [
    {
      Create: {
        IndexName: "idx",
        KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["n"] },
      },
    },
  ],
};

async function succeed(server: InProcess, operation: string, input: object) {
  const answer = await server.call(operation, input);
  if (answer.status !== 200) throw new Error(`${operation}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const itemAt = (at: number): Item => ({
  pk: { S: `item ${at}` },
  n: { N: String(at) },
  data: { S: "x".repeat(at % 50) },
  ...(at % 4 === 0 ? {} : { g: { S: `group ${at % 9}` } }),
});

async function filledTable(store: Store, items: number): Promise<InProcess> {
  const server = await inProcess(store);
  await succeed(server, "CreateTable", CREATE_TABLE);
  await Promise.all(
    Array.from({ length: items }, (_, at) =>
      succeed(server, "PutItem", { TableName: TABLE, Item: itemAt(at) }),
    ),
  );
  return server;
}

async function indexOf(server: InProcess): Promise<Described | undefined> {
  const { Table } = await succeed(server, "DescribeTable", { TableName: TABLE });
  const { GlobalSecondaryIndexes } = Table as { GlobalSecondaryIndexes?: readonly Described[] };
  return GlobalSecondaryIndexes?.[0];
}

async function untilActive(server: InProcess): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await indexOf(server))?.IndexStatus !== "ACTIVE") {
    if (performance.now() > deadline) throw new Error("the index is not filled");
    await Bun.sleep(1);
  }
}

async function scan(server: InProcess, more: object): Promise<Item[]> {
  const { Items, LastEvaluatedKey } = await succeed(server, "Scan", { TableName: TABLE, ...more });
  expect(LastEvaluatedKey).toBeUndefined();
  return Items as Item[];
}

const textOf = (item: Item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
/** pk, g and n with names; no number here has a trailing zero that matters to the sum of both sides. */
const sizeOf = (item: Item) =>
  Object.entries(item).reduce((sum, [name, value]) => {
    const [[type, content] = ["", ""]] = Object.entries(value);
    return sum + name.length + (type === "N" ? numberSize(String(content)) : String(content).length);
  }, 0);
function numberSize(text: string): number {
  const digits = text.replace(/0+$/, "").length;
  return text === "0" ? 1 : 1 + Math.ceil(digits / 2);
}

/** The index has exactly the entries that the table's items yield, and its counters say so. */
async function expectComplete(server: InProcess): Promise<void> {
  const expected = (await scan(server, {})).flatMap(({ pk, g, n }): Item[] =>
    pk === undefined || g === undefined ? [] : [{ pk, g, ...(n === undefined ? {} : { n }) }],
  );
  const entries = await scan(server, { IndexName: "idx" });
  expect(entries.map(textOf).sort()).toEqual(expected.map(textOf).sort());
  expect(await indexOf(server)).toMatchObject({
    IndexStatus: "ACTIVE",
    ItemCount: expected.length,
    IndexSizeBytes: expected.reduce((sum, item) => sum + sizeOf(item), 0),
  });
}

/** Rows in which progress is noted. */
async function progressRows(store: Store): Promise<number> {
  const snapshot = await store.snapshot([SYSTEM_SPACE]);
  const prefix = `${DEFAULT_NAMESPACE}\0backfill\0`;
  const { rows } = await snapshot.range({
    space: SYSTEM_SPACE,
    ge: prefix,
    lt: `${prefix}\xff`,
    rowsMax: 10,
    bytesMax: 1 << 20,
  });
  snapshot.close();
  return rows.length;
}

type Transact = Store["transact"];

/** A store whose transactions go through `transact` first. */
const withTransact = (
  store: Store,
  transact: (...call: Parameters<Transact>) => ReturnType<Transact>,
): Store =>
  new Proxy(store, {
    get(target, name) {
      if (name === "transact") return transact;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });

describe.each(STORES)("on %s", (_, open) => {
  test("an index is filled, and its progress forgotten", async () => {
    const store = await open();
    const server = await filledTable(store, 600);
    await succeed(server, "UpdateTable", CREATE_INDEX);
    await untilActive(server);
    await expectComplete(server);
    expect(await progressRows(store)).toBe(0);
    await server.catalog.close();
    await store.close();
  }, 30_000);

  test("while others write", async () => {
    const store = await open();
    const server = await filledTable(store, 400);
    const random = seededRandom(seed);
    const key = () => ({ pk: { S: `item ${Math.floor(random() * 450)}` } });
    const change = (): [string, object] => {
      const dice = random();
      const group = { ":g": { S: `group ${Math.floor(random() * 3)}` } };
      const update = (UpdateExpression: string, values: object = {}): [string, object] => [
        "UpdateItem",
        { TableName: TABLE, Key: key(), UpdateExpression, ...values },
      ];
      if (dice < 0.2) return ["DeleteItem", { TableName: TABLE, Key: key() }];
      if (dice < 0.3) return update("REMOVE g");
      if (dice < 0.5) return update("SET g = :g", { ExpressionAttributeValues: group });
      if (dice < 0.6) return update("SET n = :n", { ExpressionAttributeValues: { ":n": { N: "7" } } });
      if (dice < 0.7) {
        const Update = update("SET g = :g, n = :n", {
          ExpressionAttributeValues: { ...group, ":n": { N: "8" } },
        })[1];
        return ["TransactWriteItems", { TransactItems: [{ Update }] }];
      }
      return ["PutItem", { TableName: TABLE, Item: { ...itemAt(Math.floor(random() * 400)), ...key() } }];
    };
    const writing = Array.from({ length: 6 }, async () => {
      for (let at = 0; at < 60; at += 1) {
        const [operation, input] = change();
        await succeed(server, operation, input);
        if (at % 8 === 0) await Bun.sleep(1);
      }
    });
    await succeed(server, "UpdateTable", CREATE_INDEX);
    await Promise.all([untilActive(server), ...writing]);
    await expectComplete(server);
    await server.catalog.close();
    await store.close();
  }, 30_000);

  test("over a stop in the middle: the next start goes on from there", async () => {
    const store = await open();
    await (await filledTable(store, 800)).catalog.close();
    let left = 400;
    const dying = withTransact(store, (request, decide) => {
      if (request.reads.length === 2) left -= 1;
      if (left < 0) return Promise.reject(new StorageError("closed", "the process is gone"));
      return store.transact(request, decide);
    });
    const first = await inProcess(dying);
    await succeed(first, "UpdateTable", CREATE_INDEX);
    while (left >= 0) await Bun.sleep(1);
    await first.catalog.close();
    expect(await progressRows(store)).toBe(1);

    let made = 0;
    const counting = withTransact(store, (request, decide) => {
      if (request.reads.length === 2) made += 1;
      return store.transact(request, decide);
    });
    const second = await inProcess(counting);
    await untilActive(second);
    await expectComplete(second);
    expect(made).toBeLessThan(600 - 150);
    expect(await progressRows(store)).toBe(0);
    await second.catalog.close();
    await store.close();
  }, 30_000);

  test("over errors of the store: it is tried again", async () => {
    const store = await open();
    await (await filledTable(store, 300)).catalog.close();
    let failures = 0;
    const failing = withTransact(store, (request, decide) => {
      if (request.reads.length === 2 && failures < 3) {
        failures += 1;
        return failures < 3
          ? Promise.reject(new StorageError("io", "the disk is tired"))
          : Promise.resolve({ kind: "unavailable", cause: new Error("no space") });
      }
      return store.transact(request, decide);
    });
    const server = await inProcess(failing);
    await succeed(server, "UpdateTable", CREATE_INDEX);
    await untilActive(server);
    await expectComplete(server);
    expect(failures).toBe(3);
    await server.catalog.close();
    await store.close();
  }, 30_000);

  test("until the index or the table is deleted", async () => {
    const store = await open();
    const server = await filledTable(store, 300);
    await succeed(server, "UpdateTable", CREATE_INDEX);
    await succeed(server, "UpdateTable", {
      TableName: TABLE,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "idx" } }],
    });
    expect(await indexOf(server)).toBeUndefined();
    await succeed(server, "DeleteTable", { TableName: TABLE });
    await server.catalog.close();
    expect(await progressRows(store)).toBe(0);
    expect(store.spaces()).toEqual([SYSTEM_SPACE]);
    await store.close();
  });
});
