/**
 * Concurrent transfers between accounts, with kill -9 and restarts: no money comes or goes, every acknowledged transfer is there, none is there in
 * half, a reader of all accounts sees every transfer whole. `BANK_ROUNDS` sets the number of kills, `SEED` the random choices (the timing of a kill
 * is the machine's own).
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { call, refusalOf } from "../support/call.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";

const ROUNDS = Number(process.env["BANK_ROUNDS"] ?? 8);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ROUND_MS_MAX = 6_000;
/** Time under load before the kill, in milliseconds. */
const LOAD_MS = { min: 100, max: 500 };

const ACCOUNTS = "Accounts";
const TRANSFERS = "Transfers";
const TELLERS = 8;
const READERS = 2;
const OPENING_BALANCE = 100;
const names = Array.from({ length: 6 }, (_, at) => `account${at}`);
const TOTAL = names.length * OPENING_BALANCE;

interface Transfer {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

/** What the tellers know. */
class Journal {
  readonly attempted = new Map<string, Transfer>();
  readonly acknowledged = new Set<string>();
  /** Cancelled: the balance did not suffice. */
  readonly refused = new Set<string>();
  /** Sent and not answered. */
  readonly open = new Set<string>();
  reads = 0;
}

const n = (value: number) => ({ N: String(value) });
const s = (value: string) => ({ S: value });

/** The request of a transfer: always the same for the same transfer, its token included. */
function requestOf({ id, from, to, amount }: Transfer): object {
  const account = (name: string) => ({ TableName: ACCOUNTS, Key: { name: s(name) } });
  const values = { ExpressionAttributeValues: { ":amount": n(amount) } };
  return {
    ClientRequestToken: id,
    TransactItems: [
      {
        Update: {
          ...account(from),
          UpdateExpression: "SET balance = balance - :amount",
          ConditionExpression: "balance >= :amount",
          ...values,
        },
      },
      { Update: { ...account(to), UpdateExpression: "ADD balance :amount", ...values } },
      {
        Put: {
          TableName: TRANSFERS,
          Item: { id: s(id), from: s(from), to: s(to), amount: n(amount) },
          ConditionExpression: "attribute_not_exists(id)",
        },
      },
    ],
  };
}

/** Sends a transfer and notes what became of it. */
async function send(endpoint: string, journal: Journal, transfer: Transfer): Promise<"answered" | "open"> {
  const { id } = transfer;
  journal.attempted.set(id, transfer);
  journal.open.add(id);
  const answer = await call(endpoint, "TransactWriteItems", requestOf(transfer)).catch(() => undefined);
  if (answer === undefined) return "open";
  journal.open.delete(id);
  if (answer.status === 200) {
    journal.acknowledged.add(id);
    return "answered";
  }
  const { type, message } = refusalOf(answer);
  assert.equal(type, "TransactionCanceledException", answer.text);
  // The first action alone has a reason to fail: the transfer has not happened before, or its token would have told.
  assert(message.endsWith("[ConditionalCheckFailed, None, None]"), `transfer ${id}: ${message}`);
  journal.refused.add(id);
  return "answered";
}

/** Makes transfers until one is not answered. */
async function tell(endpoint: string, journal: Journal, random: () => number): Promise<void> {
  for (;;) {
    const from = Math.floor(random() * names.length);
    const to = (from + 1 + Math.floor(random() * (names.length - 1))) % names.length;
    const transfer: Transfer = {
      id: randomUUID(),
      from: names[from] ?? "",
      to: names[to] ?? "",
      amount: 1 + Math.floor(random() * 60),
    };
    if ((await send(endpoint, journal, transfer)) === "open") return;
  }
}

/** All balances at one instant, by account; undefined when there is no answer. */
async function balances(endpoint: string): Promise<ReadonlyMap<string, number> | undefined> {
  const TransactItems = names.map((name) => ({ Get: { TableName: ACCOUNTS, Key: { name: s(name) } } }));
  const answer = await call(endpoint, "TransactGetItems", { TransactItems }).catch(() => undefined);
  if (answer === undefined) return undefined;
  assert.equal(answer.status, 200, answer.text);
  const { Responses } = answer.body as unknown as {
    Responses: readonly { Item: { name: { S: string }; balance: { N: string } } }[];
  };
  return new Map(Responses.map(({ Item }) => [Item.name.S, Number(Item.balance.N)]));
}

function assertWhole(all: ReadonlyMap<string, number>): void {
  const values = [...all.values()];
  const sum = values.reduce((total, value) => total + value, 0);
  assert.equal(sum, TOTAL, `the balances add up to ${sum}: ${JSON.stringify([...all])}`);
  assert(Math.min(...values) >= 0, `a balance is negative: ${JSON.stringify([...all])}`);
}

/** Looks at all accounts until there is no answer. */
async function audit(endpoint: string, journal: Journal): Promise<void> {
  for (;;) {
    const all = await balances(endpoint);
    if (all === undefined) return;
    assertWhole(all);
    journal.reads += 1;
  }
}

/** All transfers in the table, or in its index, by id. */
async function transfersIn(endpoint: string, index?: string): Promise<ReadonlyMap<string, Transfer>> {
  const found = new Map<string, Transfer>();
  let start: object | undefined;
  do {
    const answer = await call(endpoint, "Scan", {
      TableName: TRANSFERS,
      ConsistentRead: index === undefined,
      ...(index === undefined ? {} : { IndexName: index }),
      ...(start === undefined ? {} : { ExclusiveStartKey: start }),
    });
    assert.equal(answer.status, 200, answer.text);
    const body = answer.body as unknown as {
      Items: readonly { id: { S: string }; from: { S: string }; to: { S: string }; amount: { N: string } }[];
      LastEvaluatedKey?: object;
    };
    for (const { id, from, to, amount } of body.Items) {
      found.set(id.S, { id: id.S, from: from.S, to: to.S, amount: Number(amount.N) });
    }
    start = body.LastEvaluatedKey;
  } while (start !== undefined);
  return found;
}

/** Throws when the bank's books contradict the journal or each other. */
async function verify(endpoint: string, journal: Journal): Promise<void> {
  const booked = await transfersIn(endpoint);
  const expected = new Map(names.map((name) => [name, OPENING_BALANCE]));
  for (const [id, transfer] of booked) {
    assert.deepEqual(transfer, journal.attempted.get(id), `transfer ${id} is not what was sent`);
    assert(!journal.refused.has(id), `transfer ${id} was refused, yet it is booked`);
    expected.set(transfer.from, (expected.get(transfer.from) ?? 0) - transfer.amount);
    expected.set(transfer.to, (expected.get(transfer.to) ?? 0) + transfer.amount);
  }
  for (const id of journal.acknowledged)
    assert(booked.has(id), `transfer ${id} was acknowledged and is lost`);
  const all = await balances(endpoint);
  assert(all !== undefined, "the server is up");
  assertWhole(all);
  assert.deepEqual(all, expected, "the balances are not what the booked transfers make of them");
  assert.deepEqual(
    new Map([...(await transfersIn(endpoint, "by-sender"))].sort()),
    new Map([...booked].sort()),
    "the index does not hold what the table holds",
  );
}

/** Sends again what was not answered: it happens once, whether it had happened before or not. */
async function settle(endpoint: string, journal: Journal): Promise<void> {
  for (const id of [...journal.open]) {
    const transfer = journal.attempted.get(id);
    assert(transfer !== undefined, "what is open was attempted");
    assert.equal(await send(endpoint, journal, transfer), "answered", "the server is up");
  }
}

async function openBank(server: TestServer): Promise<void> {
  const ok = async (operation: string, request: object) => {
    const answer = await server.call(operation, request);
    assert.equal(answer.status, 200, answer.text);
  };
  const key = (AttributeName: string) => ({ AttributeName, KeyType: "HASH" });
  const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: "S" });
  await ok("CreateTable", {
    TableName: ACCOUNTS,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [attribute("name")],
    KeySchema: [key("name")],
  });
  await ok("CreateTable", {
    TableName: TRANSFERS,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [attribute("id"), attribute("from")],
    KeySchema: [key("id")],
    GlobalSecondaryIndexes: [
      { IndexName: "by-sender", KeySchema: [key("from")], Projection: { ProjectionType: "ALL" } },
    ],
  });
  for (const TableName of [ACCOUNTS, TRANSFERS]) await ok("DescribeTable", { TableName });
  await ok("BatchWriteItem", {
    RequestItems: {
      [ACCOUNTS]: names.map((name) => ({
        PutRequest: { Item: { name: s(name), balance: n(OPENING_BALANCE) } },
      })),
    },
  });
}

