import { describeContributorInsightsInput } from "../protocol/inputs/insights.ts";
import { checkInsightsIndex, insightsOf, insightsRules } from "../tables/schema-insights.ts";
import { existingTable } from "./control-table.ts";
import { insightsStatus } from "./insights-status.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const describeContributorInsights = operation({
  name: "DescribeContributorInsights",
  input: describeContributorInsightsInput,
  prepare: (input) => input,
  execute({ TableName, IndexName }, context) {
    const { record } = existingTable(tableNameOf(TableName, context), context);
    checkInsightsIndex(record, IndexName);
    const insights = insightsOf(record, IndexName);
    const status = insightsStatus(insights, context);
    return json({
      TableName: record.tableName,
      IndexName,
      ContributorInsightsStatus: status,
      ...(insights === undefined ? {} : { LastUpdateDateTime: insights.changeMs / 1000 }),
      ...(insights === undefined || status === "DISABLED"
        ? {}
        : {
            ContributorInsightsRuleList: insightsRules(record, insights),
            ContributorInsightsMode: insights.mode,
          }),
    });
  },
});
