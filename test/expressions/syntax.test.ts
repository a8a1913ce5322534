import { describe, expect, test } from "bun:test";
import { compileCondition } from "../../src/expressions/condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileProjection } from "../../src/expressions/projection.ts";
import { isReserved } from "../../src/expressions/reserved-words.ts";
import { compileUpdate } from "../../src/expressions/update.ts";
import { messageOf, refusalOf } from "./support.ts";

const placeholders = () =>
  new Placeholders(
    { "#a": "a", "#b": "b", "#dotted": "x.y" },
    { ":v": { N: "1" }, ":w": { N: "2" }, ":s": { S: "x" }, ":l": { L: [] }, ":b": { BOOL: true } },
  );

const condition = (text: string) =>
  messageOf(() => compileCondition("ConditionExpression", text, placeholders()));
const update = (text: string) => messageOf(() => compileUpdate(text, placeholders()));
const projection = (text: string) => messageOf(() => compileProjection(text, placeholders()));

const syntaxError = (token: string, near: string) => `Syntax error; token: "${token}", near: "${near}"`;

describe("syntax errors of conditions", () => {
  test.each([
    ["INVALID SYNTAX HERE", "SYNTAX", "INVALID SYNTAX HERE"],
    ["!!! INVALID !!!", "!", "!!"],
    ["a", "<EOF>", "a"],
    [":v", "<EOF>", ":v"],
    ["(a)", "<EOF>", ")"],
    ["a = ", "<EOF>", "="],
    ["a = :v AND", "<EOF>", "AND"],
    ["a = :v b", "b", ":v b"],
    ["a = :v = :w", "=", ":v = :w"],
    ["(a = :v) = :w", "=", ") = :w"],
    ["a AND b = :v", "AND", "a AND b"],
    ["NOT a", "<EOF>", "a"],
    ["a BETWEEN :v OR :w", "OR", ":v OR :w"],
    ["a IN ()", ")", "()"],
    ["a IN :v", ":v", "IN :v"],
    ["size() > :v", ")", "() >"],
    ["a[-1] = :v", "-", "[-1"],
    ["a[] = :v", "]", "[] ="],
    ["a[:v] = :v", ":v", "[:v]"],
    ["a[#a] = :v", "#a", "[#a]"],
    ["a[1 = :v", "=", "1 = :v"],
    ["a. = :v", "=", ". = :v"],
    ["a.1 = :v", "1", ".1 ="],
    ["a = # AND b = :v", "#", "= # AND"],
    ["a = : ", ":", "= :"],
    ["a != :v", "!", "a !="],
    ["a = 5", "5", "= 5"],
    ["a = 'x'", "'", "= 'x"],
    ["AND = :v", "AND", "AND ="],
    ["(a = :v", "<EOF>", ":v"],
    ["a = :v)", ")", ":v)"],
    ["a = :v, b", ",", ":v, b"],
    ["a\u00a0= :v", "\u00a0", "a\u00a0="],
    ["😀 = :v", "😀", "😀 ="],
    ["_a = :v", "_", "_a"],
    ["attribute_exists(a", "<EOF>", "a"],
    ["attribute_exists(a,)", ")", ",)"],
  ])("%s", (text, token, near) => {
    expect(condition(text)).toBe(`Invalid ConditionExpression: ${syntaxError(token, near)}`);
  });
});

describe("syntax errors of updates", () => {
  test.each([
    ["INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"],
    ["SET _123 = :v", "_", "SET _123"],
    ["SET 1a = :v", "1", "SET 1a"],
    ["ADD hits : incr", ":", "hits : incr"],
    ["ADD num_val badvalue", "badvalue", "num_val badvalue"],
    ["SET a = :v,", "<EOF>", ","],
    ["SET a = :v b = :v", "b", ":v b ="],
    ["SET a = b + a + c", "+", "a + c"],
    ["SET a = list_append(b + :v, :v)", "+", "b + :v"],
    ["SET a :v", ":v", "a :v"],
    ["SET a + :v", "+", "a + :v"],
    ["SET", "<EOF>", "SET"],
    ["REMOVE a = :v", "=", "a = :v"],
    ["REMOVE", "<EOF>", "REMOVE"],
    ["DELETE a b", "b", "a b"],
    ["SET a = :v, REMOVE b", "REMOVE", ", REMOVE b"],
    ["SET a = -:v", "-", "= -:v"],
    ["SET a = (:v", "<EOF>", ":v"],
    ["SET (a) = :v", "(", "SET (a"],
  ])("%s", (text, token, near) => {
    expect(update(text)).toBe(`Invalid UpdateExpression: ${syntaxError(token, near)}`);
  });
});

