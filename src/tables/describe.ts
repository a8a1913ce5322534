/** Tables as the service describes them: in DescribeTable, and in the answers of CreateTable, UpdateTable and DeleteTable. */
import type {
  GlobalIndexRecord,
  IndexStatus,
  LocalIndexRecord,
  TableRecord,
  TableStatus,
  Throughput,
  Warmth,
} from "./schema.ts";
import type { UpdatePlan } from "./schema-plan.ts";
import type { CreateTableRequest } from "./schema-request.ts";
import { decreasesToday, present } from "./schema-throughput.ts";

/** Counts of a space, as the store keeps them. */
export interface SpaceCounts {
  readonly rows: number;
  readonly bytes: number;
}

/** What a description needs beside the record. */
export interface DescribeContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Rows and bytes of a space. */
  readonly stats: (spaceId: string) => SpaceCounts;
  /** The status to show instead of the record's own. */
  readonly status?: TableStatus;
  /** ENABLED unless given. */
  readonly encryptionStatus?: "UPDATING";
  /** ACTIVE unless given. */
  readonly warmthStatus?: "UPDATING";
}

/** A TableDescription, ready for JSON.stringify: absent members are missing, never null. */
export type TableDescription = Readonly<Record<string, unknown>>;

export const tableArn = ({
  region,
  accountId,
  tableName,
}: Pick<TableRecord, "region" | "accountId" | "tableName">) =>
  `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}`;

/** Milliseconds to the wire's epoch seconds. */
const seconds = (ms: number): number => ms / 1000;

/** The `Table` of DescribeTable. */
export function describeTable(record: TableRecord, context: DescribeContext): TableDescription {
  const arn = tableArn(record);
  return {
    ...identity(record, context),
    AttributeDefinitions: record.attributeDefinitions,
    KeySchema: record.keySchema,
    CreationDateTime: seconds(record.creationMs),
    ...billingModeSummary(record),
    ...indexLists(
      record.localSecondaryIndexes.map((index) => describeLocalIndex(index, arn, context)),
      record.globalSecondaryIndexes.map((index) => {
        // The indexes that a table is created with become active together with it.
        const status = context.status === "CREATING" ? "CREATING" : index.indexStatus;
        // Those of a table that is being restored have no status of their own.
        const shown = record.restore === undefined ? status : undefined;
        return {
          ...describeGlobalIndex(index, arn, context, shown),
          WarmThroughput: describeWarmth(index.warm, status === "CREATING" ? "CREATING" : "ACTIVE"),
        };
      }),
    ),
    ...streamMembers(record, arn),
    ...encryption(record, context.encryptionStatus ?? "ENABLED"),
    ...tableClassSummary(record),
    ...(record.onDemand === undefined ? {} : { OnDemandThroughput: record.onDemand }),
    WarmThroughput: describeWarmth(record.warm, context.warmthStatus ?? "ACTIVE"),
    ...restoreSummary(record),
  };
}

/** The `TableDescription` that answers UpdateTable. */
export const describeUpdatedTable = (plan: UpdatePlan, context: DescribeContext): TableDescription =>
  describeTable(plan.response, {
    ...context,
    ...(plan.encryptionUpdating === true ? { encryptionStatus: "UPDATING" } : {}),
    ...(plan.warmthUpdating === true ? { warmthStatus: "UPDATING" } : {}),
  });

/** The `TableDescription` that answers CreateTable: everything CREATING, warmth only where it was asked for. */
export function describeCreatedTable(
  record: TableRecord,
  request: CreateTableRequest,
  context: DescribeContext,
): TableDescription {
  const arn = tableArn(record);
  const { WarmThroughput: _, BillingModeSummary: __, ...common } = describeTable(record, context);
  const warmIndexes = new Set(
    (request.GlobalSecondaryIndexes ?? []).flatMap((index) =>
      present(index.WarmThroughput) === undefined ? [] : [index.IndexName],
    ),
  );
  return {
    ...common,
    TableStatus: "CREATING",
    ...(record.billingMode === "PAY_PER_REQUEST"
      ? { BillingModeSummary: { BillingMode: record.billingMode } }
      : {}),
    ...indexLists(
      record.localSecondaryIndexes.map((index) => describeLocalIndex(index, arn, context)),
      record.globalSecondaryIndexes.map((index) => ({
        ...describeGlobalIndex(index, arn, context, "CREATING"),
        ...(warmIndexes.has(index.indexName)
          ? { WarmThroughput: describeWarmth(index.warm, "UPDATING") }
          : {}),
      })),
    ),
    ...(present(request.WarmThroughput) === undefined
      ? {}
      : { WarmThroughput: describeWarmth(record.warm, "UPDATING") }),
  };
}

