/** SELECT through ExecuteStatement: what it finds, in which order, in which shape. */
import { beforeAll, describe, expect, test } from "bun:test";
import { n, Statements, s } from "./partiql.ts";
import { type JsonObject, useTarget } from "./target.ts";

const target = useTarget();
const { execute, items } = new Statements(target);

let table = "";

const item = (pk: string, sk: string, more: JsonObject = {}) => ({ pk: s(pk), sk: s(sk), ...more });

const m = { M: { k: { L: [n(1), n(2)] }, deep: { M: { x: s("y") } } } };

const a1 = item("a", "1", {
  flag: s("one"),
  count: n(1),
  m,
  l: { L: [s("p"), s("q")] },
  tags: { SS: ["blue", "red"] },
  nothing: { NULL: true },
});
const a2 = item("a", "2", { flag: s("two"), n: n("2.5"), yes: { BOOL: true } });
const a3 = item("a", "3", { flag: s("one"), n: n(10), yes: { BOOL: false }, "odd.name": s("x") });
const b1 = item("b", "1", { flag: s("one"), bytes: { B: "AQI=" } });
const b2 = item("b", "2", { n: n(-1) });

beforeAll(async () => {
  table = await target.table({ range: "sk:S" });
  for (const Item of [a1, a2, a3, b1, b2]) await target.ok("PutItem", { TableName: table, Item });
});

/** The sort keys of what a condition selects in partition a. */
const inA = async (condition: string, parameters?: readonly JsonObject[]) => {
  const found = (await items(
    `SELECT sk FROM "${table}" WHERE pk = 'a' AND (${condition})`,
    parameters,
  )) as readonly { sk: { S: string } }[];
  return found.map(({ sk }) => sk.S).join("");
};

/** What a condition selects in all of the table, as `pk sk`, sorted. */
const anywhere = async (condition: string, parameters?: readonly JsonObject[]) => {
  const found = (await items(`SELECT pk, sk FROM "${table}" WHERE ${condition}`, parameters)) as readonly {
    pk: { S: string };
    sk: { S: string };
  }[];
  return found.map(({ pk, sk }) => pk.S + sk.S).sort();
};

describe("what it finds", () => {
  test("one item by its key; nothing where there is none", async () => {
    expect(await execute(`SELECT * FROM "${table}" WHERE pk = 'a' AND sk = '1'`)).toEqual({ Items: [a1] });
    expect(await execute(`SELECT * FROM "${table}" WHERE pk = 'z' AND sk = '1'`)).toEqual({ Items: [] });
    expect(await items(`SELECT * FROM "${table}" WHERE '1' = sk AND 'a' = pk`)).toEqual([a1]);
  });

  test("a partition in the order of its sort keys; all items without a condition", async () => {
    expect(await items(`SELECT * FROM "${table}" WHERE pk = 'a'`)).toEqual([a1, a2, a3]);
    expect(((await items(`SELECT * FROM "${table}"`)) as unknown[]).length).toBe(5);
  });

  test("parameters are counted from left to right", async () => {
    expect(await items(`SELECT * FROM "${table}" WHERE pk = ? AND sk = ?`, [s("a"), s("2")])).toEqual([a2]);
    expect(await inA("sk IN [?, ?]", [s("3"), s("1")])).toBe("13");
  });

  test("keywords and functions are read in any case, names are not; comments, white space, a semicolon", async () => {
    const text = `select /* all
      of */ sk from "${table}" -- the table
      wHeRe pk = 'a' and BEGINS_WITH(flag, 'tw') ;`;
    expect(await items(text)).toEqual([{ sk: s("2") }]);
    expect(await anywhere("PK = 'a'")).toEqual([]);
    expect(await inA("n--1\n = 10")).toBe("3");
  });

  test("ranges of sort keys", async () => {
    expect(await inA("sk > '1'")).toBe("23");
    expect(await inA("sk >= '2' AND sk < '3'")).toBe("2");
    expect(await inA("'2' <= sk")).toBe("23");
    expect(await inA("sk BETWEEN '2' AND '3'")).toBe("23");
    expect(await inA("begins_with(sk, '3')")).toBe("3");
    expect(await inA("sk < '1' OR sk > '1' OR sk = '1'")).toBe("123");
    expect(await inA("sk = '3' OR sk = '1'")).toBe("13");
    expect(await inA("sk > '2' AND sk < '2'")).toBe("");
    expect(await inA("NOT sk = '1'")).toBe("23");
    expect(await inA("sk <> '1'")).toBe("23");
    expect(await inA("sk != '1'")).toBe("23");
    expect(await inA("sk > 1")).toBe("");
  });

  test("several partitions", async () => {
    expect(await items(`SELECT pk, sk FROM "${table}" WHERE pk IN ['b', 'a'] AND sk = '1'`)).toEqual([
      { pk: s("a"), sk: s("1") },
      { pk: s("b"), sk: s("1") },
    ]);
    expect(await anywhere("(pk = 'a' AND sk > '2') OR (pk = 'b' AND sk < '2')")).toEqual(["a3", "b1"]);
    expect(await anywhere("pk = 'a' AND pk = 'b'")).toEqual([]);
    expect(await anywhere("pk IN ('a', 'b') AND pk IN ('b', 'c')")).toEqual(["b1", "b2"]);
    expect(await anywhere("pk = 'b' OR flag = 'two'")).toEqual(["a2", "b1", "b2"]);
  });
});

