/**
 * A CreateTable request to a table's record: every check but the table's existence, in the service's order. Pure.
 */

import { validation } from "../errors.ts";
import { canonicalPolicy } from "./policy-document.ts";
import type { GlobalIndexRecord, LocalIndexRecord, TableRecord } from "./schema.ts";
import {
  checkDefinitions,
  checkGlobalKey,
  checkSimpleKey,
  invalidParameters,
  planProjection,
} from "./schema-keys.ts";
import type {
  BillingMode,
  CreateTableRequest,
  GlobalSecondaryIndexRequest,
  KeySchemaElement,
  LocalSecondaryIndexRequest,
  OnDemandThroughput,
  PlanContext,
} from "./schema-request.ts";
import {
  checkEncryption,
  checkNewStream,
  checkTableClass,
  planEncryption,
  planStream,
} from "./schema-settings.ts";
import { checkTags } from "./schema-tags.ts";
import {
  checkBounds,
  checkOnDemandRange,
  checkQuota,
  firstOnDemandMember,
  initialFloor,
  initialWarmth,
  newThroughput,
  present,
  raiseWarmth,
} from "./schema-throughput.ts";

const LOCAL_INDEXES_MAX = 5;
export const GLOBAL_INDEXES_MAX = 20;

/**
 * The record of the table that a request asks for, its state that of the finished table: ACTIVE, indexes included.
 * `CREATING` is shown by `describeCreatedTable` and, for as long as the catalog wants, by the catalog. Throws `ApiError`.
 */
export function planCreateTable(request: CreateTableRequest, context: PlanContext): TableRecord {
  const billingMode = request.BillingMode ?? "PROVISIONED";
  const tableClass = checkTableClass(request.TableClass);
  checkCapacity(request, billingMode);
  const locals = request.LocalSecondaryIndexes;
  const globals = request.GlobalSecondaryIndexes;
  const indexKeys = [...(locals ?? []), ...(globals ?? [])].map((index) => index.KeySchema);
  checkDefinitions(request.AttributeDefinitions, request.KeySchema, indexKeys);
  checkSimpleKey(request.KeySchema);
  const localIndexes = planLocalIndexes(locals, request.KeySchema, context);
  const globalIndexes = planGlobalIndexes(globals, billingMode, context);
  checkIndexNames([...localIndexes, ...globalIndexes]);
  checkNewStream(request.StreamSpecification);
  checkEncryption(request.SSESpecification);
  const tags = checkTags(request.Tags ?? []);
  checkReplication(request);
  const policy = request.ResourcePolicy === undefined ? undefined : canonicalPolicy(request.ResourcePolicy);
  checkQuotas(request, context.region);

  const throughput = newThroughput(request.ProvisionedThroughput);
  const floor = initialWarmth(billingMode, throughput);
  const onDemand = present(request.OnDemandThroughput);
  const stream = planStream(request.StreamSpecification, context.latestStreamLabel, context);
  const sse = planEncryption(request.SSESpecification, context);
  return {
    tableName: request.TableName,
    accountId: context.accountId,
    region: context.region,
    tableId: context.newId(),
    spaceId: context.newId(),
    tableStatus: "ACTIVE",
    creationMs: context.now,
    attributeDefinitions: request.AttributeDefinitions,
    keySchema: request.KeySchema,
    billingMode,
    ...(billingMode === "PAY_PER_REQUEST" ? { payPerRequestMs: context.now } : {}),
    throughput,
    warm: raiseWarmth(floor, request.WarmThroughput, initialFloor(billingMode)),
    ...(onDemand === undefined ? {} : { onDemand }),
    globalSecondaryIndexes: globalIndexes,
    localSecondaryIndexes: localIndexes,
    ...(localIndexes.length === 0 ? {} : { itemCollectionsSpaceId: context.newId() }),
    ...(stream === undefined ? {} : { stream, latestStreamLabel: stream.label }),
    ...(sse === undefined ? {} : { sse }),
    ...(tableClass === undefined || tableClass === "STANDARD"
      ? {}
      : { tableClass: { value: tableClass, changesMs: [] } }),
    deletionProtection: request.DeletionProtectionEnabled ?? false,
    tags,
    ...(policy === undefined ? {} : { policies: [{ document: policy, revisionId: String(context.now) }] }),
  };
}

