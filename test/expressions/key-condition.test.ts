import { describe, expect, test } from "bun:test";
import { compileKeyCondition, keyConditionFor } from "../../src/expressions/key-condition.ts";
import { compileLegacyKeyConditions } from "../../src/expressions/legacy-key-condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import type { RawItem } from "../../src/values/attribute-value.ts";
import type { KeyCondition, KeySchema, KeyType } from "../../src/values/key-schema.ts";
import { messageOf } from "./support.ts";

const PREFIX = "Invalid KeyConditionExpression: ";
const TYPE = "One or more parameter values were invalid: Condition parameter type does not match schema type";

const keys = (...types: [string, KeyType][]) => types.map(([name, type]) => ({ name, type }));
const hashOnly: KeySchema = { partition: keys(["pk", "S"]), sort: [] };
const table: KeySchema = { partition: keys(["pk", "S"]), sort: keys(["sk", "S"]) };
const numeric: KeySchema = { partition: keys(["pk", "S"]), sort: keys(["sk", "N"]) };
const many: KeySchema = {
  partition: keys(["p1", "S"], ["p2", "N"]),
  sort: keys(["s1", "S"], ["s2", "N"], ["s3", "B"]),
};

const values: RawItem = {
  ":p": { S: "p" },
  ":a": { S: "a" },
  ":b": { S: "b" },
  ":n": { N: "1.0" },
  ":m": { N: "2" },
  ":y": { B: "AQ==" },
  ":e": { S: "" },
  ":eb": { B: "" },
  ":t": { BOOL: true },
  ":l": { L: [] },
  ":ss": { SS: ["a"] },
};

function conditionOf(schema: KeySchema, text: string): KeyCondition {
  return keyConditionFor(
    schema,
    compileKeyCondition(text, new Placeholders({ "#s": "sk", "#d": "a.b" }, values)),
  );
}

const problem = (text: string, schema = table) => messageOf(() => conditionOf(schema, text));

describe("what a key condition selects", () => {
  const partition = [{ S: "p" }];

  test.each<[KeySchema, string, KeyCondition]>([
    [hashOnly, "pk = :p", { partition, sortEquals: [] }],
    [table, "pk = :p", { partition, sortEquals: [] }],
    [table, "pk = :p AND sk = :a", { partition, sortEquals: [{ S: "a" }] }],
    [table, "sk = :a AND pk = :p", { partition, sortEquals: [{ S: "a" }] }],
    [
      table,
      "(pk = :p) AND (#s < :a)",
      { partition, sortEquals: [], sortRange: { kind: "<", value: { S: "a" } } },
    ],
    [
      table,
      "pk = :p AND sk <= :a",
      { partition, sortEquals: [], sortRange: { kind: "<=", value: { S: "a" } } },
    ],
    [
      table,
      "pk = :p AND sk > :a",
      { partition, sortEquals: [], sortRange: { kind: ">", value: { S: "a" } } },
    ],
    [
      table,
      "pk = :p AND sk >= :a",
      { partition, sortEquals: [], sortRange: { kind: ">=", value: { S: "a" } } },
    ],
    [
      table,
      ":p = pk AND :a < sk",
      { partition, sortEquals: [], sortRange: { kind: ">", value: { S: "a" } } },
    ],
    [
      table,
      ":p = pk AND :a >= sk",
      { partition, sortEquals: [], sortRange: { kind: "<=", value: { S: "a" } } },
    ],
    [
      numeric,
      "pk = :p AND :n <= sk",
      { partition, sortEquals: [], sortRange: { kind: ">=", value: { N: "1" } } },
    ],
    [
      numeric,
      "pk = :p AND :n > sk",
      { partition, sortEquals: [], sortRange: { kind: "<", value: { N: "1" } } },
    ],
    [
      table,
      "pk = :p AND sk BETWEEN :a AND :b",
      { partition, sortEquals: [], sortRange: { kind: "between", lower: { S: "a" }, upper: { S: "b" } } },
    ],
    [
      table,
      "begins_with(sk, :a) AND pk = :p",
      { partition, sortEquals: [], sortRange: { kind: "begins_with", prefix: { S: "a" } } },
    ],
    [many, "p2 = :n AND p1 = :p", { partition: [{ S: "p" }, { N: "1" }], sortEquals: [] }],
    [
      many,
      "p2 = :n AND p1 = :p AND s1 = :a AND s2 > :m",
      {
        partition: [{ S: "p" }, { N: "1" }],
        sortEquals: [{ S: "a" }],
        sortRange: { kind: ">", value: { N: "2" } },
      },
    ],
    [
      many,
      "s3 = :y AND s2 = :m AND s1 = :a AND p2 = :n AND p1 = :p",
      { partition: [{ S: "p" }, { N: "1" }], sortEquals: [{ S: "a" }, { N: "2" }, { B: "AQ==" }] },
    ],
  ])("%# %s", (schema, text, condition) => {
    expect(conditionOf(schema, text)).toEqual(condition);
  });
});

