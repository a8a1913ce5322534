/** Inputs of backups, point-in-time recovery and restores. */
import {
  backupName,
  billingMode,
  controlTableName,
  controlTableNameMember,
  globalSecondaryIndex,
  localSecondaryIndex,
  longArn,
  onDemandThroughput,
  provisionedThroughput,
  resourceName,
  sseSpecification,
  tableArn,
} from "../members.ts";
import { boolean, integer, list, oneOf, required, structure, timestamp } from "../shapes.ts";

export const createBackupInput = structure("CreateBackupInput", {
  TableName: controlTableNameMember,
  BackupName: required(backupName),
});

export const deleteBackupInput = structure("DeleteBackupInput", { BackupArn: required(longArn) });
export const describeBackupInput = structure("DescribeBackupInput", { BackupArn: required(longArn) });

export const listBackupsInput = structure("ListBackupsInput", {
  TableName: controlTableName,
  Limit: integer({ min: 1, max: 100 }),
  TimeRangeLowerBound: timestamp(),
  TimeRangeUpperBound: timestamp(),
  ExclusiveStartBackupArn: longArn,
  BackupType: oneOf("USER", "SYSTEM", "AWS_BACKUP", "ALL"),
});

export const describeContinuousBackupsInput = structure("DescribeContinuousBackupsInput", {
  TableName: controlTableNameMember,
});

export const updateContinuousBackupsInput = structure("UpdateContinuousBackupsInput", {
  TableName: controlTableNameMember,
  PointInTimeRecoverySpecification: required(
    structure("PointInTimeRecoverySpecification", {
      PointInTimeRecoveryEnabled: required(boolean()),
      RecoveryPeriodInDays: integer({ min: 1, max: 35 }),
    }),
  ),
});

const overrides = {
  BillingModeOverride: billingMode,
  GlobalSecondaryIndexOverride: list(globalSecondaryIndex),
  LocalSecondaryIndexOverride: list(localSecondaryIndex),
  ProvisionedThroughputOverride: provisionedThroughput,
  OnDemandThroughputOverride: onDemandThroughput,
  SSESpecificationOverride: sseSpecification,
} as const;

export const restoreTableFromBackupInput = structure("RestoreTableFromBackupInput", {
  TargetTableName: required(resourceName, {
    absent: "TableName must be at least 3 characters long and at most 255 characters long",
    emptyIsAbsent: true,
  }),
  BackupArn: required(longArn),
  ...overrides,
});

export const restoreTableToPointInTimeInput = structure("RestoreTableToPointInTimeInput", {
  SourceTableArn: tableArn,
  SourceTableName: resourceName,
  TargetTableName: required(resourceName),
  UseLatestRestorableTime: boolean(),
  RestoreDateTime: timestamp(),
  ...overrides,
});
