import { describe, expect, test } from "bun:test";
import { compileCondition } from "../../src/expressions/condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import type { RawItem } from "../../src/values/attribute-value.ts";
import { formatPath } from "../../src/values/document-path.ts";
import { test as evaluate, messageOf } from "./support.ts";

const item: RawItem = {
  pk: { S: "k" },
  s: { S: "hello" },
  emoji: { S: "a😀" },
  n: { N: "10" },
  same: { N: "10.0" },
  b: { B: "AQID" },
  t: { BOOL: true },
  nil: { NULL: true },
  ss: { SS: ["b", "a"] },
  ns: { NS: ["1", "2.0"] },
  bs: { BS: ["AQ=="] },
  l: { L: [{ S: "x" }, { N: "1" }, { M: { deep: { S: "y" } } }, { SS: ["p", "q"] }] },
  m: { M: { a: { N: "1" }, "x.y": { S: "dotted" } } },
};

const values = {
  hello: { S: "hello" },
  ell: { S: "ell" },
  he: { S: "he" },
  z: { S: "z" },
  ten: { N: "1e1" },
  two: { N: "2" },
  one: { N: "1.0" },
  five: { N: "5" },
  bytes: { B: "AQID" },
  byte: { B: "Ag==" },
  first: { B: "AQ==" },
  true: { BOOL: true },
  null: { NULL: true },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["2", "1"] },
  list: { L: [{ S: "x" }] },
  map: { M: { "x.y": { S: "dotted" }, a: { N: "1" } } },
  pq: { SS: ["q", "p"] },
  deep: { M: { deep: { S: "y" } } },
} satisfies RawItem;

/** The values that a text mentions. */
const used = (text: string): RawItem | undefined => {
  const mentioned = Object.entries(values).filter(([name]) => new RegExp(`:${name}\\b`).test(text));
  return mentioned.length === 0
    ? undefined
    : Object.fromEntries(mentioned.map(([name, value]) => [`:${name}`, value]));
};

describe("comparisons", () => {
  test.each([
    ["s = :hello", true],
    ["s <> :hello", false],
    ["n = :ten", true],
    ["n = same", true],
    ["s = :ten", false],
    ["s <> :ten", true],
    ["absent = :ten", false],
    ["absent <> :ten", true],
    ["absent = nowhere", false],
    ["absent <> nowhere", true],
    ["absent < :ten", false],
    [":ten > absent", false],
    ["n < :ten", false],
    ["n <= :ten", true],
    ["n > :two", true],
    ["n >= :ten", true],
    [":two < n", true],
    ["s < :z", true],
    ["s > n", false],
    ["s < n", false],
    ["t = :true", true],
    ["t < n", false],
    ["l < l[0]", false],
    ["nil = :null", true],
    ["nil <> :true", true],
    ["ss = :ss", true],
    ["ns = :ns", true],
    ["ss = :ns", false],
    ["m = :map", true],
    ["l = :list", false],
    ["b >= :first", true],
    ["b < :byte", true],
    ["m.a = :one", true],
    ["l[1] = :one", true],
    ["l[2].deep > :he", true],
    ["l[9] = :one", false],
    ["n BETWEEN :two AND :ten", true],
    ["n BETWEEN :two AND :five", false],
    ["s BETWEEN :ell AND :z", true],
    ["s BETWEEN :ell AND n", false],
    ["n BETWEEN m.a AND absent", false],
    [":five BETWEEN m.a AND n", true],
    ["n IN (:two, :ten)", true],
    ["n IN (:two, s, same)", true],
    ["n IN (:hello, absent)", false],
    ["absent IN (:two)", false],
    ["ss IN (:two, :ss)", true],
  ])("%s", (text, result) => {
    expect(evaluate(text, item, used(text))).toBe(result);
  });
});

