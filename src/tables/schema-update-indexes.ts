/** Global secondary indexes in UpdateTable: created, changed and deleted, on the record only. */
import { limitExceeded, resourceNotFound, validation } from "../errors.ts";
import type { GlobalIndexRecord, TableRecord } from "./schema.ts";
import { GLOBAL_INDEXES_MAX, planGlobalIndex } from "./schema-create.ts";
import { checkDefined, checkGlobalKey, invalidParameters, planProjection } from "./schema-keys.ts";
import type { UpdatePlan } from "./schema-plan.ts";
import type {
  BillingMode,
  GlobalSecondaryIndexRequest,
  GlobalSecondaryIndexUpdateRequest,
  PlanContext,
  UpdateTableRequest,
} from "./schema-request.ts";
import { stillInUse } from "./schema-status.ts";
import {
  changeThroughput,
  checkQuota,
  currentFloor,
  firstOnDemandMember,
  initialWarmth,
  mergeOnDemand,
  newThroughput,
  present,
  raiseWarmth,
  warmest,
} from "./schema-throughput.ts";

/**
 * Adds the request's index changes to a plan whose record has its new billing mode already; `billedBefore` is the old one.
 * Throws `ApiError`.
 */
export function planIndexChanges(
  plan: UpdatePlan,
  billedBefore: BillingMode,
  request: UpdateTableRequest,
  context: PlanContext,
): UpdatePlan {
  const changes = request.GlobalSecondaryIndexUpdates ?? [];
  const structural = changes.filter(({ Create, Delete }) => Create !== undefined || Delete !== undefined);
  let planned = plan;
  for (const { Update } of changes) {
    if (Update !== undefined) planned = planUpdate(planned, billedBefore, Update, context);
  }
  for (const { Create, Delete } of structural) {
    if (Create !== undefined) planned = planCreate(planned, Create, request, context);
    if (Delete !== undefined) planned = planDelete(planned, Delete.IndexName);
  }
  if (structural.length > 1) throw oneAtATime();
  return planned;
}

const oneAtATime = () =>
  limitExceeded(
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
  );

/** The named global secondary index; `verb` is what was to be done to it. */
function find(record: TableRecord, indexName: string, verb: "update" | "delete"): GlobalIndexRecord {
  const index = record.globalSecondaryIndexes.find((each) => each.indexName === indexName);
  if (index !== undefined) return index;
  if (record.localSecondaryIndexes.some((local) => local.indexName === indexName)) {
    throw validation(`Cannot ${verb} an index that is not a GlobalSecondaryIndex: ${indexName}`);
  }
  throw resourceNotFound(`Requested resource not found: Index ${indexName} for table ${record.tableName}`);
}

const beingDeleted = (record: TableRecord, indexName: string) =>
  stillInUse(`Index is being deleted. Table: ${record.tableName} Index: ${indexName}`);

/** `record` with one of its indexes replaced. */
const withIndex = (record: TableRecord, changed: GlobalIndexRecord): TableRecord => ({
  ...record,
  globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) =>
    index.indexName === changed.indexName ? changed : index,
  ),
});

function planUpdate(
  plan: UpdatePlan,
  billedBefore: BillingMode,
  request: GlobalSecondaryIndexUpdateRequest,
  context: PlanContext,
): UpdatePlan {
  const { record } = plan;
  const index = find(record, request.IndexName, "update");
  const { indexName, indexStatus } = index;
  if (indexStatus === "DELETING") throw beingDeleted(record, indexName);
  if (indexStatus === "UPDATING") {
    throw stillInUse(`Index is being updated. Table: ${record.tableName} Index: ${indexName}`);
  }
  if (indexStatus === "CREATING" && index.backfilling !== true) {
    throw stillInUse(
      `Index is being created but is  not backfilling yet. Table: ${record.tableName} Index: ${indexName}`,
    );
  }
  const changed =
    record.billingMode === "PAY_PER_REQUEST"
      ? changeOnDemandIndex(index, request)
      : changeProvisionedIndex(index, request, billedBefore, context);
  const shown = plan.response.globalSecondaryIndexes.find((each) => each.indexName === indexName) ?? index;
  return {
    ...plan,
    record: withIndex(record, changed),
    response: withIndex(plan.response, { ...shown, indexStatus: "UPDATING" }),
  };
}