describe("problems of the expression", () => {
  const inCondition = `${PREFIX}Invalid condition in KeyConditionExpression: `;

  test.each([
    ["pk = :p OR sk = :a", `${PREFIX}Invalid operator used in KeyConditionExpression: OR`],
    ["NOT pk = :p", `${PREFIX}Invalid operator used in KeyConditionExpression: NOT`],
    ["NOT NOT pk = :p", `${PREFIX}Invalid operator used in KeyConditionExpression: NOT`],
    ["pk IN (:p)", `${PREFIX}Invalid operator used in KeyConditionExpression: IN`],
    ["pk <> :p", `${PREFIX}Invalid operator used in KeyConditionExpression: <>`],
    ["pk = :p AND (sk = :a OR sk = :b)", `${PREFIX}Invalid operator used in KeyConditionExpression: OR`],
    ["attribute_exists(pk)", `${PREFIX}Invalid operator used in KeyConditionExpression: attribute_exists`],
    [
      "attribute_not_exists(pk)",
      `${PREFIX}Invalid operator used in KeyConditionExpression: attribute_not_exists`,
    ],
    ["pk = :p AND contains(sk, :a)", `${PREFIX}Invalid operator used in KeyConditionExpression: contains`],
    ["size(pk) = :n", `${PREFIX}KeyConditionExpressions cannot contain nested operations`],
    [
      "pk = :p AND sk BETWEEN :n AND size(sk)",
      `${PREFIX}KeyConditionExpressions cannot contain nested operations`,
    ],
    ["pk.a = :p", `${PREFIX}KeyConditionExpressions cannot have conditions on nested attributes`],
    [
      "pk = :p AND begins_with(sk[0], :a)",
      `${PREFIX}KeyConditionExpressions cannot have conditions on nested attributes`,
    ],
    ["pk = sk", `${inCondition}Multiple attribute names used in one condition`],
    ["pk = :p AND sk BETWEEN :a AND pk", `${inCondition}Multiple attribute names used in one condition`],
    [":p = :a", `${inCondition}No key attribute specified`],
    ["pk = :p AND :a BETWEEN :a AND :b", `${inCondition}No key attribute specified`],
    [
      "pk = :p AND :a BETWEEN sk AND :b",
      `${inCondition}BETWEEN operator must have the key attribute as its first operand`,
    ],
    ["pk = :p AND pk = :a", `${PREFIX}KeyConditionExpressions must only contain one condition per key`],
    [
      "pk = :p AND sk > :a AND sk < :b",
      `${PREFIX}KeyConditionExpressions must only contain one condition per key`,
    ],
    [
      "pk = :p AND begins_with(sk, :n)",
      `${PREFIX}Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`,
    ],
    [
      "pk = :p AND sk < :t",
      `${PREFIX}Incorrect operand type for operator or function; operator or function: <, operand type: BOOL`,
    ],
    [
      "pk = :p AND :l >= sk",
      `${PREFIX}Incorrect operand type for operator or function; operator or function: >=, operand type: L`,
    ],
    [
      "pk = :p AND sk BETWEEN :ss AND :ss",
      `${PREFIX}Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: SS`,
    ],
    ["", `${PREFIX}The expression can not be empty;`],
    ["pk = ", `${PREFIX}Syntax error; token: "<EOF>", near: "="`],
  ])("%s", (text, message) => {
    expect(problem(text)).toBe(message);
  });
});

