/** TransactWriteItems: all or nothing, what it reports, why it is cancelled. */
import { describe, expect, test } from "bun:test";
import { type JsonObject, useTarget } from "./target.ts";
import { FAILED, indexKey, invalid, key, NONE, n, Transactions } from "./transactions.ts";

const target = useTarget();
const on = new Transactions(target);
const { check, fresh, get, put, reasons, remove, transact, update } = on;

describe("what it does", () => {
  test("all four actions, in several tables", async () => {
    const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()];
    for (const pk of [b, c, d]) {
      await target.ok("PutItem", { TableName: on.table, Item: { ...key(pk), v: n(1) } });
    }
    const answer = await transact([
      put({ ...key(a), v: { N: "1.50" } }, { ConditionExpression: "attribute_not_exists(pk)" }),
      update(key(b), "SET v = v + :one", { ExpressionAttributeValues: { ":one": n(1) } }),
      remove(key(c), {
        ConditionExpression: "#v = :one",
        ExpressionAttributeNames: { "#v": "v" },
        ExpressionAttributeValues: { ":one": n(1) },
      }),
      check(key(d), "attribute_exists(pk)"),
      { Put: { TableName: on.other, Item: { ...key(a), sk: n(1) } } },
    ]);
    expect(answer).toEqual({});
    expect(await get(key(a))).toEqual({ ...key(a), v: { N: "1.5" } });
    expect(await get(key(b))).toEqual({ ...key(b), v: n(2) });
    expect(await get(key(c))).toBeUndefined();
    expect(await get(key(d))).toEqual({ ...key(d), v: n(1) });
    expect(await get({ ...key(a), sk: n(1) }, on.other)).toEqual({ ...key(a), sk: n(1) });
  });

  test("an update creates the item it does not find", async () => {
    const a = fresh();
    await transact([update(key(a), "SET v = :v", { ExpressionAttributeValues: { ":v": n(1) } })]);
    expect(await get(key(a))).toEqual({ ...key(a), v: n(1) });
  });

  test("index entries come with it, or not at all", async () => {
    const g = fresh();
    const entry = (pk: string) => ({
      Put: {
        TableName: on.indexed,
        Item: { ...indexKey(pk), gk: { S: g } },
        ConditionExpression: "attribute_not_exists(pk)",
      },
    });
    const inIndex = async () => {
      const answer = await target.ok("Query", {
        TableName: on.indexed,
        IndexName: "global",
        KeyConditionExpression: "gk = :g",
        ExpressionAttributeValues: { ":g": { S: g } },
      });
      return answer["Count"];
    };
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await transact([entry(a), entry(b)]);
    expect(await inIndex()).toBe(2);
    expect(await reasons([entry(c), entry(a)])).toEqual([NONE, FAILED]);
    expect(await inIndex()).toBe(2);
  });

  test("100 actions", async () => {
    const names = Array.from({ length: 100 }, fresh);
    await transact(names.map((pk) => put(key(pk))));
    expect(await get(key(names[99] ?? ""))).toEqual(key(names[99] ?? ""));
  });
});

describe("what it reports", () => {
  test("twice the units of single writes on the table, once those of its indexes", async () => {
    const [a, b] = [fresh(), fresh()];
    const item = (pk: string) => ({ ...indexKey(pk), gk: { S: "g" }, lk: { S: "l" } });
    const answer = await transact(
      [
        { Put: { TableName: on.indexed, Item: item(a) } },
        put({ ...key(a), v: { S: "x".repeat(1024) } }),
        check(key(b), "attribute_not_exists(pk)"),
      ],
      { ReturnConsumedCapacity: "INDEXES", ReturnItemCollectionMetrics: "SIZE" },
    );
    const figure = (units: number) => ({ CapacityUnits: units, WriteCapacityUnits: units });
    const expected = [
      { TableName: on.table, ...figure(6), Table: figure(6) },
      {
        TableName: on.indexed,
        ...figure(4),
        Table: figure(2),
        GlobalSecondaryIndexes: { global: figure(1) },
        LocalSecondaryIndexes: { local: figure(1) },
      },
    ];
    expect(answer["ConsumedCapacity"] as unknown).toEqual(
      expected.sort((x, y) => (x.TableName < y.TableName ? -1 : 1)),
    );
    expect(answer["ItemCollectionMetrics"]).toEqual({
      [on.indexed]: [{ ItemCollectionKey: key(a), SizeEstimateRangeGB: [0, 1] }],
    });
  });

  test("TOTAL has no tables and indexes; a check costs as much as the item it finds", async () => {
    const a = fresh();
    await target.ok("PutItem", { TableName: on.table, Item: { ...key(a), v: { S: "x".repeat(3000) } } });
    expect(
      await transact([check(key(a), "attribute_exists(pk)"), remove(key(fresh()))], {
        ReturnConsumedCapacity: "TOTAL",
      }),
    ).toEqual({
      ConsumedCapacity: [{ TableName: on.table, CapacityUnits: 8, WriteCapacityUnits: 8 }],
    });
  });

  test("figures are doubles", async () => {
    const { text } = await target.call("TransactWriteItems", {
      TransactItems: [put(key(fresh()))],
      ReturnConsumedCapacity: "TOTAL",
    });
    expect(text).toContain('"CapacityUnits":2.0,"WriteCapacityUnits":2.0');
  });
});

