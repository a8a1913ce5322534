import { updateContributorInsightsInput } from "../protocol/inputs/insights.ts";
import { insightsOf, planInsights } from "../tables/schema-insights.ts";
import { existingTable } from "./control-table.ts";
import { insightsStatus } from "./insights-status.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const updateContributorInsights = operation({
  name: "UpdateContributorInsights",
  input: updateContributorInsightsInput,
  prepare: (input) => input,
  async execute(input, context) {
    const { catalog, clock } = context;
    const { TableName, IndexName } = input;
    const name = tableNameOf(TableName, context);
    return await catalog.exclusively(name, async () => {
      const table = existingTable(name, context);
      const record = planInsights(table.record, input, catalog.statusOf(table), clock.now());
      const isChange = record !== table.record;
      if (isChange) await catalog.update(record, undefined);
      const insights = insightsOf(record, IndexName);
      const changing = insights?.enabled === true ? "ENABLING" : "DISABLING";
      return json({
        TableName: name,
        IndexName,
        ContributorInsightsStatus: isChange ? changing : insightsStatus(insights, context),
        ContributorInsightsMode: insights?.mode,
      });
    });
  },
});