describe("syntax errors of projections", () => {
  test.each([
    ["a,", "<EOF>", ","],
    ["a b", "b", "a b"],
    [",a", ",", ",a"],
    ["a, #, b", "#", ", #,"],
    ["size(a)", "(", "size(a"],
    [":v", ":v", ":v"],
    ["a..b", ".", "..b"],
  ])("%s", (text, token, near) => {
    expect(projection(text)).toBe(`Invalid ProjectionExpression: ${syntaxError(token, near)}`);
  });
});

describe("whole expressions", () => {
  test.each(["", " ", "\n\t"])("%j is empty", (text) => {
    expect(condition(text)).toBe("Invalid ConditionExpression: The expression can not be empty;");
    expect(update(text)).toBe("Invalid UpdateExpression: The expression can not be empty;");
    expect(projection(text)).toBe("Invalid ProjectionExpression: The expression can not be empty;");
  });

  test("at most 4096 bytes", () => {
    const accepted = `a = :v${" ".repeat(4090)}`;
    expect(() => compileCondition("ConditionExpression", accepted, placeholders())).not.toThrow();
    const tooLong = "Expression size has exceeded the maximum allowed size; expression size: 4097";
    expect(condition(`${accepted} `)).toBe(`Invalid ConditionExpression: ${tooLong}`);
    expect(update(`é${"?".repeat(4095)}`)).toBe(`Invalid UpdateExpression: ${tooLong}`);
  });

  test("at most 300 operators", () => {
    const comparisons = (count: number) => Array(count).fill("a < b").join(" OR ");
    expect(() => compileCondition("ConditionExpression", comparisons(150), placeholders())).not.toThrow();
    expect(() =>
      compileCondition("ConditionExpression", `NOT ${comparisons(150)}`, placeholders()),
    ).not.toThrow();
    expect(condition(comparisons(151))).toBe(
      "Invalid ConditionExpression: The expression contains too many operators; operator count: 301",
    );
    const sums = (count: number) =>
      `SET ${Array.from({ length: count }, (_, at) => `a${at}=b+:v`).join(",")}`;
    expect(() => compileUpdate(sums(300), placeholders())).not.toThrow();
    expect(update(sums(301))).toBe(
      "Invalid UpdateExpression: The expression contains too many operators; operator count: 301",
    );
  });

  test("each of NOT, BETWEEN and IN is one operator", () => {
    const text = `${Array(100).fill("NOT a BETWEEN b AND c").join(" OR ")} OR a IN (b, c)`;
    // 100 NOT, 100 BETWEEN, 100 OR and one IN.
    expect(condition(text)).toEndWith("operator count: 301");
  });

  test.each([
    ["4096 opening parentheses", "(".repeat(4096), syntaxError("<EOF>", "(")],
    [
      "2000 pairs around a condition",
      `${"(".repeat(2000)}a = :v${")".repeat(2000)}`.slice(0, 4096),
      "The expression has redundant parentheses;",
    ],
    ["800 negated pairs", `${"NOT(".repeat(800)}a=b${")".repeat(800)}`.slice(0, 4096), "operator count: 801"],
    ["1000 negations", `${"NOT ".repeat(1000)}a=b`, "operator count: 1001"],
    ["800 nested calls", `${"size(".repeat(800)}a`, syntaxError("<EOF>", "a")],
    ["unbalanced pairs", `${"(".repeat(3000)}a = :v${")".repeat(1000)}`, syntaxError("<EOF>", ")")],
  ])("%s end in a refusal, not in an exhausted stack", (_, text, message) => {
    expect(condition(text)).toEndWith(message);
  });

  test("deep updates too", () => {
    expect(update(`SET a = ${"(".repeat(4000)}`)).toEndWith(syntaxError("<EOF>", "("));
    const nested = `SET a = ${"if_not_exists(a,".repeat(200)}:v${")".repeat(200)}`;
    expect(() => compileUpdate(nested, placeholders())).not.toThrow();
  });
});

