import { validation } from "../errors.ts";
import { describeTimeToLiveInput } from "../protocol/inputs/time-to-live.ts";
import { existingTable } from "./control-table.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const describeTimeToLive = operation({
  name: "DescribeTimeToLive",
  input: describeTimeToLiveInput,
  prepare: (input) => input.TableName,
  execute(tableName, context) {
    const table = existingTable(tableNameOf(tableName, context), context);
    const status = context.catalog.statusOf(table);
    if (status === "CREATING" || status === "DELETING") {
      throw validation(
        `Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
      );
    }
    const { timeToLive } = table.record;
    const TimeToLiveDescription =
      timeToLive === undefined
        ? { TimeToLiveStatus: "DISABLED" }
        : { TimeToLiveStatus: "ENABLED", AttributeName: timeToLive.attributeName };
    return json({ TimeToLiveDescription });
  },
});
