import type { TableRecord } from "../tables/schema.ts";
import { stillInUse } from "../tables/schema-status.ts";
import { existingTable, missingTable } from "./control-table.ts";
import type { Context } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

/** Changes what a table says of its Kinesis destinations. Resolves with the table's name. */
export async function changeKinesis(
  nameOrArn: string,
  context: Context,
  change: (record: TableRecord, now: number) => TableRecord,
): Promise<string> {
  const { catalog, clock } = context;
  const name = tableNameOf(nameOrArn, context);
  return await catalog.exclusively(name, async () => {
    const table = existingTable(name, context);
    const status = catalog.statusOf(table);
    if (status === "CREATING") throw missingTable(name);
    if (status === "DELETING") throw stillInUse(`Table is being deleted: ${name}`);
    await catalog.update(change(table.record, clock.now()), undefined);
    return name;
  });
}