describe("functions", () => {
  test.each([
    ["attribute_exists(s)", true],
    ["attribute_exists(nil)", true],
    ["attribute_exists(m.a)", true],
    ["attribute_exists(l[3])", true],
    ["attribute_exists(l[4])", false],
    ["attribute_exists(m.b)", false],
    ["attribute_not_exists(absent)", true],
    ["attribute_not_exists(s)", false],
    ["begins_with(s, :he)", true],
    ["begins_with(s, :ell)", false],
    ["begins_with(n, :he)", false],
    ["begins_with(b, :first)", true],
    ["begins_with(b, :byte)", false],
    ["begins_with(b, :he)", false],
    ["begins_with(absent, :he)", false],
    ["begins_with(:hello, :he)", true],
    ["begins_with(:hello, s)", true],
    ["contains(s, :ell)", true],
    ["contains(s, :z)", false],
    ["contains(b, :byte)", true],
    ["contains(b, :ell)", false],
    ["contains(ss, :z)", false],
    ["contains(ns, :two)", true],
    ["contains(ns, :hello)", false],
    ["contains(bs, :first)", true],
    ["contains(l, :one)", true],
    ["contains(l, :pq)", true],
    ["contains(l, :deep)", true],
    ["contains(l, :two)", false],
    ["contains(m, :one)", false],
    ["contains(n, :one)", false],
    ["contains(absent, :one)", false],
    ["contains(:ss, s)", false],
    ["contains(:hello, s)", true],
    ["size(s) = :five", true],
    ["size(:hello) = :five", true],
    ["size(b) > :two", true],
    ["size(ss) = :two", true],
    ["size(bs) = :one", true],
    ["size(m) = :two", true],
    ["size(l) < :five", true],
    ["size(n) = :two", false],
    ["size(n) <> :two", true],
    ["size(absent) < :five", false],
    ["size(absent) <> :five", true],
    ["size(ss) = size(m)", true],
    ["size(s) BETWEEN :two AND size(s)", true],
    ["size(s) IN (:two, :five)", true],
    ["contains(ns, size(m))", true],
  ])("%s", (text, result) => {
    expect(evaluate(text, item, used(text))).toBe(result);
  });

  test("the size of a string counts UTF-16 units", () => {
    expect(evaluate("size(emoji) = :n", item, { ":n": { N: "3" } })).toBe(true);
  });

  test.each(["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"])(
    "attribute_type knows %s",
    (type) => {
      const typed: Record<string, string> = {
        b: "B",
        nil: "NULL",
        ss: "SS",
        t: "BOOL",
        l: "L",
        bs: "BS",
        n: "N",
        ns: "NS",
        s: "S",
        m: "M",
      };
      for (const [name, actual] of Object.entries(typed)) {
        expect(evaluate(`attribute_type(${name}, :t)`, item, { ":t": { S: type } })).toBe(actual === type);
      }
      expect(evaluate("attribute_type(absent, :t)", item, { ":t": { S: type } })).toBe(false);
      expect(evaluate("attribute_type(:t, :t)", item, { ":t": { S: type } })).toBe(type === "S");
    },
  );
});

describe("logic", () => {
  const flags: RawItem = { yes: { S: "" } };
  const yes = "attribute_exists(yes)";
  const no = "attribute_exists(nope)";

  test.each([
    [`${yes} AND ${yes}`, true],
    [`${yes} AND ${no}`, false],
    [`${no} OR ${yes}`, true],
    [`NOT ${no}`, true],
    [`NOT NOT ${yes}`, true],
    [`NOT NOT NOT ${yes}`, false],
    [`NOT ${yes} OR ${yes}`, true],
    [`NOT (${yes} OR ${yes})`, false],
    [`${yes} OR ${yes} AND ${no}`, true],
    [`(${yes} OR ${yes}) AND ${no}`, false],
    [`${no} AND ${no} OR ${yes}`, true],
    [`${no} AND (${no} OR ${yes})`, false],
    [`NOT ${no} AND ${no}`, false],
    ["NOT absent = yes", true],
    ["NOT absent < yes", true],
  ])("%s", (text, result) => {
    expect(evaluate(text, flags)).toBe(result);
  });

  test("an absent item has no attributes", () => {
    expect(evaluate("attribute_not_exists(pk)", undefined)).toBe(true);
    expect(evaluate("attribute_exists(pk)", undefined)).toBe(false);
    expect(evaluate("pk <> :v", undefined, { ":v": { S: "k" } })).toBe(true);
  });

  test("names that mean something to JavaScript", () => {
    expect(evaluate("attribute_exists(#p)", item, undefined, { "#p": "__proto__" })).toBe(false);
    expect(evaluate("attribute_exists(toString)", item)).toBe(false);
    expect(evaluate("attribute_exists(#m.#d)", item, undefined, { "#m": "m", "#d": "x.y" })).toBe(true);
    expect(evaluate("attribute_exists(m.hasOwnProperty)", item)).toBe(false);
  });
});

