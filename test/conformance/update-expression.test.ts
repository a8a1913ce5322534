/** Refusals of UpdateItem that need no item: syntax, names, types of constants, overlapping paths; and its other parameters. */
import { beforeAll, describe, expect, test } from "bun:test";
import { enveloped, type JsonObject, notFound, useTarget, validation, violation } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

const VALUES = {
  ":n": { N: "1" },
  ":s": { S: "x" },
  ":b": { BOOL: true },
  ":z": { NULL: true },
  ":l": { L: [] },
  ":m": { M: {} },
  ":ss": { SS: ["x"] },
  ":bin": { B: "AQ==" },
};

/** The refusal of an update expression, with those of VALUES and names that it mentions. */
function refusal(UpdateExpression: string, more: JsonObject = {}) {
  const used = Object.entries(VALUES).filter(([name]) =>
    new RegExp(`${name}(?![a-z])`).test(UpdateExpression),
  );
  const values = used.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(used) };
  return target.refusal("UpdateItem", {
    TableName: table,
    Key: { pk: { S: "1" } },
    UpdateExpression,
    ...values,
    ...more,
  });
}

const update = (message: string) => enveloped(`Invalid UpdateExpression: ${message}`);

describe("syntax", () => {
  const syntax = (token: string, near: string) => update(`Syntax error; token: "${token}", near: "${near}"`);
  test.each([
    ["", update("The expression can not be empty;")],
    ["INVALID SYNTAX HERE", syntax("INVALID", "INVALID SYNTAX")],
    ["!!! INVALID !!!", syntax("!", "!!")],
    ["SET _123 = :n", syntax("_", "SET _123")],
    ["ADD hits : incr", syntax(":", "hits : incr")],
    ["ADD num_val badvalue", syntax("badvalue", "num_val badvalue")],
    ["SET a = :n,", syntax("<EOF>", ",")],
  ])("%j", async (expression, expected) => {
    expect(await refusal(expression)).toEqual(expected);
  });

  test.each([
    "SET",
    "SET a",
    "SET a =",
    "SET a = :n b = :n",
    "SET a = :n + :n + :n",
    "SET a = :n * :n",
    "SET a == :n",
    "SET = :n",
    "SET a[-1] = :n",
    "SET a[:n] = :n",
    "SET a.[0] = :n",
    "SET a = 1",
    "SET a = 'x'",
    "SET a = if_not_exists(a + :n, :n)",
    "SET a = list_append(:l, :l",
    "REMOVE",
    "REMOVE a b",
    "REMOVE :n",
    "REMOVE a, REMOVE b",
    "ADD a",
    "ADD a = :n",
    "ADD a b",
    "ADD a :n + :n",
    "DELETE a",
    "a = :n",
    "SET a = :n; REMOVE b",
    "SET a = ()",
  ])("%j", async (expression) => {
    expect((await refusal(expression)).message).toStartWith(
      "1 validation error detected: Invalid UpdateExpression: Syntax error; token: ",
    );
  });

  test.each(["SET", "REMOVE", "ADD", "DELETE"])("%s twice", async (clause) => {
    const action = { SET: "a = :n", REMOVE: "a", ADD: "a :n", DELETE: "a :ss" }[clause] ?? "";
    const other = action.replace("a", "b");
    expect(await refusal(`${clause} ${action} ${clause} ${other}`)).toEqual(
      update(`The "${clause}" section can only be used once in an update expression;`),
    );
  });

  test("size and number of operators", async () => {
    expect(await refusal(`REMOVE ${"a".repeat(4090)}`)).toEqual(
      update("Expression size has exceeded the maximum allowed size; expression size: 4097"),
    );
    const assignments = Array.from({ length: 301 }, (_, at) => `a${at}=a+:n`).join(",");
    expect(await refusal(`SET ${assignments}`)).toEqual(
      update("The expression contains too many operators; operator count: 301"),
    );
  });
});

