import { describe, expect, test } from "bun:test";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileUpdate } from "../../src/expressions/update.ts";
import type { AttributeValue, Item, RawItem } from "../../src/values/attribute-value.ts";
import { messageOf, plain, refusalOf, update } from "./support.ts";

const INVALID_PATH = "The document path provided in the update expression is invalid for update";
const NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item";
const WRONG_TYPE = "An operand in the update expression has an incorrect data type";
const OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range";
const NESTING =
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";

const key = { pk: { S: "k" } };
const strings = (...texts: string[]) => ({ L: texts.map((S) => ({ S })) });
const item: RawItem = {
  ...key,
  n: { N: "5" },
  s: { S: "text" },
  l: strings("a", "b", "c", "d"),
  m: { M: { x: { N: "1" }, deep: { M: { l: strings("p") } } } },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2"] },
  bs: { BS: ["AQ==", "Ag=="] },
};

/** The attributes that differ after an update of `item`; undefined for those that are gone. */
function changes(expression: string, values?: RawItem): Record<string, unknown> {
  const before = JSON.parse(JSON.stringify(item));
  const after = update(expression, item, values);
  if (typeof after !== "object" || after === null) throw new Error("the item exists");
  const all = { ...Object.fromEntries(Object.keys(before).map((name) => [name, undefined])), ...after };
  return Object.fromEntries(
    Object.entries(all).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])),
  );
}

const problem = (expression: string, values?: RawItem, on: RawItem | undefined = item) =>
  messageOf(() => update(expression, on, values));

describe("SET", () => {
  test.each<[string, RawItem | undefined, Record<string, unknown>]>([
    ["SET a = :v", { ":v": { S: "new" } }, { a: { S: "new" } }],
    ["SET s = :v", { ":v": { L: [] } }, { s: { L: [] } }],
    ["SET s = n, n = s", undefined, { s: { N: "5" }, n: { S: "text" } }],
    ["REMOVE s SET a = s", undefined, { s: undefined, a: { S: "text" } }],
    ["SET a = pk", undefined, { a: { S: "k" } }],
    [
      "SET m.y = :v",
      { ":v": { S: "y" } },
      { m: { M: { x: { N: "1" }, deep: { M: { l: strings("p") } }, y: { S: "y" } } } },
    ],
    [
      "SET m.deep.l[0] = m.x",
      undefined,
      { m: { M: { x: { N: "1" }, deep: { M: { l: { L: [{ N: "1" }] } } } } } },
    ],
    ["SET l[1] = :v", { ":v": { S: "B" } }, { l: strings("a", "B", "c", "d") }],
    ["SET l[4] = :v", { ":v": { S: "e" } }, { l: strings("a", "b", "c", "d", "e") }],
    ["SET l[99] = :v", { ":v": { S: "e" } }, { l: strings("a", "b", "c", "d", "e") }],
    [
      "SET l[20] = :w, l[7] = :v, l[0] = :x",
      { ":v": { S: "e" }, ":w": { S: "f" }, ":x": { S: "A" } },
      { l: strings("A", "b", "c", "d", "e", "f") },
    ],
    ["REMOVE l[1] SET l[3] = :v", { ":v": { S: "D" } }, { l: strings("a", "c", "D") }],
    ["SET n = n + :v", { ":v": { N: "1.5" } }, { n: { N: "6.5" } }],
    ["SET n = n - :v", { ":v": { N: "5" } }, { n: { N: "0" } }],
    ["SET n = :v - n", { ":v": { N: "5.0" } }, { n: { N: "0" } }],
    ["SET a = (n + m.x)", undefined, { a: { N: "6" } }],
    ["SET a = n + (n - :v)", { ":v": { N: "1" } }, { a: { N: "9" } }],
    ["SET a = if_not_exists(a, :v)", { ":v": { N: "1" } }, { a: { N: "1" } }],
    ["SET n = if_not_exists(n, :v)", { ":v": { N: "1" } }, {}],
    ["SET n = if_not_exists(a, :v) + :v", { ":v": { N: "1" } }, { n: { N: "2" } }],
    ["SET a = if_not_exists(b, if_not_exists(m.x, :v))", { ":v": { N: "9" } }, { a: { N: "1" } }],
    ["SET a = if_not_exists(m.q, s)", undefined, { a: { S: "text" } }],
    ["SET l = list_append(l, :v)", { ":v": strings("e") }, { l: strings("a", "b", "c", "d", "e") }],
    ["SET l = list_append(:v, l)", { ":v": strings("0") }, { l: strings("0", "a", "b", "c", "d") }],
    [
      "SET a = list_append(if_not_exists(a, :none), :v)",
      { ":none": { L: [] }, ":v": strings("1") },
      { a: strings("1") },
    ],
    ["SET a = list_append(l, l)", undefined, { a: strings("a", "b", "c", "d", "a", "b", "c", "d") }],
  ])("%s", (expression, values, changed) => {
    expect(changes(expression, values)).toEqual(changed);
  });

  test.each<[string, RawItem | undefined, string]>([
    ["SET a = b", undefined, NO_ATTRIBUTE],
    ["SET a = m.q", undefined, NO_ATTRIBUTE],
    ["SET a = l[9]", undefined, NO_ATTRIBUTE],
    ["SET x = :v, y = x", { ":v": { S: "" } }, NO_ATTRIBUTE],
    ["SET a = b + :v", { ":v": { N: "1" } }, NO_ATTRIBUTE],
    ["SET a = if_not_exists(b, c)", undefined, NO_ATTRIBUTE],
    ["SET a = list_append(b, :v)", { ":v": { L: [] } }, NO_ATTRIBUTE],
    ["SET a = s + :v", { ":v": { N: "1" } }, WRONG_TYPE],
    ["SET a = :v - s", { ":v": { N: "1" } }, WRONG_TYPE],
    ["SET a = list_append(s, :v)", { ":v": { L: [] } }, WRONG_TYPE],
    ["SET a = list_append(:v, ss)", { ":v": { L: [] } }, WRONG_TYPE],
    ["SET a.b = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET s.b = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET s[0] = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET m[0] = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET l.b = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET m.q.r = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET l[9].r = :v", { ":v": { S: "" } }, INVALID_PATH],
    ["SET n = n + :v", { ":v": { N: "1e50" } }, OVERFLOW],
  ])("%s is refused", (expression, values, message) => {
    expect(problem(expression, values)).toBe(message);
    expect(refusalOf(() => update(expression, item, values)).enveloped).toBe(false);
  });

  test("a result may have 32 levels", () => {
    const deep = (levels: number): AttributeValue => (levels === 1 ? { S: "" } : { L: [deep(levels - 1)] });
    expect(() => update("SET m.y = :v", item, { ":v": deep(31) })).not.toThrow();
    expect(problem("SET m.y = :v", { ":v": deep(32) })).toBe(NESTING);
    expect(() => update("SET y = :v", item, { ":v": deep(32) })).not.toThrow();
  });
});

