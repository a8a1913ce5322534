import { batchExecuteStatement } from "./batch-execute-statement.ts";
import { batchGetItem } from "./batch-get-item.ts";
import { batchWriteItem } from "./batch-write-item.ts";
import { createBackup } from "./create-backup.ts";
import { createGlobalTable } from "./create-global-table.ts";
import { createTable } from "./create-table.ts";
import { deleteBackup } from "./delete-backup.ts";
import { deleteItem } from "./delete-item.ts";
import { deleteResourcePolicy } from "./delete-resource-policy.ts";
import { deleteTable } from "./delete-table.ts";
import { describeBackup } from "./describe-backup.ts";
import { describeContinuousBackups } from "./describe-continuous-backups.ts";
import { describeContributorInsights } from "./describe-contributor-insights.ts";
import { describeEndpoints } from "./describe-endpoints.ts";
import { describeExport } from "./describe-export.ts";
import { describeGlobalTable } from "./describe-global-table.ts";
import { describeGlobalTableSettings } from "./describe-global-table-settings.ts";
import { describeImport } from "./describe-import.ts";
import { describeKinesisStreamingDestination } from "./describe-kinesis-streaming-destination.ts";
import { describeLimits } from "./describe-limits.ts";
import { describeStream } from "./describe-stream.ts";
import { describeTable } from "./describe-table.ts";
import { describeTableReplicaAutoScaling } from "./describe-table-replica-auto-scaling.ts";
import { describeTimeToLive } from "./describe-time-to-live.ts";
import { disableKinesisStreamingDestination } from "./disable-kinesis-streaming-destination.ts";
import { enableKinesisStreamingDestination } from "./enable-kinesis-streaming-destination.ts";
import { executeStatement } from "./execute-statement.ts";
import { executeTransaction } from "./execute-transaction.ts";
import { exportTableToPointInTime } from "./export-table-to-point-in-time.ts";
import { getItem } from "./get-item.ts";
import { getRecords } from "./get-records.ts";
import { getResourcePolicy } from "./get-resource-policy.ts";
import { getShardIterator } from "./get-shard-iterator.ts";
import { importTable } from "./import-table.ts";
import { listBackups } from "./list-backups.ts";
import { listContributorInsights } from "./list-contributor-insights.ts";
import { listExports } from "./list-exports.ts";
import { listGlobalTables } from "./list-global-tables.ts";
import { listImports } from "./list-imports.ts";
import { listStreams } from "./list-streams.ts";
import { listTables } from "./list-tables.ts";
import { listTagsOfResource } from "./list-tags-of-resource.ts";
import type { Operation } from "./operation.ts";
import { putItem } from "./put-item.ts";
import { putResourcePolicy } from "./put-resource-policy.ts";
import { query } from "./query.ts";
import { restoreTableFromBackup } from "./restore-table-from-backup.ts";
import { restoreTableToPointInTime } from "./restore-table-to-point-in-time.ts";
import { scan } from "./scan.ts";
import { tagResource } from "./tag-resource.ts";
import { transactGetItems } from "./transact-get-items.ts";
import { transactWriteItems } from "./transact-write-items.ts";
import { untagResource } from "./untag-resource.ts";
import { updateContinuousBackups } from "./update-continuous-backups.ts";
import { updateContributorInsights } from "./update-contributor-insights.ts";
import { updateGlobalTable } from "./update-global-table.ts";
import { updateGlobalTableSettings } from "./update-global-table-settings.ts";
import { updateItem } from "./update-item.ts";
import { updateKinesisStreamingDestination } from "./update-kinesis-streaming-destination.ts";
import { updateTable } from "./update-table.ts";
import { updateTableReplicaAutoScaling } from "./update-table-replica-auto-scaling.ts";
import { updateTimeToLive } from "./update-time-to-live.ts";

export type Service = "DynamoDB" | "DynamoDBStreams";
/** full: as the service does it; partial: `note` says what lacks; not-yet: answered with a typed error that says so. */
export type Status = "full" | "partial" | "not-yet";

export interface RegistryEntry {
  readonly name: string;
  readonly service: Service;
  readonly group: string;
  readonly status: Status;
  readonly note: string;
  /** Present unless `not-yet`. */
  readonly operation: Operation | undefined;
}

const full = (group: string, operation: Operation, note = ""): RegistryEntry => ({
  name: operation.name,
  service: "DynamoDB",
  group,
  status: "full",
  note,
  operation,
});

const partial = (group: string, operation: Operation, note: string): RegistryEntry => ({
  ...full(group, operation, note),
  status: "partial",
});

const streams = (operation: Operation): RegistryEntry => ({
  ...full("Streams", operation),
  service: "DynamoDBStreams",
});

const notYet = (group: string, names: readonly string[], note: string) =>
  names.map(
    (name): RegistryEntry => ({
      name,
      service: "DynamoDB",
      group,
      status: "not-yet",
      note,
      operation: undefined,
    }),
  );