describe("names and values", () => {
  test.each([
    ["SET name = :n", update("Attribute name is a reserved keyword; reserved keyword: name")],
    ["SET a.ttl = :n", update("Attribute name is a reserved keyword; reserved keyword: ttl")],
    ["SET a = Status", update("Attribute name is a reserved keyword; reserved keyword: Status")],
    ["REMOVE Counter", update("Attribute name is a reserved keyword; reserved keyword: Counter")],
    [
      "SET #a = :n",
      update("An expression attribute name used in the document path is not defined; attribute name: #a"),
    ],
    [
      "SET a = :undefined",
      update("An expression attribute value used in expression is not defined; attribute value: :undefined"),
    ],
    ["SET a = foo(b)", update("Invalid function name; function: foo")],
    ["SET a = List_Append(b, :l)", update("Invalid function name; function: List_Append")],
    [
      "SET a = contains(b, :n)",
      update("The function is not allowed in an update expression; function: contains"),
    ],
    ["SET a = size(b)", update("The function is not allowed in an update expression; function: size")],
  ])("%j", async (expression, expected) => {
    expect(await refusal(expression)).toEqual(expected);
  });

  test.each([
    [
      "unused values",
      { ExpressionAttributeValues: { ":n": { N: "1" }, ":other": { N: "1" } } },
      enveloped("Value provided in ExpressionAttributeValues unused in expressions: keys: {:other}"),
    ],
    [
      "unused names",
      {
        ExpressionAttributeNames: { "#x": "x" },
        ExpressionAttributeValues: { ":n": { N: "1" }, ":other": { N: "1" } },
      },
      enveloped("Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}"),
    ],
    [
      "no names in the map",
      { ExpressionAttributeNames: {} },
      enveloped("ExpressionAttributeNames must not be empty"),
    ],
    [
      "no values in the map",
      { ExpressionAttributeValues: {} },
      enveloped("ExpressionAttributeValues must not be empty"),
    ],
    [
      "a placeholder that is none",
      { ExpressionAttributeValues: { n: { N: "1" } } },
      enveloped('ExpressionAttributeValues contains invalid key: Syntax error; key: "n"'),
    ],
  ])("%s", async (_, more, expected) => {
    expect(await refusal("SET a = :n", more as unknown as JsonObject)).toEqual(expected);
  });

  test("a name used only in what is not evaluated counts as used", async () => {
    await target.ok("UpdateItem", {
      TableName: table,
      Key: { pk: { S: "1" } },
      UpdateExpression: "SET a = if_not_exists(pk, :v)",
      ExpressionAttributeValues: { ":v": { N: "1" } },
    });
  });
});

