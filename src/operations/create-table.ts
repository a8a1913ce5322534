import { resourceInUse } from "../errors.ts";
import { createTableInput } from "../protocol/inputs/tables.ts";
import { describeCreatedTable } from "../tables/describe.ts";
import { isBeingFilled } from "../tables/schema.ts";
import { planCreateTable } from "../tables/schema-create.ts";
import { stillInUse } from "../tables/schema-status.ts";
import { describeContext, planContext } from "./control-table.ts";
import { type Context, json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const createTable = operation({
  name: "CreateTable",
  input: createTableInput,
  prepare: (input) => input,
  async execute(input, context) {
    const request = { ...input, TableName: tableNameOf(input.TableName, context) };
    const latestStreamLabel = context.catalog.streams.latestLabel(request.TableName);
    const record = planCreateTable(request, { ...planContext(context), latestStreamLabel });
    await context.catalog.exclusively(record.tableName, async () => {
      refuseExisting(record.tableName, context);
      await context.catalog.create(record);
    });
    return json({ TableDescription: describeCreatedTable(record, request, describeContext(context)) });
  },
});

function refuseExisting(name: string, { catalog }: Context): void {
  const table = catalog.find(name);
  if (table === undefined) return;
  if (isBeingFilled(table.record)) throw stillInUse(`Table is being used: ${name}`);
  if (catalog.statusOf(table) === "CREATING") {
    throw stillInUse(`Table is being created: ${name}`);
  }
  throw resourceInUse(`Table already exists: ${name}`);
}
