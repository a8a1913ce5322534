/** What Query refuses: key conditions of every wrong kind, and which refusal wins. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, notFound, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table({ range: "sk:N" });
});

const VALUES = {
  ":p": { S: "p" },
  ":two": { N: "2" },
  ":five": { N: "5" },
  ":s": { S: "a" },
  ":t": { BOOL: true },
  ":e": { S: "" },
} as const;

/** Only the values that the expressions mention. */
const valuesOf = (...texts: readonly unknown[]): JsonObject => {
  const mentioned = Object.entries(VALUES).filter(([name]) =>
    texts.some((text) => typeof text === "string" && new RegExp(`${name}\\b`).test(text)),
  );
  return mentioned.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(mentioned) };
};
const input = (KeyConditionExpression: string, more: JsonObject = {}): JsonObject => ({
  TableName: table,
  KeyConditionExpression,
  ...valuesOf(KeyConditionExpression, more["FilterExpression"]),
  ...more,
});
const refusal = (condition: string, more?: JsonObject) => target.refusal("Query", input(condition, more));

describe("refusals of key conditions", () => {
  const bad = (problem: string) => validation(`Invalid KeyConditionExpression: ${problem}`);
  const condition = (problem: string) => bad(`Invalid condition in KeyConditionExpression: ${problem}`);
  const operator = (name: string) => bad(`Invalid operator used in KeyConditionExpression: ${name}`);
  const mistyped = invalid("Condition parameter type does not match schema type");
  const unsupported = validation("Query key condition not supported");
  const missed = (name: string) => validation(`Query condition missed key schema element: ${name}`);
  const operand = (name: string, type: string) =>
    bad(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );

  test.each([
    ["pk = :p OR sk = :five", operator("OR")],
    ["pk = :p AND NOT sk = :five", operator("NOT")],
    ["pk = :p AND sk IN (:five)", operator("IN")],
    ["pk = :p AND sk <> :five", operator("<>")],
    ["pk = :p AND attribute_exists(sk)", operator("attribute_exists")],
    ["pk = :p AND contains(sk, :s)", operator("contains")],
    ["size(pk) = :five", bad("KeyConditionExpressions cannot contain nested operations")],
    ["pk.a = :p", bad("KeyConditionExpressions cannot have conditions on nested attributes")],
    ["pk = sk", condition("Multiple attribute names used in one condition")],
    [":p = :s", condition("No key attribute specified")],
    [
      "pk = :p AND :five BETWEEN sk AND :two",
      condition("BETWEEN operator must have the key attribute as its first operand"),
    ],
    [
      "pk = :p AND sk > :two AND sk < :five",
      bad("KeyConditionExpressions must only contain one condition per key"),
    ],
    ["sk = :five", missed("pk")],
    ["name = :s", bad("Attribute name is a reserved keyword; reserved keyword: name")],
    ["title = :s", missed("pk")],
    ["pk = :p AND title = :s", missed("sk")],
    ["pk > :p", unsupported],
    ["begins_with(pk, :p)", unsupported],
    ["pk = :p AND sk = :s", mistyped],
    ["pk = :five", mistyped],
    ["pk = :t", mistyped],
    ["pk = :p AND begins_with(sk, :s)", mistyped],
    ["pk = :p AND begins_with(sk, :five)", operand("begins_with", "N")],
    ["pk = :p AND sk > :t", operand(">", "BOOL")],
    ["pk = :p AND :t < sk", operand("<", "BOOL")],
    [
      "pk = :p AND sk = :five AND title = :s",
      validation(
        "The number of query conditions (3) exceeds the number of key attributes defined in the schema (2)",
      ),
    ],
    ["", bad("The expression can not be empty;")],
    ["pk = :p AND", bad('Syntax error; token: "<EOF>", near: "AND"')],
    [
      "pk = :e",
      validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
      ),
    ],
  ])("%s", async (text, expected) => {
    expect(await refusal(text)).toEqual(expected);
  });

  test("a second condition on a table without sort key", async () => {
    const hashOnly = await target.table();
    expect(await refusal("pk = :p AND sk = :s", { TableName: hashOnly })).toEqual(unsupported);
  });

  test("none at all", async () => {
    expect(await target.refusal("Query", { TableName: table })).toEqual(
      validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      ),
    );
  });
});

