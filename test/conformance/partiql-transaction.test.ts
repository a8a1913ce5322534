/** ExecuteTransaction. */
import { beforeAll, describe, expect, test } from "bun:test";
import { call, refusalOf } from "../support/call.ts";
import { Items, MALFORMED, type Member, members, n, s } from "./partiql.ts";
import { type JsonObject, useTarget, validation } from "./target.ts";
import { INDEXED } from "./transactions.ts";

const target = useTarget();

let table = "";
let ranged = "";
const { fresh, given } = new Items(target, () => table);

beforeAll(async () => {
  table = await target.table();
  ranged = await target.table({ range: "sk:S", more: INDEXED });
});

const request = (statements: readonly Member[], more: JsonObject = {}) => ({
  TransactStatements: members(statements),
  ...more,
});
const transact = (statements: readonly Member[], more: JsonObject = {}) =>
  target.ok("ExecuteTransaction", request(statements, more));
const refusal = (statements: readonly Member[], more: JsonObject = {}) =>
  target.refusal("ExecuteTransaction", request(statements, more));
const get = async (pk: string) =>
  (await target.ok("GetItem", { TableName: table, Key: { pk: s(pk) }, ConsistentRead: true }))["Item"];

/** The reasons of a cancellation. */
async function reasons(statements: readonly Member[]): Promise<readonly JsonObject[]> {
  const answer = await call(target.endpoint, "ExecuteTransaction", request(statements));
  const all = (answer.body as { CancellationReasons?: readonly JsonObject[] }).CancellationReasons ?? [];
  expect(refusalOf(answer)).toEqual({
    status: 400,
    type: "TransactionCanceledException",
    message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${all
      .map((reason) => reason["Code"])
      .join(", ")}]`,
  });
  return all;
}

const select = (pk: string, what = "*") => `SELECT ${what} FROM "${table}" WHERE pk = '${pk}'`;
const insert = (pk: string) => `INSERT INTO "${table}" VALUE {'pk': '${pk}', 'v': 1}`;
const update = (pk: string, rest = "") => `UPDATE "${table}" SET v = 2 WHERE pk = '${pk}' ${rest}`;
const remove = (pk: string) => `DELETE FROM "${table}" WHERE pk = '${pk}'`;
const exists = (pk: string, condition: string) => `EXISTS(${select(pk)} AND ${condition})`;
const member = (at: number, problem: string) =>
  validation(`Validation failed in TransactStatements[${at}]: ${problem}`);
const NONE = { Code: "None" };
const FAILED = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
const invalid = (Message: string) => ({ Code: "ValidationError", Message });
const MISSING = { Code: "ResourceNotFound", Message: "Requested resource not found" };
const MISMATCH = invalid("The provided key element does not match the schema");

describe("reads", () => {
  test("answer one entry per statement", async () => {
    const a = await given({ v: n(1), m: { M: { x: n(2) } } });
    const b = await given();
    expect(
      await transact([
        select(a, "m.x"),
        select(fresh()),
        { Statement: `SELECT * FROM "${table}" WHERE pk IN [?] AND pk = ?`, Parameters: [s(b), s(b)] },
      ]),
    ).toEqual({ Responses: [{ Item: { x: n(2) } }, {}, { Item: { pk: s(b) } }] });
  });

  test("must name one item by its key, and nothing else", async () => {
    const key = member(
      1,
      "Select statements within ExecuteTransaction must specify the primary key in the where clause.",
    );
    for (const where of ["v = 1", "pk = 'a' AND v = 1", "pk = 'a' AND pk = 'b'", "pk IN ['a', 'b']"]) {
      expect(await refusal([select("x"), `SELECT * FROM "${table}" WHERE ${where}`])).toEqual(key);
    }
    expect(await refusal([`SELECT * FROM "${ranged}"."global" WHERE gk = 'a'`])).toEqual(
      member(0, "Reads on indices are not supported within transactions."),
    );
  });

  test("cost twice as much", async () => {
    const a = await given();
    expect(await transact([select(a), select(fresh())], { ReturnConsumedCapacity: "TOTAL" })).toMatchObject({
      ConsumedCapacity: [{ TableName: table, CapacityUnits: 4, ReadCapacityUnits: 4 }],
    });
  });
});

describe("writes", () => {
  test("all of them", async () => {
    const [a, b, c, d] = [await given({ v: n(1) }), await given(), fresh(), await given({ v: n(5) })];
    expect(await transact([update(a, "AND v = 1"), remove(b), insert(c), exists(d, "v > 4")])).toEqual({
      Responses: [],
    });
    expect([await get(a), await get(b), await get(c), await get(d)]).toEqual([
      { pk: s(a), v: n(2) },
      undefined,
      { pk: s(c), v: n(1) },
      { pk: s(d), v: n(5) },
    ]);
  });

  test("or none", async () => {
    const [a, b, c] = [await given({ v: n(1) }), await given({ v: n(1) }), fresh()];
    expect(await reasons([update(a), insert(b)])).toEqual([
      NONE,
      { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" },
    ]);
    expect(await reasons([update(a), exists(b, "v = 2")])).toEqual([NONE, FAILED]);
    const asking = { Statement: update(b, "AND v = 3"), ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
    expect(await reasons([update(a), asking, insert(c)])).toEqual([
      NONE,
      { ...FAILED, Item: { pk: s(b), v: n(1) } },
      NONE,
    ]);
    expect(await reasons([update(fresh())])).toEqual([FAILED]);
    expect(await get(a)).toEqual({ pk: s(a), v: n(1) });
    expect(await get(c)).toBeUndefined();
  });

  test("cost twice as much", async () => {
    expect(
      await transact([insert(fresh()), remove(fresh())], { ReturnConsumedCapacity: "INDEXES" }),
    ).toMatchObject({
      ConsumedCapacity: [
        {
          TableName: table,
          CapacityUnits: 4,
          WriteCapacityUnits: 4,
          Table: { CapacityUnits: 4, WriteCapacityUnits: 4 },
        },
      ],
    });
  });

  test("a token performs its transaction once, and is no other operation's", async () => {
    const [a, b] = [await given({ v: n(1) }), fresh()];
    const ClientRequestToken = `token-${a}`;
    const more = { ClientRequestToken, ReturnConsumedCapacity: "TOTAL" };
    const statements = [`UPDATE "${table}" SET v = v + 1 WHERE pk = '${a}'`, insert(b)];
    await transact(statements, more);
    expect(await transact(statements, more)).toEqual({
      Responses: [],
      ConsumedCapacity: [{ TableName: table, CapacityUnits: 4, ReadCapacityUnits: 4 }],
    });
    expect(await get(a)).toEqual({ pk: s(a), v: n(2) });
    expect((await refusal([insert(b)], more)).type).toBe("IdempotentParameterMismatchException");
    const Put = { TableName: table, Item: { pk: s(b) } };
    await target.ok("TransactWriteItems", { TransactItems: [{ Put }], ClientRequestToken });
  });

  test("index entries come with them", async () => {
    const pk = fresh();
    const item = `{'pk': '${pk}', 'sk': 'a', 'gk': '${pk}'}`;
    await transact([`INSERT INTO "${ranged}" VALUE ${item}`]);
    const found = await target.ok("ExecuteStatement", {
      Statement: `SELECT sk FROM "${ranged}"."global" WHERE gk = '${pk}'`,
    });
    expect(found["Items"]).toEqual([{ sk: s("a") }]);
  });
});

describe("refusals", () => {
  test("reads beside writes", async () => {
    expect(await refusal([select("a"), insert("b")])).toEqual(
      validation(
        "ExecuteTransaction API does not support both read and write operations in the same request.",
      ),
    );
  });

  test("of a statement, which is named", async () => {
    expect(await refusal([insert("a"), "NONSENSE"])).toEqual(
      member(1, `${MALFORMED}Expected data manipulation`),
    );
    expect(await refusal([update("a", "RETURNING ALL OLD *")])).toEqual(
      member(0, "RETURNING clause is not supported in ExecuteTransaction."),
    );
    const single = "EXISTS() must contain a single item read with additional condition";
    expect(await refusal([`EXISTS(${select("a")})`])).toEqual(member(0, single));
    expect(await refusal([`EXISTS(SELECT * FROM "${table}" WHERE v = 1)`])).toEqual(member(0, single));
    expect(await refusal([`INSERT INTO "${table}" VALUE {'pk': 'a', 'v': <<'a', 'a'>>}`])).toEqual(
      member(0, "One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
    );
  });

  test("of parameters, before all statements and without naming one", async () => {
    const broken = { Statement: "NONSENSE", Parameters: [{ SS: ["a", "a"] }] };
    expect(await refusal(["ALSO NONSENSE", broken])).toEqual(
      validation("One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
    );
  });

  test("keys that do not fit are reasons", async () => {
    const other = update(fresh());
    const of = (rest: string) => reasons([other, `UPDATE "${ranged}" SET v = 1 WHERE ${rest}`]);
    expect(await of("pk = 'a'")).toEqual([NONE, MISMATCH]);
    expect(await of("pk = 'a' AND sk = 1")).toEqual([NONE, MISMATCH]);
    expect(await of("pk IN ['a'] AND sk = 'a'")).toEqual([NONE, MISMATCH]);
    expect(await reasons([other, `INSERT INTO "${ranged}" VALUE {'pk': 'a'}`])).toEqual([
      NONE,
      invalid("One or more parameter values were invalid: Missing the key sk in the item"),
    ]);
  });

  test("missing tables are reasons, unless a statement cannot be performed at all", async () => {
    const nowhere = "DELETE FROM nowhere WHERE pk = 'a'";
    expect(await reasons([insert(fresh()), nowhere])).toEqual([NONE, MISSING]);
    expect(await reasons(["SELECT * FROM nowhere WHERE pk = 'a'", select("a")])).toEqual([MISSING, NONE]);
    expect(await refusal([nowhere, `EXISTS(${select("a")})`])).toEqual(
      member(1, "EXISTS() must contain a single item read with additional condition"),
    );
  });

  test("an item twice", async () => {
    const twice = validation("Transaction request cannot include multiple operations on one item");
    expect(await refusal([select("a"), select("a")])).toEqual(twice);
    expect(await refusal([insert("x"), exists("x", "v = 1")])).toEqual(twice);
    expect(await reasons([insert("x"), remove("x"), `DELETE FROM "${ranged}" WHERE pk = 'a'`])).toEqual([
      NONE,
      NONE,
      MISMATCH,
    ]);
  });

  test("more than 100 statements, or 4 MB", async () => {
    const { message } = await refusal(Array.from({ length: 101 }, () => select(fresh())));
    expect(message).toEndWith(
      "at 'transactStatements' failed to satisfy constraint: Member must have length less than or equal to 100",
    );
    const large = Array.from({ length: 12 }, () => ({
      Statement: `INSERT INTO "${table}" VALUE {'pk': '${fresh()}', 'v': ?}`,
      Parameters: [s("x".repeat(380_000))],
    }));
    expect(await refusal(large)).toEqual(validation("Transaction request size cannot exceed 4 MB"));
  });
});
