/** ListTables: order, pages, limits. */
import { beforeAll, describe, expect, test } from "bun:test";
import { paginateListTables } from "@aws-sdk/client-dynamodb";
import { createTableInput, useTarget, violated } from "./target.ts";

const target = useTarget();

/** All names start with it, after the names of other tests, and sort as their suffixes do. */
let prefix = "";
const SUFFIXES = ["-a", ".b", "A", "B", "_c", "a", "aa", "b"];

beforeAll(async () => {
  prefix = target.freshName("zz-conformance-");
  target.cleanUp(mine());
  for (const suffix of [...SUFFIXES].reverse()) {
    await target.ok("CreateTable", createTableInput(prefix + suffix));
  }
});

const mine = () => SUFFIXES.map((suffix) => prefix + suffix);

/** The page after a name that sorts right before all of ours. */
const page = async (Limit: number, after = prefix) =>
  await target.ok("ListTables", { Limit, ExclusiveStartTableName: after });

describe("pages", () => {
  test("names in the order of their bytes", async () => {
    expect((await page(SUFFIXES.length))["TableNames"]).toEqual(mine());
  });

  test("one after the other, each starting after the last name of the one before", async () => {
    let last: unknown = prefix;
    const names: unknown[] = [];
    for (let at = 0; at < 4; at += 1) {
      const { TableNames, LastEvaluatedTableName } = await page(2, String(last));
      expect(TableNames).toHaveLength(2);
      names.push(...(TableNames as readonly string[]));
      last = LastEvaluatedTableName ?? names.at(-1);
      expect(last).toBe(names.at(-1) as string);
    }
    expect(names).toEqual(mine());
  });

  test("a start that is no table's name", async () => {
    expect((await page(1, `${prefix}A0`))["TableNames"]).toEqual([`${prefix}B`]);
  });

  test("no last name when the page ends at the last table", async () => {
    const after = `${prefix}aa`;
    const { TableNames, LastEvaluatedTableName } = await target.ok("ListTables", {
      ExclusiveStartTableName: after,
    });
    expect(TableNames).toEqual([`${prefix}b`]);
    expect(LastEvaluatedTableName).toBeUndefined();
    const exact = await page(1, after);
    expect(exact["LastEvaluatedTableName"]).toBeUndefined();
  });

  test("a last name when there are more", async () => {
    expect((await page(3))["LastEvaluatedTableName"]).toBe(`${prefix}A`);
  });

  test("beyond the end", async () => {
    expect(await target.ok("ListTables", { ExclusiveStartTableName: "zzzzzzzz" })).toEqual({
      TableNames: [],
    });
  });

  test("the SDK's paginator", async () => {
    const names: string[] = [];
    for await (const { TableNames } of paginateListTables({ client: target.client, pageSize: 3 }, {})) {
      expect(TableNames?.length).toBeLessThanOrEqual(3);
      names.push(...(TableNames ?? []));
    }
    expect(names.filter((name) => name.startsWith(prefix))).toEqual(mine());
  });
});

describe("refusals", () => {
  test.each([
    [{ Limit: 0 }, violated("0", "limit", "Member must have value greater than or equal to 1")],
    [{ Limit: -1 }, violated("-1", "limit", "Member must have value greater than or equal to 1")],
    [{ Limit: 101 }, violated("101", "limit", "Member must have value less than or equal to 100")],
    [
      { ExclusiveStartTableName: "ab" },
      violated("ab", "exclusiveStartTableName", "Member must have length greater than or equal to 3"),
    ],
    [
      { ExclusiveStartTableName: "a b c" },
      violated(
        "a b c",
        "exclusiveStartTableName",
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
      ),
    ],
    [
      { ExclusiveStartTableName: "arn:aws:dynamodb:us-east-1:000000000000:table/abc" },
      violated(
        "arn:aws:dynamodb:us-east-1:000000000000:table/abc",
        "exclusiveStartTableName",
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
      ),
    ],
  ])("%j", async (input, expected) => {
    expect(await target.refusal("ListTables", input)).toEqual(expected);
  });
});

describe("a deleted table", () => {
  test("is not listed once it is gone", async () => {
    const name = await target.table();
    await target.ok("DeleteTable", { TableName: name });
    let listed = true;
    for (let at = 0; listed && at < 100; at += 1) {
      const { TableNames } = await target.ok("ListTables", {
        ExclusiveStartTableName: name.slice(0, -1),
        Limit: 1,
      });
      listed = (TableNames as readonly string[]).includes(name);
      if (listed) await Bun.sleep(20);
    }
    expect(listed).toBe(false);
  });
});
