import { continuousBackupsUnavailable } from "../errors.ts";
import { createBackupInput } from "../protocol/inputs/backups.ts";
import { describeBackupDetails } from "../tables/describe-backup.ts";
import { backedUpTable } from "./continuous-backups.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const createBackup = operation({
  name: "CreateBackup",
  input: createBackupInput,
  prepare: (input) => input,
  async execute({ TableName, BackupName }, context) {
    const { catalog } = context;
    const name = tableNameOf(TableName, context);
    return await catalog.exclusively(name, async () => {
      const table = backedUpTable(name, context);
      if (!catalog.hasBackups(table)) throw continuousBackupsUnavailable(name);
      const backup = await catalog.backups.create(table.record, BackupName);
      return json({ BackupDetails: describeBackupDetails(backup, "CREATING") });
    });
  },
});