describe("operands", () => {
  const operator = (name: string, type: string) =>
    update(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  const clause = (name: string, type: string) =>
    update(
      `Incorrect operand type for operator or function; operator: ${name}, operand type: ${type}, typeSet: ALLOWED_FOR_ADD_OPERAND`,
    );
  const count = (name: string, operands: number) =>
    update(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands}`,
    );
  test.each([
    ["SET a = b + :s", operator("+", "S")],
    ["SET a = :l - b", operator("-", "L")],
    ["SET a = b + :ss", operator("+", "SS")],
    ["SET a = list_append(b, :s)", operator("list_append", "S")],
    ["SET a = list_append(:n, b)", operator("list_append", "N")],
    ["SET a = list_append(b)", count("list_append", 1)],
    ["SET a = list_append(b, :l, :l)", count("list_append", 3)],
    ["SET a = if_not_exists(b)", count("if_not_exists", 1)],
    [
      "SET a = if_not_exists(:n, :n)",
      update("Operator or function requires a document path; operator or function: if_not_exists"),
    ],
    [
      "SET a = list_append(list_append(a, :l), :l)",
      update("The function is not allowed to be used this way in an expression; function: list_append"),
    ],
    ["ADD a :s", clause("ADD", "STRING")],
    ["ADD a :b", clause("ADD", "BOOL")],
    ["ADD a :z", clause("ADD", "NULL")],
    ["ADD a :l", clause("ADD", "LIST")],
    ["ADD a :m", clause("ADD", "MAP")],
    ["ADD a :bin", clause("ADD", "BINARY")],
    ["DELETE a :n", clause("DELETE", "NUMBER")],
    ["DELETE a :s", clause("DELETE", "STRING")],
  ])("%j", async (expression, expected) => {
    expect(await refusal(expression)).toEqual(expected);
  });
});

describe("paths", () => {
  const two = (kind: string, one: string, other: string) =>
    update(
      `Two document paths ${kind} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${other}`,
    );
  test.each([
    ["SET a = :n, a = :n", two("overlap", "[a]", "[a]")],
    ["SET a = :n REMOVE a", two("overlap", "[a]", "[a]")],
    ["SET a = :n REMOVE a.b", two("overlap", "[a]", "[a, b]")],
    ["SET a.b = :n, a.b.c = :n", two("overlap", "[a, b]", "[a, b, c]")],
    ["SET a[0] = :n REMOVE a[0]", two("overlap", "[a, [0]]", "[a, [0]]")],
    ["SET a.b = :n REMOVE a[1]", two("conflict", "[a, b]", "[a, [1]]")],
  ])("%j", async (expression, expected) => {
    expect(await refusal(expression)).toEqual(expected);
  });

  test("equal only through a name", async () => {
    expect(await refusal("SET a = :n, #a = :n", { ExpressionAttributeNames: { "#a": "a" } })).toEqual(
      two("overlap", "[a]", "[a]"),
    );
  });

  test.each([
    [
      Array.from({ length: 33 }, () => "a").join("."),
      "The document path has too many nesting levels; nesting levels: 33",
    ],
    ["a[99999999999999]", "List index is not within the allowable range; index: [99999999999999]"],
  ])("REMOVE %s", async (path, message) => {
    expect(await refusal(`REMOVE ${path}`)).toEqual(update(message));
  });
});

describe("order of static errors", () => {
  test.each([
    ["syntax before reserved words", "SET name = :n b", "Syntax error; "],
    [
      "reserved words before unknown functions",
      "SET name = foo(a)",
      "Attribute name is a reserved keyword; ",
    ],
    ["unknown functions before repeated sections", "SET a = foo(b) SET c = :n", "Invalid function name; "],
    [
      "repeated sections before undefined names",
      "SET #a = :n SET b = :n",
      'The "SET" section can only be used once',
    ],
    ["undefined names before undefined values", "SET #a = :undefined", "An expression attribute name used"],
    ["undefined values before overlap", "SET a = :undefined, a = :n", "An expression attribute value used"],
    ["overlap before types", "ADD a :s, a :s", "Two document paths overlap"],
  ])("%s", async (_, expression, start) => {
    expect((await refusal(expression)).message).toStartWith(
      `1 validation error detected: Invalid UpdateExpression: ${start}`,
    );
  });

  test("the update before the condition", async () => {
    expect(await refusal("ADD a :s", { ConditionExpression: "" })).toEqual(
      update(
        "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
      ),
    );
  });

  test("all of them before the table", async () => {
    expect((await refusal("ADD a :s", { TableName: "no-such-table" })).type).toBe("ValidationException");
    expect(await refusal("ADD a :n", { TableName: "no-such-table" })).toEqual(notFound());
  });
});

describe("other parameters", () => {
  const base = () => ({ TableName: table, Key: { pk: { S: "1" } } });
  const mixing = (nonExpressions: string, expressions: string) =>
    enveloped(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${nonExpressions}} Expression parameters: {${expressions}}`,
    );
  test.each([
    [
      "values without an expression",
      { ExpressionAttributeValues: { ":v": { N: "1" } } },
      enveloped(
        "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null",
      ),
    ],
    [
      "names without an expression",
      { ExpressionAttributeNames: { "#a": "a" } },
      enveloped("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      "AttributeUpdates and an update expression",
      { AttributeUpdates: {}, UpdateExpression: "REMOVE a" },
      mixing("AttributeUpdates", "UpdateExpression"),
    ],
    [
      "all four",
      {
        Expected: {},
        AttributeUpdates: {},
        UpdateExpression: "REMOVE a",
        ConditionExpression: "attribute_exists(a)",
      },
      mixing("AttributeUpdates, Expected", "UpdateExpression, ConditionExpression"),
    ],
    [
      "a wrong key",
      { Key: { other: { S: "1" } }, UpdateExpression: "REMOVE a" },
      validation("The provided key element does not match the schema"),
    ],
    [
      "an item that grows too big",
      {
        UpdateExpression: "SET a = :v, b = :v",
        ExpressionAttributeValues: { ":v": { S: "x".repeat(204_800) } },
      },
      validation("Item size to update has exceeded the maximum allowed size"),
    ],
  ])("%s", async (_, more, expected) => {
    expect(await target.refusal("UpdateItem", { ...base(), ...more })).toEqual(expected);
  });

  test("bad enums", async () => {
    const { message } = await target.refusal("UpdateItem", {
      ...base(),
      ReturnValues: "all_new",
      ReturnConsumedCapacity: "x",
    });
    const set = (values: string) => `Member must satisfy enum value set: [${values}]`;
    expect(message).toStartWith("2 validation errors detected: ");
    expect(message).toContain(
      violation("all_new", "returnValues", set("ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW")),
    );
    expect(message).toContain(violation("x", "returnConsumedCapacity", set("INDEXES, TOTAL, NONE")));
  });
});