describe("REMOVE", () => {
  test.each<[string, Record<string, unknown>]>([
    ["REMOVE s", { s: undefined }],
    ["REMOVE a", {}],
    ["REMOVE m.x", { m: { M: { deep: { M: { l: strings("p") } } } } }],
    ["REMOVE m.q", {}],
    ["REMOVE m.deep.l[0]", { m: { M: { x: { N: "1" }, deep: { M: { l: { L: [] } } } } } }],
    ["REMOVE m.x, m.deep", { m: { M: {} } }],
    ["REMOVE l[0], l[2]", { l: strings("b", "d") }],
    ["REMOVE l[9]", {}],
  ])("%s", (expression, changed) => {
    expect(changes(expression)).toEqual(changed);
  });

  test.each(["REMOVE a.b", "REMOVE s.b", "REMOVE l.b", "REMOVE m[0]", "REMOVE m.q.r"])(
    "%s is refused",
    (expression) => {
      expect(problem(expression)).toBe(INVALID_PATH);
    },
  );
});

describe("ADD", () => {
  test.each<[string, AttributeValue, Record<string, unknown>]>([
    ["ADD n :v", { N: "1" }, { n: { N: "6" } }],
    ["ADD n :v", { N: "-5" }, { n: { N: "0" } }],
    ["ADD a :v", { N: "2" }, { a: { N: "2" } }],
    ["ADD m.x :v", { N: "2" }, { m: { M: { x: { N: "3" }, deep: { M: { l: strings("p") } } } } }],
    [
      "ADD m.y :v",
      { SS: ["q"] },
      { m: { M: { x: { N: "1" }, deep: { M: { l: strings("p") } }, y: { SS: ["q"] } } } },
    ],
    ["ADD ss :v", { SS: ["c", "a", "0"] }, { ss: { SS: ["0", "a", "b", "c"] } }],
    ["ADD ss :v", { SS: ["a"] }, {}],
    ["ADD ns :v", { NS: ["10", "2.0", "-1"] }, { ns: { NS: ["-1", "1", "2", "10"] } }],
    ["ADD bs :v", { BS: ["AA=="] }, { bs: { BS: ["AA==", "AQ==", "Ag=="] } }],
    ["ADD a :v", { BS: ["AA=="] }, { a: { BS: ["AA=="] } }],
  ])("%s with %j", (expression, value, changed) => {
    expect(changes(expression, { ":v": value })).toEqual(changed);
  });

  test.each<[string, AttributeValue, string]>([
    ["ADD s :v", { N: "1" }, WRONG_TYPE],
    ["ADD n :v", { SS: ["a"] }, WRONG_TYPE],
    ["ADD ss :v", { NS: ["1"] }, WRONG_TYPE],
    ["ADD l :v", { SS: ["1"] }, WRONG_TYPE],
    ["ADD a.b :v", { N: "1" }, INVALID_PATH],
    ["ADD n :v", { N: "1e100" }, OVERFLOW],
  ])("%s with %j is refused", (expression, value, message) => {
    expect(problem(expression, { ":v": value })).toBe(message);
  });
});

