import { describe, expect, test } from "bun:test";
import {
  compileLegacyCondition,
  type LegacyCondition,
  type LegacyOperator,
} from "../../src/expressions/legacy-condition.ts";
import { compileExpected, type LegacyExpectation } from "../../src/expressions/legacy-expected.ts";
import { compileLegacyUpdate, type LegacyUpdate } from "../../src/expressions/legacy-update.ts";
import type { Item, RawAttributeValue } from "../../src/values/attribute-value.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { messageOf, plain } from "./support.ts";

const PREFIX = "One or more parameter values were invalid: ";
const key: Item = { pk: { S: "k" } };
const { item } = normalizeItem({
  ...key,
  s: { S: "hello" },
  n: { N: "10" },
  b: { B: "AQID" },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2"] },
  l: { L: [{ S: "x" }, { N: "1" }] },
  m: { M: { a: { N: "1" } } },
  "a.b": { S: "dotted" },
  nil: { NULL: true },
});

const condition = (operator: LegacyOperator, ...values: RawAttributeValue[]): LegacyCondition =>
  values.length === 0
    ? { ComparisonOperator: operator }
    : { ComparisonOperator: operator, AttributeValueList: values };

function holds(name: string, operator: LegacyOperator, ...values: RawAttributeValue[]): boolean | undefined {
  return compileLegacyCondition({ [name]: condition(operator, ...values) }, undefined)?.test(item);
}

describe("legacy operators", () => {
  test.each<[string, LegacyOperator, RawAttributeValue[], boolean]>([
    ["n", "EQ", [{ N: "10.0" }], true],
    ["n", "EQ", [{ S: "10" }], false],
    ["ss", "EQ", [{ SS: ["b", "a"] }], true],
    ["m", "EQ", [{ M: { a: { N: "1.0" } } }], true],
    ["absent", "EQ", [{ N: "1" }], false],
    ["n", "NE", [{ N: "10" }], false],
    ["n", "NE", [{ S: "10" }], true],
    ["absent", "NE", [{ N: "10" }], true],
    ["n", "LT", [{ N: "11" }], true],
    ["n", "LT", [{ N: "10" }], false],
    ["n", "LE", [{ N: "10" }], true],
    ["n", "GT", [{ N: "9" }], true],
    ["n", "GT", [{ S: "9" }], false],
    ["n", "GE", [{ N: "10.0" }], true],
    ["absent", "GE", [{ N: "10" }], false],
    ["s", "NOT_NULL", [], true],
    ["nil", "NOT_NULL", [], true],
    ["absent", "NOT_NULL", [], false],
    ["absent", "NULL", [], true],
    ["nil", "NULL", [], false],
    ["s", "CONTAINS", [{ S: "ell" }], true],
    ["ss", "CONTAINS", [{ S: "a" }], true],
    ["ns", "CONTAINS", [{ N: "2.0" }], true],
    ["l", "CONTAINS", [{ N: "1" }], true],
    ["b", "CONTAINS", [{ B: "Ag==" }], true],
    ["absent", "CONTAINS", [{ S: "a" }], false],
    ["s", "NOT_CONTAINS", [{ S: "ell" }], false],
    ["s", "NOT_CONTAINS", [{ S: "z" }], true],
    ["n", "NOT_CONTAINS", [{ S: "z" }], true],
    ["absent", "NOT_CONTAINS", [{ S: "a" }], false],
    ["s", "BEGINS_WITH", [{ S: "he" }], true],
    ["b", "BEGINS_WITH", [{ B: "AQ==" }], true],
    ["n", "BEGINS_WITH", [{ S: "1" }], false],
    ["n", "IN", [{ N: "9" }, { N: "1e1" }], true],
    ["n", "IN", [{ N: "9" }], false],
    ["n", "BETWEEN", [{ N: "9" }, { N: "10" }], true],
    ["n", "BETWEEN", [{ N: "11" }, { N: "12" }], false],
    ["s", "BETWEEN", [{ S: "a" }, { S: "z" }], true],
    ["a.b", "EQ", [{ S: "dotted" }], true],
  ])("%s %s %j is %p", (name, operator, values, result) => {
    expect(holds(name, operator, ...values)).toBe(result);
  });

  test.each<[LegacyOperator, RawAttributeValue[], string]>([
    ["BETWEEN", [{ N: "1" }], `${PREFIX}Invalid number of argument(s) for the BETWEEN ComparisonOperator`],
    ["EQ", [], `${PREFIX}Invalid number of argument(s) for the EQ ComparisonOperator`],
    ["EQ", [{ N: "1" }, { N: "2" }], `${PREFIX}Invalid number of argument(s) for the EQ ComparisonOperator`],
    ["NULL", [{ N: "1" }], `${PREFIX}Invalid number of argument(s) for the NULL ComparisonOperator`],
    ["NOT_NULL", [{ N: "1" }], `${PREFIX}Invalid number of argument(s) for the NOT_NULL ComparisonOperator`],
    ["IN", [], `${PREFIX}Invalid number of argument(s) for the IN ComparisonOperator`],
    ["LT", [{ SS: ["a"] }], `${PREFIX}ComparisonOperator LT is not valid for SS AttributeValue type`],
    ["CONTAINS", [{ L: [] }], `${PREFIX}ComparisonOperator CONTAINS is not valid for L AttributeValue type`],
    [
      "NOT_CONTAINS",
      [{ BOOL: true }],
      `${PREFIX}ComparisonOperator NOT_CONTAINS is not valid for BOOL AttributeValue type`,
    ],
    [
      "BEGINS_WITH",
      [{ N: "1" }],
      `${PREFIX}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type`,
    ],
    ["IN", [{ M: {} }], `${PREFIX}ComparisonOperator IN is not valid for M AttributeValue type`],
    [
      "IN",
      [{ N: "1" }, { S: "1" }],
      `${PREFIX}AttributeValues inside AttributeValueList must be of same type`,
    ],
    [
      "BETWEEN",
      [{ N: "1" }, { S: "1" }],
      `${PREFIX}AttributeValues inside AttributeValueList must be of same type`,
    ],
    [
      "BETWEEN",
      [{ N: "2" }, { N: "1" }],
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    ],
    ["EQ", [{ N: "x" }], "The parameter cannot be converted to a numeric value: x"],
    ["EQ", [{ SS: [] }], `${PREFIX}An string set  may not be empty`],
  ])("%s with %j is refused", (operator, values, message) => {
    expect(messageOf(() => holds("a", operator, ...values))).toBe(message);
  });

  test("attributes are joined by AND, unless by OR", () => {
    const conditions = { n: condition("EQ", { N: "10" }), s: condition("EQ", { S: "other" }) };
    expect(compileLegacyCondition(conditions, undefined)?.test(item)).toBe(false);
    expect(compileLegacyCondition(conditions, "AND")?.test(item)).toBe(false);
    expect(compileLegacyCondition(conditions, "OR")?.test(item)).toBe(true);
    expect(compileLegacyCondition(conditions, "OR")?.paths()).toEqual([["n"], ["s"]]);
  });

  test("no conditions", () => {
    expect(compileLegacyCondition(undefined, undefined)).toBeUndefined();
    expect(compileLegacyCondition({}, undefined)).toBeUndefined();
    for (const none of [undefined, {}]) {
      expect(messageOf(() => compileLegacyCondition(none, "OR"))).toBe(
        "ConditionalOperator cannot be used without Filter or Expected",
      );
    }
  });
});

