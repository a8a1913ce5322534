import { describe, expect, test } from "bun:test";
import { compileCondition } from "../../src/expressions/condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileProjection } from "../../src/expressions/projection.ts";
import { compileUpdate } from "../../src/expressions/update.ts";
import type { RawItem } from "../../src/values/attribute-value.ts";
import { messageOf, type Names, refusalOf } from "./support.ts";

const problem = (names: Names | undefined, values?: RawItem) =>
  messageOf(() => new Placeholders(names, values));

describe("refusals", () => {
  test.each<[string, Names | undefined, RawItem | undefined, string]>([
    ["no names", {}, undefined, "ExpressionAttributeNames must not be empty"],
    ["no values", undefined, {}, "ExpressionAttributeValues must not be empty"],
    [
      "a name without #",
      { foo: "a" },
      undefined,
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "foo"',
    ],
    [
      "a lone #",
      { "#": "a" },
      undefined,
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"',
    ],
    [
      "a name with a dash",
      { "#a-b": "a" },
      undefined,
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"',
    ],
    [
      "a line break at the end",
      { "#a\n": "a" },
      undefined,
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a\n"',
    ],
    [
      "a value without :",
      undefined,
      { loc: { S: "a" } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "loc"',
    ],
    [
      "names before values",
      { foo: "a" },
      {},
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "foo"',
    ],
    [
      "a value without member",
      undefined,
      { ":b": {} },
      "ExpressionAttributeValues contains invalid value: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b",
    ],
    [
      "an empty set",
      undefined,
      { ":a": { S: "" }, ":b": { NS: [] } },
      "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An number set  may not be empty for key :b",
    ],
    [
      "no number",
      undefined,
      { ":b": { N: "b" } },
      "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric value: b for key :b",
    ],
  ])("%s", (_, names, values, message) => {
    expect(problem(names, values)).toBe(message);
  });

  test("placeholders have at most 255 bytes", () => {
    expect(() => new Placeholders({ [`#${"a".repeat(254)}`]: "a" }, undefined)).not.toThrow();
    expect(problem({ [`#${"a".repeat(255)}`]: "a" })).toStartWith(
      "ExpressionAttributeNames contains invalid key",
    );
  });

  test("empty maps are problems of the request, bad numbers of the value", () => {
    expect(refusalOf(() => new Placeholders({}, undefined)).enveloped).toBe(true);
    expect(refusalOf(() => new Placeholders(undefined, { ":b": { N: "b" } })).enveloped).toBe(false);
  });
});

describe("what no expression mentions", () => {
  test("names first, in the order given", () => {
    const placeholders = new Placeholders({ "#a": "a", "#b": "b" }, { ":a": { S: "" } });
    expect(messageOf(() => placeholders.rejectUnused())).toBe(
      "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
    );
    compileProjection("#a, #b", placeholders);
    expect(messageOf(() => placeholders.rejectUnused())).toBe(
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:a}",
    );
    compileCondition("ConditionExpression", "x = :a", placeholders);
    expect(() => placeholders.rejectUnused()).not.toThrow();
  });

  test("a mention counts, evaluated or not", () => {
    const placeholders = new Placeholders({ "#a": "a" }, { ":a": { S: "" }, ":b": { S: "" } });
    const update = compileUpdate("SET x = if_not_exists(#a, :a), y = :b", placeholders);
    expect(() => placeholders.rejectUnused()).not.toThrow();
    expect(update.targets).toEqual([["x"], ["y"]]);
  });

  test("none given, none missed", () => {
    expect(() => new Placeholders(undefined, undefined).rejectUnused()).not.toThrow();
  });
});

test("values are normalised, names kept as they are", () => {
  const placeholders = new Placeholders({ "#a": "a" }, { ":v": { NS: ["2", "1.0"] } });
  expect(placeholders.value(":v")).toEqual({ NS: ["1", "2"] });
});