/** Billing mode against the table's own throughput, on-demand maxima and warmth. */
function checkCapacity(request: CreateTableRequest, billingMode: BillingMode): void {
  const { ProvisionedThroughput } = request;
  if (billingMode === "PROVISIONED" && ProvisionedThroughput === undefined) {
    throw invalidParameters(
      "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    );
  }
  if (billingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== undefined) {
    throw invalidParameters(
      "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
  }
  checkBounds(ProvisionedThroughput);
  for (const index of request.GlobalSecondaryIndexes ?? []) {
    checkBounds(index.ProvisionedThroughput, index.IndexName);
  }
  checkOnDemand(request.OnDemandThroughput, billingMode);
  const floor = initialWarmth(billingMode, newThroughput(ProvisionedThroughput));
  raiseWarmth(floor, request.WarmThroughput, initialFloor(billingMode));
}

function checkOnDemand(
  requested: OnDemandThroughput | undefined,
  billingMode: BillingMode,
  indexName?: string,
): void {
  const onDemand = present(requested);
  if (onDemand === undefined) return;
  if (billingMode === "PROVISIONED") {
    const where = indexName === undefined ? "" : ` for index: ${indexName}`;
    throw invalidParameters(
      `${firstOnDemandMember(onDemand)} for OnDemandThroughput${where} cannot be specified ` +
        "when table BillingMode is PROVISIONED.",
    );
  }
  checkOnDemandRange(onDemand, false, indexName);
}

function planLocalIndexes(
  requests: readonly LocalSecondaryIndexRequest[] | undefined,
  tableKey: readonly KeySchemaElement[],
  context: PlanContext,
): LocalIndexRecord[] {
  if (requests === undefined) return [];
  if (requests.length === 0) throw invalidParameters("List of LocalSecondaryIndexes is empty");
  if (tableKey.length < 2) {
    throw invalidParameters(
      "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    );
  }
  const indexes = requests.map(({ IndexName, KeySchema, Projection }): LocalIndexRecord => {
    checkSimpleKey(KeySchema);
    if (KeySchema.length < 2) {
      throw invalidParameters(`Index KeySchema does not have a range key for index: ${IndexName}`);
    }
    const hash = KeySchema[0]?.AttributeName;
    const tableHash = tableKey[0]?.AttributeName;
    if (hash !== tableHash) {
      throw invalidParameters(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${IndexName}. ` +
          `index hash key: ${hash}, table hash key: ${tableHash}`,
      );
    }
    return {
      indexName: IndexName,
      spaceId: context.newId(),
      keySchema: KeySchema,
      projection: planProjection(Projection),
    };
  });
  if (indexes.length > LOCAL_INDEXES_MAX) {
    throw invalidParameters(
      `Number of LocalSecondaryIndexes exceeds per-table limit of ${LOCAL_INDEXES_MAX}`,
    );
  }
  return indexes;
}

function planGlobalIndexes(
  requests: readonly GlobalSecondaryIndexRequest[] | undefined,
  billingMode: BillingMode,
  context: PlanContext,
): GlobalIndexRecord[] {
  if (requests === undefined) return [];
  if (requests.length === 0) throw invalidParameters("List of GlobalSecondaryIndexes is empty");
  const indexes = requests.map((request) => {
    const { IndexName, ProvisionedThroughput } = request;
    checkGlobalKey(request.KeySchema);
    const projection = planProjection(request.Projection);
    if (billingMode === "PROVISIONED" && ProvisionedThroughput === undefined) {
      throw invalidParameters(`ProvisionedThroughput is not specified for index: ${IndexName}`);
    }
    if (billingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== undefined) {
      throw invalidParameters(
        `ProvisionedThroughput should not be specified for index: ${IndexName} when BillingMode is PAY_PER_REQUEST`,
      );
    }
    return planGlobalIndex(request, projection, billingMode, context);
  });
  if (indexes.length > GLOBAL_INDEXES_MAX) {
    throw invalidParameters(
      `GlobalSecondaryIndex count exceeds the per-table limit of ${GLOBAL_INDEXES_MAX}`,
    );
  }
  return indexes;
}

/** The record of an ACTIVE index whose key, projection and throughput have been checked. Throws `ApiError` for the rest. */
export function planGlobalIndex(
  request: GlobalSecondaryIndexRequest,
  projection: GlobalIndexRecord["projection"],
  billingMode: BillingMode,
  context: PlanContext,
): GlobalIndexRecord {
  const { IndexName, KeySchema } = request;
  checkOnDemand(request.OnDemandThroughput, billingMode, IndexName);
  const throughput = newThroughput(request.ProvisionedThroughput);
  const floor = initialWarmth(billingMode, throughput);
  const onDemand = present(request.OnDemandThroughput);
  return {
    indexName: IndexName,
    spaceId: context.newId(),
    keySchema: KeySchema,
    projection,
    indexStatus: "ACTIVE",
    throughput,
    warm: raiseWarmth(floor, request.WarmThroughput, initialFloor(billingMode), IndexName),
    ...(onDemand === undefined ? {} : { onDemand }),
  };
}

/** Refuses two indexes of one name. Throws `ApiError`. */
export function checkIndexNames(indexes: readonly LocalIndexRecord[]): void {
  const names = new Set<string>();
  for (const { indexName } of indexes) {
    if (names.has(indexName)) throw invalidParameters(`Duplicate index name: ${indexName}`);
    names.add(indexName);
  }
}

/** Members of multi-region tables are refused rather than forgotten. */
function checkReplication(request: CreateTableRequest): void {
  for (const member of ["GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"] as const) {
    if (request[member] !== undefined) {
      throw validation(`${member} is not supported: this server has one region`);
    }
  }
}

function checkQuotas(request: CreateTableRequest, region: string): void {
  checkQuota(request.ProvisionedThroughput, region);
  for (const index of request.GlobalSecondaryIndexes ?? []) {
    checkQuota(index.ProvisionedThroughput, region, index.IndexName);
  }
}
