/** UpdateItem: what each clause does, what it returns, what it creates, what fails against a stored item. */
import { beforeAll, describe, expect, test } from "bun:test";
import { conditionFailed, invalid, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

let serial = 0;
const freshKey = () => {
  serial += 1;
  return { pk: { S: `k${serial}` } };
};

const n = (value: number) => ({ N: String(value) });
const s = (value: string) => ({ S: value });
const list = (...values: JsonObject[]) => ({ L: values });

interface Update {
  readonly expression?: string;
  readonly values?: JsonObject;
  readonly names?: JsonObject;
  readonly more?: JsonObject;
}

const request = (Key: JsonObject, { expression, values, names, more }: Update) => ({
  TableName: table,
  Key,
  ...(expression === undefined ? {} : { UpdateExpression: expression }),
  ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  ...more,
});

const get = async (Key: JsonObject) => (await target.ok("GetItem", { TableName: table, Key }))["Item"];

/** Stores `before` (unless undefined) under a fresh key, updates it, and returns the item without its key. */
async function updated(before: JsonObject | undefined, update: Update): Promise<unknown> {
  const key = freshKey();
  if (before !== undefined) await target.ok("PutItem", { TableName: table, Item: { ...key, ...before } });
  await target.ok("UpdateItem", request(key, update));
  const item = (await get(key)) as JsonObject | undefined;
  if (item === undefined) return undefined;
  const { pk, ...rest } = item;
  expect(pk).toEqual(key.pk);
  return rest;
}

/** As `updated`, for an update that must be refused; also checks that the item is unchanged. */
async function refused(before: JsonObject | undefined, update: Update): Promise<unknown> {
  const key = freshKey();
  if (before !== undefined) await target.ok("PutItem", { TableName: table, Item: { ...key, ...before } });
  const stored = await get(key);
  const refusal = await target.refusal("UpdateItem", request(key, update));
  expect(await get(key)).toEqual(stored as never);
  return refusal;
}

type Case = readonly [title: string, before: JsonObject | undefined, update: Update, after: unknown];

const cases = (table: readonly Case[]) =>
  test.each(table)("%s", async (_, before, update, after) => {
    expect(await updated(before, update)).toEqual(after as never);
  });

describe("SET", () => {
  cases([
    ["a new attribute", {}, { expression: "SET a = :v", values: { ":v": s("x") } }, { a: s("x") }],
    [
      "over an attribute of another type",
      { a: n(1) },
      { expression: "set a = :v", values: { ":v": s("x") } },
      { a: s("x") },
    ],
    [
      "an item that is absent",
      undefined,
      { expression: "SET a = :v", values: { ":v": s("x") } },
      { a: s("x") },
    ],
    [
      "several",
      { b: n(1) },
      { expression: "SET a = :v, b = :w", values: { ":v": n(1), ":w": n(2) } },
      { a: n(1), b: n(2) },
    ],
    ["from another attribute", { a: n(1) }, { expression: "SET b = a" }, { a: n(1), b: n(1) }],
    [
      "right-hand sides read the item as it was",
      { a: n(1), b: n(2) },
      { expression: "SET a = b, b = a" },
      { a: n(2), b: n(1) },
    ],
    ["from the key", {}, { expression: "SET a = pk REMOVE b" }, { a: expect.anything() }],
    ["plus", { a: n(5) }, { expression: "SET a = a + :v", values: { ":v": n(3) } }, { a: n(8) }],
    ["minus", { a: n(5) }, { expression: "SET a = :v - a", values: { ":v": n(3) } }, { a: n(-2) }],
    [
      "arithmetic in parentheses",
      { a: n(5) },
      { expression: "SET a = (a + :v)", values: { ":v": n(3) } },
      { a: n(8) },
    ],
    [
      "exact decimals",
      { a: { N: "0.1" } },
      { expression: "SET a = a + :v", values: { ":v": { N: "0.2" } } },
      { a: { N: "0.3" } },
    ],
    [
      "38 digits",
      { a: { N: "99999999999999999999999999999999999998" } },
      { expression: "SET a = a + :v", values: { ":v": n(1) } },
      { a: { N: "99999999999999999999999999999999999999" } },
    ],
    [
      "if_not_exists, absent and present",
      { a: n(1) },
      {
        expression: "SET a = if_not_exists(a, :v), b = if_not_exists(b, :v), c = if_not_exists(a, :v)",
        values: { ":v": n(9) },
      },
      { a: n(1), b: n(9), c: n(1) },
    ],
    [
      "if_not_exists in arithmetic",
      {},
      { expression: "SET a = if_not_exists(a, :zero) + :one", values: { ":zero": n(0), ":one": n(1) } },
      { a: n(1) },
    ],
    [
      "nested if_not_exists",
      { b: n(2) },
      { expression: "SET c = if_not_exists(a, if_not_exists(b, :v))", values: { ":v": n(9) } },
      { b: n(2), c: n(2) },
    ],
    [
      "list_append at either end",
      { a: list(n(2)) },
      { expression: "SET a = list_append(a, :v), b = list_append(:v, a)", values: { ":v": list(n(3)) } },
      { a: list(n(2), n(3)), b: list(n(3), n(2)) },
    ],
    [
      "list_append to what may be absent",
      {},
      {
        expression: "SET a = list_append(if_not_exists(a, :e), :v)",
        values: { ":e": list(), ":v": list(n(1)) },
      },
      { a: list(n(1)) },
    ],
    [
      "functions on both sides",
      { a: n(2) },
      {
        expression: "SET b = if_not_exists(a, :z) + if_not_exists(c, :o)",
        values: { ":z": n(0), ":o": n(1) },
      },
      { a: n(2), b: n(3) },
    ],
    [
      "a nested path",
      { m: { M: { a: n(1), b: { M: {} } } } },
      { expression: "SET m.a = :v, m.b.c = :v, m.d = :v", values: { ":v": n(2) } },
      { m: { M: { a: n(2), b: { M: { c: n(2) } }, d: n(2) } } },
    ],
    [
      "list elements",
      { l: list(n(0), n(1), { M: { a: n(2) } }) },
      { expression: "SET l[1] = :v, l[2].a = :v", values: { ":v": n(9) } },
      { l: list(n(0), n(9), { M: { a: n(9) } }) },
    ],
    [
      "beyond the end of a list: appended in order of the indexes, no padding",
      { l: list(n(0)) },
      { expression: "SET l[9] = :b, l[5] = :a", values: { ":a": n(5), ":b": n(9) } },
      { l: list(n(0), n(5), n(9)) },
    ],
    [
      "through names",
      { "a.b": n(1) },
      { expression: "SET #n = #n + :v", names: { "#n": "a.b" }, values: { ":v": n(1) } },
      { "a.b": n(2) },
    ],
    [
      "a copy of a document",
      { m: { M: { a: list(n(1)) } } },
      { expression: "SET c = m.a, d = m" },
      { m: { M: { a: list(n(1)) } }, c: list(n(1)), d: { M: { a: list(n(1)) } } },
    ],
    [
      "empty values",
      {},
      { expression: "SET a = :s, b = :l, c = :m", values: { ":s": s(""), ":l": list(), ":m": { M: {} } } },
      { a: s(""), b: list(), c: { M: {} } },
    ],
  ]);
});

describe("REMOVE", () => {
  cases([
    ["attributes", { a: n(1), b: n(2), c: n(3) }, { expression: "REMOVE a, c" }, { b: n(2) }],
    ["what is absent", { b: n(2) }, { expression: "REMOVE a" }, { b: n(2) }],
    ["from an absent item: creates nothing", undefined, { expression: "REMOVE a" }, undefined],
    ["any path from an absent item", undefined, { expression: "REMOVE a.b[0].c" }, undefined],
    ["nested", { m: { M: { a: n(1), b: n(2) } } }, { expression: "REMOVE m.a" }, { m: { M: { b: n(2) } } }],
    ["the last member of a map", { m: { M: { a: n(1) } } }, { expression: "REMOVE m.a" }, { m: { M: {} } }],
    ["a leaf that its map does not have", { m: { M: {} } }, { expression: "REMOVE m.a" }, { m: { M: {} } }],
    [
      "list elements shift",
      { l: list(n(0), n(1), n(2), n(3)) },
      { expression: "REMOVE l[1], l[2]" },
      { l: list(n(0), n(3)) },
    ],
    ["the last element of a list", { l: list(n(0)) }, { expression: "REMOVE l[0]" }, { l: list() }],
    ["beyond the end of a list", { l: list(n(0)) }, { expression: "REMOVE l[7]" }, { l: list(n(0)) }],
    [
      "indexes mean the positions before the update",
      { l: list(n(0), n(1), n(2), n(3)) },
      { expression: "REMOVE l[1] SET l[3] = :v", values: { ":v": n(9) } },
      { l: list(n(0), n(2), n(9)) },
    ],
    ["while another clause reads it", { a: n(1) }, { expression: "REMOVE a SET b = a" }, { b: n(1) }],
  ]);
});

describe("ADD", () => {
  cases([
    ["to a number", { a: n(5) }, { expression: "ADD a :v", values: { ":v": n(-7) } }, { a: n(-2) }],
    ["a number that is absent", {}, { expression: "ADD a :v", values: { ":v": n(5) } }, { a: n(5) }],
    ["to an absent item", undefined, { expression: "ADD a :v", values: { ":v": n(5) } }, { a: n(5) }],
    [
      "to a set",
      { a: { NS: ["1"] } },
      { expression: "ADD a :v", values: { ":v": { NS: ["1.0", "2"] } } },
      { a: { NS: ["1", "2"] } },
    ],
    [
      "a set that is absent",
      {},
      { expression: "ADD a :v", values: { ":v": { SS: ["x"] } } },
      { a: { SS: ["x"] } },
    ],
    [
      "nested",
      { m: { M: { a: n(1) } } },
      { expression: "ADD m.a :v, m.b :v", values: { ":v": n(1) } },
      { m: { M: { a: n(2), b: n(1) } } },
    ],
  ]);
});

describe("DELETE", () => {
  cases([
    [
      "members of a set",
      { a: { SS: ["a", "b", "c"] } },
      { expression: "DELETE a :v", values: { ":v": { SS: ["b", "x"] } } },
      { a: { SS: ["a", "c"] } },
    ],
    [
      "by value, not by spelling",
      { a: { NS: ["1", "2"] } },
      { expression: "DELETE a :v", values: { ":v": { NS: ["1.00"] } } },
      { a: { NS: ["2"] } },
    ],
    [
      "the last members: the attribute goes",
      { a: { BS: ["AQ=="] }, b: n(1) },
      { expression: "DELETE a :v", values: { ":v": { BS: ["AQ=="] } } },
      { b: n(1) },
    ],
    [
      "from what is absent",
      { b: n(1) },
      { expression: "DELETE a :v", values: { ":v": { SS: ["a"] } } },
      { b: n(1) },
    ],
    [
      "from an absent item: creates nothing",
      undefined,
      { expression: "DELETE a :v", values: { ":v": { SS: ["a"] } } },
      undefined,
    ],
  ]);
});

describe("no expression, several clauses", () => {
  cases([
    ["nothing to do creates the item", undefined, {}, {}],
    ["nothing to do leaves the item", { a: n(1) }, {}, { a: n(1) }],
    [
      "all four clauses in any order",
      { a: n(1), b: n(2), c: n(3), d: { SS: ["x", "y"] } },
      {
        expression: "DELETE d :d REMOVE b ADD c :c SET a = :a",
        values: { ":a": n(9), ":c": n(1), ":d": { SS: ["x"] } },
      },
      { a: n(9), c: n(4), d: { SS: ["y"] } },
    ],
  ]);
});

describe("refused against the item", () => {
  const PATH = validation("The document path provided in the update expression is invalid for update");
  const ABSENT = validation("The provided expression refers to an attribute that does not exist in the item");
  const TYPE = validation("An operand in the update expression has an incorrect data type");
  const OVERFLOW = validation(
    "Number overflow. Attempting to store a number with magnitude larger than supported range",
  );
  const UNDERFLOW = validation(
    "Number underflow. Attempting to store a number with magnitude smaller than supported range",
  );
  const one = { ":v": n(1) };
  test.each<Case>([
    ["SET below a missing parent", {}, { expression: "SET a.b = :v", values: one }, PATH],
    ["SET below a scalar", { a: n(1) }, { expression: "SET a.b = :v", values: one }, PATH],
    ["SET an index of a map", { a: { M: {} } }, { expression: "SET a[0] = :v", values: one }, PATH],
    ["SET a member of a list", { a: list(n(1)) }, { expression: "SET a.b = :v", values: one }, PATH],
    ["SET below an absent item", undefined, { expression: "SET a.b = :v", values: one }, PATH],
    ["REMOVE below a missing parent", {}, { expression: "REMOVE a.b" }, PATH],
    ["REMOVE an index of a map", { a: { M: {} } }, { expression: "REMOVE a[0]" }, PATH],
    ["ADD below a missing parent", {}, { expression: "ADD a.b :v", values: one }, PATH],
    ["a missing operand", {}, { expression: "SET a = b" }, ABSENT],
    ["a missing operand of arithmetic", {}, { expression: "SET a = a + :v", values: one }, ABSENT],
    [
      "a missing operand of list_append",
      {},
      { expression: "SET a = list_append(a, :v)", values: { ":v": list() } },
      ABSENT,
    ],
    ["what another action of the update sets", {}, { expression: "SET x = :v, y = x", values: one }, ABSENT],
    ["plus a string", { a: s("x") }, { expression: "SET a = a + :v", values: one }, TYPE],
    [
      "list_append to a number",
      { a: n(1) },
      { expression: "SET a = list_append(a, :v)", values: { ":v": list() } },
      TYPE,
    ],
    ["ADD to a string", { a: s("x") }, { expression: "ADD a :v", values: one }, TYPE],
    [
      "ADD to a set of another type",
      { a: { SS: ["x"] } },
      { expression: "ADD a :v", values: { ":v": { NS: ["1"] } } },
      TYPE,
    ],
    [
      "DELETE from a number",
      { a: n(1) },
      { expression: "DELETE a :v", values: { ":v": { SS: ["x"] } } },
      TYPE,
    ],
    ["a sum beyond the range", { a: { N: "9E125" } }, { expression: "SET a = a + a" }, OVERFLOW],
    [
      "a sum of more than 38 digits",
      { a: { N: "1E50" } },
      { expression: "SET a = a + :v", values: one },
      OVERFLOW,
    ],
    [
      "ADD beyond the range",
      { a: { N: "9E125" } },
      { expression: "ADD a :v", values: { ":v": { N: "9E125" } } },
      OVERFLOW,
    ],
    [
      "a difference below the range",
      { a: { N: "1.1E-129" } },
      { expression: "SET a = a - :v", values: { ":v": { N: "1.09E-129" } } },
      UNDERFLOW,
    ],
  ])("%s", async (_, before, update, after) => {
    expect(await refused(before, update)).toEqual(after as never);
  });

  test("a failed condition wins over a failing update", async () => {
    expect(
      await refused(
        { a: s("x") },
        {
          expression: "SET a = a + :v",
          values: one,
          more: { ConditionExpression: "attribute_exists(b)" },
        },
      ),
    ).toEqual(conditionFailed);
  });

  test("one failing action leaves the others undone", async () => {
    expect(
      await refused({ a: n(1) }, { expression: "SET a = :v, b.c = :v", values: { ":v": n(2) } }),
    ).toEqual(PATH);
  });
});

describe("keys", () => {
  const part = (name: string) =>
    invalid(`Cannot update attribute ${name}. This attribute is part of the key`);
  test.each([
    ["SET pk = :v", part("pk")],
    ["REMOVE pk", part("pk")],
    ["ADD pk :v", part("pk")],
  ])("%s", async (expression, expected) => {
    const values = expression.includes(":v") ? { values: { ":v": n(1) } } : {};
    expect(await refused({ a: n(1) }, { expression, ...values })).toEqual(expected);
  });

  test("a path below a key", async () => {
    const refusal = await refused({}, { expression: "SET pk.a = :v", values: { ":v": n(1) } });
    expect([
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
      ),
      part("pk"),
    ]).toContainEqual(refusal as never);
  });
});

describe("concurrent updates", () => {
  test("no increment is lost", async () => {
    const key = freshKey();
    await Promise.all(
      Array.from({ length: 100 }, () =>
        target.ok("UpdateItem", request(key, { expression: "ADD c :v", values: { ":v": n(1) } })),
      ),
    );
    expect(await get(key)).toEqual({ ...key, c: n(100) });
  });
});
