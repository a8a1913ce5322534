import { describeBackupInput } from "../protocol/inputs/backups.ts";
import { describeBackup as describe } from "../tables/describe-backup.ts";
import { existingBackup, statusOfBackup } from "./named-backup.ts";
import { json, operation } from "./operation.ts";

export const describeBackup = operation({
  name: "DescribeBackup",
  input: describeBackupInput,
  prepare: (input) => input.BackupArn,
  execute(arn, context) {
    const backup = existingBackup(arn, context);
    return json({ BackupDescription: describe(backup, statusOfBackup(backup, context), arn) });
  },
});
