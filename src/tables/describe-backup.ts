/** Backups as the service describes them, ready for JSON.stringify: absent members are missing, never null. */
import type { BackupRecord } from "./backups.ts";
import { tableArn } from "./describe.ts";
import type { LocalIndexRecord, TableRecord, Throughput } from "./schema.ts";

export type BackupStatus = "CREATING" | "AVAILABLE" | "DELETED";

/** Milliseconds to the wire's epoch seconds. */
const seconds = (ms: number): number => ms / 1000;

export const backupArn = ({ table, backupId }: BackupRecord): string =>
  `${tableArn(table)}/backup/${backupId}`;

/** `BackupDetails`. `arn`: the ARN as the client has it, the backup's own unless given. */
export const describeBackupDetails = (
  backup: BackupRecord,
  status: BackupStatus,
  arn: string = backupArn(backup),
) => ({
  BackupArn: arn,
  BackupName: backup.backupName,
  BackupSizeBytes: backup.bytes,
  BackupStatus: status,
  BackupType: backup.backupType,
  BackupCreationDateTime: seconds(backup.creationMs),
  ...(backup.expiryMs === undefined ? {} : { BackupExpiryDateTime: seconds(backup.expiryMs) }),
});

/** A `BackupSummary` of ListBackups. */
export const describeBackupSummary = (backup: BackupRecord, status: BackupStatus) => ({
  TableName: backup.table.tableName,
  TableId: backup.table.tableId,
  TableArn: tableArn(backup.table),
  ...describeBackupDetails(backup, status),
});

/** A `BackupDescription`. */
export const describeBackup = (backup: BackupRecord, status: BackupStatus, arn: string) => ({
  BackupDetails: describeBackupDetails(backup, status, arn),
  SourceTableDetails: sourceTableDetails(backup),
  // Of a table that is gone nothing more is told, though its indexes are restored.
  SourceTableFeatureDetails: backup.backupType === "SYSTEM" ? {} : featureDetails(backup.table),
});

const sourceTableDetails = ({ table, rows, bytes }: BackupRecord) => ({
  TableName: table.tableName,
  TableId: table.tableId,
  TableArn: tableArn(table),
  TableSizeBytes: bytes,
  KeySchema: table.keySchema,
  TableCreationDateTime: seconds(table.creationMs),
  ProvisionedThroughput: units(table.throughput),
  ...(table.onDemand === undefined ? {} : { OnDemandThroughput: table.onDemand }),
  ItemCount: rows,
  BillingMode: table.billingMode,
});

const units = ({ readCapacityUnits, writeCapacityUnits }: Throughput) => ({
  ReadCapacityUnits: readCapacityUnits,
  WriteCapacityUnits: writeCapacityUnits,
});

const indexInfo = ({ indexName, keySchema, projection }: LocalIndexRecord) => ({
  IndexName: indexName,
  KeySchema: keySchema,
  Projection: projection,
});

function featureDetails({
  localSecondaryIndexes,
  globalSecondaryIndexes,
  stream,
  timeToLive,
  sse,
}: TableRecord) {
  return {
    ...(localSecondaryIndexes.length === 0
      ? {}
      : { LocalSecondaryIndexes: localSecondaryIndexes.map(indexInfo) }),
    ...(globalSecondaryIndexes.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: globalSecondaryIndexes.map((index) => ({
            ...indexInfo(index),
            ProvisionedThroughput: units(index.throughput),
          })),
        }),
    ...(stream === undefined
      ? {}
      : { StreamDescription: { StreamEnabled: true, StreamViewType: stream.viewType } }),
    ...(timeToLive === undefined
      ? {}
      : {
          TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: timeToLive.attributeName },
        }),
    ...(sse === undefined
      ? {}
      : { SSEDescription: { Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: sse.kmsMasterKeyArn } }),
  };
}