describe("problems with the schema", () => {
  test.each<[KeySchema, string, string]>([
    [table, "sk = :a", "Query condition missed key schema element: pk"],
    [table, "other1 = :a", "Query condition missed key schema element: pk"],
    [table, "pk = :p AND other1 = :a", "Query condition missed key schema element: sk"],
    [table, "#d = :p", "Query condition missed key schema element: pk"],
    [hashOnly, "pk = :p AND sk = :a", "Query key condition not supported"],
    [table, "pk > :p", "Query key condition not supported"],
    [table, "begins_with(pk, :p)", "Query key condition not supported"],
    [
      table,
      "pk = :p AND sk = :a AND x = :b",
      "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
    ],
    [table, "pk = :n", TYPE],
    [table, "pk = :t", TYPE],
    [table, "pk = :p AND sk = :n", TYPE],
    [numeric, "pk = :p AND sk > :a", TYPE],
    [numeric, "pk = :p AND begins_with(sk, :a)", TYPE],
    [numeric, "pk = :p AND sk BETWEEN :a AND :b", TYPE],
    [many, "p1 = :p", "Query condition missed key schema element: p2"],
    [many, "p1 = :p AND p2 = :n AND s2 = :m", "Query condition missed key schema element: s1"],
    [many, "p1 = :p AND p2 = :n AND s1 > :a AND s2 = :m", "Query key condition not supported"],
    [many, "p1 = :p AND p2 > :n", "Query key condition not supported"],
    [
      table,
      "pk = :e",
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
    ],
    [
      many,
      "p1 = :p AND p2 = :n AND s1 = :a AND s2 = :m AND s3 > :eb",
      "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: s3",
    ],
  ])("%# %s", (schema, text, message) => {
    expect(problem(text, schema)).toBe(message);
  });
});

describe("KeyConditions", () => {
  const compile = (conditions: Parameters<typeof compileLegacyKeyConditions>[0], schema = table) =>
    keyConditionFor(schema, compileLegacyKeyConditions(conditions));
  const equals = { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] } as const;

  test.each([
    ["LT", "<"],
    ["LE", "<="],
    ["GT", ">"],
    ["GE", ">="],
  ] as const)("%s means %s", (operator, kind) => {
    const sk = { ComparisonOperator: operator, AttributeValueList: [{ S: "a" }] };
    expect(compile({ sk, pk: equals }).sortRange).toEqual({ kind, value: { S: "a" } });
  });

  test("EQ, BETWEEN and BEGINS_WITH", () => {
    expect(compile({ pk: equals, sk: equals })).toEqual({
      partition: [{ S: "p" }],
      sortEquals: [{ S: "p" }],
    });
    const between = {
      ComparisonOperator: "BETWEEN",
      AttributeValueList: [{ N: "1.0" }, { N: "2" }],
    } as const;
    expect(compile({ pk: equals, sk: between }, numeric).sortRange).toEqual({
      kind: "between",
      lower: { N: "1" },
      upper: { N: "2" },
    });
    const prefix = { ComparisonOperator: "BEGINS_WITH", AttributeValueList: [{ S: "a" }] } as const;
    expect(compile({ pk: equals, sk: prefix }).sortRange).toEqual({
      kind: "begins_with",
      prefix: { S: "a" },
    });
  });

  test("refusals", () => {
    expect(messageOf(() => compile({}))).toBe("Conditions can be of length 1 or 2 only");
    for (const operator of ["NE", "CONTAINS", "NOT_CONTAINS", "IN"] as const) {
      const sk = { ComparisonOperator: operator, AttributeValueList: [{ S: "a" }] };
      expect(messageOf(() => compile({ pk: equals, sk }))).toBe(
        "Attempted conditional constraint is not an indexable operation",
      );
    }
    expect(messageOf(() => compile({ pk: equals, sk: { ComparisonOperator: "NULL" } }))).toBe(
      "Attempted conditional constraint is not an indexable operation",
    );
    expect(messageOf(() => compile({ sk: equals }))).toBe("Query condition missed key schema element: pk");
    const less = { ComparisonOperator: "LT", AttributeValueList: [{ S: "p" }] } as const;
    expect(messageOf(() => compile({ pk: less }))).toBe("Query key condition not supported");
    expect(messageOf(() => compile({ pk: equals, sk: equals }, numeric))).toBe(TYPE);
    expect(messageOf(() => compile({ pk: { ComparisonOperator: "EQ" } }))).toBe(
      "One or more parameter values were invalid: Invalid number of argument(s) for the EQ ComparisonOperator",
    );
  });
});
