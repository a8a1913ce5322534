import { deleteTableInput } from "../protocol/inputs/tables.ts";
import { describeDeletedTable } from "../tables/describe.ts";
import { checkDeletable } from "../tables/schema-status.ts";
import { describeContext, stateOf, tableInAnyState } from "./control-table.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const deleteTable = operation({
  name: "DeleteTable",
  input: deleteTableInput,
  prepare: (input) => input.TableName,
  async execute(nameOrArn, context) {
    const { catalog } = context;
    const name = tableNameOf(nameOrArn, context);
    return await catalog.exclusively(name, async () => {
      const table = tableInAnyState(name, context);
      checkDeletable(table.record, stateOf(table, context));
      const description = describeDeletedTable(table.record, describeContext(context));
      await catalog.remove(table);
      return json({ TableDescription: description });
    });
  },
});
