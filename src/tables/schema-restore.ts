/** A table as it is restored from another one's record: what is carried over, and what is asked for instead. Pure. */
import { isDeepStrictEqual } from "node:util";
import { validation } from "../errors.ts";
import type {
  GlobalIndexRecord,
  LocalIndexRecord,
  RestoreRecord,
  TableRecord,
  Throughput,
} from "./schema.ts";
import { checkIndexNames } from "./schema-create.ts";
import type {
  BillingMode,
  GlobalSecondaryIndexRequest,
  LocalSecondaryIndexRequest,
  OnDemandThroughput,
  PlanContext,
  ProvisionedThroughput,
  SseSpecification,
} from "./schema-request.ts";
import { checkEncryption, planEncryption } from "./schema-settings.ts";
import {
  checkBounds,
  checkQuota,
  firstOnDemandMember,
  firstOutOfRange,
  initialFloor,
  initialWarmth,
  NO_THROUGHPUT,
  newThroughput,
  present,
  raiseWarmth,
} from "./schema-throughput.ts";

/** What both restore operations may ask for beside what was recorded. */
export interface RestoreOverrides {
  readonly TargetTableName: string;
  readonly BillingModeOverride?: BillingMode;
  readonly GlobalSecondaryIndexOverride?: readonly GlobalSecondaryIndexRequest[];
  readonly LocalSecondaryIndexOverride?: readonly LocalSecondaryIndexRequest[];
  readonly ProvisionedThroughputOverride?: ProvisionedThroughput;
  readonly OnDemandThroughputOverride?: OnDemandThroughput;
  readonly SSESpecificationOverride?: SseSpecification;
}

const invalidRequest = (problem: string) => validation(`Invalid Request: ${problem}`);

/** Refuses overrides that contradict each other, whatever the source. Throws `ApiError`. */
export function checkOverrides(request: RestoreOverrides): void {
  const { BillingModeOverride, ProvisionedThroughputOverride, SSESpecificationOverride } = request;
  if (BillingModeOverride === "PROVISIONED" && ProvisionedThroughputOverride === undefined) {
    throw invalidRequest("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED");
  }
  if (BillingModeOverride === "PAY_PER_REQUEST") {
    const problem = "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST";
    if (ProvisionedThroughputOverride !== undefined) throw invalidRequest(problem);
    for (const { IndexName, ProvisionedThroughput } of request.GlobalSecondaryIndexOverride ?? []) {
      if (ProvisionedThroughput !== undefined) throw invalidRequest(`${problem} for index ${IndexName}`);
    }
  }
  checkBounds(ProvisionedThroughputOverride);
  for (const { IndexName, ProvisionedThroughput } of request.GlobalSecondaryIndexOverride ?? []) {
    checkBounds(ProvisionedThroughput, IndexName);
  }
  checkEncryption(SSESpecificationOverride);
}

/**
 * The record of a table to be restored from one with the record `source`, CREATING until it is. `request` has passed `checkOverrides`. Throws
 * `ApiError`.
 */
export function planRestore(
  source: TableRecord,
  restore: RestoreRecord,
  request: RestoreOverrides,
  context: PlanContext,
): TableRecord {
  const billingMode = request.BillingModeOverride ?? source.billingMode;
  const localIndexes = planLocalIndexes(source, request.LocalSecondaryIndexOverride, context);
  const globalIndexes = planGlobalIndexes(source, request, billingMode, context);
  checkIndexNames([...localIndexes, ...globalIndexes]);
  const throughput = planThroughput(source, request, billingMode);
  const onDemand = planOnDemand(source.onDemand, request.OnDemandThroughputOverride, billingMode);
  checkQuotas(request, context.region);
  const { SSESpecificationOverride: encryption } = request;
  const sse = encryption === undefined ? source.sse : planEncryption(encryption, context);
  const keys = [source, ...localIndexes, ...globalIndexes].flatMap(({ keySchema }) => keySchema);
  const used = new Set(keys.map(({ AttributeName }) => AttributeName));
  return {
    tableName: request.TargetTableName,
    accountId: context.accountId,
    region: context.region,
    tableId: context.newId(),
    spaceId: context.newId(),
    tableStatus: "CREATING",
    creationMs: context.now,
    attributeDefinitions: source.attributeDefinitions.filter(({ AttributeName }) => used.has(AttributeName)),
    keySchema: source.keySchema,
    billingMode,
    ...(billingMode === "PAY_PER_REQUEST" ? { payPerRequestMs: context.now } : {}),
    throughput,
    warm: initialWarmth(billingMode, throughput),
    ...(onDemand === undefined ? {} : { onDemand }),
    globalSecondaryIndexes: globalIndexes,
    localSecondaryIndexes: localIndexes,
    ...(localIndexes.length === 0 ? {} : { itemCollectionsSpaceId: context.newId() }),
    ...(sse === undefined ? {} : { sse }),
    deletionProtection: false,
    tags: [],
    restore,
  };
}

function planLocalIndexes(
  source: TableRecord,
  requests: readonly LocalSecondaryIndexRequest[] | undefined,
  { newId }: PlanContext,
): LocalIndexRecord[] {
  const indexes = source.localSecondaryIndexes;
  if (requests === undefined) return indexes.map((index) => ({ ...index, spaceId: newId() }));
  return requests.map((request) => ({
    ...matching(indexes, request),
    indexName: request.IndexName,
    spaceId: newId(),
  }));
}