function changeOnDemandIndex(
  index: GlobalIndexRecord,
  request: GlobalSecondaryIndexUpdateRequest,
): GlobalIndexRecord {
  const requested = present(request.OnDemandThroughput);
  const { indexName } = index;
  if (request.ProvisionedThroughput !== undefined || (!requested && !request.WarmThroughput)) {
    throw invalidParameters(
      `The only Updates for index: ${indexName} when TableThroughputMode is PAY_PER_REQUEST ` +
        "can be to OnDemandThroughput, WarmThroughput",
    );
  }
  const { onDemand: current, ...others } = index;
  const onDemand = requested === undefined ? current : mergeOnDemand(current, requested);
  return {
    ...others,
    ...(onDemand === undefined ? {} : { onDemand }),
    warm: raiseWarmth(index.warm, request.WarmThroughput, currentFloor, indexName),
  };
}

function changeProvisionedIndex(
  index: GlobalIndexRecord,
  request: GlobalSecondaryIndexUpdateRequest,
  billedBefore: BillingMode,
  { now, region }: PlanContext,
): GlobalIndexRecord {
  const { indexName } = index;
  const { ProvisionedThroughput, WarmThroughput } = request;
  const onDemand = present(request.OnDemandThroughput);
  if (onDemand !== undefined) {
    throw invalidParameters(
      `${firstOnDemandMember(onDemand)} for OnDemandThroughput for index: ${indexName} cannot be specified ` +
        "when the table BillingMode is PROVISIONED",
    );
  }
  if (ProvisionedThroughput === undefined) {
    if (WarmThroughput === undefined) {
      throw invalidParameters(`ProvisionedThroughput is not specified for index: ${indexName}`);
    }
    return { ...index, warm: raiseWarmth(index.warm, WarmThroughput, currentFloor, indexName) };
  }
  const throughput =
    billedBefore === "PAY_PER_REQUEST"
      ? newThroughput(ProvisionedThroughput)
      : changeThroughput(index.throughput, ProvisionedThroughput, now, indexName);
  checkQuota(ProvisionedThroughput, region, indexName);
  const warm = warmest(index.warm, initialWarmth("PROVISIONED", throughput));
  return { ...index, throughput, warm: raiseWarmth(warm, WarmThroughput, currentFloor, indexName) };
}

function planCreate(
  plan: UpdatePlan,
  request: GlobalSecondaryIndexRequest,
  { AttributeDefinitions }: UpdateTableRequest,
  context: PlanContext,
): UpdatePlan {
  const { record, response } = plan;
  const { IndexName, KeySchema, ProvisionedThroughput } = request;
  checkNewName(record, IndexName);
  checkGlobalKey(KeySchema);
  if (AttributeDefinitions === undefined) {
    throw invalidParameters(`AttributeDefinitions is not specified for index: ${IndexName}`);
  }
  checkDefined(KeySchema, AttributeDefinitions);
  const projection = planProjection(request.Projection);
  if (record.billingMode === "PROVISIONED" && ProvisionedThroughput === undefined) {
    throw invalidParameters(
      `Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: ${IndexName}`,
    );
  }
  if (record.billingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== undefined) {
    throw invalidParameters(
      `Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: ${IndexName} ` +
        "when BillingMode is PAY_PER_REQUEST",
    );
  }
  const planned = planGlobalIndex(request, projection, record.billingMode, context);
  checkQuota(ProvisionedThroughput, context.region, IndexName);
  if (record.globalSecondaryIndexes.some(isChangingShape)) throw oneAtATime();
  if (record.globalSecondaryIndexes.length >= GLOBAL_INDEXES_MAX) {
    throw limitExceeded(
      `Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ${GLOBAL_INDEXES_MAX}`,
    );
  }
  const index: GlobalIndexRecord = { ...planned, indexStatus: "CREATING", backfilling: true };
  const attributeDefinitions = withDefinitions(record, KeySchema, AttributeDefinitions);
  const added = (to: TableRecord, indexRecord: GlobalIndexRecord): TableRecord => ({
    ...to,
    attributeDefinitions,
    globalSecondaryIndexes: [...to.globalSecondaryIndexes, indexRecord],
  });
  return {
    ...plan,
    record: added(record, index),
    response: { ...added(response, { ...index, backfilling: false }), tableStatus: "UPDATING" },
  };
}

