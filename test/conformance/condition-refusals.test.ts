/** Condition expressions that are refused whatever the item holds. Sent as the condition of a delete. */
import { beforeAll, describe, expect, test } from "bun:test";
import { condition, KEY } from "./condition-fixture.ts";
import { type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

const refusal = (expression: string, more: JsonObject = {}) =>
  target.refusal("DeleteItem", { TableName: table, Key: KEY, ...condition(expression), ...more });
const invalidCondition = (message: string) => validation(`Invalid ConditionExpression: ${message}`);

test("bounds of BETWEEN that are maps, which cannot be printed", async () => {
  const values = { ":m": { M: { a: { N: "1.0" } } } };
  expect(await refusal("s BETWEEN :m AND :m", { ExpressionAttributeValues: values })).toEqual(
    invalidCondition(
      "Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: M",
    ),
  );
});

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
