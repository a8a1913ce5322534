import { validation } from "../errors.ts";
import { listBackupsInput } from "../protocol/inputs/backups.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { BackupRecord } from "../tables/backups.ts";
import { backupArn, describeBackupSummary } from "../tables/describe-backup.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import { backupNameOf, statusOfBackup } from "./named-backup.ts";
import { type Context, json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

type Input = Infer<typeof listBackupsInput>;

const LIMIT_MAX = 100;

export const listBackups = operation({
  name: "ListBackups",
  input: listBackupsInput,
  prepare(input) {
    const { TimeRangeLowerBound: lower, TimeRangeUpperBound: upper } = input;
    if (lower !== undefined && upper !== undefined && lower > upper) {
      throw invalidParameters("Time range lower bound must be less than or equal to upper bound");
    }
    return input;
  },
  execute(input, context) {
    const after = startOf(input, context);
    const found = context.catalog.backups
      .all()
      .filter(filterOf(input, context))
      .map((backup) => ({ backup, place: placeOf(backup.table.tableName, backup.backupId) }))
      .filter(({ place }) => after === undefined || place > after)
      .sort((a, b) => (a.place < b.place ? -1 : 1));
    const page = found.slice(0, input.Limit ?? LIMIT_MAX).map(({ backup }) => backup);
    const last = page.at(-1);
    return json({
      BackupSummaries: page.map((backup) => describeBackupSummary(backup, statusOfBackup(backup, context))),
      ...(last === undefined || page.length === found.length
        ? {}
        : { LastEvaluatedBackupArn: backupArn(last) }),
    });
  },
});

/** Sorts by table, then by time. */
const placeOf = (tableName: string, backupId: string): string => `${tableName}\0${backupId}`;

/** Where the page before has ended: at a backup that may be gone by now. */
function startOf({ ExclusiveStartBackupArn: arn }: Input, context: Context): string | undefined {
  if (arn === undefined) return undefined;
  const { region, tableName, backupId } = backupNameOf(arn, context);
  if (region !== context.region) {
    throw validation("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region");
  }
  return placeOf(tableName, backupId);
}

function filterOf(input: Input, context: Context): (backup: BackupRecord) => boolean {
  const tableName = input.TableName === undefined ? undefined : tableNameOf(input.TableName, context);
  const type = input.BackupType ?? "USER";
  const from = milliseconds(input.TimeRangeLowerBound) ?? Number.NEGATIVE_INFINITY;
  const to = milliseconds(input.TimeRangeUpperBound) ?? Number.POSITIVE_INFINITY;
  return ({ table, backupType, creationMs }) =>
    (tableName === undefined || table.tableName === tableName) &&
    (type === "ALL" || backupType === type) &&
    creationMs >= from &&
    creationMs < to;
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1000);
