import { updateTimeToLiveInput } from "../protocol/inputs/time-to-live.ts";
import { stillInUse } from "../tables/schema-status.ts";
import { planTimeToLive } from "../tables/schema-time-to-live.ts";
import { existingTable, missingTable, planContext } from "./control-table.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const updateTimeToLive = operation({
  name: "UpdateTimeToLive",
  input: updateTimeToLiveInput,
  prepare: (input) => input,
  async execute({ TableName, TimeToLiveSpecification }, context) {
    const { catalog } = context;
    const name = tableNameOf(TableName, context);
    return await catalog.exclusively(name, async () => {
      const table = existingTable(name, context);
      const status = catalog.statusOf(table);
      if (status === "CREATING") throw missingTable(name);
      if (status === "DELETING") throw stillInUse(`Table is being deleted: ${name}`);
      const record = planTimeToLive(table.record, TimeToLiveSpecification, planContext(context));
      await catalog.update(record, undefined);
      return json({ TimeToLiveSpecification });
    });
  },
});
