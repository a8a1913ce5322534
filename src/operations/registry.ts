import { batchGetItem } from "./batch-get-item.ts";
import { batchWriteItem } from "./batch-write-item.ts";
import { createTable } from "./create-table.ts";
import { deleteItem } from "./delete-item.ts";
import { deleteTable } from "./delete-table.ts";
import { describeContinuousBackups } from "./describe-continuous-backups.ts";
import { describeEndpoints } from "./describe-endpoints.ts";
import { describeLimits } from "./describe-limits.ts";
import { describeStream } from "./describe-stream.ts";
import { describeTable } from "./describe-table.ts";
import { describeTimeToLive } from "./describe-time-to-live.ts";
import { executeStatement } from "./execute-statement.ts";
import { getItem } from "./get-item.ts";
import { getRecords } from "./get-records.ts";
import { getShardIterator } from "./get-shard-iterator.ts";
import { listStreams } from "./list-streams.ts";
import { listTables } from "./list-tables.ts";
import { listTagsOfResource } from "./list-tags-of-resource.ts";
import type { Operation } from "./operation.ts";
import { putItem } from "./put-item.ts";
import { query } from "./query.ts";
import { restoreTableToPointInTime } from "./restore-table-to-point-in-time.ts";
import { scan } from "./scan.ts";
import { tagResource } from "./tag-resource.ts";
import { transactGetItems } from "./transact-get-items.ts";
import { transactWriteItems } from "./transact-write-items.ts";
import { untagResource } from "./untag-resource.ts";
import { updateContinuousBackups } from "./update-continuous-backups.ts";
import { updateItem } from "./update-item.ts";
import { updateTable } from "./update-table.ts";
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
  full("PartiQL", executeStatement),
  ...notYet("PartiQL", ["BatchExecuteStatement", "ExecuteTransaction"], "planned"),
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
  ...notYet(
    "On-demand backup",
    ["CreateBackup", "DeleteBackup", "DescribeBackup", "ListBackups", "RestoreTableFromBackup"],
    "planned",
  ),
  full("Point-in-time recovery", describeContinuousBackups),
  full("Point-in-time recovery", restoreTableToPointInTime),
  full("Point-in-time recovery", updateContinuousBackups),
  ...notYet("Export and import", ["DescribeExport", "ExportTableToPointInTime", "ListExports"], "planned"),
  ...notYet("Export and import", ["DescribeImport", "ImportTable", "ListImports"], "planned"),
  ...notYet(
    "Kinesis",
    [
      "DescribeKinesisStreamingDestination",
      "DisableKinesisStreamingDestination",
      "EnableKinesisStreamingDestination",
      "UpdateKinesisStreamingDestination",
    ],
    "no Kinesis to stream to; planned as stored settings",
  ),
  ...notYet(
    "Contributor insights",
    ["DescribeContributorInsights", "ListContributorInsights", "UpdateContributorInsights"],
    "planned",
  ),
  ...notYet("Resource policy", ["DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy"], "planned"),
  ...notYet(
    "Global tables",
    [
      "CreateGlobalTable",
      "DescribeGlobalTable",
      "DescribeGlobalTableSettings",
      "DescribeTableReplicaAutoScaling",
      "ListGlobalTables",
      "UpdateGlobalTable",
      "UpdateGlobalTableSettings",
      "UpdateTableReplicaAutoScaling",
    ],
    "one region per server",
  ),
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
