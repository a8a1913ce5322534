/** PutItem and DeleteItem: what they do, what they return, what they refuse. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  conditionFailed,
  enveloped,
  invalid,
  type JsonObject,
  notFound,
  useTarget,
  validation,
  violated,
  violation,
} from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table({ range: "sk:S" });
});

let serial = 0;
const freshKey = () => {
  serial += 1;
  return { pk: { S: `k${serial}` }, sk: { S: "s" } };
};
const put = (Item: JsonObject, more: JsonObject = {}) =>
  target.ok("PutItem", { TableName: table, Item, ...more });
const remove = (Key: JsonObject, more: JsonObject = {}) =>
  target.ok("DeleteItem", { TableName: table, Key, ...more });
const get = async (Key: JsonObject) => (await target.ok("GetItem", { TableName: table, Key }))["Item"];

describe("PutItem", () => {
  test("replaces the whole item", async () => {
    const key = freshKey();
    await put({ ...key, a: { S: "1" }, b: { S: "2" } });
    await put({ ...key, c: { S: "3" } });
    expect(await get(key)).toEqual({ ...key, c: { S: "3" } });
  });

  test("ReturnValues", async () => {
    const key = freshKey();
    const item = { ...key, a: { N: "1" } };
    expect(await put(item, { ReturnValues: "ALL_OLD" })).toEqual({});
    expect(await put(item, { ReturnValues: "NONE" })).toEqual({});
    expect(await put(item)).toEqual({});
    expect(await put(key, { ReturnValues: "ALL_OLD" })).toEqual({ Attributes: item });
  });

  test("the item's key alone is an item", async () => {
    const key = freshKey();
    await put(key);
    expect(await get(key)).toEqual(key);
  });
});

describe("DeleteItem", () => {
  test("removes, and removes again", async () => {
    const key = freshKey();
    await put({ ...key, a: { S: "1" } });
    expect(await remove(key)).toEqual({});
    expect(await get(key)).toBeUndefined();
    expect(await remove(key)).toEqual({});
  });

  test("ReturnValues", async () => {
    const key = freshKey();
    const item = { ...key, a: { L: [{ S: "x" }] } };
    await put(item);
    expect(await remove(key, { ReturnValues: "ALL_OLD" })).toEqual({ Attributes: item });
    expect(await remove(key, { ReturnValues: "ALL_OLD" })).toEqual({});
  });
});

describe("conditions", () => {
  const ABSENT = { ConditionExpression: "attribute_not_exists(pk)" };
  const PRESENT = { ConditionExpression: "attribute_exists(pk)" };

  test("attribute_not_exists claims a key once", async () => {
    const item = { ...freshKey(), a: { S: "first" } };
    await put(item, ABSENT);
    expect(await target.refusal("PutItem", { TableName: table, Item: item, ...ABSENT })).toEqual(
      conditionFailed,
    );
    expect(await get({ pk: item.pk, sk: item.sk })).toEqual(item);
  });

  test("a failed delete leaves the item, one of an absent item fails too", async () => {
    const key = freshKey();
    await put(key);
    expect(await target.refusal("DeleteItem", { TableName: table, Key: key, ...ABSENT })).toEqual(
      conditionFailed,
    );
    expect(await get(key)).toEqual(key);
    expect(await target.refusal("DeleteItem", { TableName: table, Key: freshKey(), ...PRESENT })).toEqual(
      conditionFailed,
    );
    expect(await remove(key, PRESENT)).toEqual({});
  });

  test.each(["PutItem", "DeleteItem"])("%s: ReturnValuesOnConditionCheckFailure", async (operation) => {
    const key = freshKey();
    const item = { ...key, n: { N: "1" } };
    const request = operation === "PutItem" ? { Item: item } : { Key: key };
    const failing = {
      TableName: table,
      ...request,
      ConditionExpression: "n = :v",
      ExpressionAttributeValues: { ":v": { N: "9" } },
    };
    const type = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    const message = "The conditional request failed";
    const all = { ...failing, ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
    expect((await target.call(operation, all)).body).toEqual({ __type: type, message });
    await put(item);
    expect((await target.call(operation, all)).body).toEqual({ __type: type, message, Item: item });
    expect(
      (await target.call(operation, { ...all, ReturnValuesOnConditionCheckFailure: "NONE" })).body,
    ).toEqual({
      __type: type,
      message,
    });
    expect((await target.call(operation, failing)).body).toEqual({ __type: type, message });
  });
});

describe("refusals of PutItem", () => {
  const refusal = (more: JsonObject) =>
    target.refusal("PutItem", { TableName: table, Item: { pk: { S: "1" }, sk: { S: "1" } }, ...more });
  const set = (values: string) => `Member must satisfy enum value set: [${values}]`;
  const emptyKey = (type: string, name: string) =>
    validation(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type} value. Key: ${name}`,
    );
  test.each([
    ["no table", { TableName: "no-such-table" }, notFound()],
    ["no item", { Item: null }, violated(null, "item", "Member must not be null")],
    ["no partition key", { Item: { sk: { S: "1" } } }, invalid("Missing the key pk in the item")],
    ["no sort key", { Item: { pk: { S: "1" } } }, invalid("Missing the key sk in the item")],
    [
      "a key of another type",
      { Item: { pk: { N: "1" }, sk: { S: "1" } } },
      invalid("Type mismatch for key pk expected: S actual: N"),
    ],
    [
      "a sort key of another type",
      { Item: { pk: { S: "1" }, sk: { NULL: true } } },
      invalid("Type mismatch for key sk expected: S actual: NULL"),
    ],
    ["an empty partition key", { Item: { pk: { S: "" }, sk: { S: "1" } } }, emptyKey("string", "pk")],
    ["an empty sort key", { Item: { pk: { S: "1" }, sk: { S: "" } } }, emptyKey("string", "sk")],
    [
      "ReturnValues of an update",
      { ReturnValues: "ALL_NEW" },
      enveloped("ReturnValues can only be ALL_OLD or NONE"),
    ],
    [
      "ReturnValues of an update",
      { ReturnValues: "UPDATED_OLD" },
      enveloped("ReturnValues can only be ALL_OLD or NONE"),
    ],
    [
      "ReturnValues nobody knows",
      { ReturnValues: "none" },
      violated("none", "returnValues", set("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")),
    ],
    [
      "metrics nobody knows",
      { ReturnItemCollectionMetrics: "X" },
      violated("X", "returnItemCollectionMetrics", set("SIZE, NONE")),
    ],
    [
      "an item that is too big",
      { Item: { pk: { S: "1" }, sk: { S: "1" }, a: { S: "x".repeat(409_600) } } },
      validation("Item size has exceeded the maximum allowed size"),
    ],
    [
      "values without an expression",
      { ExpressionAttributeValues: { ":v": { S: "1" } } },
      enveloped(
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
      ),
    ],
    [
      "both kinds of parameters",
      { Expected: {}, ConditionExpression: "attribute_exists(pk)" },
      enveloped(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
      ),
    ],
  ])("%s", async (_, more, expected) => {
    expect(await refusal(more as unknown as JsonObject)).toEqual(expected);
  });

  test("several bad enums are named together", async () => {
    const { message } = await refusal({
      ReturnValues: "a",
      ReturnConsumedCapacity: "b",
      ConditionalOperator: "c",
    });
    expect(message).toStartWith("3 validation errors detected: ");
    for (const one of [
      violation("a", "returnValues", set("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")),
      violation("b", "returnConsumedCapacity", set("INDEXES, TOTAL, NONE")),
      violation("c", "conditionalOperator", set("OR, AND")),
    ]) {
      expect(message).toContain(one);
    }
  });

  test("a bad table name is named alone", async () => {
    expect(await refusal({ TableName: "a;b", ReturnValues: "x" })).toEqual(
      violated("a;b", "tableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    );
  });

  test("binary keys", async () => {
    const name = await target.table({ hash: "pk:B" });
    expect(await target.refusal("PutItem", { TableName: name, Item: { pk: { B: "" } } })).toEqual(
      emptyKey("binary", "pk"),
    );
    await target.ok("PutItem", { TableName: name, Item: { pk: { B: "AP8=" }, v: { N: "1" } } });
    expect(await target.ok("GetItem", { TableName: name, Key: { pk: { B: "AP8=" } } })).toEqual({
      Item: { pk: { B: "AP8=" }, v: { N: "1" } },
    });
  });
});

describe("refusals of DeleteItem: the same words without the envelope", () => {
  const refusal = (more: JsonObject) =>
    target.refusal("DeleteItem", { TableName: table, Key: { pk: { S: "1" }, sk: { S: "1" } }, ...more });
  test.each([
    ["no table", { TableName: "no-such-table" }, notFound()],
    [
      "ReturnValues of an update",
      { ReturnValues: "UPDATED_NEW" },
      validation("ReturnValues can only be ALL_OLD or NONE"),
    ],
    [
      "half a key",
      { Key: { pk: { S: "1" } } },
      validation("The provided key element does not match the schema"),
    ],
    [
      "values without an expression",
      { ExpressionAttributeValues: { ":v": { S: "1" } } },
      validation(
        "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null",
      ),
    ],
    [
      "no values in the map",
      { ConditionExpression: "attribute_exists(a)", ExpressionAttributeValues: {} },
      validation("ExpressionAttributeValues must not be empty"),
    ],
    [
      "a placeholder that is none",
      { ConditionExpression: "a = :v", ExpressionAttributeValues: { loc: { S: "x" } } },
      validation('ExpressionAttributeValues contains invalid key: Syntax error; key: "loc"'),
    ],
    [
      "a value that is none",
      { ConditionExpression: "a = :v", ExpressionAttributeValues: { ":v": {} } },
      validation(
        "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :v",
      ),
    ],
    [
      "unused values",
      {
        ConditionExpression: "a = :a",
        ExpressionAttributeValues: { ":a": { S: "1" }, ":b": { S: "1" }, ":c": { S: "1" } },
      },
      validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :c}"),
    ],
    [
      "unused names and values: the names",
      {
        ConditionExpression: "attribute_exists(a)",
        ExpressionAttributeNames: { "#a": "a" },
        ExpressionAttributeValues: { ":b": { S: "1" } },
      },
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ],
    [
      "both kinds of parameters",
      { Expected: { a: { Exists: false } }, ConditionExpression: "attribute_exists(pk)" },
      validation(
        "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}",
      ),
    ],
  ])("%s", async (_, more, expected) => {
    expect(await refusal(more as unknown as JsonObject)).toEqual(expected);
  });
});

describe("concurrent writers of one item", () => {
  test("of many claims one succeeds", async () => {
    const key = freshKey();
    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        target.call("PutItem", {
          TableName: table,
          Item: { ...key, owner: { N: String(at) } },
          ConditionExpression: "attribute_not_exists(pk)",
        }),
      ),
    );
    expect(
      claims
        .map(({ status }) => status)
        .sort()
        .slice(0, 2),
    ).toEqual([200, 400]);
    const winner = claims.findIndex(({ status }) => status === 200);
    expect(await get(key)).toEqual({ ...key, owner: { N: String(winner) } });
  });
});