test("the paths that a condition looks at", () => {
  const text =
    "a = b AND (c.d[0] < :v OR size(e) IN (:v, f)) AND NOT attribute_exists(g) AND contains(a, h) AND i BETWEEN j AND k AND attribute_type(l, :t)";
  const placeholders = new Placeholders(undefined, { ":v": { N: "1" }, ":t": { S: "S" } });
  const paths = compileCondition("FilterExpression", text, placeholders).paths();
  expect(paths.map(formatPath).join(" ")).toBe("[a] [b] [c, d, [0]] [e] [f] [g] [a] [h] [i] [j] [k] [l]");
});

describe("static checks", () => {
  const problem = (text: string, given: RawItem = {}) => {
    const compile = () =>
      compileCondition(
        "ConditionExpression",
        text,
        new Placeholders(undefined, { ":x": { S: "x" }, ...given }),
      );
    return messageOf(compile).replace("Invalid ConditionExpression: ", "");
  };
  const operandType = (operator: string, type: string) =>
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`;

  test.each(["=", "<>", "<", "<=", ">", ">="])("the same path on both sides of %s", (operator) => {
    expect(problem(`a.b[0] ${operator} a.b[0]`)).toBe(
      `The first operand must be distinct from the remaining operands for this operator or function; operator: ${operator}, first operand: [a, b, [0]]`,
    );
  });

  test("the same path in contains", () => {
    expect(problem("contains(a, a)")).toEndWith("operator: contains, first operand: [a]");
  });

  test.each([
    ["BOOL", { BOOL: true }],
    ["NULL", { NULL: true }],
    ["L", { L: [] }],
    ["M", { M: {} }],
    ["SS", { SS: ["a"] }],
    ["NS", { NS: ["1"] }],
    ["BS", { BS: ["AQ=="] }],
  ])("%s has no order", (type, value) => {
    for (const operator of ["<", "<=", ">", ">="]) {
      expect(problem(`a ${operator} :v`, { ":v": value })).toBe(operandType(operator, type));
      expect(problem(`:v ${operator} a`, { ":v": value })).toBe(operandType(operator, type));
    }
    expect(problem("a BETWEEN :v AND :v", { ":v": value })).toBe(operandType("BETWEEN", type));
    expect(problem(":v BETWEEN a AND b", { ":v": value })).toBe(operandType("BETWEEN", type));
    expect(evaluate("a = :v OR a <> :v OR a IN (:v)", {}, { ":v": value })).toBe(true);
  });

  test.each([
    [
      "BETWEEN needs bounds of one type",
      "a BETWEEN :a AND :b",
      { ":a": { S: "a" }, ":b": { N: "1" } },
      "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:a}, upper bound operand: AttributeValue: {N:1}",
    ],
    [
      "BETWEEN needs bounds in order",
      "a BETWEEN :a AND :b",
      { ":a": { N: "3" }, ":b": { N: "1.0" } },
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:3}, upper bound operand: AttributeValue: {N:1}",
    ],
    [
      "begins_with takes no numbers",
      "begins_with(a, :a)",
      { ":a": { N: "1" } },
      operandType("begins_with", "N"),
    ],
    [
      "begins_with takes none first either",
      "begins_with(:a, b)",
      { ":a": { BOOL: true } },
      operandType("begins_with", "BOOL"),
    ],
    ["begins_with takes no size", "begins_with(a, size(b))", {}, operandType("begins_with", "N")],
    ["size takes no numbers", "size(:a) > b", { ":a": { N: "1" } }, operandType("size", "N")],
    ["size takes no NULL", "size(:a) > b", { ":a": { NULL: true } }, operandType("size", "NULL")],
    ["size takes no size", "size(size(a)) > b", {}, operandType("size", "N")],
    [
      "attribute_type needs a string",
      "attribute_type(a, :a)",
      { ":a": { N: "1" } },
      operandType("attribute_type", "N"),
    ],
    [
      "attribute_type needs a constant",
      "attribute_type(a, b)",
      {},
      operandType("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"),
    ],
    [
      "attribute_type needs a type's name",
      "attribute_type(a, :a)",
      { ":a": { S: "DOG" } },
      "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    ],
    [
      "attribute_exists needs a path",
      "attribute_exists(:x)",
      {},
      "Operator or function requires a document path; operator or function: attribute_exists",
    ],
    [
      "attribute_not_exists too",
      "attribute_not_exists(size(a))",
      {},
      "Operator or function requires a document path; operator or function: attribute_not_exists",
    ],
    [
      "begins_with takes two operands",
      "begins_with(a)",
      {},
      "Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1",
    ],
    [
      "attribute_exists takes one",
      "attribute_exists(a, b)",
      {},
      "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
    ],
    [
      "size takes one",
      "size(a, b) > :x",
      {},
      "Incorrect number of operands for operator or function; operator or function: size, number of operands: 2",
    ],
    [
      "size is no condition",
      "size(a)",
      {},
      "The function is not allowed to be used this way in an expression; function: size",
    ],
    [
      "nor in NOT",
      "NOT (size(a))",
      {},
      "The function is not allowed to be used this way in an expression; function: size",
    ],
    [
      "conditions are no operands",
      "attribute_exists(a) = :x",
      {},
      "The function is not allowed to be used this way in an expression; function: attribute_exists",
    ],
    [
      "nor bounds",
      "a BETWEEN :x AND contains(a, b)",
      {},
      "The function is not allowed to be used this way in an expression; function: contains",
    ],
    [
      "nor choices",
      "a IN (:x, begins_with(a, b))",
      {},
      "The function is not allowed to be used this way in an expression; function: begins_with",
    ],
    [
      "nor arguments",
      "contains(a, contains(b, c))",
      {},
      "The function is not allowed to be used this way in an expression; function: contains",
    ],
    [
      "functions of updates",
      "list_append(a, b) = :x",
      {},
      "The function is not allowed in a condition expression; function: list_append",
    ],
    ["unknown functions", "foo(a)", {}, "Invalid function name; function: foo"],
    [
      "undefined values",
      "a = :y",
      {},
      "An expression attribute value used in expression is not defined; attribute value: :y",
    ],
    [
      "undefined names",
      "#y = :x",
      {},
      "An expression attribute name used in the document path is not defined; attribute name: #y",
    ],
  ] satisfies [string, string, RawItem, string][])("%s", (_, text, given, message) => {
    expect(problem(text, given)).toBe(message);
  });

  test("IN takes 100 values", () => {
    const text = (count: number) => `a IN (${Array(count).fill(":x").join(", ")})`;
    expect(() => problem(text(100))).toThrow("nothing was refused");
    expect(problem(text(101))).toBe(
      "The IN operator is provided with too many operands; number of operands: 101",
    );
  });

  test("bounds that are paths are left to the items", () => {
    expect(() => problem("a BETWEEN b AND :x")).toThrow("nothing was refused");
  });
});

test("a text that was parsed before takes the values of its own request", () => {
  expect(evaluate("n = :v", item, { ":v": { N: "10" } })).toBe(true);
  expect(evaluate("n = :v", item, { ":v": { N: "11" } })).toBe(false);
  expect(() => evaluate("n = :v", item)).toThrow("attribute value: :v");
});
