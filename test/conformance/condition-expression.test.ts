/** Condition expressions: what holds for an item. */
import { beforeAll, describe, expect, test } from "bun:test";
import { condition, ITEM, KEY } from "./condition-fixture.ts";
import { conditionFailed, useTarget } from "./target.ts";

const target = useTarget();
let table = "";

beforeAll(async () => {
  table = await target.table();
});

/** Whether a condition holds for ITEM: an update without actions is refused or leaves it as it is. */
async function holds(expression: string): Promise<boolean> {
  await target.ok("PutItem", { TableName: table, Item: { ...KEY, ...ITEM } });
  const answer = await target.call("UpdateItem", { TableName: table, Key: KEY, ...condition(expression) });
  if (answer.status === 200) return true;
  expect(answer.text).toContain("ConditionalCheckFailedException");
  return false;
}

describe("comparisons", () => {
  test.each([
    ["s = :hello", true],
    ["s <> :hello", false],
    [":hello = s", true],
    ["s = :x", false],
    ["s > :he", true],
    ["s < :x", true],
    ["n = :ten", true],
    ["n >= :ten", true],
    ["n > :ten", false],
    ["n < :eleven", true],
    ["n < :five", false],
    ["n > :two", true],
    ["b = :bytes", true],
    ["b > :byte", true],
    ["t = :true", true],
    ["z = :null", true],
    ["ss = :ss", true],
    ["ns = :ns", true],
    ["l = :list", true],
    ["m = :smap", true],
    ["l[3] = :inner", true],
    ["l[2] = :map", true],
    ["m.nested.deep[0] = :x", false],
    ["l[0] = :x", true],
    ["s = :ten", false],
    ["s <> :ten", true],
    ["s < :ten", false],
    ["s > :ten", false],
    ["gone = :x", false],
    ["gone <> :x", true],
    ["gone < :x", false],
    ["gone = nowhere", false],
    ["gone <> nowhere", true],
    ["l > gone", false],
    ["n = m.a", false],
    ["m.a < n", true],
    ["pk = :one", false],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("BETWEEN, IN and logic", () => {
  test.each([
    ["n BETWEEN :five AND :eleven", true],
    ["n between :ten and :ten", true],
    ["n BETWEEN :eleven AND :hundred", false],
    ["gone BETWEEN :five AND :eleven", false],
    ["s BETWEEN :he AND :i", true],
    ["n BETWEEN m.a AND :hundred", true],
    ["n BETWEEN s AND :hundred", false],
    [":five BETWEEN m.a AND n", true],
    ["s IN (:x, :hello)", true],
    ["s in (:x)", false],
    ["n IN (:hello, :ten)", true],
    ["gone IN (:x)", false],
    ["ss IN (:x, :ss)", true],
    ["s = :x OR n = :ten", true],
    ["s = :x AND n = :ten", false],
    ["s = :hello OR s = :x AND n = :five", true],
    ["(s = :hello OR s = :x) AND n = :five", false],
    ["NOT s = :x AND n = :ten", true],
    ["NOT (s = :x OR n = :ten)", false],
    ["NOT NOT s = :hello", true],
    ["not s = :hello or Not n = :five", true],
    ["(s = :hello)", true],
    ["(s) = :hello", true],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("functions", () => {
  test.each([
    ["attribute_exists(s)", true],
    ["attribute_exists(z)", true],
    ["attribute_exists(gone)", false],
    ["attribute_exists(m.nested.deep[0])", true],
    ["attribute_exists(m.nested.deep[1])", false],
    ["attribute_exists(s.a)", false],
    ["attribute_not_exists(gone)", true],
    ["attribute_not_exists(s)", false],
    ["attribute_type(s, :S)", true],
    ["attribute_type(s, :N)", false],
    ["attribute_type(gone, :S)", false],
    ["begins_with(s, :he)", true],
    ["begins_with(s, :x)", false],
    ["begins_with(n, :he)", false],
    ["begins_with(b, :byte)", true],
    ["begins_with(gone, :he)", false],
    ["contains(s, :he)", true],
    ["contains(s, :x)", false],
    ["contains(b, :byte)", true],
    ["contains(ss, :a)", true],
    ["contains(ss, :x)", false],
    ["contains(ns, :one)", true],
    ["contains(ns, :a)", false],
    ["contains(bs, :byte)", true],
    ["contains(l, :x)", true],
    ["contains(l, :one)", true],
    ["contains(l, :map)", true],
    ["contains(l, :inner)", true],
    ["contains(l, :hello)", false],
    ["contains(n, :one)", false],
    ["contains(gone, :a)", false],
    ["size(s) = :five", true],
    ["size(u) = :four", true],
    ["size(b) > :two", true],
    ["size(ss) = :two", true],
    ["size(l) < :five", true],
    ["size(m) = :two", true],
    ["size(blank) < :one", true],
    ["size(n) = :two", false],
    ["size(n) <> :two", true],
    ["size(gone) <> :two", true],
    ["size(gone) < :hundred", false],
    ["size(ss) BETWEEN :one AND :two", true],
    ["size(ss) IN (:one, :two)", true],
    ["size(ss) = size(m)", true],
  ])("%s: %p", async (expression, expected) => {
    expect(await holds(expression)).toBe(expected);
  });
});

describe("an absent item has no attributes", () => {
  test.each([
    ["attribute_exists(pk)", false],
    ["attribute_not_exists(pk)", true],
    ["pk = :x", false],
    ["pk <> :x", true],
    ["NOT pk = :x", true],
  ])("%s: %p", async (expression, expected) => {
    const answer = await target.call("DeleteItem", {
      TableName: table,
      Key: { pk: { S: "absent" } },
      ...condition(expression),
    });
    expect(answer.status).toBe(expected ? 200 : 400);
    if (!expected) expect(answer.text).toContain(conditionFailed.message);
  });
});