describe("why it is cancelled", () => {
  test("conditions: all that fail, in order, and nothing is written", async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await target.ok("PutItem", { TableName: on.table, Item: { ...key(a), v: n(1) } });
    expect(
      await reasons([
        put(key(b)),
        put(key(a), {
          ConditionExpression: "attribute_not_exists(pk)",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
        check(key(c), "attribute_exists(pk)", { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
      ]),
    ).toEqual([NONE, { ...FAILED, Item: { ...key(a), v: n(1) } }, FAILED]);
    expect(await get(key(b))).toBeUndefined();
    expect(await get(key(a))).toEqual({ ...key(a), v: n(1) });
  });

  test("the item is only told where it is asked for, of each action", async () => {
    const a = fresh();
    const item = { ...key(a), v: n(1) };
    await target.ok("PutItem", { TableName: on.table, Item: item });
    const asked = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
    const failing = { ConditionExpression: "attribute_not_exists(pk)" };
    for (const make of [
      (more: JsonObject) => put(key(a), { ...failing, ...more }),
      (more: JsonObject) => remove(key(a), { ...failing, ...more }),
      (more: JsonObject) => update(key(a), "REMOVE v", { ...failing, ...more }),
      (more: JsonObject) => check(key(a), "attribute_not_exists(pk)", more),
    ]) {
      expect(await reasons([make({})])).toEqual([FAILED]);
      expect(await reasons([make({ ReturnValuesOnConditionCheckFailure: "NONE" })])).toEqual([FAILED]);
      expect(await reasons([make(asked)])).toEqual([{ ...FAILED, Item: item }]);
    }
  });

  test("an update that cannot be applied", async () => {
    const [a, b] = [fresh(), fresh()];
    await target.ok("PutItem", { TableName: on.table, Item: { ...key(a), v: { S: "text" } } });
    const one = { ExpressionAttributeValues: { ":one": n(1) } };
    expect(await reasons([put(key(b)), update(key(a), "ADD v :one", one)])).toEqual([
      NONE,
      invalid("An operand in the update expression has an incorrect data type"),
    ]);
    expect(await reasons([update(key(a), "SET m.x = :one", one)])).toEqual([
      invalid("The document path provided in the update expression is invalid for update"),
    ]);
    expect(await get(key(b))).toBeUndefined();
  });

  test("an update whose item becomes too large: its size counts, not what the update costs", async () => {
    const a = fresh();
    const keyBytes = "pk".length + a.length;
    const [half, rest] = [200_000, 409_600 - 200_000 - keyBytes - "v".length - "w".length];
    await target.ok("PutItem", { TableName: on.table, Item: { ...key(a), v: { S: "x".repeat(half) } } });
    const grow = (bytes: number) =>
      update(key(a), "SET w = :w", { ExpressionAttributeValues: { ":w": { S: "x".repeat(bytes) } } });
    expect(await reasons([grow(rest + 1)])).toEqual([
      invalid("Item size to update has exceeded the maximum allowed size"),
    ]);
    expect(await transact([grow(rest)])).toEqual({});
  });

  const mismatch = invalid("The provided key element does not match the schema");
  test.each([
    ["a key of another type", () => [put(key(fresh())), remove({ pk: n(1) })], [NONE, mismatch]],
    ["half a key", () => [{ Delete: { TableName: on.other, Key: key("a") } }], [mismatch]],
    ["too much of a key", () => [check({ ...key("a"), sk: n(1) }, "attribute_exists(pk)")], [mismatch]],
    [
      "an item without its key",
      () => [put({ v: n(1) })],
      [invalid("One or more parameter values were invalid: Missing the key pk in the item")],
    ],
    [
      "an item with a key of another type",
      () => [put({ pk: n(1) })],
      [invalid("One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N")],
    ],
    [
      "an item with an index key of another type",
      () => [{ Put: { TableName: on.indexed, Item: { ...indexKey("a"), gk: n(1) } } }],
      [
        invalid(
          "One or more parameter values were invalid: " +
            "Type mismatch for Index Key gk Expected: S Actual: N IndexName: global",
        ),
      ],
    ],
    [
      "an update of the key",
      () => [update(key("a"), "SET pk = :v", { ExpressionAttributeValues: { ":v": { S: "b" } } })],
      [
        invalid(
          "One or more parameter values were invalid: " +
            "Cannot update attribute pk. This attribute is part of the key",
        ),
      ],
    ],
    [
      "several that are not valid: the first",
      () => [put(key(fresh())), remove({ pk: n(1) }), put({ v: n(1) })],
      [NONE, mismatch, NONE],
    ],
    [
      "what is not valid is found before conditions are looked at",
      () => [check(key("absent"), "attribute_exists(pk)"), remove({ pk: n(1) })],
      [NONE, mismatch],
    ],
  ] as [string, () => readonly JsonObject[], readonly unknown[]][])("%s", async (_, items, expected) => {
    expect((await reasons(items())) as unknown).toEqual(expected);
  });
});

describe("overlapping transactions", () => {
  test("queue: none is refused, none is lost", async () => {
    const [a, b] = [fresh(), fresh()];
    const move = (from: string, to: string) =>
      transact([
        update(key(from), "ADD v :less", { ExpressionAttributeValues: { ":less": n(-1) } }),
        update(key(to), "ADD v :more", { ExpressionAttributeValues: { ":more": n(1) } }),
      ]);
    await Promise.all(Array.from({ length: 40 }, (_, at) => (at % 4 === 0 ? move(b, a) : move(a, b))));
    expect(await get(key(a))).toEqual({ ...key(a), v: n(-20) });
    expect(await get(key(b))).toEqual({ ...key(b), v: n(20) });
  });
});