describe("DELETE", () => {
  test.each<[string, AttributeValue, Record<string, unknown>]>([
    ["DELETE ss :v", { SS: ["b", "z"] }, { ss: { SS: ["a"] } }],
    ["DELETE ss :v", { SS: ["a", "b"] }, { ss: undefined }],
    ["DELETE ns :v", { NS: ["1.0"] }, { ns: { NS: ["2"] } }],
    ["DELETE bs :v", { BS: ["Ag=="] }, { bs: { BS: ["AQ=="] } }],
    ["DELETE a :v", { SS: ["a"] }, {}],
    ["DELETE ss :v", { SS: ["z"] }, {}],
    ["DELETE m.q :v", { SS: ["a"] }, {}],
  ])("%s with %j", (expression, value, changed) => {
    expect(changes(expression, { ":v": value })).toEqual(changed);
  });

  test.each<[string, AttributeValue, string]>([
    ["DELETE s :v", { SS: ["text"] }, WRONG_TYPE],
    ["DELETE ss :v", { NS: ["1"] }, WRONG_TYPE],
    ["DELETE a.b :v", { SS: ["a"] }, INVALID_PATH],
  ])("%s with %j is refused", (expression, value, message) => {
    expect(problem(expression, { ":v": value })).toBe(message);
  });
});

describe("an item that does not exist", () => {
  const value = { ":v": { N: "1" } };
  const set = { ":v": { SS: ["a"] } };

  test.each<[string, RawItem | undefined, unknown]>([
    ["SET a = :v", value, { ...key, a: { N: "1" } }],
    ["ADD a :v", value, { ...key, a: { N: "1" } }],
    ["ADD a :v", set, { ...key, a: { SS: ["a"] } }],
    ["SET a = if_not_exists(n, :v)", value, { ...key, a: { N: "1" } }],
    ["REMOVE a", undefined, null],
    ["REMOVE a.b.c, l[0]", undefined, null],
    ["DELETE a :v", set, null],
    ["REMOVE a DELETE b :v", set, null],
    ["SET a = :v REMOVE b.c", value, { ...key, a: { N: "1" } }],
  ])("%s", (expression, values, after) => {
    expect(update(expression, undefined, values)).toEqual(after);
  });

  test("has no attributes to read, and no place for nested ones", () => {
    expect(problem("SET a = b", undefined, undefined)).toBe(NO_ATTRIBUTE);
    expect(messageOf(() => update("SET a = b", undefined))).toBe(NO_ATTRIBUTE);
    expect(messageOf(() => update("SET a = pk", undefined))).toBe(NO_ATTRIBUTE);
    expect(messageOf(() => update("SET a.b = :v", undefined, value))).toBe(INVALID_PATH);
    expect(messageOf(() => update("ADD a.b :v", undefined, value))).toBe(INVALID_PATH);
  });
});

