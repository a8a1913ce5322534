/** Statements that the service refuses, in its words and in its order of checks. */
import { beforeAll, describe, expect, test } from "bun:test";
import { MALFORMED, malformed, n, Statements, s } from "./partiql.ts";
import { invalid, type JsonObject, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
const { execute, refusal } = new Statements(target);

let table = "";

beforeAll(async () => {
  table = await target.table({ range: "sk:S" });
});

/** The refusal of a condition on partition a. */
const inA = (condition: string, parameters?: readonly JsonObject[]) =>
  refusal(`SELECT * FROM "${table}" WHERE pk = 'a' AND ${condition}`, parameters);
/** The refusal of an item with this value. */
const inserting = (value: string, parameters?: readonly JsonObject[]) =>
  refusal(`INSERT INTO "${table}" VALUE {'pk': 'a', 'sk': 'b', 'v': ${value}}`, parameters);
const nested = (depth: number) => `${"{'a': ".repeat(depth)}1${"}".repeat(depth)}`;

describe("modelled constraints", () => {
  test("of parameters, limit and statement", async () => {
    const Statement = `SELECT * FROM "${table}"`;
    const refused = (more: JsonObject) => target.refusal("ExecuteStatement", { Statement, ...more });
    expect(await refused({ Parameters: [] })).toEqual(
      violated("[]", "parameters", "Member must have length greater than or equal to 1"),
    );
    expect(await refused({ Limit: 0 })).toEqual(
      violated("0", "limit", "Member must have value greater than or equal to 1"),
    );
    expect(await refused({ Statement: "" })).toEqual(
      violated("", "statement", "Member must have length greater than or equal to 1"),
    );
  });
});

describe("texts that are no statements", () => {
  test.each([
    ["CREATE TABLE x", "Expected data manipulation"],
    ["", "Expected data manipulation"],
    ["SELECT * FROM my-table", "Expected data manipulation"],
    ["SELECT * FROM T LIMIT 5", "Unexpected token after expression"],
    ["SELECT * FROM T AS t", "Unexpected token after expression"],
    ["SELECT * FROM T, U", "Unexpected token after expression"],
    ["SELECT * FROM T GROUP BY a", "Unexpected token after expression"],
    ["SELECT * FROM T;;", "Unexpected token after expression"],
    ["DELETE FROM T WHERE pk = 'a' RETURNING ALL OLD * x", "Unexpected token after expression"],
    ["INSERT INTO T VALUE {'pk': 'a'} RETURNING ALL OLD *", "Unexpected token after expression"],
    ["SELECT * FROM (SELECT * FROM T)", "Expected RIGHT_PAREN"],
    ["INSERT INTO T (name, date) VALUES ('a', 'b')", "Unexpected keyword"],
    ["SELECT m.inner FROM T", "Invalid path dot component"],
    ["SELECT payload.size FROM T", "Invalid path dot component"],
    ["SELECT key FROM T", "Unexpected keyword"],
  ])("%s", async (text, problem) => {
    // A blank stands for the empty text, which the model refuses.
    expect(await refusal(text || " ")).toEqual(malformed(problem));
  });

  test.each([
    "SELECT",
    "SELECT * FROM",
    "SELECT *, a FROM T",
    "SELECT a, FROM T",
    "SELECT a AS b FROM T",
    "SELECT DISTINCT a FROM T",
    "SELECT 'a' FROM T",
    "SELECT * FROM T WHERE",
    "SELECT * FROM T WHERE a",
    "SELECT * FROM T WHERE ?",
    "SELECT * FROM T WHERE a = MISSING",
    "SELECT * FROM T WHERE a LIKE 'b'",
    "SELECT * FROM T WHERE (a = 1",
    "SELECT * FROM T WHERE a = 1)",
    "SELECT * FROM T WHERE a IN 1",
    "SELECT * FROM T WHERE a IN []",
    "SELECT * FROM T WHERE a IS 1",
    "SELECT * FROM T WHERE a BETWEEN 1",
    "SELECT * FROM T WHERE a = -b",
    "SELECT * FROM T WHERE a = -?",
    "SELECT * FROM T WHERE a[x] = 1",
    "SELECT * FROM T WHERE a[1.5] = 1",
    "SELECT * FROM T WHERE a = 'open",
    'SELECT * FROM "open',
    "SELECT * FROM T /* open",
    "SELECT * FROM T WHERE a = #b",
    "SELECT * FROM T ORDER sk",
    "INSERT INTO T VALUE",
    "INSERT INTO T VALUE ?",
    "INSERT INTO T VALUE <<{'pk': 'a'}>>",
    "INSERT INTO T VALUE {pk: 'a'}",
    "INSERT INTO T VALUE {'pk' 'a'}",
    "INSERT INTO T VALUE {'pk': MISSING}",
    "INSERT T VALUE {'pk': 'a'}",
    "UPDATE T WHERE pk = 'a'",
    "UPDATE T SET a WHERE pk = 'a'",
    "UPDATE T SET a = WHERE pk = 'a'",
    "UPDATE T SET a = -b WHERE pk = 'a'",
    "UPDATE T SET a = b * 2 WHERE pk = 'a'",
    "UPDATE T SET a = 1 WHERE pk = 'a' RETURNING OLD *",
    "UPDATE T SET a = 1 WHERE pk = 'a' RETURNING ALL OLD a",
    "DELETE T WHERE pk = 'a'",
    "EXISTS SELECT * FROM T",
    "😀",
  ])("%s", async (text) => {
    const { type, message } = await refusal(text);
    expect({ type, message: message.slice(0, MALFORMED.length) }).toEqual({
      type: "ValidationException",
      message: MALFORMED,
    });
  });
});

describe("statements that cannot be performed, whatever tables there are", () => {
  test.each([
    ["SELECT COUNT(*) FROM T", "Unexpected path component at 1:8:5"],
    ["SELECT\n  a,\n  size(b) FROM T", "Unexpected path component at 3:3:4"],
    ["SELECT l[-1] FROM T", "List index is not within the allowable range; index: [-1] at 1:11:1"],
    [
      "SELECT l[2147483648] FROM T",
      "List index is not within the allowable range; index: [2147483648] at 1:10:10",
    ],
    ["SELECT * FROM T WHERE Foo(a) = 1", "Unrecognized function: foo at 1:23:3"],
    ["SELECT * FROM T WHERE set_add(a, <<1>>)", "Unrecognized function: set_add at 1:23:7"],
    ["SELECT * FROM T WHERE EXISTS(a)", "Unrecognized function: exists at 1:23:6"],
    ["SELECT * FROM T WHERE a + 1 = 2", "Unsupported operator in Condition Expression. Operator: +"],
    ["SELECT * FROM a.b.c", "A path may contain at most 2 components in the FROM clause"],
    ['SELECT * FROM ""', "Path component cannot be an empty string"],
    ['SELECT * FROM T WHERE "" = 1', "Path component cannot be an empty string"],
    ["SELECT * FROM T ORDER BY sk", "Must have WHERE clause in the statement when using ORDER BY clause."],
    ["UPDATE T.i SET a = 1 WHERE pk = 'a'", "This operation is not supported on an index"],
    ["DELETE FROM T.i WHERE pk = 'a'", "This operation is not supported on an index"],
    [
      "DELETE FROM T WHERE pk = 'a' RETURNING MODIFIED OLD *",
      "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in DELETE statements.",
    ],
    [
      "EXISTS(SELECT * FROM T WHERE pk = 'a' AND v = 1)",
      "EXISTS can only be used in ExecuteTransaction write requests.",
    ],
    ["SELECT * FROM T WHERE a = ?", "Number of parameters in request and statement don't match."],
  ])("%s", async (text, message) => {
    expect(await refusal(text)).toEqual(validation(message));
  });

  test("too many parameters", async () => {
    expect(await refusal("SELECT * FROM T WHERE a = ?", [n(1), n(2)])).toEqual(
      validation("Number of parameters in request and statement don't match."),
    );
  });

  test("an insertion into an index", async () => {
    const { message } = await refusal("INSERT INTO T.i VALUE {'pk': 'a'}");
    expect(message).toStartWith("FROM clause may only contain a single table name in data ");
    expect(message).toEndWith(" at 1:13:1");
  });
});

describe("values", () => {
  test("sets", async () => {
    const mixed = "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags";
    expect(await inserting("<<>>")).toEqual(validation("Empty bags are not supported"));
    expect(await inserting("<<1, 'a'>>")).toEqual(validation(mixed));
    expect(await inserting("<<true>>")).toEqual(validation(mixed));
    expect(await inserting("<<<<1>>>>")).toEqual(validation(mixed));
    expect(await inserting("<<'a', 'a'>>")).toEqual(invalid("Input collection [a, a] contains duplicates."));
    expect(await inserting("<<2, 2.0>>")).toEqual(
      invalid("Input collection [2, 2.0] contains duplicates! under root"),
    );
    expect(await inA("v = <<'a', 'a'>>")).toEqual(invalid("Input collection [a, a] contains duplicates."));
  });

  test("parameters and functions inside constants", async () => {
    const start = `INSERT INTO "${table}" VALUE {'pk': 'a', 'sk': 'b', 'v': `.length + 1;
    const at = (offset: number, length: number) => `1:${start + offset}:${length}`;
    expect(await inserting("[?]", [n(1)])).toEqual(
      validation(`Unsupported data type: Parameter under key root[0] at ${at(1, 1)}`),
    );
    expect(await inserting("{'k': ?}", [n(1)])).toEqual(
      validation(`Unsupported data type: Parameter under key root.k at ${at(6, 1)}`),
    );
    expect(await inserting("set_add(v, <<1>>)")).toEqual(
      validation(`Unsupported data type: set_add under key root at ${at(0, 7)}`),
    );
  });

  test("too many levels", async () => {
    const deepest = nested(31);
    await execute(`INSERT INTO "${table}" VALUE {'pk': 'deep', 'sk': 'b', 'v': ${deepest}}`);
    expect(await inserting(nested(32))).toEqual(
      validation(`Nesting Levels have exceeded supported limits under root${".a".repeat(31)}`),
    );
    expect(await inserting("[".repeat(32))).toEqual(
      validation(`Nesting Levels have exceeded supported limits under root${"[0]".repeat(31)}`),
    );
    const deep = (levels: number): JsonObject => (levels === 0 ? n(1) : { M: { a: deep(levels - 1) } });
    expect(await inserting("?", [deep(32)])).toEqual(
      validation("Nesting Levels have exceeded supported limits"),
    );
    expect(
      await refusal(
        `UPDATE "${table}" SET v${".a".repeat(20)} = ${nested(20)} WHERE pk = 'deep' AND sk = 'b'`,
      ),
    ).toEqual(validation("Nesting Levels have exceeded supported limits"));
  });

  test("numbers", async () => {
    expect(await inserting("1e200")).toEqual(
      validation("Number overflow. Attempting to store a number with magnitude larger than supported range"),
    );
  });

  test("parameters are looked at before the statement", async () => {
    expect(await refusal("NONSENSE", [{ SS: ["a", "a"] }])).toEqual(
      invalid("Input collection [a, a] contains duplicates."),
    );
  });
});

describe("operands", () => {
  const operand = (operator: string, type: string) =>
    validation(
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    );

  test("of what has no order, before the table is looked for", async () => {
    expect(await refusal("SELECT * FROM nowhere WHERE v < [1]")).toEqual(operand("<", "L"));
    expect(await inA("v BETWEEN true AND true")).toEqual(operand("BETWEEN", "BOOL"));
    expect(await inA("attribute_exists(v) > true")).toEqual(operand(">", "BOOL"));
    expect(await inA("begins_with(v, 1)")).toEqual(operand("begins_with", "N"));
  });

  test("of functions", async () => {
    expect(await inA("attribute_type(v, 'X')")).toEqual(
      validation("Invalid attribute type name found; type: X, valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}"),
    );
    expect(await inA("attribute_type(v, 1)")).toEqual(operand("attribute_type", "N"));
    const path = validation(
      "Operator or function requires a document path; operator or function: attribute_exists",
    );
    expect(await inA("attribute_exists('x')")).toEqual(path);
    expect(await inA("attribute_exists(?)", [s("x")])).toEqual(path);
    expect(await inA("attribute_exists()")).toEqual(
      validation(
        "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 0",
      ),
    );
  });

  test("too many values of IN", async () => {
    const list = (count: number) => Array.from({ length: count }, (_, at) => at).join(", ");
    await execute(`SELECT * FROM "${table}" WHERE pk = 'a' AND v IN [${list(100)}]`);
    expect(await inA(`v IN [${list(101)}]`)).toEqual(
      validation("The IN operator is provided with too many operands; number of operands: 101"),
    );
  });
});

describe("tables and keys", () => {
  const select = (where: string) => refusal(`SELECT * FROM "${table}" WHERE ${where}`);
  const strings = (count: number) => Array.from({ length: count }, (_, at) => `'${at}'`).join(", ");

  test("no such table", async () => {
    expect(await refusal("SELECT * FROM nowhere")).toEqual(notFound());
    expect(await refusal("DELETE FROM nowhere WHERE v = 1")).toEqual(notFound());
    expect(await refusal("INSERT INTO nowhere VALUE {'v': 1}")).toEqual(notFound());
  });

  test("more than 50 reads", async () => {
    const many = validation("Too many decomposed read operations for a given query.");
    expect(await select(`pk IN [${strings(51)}]`)).toEqual(many);
    expect(await select(`pk = 'x' AND sk IN [${strings(51)}]`)).toEqual(many);
    expect(await select(`pk IN [${strings(26)}] AND sk IN ['a', 'b']`)).toEqual(many);
    await execute(`SELECT * FROM "${table}" WHERE pk IN [${strings(50)}]`);
    await execute(`SELECT * FROM "${table}" WHERE pk IN [${strings(51)}] OR flag = 'one'`);
  });

  test.each([
    "pk IN ['a', 'a']",
    "pk = 'a' OR pk = 'a'",
    "pk = 'a' AND (sk > '0' OR sk < '5')",
    "pk = 'a' AND (sk = '1' OR flag = 'x')",
    "(pk = 'a' AND f = '1') OR (pk = 'a' AND f = '2')",
  ])("overlapping reads: %s", async (where) => {
    expect(await select(where)).toEqual(
      validation("Overlapping conditions with range keys are not supported in where clause"),
    );
  });

  test("a key of the wrong type", async () => {
    const wrong = (name: string) =>
      validation(`Key attribute's data type should match its data type in table's schema: Key ${name}`);
    expect(await select("pk = 1")).toEqual(wrong("pk"));
    expect(await select("pk IN ['a', 1]")).toEqual(wrong("pk"));
    expect(await select("pk = 'a' AND sk = 1")).toEqual(wrong("sk"));
    expect(await execute(`SELECT * FROM "${table}" WHERE pk > 1`)).toEqual({ Items: [] });
  });

  test("ORDER BY", async () => {
    expect(await select("pk = 'a' ORDER BY v")).toEqual(
      validation("Attribute v in ORDER BY clause must be part of the primary key"),
    );
    expect(await select("v = 1 ORDER BY sk")).toEqual(
      validation(
        "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
      ),
    );
    expect(await select("pk IN ['a', 'b'] ORDER BY sk")).toEqual(
      validation(
        "Must have hash key in ORDER BY clause when more than one hash key condition specified in WHERE clause.",
      ),
    );
  });

  test("a path into a key", async () => {
    expect(await select("pk.a = 'a'")).toEqual(
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
      ),
    );
  });
});

