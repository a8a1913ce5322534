import { describe, expect, test } from "bun:test";
import { type ClientToken, IdempotencyTokens, TOKEN_MS } from "../../src/tables/idempotency.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tokenRows } from "../../src/tables/keyspace.ts";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";

const TABLE = "Counters";
const key = (id: string) => ({ id: { S: id } });
const increment = (id: string, by = 1) => ({
  Update: {
    TableName: TABLE,
    Key: key(id),
    UpdateExpression: "ADD n :by",
    ExpressionAttributeValues: { ":by": { N: String(by) } },
  },
});

async function withTable(server: InProcess): Promise<InProcess> {
  const answer = await server.call("CreateTable", {
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  expect(answer.status).toBe(200);
  return server;
}

/** Sends a transaction with a token; the exception, or undefined. */
async function send(server: InProcess, ClientRequestToken: string, ...TransactItems: readonly object[]) {
  const answer = await server.call("TransactWriteItems", { ClientRequestToken, TransactItems });
  expect(answer.error ?? "").not.toBe("InternalServerError");
  return answer.error;
}

async function count(server: InProcess, id: string): Promise<number> {
  const { body } = await server.call("GetItem", { TableName: TABLE, Key: key(id), ConsistentRead: true });
  return Number((body["Item"] as { n?: { N: string } } | undefined)?.n?.N ?? 0);
}

/** How many tokens the store remembers, expired or not. */
async function tokensIn(store: Store): Promise<number> {
  const snapshot = await store.snapshot([SYSTEM_SPACE]);
  const range = { space: SYSTEM_SPACE, ...tokenRows(DEFAULT_NAMESPACE), rowsMax: 1e6, bytesMax: 1e9 };
  const { rows } = await snapshot.range(range);
  snapshot.close();
  return rows.length;
}

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

describe(`ten minutes (SEED=${seed})`, () => {
  test("a token is remembered for ten minutes of the clock, and then forgotten", async () => {
    const clock = new ManualClock();
    const store = doubleStore({ seed, delays: true, clock });
    const server = await withTable(await inProcess(store, { clock }));
    expect(await send(server, "t", increment("a"))).toBeUndefined();
    clock.advance(TOKEN_MS - 1);
    expect(await send(server, "t", increment("a"))).toBeUndefined();
    expect(await send(server, "t", increment("a", 2))).toBe("IdempotentParameterMismatchException");
    expect(await count(server, "a")).toBe(1);
    clock.advance(1);
    expect(await send(server, "t", increment("a", 2))).toBeUndefined();
    expect(await count(server, "a")).toBe(3);
    clock.advance(TOKEN_MS - 1);
    expect(await send(server, "t", increment("a", 2))).toBeUndefined();
    expect(await count(server, "a")).toBe(3);
  });

  test("a repetition does not make it be remembered longer", async () => {
    const clock = new ManualClock();
    const server = await withTable(await inProcess(doubleStore({ seed, clock }), { clock }));
    await send(server, "t", increment("a"));
    clock.advance(TOKEN_MS / 2);
    await send(server, "t", increment("a"));
    clock.advance(TOKEN_MS / 2);
    await send(server, "t", increment("a"));
    expect(await count(server, "a")).toBe(2);
  });

  test("over a restart", async () => {
    const clock = new ManualClock();
    const vfs = memoryVfs();
    const first = await openStore({ vfs, clock });
    const before = await withTable(await inProcess(first, { clock }));
    expect(await send(before, "t", increment("a"), increment("b"))).toBeUndefined();
    await before.catalog.close();
    await first.close();
    clock.advance(TOKEN_MS - 1);

    const second = await openStore({ vfs, clock });
    const after = await inProcess(second, { clock });
    expect(await send(after, "t", increment("a"), increment("b"))).toBeUndefined();
    expect(await send(after, "t", increment("b"), increment("a"))).toBe(
      "IdempotentParameterMismatchException",
    );
    expect([await count(after, "a"), await count(after, "b")]).toEqual([1, 1]);
    await after.catalog.close();
    await second.close();
  });

  test("a cancelled transaction leaves no token", async () => {
    const clock = new ManualClock();
    const store = doubleStore({ seed, clock });
    const server = await withTable(await inProcess(store, { clock }));
    const check = { TableName: TABLE, Key: key("b"), ConditionExpression: "attribute_exists(id)" };
    expect(await send(server, "t", increment("a"), { ConditionCheck: check })).toBe(
      "TransactionCanceledException",
    );
    expect(await tokensIn(store)).toBe(0);
    expect(await send(server, "t", increment("a"))).toBeUndefined();
    expect(await count(server, "a")).toBe(1);
  });

  test("concurrent uses happen once, on a store that delays and conflicts", async () => {
    const clock = new ManualClock();
    const store = doubleStore({ seed, delays: true, conflictRate: 0.2, clock });
    const server = await withTable(await inProcess(store, { clock }));
    const names = Array.from({ length: 40 }, (_, at) => `t${at % 4}`);
    const errors = await Promise.all(names.map((name) => send(server, name, increment(name))));
    expect(errors).toEqual(names.map(() => undefined));
    for (const name of new Set(names)) expect(await count(server, name)).toBe(1);
  });
});

describe("expired tokens", () => {
  const setUp = async () => {
    const clock = new ManualClock();
    const store = doubleStore({ seed, clock });
    const server = await withTable(await inProcess(store, { clock }));
    return { clock, store, server, tokens: new IdempotencyTokens(store, clock) };
  };

  test("are removed by a sweep, the others are not", async () => {
    const { clock, store, server, tokens } = await setUp();
    for (let at = 0; at < 300; at += 1) await send(server, `old${at}`, increment("a"));
    clock.advance(TOKEN_MS / 2);
    for (let at = 0; at < 300; at += 1) await send(server, `new${at}`, increment("a"));
    expect(await tokens.sweep()).toBe(0);
    clock.advance(TOKEN_MS / 2);
    expect(await tokens.sweep()).toBe(300);
    expect(await tokensIn(store)).toBe(300);
    await send(server, "new7", increment("a"));
    expect(await count(server, "a")).toBe(600);
  });

  test("are swept away while tokens are in use: those of twenty minutes remain at most", async () => {
    const { clock, store, server } = await setUp();
    let most = 0;
    for (let minute = 0; minute < 120; minute += 1) {
      clock.advance(60_000);
      await send(server, `t${minute}`, increment("a"));
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, await tokensIn(store));
    }
    expect(await count(server, "a")).toBe(120);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(21);
  });

  test("of an earlier run are removed after the first use", async () => {
    const { clock, store, server } = await setUp();
    await send(server, "old", increment("a"));
    clock.advance(TOKEN_MS);
    const restarted = await inProcess(store, { clock });
    await send(restarted, "new", increment("a"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await tokensIn(store)).toBe(1);
  });

  test("are kept by a sweep when they are used again meanwhile", async () => {
    for (let round = 0; round < 30; round += 1) {
      const clock = new ManualClock();
      const store = doubleStore({ seed: seed + round, delays: true, clock });
      const server = await withTable(await inProcess(store, { clock }));
      const tokens = new IdempotencyTokens(store, clock);
      await send(server, "t", increment("a"));
      clock.advance(TOKEN_MS);
      await Promise.all([tokens.sweep(), send(server, "t", increment("a"))]);
      await send(server, "t", increment("a"));
      expect(await count(server, "a")).toBe(2);
    }
  });

  test("are nobody's concern when the store is closed", async () => {
    const { clock, store, tokens } = await setUp();
    await store.close();
    expect(tokens.use("TransactWriteItems", "t", [])).toBeDefined();
    clock.advance(TOKEN_MS);
    tokens.use("TransactWriteItems", "t", []);
    // An unhandled rejection would fail the test run.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(tokens.sweep()).rejects.toThrow("closed");
  });
});

describe("a token", () => {
  const tokens = new IdempotencyTokens(doubleStore(), new ManualClock());
  const use = (parameters: unknown, token = "t"): ClientToken =>
    tokens.use("TransactWriteItems", token, parameters);

  test("remembers the sizes of items", () => {
    const sizes = [0, 1, 409_600];
    const row = use([{ a: 1, b: 2 }]).record(sizes, 1000);
    expect(use([{ b: 2, a: 1 }]).judge(row, 1000)).toEqual({ kind: "replayed", sizes });
    expect(use([{ a: 1, b: 3 }]).judge(row, 1000)).toEqual({ kind: "mismatched" });
    expect(use([{ a: 1, b: 2 }]).judge(row, 1000 + TOKEN_MS)).toBeUndefined();
    expect(use([]).judge(undefined, 1000)).toBeUndefined();
  });

  test("belongs to an operation", () => {
    expect(tokens.use("ExecuteTransaction", "t", []).row).not.toEqual(use([]).row);
    expect(use([], "\u0000x").row).not.toEqual(use([], "x").row);
    expect(use([], "t").row).toEqual(use([1], "t").row);
  });

  test("a row that is cut off is not taken for one", () => {
    expect(() => use([]).judge(new Uint8Array(3), 0)).toThrow();
  });
});
