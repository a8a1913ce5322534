import { updateTableInput } from "../protocol/inputs/tables.ts";
import { describeUpdatedTable } from "../tables/describe.ts";
import { checkUpdatable } from "../tables/schema-status.ts";
import { planUpdateTable } from "../tables/schema-update.ts";
import { checkUpdateTable } from "../tables/schema-update-request.ts";
import { describeContext, existingTable, planContext, stateOf } from "./control-table.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const updateTable = operation({
  name: "UpdateTable",
  input: updateTableInput,
  prepare(input) {
    checkUpdateTable(input);
    return input;
  },
  async execute(request, context) {
    const { catalog } = context;
    const name = tableNameOf(request.TableName, context);
    return await catalog.exclusively(name, async () => {
      const table = existingTable(name, context);
      checkUpdatable(table.record, stateOf(table, context), request);
      const plan = planUpdateTable(table.record, request, planContext(context));
      // Before the change: an index that is deleted is shown with what it has.
      const description = describeUpdatedTable(plan, describeContext(context));
      if (plan.record !== table.record) {
        await catalog.update(plan.record, plan.response.tableStatus === "UPDATING" ? "UPDATING" : undefined);
      }
      return json({ TableDescription: description });
    });
  },
});