describe("conditions", () => {
  test("comparisons, of numbers by value, of what differs in type never", async () => {
    expect(await inA("n = 2.50")).toBe("2");
    expect(await inA("n > 1E1 OR n = 1e1")).toBe("3");
    expect(await inA("n < '3'")).toBe("");
    expect(await inA("n BETWEEN 2 AND 3")).toBe("2");
    expect(await inA("n NOT BETWEEN 2 AND 3")).toBe("13");
    expect(await anywhere("n = - 1")).toEqual(["b2"]);
    expect(await anywhere("n = - - - 1 AND pk = 'b'")).toEqual(["b2"]);
    expect(await inA("n = +10")).toBe("3");
    expect(await inA("n <> 10")).toBe("12");
    expect(await anywhere("bytes = ?", [{ B: "AQI=" }])).toEqual(["b1"]);
    expect(await inA("yes = true")).toBe("2");
    expect(await inA("nothing = NULL")).toBe("1");
  });

  test("sets, lists and maps as constants", async () => {
    expect(await inA("tags = <<'red', 'blue'>>")).toBe("1");
    expect(await inA("l = ['p', 'q']")).toBe("1");
    expect(await inA("l = ['q', 'p']")).toBe("");
    expect(await inA(`m = {'deep': {'x': 'y'}, "k": [1, 2]}`)).toBe("1");
  });

  test("AND binds closer than OR, NOT closer than AND", async () => {
    expect(await inA("flag = 'one' AND n = 10 OR flag = 'two' AND yes = true")).toBe("23");
    expect(await inA("NOT flag = 'one' AND yes = true")).toBe("2");
    expect(await inA("NOT (flag = 'one' AND sk = '1')")).toBe("23");
    expect(await inA("NOT NOT flag = 'two'")).toBe("2");
  });

  test("IS NULL, IS MISSING and their opposites", async () => {
    expect(await inA("nothing IS NULL")).toBe("1");
    expect(await inA("nothing IS NOT NULL")).toBe("23");
    expect(await inA("nothing IS MISSING")).toBe("23");
    expect(await inA("nothing IS NOT MISSING")).toBe("1");
    expect(await inA("m.deep.x IS NOT MISSING")).toBe("1");
  });

  test("functions", async () => {
    expect(await inA("contains(flag, 'n')")).toBe("13");
    expect(await inA("contains(tags, 'red')")).toBe("1");
    expect(await inA("contains(l, 'q')")).toBe("1");
    expect(await inA("attribute_type(n, 'N')")).toBe("23");
    expect(await inA("attribute_exists(m.k[1])")).toBe("1");
    expect(await inA("attribute_not_exists(n)")).toBe("1");
    expect(await inA("size(l) = 2")).toBe("1");
    expect(await inA("SIZE(flag) >= 3")).toBe("123");
    expect(await inA("size(tags) BETWEEN 1 AND 2")).toBe("1");
  });

  test("a condition is compared as a boolean", async () => {
    expect(await inA("attribute_exists(n) = false")).toBe("1");
    expect(await inA("(n BETWEEN 0 AND 5) = true")).toBe("2");
    expect(await inA("attribute_exists(n) IN [true, false]")).toBe("123");
    expect(await inA("attribute_exists(n) = yes")).toBe("2");
    expect(await inA("NOT attribute_exists(n) = false")).toBe("23");
  });

  test("nested paths and quoted names", async () => {
    expect(await inA("m.k[0] = 1")).toBe("1");
    expect(await inA("l[1] = 'q'")).toBe("1");
    expect(await inA("l[-0] = 'p'")).toBe("1");
    expect(await inA(`"odd.name" = 'x'`)).toBe("3");
    expect(await inA(`"count" = 1`)).toBe("1");
    expect(await inA("year IS MISSING AND name IS MISSING AND status IS MISSING")).toBe("123");
  });

  test("a quote in a string is doubled", async () => {
    await execute(`INSERT INTO "${table}" VALUE {'pk': 'quotes', 'sk': 'it''s', 'v': '-- no comment'}`);
    expect(await items(`SELECT v FROM "${table}" WHERE pk = 'quotes' AND sk = 'it''s'`)).toEqual([
      { v: s("-- no comment") },
    ]);
    await execute(`DELETE FROM "${table}" WHERE pk = 'quotes' AND sk = 'it''s'`);
  });
});

