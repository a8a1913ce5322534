import { describeContinuousBackupsInput } from "../protocol/inputs/backups.ts";
import { backedUpTable, describeContinuousBackupsOf } from "./continuous-backups.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const describeContinuousBackups = operation({
  name: "DescribeContinuousBackups",
  input: describeContinuousBackupsInput,
  prepare: (input) => input.TableName,
  execute(tableName, context) {
    const table = backedUpTable(tableNameOf(tableName, context), context);
    return json({ ContinuousBackupsDescription: describeContinuousBackupsOf(table, context) });
  },
});
