import { backupInUse, validation } from "../errors.ts";
import { restoreTableFromBackupInput } from "../protocol/inputs/backups.ts";
import { tableArn } from "../tables/describe.ts";
import type { RestoreRecord } from "../tables/schema.ts";
import { checkOverrides, planRestore } from "../tables/schema-restore.ts";
import { planContext } from "./control-table.ts";
import { backupNameOf, existingBackup, isBeingRestored } from "./named-backup.ts";
import { operation } from "./operation.ts";
import { beginRestore } from "./restored-table.ts";

export const restoreTableFromBackup = operation({
  name: "RestoreTableFromBackup",
  input: restoreTableFromBackupInput,
  prepare(input) {
    checkOverrides(input);
    return input;
  },
  async execute(input, context) {
    const { BackupArn: arn, SSESpecificationOverride } = input;
    if (backupNameOf(arn, context).region !== context.region && SSESpecificationOverride === undefined) {
      throw validation(
        "Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
      );
    }
    const { backups } = context.catalog;
    return await backups.exclusively(existingBackup(arn, context), async () => {
      const backup = existingBackup(arn, context);
      const { table, creationMs, checkpoint, backupId } = backup;
      const restore: RestoreRecord = {
        sourceTableArn: tableArn(table),
        backup: { arn, tableName: table.tableName, backupId },
        shownMs: creationMs,
        spaceId: table.spaceId,
        from: checkpoint,
      };
      const planned = planRestore(table, restore, input, planContext(context));
      return await beginRestore(planned, context, () => {
        if (isBeingRestored(backup, context)) {
          throw backupInUse(`Backup is being used to restore another table: ${arn}`);
        }
      });
    });
  },
});