describe("Expected", () => {
  const meets = (expectation: LegacyExpectation, name = "n") =>
    compileExpected({ [name]: expectation }, undefined)?.test(item);

  test.each<[LegacyExpectation, boolean]>([
    [{ Value: { N: "10.0" } }, true],
    [{ Value: { N: "1" } }, false],
    [{ Value: { N: "10" }, Exists: true }, true],
    [{ Exists: false }, false],
    [{ ComparisonOperator: "GT", Value: { N: "9" } }, true],
    [{ ComparisonOperator: "GT", AttributeValueList: [{ N: "10" }] }, false],
    [{ ComparisonOperator: "NOT_NULL" }, true],
    [{ ComparisonOperator: "NULL", AttributeValueList: [] }, false],
  ])("%j", (expectation, result) => {
    expect(meets(expectation)).toBe(result);
  });

  test("of an attribute, or an item, that does not exist", () => {
    expect(meets({ Exists: false }, "absent")).toBe(true);
    expect(meets({ Value: { S: "" } }, "absent")).toBe(false);
    expect(compileExpected({ pk: { Exists: false } }, undefined)?.test(undefined)).toBe(true);
  });

  test.each<[LegacyExpectation, string]>([
    [
      { Value: { N: "1" }, AttributeValueList: [] },
      "Value and AttributeValueList cannot be used together for Attribute: n",
    ],
    [
      { Exists: true, ComparisonOperator: "EQ" },
      "Exists and ComparisonOperator cannot be used together for Attribute: n",
    ],
    [
      { ComparisonOperator: "EQ" },
      "Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: n",
    ],
    [
      { AttributeValueList: [{ N: "1" }] },
      "AttributeValueList can only be used with a ComparisonOperator for Attribute: n",
    ],
    [{}, "Value must be provided when Exists is null for Attribute: n"],
    [{ Exists: true }, "Value must be provided when Exists is true for Attribute: n"],
    [{ Exists: false, Value: { N: "1" } }, "Value cannot be used when Exists is false for Attribute: n"],
    [
      { ComparisonOperator: "LT", Value: { L: [] } },
      "ComparisonOperator LT is not valid for L AttributeValue type",
    ],
  ])("%j is refused", (expectation, message) => {
    expect(messageOf(() => meets(expectation))).toBe(PREFIX + message);
  });

  test("joins attributes, and may be empty", () => {
    const expected = { n: { Value: { N: "10" } }, s: { Exists: false } };
    expect(compileExpected(expected, undefined)?.test(item)).toBe(false);
    expect(compileExpected(expected, "OR")?.test(item)).toBe(true);
    expect(compileExpected({}, undefined)).toBeUndefined();
    expect(() => compileExpected({}, "AND")).toThrow("ConditionalOperator cannot be used");
  });
});

