/**
 * Who gets in whose way. The log's sync is held back, so that a transaction stays between its decision and its visibility for as long as the
 * test likes.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { InFlightRows } from "../../src/tables/in-flight.ts";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { type DelayingVfs, delayingVfs } from "../support/delaying-vfs.ts";
import { doubleStore } from "../support/double-store.ts";
import { type Answer, type InProcess, inProcess } from "../support/in-process.ts";

const TABLE = "Things";
const key = (id: string) => ({ id: { S: id } });
const item = (id: string, v: number) => ({ ...key(id), v: { N: String(v) } });
const put = (id: string, v: number) => ({ Put: { TableName: TABLE, Item: item(id, v) } });
const check = (id: string) => ({
  ConditionCheck: { TableName: TABLE, Key: key(id), ConditionExpression: "attribute_exists(id)" },
});
const get = (id: string) => ({ Get: { TableName: TABLE, Key: key(id) } });

const CONFLICT = { Code: "TransactionConflict", Message: "Transaction is ongoing for the item" };
const NONE = { Code: "None" };

async function createTable(server: InProcess): Promise<void> {
  const answer = await server.call("CreateTable", {
    TableName: TABLE,
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  expect(answer.status).toBe(200);
}

let vfs: DelayingVfs;
let store: Store;
let server: InProcess;

async function start(transactionConflicts: boolean): Promise<void> {
  vfs = delayingVfs(memoryVfs());
  store = await openStore({ vfs, durability: { mode: "sync" } });
  server = await inProcess(store, { transactionConflicts });
  await createTable(server);
  for (const id of ["a", "b", "c"]) await server.call("PutItem", { TableName: TABLE, Item: item(id, 0) });
}

afterEach(async () => {
  vfs.release();
  await server.catalog.close();
  await store.close();
});

const transact = (...TransactItems: readonly object[]) =>
  server.call("TransactWriteItems", { TransactItems });
const read = (...ids: readonly string[]) => server.call("TransactGetItems", { TransactItems: ids.map(get) });
const single = (operation: string, id: string) =>
  server.call(operation, {
    TableName: TABLE,
    ...(operation === "PutItem" ? { Item: item(id, 9) } : { Key: key(id) }),
  });
const value = async (id: string) => {
  const { body } = await server.call("GetItem", { TableName: TABLE, Key: key(id), ConsistentRead: true });
  return Number((body["Item"] as { v: { N: string } }).v.N);
};

function expectCancelled(answer: Answer, ...reasons: readonly object[]): void {
  expect(answer.error).toBe("TransactionCanceledException");
  expect(answer.body["CancellationReasons"]).toEqual(reasons);
}

describe("with --transaction-conflicts, while a transaction on a and b is under way", () => {
  let first: Promise<Answer>;

  beforeEach(async () => {
    await start(true);
    vfs.hold();
    first = transact(put("a", 1), check("b"));
  });

  test("another transaction on one of them is cancelled, a check included", async () => {
    expectCancelled(await transact(put("c", 2), put("a", 2)), NONE, CONFLICT);
    expectCancelled(await transact(put("b", 2), check("c"), put("a", 2)), CONFLICT, NONE, CONFLICT);
    expectCancelled(await transact(check("b")), CONFLICT);
    vfs.release();
    expect((await first).status).toBe(200);
    expect([await value("a"), await value("b"), await value("c")]).toEqual([1, 0, 0]);
  });

  test("transactional reads of one of them are cancelled", async () => {
    expectCancelled(await read("c", "a"), NONE, CONFLICT);
    expectCancelled(await read("b"), CONFLICT);
    expect((await read("c")).status).toBe(200);
  });

  test("single writes of one of them are refused", async () => {
    for (const operation of ["PutItem", "UpdateItem", "DeleteItem"]) {
      const { error, body } = await single(operation, "a");
      expect(error).toBe("TransactionConflictException");
      expect(body["message"]).toBe("Transaction is ongoing for the item");
      expect((await single(operation, "b")).error).toBe("TransactionConflictException");
    }
    vfs.release();
    expect((await first).status).toBe(200);
    expect([await value("a"), await value("b")]).toEqual([1, 0]);
  });

  test("a batch gets them back as unprocessed", async () => {
    const batch = (...ids: readonly string[]) =>
      server.call("BatchWriteItem", {
        RequestItems: { [TABLE]: ids.map((id) => ({ PutRequest: { Item: item(id, 3) } })) },
        ReturnConsumedCapacity: "TOTAL",
      });
    expect((await batch("a", "b")).body).toEqual({
      UnprocessedItems: { [TABLE]: ["a", "b"].map((id) => ({ PutRequest: { Item: item(id, 3) } })) },
      ConsumedCapacity: [],
    });
    const mixed = batch("a", "c");
    vfs.release();
    expect((await mixed).body).toEqual({
      UnprocessedItems: { [TABLE]: [{ PutRequest: { Item: item("a", 3) } }] },
      ConsumedCapacity: [{ TableName: TABLE, CapacityUnits: 1 }],
    });
    expect([await value("a"), await value("c")]).toEqual([1, 3]);
  });

  test("plain reads are not disturbed, and see what was there before", async () => {
    expect(await value("a")).toBe(0);
    const { body } = await server.call("BatchGetItem", { RequestItems: { [TABLE]: { Keys: [key("a")] } } });
    expect(body["Responses"]).toEqual({ [TABLE]: [item("a", 0)] });
    expect(
      (
        await server.call("Query", {
          TableName: TABLE,
          KeyConditionExpression: "id = :a",
          ExpressionAttributeValues: { ":a": { S: "a" } },
        })
      ).body["Items"],
    ).toEqual([item("a", 0)]);
  });

  test("other items are free", async () => {
    const others = [transact(put("c", 2)), single("PutItem", "d")];
    vfs.release();
    for (const answer of await Promise.all(others)) expect(answer.status).toBe(200);
  });

  test("all is free once it is visible, or cancelled", async () => {
    vfs.release();
    expect((await first).status).toBe(200);
    expect((await transact(put("a", 2), put("b", 2))).status).toBe(200);
    expect((await read("a", "b")).status).toBe(200);
    expectCancelled(await transact(put("a", 3), check("absent")), NONE, expect.anything());
    expect((await single("PutItem", "a")).status).toBe(200);
    expect(await value("a")).toBe(9);
  });
});

test("with --transaction-conflicts, a token in use is refused at once", async () => {
  await start(true);
  vfs.hold();
  const request = (id: string) => ({ TransactItems: [put(id, 1)], ClientRequestToken: "t" });
  const first = server.call("TransactWriteItems", request("a"));
  for (const id of ["a", "c"]) {
    const { error, body } = await server.call("TransactWriteItems", request(id));
    expect(error).toBe("TransactionInProgressException");
    expect(body["Message"]).toBe("Transaction from previous request is still in progress");
  }
  vfs.release();
  expect((await first).status).toBe(200);
  expect((await server.call("TransactWriteItems", request("a"))).status).toBe(200);
});

test("single writes do not get in the way of each other or of transactions", async () => {
  await start(true);
  vfs.hold();
  const answers = [single("PutItem", "a"), single("PutItem", "a"), transact(put("a", 1))];
  vfs.release();
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
});

test("by default everybody waits for their turn and nobody is refused", async () => {
  await start(false);
  vfs.hold();
  const answers = [
    transact(put("a", 1), check("b")),
    transact(put("a", 2), put("b", 2)),
    single("UpdateItem", "a"),
    read("a", "b"),
    server.call("BatchWriteItem", { RequestItems: { [TABLE]: [{ DeleteRequest: { Key: key("c") } }] } }),
  ];
  vfs.release();
  for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200);
  expect([await value("a"), await value("b")]).toEqual([2, 2]);
});

describe("a store that reports conflicts", () => {
  /** A store that answers `conflict` to every transaction once it is told to. */
  function contended(): { store: Store; conflict: () => void } {
    const calm = doubleStore();
    let conflicting = false;
    const transact: Store["transact"] = (request, decide) =>
      conflicting ? Promise.resolve({ kind: "conflict" }) : calm.transact(request, decide);
    const store = new Proxy(calm, {
      get: (target, name) => {
        if (name === "transact") return transact;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const conflict = () => {
      conflicting = true;
    };
    return { store, conflict };
  }

  test.each([false, true])(
    "the same refusals (--transaction-conflicts: %p)",
    async (transactionConflicts) => {
      await start(false);
      const { store: other, conflict } = contended();
      const onOther = await inProcess(other, { transactionConflicts });
      await createTable(onOther);
      conflict();
      const put1 = { TableName: TABLE, Item: item("a", 1) };
      expect((await onOther.call("PutItem", put1)).error).toBe("TransactionConflictException");
      const both = { TransactItems: [put("a", 1), put("b", 1)] };
      expectCancelled(await onOther.call("TransactWriteItems", both), CONFLICT, CONFLICT);
      const batch = { RequestItems: { [TABLE]: [{ PutRequest: { Item: item("a", 1) } }] } };
      const { body } = await onOther.call("BatchWriteItem", batch);
      expect(body["UnprocessedItems"]).toEqual(batch.RequestItems);
    },
  );
});

describe("the rows in flight", () => {
  const row = (key: string, space = "s") => ({ space, key });

  test("are those that are held, by space and key", () => {
    const rows = new InFlightRows();
    expect(rows.heldAmong([row("a")])).toBeUndefined();
    const release = rows.hold([row("a"), row("b"), row("a", "t")]);
    expect(rows.heldAmong([row("c"), row("a"), row("b", "t")])).toEqual([false, true, false]);
    expect(rows.heldAmong([row("c"), row("b", "t")])).toBeUndefined();
    const other = rows.hold([row("c")]);
    release();
    expect(rows.heldAmong([row("a"), row("b"), row("a", "t")])).toBeUndefined();
    expect(rows.heldAmong([row("c")])).toEqual([true]);
    other();
    expect(rows.heldAmong([row("c")])).toBeUndefined();
  });
});
