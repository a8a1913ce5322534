import type { Section } from "./step.ts";
import { table } from "./tables.ts";

const PRINTED_ARN = "arn:aws:dynamodb:us-east-1:123:table/Orders/backup/01234567890";
const OWN_ARN = String.raw`$(aws dynamodb list-backups \
--table-name Orders \
--query "BackupSummaries[0].BackupArn" --output text)`;
const why =
  "The ARN is made up: it has the account, the time of the backup in 14 digits, and 8 digits of chance.";
const refused = { refused: "AccessDeniedException", message: "Access is denied" } as const;

/** "On-demand backups, PITR, and table restore". */
export const backupAndRestore: Section = {
  title: "Backup & Restore",
  given: [
    table("Orders", "customerId", "orderId"),
    {
      operation: "PutItem",
      request: { TableName: "Orders", Item: { customerId: { S: "c1" }, orderId: { S: "o1" } } },
    },
  ],
  groups: [
    [
      {
        title: "Create an on-demand backup",
        command: String.raw`aws dynamodb create-backup \
--table-name Orders \
--backup-name orders-backup-2024`,
        expect: {
          output: {
            "BackupDetails.BackupName": "orders-backup-2024",
            "BackupDetails.BackupStatus": "CREATING",
            "BackupDetails.BackupType": "USER",
          },
        },
      },
      {
        title: "Enable PITR (retains last 35 days)",
        command: String.raw`aws dynamodb update-continuous-backups \
--table-name Orders \
--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true`,
        expect: {
          output: {
            "ContinuousBackupsDescription.ContinuousBackupsStatus": "ENABLED",
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus":
              "ENABLED",
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription.RecoveryPeriodInDays": 35,
          },
        },
      },
    ],
    [
      {
        title: "List backups for a table",
        command: "aws dynamodb list-backups --table-name Orders",
        expect: {
          output: { "BackupSummaries.0.BackupName": "orders-backup-2024", "BackupSummaries.1": undefined },
        },
      },
      {
        title: "List all backups",
        command: "aws dynamodb list-backups",
        expect: { output: { "BackupSummaries.0.TableName": "Orders", "BackupSummaries.1": undefined } },
      },
      {
        title: "Describe a backup",
        command: String.raw`aws dynamodb describe-backup \
--backup-arn ${PRINTED_ARN}`,
        expect: refused,
        meant: {
          why,
          command: String.raw`aws dynamodb describe-backup \
--backup-arn ${OWN_ARN}`,
          expect: {
            output: {
              "BackupDescription.BackupDetails.BackupStatus": "AVAILABLE",
              "BackupDescription.SourceTableDetails.TableName": "Orders",
              "BackupDescription.SourceTableDetails.ItemCount": 1,
            },
          },
        },
      },
      {
        title: "Check PITR status and restore window",
        command: "aws dynamodb describe-continuous-backups --table-name Orders",
        expect: {
          output: {
            "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus":
              "ENABLED",
          },
        },
      },
    ],
    [
      {
        title: "Restore to a new table from backup",
        command: String.raw`aws dynamodb restore-table-from-backup \
--target-table-name Orders-Restored \
--backup-arn ${PRINTED_ARN}`,
        expect: refused,
        meant: {
          why,
          command: String.raw`aws dynamodb restore-table-from-backup \
--target-table-name Orders-Restored \
--backup-arn ${OWN_ARN}`,
          expect: {
            output: {
              "TableDescription.TableName": "Orders-Restored",
              "TableDescription.TableStatus": "CREATING",
              "TableDescription.RestoreSummary.RestoreInProgress": true,
            },
          },
        },
      },
      {
        title: "Restore to a specific point in time",
        command: String.raw`aws dynamodb restore-table-to-point-in-time \
--source-table-name Orders \
--target-table-name Orders-PITR-Restore \
--restore-date-time 2024-06-15T12:00:00Z`,
        expect: {
          refused: "InvalidRestoreTimeException",
          messageStart: "RestoreDateTime '2024-06-15T12:00:00Z' must be within EarliestRestorableDateTime '",
        },
        meant: {
          why: "The instant has to be within the window that describe-continuous-backups shows.",
          command: String.raw`aws dynamodb restore-table-to-point-in-time \
--source-table-name Orders \
--target-table-name Orders-PITR-Restore \
--restore-date-time $(date -u +%Y-%m-%dT%H:%M:%SZ)`,
          expect: {
            output: {
              "TableDescription.TableName": "Orders-PITR-Restore",
              "TableDescription.RestoreSummary.RestoreInProgress": true,
            },
          },
        },
      },
      {
        title: "Restore to latest restorable time",
        command: String.raw`aws dynamodb restore-table-to-point-in-time \
--source-table-name Orders \
--target-table-name Orders-Latest-Restore \
--use-latest-restorable-time`,
        expect: { output: { "TableDescription.TableName": "Orders-Latest-Restore" } },
      },
    ],
    [
      {
        title: "Delete a backup",
        command: String.raw`aws dynamodb delete-backup \
--backup-arn ${PRINTED_ARN}`,
        expect: refused,
        meant: {
          why,
          command: String.raw`aws dynamodb delete-backup \
--backup-arn ${OWN_ARN}`,
          expect: { output: { "BackupDescription.BackupDetails.BackupStatus": "DELETED" } },
        },
      },
    ],
  ],
};