describe("AttributeUpdates", () => {
  const apply = (updates: Readonly<Record<string, LegacyUpdate>>, before: Item | undefined = item) =>
    compileLegacyUpdate(updates).apply(before, key);
  const changed = (updates: Readonly<Record<string, LegacyUpdate>>, name: string) => apply(updates)?.[name];

  test.each<[string, LegacyUpdate, unknown]>([
    ["s", { Value: { S: "new" } }, { S: "new" }],
    ["s", { Action: "PUT", Value: { N: "1.0" } }, { N: "1" }],
    ["s", { Action: "DELETE" }, undefined],
    ["a.b", { Action: "DELETE" }, undefined],
    ["ss", { Action: "DELETE", Value: { SS: ["a"] } }, { SS: ["b"] }],
    ["ss", { Action: "DELETE", Value: { SS: ["b", "a"] } }, undefined],
    ["absent", { Action: "DELETE", Value: { SS: ["a"] } }, undefined],
    ["n", { Action: "ADD", Value: { N: "-3" } }, { N: "7" }],
    ["absent", { Action: "ADD", Value: { N: "-3" } }, { N: "-3" }],
    ["ss", { Action: "ADD", Value: { SS: ["0"] } }, { SS: ["0", "a", "b"] }],
    ["l", { Action: "ADD", Value: { L: [{ S: "y" }] } }, { L: [{ S: "x" }, { N: "1" }, { S: "y" }] }],
    ["absent", { Action: "ADD", Value: { L: [] } }, { L: [] }],
  ])("%s %j", (name, update, value) => {
    expect<unknown>(changed({ [name]: update }, name)).toEqual(value);
  });

  test.each<[LegacyUpdate, string]>([
    [{}, `${PREFIX}Only DELETE action is allowed when no attribute value is specified`],
    [{ Action: "PUT" }, `${PREFIX}Only DELETE action is allowed when no attribute value is specified`],
    [{ Action: "ADD" }, `${PREFIX}Only DELETE action is allowed when no attribute value is specified`],
    [
      { Action: "DELETE", Value: { N: "1" } },
      `${PREFIX}DELETE action with value is not supported for the type N`,
    ],
    [
      { Action: "DELETE", Value: { L: [] } },
      `${PREFIX}DELETE action with value is not supported for the type L`,
    ],
    [{ Action: "ADD", Value: { S: "1" } }, `${PREFIX}ADD action is not supported for the type S`],
    [{ Action: "ADD", Value: { M: {} } }, `${PREFIX}ADD action is not supported for the type M`],
    [{ Value: { NS: [] } }, `${PREFIX}An number set  may not be empty`],
  ])("%j is refused", (update, message) => {
    expect(messageOf(() => compileLegacyUpdate({ a: update }))).toBe(message);
  });

  test("a stored value of another type", () => {
    for (const [name, update] of [
      ["s", { Action: "ADD", Value: { N: "1" } }],
      ["n", { Action: "ADD", Value: { SS: ["a"] } }],
      ["s", { Action: "DELETE", Value: { SS: ["a"] } }],
      ["ss", { Action: "DELETE", Value: { NS: ["1"] } }],
    ] as const) {
      expect(messageOf(() => apply({ [name]: update }))).toBe("Type mismatch for attribute to update");
    }
  });

  test("on an item that does not exist", () => {
    expect(compileLegacyUpdate({}).apply(undefined, key)).toBe(key);
    expect(compileLegacyUpdate(undefined).apply(undefined, key)).toBe(key);
    expect(compileLegacyUpdate({ a: { Action: "DELETE" } }).apply(undefined, key)).toBeUndefined();
    expect(
      compileLegacyUpdate({ a: { Action: "DELETE", Value: { SS: ["x"] } } }).apply(undefined, key),
    ).toBeUndefined();
    const created = compileLegacyUpdate({ a: { Value: { S: "x" } }, b: { Action: "DELETE" } }).apply(
      undefined,
      key,
    );
    expect(plain(created)).toEqual({ pk: { S: "k" }, a: { S: "x" } });
  });

  test("tells its targets, costs and touched attributes", () => {
    const update = compileLegacyUpdate({ n: { Action: "ADD", Value: { N: "1" } }, s: { Action: "DELETE" } });
    expect(update.targets).toEqual([["n"], ["s"]]);
    expect(update.overheadBytes).toBe(3 + 19 + 2);
    expect(plain(update.touched.pick(item))).toEqual({ n: { N: "10" }, s: { S: "hello" } });
  });
});
