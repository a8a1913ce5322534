/** TransactWriteItems: all or nothing, what it reports, why it is cancelled, what it refuses, at each limit's edge. */
import { beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { type Refusal, refusalOf } from "../support/call.ts";
import { enveloped, type JsonObject, notFound, objectOf, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";
let other = "";
let indexed = "";
beforeAll(async () => {
  table = await target.table();
  other = await target.table({ range: "sk:N" });
  indexed = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: ["pk", "sk", "gk", "lk"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      GlobalSecondaryIndexes: [
        {
          IndexName: "global",
          KeySchema: [{ AttributeName: "gk", KeyType: "HASH" }],
          Projection: { ProjectionType: "ALL" },
        },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "local",
          KeySchema: [
            { AttributeName: "pk", KeyType: "HASH" },
            { AttributeName: "lk", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    },
  });
});

let serial = 0;
const fresh = () => {
  serial += 1;
  return `t${serial}`;
};
const key = (pk: string) => ({ pk: { S: pk } });
const indexKey = (pk: string) => ({ pk: { S: pk }, sk: { S: "s" } });
const n = (value: number) => ({ N: String(value) });

const put = (Item: JsonObject, more: JsonObject = {}) => ({ Put: { TableName: table, Item, ...more } });
const remove = (Key: JsonObject, more: JsonObject = {}) => ({ Delete: { TableName: table, Key, ...more } });
const check = (Key: JsonObject, ConditionExpression: string, more: JsonObject = {}) => ({
  ConditionCheck: { TableName: table, Key, ConditionExpression, ...more },
});
const update = (Key: JsonObject, UpdateExpression: string, more: JsonObject = {}) => ({
  Update: { TableName: table, Key, UpdateExpression, ...more },
});

const transact = (TransactItems: readonly JsonObject[], more: JsonObject = {}) =>
  target.ok("TransactWriteItems", { TransactItems, ...more });
const refusal = (TransactItems: unknown, more: JsonObject = {}) =>
  target.refusal("TransactWriteItems", { TransactItems, ...more });
const get = async (Key: JsonObject, TableName = table) =>
  (await target.ok("GetItem", { TableName, Key, ConsistentRead: true }))["Item"];

/** The reasons of a cancellation; fails when the answer is another one, or its message does not list their codes. */
async function reasons(
  TransactItems: readonly JsonObject[],
  more: JsonObject = {},
): Promise<readonly JsonObject[]> {
  const answer = await target.call("TransactWriteItems", { TransactItems, ...more });
  const body = answer.body as { readonly CancellationReasons?: readonly JsonObject[] };
  const all = body.CancellationReasons ?? [];
  const codes = all.map((reason) => reason["Code"]).join(", ");
  expect(refusalOf(answer)).toEqual({
    status: 400,
    type: "TransactionCanceledException",
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
  });
  expect(Object.keys(body)).toContain("Message");
  return all;
}

const NONE = { Code: "None" };
const FAILED = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
const invalid = (Message: string) => ({ Code: "ValidationError", Message });

describe("what it does", () => {
  test("all four actions, in several tables", async () => {
    const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()];
    for (const pk of [b, c, d]) {
      await target.ok("PutItem", { TableName: table, Item: { ...key(pk), v: n(1) } });
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
      { Put: { TableName: other, Item: { ...key(a), sk: n(1) } } },
    ]);
    expect(answer).toEqual({});
    expect(await get(key(a))).toEqual({ ...key(a), v: { N: "1.5" } });
    expect(await get(key(b))).toEqual({ ...key(b), v: n(2) });
    expect(await get(key(c))).toBeUndefined();
    expect(await get(key(d))).toEqual({ ...key(d), v: n(1) });
    expect(await get({ ...key(a), sk: n(1) }, other)).toEqual({ ...key(a), sk: n(1) });
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
        TableName: indexed,
        Item: { ...indexKey(pk), gk: { S: g } },
        ConditionExpression: "attribute_not_exists(pk)",
      },
    });
    const inIndex = async () => {
      const answer = await target.ok("Query", {
        TableName: indexed,
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
        { Put: { TableName: indexed, Item: item(a) } },
        put({ ...key(a), v: { S: "x".repeat(1024) } }),
        check(key(b), "attribute_not_exists(pk)"),
      ],
      { ReturnConsumedCapacity: "INDEXES", ReturnItemCollectionMetrics: "SIZE" },
    );
    const figure = (units: number) => ({ CapacityUnits: units, WriteCapacityUnits: units });
    const expected = [
      { TableName: table, ...figure(6), Table: figure(6) },
      {
        TableName: indexed,
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
      [indexed]: [{ ItemCollectionKey: key(a), SizeEstimateRangeGB: [0, 1] }],
    });
  });

  test("TOTAL has no tables and indexes; a check costs as much as the item it finds", async () => {
    const a = fresh();
    await target.ok("PutItem", { TableName: table, Item: { ...key(a), v: { S: "x".repeat(3000) } } });
    expect(
      await transact([check(key(a), "attribute_exists(pk)"), remove(key(fresh()))], {
        ReturnConsumedCapacity: "TOTAL",
      }),
    ).toEqual({
      ConsumedCapacity: [{ TableName: table, CapacityUnits: 8, WriteCapacityUnits: 8 }],
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
    await target.ok("PutItem", { TableName: table, Item: { ...key(a), v: n(1) } });
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
    await target.ok("PutItem", { TableName: table, Item: item });
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
    await target.ok("PutItem", { TableName: table, Item: { ...key(a), v: { S: "text" } } });
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
    await target.ok("PutItem", { TableName: table, Item: { ...key(a), v: { S: "x".repeat(half) } } });
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
    ["half a key", () => [{ Delete: { TableName: other, Key: key("a") } }], [mismatch]],
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
      () => [{ Put: { TableName: indexed, Item: { ...indexKey("a"), gk: n(1) } } }],
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

describe("what it refuses", () => {
  const path = "transactItems";

  test("no actions", async () => {
    expect(await refusal([])).toEqual(
      violated("[]", path, "Member must have length greater than or equal to 1"),
    );
  });

  test("101 actions", async () => {
    const { type, message } = await refusal(Array.from({ length: 101 }, () => put(key(fresh()))));
    expect(type).toBe("ValidationException");
    expect(message.startsWith("1 validation error detected: Value '[")).toBe(true);
    expect(
      message.endsWith(
        `' at '${path}' failed to satisfy constraint: Member must have length less than or equal to 100`,
      ),
    ).toBe(true);
  });

  test("an action with none, or with more than one", async () => {
    expect(await refusal([put(key("a")), {}])).toEqual(
      validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"),
    );
    expect(await refusal([{ ...put(key("a")), ...remove(key("b")) }])).toEqual(
      validation("TransactItems can only contain one of Check, Put, Update or Delete"),
    );
  });

  test("a check without a condition", async () => {
    expect(await refusal([{ ConditionCheck: { TableName: table, Key: key("a") } }])).toEqual(
      violated(null, `${path}.1.member.conditionCheck.conditionExpression`, "Member must not be null"),
    );
  });

  test("an update without an expression", async () => {
    expect(await refusal([{ Update: { TableName: table, Key: key("a") } }])).toEqual(
      violated(null, `${path}.1.member.update.updateExpression`, "Member must not be null"),
    );
  });

  test("a token that is too long, or empty", async () => {
    expect(await refusal([put(key("a"))], { ClientRequestToken: "x".repeat(37) })).toEqual(
      violated("x".repeat(37), "clientRequestToken", "Member must have length less than or equal to 36"),
    );
    expect(await refusal([put(key("a"))], { ClientRequestToken: "" })).toEqual(
      violated("", "clientRequestToken", "Member must have length greater than or equal to 1"),
    );
  });

  const twice = validation("Transaction request cannot include multiple operations on one item");
  test("one item twice, with whatever actions", async () => {
    const a = fresh();
    const exists = "attribute_exists(pk)";
    expect(await refusal([put(key(a)), remove(key(a))])).toEqual(twice);
    expect(await refusal([check(key(a), exists), update(key(a), "REMOVE v")])).toEqual(twice);
    expect(await refusal([check(key(a), exists), check(key(a), exists)])).toEqual(twice);
    const at = (N: string) => ({ Put: { TableName: other, Item: { ...key(a), sk: { N } } } });
    expect(await refusal([at("1000"), at("1e3")])).toEqual(twice);
    expect(await get(key(a))).toBeUndefined();
  });

  test("more than 4 MB of items; what is stored does not count", async () => {
    const names = Array.from({ length: 11 }, fresh);
    const filler = { S: "x".repeat(400_000) };
    const large = (count: number) => names.slice(0, count).map((pk) => put({ ...key(pk), v: filler }));
    const { type, message } = await refusal(large(11));
    expect(type).toBe("ValidationException");
    expect(message).toContain("size cannot exceed");
    expect(await transact(large(10))).toEqual({});
    await target.ok("PutItem", { TableName: table, Item: { ...key(names[10] ?? ""), v: filler } });
    expect(await transact(names.map((pk) => remove(key(pk))))).toEqual({});
  });

  test("4 MB exactly are allowed, one byte more is not; values of expressions count", async () => {
    const limit = 4 << 20;
    const pks = Array.from({ length: 11 }, (_, at) => `size${String(at).padStart(2, "0")}`);
    const perKey = "pk".length + "size00".length;
    const used = 10 * (perKey + ":v".length + 400_000) + perKey + ":v".length;
    const items = (last: number) =>
      pks.map((pk, at) =>
        update(key(pk), "SET v = :v", {
          ExpressionAttributeValues: { ":v": { S: "x".repeat(at < 10 ? 400_000 : last) } },
        }),
      );
    const { message } = await refusal(items(limit - used + 1));
    expect(message).toContain("size cannot exceed");
    expect(await transact(items(limit - used))).toEqual({});
    await transact(pks.map((pk) => remove(key(pk))));
  });

  const empty = (what: string) =>
    validation(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${what}`,
    );
  const faults: readonly [string, () => readonly JsonObject[], Refusal][] = [
    ["an item with an empty key", () => [put(key(""))], empty("string value. Key: pk")],
    ["an empty key", () => [remove(key(""))], empty("string value. Key: pk")],
    [
      "an item with an empty index key",
      () => [{ Put: { TableName: indexed, Item: { ...indexKey("a"), gk: { S: "" } } } }],
      validation(
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. " +
          "The AttributeValue for a key attribute cannot contain an empty string value. IndexName: global, IndexKey: gk",
      ),
    ],
    [
      "an update that sets an index key to an empty value",
      () => [
        {
          Update: {
            TableName: indexed,
            Key: indexKey("a"),
            UpdateExpression: "SET gk = :e",
            ExpressionAttributeValues: { ":e": { S: "" } },
          },
        },
      ],
      validation(
        "One or more parameter values are not valid. " +
          "The update expression attempted to update a secondary index key to a value that is not supported. " +
          "The AttributeValue for a key attribute cannot contain an empty string value.",
      ),
    ],
    [
      "an item that is too big",
      () => [put({ ...key("a"), v: { S: "x".repeat(409_600) } })],
      validation("Item size has exceeded the maximum allowed size"),
    ],
    [
      "a table that is not there, among others",
      () => [put(key("a")), { Delete: { TableName: target.freshName(), Key: key("a") } }],
      notFound(),
    ],
    [
      "a condition that is none",
      () => [put(key("a"), { ConditionExpression: "a = " })],
      validation('Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "="'),
    ],
    [
      "an undefined name",
      () => [check(key("a"), "attribute_exists(#a)")],
      validation(
        "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #a",
      ),
    ],
    [
      "an undefined value",
      () => [update(key("a"), "SET v = :v")],
      validation(
        "Invalid UpdateExpression: An expression attribute value used in expression is not defined; attribute value: :v",
      ),
    ],
    [
      "unused names",
      () => [put(key("a"), { ConditionExpression: "a = b", ExpressionAttributeNames: { "#a": "a" } })],
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ],
    [
      "unused values",
      () => [check(key("a"), "a = b", { ExpressionAttributeValues: { ":a": n(1) } })],
      validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}"),
    ],
    [
      "an empty map of values",
      () => [check(key("a"), "a = b", { ExpressionAttributeValues: {} })],
      validation("ExpressionAttributeValues must not be empty"),
    ],
    [
      "values without an expression",
      () => [put(key("a"), { ExpressionAttributeValues: { ":a": n(1) } })],
      validation(
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
      ),
    ],
    [
      "a key value that is none",
      () => [remove({ pk: {} })],
      validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
    ],
    [
      "a return value nobody knows",
      () => [put(key("a"), { ReturnValuesOnConditionCheckFailure: "ALL_NEW" })],
      enveloped(
        "Value 'ALL_NEW' at 'transactItems.1.member.put.returnValuesOnConditionCheckFailure' failed to satisfy constraint: " +
          "Member must satisfy enum value set: [ALL_OLD, NONE]",
      ),
    ],
  ];
  test.each(faults)("%s", async (_, items, expected) => {
    expect(await refusal(items())).toEqual(expected);
  });

  test("an update that takes an empty value for an index key from another attribute", async () => {
    const a = fresh();
    await target.ok("PutItem", { TableName: indexed, Item: { ...indexKey(a), v: { S: "" } } });
    const Update = { TableName: indexed, Key: indexKey(a), UpdateExpression: "SET gk = v" };
    expect(await refusal([{ Update }, put(key(a))])).toEqual(
      validation(
        "One or more parameter values are not valid. " +
          "The update expression attempted to update a secondary index key to a value that is not supported. " +
          "The AttributeValue for a key attribute cannot contain an empty string value.",
      ),
    );
    expect(await get(key(a))).toBeUndefined();
  });

  describe("the order of checks", () => {
    const syntax = () => put(key("a"), { ConditionExpression: "a = " });
    const missing = () => ({ Delete: { TableName: target.freshName(), Key: key("a") } });
    const same = () => [remove(key("a")), remove(key("a"))];
    const wrongKey = () => remove({ pk: n(1) });

    test("number of actions in an entry, expressions, tables, items named twice, keys, conditions", async () => {
      expect((await refusal([syntax(), {}])).message).toStartWith("Invalid Request");
      expect((await refusal([missing(), syntax()])).message).toStartWith("Invalid ConditionExpression");
      expect(await refusal([...same(), missing()])).toEqual(notFound());
      expect(await refusal([wrongKey(), ...same()])).toEqual(twice);
      expect(await refusal([wrongKey(), remove(key(""))])).toEqual(empty("string value. Key: pk"));
    });
  });
});

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
          TableName: table,
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
    const first = [{ Put: { TableName: table, Item: { ...key(a), x: n(1), y: n(2) } } }, increment(b)];
    const same = [{ Put: { Item: { y: n(2), x: n(1), ...key(a) }, TableName: table } }, increment(b)];
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
    await target.ok("PutItem", { TableName: table, Item: key(a) });
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
