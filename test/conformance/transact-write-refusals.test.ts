/** TransactWriteItems: what it refuses as a whole, at each limit's edge, and in which order. */
import { describe, expect, test } from "bun:test";
import type { Refusal } from "../support/call.ts";
import { enveloped, type JsonObject, notFound, useTarget, validation, violated } from "./target.ts";
import { indexKey, key, n, Transactions } from "./transactions.ts";

const target = useTarget();
const on = new Transactions(target);
const { check, fresh, get, put, refusal, remove, transact, update } = on;

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
    expect(await refusal([{ ConditionCheck: { TableName: on.table, Key: key("a") } }])).toEqual(
      violated(null, `${path}.1.member.conditionCheck.conditionExpression`, "Member must not be null"),
    );
  });

  test("an update without an expression", async () => {
    expect(await refusal([{ Update: { TableName: on.table, Key: key("a") } }])).toEqual(
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
    const at = (N: string) => ({ Put: { TableName: on.other, Item: { ...key(a), sk: { N } } } });
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
    await target.ok("PutItem", { TableName: on.table, Item: { ...key(names[10] ?? ""), v: filler } });
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
      () => [{ Put: { TableName: on.indexed, Item: { ...indexKey("a"), gk: { S: "" } } } }],
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
            TableName: on.indexed,
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
    await target.ok("PutItem", { TableName: on.indexed, Item: { ...indexKey(a), v: { S: "" } } });
    const Update = { TableName: on.indexed, Key: indexKey(a), UpdateExpression: "SET gk = v" };
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