function checkNewName(record: TableRecord, indexName: string): void {
  const index = record.globalSecondaryIndexes.find((each) => each.indexName === indexName);
  if (index?.indexStatus === "DELETING") throw beingDeleted(record, indexName);
  if (index !== undefined || record.localSecondaryIndexes.some((local) => local.indexName === indexName)) {
    throw validation("Attempting to create an index which already exists");
  }
}

const isChangingShape = ({ indexStatus }: GlobalIndexRecord): boolean =>
  indexStatus === "CREATING" || indexStatus === "DELETING";

/** The table's definitions and those that the new key needs; what is defined already stays as it is. */
function withDefinitions(
  record: TableRecord,
  key: GlobalSecondaryIndexRequest["KeySchema"],
  delta: TableRecord["attributeDefinitions"],
): TableRecord["attributeDefinitions"] {
  const defined = new Set(record.attributeDefinitions.map((definition) => definition.AttributeName));
  const needed = new Set(key.map((element) => element.AttributeName));
  const added = delta.filter(({ AttributeName }) => {
    const isNew = needed.has(AttributeName) && !defined.has(AttributeName);
    defined.add(AttributeName);
    return isNew;
  });
  return [...record.attributeDefinitions, ...added];
}

function planDelete(plan: UpdatePlan, indexName: string): UpdatePlan {
  const { record, response } = plan;
  const index = find(record, indexName, "delete");
  if (index.indexStatus === "DELETING") throw beingDeleted(record, indexName);
  if (index.indexStatus === "CREATING" && index.backfilling !== true) {
    throw stillInUse(
      "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. " +
        `Table: ${record.tableName} Index: ${indexName}`,
    );
  }
  const remaining = record.globalSecondaryIndexes.filter((each) => each.indexName !== indexName);
  if (remaining.some(isChangingShape)) throw oneAtATime();
  const { backfilling: _, ...leaving } = { ...index, indexStatus: "DELETING" as const };
  return {
    ...plan,
    record: withIndex(record, leaving),
    response: { ...withIndex(response, leaving), tableStatus: "UPDATING" },
  };
}

/** Whether an index of the table is being deleted: it is shown, and written to, but not read from. */
export const hasLeavingIndex = ({ globalSecondaryIndexes }: TableRecord): boolean =>
  globalSecondaryIndexes.some(({ indexStatus }) => indexStatus === "DELETING");

/** The record once the indexes that are being deleted are gone. The very same one when there are none. */
export function withoutLeavingIndexes(record: TableRecord): TableRecord {
  if (!hasLeavingIndex(record)) return record;
  const remaining = record.globalSecondaryIndexes.filter(({ indexStatus }) => indexStatus !== "DELETING");
  const names = new Set(remaining.map(({ indexName }) => indexName));
  const insights = record.insights?.filter(
    ({ indexName }) => indexName === undefined || names.has(indexName),
  );
  return pruned({
    ...record,
    globalSecondaryIndexes: remaining,
    ...(insights === undefined ? {} : { insights }),
  });
}

/** A record without the definitions of attributes that no key uses any more. */
function pruned(record: TableRecord): TableRecord {
  const keys = [record, ...record.localSecondaryIndexes, ...record.globalSecondaryIndexes];
  const used = new Set(keys.flatMap(({ keySchema }) => keySchema.map((element) => element.AttributeName)));
  return {
    ...record,
    attributeDefinitions: record.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName)),
  };
}
