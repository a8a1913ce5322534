/** SELECT in pages: Limit, NextToken and what a token belongs to. */
import { beforeAll, describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { n, Statements, s } from "./partiql.ts";
import { type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
const { execute, refusal } = new Statements(target);

let table = "";
let all = "";
const PARTITIONS = ["a", "b", "c"];
const SORTS = ["1", "2", "3", "4"];

beforeAll(async () => {
  table = await target.table({ range: "sk:S" });
  all = `SELECT pk, sk FROM "${table}"`;
  for (const pk of PARTITIONS) {
    for (const sk of SORTS) {
      await target.ok("PutItem", { TableName: table, Item: { pk: s(pk), sk: s(sk), v: n(sk) } });
    }
  }
});

function tokenOf(answer: JsonObject): string {
  const token = answer["NextToken"];
  assert(typeof token === "string", `no token in ${JSON.stringify(answer)}`);
  return token;
}

/** The keys on each page of a statement. */
async function pages(statement: string, limits: readonly number[], parameters?: readonly JsonObject[]) {
  const found: string[] = [];
  let more: JsonObject = {};
  for (let page = 0; ; page += 1) {
    const Limit = limits[page % limits.length] ?? 1;
    const answer = await execute(statement, parameters, { Limit, ...more });
    const rows = answer["Items"] as readonly { pk: { S: string }; sk: { S: string } }[];
    found.push(rows.map(({ pk, sk }) => pk.S + sk.S).join(" "));
    if (answer["NextToken"] === undefined) return found;
    more = { NextToken: tokenOf(answer) };
  }
}

describe("pages", () => {
  test("of a partition, in both directions", async () => {
    expect(await pages(`${all} WHERE pk = 'a'`, [3])).toEqual(["a1 a2 a3", "a4"]);
    expect(await pages(`${all} WHERE pk = ? ORDER BY sk DESC`, [3], [s("a")])).toEqual(["a4 a3 a2", "a1"]);
  });

  test("of several partitions and ranges, whatever the limits", async () => {
    const where = "pk IN ['a', 'b'] AND (sk < '2' OR sk > '3')";
    expect(await pages(`${all} WHERE ${where}`, [1])).toEqual(["a1", "a4", "b1", "b4", ""]);
    expect(await pages(`${all} WHERE ${where}`, [3])).toEqual(["a1 a4 b1", "b4"]);
    expect(await pages(`${all} WHERE ${where}`, [2, 1])).toEqual(["a1 a4", "b1", "b4"]);
    const backwards = `${all} WHERE ${where} ORDER BY pk DESC, sk DESC`;
    expect(await pages(backwards, [3])).toEqual(["b4 b1 a4", "a1"]);
  });

  test("of a scan: Limit counts what is looked at, not what is found", async () => {
    const found = await pages(`${all} WHERE v = 2`, [2]);
    expect(found.length).toBe(7);
    expect(found.join(" ").split(" ").filter(Boolean).sort()).toEqual(["a2", "b2", "c2"]);
    const whole = await pages(all, [5]);
    expect(whole.join(" ").split(" ").filter(Boolean).length).toBe(12);
  });

  test("tell the last key as well", async () => {
    const answer = await execute(`${all} WHERE pk = 'a'`, undefined, { Limit: 2 });
    expect(answer["LastEvaluatedKey"]).toEqual({ pk: s("a"), sk: s("2") });
  });

  test("end at 1 MB", async () => {
    const big = await target.table({ range: "sk:N" });
    for (let sk = 0; sk < 4; sk += 1) {
      await target.ok("PutItem", {
        TableName: big,
        Item: { pk: s(sk < 2 ? "a" : "b"), sk: n(sk), v: s("x".repeat(390_000)) },
      });
    }
    const answer = await execute(`SELECT sk FROM "${big}" WHERE pk IN ['a', 'b']`);
    expect(answer["Items"]).toEqual([{ sk: n(0) }, { sk: n(1) }, { sk: n(2) }]);
    const rest = await execute(`SELECT sk FROM "${big}" WHERE pk IN ['a', 'b']`, undefined, {
      NextToken: tokenOf(answer),
    });
    expect(rest).toEqual({ Items: [{ sk: n(3) }] });
  });
});

describe("a token", () => {
  test("belongs to its statement and parameters", async () => {
    const statement = `${all} WHERE pk = ?`;
    const token = tokenOf(await execute(statement, [s("a")], { Limit: 1 }));
    const mismatch = validation("NextToken does not match request");
    const NextToken = token;
    expect(await execute(statement, [s("a")], { NextToken, Limit: 1 })).toMatchObject({
      Items: [{ pk: s("a"), sk: s("2") }],
    });
    expect(await refusal(statement, [s("b")], { NextToken })).toEqual(mismatch);
    expect(await refusal(`${all} WHERE pk = 'a'`, undefined, { NextToken })).toEqual(mismatch);
    expect(await refusal(all, undefined, { NextToken })).toEqual(mismatch);
    const insertion = `INSERT INTO "${table}" VALUE {'pk': 'x', 'sk': 'x'}`;
    expect(await refusal(insertion, undefined, { NextToken })).toEqual(mismatch);
  });

  test("that is none is refused", async () => {
    const token = tokenOf(await execute(all, undefined, { Limit: 1 }));
    for (const NextToken of [
      "x",
      "not a token",
      token.slice(0, -4),
      `${token.slice(0, 30)}A${token.slice(31)}`,
    ]) {
      if (NextToken === token) continue;
      expect(await refusal(all, undefined, { NextToken })).toEqual(validation("Invalid NextToken"));
    }
  });
});
