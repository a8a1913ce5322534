import { backupInUse, isoSeconds, validation } from "../errors.ts";
import { deleteBackupInput } from "../protocol/inputs/backups.ts";
import { describeBackup } from "../tables/describe-backup.ts";
import { existingBackup, isBeingRestored } from "./named-backup.ts";
import { json, operation } from "./operation.ts";

export const deleteBackup = operation({
  name: "DeleteBackup",
  input: deleteBackupInput,
  prepare: (input) => input.BackupArn,
  async execute(arn, context) {
    const { backups } = context.catalog;
    return await backups.exclusively(existingBackup(arn, context), async () => {
      const backup = existingBackup(arn, context);
      if (backup.expiryMs !== undefined) {
        throw validation(
          `Invalid Request: User is not allowed to delete the system backup with arn ${arn}. ` +
            `It will automatically expire on ${isoSeconds(backup.expiryMs)}`,
        );
      }
      if (isBeingRestored(backup, context)) {
        throw backupInUse(`Backup is being used to restore table: ${arn}`);
      }
      await backups.remove(backup);
      return json({ BackupDescription: describeBackup(backup, "DELETED", arn) });
    });
  },
});
