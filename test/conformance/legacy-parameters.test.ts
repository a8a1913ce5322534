/** The parameters of the time before expressions: Expected, ConditionalOperator, AttributeUpdates. */
import { beforeAll, describe, expect, test } from "bun:test";
import { conditionFailed, invalid, type JsonObject, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

const KEY = { pk: { S: "1" } };
const ITEM = {
  s: { S: "hello" },
  n: { N: "10" },
  b: { B: "AQID" },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2"] },
  l: { L: [{ S: "x" }] },
  m: { M: { k: { S: "v" } } },
  t: { BOOL: true },
  z: { NULL: true },
};

const operator = (ComparisonOperator: string, ...AttributeValueList: JsonObject[]) =>
  AttributeValueList.length === 0 ? { ComparisonOperator } : { ComparisonOperator, AttributeValueList };

/** Whether Expected holds for ITEM. */
async function holds(Expected: JsonObject, more: JsonObject = {}): Promise<boolean> {
  await target.ok("PutItem", { TableName: table, Item: { ...KEY, ...ITEM } });
  const answer = await target.call("UpdateItem", { TableName: table, Key: KEY, Expected, ...more });
  if (answer.status === 200) return true;
  expect(answer.text).toContain(conditionFailed.message);
  return false;
}

describe("Expected", () => {
  test.each([
    [{}, true],
    [{ s: { Value: { S: "hello" } } }, true],
    [{ s: { Value: { S: "hello" }, Exists: true } }, true],
    [{ s: { Value: { S: "other" } } }, false],
    [{ missing: { Value: { S: "x" } } }, false],
    [{ missing: { Exists: false } }, true],
    [{ s: { Exists: false } }, false],
    [{ s: operator("EQ", { S: "hello" }) }, true],
    [{ s: { ComparisonOperator: "EQ", Value: { S: "hello" } } }, true],
    [{ n: operator("EQ", { N: "1e1" }) }, true],
    [{ l: operator("EQ", { L: [{ S: "x" }] }) }, true],
    [{ m: operator("EQ", { M: { k: { S: "v" } } }) }, true],
    [{ t: operator("EQ", { BOOL: true }) }, true],
    [{ z: operator("EQ", { NULL: true }) }, true],
    [{ ss: operator("EQ", { SS: ["b", "a"] }) }, true],
    [{ s: operator("NE", { S: "other" }) }, true],
    [{ s: operator("NE", { N: "1" }) }, true],
    [{ missing: operator("NE", { S: "x" }) }, true],
    [{ n: operator("LT", { N: "11" }) }, true],
    [{ n: operator("LE", { N: "10" }) }, true],
    [{ n: operator("GT", { N: "10" }) }, false],
    [{ n: operator("GE", { N: "10" }) }, true],
    [{ n: operator("LT", { S: "x" }) }, false],
    [{ missing: operator("LT", { S: "x" }) }, false],
    [{ s: operator("NOT_NULL") }, true],
    [{ z: operator("NOT_NULL") }, true],
    [{ missing: operator("NOT_NULL") }, false],
    [{ missing: operator("NULL") }, true],
    [{ z: operator("NULL") }, false],
    [{ s: operator("CONTAINS", { S: "ell" }) }, true],
    [{ ss: operator("CONTAINS", { S: "a" }) }, true],
    [{ ns: operator("CONTAINS", { N: "2.0" }) }, true],
    [{ l: operator("CONTAINS", { S: "x" }) }, true],
    [{ s: operator("NOT_CONTAINS", { S: "xyz" }) }, true],
    [{ ss: operator("NOT_CONTAINS", { S: "a" }) }, false],
    [{ missing: operator("NOT_CONTAINS", { S: "a" }) }, false],
    [{ s: operator("BEGINS_WITH", { S: "he" }) }, true],
    [{ b: operator("BEGINS_WITH", { B: "AQ==" }) }, true],
    [{ s: operator("IN", { S: "x" }, { S: "hello" }) }, true],
    [{ s: operator("IN", { S: "x" }) }, false],
    [{ n: operator("BETWEEN", { N: "5" }, { N: "10" }) }, true],
    [{ n: operator("BETWEEN", { N: "11" }, { N: "12" }) }, false],
    [{ s: { Value: { S: "hello" } }, n: { Value: { N: "9" } } }, false],
    [{ "m.k": { Exists: false } }, true],
  ] as [JsonObject, boolean][])("%j: %p", async (expected, outcome) => {
    expect(await holds(expected)).toBe(outcome);
  });

  test("ConditionalOperator", async () => {
    const one = { s: { Value: { S: "hello" } }, n: { Value: { N: "9" } } };
    expect(await holds(one, { ConditionalOperator: "AND" })).toBe(false);
    expect(await holds(one, { ConditionalOperator: "OR" })).toBe(true);
    const none = { s: { Value: { S: "x" } }, n: { Value: { N: "9" } } };
    expect(await holds(none, { ConditionalOperator: "OR" })).toBe(false);
  });

  test("on a put and on a delete", async () => {
    const Expected = { pk: { Exists: false } };
    await target.ok("DeleteItem", { TableName: table, Key: KEY });
    await target.ok("PutItem", { TableName: table, Item: KEY, Expected });
    expect(await target.refusal("PutItem", { TableName: table, Item: KEY, Expected })).toEqual(
      conditionFailed,
    );
    expect(await target.refusal("DeleteItem", { TableName: table, Key: KEY, Expected })).toEqual(
      conditionFailed,
    );
  });
});

describe("refusals of Expected", () => {
  const refusal = (Expected: JsonObject, more: JsonObject = {}) =>
    target.refusal("DeleteItem", { TableName: table, Key: KEY, Expected, ...more });
  const S = { S: "x" };
  const count = (name: string) => invalid(`Invalid number of argument(s) for the ${name} ComparisonOperator`);
  const type = (name: string, of: string) =>
    invalid(`ComparisonOperator ${name} is not valid for ${of} AttributeValue type`);
  test.each([
    [
      { Value: S, AttributeValueList: [S], ComparisonOperator: "EQ" },
      invalid("Value and AttributeValueList cannot be used together for Attribute: a"),
    ],
    [
      { Exists: true, ComparisonOperator: "EQ", Value: S },
      invalid("Exists and ComparisonOperator cannot be used together for Attribute: a"),
    ],
    [
      { ComparisonOperator: "EQ" },
      invalid("Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a"),
    ],
    [
      { AttributeValueList: [S] },
      invalid("AttributeValueList can only be used with a ComparisonOperator for Attribute: a"),
    ],
    [{}, invalid("Value must be provided when Exists is null for Attribute: a")],
    [{ Exists: true }, invalid("Value must be provided when Exists is true for Attribute: a")],
    [{ Exists: false, Value: S }, invalid("Value cannot be used when Exists is false for Attribute: a")],
    [operator("BETWEEN", S), count("BETWEEN")],
    [operator("EQ", S, S), count("EQ")],
    [operator("NULL", S), count("NULL")],
    [operator("LT", { SS: ["x"] }), type("LT", "SS")],
    [operator("GE", { BOOL: true }), type("GE", "BOOL")],
    [operator("BEGINS_WITH", { N: "1" }), type("BEGINS_WITH", "N")],
    [operator("CONTAINS", { SS: ["x"] }), type("CONTAINS", "SS")],
    [
      operator("IN", S, { N: "1" }),
      invalid("AttributeValues inside AttributeValueList must be of same type"),
    ],
    [
      operator("BETWEEN", S, { N: "1" }),
      invalid("AttributeValues inside AttributeValueList must be of same type"),
    ],
    [
      operator("BETWEEN", { N: "2" }, { N: "1" }),
      validation(
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
      ),
    ],
    [
      operator("LIKE", S),
      violated(
        "LIKE",
        "expected.a.member.comparisonOperator",
        "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]",
      ),
    ],
  ])("%j", async (expected, message) => {
    expect(await refusal({ a: expected })).toEqual(message);
  });

  test("ConditionalOperator without Expected", async () => {
    const refused = await target.refusal("DeleteItem", {
      TableName: table,
      Key: KEY,
      ConditionalOperator: "OR",
    });
    expect(refused.type).toBe("ValidationException");
    expect(refused.message).toContain("ConditionalOperator");
  });
});

describe("AttributeUpdates", () => {
  const n = (value: number) => ({ N: String(value) });
  async function updated(before: JsonObject | undefined, AttributeUpdates: JsonObject): Promise<unknown> {
    await target.ok("DeleteItem", { TableName: table, Key: KEY });
    if (before !== undefined) await target.ok("PutItem", { TableName: table, Item: { ...KEY, ...before } });
    await target.ok("UpdateItem", { TableName: table, Key: KEY, AttributeUpdates });
    const item = (await target.ok("GetItem", { TableName: table, Key: KEY }))["Item"];
    if (item === undefined) return undefined;
    const { pk: _, ...rest } = item as JsonObject;
    return rest;
  }

  test.each([
    [
      "PUT is the default",
      { a: n(1) },
      { a: { Value: n(2) }, b: { Action: "PUT", Value: n(3) } },
      { a: n(2), b: n(3) },
    ],
    [
      "DELETE without value",
      { a: n(1), b: n(2) },
      { a: { Action: "DELETE" }, c: { Action: "DELETE" } },
      { b: n(2) },
    ],
    [
      "DELETE of members",
      { a: { SS: ["x", "y"] } },
      { a: { Action: "DELETE", Value: { SS: ["x", "z"] } } },
      { a: { SS: ["y"] } },
    ],
    ["DELETE of all members", { a: { SS: ["x"] } }, { a: { Action: "DELETE", Value: { SS: ["x"] } } }, {}],
    ["ADD to a number", { a: n(1) }, { a: { Action: "ADD", Value: n(2) } }, { a: n(3) }],
    ["ADD to nothing", {}, { a: { Action: "ADD", Value: n(2) } }, { a: n(2) }],
    [
      "ADD to a set",
      { a: { NS: ["1"] } },
      { a: { Action: "ADD", Value: { NS: ["2"] } } },
      { a: { NS: ["1", "2"] } },
    ],
    [
      "ADD to a list",
      { a: { L: [n(1)] } },
      { a: { Action: "ADD", Value: { L: [n(2)] } } },
      { a: { L: [n(1), n(2)] } },
    ],
    ["dots are letters", {}, { "a.b": { Value: n(1) } }, { "a.b": n(1) }],
    ["nothing", { a: n(1) }, {}, { a: n(1) }],
    ["nothing, absent item", undefined, {}, {}],
    ["PUT, absent item", undefined, { a: { Value: n(1) } }, { a: n(1) }],
    ["DELETE, absent item", undefined, { a: { Action: "DELETE" } }, undefined],
  ] as [string, JsonObject | undefined, JsonObject, unknown][])("%s", async (_, before, updates, after) => {
    expect(await updated(before, updates)).toEqual(after as never);
  });

  test("ReturnValues", async () => {
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, a: n(1), b: n(2) } });
    const request = {
      TableName: table,
      Key: KEY,
      AttributeUpdates: { a: { Value: n(5) }, b: { Action: "DELETE" } },
    };
    expect(await target.ok("UpdateItem", { ...request, ReturnValues: "UPDATED_OLD" })).toEqual({
      Attributes: { a: n(1), b: n(2) },
    });
    expect(await target.ok("UpdateItem", { ...request, ReturnValues: "UPDATED_NEW" })).toEqual({
      Attributes: { a: n(5) },
    });
  });

  const WITHOUT_VALUE = invalid("Only DELETE action is allowed when no attribute value is specified");
  test.each([
    [{ a: { Action: "PUT" } }, WITHOUT_VALUE],
    [{ a: { Action: "ADD" } }, WITHOUT_VALUE],
    [{ a: {} }, WITHOUT_VALUE],
    [
      { a: { Action: "DELETE", Value: n(1) } },
      invalid("DELETE action with value is not supported for the type N"),
    ],
    [{ a: { Action: "ADD", Value: { S: "x" } } }, invalid("ADD action is not supported for the type S")],
    [
      { a: { Action: "ADD", Value: { BOOL: true } } },
      invalid("ADD action is not supported for the type BOOL"),
    ],
    [
      { a: { Action: "SET", Value: n(1) } },
      violated(
        "SET",
        "attributeUpdates.a.member.action",
        "Member must satisfy enum value set: [ADD, PUT, DELETE]",
      ),
    ],
    [{ pk: { Value: { S: "x" } } }, invalid("Cannot update attribute pk. This attribute is part of the key")],
  ] as [JsonObject, unknown][])("refused: %j", async (AttributeUpdates, expected) => {
    expect(await target.refusal("UpdateItem", { TableName: table, Key: KEY, AttributeUpdates })).toEqual(
      expected as never,
    );
  });

  test("the stored type differs", async () => {
    await target.ok("PutItem", { TableName: table, Item: { ...KEY, a: { S: "x" } } });
    for (const update of [
      { Action: "ADD", Value: n(1) },
      { Action: "ADD", Value: { SS: ["x"] } },
      { Action: "DELETE", Value: { SS: ["x"] } },
    ]) {
      const refused = await target.refusal("UpdateItem", {
        TableName: table,
        Key: KEY,
        AttributeUpdates: { a: update },
      });
      expect(refused).toEqual(validation("Type mismatch for attribute to update"));
    }
  });
});
