import { tableNotFound } from "../errors.ts";
import type { Table } from "../tables/table.ts";
import type { Context } from "./operation.ts";

/** The table that an operation on backups names. Throws TableNotFound also while it is being created, restored or deleted. */
export function backedUpTable(name: string, { catalog }: Context): Table {
  const table = catalog.find(name);
  const status = table === undefined ? undefined : catalog.statusOf(table);
  if (table === undefined || status === "CREATING" || status === "DELETING") {
    throw tableNotFound(`Table not found: ${name}`);
  }
  return table;
}

/** A ContinuousBackupsDescription. Its instants are whole seconds: the recovery window of a table, cut down. */
export function describeContinuousBackupsOf(table: Table, { catalog }: Context) {
  const { recovery } = table.record;
  const window = catalog.recoveryWindowOf(table);
  return {
    ContinuousBackupsStatus: catalog.hasBackups(table) ? "ENABLED" : "DISABLED",
    PointInTimeRecoveryDescription:
      recovery === undefined || window === undefined
        ? { PointInTimeRecoveryStatus: "DISABLED" }
        : {
            PointInTimeRecoveryStatus: "ENABLED",
            RecoveryPeriodInDays: recovery.periodDays,
            EarliestRestorableDateTime: Math.floor(window.earliestMs / 1000),
            LatestRestorableDateTime: Math.floor(window.latestMs / 1000),
          },
  };
}
