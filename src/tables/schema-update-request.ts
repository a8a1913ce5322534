/** The checks of an UpdateTable request that need no table, in the service's order. Pure. */
import { validation } from "../errors.ts";
import { invalidParameters } from "./schema-keys.ts";
import type { GlobalSecondaryIndexChangeRequest, UpdateTableRequest } from "./schema-request.ts";
import { checkEncryption, checkStreamChange, checkTableClass } from "./schema-settings.ts";
import { checkBounds, checkOnDemandRange, present } from "./schema-throughput.ts";

/** What a request can be about, in the words and the order of the refusal of a request about nothing. */
const CONCERNS = [
  "ProvisionedThroughput",
  "BillingMode",
  "UpdateStreamEnabled",
  "GlobalSecondaryIndexUpdates",
  "SSESpecification",
  "ReplicaUpdates",
  "MultiAccountReplicaReady",
  "ReplicaTransitRoleArn",
  "MultiRegionConsistency",
  "DeletionProtectionEnabled",
  "OnDemandThroughput",
  "WarmThroughput",
  "TableClass",
] as const;

type Concern = (typeof CONCERNS)[number];

/** Refuses what can be refused before the table is looked up. Throws `ApiError`. */
export function checkUpdateTable(request: UpdateTableRequest): void {
  const concerns = concernsOf(request);
  if (concerns.size === 0) throw nothingToDo(request);
  checkCombinations(request, concerns);
  checkTableClass(request.TableClass);
  checkEncryption(request.SSESpecification);
  checkBilling(request);
  checkOnDemandRange(request.OnDemandThroughput, true);
  checkStreamChange(request.StreamSpecification);
  checkIndexUpdates(request.GlobalSecondaryIndexUpdates);
}

/** What the request is about. Members that were sent without asking for anything do not count. */
function concernsOf(request: UpdateTableRequest): Set<Concern> {
  const sent: Partial<Record<Concern, boolean>> = {
    ProvisionedThroughput: request.ProvisionedThroughput !== undefined,
    BillingMode: request.BillingMode !== undefined,
    UpdateStreamEnabled: request.StreamSpecification !== undefined,
    GlobalSecondaryIndexUpdates: (request.GlobalSecondaryIndexUpdates ?? []).length > 0,
    SSESpecification: request.SSESpecification !== undefined,
    ReplicaUpdates: request.ReplicaUpdates !== undefined,
    DeletionProtectionEnabled: request.DeletionProtectionEnabled !== undefined,
    OnDemandThroughput: present(request.OnDemandThroughput) !== undefined,
    WarmThroughput: present(request.WarmThroughput) !== undefined,
    TableClass: request.TableClass !== undefined,
  };
  return new Set(CONCERNS.filter((concern) => sent[concern] === true));
}

function nothingToDo(request: UpdateTableRequest) {
  // Only members that do not count can have been sent: they are not recommended again.
  const names = CONCERNS.filter((concern) => !(concern in request));
  const last = names.at(-1);
  return validation(`At least one of ${names.slice(0, -1).join(", ")} or ${last} is required`);
}

/** One concern per call, with the exceptions that the service makes. */
function checkCombinations(request: UpdateTableRequest, concerns: ReadonlySet<Concern>): void {
  const changes = request.GlobalSecondaryIndexUpdates ?? [];
  const others = concerns.size > 1;
  if (concerns.has("SSESpecification") && others) {
    throw invalidParameters("Server-Side Encryption modification must be the only operation in the request");
  }
  if (concerns.has("TableClass") && others) {
    throw invalidParameters("TableClass modification must be the only operation in the request");
  }
  if (concerns.has("DeletionProtectionEnabled") && others) {
    throw invalidParameters("DeletionProtection modification must be the only operation in the request");
  }
  if (concerns.has("WarmThroughput") && others) {
    throw invalidParameters(
      changes.some((change) => change.Create !== undefined)
        ? "Create global secondary index cannot be specified when updating WarmThroughput"
        : "WarmThroughput must be the only operation in the request",
    );
  }
  if (concerns.has("ReplicaUpdates") && others) {
    throw invalidParameters("Replica modification must be the only operation in the request");
  }
  if (concerns.has("OnDemandThroughput") && concerns.size > (concerns.has("BillingMode") ? 2 : 1)) {
    throw invalidParameters(
      "OnDemandThroughput can only be combined with BillingMode in an UpdateTable request",
    );
  }
  const structural = changes.some((change) => change.Create !== undefined || change.Delete !== undefined);
  if (concerns.has("ProvisionedThroughput")) {
    if (concerns.has("UpdateStreamEnabled")) {
      throw invalidParameters("You cannot modify stream status while updating table IOPS");
    }
    if (structural) {
      throw invalidParameters("You cannot create or delete index while updating table IOPS");
    }
  }
  if (concerns.has("UpdateStreamEnabled") && structural) {
    throw invalidParameters("You cannot create or delete index while changing stream status");
  }
}

function checkBilling({ BillingMode, ProvisionedThroughput }: UpdateTableRequest): void {
  if (BillingMode === "PROVISIONED" && ProvisionedThroughput === undefined) {
    throw invalidParameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  }
  if (BillingMode === "PAY_PER_REQUEST" && ProvisionedThroughput !== undefined) {
    throw invalidParameters("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST");
  }
  checkBounds(ProvisionedThroughput);
}

function checkIndexUpdates(changes: readonly GlobalSecondaryIndexChangeRequest[] | undefined): void {
  if (changes === undefined) return;
  if (changes.length === 0) throw invalidParameters("List of GlobalSecondaryIndexUpdates is empty");
  const names = new Set<string>();
  for (const { Create, Update, Delete } of changes) {
    const actions = [Create, Update, Delete].filter((action) => action !== undefined);
    const [action] = actions;
    if (action === undefined) {
      throw invalidParameters(
        "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, " +
          "GlobalSecondaryIndexUpdate.Delete must not be null",
      );
    }
    if (actions.length > 1) {
      throw invalidParameters(
        "Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object",
      );
    }
    const { IndexName } = action;
    if (names.has(IndexName)) {
      throw invalidParameters(
        `Only one global secondary index update per index is allowed simultaneously. Index: ${IndexName}`,
      );
    }
    names.add(IndexName);
    const throughput = Create ?? Update;
    checkBounds(throughput?.ProvisionedThroughput, IndexName);
    checkOnDemandRange(Update?.OnDemandThroughput, true, IndexName);
    if (throughput?.WarmThroughput !== undefined && present(throughput.WarmThroughput) === undefined) {
      throw invalidParameters(
        `WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: ${IndexName}`,
      );
    }
  }
}
