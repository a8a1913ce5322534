import { continuousBackupsUnavailable, validation } from "../errors.ts";
import { updateContinuousBackupsInput } from "../protocol/inputs/backups.ts";
import { changeRecovery } from "../tables/recovery.ts";
import { backedUpTable, describeContinuousBackupsOf } from "./continuous-backups.ts";
import { json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const updateContinuousBackups = operation({
  name: "UpdateContinuousBackups",
  input: updateContinuousBackupsInput,
  prepare(input) {
    const { PointInTimeRecoveryEnabled, RecoveryPeriodInDays } = input.PointInTimeRecoverySpecification;
    if (!PointInTimeRecoveryEnabled && RecoveryPeriodInDays !== undefined) {
      throw validation(
        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
      );
    }
    return input;
  },
  async execute({ TableName, PointInTimeRecoverySpecification }, context) {
    const { catalog } = context;
    const name = tableNameOf(TableName, context);
    return await catalog.exclusively(name, async () => {
      const table = backedUpTable(name, context);
      if (!catalog.hasBackups(table)) throw continuousBackupsUnavailable(name);
      const changed = await changeRecovery(catalog, table, PointInTimeRecoverySpecification);
      return json({ ContinuousBackupsDescription: describeContinuousBackupsOf(changed, context) });
    });
  },
});