function planGlobalIndexes(
  { globalSecondaryIndexes }: TableRecord,
  { GlobalSecondaryIndexOverride: requests, BillingModeOverride }: RestoreOverrides,
  billingMode: BillingMode,
  context: PlanContext,
): GlobalIndexRecord[] {
  const indexes = globalSecondaryIndexes.filter(({ indexStatus }) => indexStatus !== "DELETING");
  if (requests !== undefined) {
    const matched = requests.map((request) => ({ request, index: matching(indexes, request) }));
    return matched.map(({ request, index }) => overridden(index, request, billingMode, context));
  }
  return indexes.map((index) => {
    const isBecomingProvisioned =
      BillingModeOverride === "PROVISIONED" && index.throughput.readCapacityUnits === 0;
    if (isBecomingProvisioned) throw missingThroughput(index.indexName);
    const throughput = recordedThroughput(index.throughput, billingMode);
    const onDemand = billingMode === "PROVISIONED" ? undefined : index.onDemand;
    return restoredIndex(index, index.indexName, throughput, onDemand, billingMode, context);
  });
}

/** The recorded index that a request means: its name may be another one. Throws `ApiError`. */
function matching<I extends LocalIndexRecord>(
  indexes: readonly I[],
  { IndexName, KeySchema, Projection }: LocalSecondaryIndexRequest,
): I {
  const asked = { ...Projection, ...sortedNames(Projection.NonKeyAttributes) };
  const found = indexes.find(
    ({ keySchema, projection }) =>
      isDeepStrictEqual(keySchema.map(plain), KeySchema.map(plain)) &&
      isDeepStrictEqual({ ...projection }, asked),
  );
  if (found !== undefined) return found;
  throw invalidRequest(
    `Index ${IndexName} does not match a secondary index that existed in the source table ` +
      "and cannot be created during the restore operation",
  );
}

const plain = ({ AttributeName, KeyType }: { AttributeName: string; KeyType: string }) =>
  `${KeyType} ${AttributeName}`;

const sortedNames = (names: readonly string[] | undefined) =>
  names === undefined ? {} : { NonKeyAttributes: [...names].sort() };

function overridden(
  index: GlobalIndexRecord,
  request: GlobalSecondaryIndexRequest,
  billingMode: BillingMode,
  context: PlanContext,
): GlobalIndexRecord {
  const { IndexName, ProvisionedThroughput } = request;
  if (billingMode === "PROVISIONED" && ProvisionedThroughput === undefined)
    throw missingThroughput(IndexName);
  if (billingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== undefined) throw notProvisioned();
  const recorded = billingMode === "PROVISIONED" ? undefined : index.onDemand;
  const onDemand = planOnDemand(recorded, request.OnDemandThroughput, billingMode);
  const throughput = newThroughput(ProvisionedThroughput);
  const restored = restoredIndex(index, IndexName, throughput, onDemand, billingMode, context);
  return {
    ...restored,
    warm: raiseWarmth(restored.warm, request.WarmThroughput, initialFloor(billingMode), IndexName),
  };
}

const missingThroughput = (indexName: string) =>
  invalidRequest(`Must specify provisioned throughput for index ${indexName}`);

const notProvisioned = () =>
  invalidRequest("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED");

const restoredIndex = (
  { keySchema, projection }: GlobalIndexRecord,
  indexName: string,
  throughput: Throughput,
  onDemand: OnDemandThroughput | undefined,
  billingMode: BillingMode,
  { newId }: PlanContext,
): GlobalIndexRecord => ({
  indexName,
  spaceId: newId(),
  keySchema,
  projection,
  indexStatus: "ACTIVE",
  throughput,
  warm: initialWarmth(billingMode, throughput),
  ...(onDemand === undefined ? {} : { onDemand }),
});

function planThroughput(
  source: TableRecord,
  { ProvisionedThroughputOverride: requested }: RestoreOverrides,
  billingMode: BillingMode,
): Throughput {
  if (requested === undefined) return recordedThroughput(source.throughput, billingMode);
  if (billingMode !== "PROVISIONED") throw notProvisioned();
  return newThroughput(requested);
}

/** What was provisioned, without the history of its changes. */
const recordedThroughput = (
  { readCapacityUnits, writeCapacityUnits }: Throughput,
  billingMode: BillingMode,
): Throughput =>
  billingMode === "PROVISIONED" ? { readCapacityUnits, writeCapacityUnits, decreases: 0 } : NO_THROUGHPUT;

function planOnDemand(
  recorded: OnDemandThroughput | undefined,
  override: OnDemandThroughput | undefined,
  billingMode: BillingMode,
): OnDemandThroughput | undefined {
  const requested = override === undefined ? undefined : present(override);
  if (requested === undefined) return billingMode === "PROVISIONED" ? undefined : recorded;
  if (billingMode === "PROVISIONED") {
    throw invalidRequest(
      `Cannot override ${firstOnDemandMember(requested)} for OnDemandThroughput ` +
        "unless BillingModeOverride is PAY_PER_REQUEST",
    );
  }
  const outside = firstOutOfRange(requested, false);
  if (outside !== undefined) {
    throw invalidRequest(`Requested ${outside} for OnDemandThroughput is outside of valid range`);
  }
  return requested;
}

function checkQuotas(request: RestoreOverrides, region: string): void {
  checkQuota(request.ProvisionedThroughputOverride, region);
  for (const index of request.GlobalSecondaryIndexOverride ?? []) {
    checkQuota(index.ProvisionedThroughput, region, index.IndexName);
  }
}
