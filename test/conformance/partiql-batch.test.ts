/** BatchExecuteStatement. */
import { beforeAll, describe, expect, test } from "bun:test";
import { Items, MALFORMED, type Member, members, n, s } from "./partiql.ts";
import { type JsonObject, useTarget, validation, violated } from "./target.ts";
import { INDEXED } from "./transactions.ts";

const target = useTarget();

let table = "";
let indexed = "";
const { fresh, given } = new Items(target, () => table);

beforeAll(async () => {
  table = await target.table();
  indexed = await target.table({ range: "sk:S", more: INDEXED });
});

const batch = (statements: readonly Member[], more: JsonObject = {}) =>
  target.ok("BatchExecuteStatement", { Statements: members(statements), ...more });
const responses = async (statements: readonly Member[]) => (await batch(statements))["Responses"];
const refusal = (statements: readonly Member[]) =>
  target.refusal("BatchExecuteStatement", { Statements: members(statements) });

const select = (pk: string, what = "*") => `SELECT ${what} FROM "${table}" WHERE pk = '${pk}'`;
const insert = (pk: string, more = "") => `INSERT INTO "${table}" VALUE {'pk': '${pk}'${more}}`;
const update = (pk: string, rest: string) => `UPDATE "${table}" SET v = 2 WHERE pk = '${pk}' ${rest}`;
const error = (Code: string, Message: string) => ({ Error: { Code, Message } });
const invalid = (Message: string) => error("ValidationError", Message);
const onTable = (failure: JsonObject) => ({ ...failure, TableName: table });
const CONDITION = error("ConditionalCheckFailed", "The conditional request failed");

describe("reads", () => {
  test("answer in the order of the statements, without Item where there is none", async () => {
    const a = await given({ v: n(1), m: { M: { x: n(2) } } });
    const b = await given({ v: n(2) });
    const c = await given();
    const found = await responses([
      select(b),
      select(fresh()),
      { Statement: `SELECT m.x FROM "${table}" WHERE pk = ?`, Parameters: [s(a)] },
      `SELECT * FROM "${table}" WHERE pk IN ['${c}']`,
    ]);
    expect(found).toEqual([
      { TableName: table, Item: { pk: s(b), v: n(2) } },
      { TableName: table },
      { TableName: table, Item: { x: n(2) } },
      { TableName: table, Item: { pk: s(c) } },
    ]);
  });

  test("must name one item by its key, and nothing else", async () => {
    const key = invalid(
      "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
    );
    const statements = [
      `SELECT * FROM "${table}"`,
      `SELECT * FROM "${table}" WHERE v = 1`,
      `${select("x")} AND v = 1`,
      `SELECT * FROM "${table}" WHERE pk IN ['a', 'b']`,
      `SELECT * FROM "${indexed}" WHERE pk = 'a'`,
      `SELECT * FROM "${indexed}"."global" WHERE pk = 'a' AND sk = 'b'`,
    ];
    expect(await responses(statements)).toEqual(statements.map(() => key));
  });
});

describe("writes", () => {
  test("each for itself", async () => {
    const [a, b, c, d] = [await given({ v: n(1) }), await given(), fresh(), await given({ v: n(1) })];
    const found = await responses([
      update(a, "RETURNING MODIFIED OLD *"),
      insert(b),
      insert(c),
      `DELETE FROM "${table}" WHERE pk = '${d}' RETURNING ALL OLD *`,
      { Statement: update(fresh(), ""), ReturnValuesOnConditionCheckFailure: "ALL_OLD" },
      "INSERT INTO nowhere VALUE {'pk': 'a'}",
    ]);
    expect(found).toEqual([
      { TableName: table, Item: { v: n(1) } },
      onTable(error("DuplicateItem", "Duplicate primary key exists in table")),
      { TableName: table },
      { TableName: table, Item: { pk: s(d), v: n(1) } },
      onTable(CONDITION),
      { ...error("ResourceNotFound", "Requested resource not found"), TableName: "nowhere" },
    ]);
    expect(await responses([select(a), select(c), select(d)])).toEqual([
      { TableName: table, Item: { pk: s(a), v: n(2) } },
      { TableName: table, Item: { pk: s(c) } },
      { TableName: table },
    ]);
  });

  test("a failed condition tells no item, whatever was asked", async () => {
    const a = await given({ v: n(1) });
    const Statement = update(a, "AND v = 7");
    expect(await responses([{ Statement, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }])).toEqual([
      onTable(CONDITION),
    ]);
  });

  test("a member that is tried and refused names its table", async () => {
    const a = await given({ v: s("x") });
    expect(await responses([`UPDATE "${table}" SET v = v + 1 WHERE pk = '${a}'`])).toEqual([
      onTable(invalid("An operand in the update expression has an incorrect data type")),
    ]);
  });
});

describe("refusals", () => {
  test("of a member: what it says is no statement, or none that can be performed", async () => {
    const a = await given();
    const found = (await responses([
      "NONSENSE",
      { Statement: "DELETE FROM T WHERE pk = ?", Parameters: [{ SS: ["a", "a"] }] },
      `DELETE FROM "${table}" WHERE v = 1`,
      `EXISTS(SELECT * FROM "${table}" WHERE pk = 'a' AND v = 1)`,
      `INSERT INTO "${table}" VALUE {'v': 1}`,
      update(a, ""),
    ])) as readonly JsonObject[];
    expect(found).toEqual([
      invalid(`${MALFORMED}Expected data manipulation`),
      invalid("One or more parameter values were invalid: Input collection [a, a] contains duplicates."),
      invalid("Where clause does not contain a mandatory equality on all key attributes"),
      invalid("EXISTS can only be used in ExecuteTransaction write requests."),
      invalid("One or more parameter values were invalid: Missing the key pk in the item"),
      { TableName: table },
    ]);
  });

  test("of all: reads beside writes", async () => {
    expect(await refusal([select("a"), insert("b")])).toEqual(
      validation("Read and write requests together in the same batch is not supported."),
    );
  });

  test("of all: an item twice", async () => {
    const twice = validation("Provided list of item keys contains duplicates");
    expect(await refusal([select("a"), select("a", "v")])).toEqual(twice);
    const c = fresh();
    expect(await refusal([insert(c), update(c, "")])).toEqual(twice);
    expect(await responses([select(c)])).toEqual([{ TableName: table }]);
  });

  test("of all: more than 25", async () => {
    const many = members(Array.from({ length: 26 }, () => select(fresh())));
    const refused = await target.refusal("BatchExecuteStatement", { Statements: many });
    expect(refused.message).toEndWith(
      "at 'statements' failed to satisfy constraint: Member must have length less than or equal to 25",
    );
    expect(await target.refusal("BatchExecuteStatement", { Statements: [] })).toEqual(
      violated("[]", "statements", "Member must have length greater than or equal to 1"),
    );
  });
});

test("capacity is counted member by member", async () => {
  const a = await given({ v: s("x".repeat(2000)) });
  const told = async (statements: readonly Member[]) =>
    (await batch(statements, { ReturnConsumedCapacity: "TOTAL" }))["ConsumedCapacity"];
  const units = (CapacityUnits: number) => [{ TableName: table, CapacityUnits }];
  expect(await told([select(a), { Statement: select(fresh()), ConsistentRead: true }])).toEqual(units(1.5));
  expect(await told([update(a, "AND v = 7"), insert(fresh())])).toEqual(units(3));
  expect(await told([insert(a, `, 'v': '${"x".repeat(3000)}'`), "NONSENSE"])).toEqual(units(3));
});