describe("hostile texts are refused, and nothing breaks", () => {
  const long = (part: string) => part.repeat(Math.floor(8000 / part.length));

  test.each([
    ["parentheses", `SELECT * FROM T WHERE ${long("(")}`],
    ["NOT", `SELECT * FROM T WHERE ${long("NOT ")} a = 1`],
    ["comparisons", `SELECT * FROM T WHERE a ${long("= a ")}`],
    ["sets", `INSERT INTO T VALUE {'a': ${long("<<")}`],
    ["lists", `INSERT INTO T VALUE {'a': ${long("[")}`],
    ["signs", `INSERT INTO T VALUE {'a': ${long("- ")} 1}`],
    ["a sum", `UPDATE T SET a = a ${long("+ a")} WHERE pk = 'a'`],
    ["functions", `SELECT * FROM T WHERE ${long("size(")}`],
    ["unknown functions", `SELECT * FROM T WHERE ${long("f(")}`],
    ["IN", `SELECT * FROM T WHERE a IN ${long("[(a IN ")}`],
    ["EXISTS", long("EXISTS(")],
    ["comments", long("/*/")],
    ["quotes", long("'\"")],
    ["branches", `SELECT * FROM T WHERE ${long("(sk > 'a' OR sk > 'b') AND ")} pk = 'a'`],
    ["operators", `SELECT * FROM T WHERE ${long("a = 1 OR ")} a = 1`],
    ["a path", `SELECT ${long("a.")}a FROM T`],
  ])("%s", async (_, text) => {
    const { status, type } = await refusal(text);
    expect({ status, type }).toMatchObject({ status: 400 });
  });

  test("many branches about the keys of a table", async () => {
    const either = (at: number) => `(sk > '${at}' OR sk > 'x${at}')`;
    const where = Array.from({ length: 60 }, (_, at) => either(at)).join(" AND ");
    expect(await refusal(`SELECT * FROM "${table}" WHERE pk = 'a' AND ${where}`)).toEqual(
      validation("Too many decomposed read operations for a given query."),
    );
  });
});
