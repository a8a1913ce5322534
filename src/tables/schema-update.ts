/**
 * An UpdateTable request on a table's record: the record to commit, what to answer, and what there is to do. Pure. The request
 * has passed `checkUpdateTable`, the table's state `checkUpdatable`.
 */
import { limitExceeded, validation } from "../errors.ts";
import type { TableRecord } from "./schema.ts";
import { invalidParameters } from "./schema-keys.ts";
import type { UpdatePlan } from "./schema-plan.ts";
import type { BillingMode, PlanContext, UpdateTableRequest } from "./schema-request.ts";
import { checkTableClass, planEncryption, planStream } from "./schema-settings.ts";
import {
  changeThroughput,
  checkQuota,
  currentFloor,
  firstOnDemandMember,
  initialWarmth,
  mergeOnDemand,
  NO_THROUGHPUT,
  newThroughput,
  ON_DEMAND_WARMTH,
  present,
  raiseWarmth,
  warmest,
} from "./schema-throughput.ts";
import { planIndexChanges } from "./schema-update-indexes.ts";

const TABLE_CLASS_CHANGES_MAX = 2;
const TABLE_CLASS_DAYS = 30;
const DAY_MS = 86_400_000;

/** Plans a checked request. Throws `ApiError`. */
export function planUpdateTable(
  record: TableRecord,
  request: UpdateTableRequest,
  context: PlanContext,
): UpdatePlan {
  checkReplication(request);
  if (request.DeletionProtectionEnabled !== undefined) {
    const changed = { ...record, deletionProtection: request.DeletionProtectionEnabled };
    return { record: changed, response: changed };
  }
  if (request.TableClass !== undefined) return planTableClass(record, request.TableClass, context.now);
  if (request.SSESpecification !== undefined) return planEncryptionChange(record, request, context);
  if (present(request.WarmThroughput) !== undefined) return planWarmth(record, request);
  const billed = planBilling(record, request, context);
  const limited = planOnDemand(billed, request);
  const indexed = planIndexChanges(limited, record.billingMode, request, context);
  return planStreamChange(indexed, request, context);
}

/** Members of multi-region tables are refused rather than forgotten. */
function checkReplication(request: UpdateTableRequest): void {
  for (const member of [
    "ReplicaUpdates",
    "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",
    "GlobalTableSettingsReplicationMode",
  ] as const) {
    if (request[member] !== undefined) {
      throw validation(`${member} is not supported: this server has one region`);
    }
  }
}

function planTableClass(record: TableRecord, requested: string, now: number): UpdatePlan {
  const value = checkTableClass(requested) ?? "STANDARD";
  if (value === (record.tableClass?.value ?? "STANDARD")) return { record, response: record };
  const recent = (record.tableClass?.changesMs ?? []).filter((ms) => now - ms < TABLE_CLASS_DAYS * DAY_MS);
  if (recent.length >= TABLE_CLASS_CHANGES_MAX) {
    throw limitExceeded(
      "Subscriber limit exceeded: Updates to TableClass are limited to " +
        `${TABLE_CLASS_CHANGES_MAX} times in ${TABLE_CLASS_DAYS} day(s).`,
    );
  }
  return {
    record: { ...record, tableClass: { value, changesMs: [...recent, now] } },
    response: { ...record, tableStatus: "UPDATING" },
  };
}

function planEncryptionChange(
  record: TableRecord,
  request: UpdateTableRequest,
  context: PlanContext,
): UpdatePlan {
  const sse = planEncryption(request.SSESpecification, context);
  const { sse: current, ...others } = record;
  if (sse === undefined) {
    if (current === undefined) throw invalidParameters("Table is already encrypted by default");
    return { record: others, response: record, encryptionUpdating: true };
  }
  if (current !== undefined && request.SSESpecification?.KMSMasterKeyId === current.kmsMasterKeyArn) {
    throw invalidParameters(
      "Table is already encrypted with given KMSMasterKeyId. " +
        "Use KMSMasterKeyId parameter if you want to change Master Key",
    );
  }
  const changed = { ...record, sse };
  return { record: changed, response: changed, encryptionUpdating: true };
}

function planWarmth(record: TableRecord, request: UpdateTableRequest): UpdatePlan {
  const warm = raiseWarmth(record.warm, request.WarmThroughput, currentFloor);
  const changed = { ...record, warm };
  const raised =
    warm.readUnitsPerSecond > record.warm.readUnitsPerSecond ||
    warm.writeUnitsPerSecond > record.warm.writeUnitsPerSecond;
  return { record: changed, response: changed, warmthUpdating: raised };
}