describe("projection", () => {
  test("is flat, each value under the last name of its path", async () => {
    const select = `FROM "${table}" WHERE pk = 'a' AND sk = '1'`;
    expect(await items(`SELECT m.deep.x, flag ${select}`)).toEqual([{ x: s("y"), flag: s("one") }]);
    expect(await items(`SELECT l[0], m.k[1] ${select}`)).toEqual([{ "l[0]": s("p"), "k[1]": n(2) }]);
    expect(await items(`SELECT m ${select}`)).toEqual([{ m }]);
  });

  test("leaves out what is missing, down to empty items", async () => {
    expect(await items(`SELECT yes, l[7] FROM "${table}" WHERE pk = 'a'`)).toEqual([
      {},
      { yes: { BOOL: true } },
      { yes: { BOOL: false } },
    ]);
  });
});

describe("ORDER BY", () => {
  const keys = async (rest: string) =>
    (
      (await items(`SELECT pk, sk FROM "${table}" WHERE ${rest}`)) as {
        pk: { S: string };
        sk: { S: string };
      }[]
    )
      .map(({ pk, sk }) => pk.S + sk.S)
      .join(" ");

  test("the sort key of one partition", async () => {
    expect(await keys("pk = 'a' ORDER BY sk")).toBe("a1 a2 a3");
    expect(await keys("pk = 'a' ORDER BY sk ASC")).toBe("a1 a2 a3");
    expect(await keys("pk = 'a' ORDER BY sk DESC")).toBe("a3 a2 a1");
    expect(await keys("pk = 'a' AND sk IN ['1', '3'] ORDER BY sk DESC")).toBe("a3 a1");
  });

  test("several partitions", async () => {
    expect(await keys("pk IN ['a', 'b'] ORDER BY pk DESC, sk ASC")).toBe("b1 b2 a1 a2 a3");
    expect(await keys("pk IN ['a', 'b'] ORDER BY pk ASC, sk DESC")).toBe("a3 a2 a1 b2 b1");
  });

  test("of the partition key alone turns the order inside partitions around", async () => {
    expect(await keys("pk IN ['a', 'b'] ORDER BY pk ASC")).toBe("a3 a2 a1 b2 b1");
    expect(await keys("pk IN ['a', 'b'] ORDER BY pk DESC")).toBe("b2 b1 a3 a2 a1");
  });
});

describe("capacity", () => {
  test("counts what was looked at, half of it for eventually consistent reads", async () => {
    const text = `SELECT * FROM "${table}" WHERE pk = 'a'`;
    const told = async (more: JsonObject) => (await execute(text, undefined, more))["ConsumedCapacity"];
    expect(await told({ ReturnConsumedCapacity: "TOTAL" })).toEqual({ TableName: table, CapacityUnits: 0.5 });
    expect(await told({ ReturnConsumedCapacity: "INDEXES", ConsistentRead: true })).toEqual({
      TableName: table,
      CapacityUnits: 1,
      Table: { CapacityUnits: 1 },
    });
    expect(await told({})).toBeUndefined();
  });
});
