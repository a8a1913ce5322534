import { describeTableInput } from "../protocol/inputs/tables.ts";
import { describeTable as describe } from "../tables/describe.ts";
import { describeContext, tableInAnyState } from "./control-table.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const describeTable = operation({
  name: "DescribeTable",
  input: describeTableInput,
  prepare: (input) => input.TableName,
  execute(tableName, context) {
    const table = tableInAnyState(tableNameOf(tableName, context), context);
    return json({ Table: describe(table.record, describeContext(context, context.catalog.statusOf(table))) });
  },
});