const OVERLAP = "overlapping transactions wait for each other; with --transaction-conflicts they are refused";

const LEGACY =
  "version 2017.11.29: refused, or not found, as the service answers since it creates no more of them";
const NO_KINESIS = "the setting is kept and described; there is no Kinesis here that records could go to";
const NO_INSIGHTS = "the setting is kept and described; nothing is counted";
const NOT_ENFORCED = "policies are checked, kept and given back; they refuse nobody";
const EXPORTS =
  "into folders (`--s3-dir`); incremental ones compare two instants: writes that leave no difference are not in them, and " +
  "write times are the end of the period";
const IMPORTS = "from folders (`--s3-dir`); ION with one record per line, as exports have it";
const ONE_REGION = "one region per server: answers as for a table without replicas";

const MALFORMED = "what follows \"Statement wasn't well formed\" is not always in the service's words";

/** The only list of operations in the program: routing, documentation and tests are made from it. */
export const registry: readonly RegistryEntry[] = [
  full("Items", getItem),
  full("Items", putItem),
  full("Items", updateItem),
  full("Items", deleteItem),
  full("Reads", query),
  full("Reads", scan),
  full("Batch", batchGetItem),
  full("Batch", batchWriteItem),
  full("Transactions", transactGetItems, OVERLAP),
  full("Transactions", transactWriteItems, OVERLAP),
  full("PartiQL", executeStatement, MALFORMED),
  full("PartiQL", batchExecuteStatement, MALFORMED),
  full("PartiQL", executeTransaction, `${MALFORMED}; ${OVERLAP}`),
  full("Tables", createTable),
  full("Tables", deleteTable),
  full("Tables", describeTable),
  full("Tables", listTables),
  full("Tables", updateTable),
  full("Time to live", describeTimeToLive),
  full("Time to live", updateTimeToLive),
  full("Tags", listTagsOfResource),
  full("Tags", tagResource),
  full("Tags", untagResource),
  full("Account", describeLimits),
  full("Account", describeEndpoints),
  full("On-demand backup", createBackup, "backups lie in the data directory"),
  full("On-demand backup", deleteBackup),
  full("On-demand backup", describeBackup),
  full("On-demand backup", listBackups),
  full("On-demand backup", restoreTableFromBackup),
  full("Point-in-time recovery", describeContinuousBackups),
  full(
    "Point-in-time recovery",
    restoreTableToPointInTime,
    "up to now; `--pitr-lag-ms` imitates the service, which is some minutes behind",
  ),
  full("Point-in-time recovery", updateContinuousBackups),
  full("Export and import", describeExport),
  partial("Export and import", exportTableToPointInTime, EXPORTS),
  full("Export and import", listExports),
  full("Export and import", describeImport),
  partial("Export and import", importTable, IMPORTS),
  full("Export and import", listImports),
  partial("Kinesis", describeKinesisStreamingDestination, NO_KINESIS),
  partial("Kinesis", disableKinesisStreamingDestination, NO_KINESIS),
  partial("Kinesis", enableKinesisStreamingDestination, NO_KINESIS),
  partial("Kinesis", updateKinesisStreamingDestination, NO_KINESIS),
  partial("Contributor insights", describeContributorInsights, NO_INSIGHTS),
  partial("Contributor insights", listContributorInsights, NO_INSIGHTS),
  partial("Contributor insights", updateContributorInsights, NO_INSIGHTS),
  partial("Resource policy", deleteResourcePolicy, NOT_ENFORCED),
  partial("Resource policy", getResourcePolicy, NOT_ENFORCED),
  partial("Resource policy", putResourcePolicy, NOT_ENFORCED),
  full("Global tables", createGlobalTable, LEGACY),
  full("Global tables", describeGlobalTable, LEGACY),
  full("Global tables", describeGlobalTableSettings, LEGACY),
  full("Global tables", describeTableReplicaAutoScaling, ONE_REGION),
  full("Global tables", listGlobalTables, LEGACY),
  full("Global tables", updateGlobalTable, LEGACY),
  full("Global tables", updateGlobalTableSettings, LEGACY),
  full("Global tables", updateTableReplicaAutoScaling, ONE_REGION),
  ...notYet("Vectors", ["SearchVectors"], "planned"),
  ...notYet(
    "Bulk load",
    ["CancelBulkOperation", "DescribeBulkOperation", "ListBulkOperations", "StartBulkPutItems"],
    "planned",
  ),
  streams(describeStream),
  streams(getRecords),
  streams(getShardIterator),
  streams(listStreams),
];

const byTarget: ReadonlyMap<string, RegistryEntry> = new Map(
  registry.map((entry) => [`${entry.service}_20120810.${entry.name}`, entry]),
);

/** The entry for an X-Amz-Target header, or undefined for a name the service does not know. */
export function entryOf(target: string): RegistryEntry | undefined {
  return byTarget.get(target);
}
