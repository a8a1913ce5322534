/** Client request tokens: a transaction that is sent again happens once. */
import { describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { refusalOf } from "../support/call.ts";
import { objectOf, useTarget } from "./target.ts";
import { FAILED, key, NONE, n, Transactions } from "./transactions.ts";

const target = useTarget();
const on = new Transactions(target);
const { check, fresh, get, put, reasons, refusal, transact, update } = on;

describe("client request tokens", () => {
  const increment = (pk: string, by = 1) =>
    update(key(pk), "ADD v :by", { ExpressionAttributeValues: { ":by": n(by) } });

  test("the same request happens once; its repetition costs reads", async () => {
    const a = fresh();
    const token = { ClientRequestToken: randomUUID() };
    const items = [increment(a), put({ ...key(fresh()), v: { S: "x".repeat(5000) } })];
    expect(await transact(items, token)).toEqual({});
    expect(await transact(items, token)).toEqual({});
    expect(await transact(items, { ...token, ReturnConsumedCapacity: "INDEXES" })).toEqual({
      ConsumedCapacity: [
        {
          TableName: on.table,
          CapacityUnits: 6,
          ReadCapacityUnits: 6,
          Table: { CapacityUnits: 6, ReadCapacityUnits: 6 },
        },
      ],
    });
    expect(await get(key(a))).toEqual({ ...key(a), v: n(1) });
  });

  test("the order of members does not matter, that of actions does", async () => {
    const [a, b] = [fresh(), fresh()];
    const token = { ClientRequestToken: randomUUID() };
    const first = [{ Put: { TableName: on.table, Item: { ...key(a), x: n(1), y: n(2) } } }, increment(b)];
    const same = [{ Put: { Item: { y: n(2), x: n(1), ...key(a) }, TableName: on.table } }, increment(b)];
    await transact(first, token);
    expect(await transact(same, token)).toEqual({});
    expect((await refusal([...first].reverse(), token)).type).toBe("IdempotentParameterMismatchException");
    expect(await get(key(b))).toEqual({ ...key(b), v: n(1) });
  });

  test("other parameters are refused", async () => {
    const a = fresh();
    const token = { ClientRequestToken: randomUUID() };
    await transact([increment(a)], token);
    const answer = await target.call("TransactWriteItems", { TransactItems: [increment(a, 2)], ...token });
    expect(refusalOf(answer)).toEqual({
      status: 400,
      type: "IdempotentParameterMismatchException",
      message:
        "DynamoDB rejected the request because you retried a request with a different payload " +
        "but with an idempotent token that was already used.",
    });
    expect(Object.keys(answer.body as object)).toContain("Message");
    expect(await get(key(a))).toEqual({ ...key(a), v: n(1) });
  });

  test("concurrent repetitions happen once", async () => {
    const a = fresh();
    const request = { TransactItems: [increment(a)], ClientRequestToken: randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => target.call("TransactWriteItems", request)),
    );
    for (const answer of answers) objectOf(answer);
    expect(await get(key(a))).toEqual({ ...key(a), v: n(1) });
  });

  test("a cancelled transaction is not remembered", async () => {
    const a = fresh();
    const token = { ClientRequestToken: randomUUID() };
    const items = [check(key(a), "attribute_exists(pk)"), put(key(`${a}-other`))];
    expect(await reasons(items, token)).toEqual([FAILED, NONE]);
    await target.ok("PutItem", { TableName: on.table, Item: key(a) });
    expect(await transact(items, token)).toEqual({});
    expect(await get(key(`${a}-other`))).toEqual(key(`${a}-other`));
  });

  test("tokens of any characters", async () => {
    const [a, b] = [fresh(), fresh()];
    for (const ClientRequestToken of ["\u00e9\ud83d\ude00 \0", "\u0000", "a"]) {
      await transact([increment(a)], { ClientRequestToken });
      await transact([increment(a)], { ClientRequestToken });
    }
    expect(await get(key(a))).toEqual({ ...key(a), v: n(3) });
    expect((await refusal([increment(b)], { ClientRequestToken: "a" })).type).toBe(
      "IdempotentParameterMismatchException",
    );
  });
});