describe("redundant parentheses", () => {
  test.each([
    "((a = :v))",
    "((a)) = :v",
    "((a = :v)) AND b = :v",
    "a = ((b))",
    "(((a = :v)))",
    "((a = :v) )",
  ])("%s", (text) => {
    expect(condition(text)).toBe("Invalid ConditionExpression: The expression has redundant parentheses;");
  });

  test.each([
    "(a = :v)",
    "(a) = (:v)",
    "((a = :v) AND (b = :v))",
    "((a) = :v)",
    "(NOT (a = :v))",
    "(size(a)) > :v",
    "(size((a)) > (:v))",
    "a IN ((:v), (:w))",
    "(a) BETWEEN (:v) AND (:w)",
  ])("one pair is allowed: %s", (text) => {
    expect(() => compileCondition("ConditionExpression", text, placeholders())).not.toThrow();
  });

  test("in updates", () => {
    expect(update("SET a = ((:v))")).toBe(
      "Invalid UpdateExpression: The expression has redundant parentheses;",
    );
    for (const text of ["SET a = (:v)", "SET a = (b + :v)", "SET a = (b) - (:v)"]) {
      expect(() => compileUpdate(text, placeholders())).not.toThrow();
    }
  });
});

describe("names", () => {
  test("573 words are reserved", () => {
    expect(["ABORT", "status", "Size", "zone", "LOGED", "inntEr", "USER"].every(isReserved)).toBe(true);
    expect(["remove", "pk", "id", "statuses", ""].some(isReserved)).toBe(false);
  });

  test.each([
    ["status = :v", "status"],
    ["a.Name = :v", "Name"],
    ["attribute_exists(Date)", "Date"],
    ["a.size = :v", "size"],
  ])("%s", (text, word) => {
    expect(condition(text)).toBe(
      `Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: ${word}`,
    );
  });

  test("reserved words in updates and projections", () => {
    expect(update("SET user = :v")).toEndWith("reserved keyword: user");
    expect(update("SET a = user")).toEndWith("reserved keyword: user");
    expect(projection("a, b.uuid")).toEndWith("reserved keyword: uuid");
    expect(projection("and")).toEndWith("reserved keyword: and");
  });

  test("placeholders may stand for reserved words and names with dots", () => {
    const names = { "#0": "status", "#_": "a.b" };
    expect(compileProjection("#0, x.#_[1]", new Placeholders(names, undefined)).paths).toEqual([
      ["status"],
      ["x", "a.b", 1],
    ]);
  });

  test("white space is free between tokens", () => {
    const { paths } = compileProjection("\ta [ 0 ]\r\n. b ,c", placeholders());
    expect(paths).toEqual([["a", 0, "b"], ["c"]]);
  });

  test("keywords have no case, functions do", () => {
    expect(() =>
      compileCondition("ConditionExpression", "nOt a In (:v) aNd b between :v And :w", placeholders()),
    ).not.toThrow();
    expect(() => compileUpdate("set a = :v remove b", placeholders())).not.toThrow();
    expect(condition("Attribute_Exists(a)")).toEndWith("Invalid function name; function: Attribute_Exists");
  });

  test("a function's name may be an attribute's", () => {
    expect(compileProjection("contains, begins_with", placeholders()).paths).toEqual([
      ["contains"],
      ["begins_with"],
    ]);
  });
});