/** The `TableDescription` that answers DeleteTable: little more than who is going. */
export const describeDeletedTable = (record: TableRecord, context: DescribeContext): TableDescription => ({
  ...identity(record, { ...context, status: "DELETING" }),
});

/** The members that every answer has. */
function identity(record: TableRecord, { now, stats, status }: DescribeContext) {
  const { rows, bytes } = stats(record.spaceId);
  return {
    TableName: record.tableName,
    TableStatus: status ?? record.tableStatus,
    ProvisionedThroughput: describeThroughput(record.throughput, now),
    TableSizeBytes: bytes,
    ItemCount: rows,
    TableArn: tableArn(record),
    TableId: record.tableId,
    DeletionProtectionEnabled: record.deletionProtection,
  };
}

const describeThroughput = (throughput: Throughput, now: number) => ({
  ...(throughput.lastIncreaseMs === undefined
    ? {}
    : { LastIncreaseDateTime: seconds(throughput.lastIncreaseMs) }),
  ...(throughput.lastDecreaseMs === undefined
    ? {}
    : { LastDecreaseDateTime: seconds(throughput.lastDecreaseMs) }),
  NumberOfDecreasesToday: decreasesToday(throughput, now),
  ReadCapacityUnits: throughput.readCapacityUnits,
  WriteCapacityUnits: throughput.writeCapacityUnits,
});

const describeWarmth = (warm: Warmth, status: TableStatus) => ({
  ReadUnitsPerSecond: warm.readUnitsPerSecond,
  WriteUnitsPerSecond: warm.writeUnitsPerSecond,
  Status: status,
});

/** Present on tables that are, or ever were, on demand. */
const billingModeSummary = ({ billingMode, payPerRequestMs }: TableRecord) =>
  payPerRequestMs === undefined
    ? {}
    : {
        BillingModeSummary: {
          BillingMode: billingMode,
          LastUpdateToPayPerRequestDateTime: seconds(payPerRequestMs),
        },
      };

/** The two lists, neither of them ever empty. */
const indexLists = (local: readonly object[], global: readonly object[]) => ({
  ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local }),
  ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global }),
});

function describeLocalIndex(index: LocalIndexRecord, arn: string, { stats }: DescribeContext) {
  const { rows, bytes } = stats(index.spaceId);
  return {
    IndexName: index.indexName,
    KeySchema: index.keySchema,
    Projection: index.projection,
    IndexSizeBytes: bytes,
    ItemCount: rows,
    IndexArn: `${arn}/index/${index.indexName}`,
  };
}

const describeGlobalIndex = (
  index: GlobalIndexRecord,
  arn: string,
  context: DescribeContext,
  status: IndexStatus | undefined,
) => ({
  ...describeLocalIndex(index, arn, context),
  ...(status === undefined ? {} : { IndexStatus: status }),
  ...(index.indexStatus === "CREATING" ? { Backfilling: isBackfilling(index, context.status) } : {}),
  ProvisionedThroughput: describeThroughput(index.throughput, context.now),
  ...(index.onDemand === undefined ? {} : { OnDemandThroughput: index.onDemand }),
});

/** Resources for an index are allocated while its table is shown as UPDATING; filling it comes after that. */
const isBackfilling = (index: GlobalIndexRecord, status: TableStatus | undefined): boolean =>
  index.backfilling === true && status !== "UPDATING";

/** The specification while a stream is enabled; label and ARN of the newest stream for ever. */
const streamMembers = ({ stream, latestStreamLabel }: TableRecord, arn: string) => ({
  ...(stream === undefined
    ? {}
    : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType } }),
  ...(latestStreamLabel === undefined
    ? {}
    : { LatestStreamLabel: latestStreamLabel, LatestStreamArn: `${arn}/stream/${latestStreamLabel}` }),
});

/** Shown until the table is ACTIVE. */
const restoreSummary = ({ restore }: TableRecord) =>
  restore === undefined
    ? {}
    : {
        RestoreSummary: {
          ...(restore.backup === undefined ? {} : { SourceBackupArn: restore.backup.arn }),
          SourceTableArn: restore.sourceTableArn,
          RestoreDateTime: seconds(restore.shownMs),
          RestoreInProgress: true,
        },
      };

const encryption = ({ sse }: TableRecord, status: "ENABLED" | "UPDATING") =>
  sse === undefined
    ? {}
    : { SSEDescription: { Status: status, SSEType: "KMS", KMSMasterKeyArn: sse.kmsMasterKeyArn } };

function tableClassSummary({ tableClass }: TableRecord) {
  if (tableClass === undefined) return {};
  const last = tableClass.changesMs.at(-1);
  return {
    TableClassSummary: {
      TableClass: tableClass.value,
      ...(last === undefined ? {} : { LastUpdateDateTime: seconds(last) }),
    },
  };
}