/** Billing mode and the table's own throughput. */
function planBilling(record: TableRecord, request: UpdateTableRequest, context: PlanContext): UpdatePlan {
  const { BillingMode, ProvisionedThroughput } = request;
  if (BillingMode === undefined && ProvisionedThroughput === undefined) {
    return { record, response: record };
  }
  const response: TableRecord = { ...record, tableStatus: "UPDATING" };
  const next: BillingMode = BillingMode ?? record.billingMode;
  if (next === "PAY_PER_REQUEST") {
    if (ProvisionedThroughput !== undefined) {
      throw invalidParameters(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      );
    }
    return { record: toPayPerRequest(record, context.now), response };
  }
  if (ProvisionedThroughput === undefined) return { record, response };
  const changed =
    record.billingMode === "PROVISIONED"
      ? { ...record, throughput: changeThroughput(record.throughput, ProvisionedThroughput, context.now) }
      : toProvisioned(record, request);
  checkQuota(ProvisionedThroughput, context.region);
  const warm = warmest(record.warm, initialWarmth(next, changed.throughput));
  return { record: { ...changed, warm }, response };
}

function toPayPerRequest(record: TableRecord, now: number): TableRecord {
  if (record.billingMode === "PAY_PER_REQUEST") return record;
  return {
    ...record,
    billingMode: "PAY_PER_REQUEST",
    payPerRequestMs: now,
    throughput: NO_THROUGHPUT,
    warm: warmest(record.warm, ON_DEMAND_WARMTH),
    globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) => ({
      ...index,
      throughput: NO_THROUGHPUT,
      warm: warmest(index.warm, ON_DEMAND_WARMTH),
    })),
  };
}

/** On-demand maxima go with the billing mode; every index needs a throughput in the same request. */
function toProvisioned(record: TableRecord, request: UpdateTableRequest): TableRecord {
  const given = new Set(
    (request.GlobalSecondaryIndexUpdates ?? []).flatMap(({ Update }) =>
      Update?.ProvisionedThroughput === undefined ? [] : [Update.IndexName],
    ),
  );
  const lacking = record.globalSecondaryIndexes
    .map((index) => index.indexName)
    .filter((name) => !given.has(name));
  if (lacking.length > 0) {
    throw invalidParameters(`ProvisionedThroughput must be specified for index: ${lacking.join(",")}`);
  }
  const { onDemand: _, ...others } = record;
  return {
    ...others,
    billingMode: "PROVISIONED",
    throughput: newThroughput(request.ProvisionedThroughput),
    globalSecondaryIndexes: record.globalSecondaryIndexes.map(({ onDemand: __, ...index }) => index),
  };
}

/** On-demand maxima of the table: synchronous, and the answer echoes what was sent. */
function planOnDemand(plan: UpdatePlan, request: UpdateTableRequest): UpdatePlan {
  const requested = present(request.OnDemandThroughput);
  if (requested === undefined) return plan;
  const { onDemand: current, ...others } = plan.record;
  if (others.billingMode === "PROVISIONED") {
    throw invalidParameters(
      `${firstOnDemandMember(requested)} for OnDemandThroughput cannot be specified ` +
        "when the table BillingMode is PROVISIONED",
    );
  }
  const onDemand = mergeOnDemand(current, requested);
  return {
    ...plan,
    record: onDemand === undefined ? others : { ...others, onDemand },
    response: { ...plan.response, onDemand: { ...current, ...requested } },
  };
}

function planStreamChange(plan: UpdatePlan, request: UpdateTableRequest, context: PlanContext): UpdatePlan {
  if (request.StreamSpecification === undefined) return plan;
  const { stream: current, ...others } = plan.record;
  if (!request.StreamSpecification.StreamEnabled) {
    if (current === undefined) {
      throw validation(`Table has no stream to disable: TableName: ${others.tableName}`);
    }
    const { stream: _, ...response } = plan.response;
    return {
      ...plan,
      record: others,
      response: { ...response, tableStatus: "UPDATING" },
    };
  }
  if (current !== undefined) {
    throw validation(`Table already has an enabled stream: TableName: ${others.tableName}`);
  }
  const stream = planStream(request.StreamSpecification, others.latestStreamLabel, context);
  if (stream === undefined) return plan;
  const enabled = { stream, latestStreamLabel: stream.label };
  return {
    ...plan,
    record: { ...others, ...enabled },
    response: { ...plan.response, ...enabled, tableStatus: "UPDATING" },
  };
}
