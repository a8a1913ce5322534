/** UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  attributeDefinitions,
  createTableInput,
  keySchema,
  notFound,
  untilActive,
  useTarget,
  violated,
} from "./target.ts";

const target = useTarget();
let table: string;

beforeAll(async () => {
  table = await indexedTable();
});

/** A table with a sort key, a local index and a global one. */
async function indexedTable(): Promise<string> {
  const name = target.freshName();
  const index = (IndexName: string, ...keys: string[]) => ({
    ...{ IndexName, KeySchema: keySchema(...keys), Projection: { ProjectionType: "ALL" } },
  });
  await target.ok("CreateTable", {
    ...createTableInput(name, { hash: "pk:S", range: "sk:S" }),
    AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "g:S"),
    LocalSecondaryIndexes: [index("local", "pk:HASH", "g:RANGE")],
    GlobalSecondaryIndexes: [index("global", "g:HASH")],
  });
  await untilActive(target, name);
  return name;
}

const update = (TableName: string, ContributorInsightsAction: string, more: object = {}) =>
  target.ok("UpdateContributorInsights", { TableName, ContributorInsightsAction, ...more });
const describeInsights = (TableName: string, more: object = {}) =>
  target.ok("DescribeContributorInsights", { TableName, ...more });

/** The kinds of the rules, in order. */
const rules = (name: string, list: unknown) =>
  (list as string[]).map((rule) => {
    const [, kind] = /^DynamoDBContributorInsights-(PKC|PKT|SKC|SKT)-(.+)-\d{13}$/.exec(rule) ?? [];
    expect(rule).toContain(`-${name}-`);
    return kind;
  });

describe("contributor insights", () => {
  test("of what was never configured", async () => {
    const name = await target.table();
    expect(await describeInsights(name)).toEqual({ TableName: name, ContributorInsightsStatus: "DISABLED" });
    expect(await update(name, "DISABLE")).toEqual({ TableName: name, ContributorInsightsStatus: "DISABLED" });
    expect(await target.ok("ListContributorInsights", { TableName: name })).toEqual({
      ContributorInsightsSummaries: [],
    });
  });

  test("are enabled, changed, disabled", async () => {
    const name = await target.table();
    const both = { TableName: name, ContributorInsightsMode: "ACCESSED_AND_THROTTLED_KEYS" };
    expect(await update(name, "ENABLE")).toEqual({ ...both, ContributorInsightsStatus: "ENABLING" });
    const on = await describeInsights(name);
    expect(on).toMatchObject({
      ...both,
      ContributorInsightsStatus: "ENABLED",
      LastUpdateDateTime: expect.any(Number),
    });
    expect(rules(name, on["ContributorInsightsRuleList"])).toEqual(["PKC", "PKT"]);
    // The same again says that it is settled.
    expect(await update(name, "ENABLE")).toEqual({ ...both, ContributorInsightsStatus: "ENABLED" });
    const throttled = { ContributorInsightsMode: "THROTTLED_KEYS" };
    expect(await update(name, "ENABLE", throttled)).toMatchObject({
      ...throttled,
      ContributorInsightsStatus: "ENABLING",
    });
    expect(rules(name, (await describeInsights(name))["ContributorInsightsRuleList"])).toEqual(["PKT"]);
    expect(await update(name, "DISABLE")).toMatchObject({ ContributorInsightsStatus: "DISABLING" });
    const off = await describeInsights(name);
    expect(off).toEqual({
      TableName: name,
      ContributorInsightsStatus: "DISABLED",
      LastUpdateDateTime: expect.any(Number),
    });
  });

  test("of a global index are its own", async () => {
    const index = { IndexName: "global" };
    expect(await update(table, "ENABLE", index)).toMatchObject({
      ...index,
      ContributorInsightsStatus: "ENABLING",
    });
    const found = await describeInsights(table, index);
    expect(found).toMatchObject({ TableName: table, ...index, ContributorInsightsStatus: "ENABLED" });
    expect(rules(`${table}-global`, found["ContributorInsightsRuleList"])).toEqual(["PKC", "PKT"]);
    expect(await describeInsights(table)).toMatchObject({ ContributorInsightsStatus: "DISABLED" });
    await update(table, "ENABLE");
    expect(rules(table, (await describeInsights(table))["ContributorInsightsRuleList"])).toEqual([
      "PKC",
      "PKT",
      "SKC",
      "SKT",
    ]);
  });

  test("go with their index", async () => {
    const name = await indexedTable();
    await update(name, "ENABLE", { IndexName: "global" });
    await target.ok("UpdateTable", {
      TableName: name,
      GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "global" } }],
    });
    expect(await target.ok("ListContributorInsights", { TableName: name })).toEqual({
      ContributorInsightsSummaries: [],
    });
  });

  test("are listed, page by page", async () => {
    const names = [await indexedTable(), await target.table()].sort();
    for (const name of names) await update(name, "ENABLE");
    const [indexed = ""] = names;
    const mode = {
      ContributorInsightsStatus: "ENABLED",
      ContributorInsightsMode: "ACCESSED_AND_THROTTLED_KEYS",
    };
    const listed: unknown[] = [];
    let NextToken: unknown;
    do {
      const page = await target.ok("ListContributorInsights", {
        MaxResults: 1,
        ...(NextToken === undefined ? {} : { NextToken }),
      });
      listed.push(...(page["ContributorInsightsSummaries"] as unknown[]));
      NextToken = page["NextToken"];
    } while (NextToken !== undefined);
    for (const name of names) expect(listed).toContainEqual({ TableName: name, ...mode });
    expect(await target.ok("ListContributorInsights", { TableName: indexed })).toEqual({
      ContributorInsightsSummaries: [{ TableName: indexed, ...mode }],
    });
  });

  test("refusals", async () => {
    const enable = { ContributorInsightsAction: "ENABLE" };
    const absent = notFound("Requested resource not found: Table: gone not found");
    expect(await target.refusal("UpdateContributorInsights", { TableName: "gone", ...enable })).toEqual(
      absent,
    );
    expect(await target.refusal("DescribeContributorInsights", { TableName: "gone" })).toEqual(absent);
    expect(await target.refusal("ListContributorInsights", { TableName: "gone" })).toEqual(absent);
    for (const IndexName of ["local", "nobody"]) {
      const unknown = notFound(
        `Requested resource not found: Index: ${IndexName} not found for table: ${table}`,
      );
      const named = { TableName: table, IndexName };
      expect(await target.refusal("UpdateContributorInsights", { ...named, ...enable })).toEqual(unknown);
      expect(await target.refusal("DescribeContributorInsights", named)).toEqual(unknown);
    }
    expect(await target.refusal("ListContributorInsights", { MaxResults: 101 })).toEqual(
      violated("101", "maxResults", "Member must have value less than or equal to 100"),
    );
    expect(await target.refusal("ListContributorInsights", { NextToken: "!" })).toMatchObject({
      type: "ValidationException",
    });
  });
});