describe("paths", () => {
  const path = (steps: number) => Array(steps).fill("a").join(".");

  test("at most 32 steps", () => {
    expect(() => compileProjection(path(32), placeholders())).not.toThrow();
    const message = "The document path has too many nesting levels; nesting levels: 33";
    expect(projection(`${path(32)}[0]`)).toBe(`Invalid ProjectionExpression: ${message}`);
    expect(condition(`attribute_exists(${path(33)})`)).toBe(`Invalid ConditionExpression: ${message}`);
    expect(update(`REMOVE ${path(33)}`)).toBe(`Invalid UpdateExpression: ${message}`);
  });

  test("list indexes fit an int", () => {
    expect(() => compileProjection("a[2147483647]", placeholders())).not.toThrow();
    expect(projection("a[99999999999999]")).toBe(
      "Invalid ProjectionExpression: List index is not within the allowable range; index: [99999999999999]",
    );
  });
});

describe("which of several problems is reported", () => {
  test.each([
    ["syntax before all else", "((a = :v)) AND foo(status) =", syntaxError("<EOF>", "=")],
    ["redundant parentheses before unknown functions", "foo(a) AND ((b = :v))", "redundant parentheses;"],
    ["unknown functions before misused ones", "size(a) AND foo(a)", "Invalid function name; function: foo"],
    [
      "misused functions before reserved words",
      "status = :v AND size(a)",
      "used this way in an expression; function: size",
    ],
    ["reserved words before undefined names", "#x = :v AND status = :v", "reserved keyword: status"],
    ["undefined names before undefined values", "a = :x AND #x = :v", "attribute name: #x"],
    ["undefined values before operand counts", "size(a, b) > :v AND a = :x", "attribute value: :x"],
    ["operand counts before equal operands", "a = a AND size(a, b) > :v", "number of operands: 2"],
    ["equal operands before operand types", "a < :l AND a = a", "operator: =, first operand: [a]"],
    ["the first of one kind", "a < :l AND b > :b", "operator or function: <, operand type: L"],
  ])("condition: %s", (_, text, message) => {
    expect(condition(text)).toEndWith(message);
  });

  test.each([
    ["syntax before reserved words", "SET status = :v,", syntaxError("<EOF>", ",")],
    ["reserved words before unknown functions", "SET a = foo(:v), status = :v", "reserved keyword: status"],
    [
      "unknown functions before repeated sections",
      "SET a = :v SET b = foo(:v)",
      "Invalid function name; function: foo",
    ],
    [
      "repeated sections before undefined names",
      "SET #x = :v SET b = :v",
      'The "SET" section can only be used once in an update expression;',
    ],
    ["undefined names before undefined values", "SET a = :x, #x = :v", "attribute name: #x"],
    ["undefined values before overlaps", "SET a = :v, a.b = :x", "attribute value: :x"],
    ["overlaps before conflicts", "SET a.b = :v, a[0] = :v, c = :v, c = :w", "path one: [c], path two: [c]"],
    ["conflicts before operand types", "SET a.b = :v ADD a[0] :s", "path one: [a, b], path two: [a, [0]]"],
    ["ADD and DELETE before functions", "SET a = b + :s DELETE c :s", "typeSet: ALLOWED_FOR_ADD_OPERAND"],
  ])("update: %s", (_, text, message) => {
    expect(update(text)).toEndWith(message);
  });

  test("projection: reserved words, undefined names, overlaps, conflicts", () => {
    expect(projection("a, a, #x, status")).toEndWith("reserved keyword: status");
    expect(projection("a, a, #x")).toEndWith("attribute name: #x");
    expect(projection("b.c, b[0], a, a")).toEndWith("path one: [a], path two: [a]");
    expect(projection("b.c, b[0]")).toEndWith("path one: [b, c], path two: [b, [0]]");
  });
});

test("all of these are refusals of the request, enveloped where the service does so", () => {
  for (const text of ["", "a", "((a = :v))", "a = :x", "a < :l"]) {
    const error = refusalOf(() => compileCondition("FilterExpression", text, placeholders()));
    expect(error.enveloped).toBe(true);
    expect(error.message).toStartWith("Invalid FilterExpression: ");
  }
});