describe("static checks", () => {
  const staticProblem = (expression: string, values?: RawItem) => {
    const error = refusalOf(() => compileUpdate(expression, new Placeholders(undefined, values)));
    expect(error.enveloped).toBe(true);
    return error.message.replace("Invalid UpdateExpression: ", "");
  };
  const scalars: [string, string, AttributeValue][] = [
    ["STRING", "S", { S: "a" }],
    ["BINARY", "B", { B: "AQ==" }],
    ["BOOL", "BOOL", { BOOL: true }],
    ["NULL", "NULL", { NULL: true }],
    ["MAP", "M", { M: {} }],
  ];
  const actionType = (operator: string, type: string) =>
    `Incorrect operand type for operator or function; operator: ${operator}, operand type: ${type}, typeSet: ALLOWED_FOR_ADD_OPERAND`;
  const operandType = (operator: string, type: string) =>
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`;

  test.each([...scalars, ["LIST", "L", { L: [] }] as [string, string, AttributeValue]])(
    "ADD and DELETE of a %s",
    (long, _, value) => {
      expect(staticProblem("ADD a :v", { ":v": value })).toBe(actionType("ADD", long));
      expect(staticProblem("DELETE a :v", { ":v": value })).toBe(actionType("DELETE", long));
    },
  );

  test("DELETE of a number", () => {
    expect(staticProblem("DELETE a :v", { ":v": { N: "1" } })).toBe(actionType("DELETE", "NUMBER"));
  });

  test.each([...scalars, ["", "SS", { SS: ["a"] }] as [string, string, AttributeValue]])(
    "%s %s is no operand",
    (_, type, value) => {
      expect(staticProblem("SET a = a + :v", { ":v": value })).toBe(operandType("+", type));
      expect(staticProblem("SET a = :v - a", { ":v": value })).toBe(operandType("-", type));
      expect(staticProblem("SET a = list_append(a, :v)", { ":v": value })).toBe(
        operandType("list_append", type),
      );
      expect(staticProblem("SET a = if_not_exists(a, :v) + a", { ":v": value })).toBe(operandType("+", type));
      expect(
        staticProblem("SET a = if_not_exists(b, if_not_exists(c, (d + :v)))", {
          ":v": value,
        }),
      ).toBe(operandType("+", type));
    },
  );

  test.each([
    ["SET a = list_append(a, b) + c", operandType("+", "L")],
    ["SET a = list_append(a, (b - c))", operandType("list_append", "N")],
    [
      "SET a = if_not_exists(:v, b)",
      "Operator or function requires a document path; operator or function: if_not_exists",
    ],
    [
      "SET a = if_not_exists(if_not_exists(a, b), :v)",
      "Operator or function requires a document path; operator or function: if_not_exists",
    ],
    [
      "SET a = if_not_exists(b)",
      "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
    ],
    [
      "SET a = list_append(b, c, :v)",
      "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3",
    ],
    [
      "SET a = list_append(list_append(a, b), c)",
      "The function is not allowed to be used this way in an expression; function: list_append",
    ],
    ["SET a = contains(b, c)", "The function is not allowed in an update expression; function: contains"],
    ["SET a = foo(b)", "Invalid function name; function: foo"],
    ["SET a = b REMOVE c SET d = e", 'The "SET" section can only be used once in an update expression;'],
    ["REMOVE a REMOVE b", 'The "REMOVE" section can only be used once in an update expression;'],
    ["add a :v ADD b :v", 'The "ADD" section can only be used once in an update expression;'],
    ["DELETE a :v delete b :v", 'The "DELETE" section can only be used once in an update expression;'],
    ["SET a = :x", "An expression attribute value used in expression is not defined; attribute value: :x"],
    [
      "SET #x = a",
      "An expression attribute name used in the document path is not defined; attribute name: #x",
    ],
    [
      "SET a = :v REMOVE a.b",
      "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
    ],
    [
      "SET a.b = c REMOVE a[1]",
      "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [a, b], path two: [a, [1]]",
    ],
  ])("%s", (expression, message) => {
    expect(staticProblem(expression, { ":v": { SS: ["a"] } })).toBe(message);
  });
});

describe("what a compiled update tells", () => {
  const compile = (expression: string, values?: RawItem) =>
    compileUpdate(expression, new Placeholders(undefined, values));

  test("targets and constants", () => {
    const compiled = compile("REMOVE r ADD c :n SET a = :n, b.x = :n, d = a, e = a + :n DELETE f[0] :s", {
      ":n": { N: "1" },
      ":s": { SS: ["a"] },
    });
    expect(compiled.targets).toEqual([["r"], ["c"], ["a"], ["b", "x"], ["d"], ["e"], ["f", 0]]);
    expect([...compiled.constants]).toEqual([["a", { N: "1" }]]);
  });

  test.each([
    ["SET a = :n", 3 + 19],
    ["SET a = :n, b = :n ADD c :n", 3 + 3 * 19],
    ["REMOVE a, b", 3 + 4],
    ["DELETE a :s REMOVE b", 3 + 4],
    ["SET a[0] = :n", 3 + 20],
    ["SET a = b + :n", 3 + 19 + 50],
    ["SET a[1] = a[0] - :n, c = :n", 3 + 38 + 1 + 50],
  ])("%s costs %d bytes beside the item", (expression, bytes) => {
    expect(compile(expression, { ":n": { N: "1" }, ":s": { SS: ["a"] } }).overheadBytes).toBe(bytes);
  });

  test("an update that changes nothing gives back the very item", () => {
    const before: Item = { ...key, ss: { SS: ["a"] } };
    const set = { ":s": { SS: ["a"] } };
    const other = { ":s": { SS: ["b"] } };
    expect(compile("ADD ss :s", set).apply(before, key)).toBe(before);
    expect(compile("DELETE ss :s REMOVE x", other).apply(before, key)).toBe(before);
    expect(compile("DELETE x :s", other).apply(before, key)).toBe(before);
    expect(compile("REMOVE x").apply(undefined, key)).toBeUndefined();
  });

  test("unchanged parts are shared with the old item", () => {
    const before: Item = { ...key, m: { M: { a: { L: [] }, b: { M: {} } } }, l: { L: [{ S: "x" }] } };
    const after = compile("SET m.c = :n", { ":n": { N: "1" } }).apply(before, key);
    expect(after?.["l"]).toBe(before["l"]);
    const [old, changed] = [before["m"], after?.["m"]];
    if (old === undefined || changed === undefined || !("M" in old) || !("M" in changed))
      throw new Error("maps");
    expect(changed.M["a"]).toBe(old.M["a"]);
  });

  test("the same update serves several items", () => {
    const compiled = compile("SET n = n + :n", { ":n": { N: "1" } });
    expect(plain(compiled.apply({ n: { N: "1" } }, key))).toEqual({ n: { N: "2" } });
    expect(plain(compiled.apply({ n: { N: "5" } }, key))).toEqual({ n: { N: "6" } });
  });
});

describe("UPDATED_OLD and UPDATED_NEW", () => {
  const l = strings("a", "b", "c");
  const before: Item = { ...key, a: { S: "old" }, m: { M: { x: { N: "1" }, y: { N: "2" } } }, l };
  const value = { ":v": { S: "new" } };

  function touched(expression: string, values?: RawItem): [unknown, unknown] {
    const compiled = compileUpdate(expression, new Placeholders(undefined, values));
    const after = compiled.apply(before, key);
    return [plain(compiled.touched.pick(before)), plain(after && compiled.touched.pick(after))];
  }

  test.each<[string, RawItem | undefined, unknown, unknown]>([
    ["SET a = :v", value, { a: { S: "old" } }, { a: { S: "new" } }],
    ["SET b = :v", value, {}, { b: { S: "new" } }],
    ["SET a = a", undefined, { a: { S: "old" } }, { a: { S: "old" } }],
    ["REMOVE a", undefined, { a: { S: "old" } }, {}],
    ["REMOVE b", undefined, {}, {}],
    ["SET m.x = :v", value, { m: { M: { x: { N: "1" } } } }, { m: { M: { x: { S: "new" } } } }],
    ["SET m.z = :v", value, {}, { m: { M: { z: { S: "new" } } } }],
    ["SET l[9] = :v", value, {}, {}],
    ["SET l[2] = :v, l[0] = :v", value, { l: strings("a", "c") }, { l: strings("new", "new") }],
    ["REMOVE l[1]", undefined, { l: strings("b") }, { l: strings("c") }],
    ["REMOVE m.x SET a = :v", value, { a: { S: "old" }, m: { M: { x: { N: "1" } } } }, { a: { S: "new" } }],
  ])("%s", (expression, values, old, fresh) => {
    expect(touched(expression, values)).toEqual([old, fresh]);
  });
});

test("names that mean something to JavaScript", () => {
  const names = { "#p": "__proto__", "#c": "constructor" };
  const raw: RawItem = JSON.parse('{"pk":{"S":"k"},"__proto__":{"N":"1"}}');
  const compiled = compileUpdate("SET #p = #p + :v, #c = :v", new Placeholders(names, { ":v": { N: "1" } }));
  const before: Item = JSON.parse(JSON.stringify(raw));
  expect(JSON.stringify(compiled.apply(before, key))).toBe(
    '{"pk":{"S":"k"},"__proto__":{"N":"2"},"constructor":{"N":"1"}}',
  );
});