describe("the order of checks", () => {
  const bothKinds = (legacy: string, modern: string) =>
    validation(
      "Can not use both expression and non-expression parameters in the same request: " +
        `Non-expression parameters: {${legacy}} Expression parameters: {${modern}}`,
    );
  const condition = { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] };

  test.each([
    [
      { KeyConditions: { pk: condition }, KeyConditionExpression: "" },
      bothKinds("KeyConditions", "KeyConditionExpression"),
    ],
    [
      {
        KeyConditions: { pk: condition },
        KeyConditionExpression: "x",
        AttributesToGet: ["a", "a"],
        QueryFilter: { a: { ComparisonOperator: "EQ" } },
        ConditionalOperator: "OR",
        ProjectionExpression: "",
        FilterExpression: "",
      },
      bothKinds(
        "AttributesToGet, QueryFilter, ConditionalOperator, KeyConditions",
        "ProjectionExpression, FilterExpression, KeyConditionExpression",
      ),
    ],
    [
      { KeyConditions: { pk: condition }, ExpressionAttributeNames: { "#a": "b" } },
      validation("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      { KeyConditions: { pk: condition }, ExpressionAttributeValues: { ":a": { S: "b" } } },
      validation(
        "ExpressionAttributeValues can only be specified when using expressions: FilterExpression and KeyConditionExpression are null",
      ),
    ],
    [
      { KeyConditionExpression: "", ExpressionAttributeValues: {} },
      validation("ExpressionAttributeValues must not be empty"),
    ],
    [
      { QueryFilter: { a: { ComparisonOperator: "EQ" } }, AttributesToGet: ["a", "a"] },
      invalid("Invalid number of argument(s) for the EQ ComparisonOperator"),
    ],
    [
      { AttributesToGet: ["a", "a"], ExclusiveStartKey: { pk: {} } },
      invalid("Duplicate value in attribute name: a"),
    ],
    [
      { ExclusiveStartKey: { pk: {} } },
      validation(
        "The provided starting key is invalid: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
      ),
    ],
    [
      { FilterExpression: "" },
      validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      ),
    ],
    [
      { KeyConditionExpression: "a OR", FilterExpression: "", ProjectionExpression: "" },
      validation('Invalid KeyConditionExpression: Syntax error; token: "OR", near: "a OR"'),
    ],
    [
      { KeyConditionExpression: "size(a) = size(b)", FilterExpression: "", ProjectionExpression: "" },
      validation("Invalid FilterExpression: The expression can not be empty;"),
    ],
    [
      { KeyConditionExpression: "size(a) = size(b)", ProjectionExpression: "" },
      validation("Invalid ProjectionExpression: The expression can not be empty;"),
    ],
    [
      { KeyConditionExpression: "size(a) = size(b)", ExpressionAttributeNames: { "#a": "b" } },
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ],
    [
      { KeyConditionExpression: "size(a) = size(b)" },
      validation("Invalid KeyConditionExpression: KeyConditionExpressions cannot contain nested operations"),
    ],
    [
      { KeyConditionExpression: "a = b.c" },
      validation(
        "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
      ),
    ],
    [
      { KeyConditions: { pk: { ComparisonOperator: "EQ" } }, FilterExpression: "" },
      validation("Invalid FilterExpression: The expression can not be empty;"),
    ],
    [{ KeyConditionExpression: "a = :v", ExpressionAttributeValues: { ":v": { S: "" } } }, notFound()],
  ] as [JsonObject, unknown][])("%j", async (more, expected) => {
    expect(await target.refusal("Query", { TableName: "no-such-table", ...more })).toEqual(expected as never);
  });
});
