/** Condition expressions: what holds for an item, and every refusal that needs none. Sent as the condition of a delete. */
import { beforeAll, describe, expect, test } from "bun:test";
import { conditionFailed, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";

const list = (...L: JsonObject[]) => ({ L });
const ITEM = {
  s: { S: "hello" },
  u: { S: "h\u00e9\ud83d\ude00" },
  n: { N: "10" },
  b: { B: "AQID" },
  t: { BOOL: true },
  z: { NULL: true },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2"] },
  bs: { BS: ["AQ=="] },
  l: list({ S: "x" }, { N: "1" }, { M: { k: { S: "v" } } }, list({ N: "7" })),
  m: { M: { a: { N: "1" }, nested: { M: { deep: list({ S: "leaf" }) } } } },
  blank: { S: "" },
};

const VALUES: JsonObject = {
  ":hello": { S: "hello" },
  ":he": { S: "he" },
  ":x": { S: "x" },
  ":a": { S: "a" },
  ":i": { S: "i" },
  ":ten": { N: "1e1" },
  ":one": { N: "1.0" },
  ":two": { N: "2" },
  ":four": { N: "4" },
  ":five": { N: "5" },
  ":eleven": { N: "11" },
  ":hundred": { N: "100" },
  ":bytes": { B: "AQID" },
  ":byte": { B: "AQ==" },
  ":true": { BOOL: true },
  ":null": { NULL: true },
  ":ss": { SS: ["b", "a"] },
  ":ns": { NS: ["2.0", "1"] },
  ":list": ITEM.l,
  ":map": { M: { k: { S: "v" } } },
  ":smap": { M: { nested: ITEM.m.M.nested, a: { N: "1.00" } } },
  ":inner": list({ N: "7.0" }),
  ":S": { S: "S" },
  ":N": { S: "N" },
  ":DOG": { S: "DOG" },
};

const KEY = { pk: { S: "1" } };
beforeAll(async () => {
  table = await target.table();
});

const condition = (ConditionExpression: string, more: JsonObject = {}) => {
  const used = Object.entries(VALUES).filter(([name]) =>
    new RegExp(`${name}(?![A-Za-z0-9_])`).test(ConditionExpression),
  );
  const values = used.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(used) };
  return { TableName: table, Key: KEY, ConditionExpression, ...values, ...more };
};

/** Whether a condition holds for ITEM: an update without actions is refused or leaves it as it is. */
async function holds(expression: string): Promise<boolean> {
  await target.ok("PutItem", { TableName: table, Item: { ...KEY, ...ITEM } });
  const answer = await target.call("UpdateItem", condition(expression));
  if (answer.status === 200) return true;
  expect(answer.text).toContain("ConditionalCheckFailedException");
  return false;
}

