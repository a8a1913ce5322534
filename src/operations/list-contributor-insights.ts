import { validation } from "../errors.ts";
import { listContributorInsightsInput } from "../protocol/inputs/insights.ts";
import { existingTable } from "./control-table.ts";
import { insightsStatus } from "./insights-status.ts";
import { type Context, json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

const PAGE_MAX = 100;

export const listContributorInsights = operation({
  name: "ListContributorInsights",
  input: listContributorInsightsInput,
  prepare({ TableName, NextToken, MaxResults = PAGE_MAX }) {
    return { tableName: TableName, after: tokenPlace(NextToken), most: Math.max(1, MaxResults) };
  },
  execute({ tableName, after, most }, context) {
    const summaries = summariesOf(tableName, context).filter(
      (summary) => after === undefined || place(summary) > after,
    );
    const page = summaries.slice(0, most);
    const last = page.at(-1);
    return json({
      ContributorInsightsSummaries: page,
      NextToken: last !== undefined && summaries.length > most ? tokenOf(last) : undefined,
    });
  },
});

interface Summary {
  readonly TableName: string;
  readonly IndexName: string | undefined;
}

/** What is on, or on its way, by table and index. */
function summariesOf(tableName: string | undefined, context: Context) {
  const { catalog } = context;
  const tables =
    tableName === undefined ? catalog.all() : [existingTable(tableNameOf(tableName, context), context)];
  return tables
    .flatMap(({ record }) =>
      (record.insights ?? []).map((insights) => ({
        TableName: record.tableName,
        IndexName: insights.indexName,
        ContributorInsightsStatus: insightsStatus(insights, context),
        ContributorInsightsMode: insights.mode,
      })),
    )
    .filter(({ ContributorInsightsStatus }) => ContributorInsightsStatus !== "DISABLED")
    .sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

/** Orders summaries; no name has a blank. */
const place = ({ TableName, IndexName = "" }: Summary): string => `${TableName} ${IndexName}`;

const tokenOf = (summary: Summary): string => Buffer.from(place(summary)).toString("base64url");

function tokenPlace(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const found = Buffer.from(token, "base64url").toString();
  if (!/^[\w.-]+ [\w.-]*$/.test(found)) throw validation("Invalid NextToken");
  return found;
}
