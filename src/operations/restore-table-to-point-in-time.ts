import { invalidRestoreTime, pointInTimeRecoveryUnavailable, tableNotFound, validation } from "../errors.ts";
import { restoreTableToPointInTimeInput } from "../protocol/inputs/backups.ts";
import type { Infer } from "../protocol/shapes.ts";
import { tableArn } from "../tables/describe.ts";
import { type RecoveryWindow, restoredInstant } from "../tables/recovery.ts";
import type { RestoreRecord } from "../tables/schema.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import { checkOverrides, planRestore } from "../tables/schema-restore.ts";
import { backedUpTable } from "./continuous-backups.ts";
import { planContext } from "./control-table.ts";
import { type Context, operation } from "./operation.ts";
import { beginRestore } from "./restored-table.ts";

type Input = Infer<typeof restoreTableToPointInTimeInput>;

const ARN = /^arn:aws:dynamodb:([^:]+):(\d{12}):table\/([a-zA-Z0-9_.-]{3,255})$/;

export const restoreTableToPointInTime = operation({
  name: "RestoreTableToPointInTime",
  input: restoreTableToPointInTimeInput,
  prepare(input) {
    checkSource(input);
    checkTime(input);
    checkOverrides(input);
    return input;
  },
  async execute(input, context) {
    const source = backedUpTable(input.SourceTableName ?? nameInArn(input, context), context);
    const { record } = source;
    const window = context.catalog.recoveryWindowOf(source);
    if (window === undefined) throw pointInTimeRecoveryUnavailable(record.tableName);
    const restore: RestoreRecord = {
      sourceTableArn: tableArn(record),
      spaceId: record.spaceId,
      ...instantOf(input, window),
    };
    const planned = planRestore(record, restore, input, planContext(context));
    return await beginRestore(planned, context, () => {
      // It may have gone while others had their turn at the target.
      if (backedUpTable(record.tableName, context).space !== record.spaceId) {
        throw tableNotFound(`Table not found: ${record.tableName}`);
      }
    });
  },
});

function checkSource({ SourceTableArn, SourceTableName }: Input): void {
  if (SourceTableArn !== undefined && SourceTableName !== undefined) {
    throw validation("Must provide exactly one of: sourceTableArn, sourceTableName");
  }
  if (SourceTableArn === undefined && SourceTableName === undefined) {
    throw validation("The parameter 'TableName' is required but was not present in the request");
  }
}

function checkTime({ RestoreDateTime, UseLatestRestorableTime }: Input): void {
  const isLatest = UseLatestRestorableTime === true;
  if (isLatest && RestoreDateTime !== undefined) {
    throw validation(
      "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. " +
        "Please specify only one of them.",
    );
  }
  if (!isLatest && RestoreDateTime === undefined) {
    throw validation(
      "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
    );
  }
}

function nameInArn({ SourceTableArn = "", SSESpecificationOverride }: Input, context: Context): string {
  const [, region, account, name] = ARN.exec(SourceTableArn) ?? [];
  if (name === undefined) throw invalidParameters("sourceTableArn is not a valid ARN");
  if (account !== context.accountId) {
    throw validation("This action is only supported by accounts that match the resource owner’s account.");
  }
  if (region !== context.region && SSESpecificationOverride === undefined) {
    throw validation("Invalid Request: sseSpecificationOverride must be provided for cross-region restores");
  }
  return name;
}

/** The instant that is asked for, as it is shown and as it is restored. */
function instantOf(
  { RestoreDateTime }: Input,
  window: RecoveryWindow,
): Pick<RestoreRecord, "shownMs" | "from"> {
  if (RestoreDateTime === undefined) return { shownMs: window.latestMs, from: { time: window.latestMs } };
  const time = restoredInstant(RestoreDateTime, window);
  const shownMs = Math.round(RestoreDateTime * 1000);
  if (time === undefined) throw invalidRestoreTime(shownMs, window.earliestMs, window.latestMs);
  return { shownMs, from: { time } };
}