describe("comparisons", () => {
  test.each([
    ["s = :hello", true],
    ["s <> :hello", false],
    [":hello = s", true],
    ["s = :x", false],
    ["s > :he", true],
    ["s < :x", true],
    ["n = :ten", true],
    ["n >= :ten", true],
    ["n > :ten", false],
    ["n < :eleven", true],
    ["n < :five", false],
    ["n > :two", true],
    ["b = :bytes", true],
    ["b > :byte", true],
    ["t = :true", true],
    ["z = :null", true],
    ["ss = :ss", true],
    ["ns = :ns", true],
    ["l = :list", true],
    ["m = :smap", true],
    ["l[3] = :inner", true],
    ["l[2] = :map", true],
    ["m.nested.deep[0] = :x", false],
    ["l[0] = :x", true],
    ["s = :ten", false],
    ["s <> :ten", true],
    ["s < :ten", false],
    ["s > :ten", false],
    ["gone = :x", false],
    ["gone <> :x", true],
    ["gone < :x", false],
    ["gone = nowhere", false],
    ["gone <> nowhere", true],
    ["l > gone", false],
    ["n = m.a", false],
    ["m.a < n", true],
    ["pk = :one", false],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("BETWEEN, IN and logic", () => {
  test.each([
    ["n BETWEEN :five AND :eleven", true],
    ["n between :ten and :ten", true],
    ["n BETWEEN :eleven AND :hundred", false],
    ["gone BETWEEN :five AND :eleven", false],
    ["s BETWEEN :he AND :i", true],
    ["n BETWEEN m.a AND :hundred", true],
    ["n BETWEEN s AND :hundred", false],
    [":five BETWEEN m.a AND n", true],
    ["s IN (:x, :hello)", true],
    ["s in (:x)", false],
    ["n IN (:hello, :ten)", true],
    ["gone IN (:x)", false],
    ["ss IN (:x, :ss)", true],
    ["s = :x OR n = :ten", true],
    ["s = :x AND n = :ten", false],
    ["s = :hello OR s = :x AND n = :five", true],
    ["(s = :hello OR s = :x) AND n = :five", false],
    ["NOT s = :x AND n = :ten", true],
    ["NOT (s = :x OR n = :ten)", false],
    ["NOT NOT s = :hello", true],
    ["not s = :hello or Not n = :five", true],
    ["(s = :hello)", true],
    ["(s) = :hello", true],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("functions", () => {
  test.each([
    ["attribute_exists(s)", true],
    ["attribute_exists(z)", true],
    ["attribute_exists(gone)", false],
    ["attribute_exists(m.nested.deep[0])", true],
    ["attribute_exists(m.nested.deep[1])", false],
    ["attribute_exists(s.a)", false],
    ["attribute_not_exists(gone)", true],
    ["attribute_not_exists(s)", false],
    ["attribute_type(s, :S)", true],
    ["attribute_type(s, :N)", false],
    ["attribute_type(gone, :S)", false],
    ["begins_with(s, :he)", true],
    ["begins_with(s, :x)", false],
    ["begins_with(n, :he)", false],
    ["begins_with(b, :byte)", true],
    ["begins_with(gone, :he)", false],
    ["contains(s, :he)", true],
    ["contains(s, :x)", false],
    ["contains(b, :byte)", true],
    ["contains(ss, :a)", true],
    ["contains(ss, :x)", false],
    ["contains(ns, :one)", true],
    ["contains(ns, :a)", false],
    ["contains(bs, :byte)", true],
    ["contains(l, :x)", true],
    ["contains(l, :one)", true],
    ["contains(l, :map)", true],
    ["contains(l, :inner)", true],
    ["contains(l, :hello)", false],
    ["contains(n, :one)", false],
    ["contains(gone, :a)", false],
    ["size(s) = :five", true],
    ["size(u) = :four", true],
    ["size(b) > :two", true],
    ["size(ss) = :two", true],
    ["size(l) < :five", true],
    ["size(m) = :two", true],
    ["size(blank) < :one", true],
    ["size(n) = :two", false],
    ["size(n) <> :two", true],
    ["size(gone) <> :two", true],
    ["size(gone) < :hundred", false],
    ["size(ss) BETWEEN :one AND :two", true],
    ["size(ss) IN (:one, :two)", true],
    ["size(ss) = size(m)", true],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("an absent item has no attributes", () => {
  test.each([
    ["attribute_exists(pk)", false],
    ["attribute_not_exists(pk)", true],
    ["pk = :x", false],
    ["pk <> :x", true],
    ["NOT pk = :x", true],
  ])("%s: %p", async (expression, expected) => {
    const answer = await target.call("DeleteItem", condition(expression, { Key: { pk: { S: "absent" } } }));
    expect(answer.status).toBe(expected ? 200 : 400);
    if (!expected) expect(answer.text).toContain(conditionFailed.message);
  });
});

const refusal = (expression: string, more: JsonObject = {}) =>
  target.refusal("DeleteItem", condition(expression, more));
const invalidCondition = (message: string) => validation(`Invalid ConditionExpression: ${message}`);

describe("syntax", () => {
  test.each([
    ["", "The expression can not be empty;"],
    ["((s = :x))", "The expression has redundant parentheses;"],
    ["((attribute_exists(s))) AND s = :x", "The expression has redundant parentheses;"],
    ["NOT ((s = :x))", "The expression has redundant parentheses;"],
  ])("%j", async (expression, message) => {
    expect(await refusal(expression)).toEqual(invalidCondition(message));
  });

  test.each([
    "s",
    ":x",
    "s =",
    "= :x",
    "s = :x AND",
    "s = :x s = :x",
    "s == :x",
    "s != :x",
    "s = 'x'",
    "s = 1",
    "(s = :x",
    "s = :x)",
    "()",
    "NOT",
    "s IN ()",
    "s IN :x",
    "s IN (:x,)",
    "n BETWEEN :five",
    "n BETWEEN :five, :ten",
    "attribute_exists(s",
    "attribute_exists s",
    "attribute_exists()",
    "contains(s, :x",
    "s AND n",
    "s = :x OR OR n = :five",
    "a[x] = :x",
    "a[-1] = :x",
    "_a = :x",
    "1a = :x",
    "s = # ",
    "s = : ",
    "s + n = :x",
    "\u0000",
    "s \u00e9 :x",
  ])("%j", async (expression) => {
    expect((await refusal(expression)).message).toStartWith(
      "Invalid ConditionExpression: Syntax error; token: ",
    );
  });

  test("10,000 parentheses harm nobody", async () => {
    const { type } = await refusal("(".repeat(4000));
    expect(type).toBe("ValidationException");
    expect(await refusal(`${"NOT ".repeat(1000)}s = :x`)).toEqual(
      invalidCondition("The expression contains too many operators; operator count: 1001"),
    );
  });
});

describe("static meaning", () => {
  const operand = (name: string, type: string) =>
    `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`;
  const count = (name: string, operands: number) =>
    `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands}`;
  const misused = (name: string) =>
    `The function is not allowed to be used this way in an expression; function: ${name}`;
  const distinct = (name: string, path: string) =>
    `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${path}`;
  test.each([
    ["name = :x", "Attribute name is a reserved keyword; reserved keyword: name"],
    ["s = :x AND m.Size = :x", "Attribute name is a reserved keyword; reserved keyword: Size"],
    ["#q = :x", "An expression attribute name used in the document path is not defined; attribute name: #q"],
    ["s = :q", "An expression attribute value used in expression is not defined; attribute value: :q"],
    ["foo(s)", "Invalid function name; function: foo"],
    ["Attribute_Exists(s)", "Invalid function name; function: Attribute_Exists"],
    ["list_append(s, :x)", "The function is not allowed in a condition expression; function: list_append"],
    [
      "if_not_exists(s, :x)",
      "The function is not allowed in a condition expression; function: if_not_exists",
    ],
    ["size(s)", misused("size")],
    ["attribute_exists(s) = :x", misused("attribute_exists")],
    ["contains(s, begins_with(s, :x))", misused("begins_with")],
    ["attribute_exists(s, n)", count("attribute_exists", 2)],
    ["begins_with(s)", count("begins_with", 1)],
    ["contains(s, :x, :a)", count("contains", 3)],
    ["size(s, n) = :ten", count("size", 2)],
    ["attribute_type(s)", count("attribute_type", 1)],
    [
      "attribute_exists(:x)",
      "Operator or function requires a document path; operator or function: attribute_exists",
    ],
    [
      "attribute_not_exists(:x)",
      "Operator or function requires a document path; operator or function: attribute_not_exists",
    ],
    ["s = s", distinct("=", "[s]")],
    ["l[0].a < l[0].a", distinct("<", "[l, [0], a]")],
    ["contains(s, s)", distinct("contains", "[s]")],
    ["s < :list", operand("<", "L")],
    ["s >= :true", operand(">=", "BOOL")],
    [":null > s", operand(">", "NULL")],
    ["s <= :smap", operand("<=", "M")],
    ["s < :ss", operand("<", "SS")],
    ["s BETWEEN :list AND :list", operand("BETWEEN", "L")],
    ["begins_with(s, :ten)", operand("begins_with", "N")],
    ["begins_with(:true, s)", operand("begins_with", "BOOL")],
    ["size(:ten) = :one", operand("size", "N")],
    ["size(:true) = :one", operand("size", "BOOL")],
    [
      "attribute_type(s, :DOG)",
      "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    ],
    ["attribute_type(s, :ten)", operand("attribute_type", "N")],
    [
      "attribute_type(s, n)",
      "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
    ],
    [
      "s BETWEEN :x AND :ten",
      "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:10}",
    ],
    [
      "n BETWEEN :five AND :two",
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {N:2}",
    ],
    [
      `${Array.from({ length: 33 }, () => "a").join(".")} = :x`,
      "The document path has too many nesting levels; nesting levels: 33",
    ],
    ["l[99999999999999] = :x", "List index is not within the allowable range; index: [99999999999999]"],
  ])("%j", async (expression, message) => {
    expect(await refusal(expression)).toEqual(invalidCondition(message));
  });

  test("the path of a name", async () => {
    expect(await refusal("#s = s", { ExpressionAttributeNames: { "#s": "s" } })).toEqual(
      invalidCondition(distinct("=", "[s]")),
    );
  });
});

describe("limits", () => {
  const either = (operands: number) => Array.from({ length: operands }, () => "a<b").join(" OR ");

  test("300 operators", async () => {
    expect((await refusal(either(150))).type).toBe("ConditionalCheckFailedException");
    expect(await refusal(either(151))).toEqual(
      invalidCondition("The expression contains too many operators; operator count: 301"),
    );
  });

  test("100 operands of IN", async () => {
    const expression = (count: number) => `s IN (${Array.from({ length: count }, () => ":x").join(",")})`;
    expect((await refusal(expression(100))).type).toBe("ConditionalCheckFailedException");
    expect(await refusal(expression(101))).toEqual(
      invalidCondition("The IN operator is provided with too many operands; number of operands: 101"),
    );
  });

  test("4096 bytes", async () => {
    const expression = (bytes: number) => `attribute_exists(${"a".repeat(bytes - 18)})`;
    expect((await refusal(expression(4096))).type).toBe("ConditionalCheckFailedException");
    expect(await refusal(expression(4097))).toEqual(
      invalidCondition("Expression size has exceeded the maximum allowed size; expression size: 4097"),
    );
    expect(await refusal("\u00e9".repeat(2049))).toEqual(
      invalidCondition("Expression size has exceeded the maximum allowed size; expression size: 4098"),
    );
  });
});

describe("order of static errors", () => {
  test.each([
    ["syntax before redundant parentheses", "((s = :x)) AND", "Syntax error; "],
    [
      "redundant parentheses before unknown functions",
      "((foo(s)))",
      "The expression has redundant parentheses;",
    ],
    ["unknown before misused functions", "size(s) AND foo(s)", "Invalid function name; "],
    [
      "misused functions before reserved words",
      "name = :x AND size(s)",
      "The function is not allowed to be used",
    ],
    ["reserved words before undefined names", "#q = name", "Attribute name is a reserved keyword; "],
    ["undefined names before operand counts", "begins_with(#q)", "An expression attribute name used"],
    ["operand counts before distinct operands", "s = s AND begins_with(s)", "Incorrect number of operands"],
    ["distinct operands before types", "s < :list AND s = s", "The first operand must be distinct"],
  ])("%s", async (_, expression, start) => {
    expect((await refusal(expression)).message).toStartWith(`Invalid ConditionExpression: ${start}`);
  });
});

describe("the envelope", () => {
  test.each(["PutItem", "UpdateItem"])("%s puts it around", async (operation) => {
    const keyOrItem = operation === "PutItem" ? { Item: KEY } : { Key: KEY };
    const { message } = await target.refusal(operation, {
      TableName: table,
      ...keyOrItem,
      ConditionExpression: "name = :x",
      ExpressionAttributeValues: { ":x": { S: "x" } },
    });
    expect(message).toBe(
      "1 validation error detected: Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: name",
    );
  });
});
