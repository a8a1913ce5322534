import { accessDenied, backupNotFound, validation } from "../errors.ts";
import type { BackupRecord } from "../tables/backups.ts";
import type { BackupStatus } from "../tables/describe-backup.ts";
import type { Context } from "./operation.ts";

const ARN = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):table\/([^/]+)\/backup\/([^/]+)$/s;
/** What regions are called, or may be called here. */
const REGION = /^(?:[a-z]{2,}(?:-[a-z]+)+-\d+|local|localhost)$/;

/** The parts of a backup's ARN. */
export interface BackupName {
  readonly region: string;
  readonly tableName: string;
  readonly backupId: string;
}

/** The parts of a backup's ARN. Throws for one that is not of a backup of this caller. */
export function backupNameOf(arn: string, context: Context): BackupName {
  const [, partition, service, region = "", account, tableName, backupId] = ARN.exec(arn) ?? [];
  if (tableName === undefined || backupId === undefined) throw validation("Invalid Backup ARN");
  const isRegion = region === context.region || REGION.test(region);
  if (partition !== "aws" || service !== "dynamodb" || !isRegion) {
    throw validation("Invalid Request: BackupArn is not valid");
  }
  if (account !== context.accountId) throw accessDenied("Access is denied");
  return { region, tableName, backupId };
}

/** The backup that an ARN names, whatever its region: all regions see the same. Throws BackupNotFound. */
export function existingBackup(arn: string, context: Context): BackupRecord {
  const { tableName, backupId } = backupNameOf(arn, context);
  const backup = context.catalog.backups.find(tableName, backupId);
  if (backup === undefined) throw backupNotFound(arn);
  return backup;
}

/** The status a client sees now. */
export const statusOfBackup = ({ creationMs }: BackupRecord, { catalog }: Context): BackupStatus =>
  catalog.isUnderWay(creationMs) ? "CREATING" : "AVAILABLE";

/** Whether a table is being restored from a backup. */
export const isBeingRestored = ({ table, backupId }: BackupRecord, { catalog }: Context): boolean =>
  catalog.all().some(({ record }) => {
    const { backup } = record.restore ?? {};
    return backup?.tableName === table.tableName && backup.backupId === backupId;
  });