test(
  `no money comes or goes over ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    // A small memtable, so that kills also hit flushes.
    const server = await startServer({
      flags: ["--durability", "sync", "--memtable-bytes-max", String(1 << 20)],
    });
    const journal = new Journal();
    try {
      await openBank(server);
      for (let round = 0; round < ROUNDS; round += 1) {
        const { endpoint } = server;
        let killed = false;
        const untilKilled = async (work: Promise<void>) => {
          await work;
          assert(killed, `the server went away by itself:\n${server.errors}`);
        };
        const working = [
          ...Array.from({ length: TELLERS }, () => untilKilled(tell(endpoint, journal, random))),
          ...Array.from({ length: READERS }, () => untilKilled(audit(endpoint, journal))),
        ];
        const killing = Bun.sleep(LOAD_MS.min + random() * (LOAD_MS.max - LOAD_MS.min)).then(async () => {
          killed = true;
          await server.kill9();
        });
        await Promise.all([...working, killing]);
        await server.restart();
        await verify(server.endpoint, journal);
        if (random() < 0.5) await settle(server.endpoint, journal);
      }
      await settle(server.endpoint, journal);
      await verify(server.endpoint, journal);
      const { acknowledged, refused, reads, attempted } = journal;
      console.log(
        `${ROUNDS} kills: ${acknowledged.size} transfers acknowledged, ${refused.size} refused, ${reads} audits`,
      );
      expect(acknowledged.size + refused.size).toBe(attempted.size);
      expect(acknowledged.size).toBeGreaterThan(5 * ROUNDS);
      expect(refused.size).toBeGreaterThan(0);
      expect(reads).toBeGreaterThan(ROUNDS);
    } finally {
      await server.stop();
    }
  },
  30_000 + ROUNDS * ROUND_MS_MAX,
);
