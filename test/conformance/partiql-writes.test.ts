/** INSERT, UPDATE and DELETE through ExecuteStatement. */
import { beforeAll, describe, expect, test } from "bun:test";
import { call, refusalOf } from "../support/call.ts";
import { n, Statements, s } from "./partiql.ts";
import { conditionFailed, invalid, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
const { execute, items, refusal } = new Statements(target);

let table = "";
let serial = 0;

beforeAll(async () => {
  table = await target.table({ range: "sk:S" });
});

const duplicate = {
  status: 400,
  type: "DuplicateItemException",
  message: "Duplicate primary key exists in table",
};
const keyRule = validation("Where clause does not contain a mandatory equality on all key attributes");

/** A fresh item with these attributes; gives its key and the WHERE clause for it. */
async function given(more: JsonObject = {}) {
  serial += 1;
  const key = { pk: s(`p${serial}`), sk: s("s") };
  await target.ok("PutItem", { TableName: table, Item: { ...key, ...more } });
  return { key, where: `WHERE pk = 'p${serial}' AND sk = 's'` };
}

const get = async (Key: JsonObject) =>
  (await target.ok("GetItem", { TableName: table, Key, ConsistentRead: true }))["Item"];

/** What becomes of an item under an update. */
async function updated(before: JsonObject, clauses: string, parameters?: readonly JsonObject[]) {
  const { key, where } = await given(before);
  expect(await execute(`UPDATE "${table}" ${clauses} ${where}`, parameters)).toEqual({ Items: [] });
  const { pk: _pk, sk: _sk, ...rest } = (await get(key)) as JsonObject;
  return rest;
}

/** The refusal of an update of an item. */
async function updateRefusal(before: JsonObject, clauses: string, parameters?: readonly JsonObject[]) {
  const { where } = await given(before);
  return refusal(`UPDATE "${table}" ${clauses} ${where}`, parameters);
}

const nSet = (...numbers: number[]) => ({ NS: numbers.map(String) });
const list = (...numbers: number[]) => ({ L: numbers.map(n) });

describe("INSERT", () => {
  test("puts an item of literals and parameters", async () => {
    const text = `INSERT INTO "${table}" VALUE {'pk': 'i1', "sk": ?, 'n': 2.50, 'zero': -0, 'big': 1E3, 'small': -1.5e-3,
      'yes': TRUE, 'none': null, 'l': [1, 'a', []], 'm': {'k': {'x': false}}, 'ss': <<'b', 'a'>>, 'ns': <<2, 1.0>>, 'b': ?}`;
    expect(await execute(text, [s("1"), { B: "AQI=" }])).toEqual({ Items: [] });
    expect(await get({ pk: s("i1"), sk: s("1") })).toEqual({
      pk: s("i1"),
      sk: s("1"),
      n: n("2.5"),
      zero: n(0),
      big: n(1000),
      small: n("-0.0015"),
      yes: { BOOL: true },
      none: { NULL: true },
      l: { L: [n(1), s("a"), { L: [] }] },
      m: { M: { k: { M: { x: { BOOL: false } } } } },
      ss: { SS: ["a", "b"] },
      ns: nSet(1, 2),
      b: { B: "AQI=" },
    });
  });

  test("overwrites nothing", async () => {
    const { key } = await given({ v: n(1) });
    const text = `INSERT INTO "${table}" VALUE {'pk': '${key.pk.S}', 'sk': 's', 'v': 2}`;
    expect(await refusal(text)).toEqual(duplicate);
    expect(await get(key)).toEqual({ ...key, v: n(1) });
  });

  test("checks the item as PutItem does", async () => {
    const insertion = (item: string) => refusal(`INSERT INTO "${table}" VALUE ${item}`);
    expect(await insertion("{'sk': 'a'}")).toEqual(invalid("Missing the key pk in the item"));
    expect(await insertion("{'pk': 'a', 'sk': 1}")).toEqual(
      invalid("Type mismatch for key sk expected: S actual: N"),
    );
    expect(await insertion("{}")).toEqual(invalid("Missing the key pk in the item"));
  });
});

describe("UPDATE", () => {
  test("SET and REMOVE, interleaved, every right side as the item was", async () => {
    const before = { a: n(1), b: n(2), c: n(3), l: list(1, 2, 3) };
    expect(await updated(before, "SET a = b, b = a REMOVE c SET d = c")).toEqual({
      a: n(2),
      b: n(1),
      d: n(3),
      l: list(1, 2, 3),
    });
    expect(await updated(before, "REMOVE a, l[0] SET b = 7")).toEqual({ b: n(7), c: n(3), l: list(2, 3) });
  });

  test("arithmetic", async () => {
    const before = { a: n(10), b: n("2.5") };
    const of = async (expression: string) => (await updated(before, `SET c = ${expression}`))["c"];
    expect(await of("a + b")).toEqual(n("12.5"));
    expect(await of("1 + a")).toEqual(n(11));
    expect(await of("a - b - 1")).toEqual(n("6.5"));
    expect(await of("a - (b - 1)")).toEqual(n("8.5"));
    expect(await of("a + -3")).toEqual(n(7));
    expect((await updated(before, "SET c = a + ?", [n("0.5")]))["c"]).toEqual(n("10.5"));
  });

  test("lists", async () => {
    const before = { l: list(1, 2), m: { M: { l: list(9) } } };
    expect((await updated(before, "SET l = list_append(l, [3])"))["l"]).toEqual(list(1, 2, 3));
    expect((await updated(before, "SET l = LIST_APPEND([0], l)"))["l"]).toEqual(list(0, 1, 2));
    expect((await updated(before, "SET l = list_append(l, ?)", [list(4)]))["l"]).toEqual(list(1, 2, 4));
    expect((await updated(before, "SET l[7] = 3, l[0] = 5"))["l"]).toEqual(list(5, 2, 3));
    expect((await updated(before, 'SET m.l[0] = 8, m."new" = 1'))["m"]).toEqual({
      M: { l: list(8), new: n(1) },
    });
    expect((await updated(before, "SET x = if_not_exists(x, 1)"))["x"]).toEqual(n(1));
  });

  test("sets", async () => {
    const before = { t: nSet(1, 2), m: { M: { t: { SS: ["a"] } } } };
    expect(await updated(before, "SET t = set_add(t, <<3>>)")).toMatchObject({ t: nSet(1, 2, 3) });
    expect(await updated(before, "SET t = SET_DELETE(t, <<1, 5>>)")).toMatchObject({ t: nSet(2) });
    expect(await updated(before, "SET t = set_delete(t, <<1, 2>>)")).toEqual({ m: before.m });
    expect(await updated(before, "SET u = set_add(u, ?)", [{ BS: ["AQ=="] }])).toMatchObject({
      u: { BS: ["AQ=="] },
    });
    expect(await updated(before, "SET m.t = set_add(m.t, <<'b'>>)")).toMatchObject({
      m: { M: { t: { SS: ["a", "b"] } } },
    });
  });

  test("creates nothing", async () => {
    const text = `UPDATE "${table}" SET a = 1 WHERE pk = 'nobody' AND sk = 's'`;
    expect(await refusal(text)).toEqual(conditionFailed);
    expect(await get({ pk: s("nobody"), sk: s("s") })).toBeUndefined();
  });

  test("on conditions beside the key", async () => {
    const { key, where } = await given({ a: n(1) });
    const text = (condition: string) => `UPDATE "${table}" SET a = a + 1 ${where} AND ${condition}`;
    expect(await refusal(text("a > 1"))).toEqual(conditionFailed);
    await execute(text("(a = 1 OR b IS NOT MISSING)"));
    expect(await get(key)).toEqual({ ...key, a: n(2) });
    const answer = await call(target.endpoint, "ExecuteStatement", {
      Statement: text("a = 1"),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    expect(refusalOf(answer)).toEqual(conditionFailed);
    expect((answer.body as JsonObject)["Item"]).toEqual({ ...key, a: n(2) });
  });

  test("needs equalities on the whole key, and no others", async () => {
    const update = (where: string) => refusal(`UPDATE "${table}" SET a = 1 ${where}`);
    for (const where of [
      "",
      "WHERE pk = 'a'",
      "WHERE pk = 'a' AND sk > 'b'",
      "WHERE pk = 'a' OR sk = 'b'",
      "WHERE pk IN ['a'] AND sk = 'b'",
      "WHERE NOT (pk = 'a' AND sk = 'b')",
    ]) {
      expect(await update(where)).toEqual(keyRule);
    }
    expect(await update("WHERE pk = 'a' AND pk = 'b' AND sk = 's'")).toEqual(
      validation("Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported"),
    );
    const { key } = await given();
    const pk = `pk = '${key.pk.S}'`;
    await execute(`UPDATE "${table}" SET a = 1 WHERE ((${pk}) AND (sk = 's' AND ${pk}))`);
    expect(await get(key)).toEqual({ ...key, a: n(1) });
  });

  test("refusals in UpdateItem's words", async () => {
    expect(await updateRefusal({}, "SET pk = 'x'")).toEqual(
      invalid("Cannot update attribute pk. This attribute is part of the key"),
    );
    expect(await updateRefusal({}, "SET a = list_append(a, [1])")).toEqual(
      validation("The provided expression refers to an attribute that does not exist in the item"),
    );
    expect(await updateRefusal({ a: n(1) }, "SET a.b = 1")).toEqual(
      validation("The document path provided in the update expression is invalid for update"),
    );
    const mismatch = validation("An operand in the update expression has an incorrect data type");
    expect(await updateRefusal({ a: s("x") }, "SET a = a + 1")).toEqual(mismatch);
    expect(await updateRefusal({ a: s("x") }, "SET a = set_add(a, <<1>>)")).toEqual(mismatch);
    expect(await updateRefusal({ a: n(1) }, "SET a = a + 'x'")).toEqual(
      validation("Incorrect operand type for operator or function; operator or function: +, operand type: S"),
    );
    expect(await updateRefusal({}, "SET a = 1, a.b = 2")).toEqual(
      validation(
        "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
      ),
    );
  });

  test("refusals of set_add and set_delete", async () => {
    const of = (call: string, parameters?: readonly JsonObject[]) =>
      refusal(`UPDATE T SET a = ${call} WHERE pk = 'a'`, parameters);
    expect(await of("set_add(b, <<1>>)")).toEqual(
      validation("The first argument to SET_ADD must equal the assignment value at 1:18:7"),
    );
    expect(await of("set_delete(b, <<1>>)")).toEqual(
      validation("The first argument to SET_DELETE must equal the assignment value at 1:18:10"),
    );
    const second = validation("The second argument to SET_ADD must be a value with type SET at 1:26:1");
    expect(await of("set_add(a, [1])")).toEqual(second);
    expect(await of("set_add(a, b)")).toEqual(second);
    expect(await of("set_add(a, ?)", [n(1)])).toEqual(second);
    expect(await of("set_add(a)")).toEqual(validation("SET_ADD must have exactly two arguments at 1:18:7"));
    expect(await of("foo(a, 1)")).toEqual(validation("Unrecognized function: foo at 1:18:3"));
  });

  test("RETURNING", async () => {
    const before = { a: n(1), l: list(1, 2, 3), x: n(0) };
    const returned = async (clauses: string, returning: string) => {
      const { key, where } = await given(before);
      const found = await items(`UPDATE "${table}" ${clauses} ${where} RETURNING ${returning} *`);
      return { key, found };
    };
    const set = "SET a = 2";
    const old = await returned(set, "ALL OLD");
    expect(old.found).toEqual([{ ...old.key, ...before }]);
    const fresh = await returned(set, "ALL NEW");
    expect(fresh.found).toEqual([{ ...fresh.key, ...before, a: n(2) }]);
    expect((await returned(set, "MODIFIED OLD")).found).toEqual([{ a: n(1) }]);
    expect((await returned(set, "MODIFIED NEW")).found).toEqual([{ a: n(2) }]);
    expect((await returned("SET l[2] = 7, l[0] = 5", "modified new")).found).toEqual([{ l: list(5, 7) }]);
    expect((await returned("SET b = 1", "MODIFIED OLD")).found).toEqual([]);
    expect((await returned("REMOVE a", "MODIFIED NEW")).found).toEqual([]);
  });
});

describe("DELETE", () => {
  test("removes an item, and is content when there is none", async () => {
    const { key, where } = await given({ a: n(1) });
    const text = `DELETE FROM "${table}" ${where}`;
    expect(await execute(`${text} RETURNING ALL OLD *`)).toEqual({ Items: [{ ...key, a: n(1) }] });
    expect(await get(key)).toBeUndefined();
    expect(await execute(`${text} AND a = 1 RETURNING ALL OLD *`)).toEqual({ Items: [] });
  });

  test("on conditions beside the key, all of which is needed", async () => {
    const { key, where } = await given({ a: n(1) });
    expect(await refusal(`DELETE FROM "${table}" ${where} AND a = 2`)).toEqual(conditionFailed);
    expect(await get(key)).toEqual({ ...key, a: n(1) });
    await execute(`DELETE FROM "${table}" ${where} AND a = 1`);
    expect(await get(key)).toBeUndefined();
    expect(await refusal(`DELETE FROM "${table}"`)).toEqual(keyRule);
    expect(await refusal(`DELETE FROM "${table}" WHERE pk = 'a'`)).toEqual(keyRule);
  });
});

test("names are well-formed text, as in the other operations", async () => {
  const { key, where } = await given();
  await execute(`UPDATE "${table}" SET "a\ud800" = 1, "__proto__" = 2 ${where}`);
  expect(await items(`SELECT "a\ufffd", "__proto__" FROM "${table}" ${where}`)).toEqual([
    JSON.parse(`{"a\ufffd":{"N":"1"},"__proto__":{"N":"2"}}`),
  ]);
  expect(Object.keys((await get(key)) as JsonObject)).toContain("a\ufffd");
});

test("capacity is that of the same write otherwise", async () => {
  const value = "x".repeat(1500);
  const more = { ReturnConsumedCapacity: "TOTAL" };
  const units = async (text: string) => (await execute(text, undefined, more))["ConsumedCapacity"];
  const where = "WHERE pk = 'cost' AND sk = 's'";
  const two = { TableName: table, CapacityUnits: 2 };
  expect(await units(`INSERT INTO "${table}" VALUE {'pk': 'cost', 'sk': 's', 'v': '${value}'}`)).toEqual(two);
  expect(await units(`UPDATE "${table}" SET a = 1 ${where}`)).toEqual(two);
  expect(await units(`DELETE FROM "${table}" ${where}`)).toEqual(two);
  expect(await units(`DELETE FROM "${table}" ${where}`)).toEqual({ TableName: table, CapacityUnits: 1 });
});
