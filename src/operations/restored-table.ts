import { limitExceeded, tableAlreadyExists, tableInUse } from "../errors.ts";
import { describeTable } from "../tables/describe.ts";
import type { TableRecord } from "../tables/schema.ts";
import { describeContext } from "./control-table.ts";
import { type Context, json } from "./operation.ts";

const RESTORES_MAX = 50;

/** Begins the restore of a planned table, once its name is known to be free and `check` refuses nothing; resolves to the answer. */
export async function beginRestore(
  record: TableRecord,
  context: Context,
  check: () => void = () => {},
): Promise<string> {
  const { catalog } = context;
  return await catalog.exclusively(record.tableName, async () => {
    refuseTarget(record.tableName, context);
    check();
    const underWay = catalog.all().filter((table) => table.record.restore !== undefined);
    if (underWay.length >= RESTORES_MAX) {
      throw limitExceeded(
        `Subscriber limit exceeded: Only ${RESTORES_MAX} restore operations can be done simultaneously`,
      );
    }
    await catalog.restore(record);
    return json({ TableDescription: describeTable(record, describeContext(context, "CREATING")) });
  });
}

function refuseTarget(name: string, { catalog }: Context): void {
  const table = catalog.find(name);
  if (table === undefined) return;
  const { restore } = table.record;
  if (restore === undefined) throw tableAlreadyExists(name);
  const from = restore.backup?.arn ?? restore.sourceTableArn;
  throw tableInUse(`Table: ${name} is already being restored from backup: ${from}`);
}
