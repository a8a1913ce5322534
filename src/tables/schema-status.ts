/** Which changes a table admits in the state it is in. */
import { resourceInUse, validation } from "../errors.ts";
import { type GlobalIndexRecord, isBeingFilled, type TableRecord, type TableStatus } from "./schema.ts";
import type { UpdateTableRequest } from "./schema-request.ts";

/** A ResourceInUseException about a resource that is busy. */
export const stillInUse = (why: string) =>
  resourceInUse(`Attempt to change a resource which is still in use: ${why}`);

/** Names of the indexes in a status, as the service prints them. */
const indexesIn = (record: TableRecord, status: GlobalIndexRecord["indexStatus"]): string | undefined => {
  const names = record.globalSecondaryIndexes.flatMap((index) =>
    index.indexStatus === status ? [index.indexName] : [],
  );
  return names.length === 0 ? undefined : `[${names.join(", ")}]`;
};

/** A stream of the table is being enabled or disabled. */
export interface StreamChangeUnderWay {
  readonly streamLabel: string;
  readonly operation: "ENABLE" | "DISABLE";
}

/** What a table is going through, as clients see it. */
export interface TableState {
  readonly status: TableStatus;
  readonly streamChange?: StreamChangeUnderWay | undefined;
  readonly tagsChange?: boolean;
}

/** Refuses to delete a table that is busy or protected. Throws `ApiError`. */
export function checkDeletable(
  record: TableRecord,
  { status, streamChange, tagsChange = false }: TableState,
): void {
  const { tableName } = record;
  if (isBeingFilled(record)) throw stillInUse(`Table: ${tableName} is being used.`);
  if (status === "CREATING") throw stillInUse(`Table is being created: ${tableName}`);
  if (status === "DELETING") throw stillInUse(`Table is being deleted: ${tableName}`);
  if (record.deletionProtection) {
    throw validation(
      "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    );
  }
  if (record.globalSecondaryIndexes.some((index) => index.indexStatus !== "ACTIVE")) {
    throw stillInUse("Cannot delete table while indexes are being created, updated, or deleted.");
  }
  if (streamChange !== undefined) {
    throw stillInUse("Cannot delete table while stream is being enabled/disabled.");
  }
  if (status === "UPDATING") throw stillInUse(`Table: ${tableName} is in the process of being updated.`);
  if (tagsChange) throw stillInUse(`Table tags are being updated: ${tableName}`);
}

/** Refuses an update that the table's state does not admit. Throws `ApiError`. */
export function checkUpdatable(
  record: TableRecord,
  { status, streamChange }: TableState,
  request: UpdateTableRequest,
): void {
  const { tableName } = record;
  const creating = indexesIn(record, "CREATING");
  const deleting = indexesIn(record, "DELETING");
  const capacity = request.ProvisionedThroughput !== undefined || request.BillingMode !== undefined;
  if (request.DeletionProtectionEnabled !== undefined && status !== "ACTIVE" && status !== "UPDATING") {
    throw resourceInUse("Table needs to be in ACTIVE status to modify deletion protection setting.");
  }
  if (status === "CREATING") throw stillInUse(`Table is being created: ${tableName}`);
  if (status === "DELETING") throw stillInUse(`Table is being deleted: ${tableName}`);
  if (request.DeletionProtectionEnabled === undefined) {
    if (streamChange !== undefined) throw streamIsChanging(tableName, streamChange, request);
    if (status === "UPDATING" && request.StreamSpecification !== undefined) {
      throw stillInUse(
        `Can't enable or disable stream while table IOPS are being updated. Table: ${tableName}`,
      );
    }
    if (status === "UPDATING" && !(deleting !== undefined && isRefusedByIndex(request))) {
      throw stillInUse(`Table IOPS are currently being updated. Table: ${tableName}`);
    }
  }
  if (capacity && creating !== undefined) {
    throw stillInUse(
      `Can't change table IOPS when an index is being created. Table: ${tableName} Indexes: ${creating}`,
    );
  }
  if (capacity && deleting !== undefined) {
    throw stillInUse(
      `Can't change table IOPS when an index is being deleted. Table: ${tableName} Indexes: ${deleting}`,
    );
  }
  if (request.OnDemandThroughput !== undefined && deleting !== undefined) {
    throw stillInUse(
      `OnDemandThroughput cannot be updated while index deletion is in progress for indexes: ${deleting}`,
    );
  }
  if (request.StreamSpecification !== undefined && creating !== undefined) {
    throw stillInUse(
      `Can't change stream status when an index is being created. Table: ${tableName} Indexes: ${creating}`,
    );
  }
}

/** Whether the index being deleted, which makes the table UPDATING, has its own words for refusing this request. */
const isRefusedByIndex = ({
  ProvisionedThroughput,
  BillingMode,
  OnDemandThroughput,
  GlobalSecondaryIndexUpdates,
}: UpdateTableRequest): boolean =>
  [ProvisionedThroughput, BillingMode, OnDemandThroughput, GlobalSecondaryIndexUpdates].some(
    (member) => member !== undefined,
  );

/** The refusal of a request while the table's stream is being enabled or disabled. */
function streamIsChanging(
  tableName: string,
  { streamLabel, operation }: StreamChangeUnderWay,
  request: UpdateTableRequest,
) {
  const details = `Table: ${tableName} Stream: ${streamLabel} Operation: ${operation}`;
  if (request.StreamSpecification !== undefined) {
    return stillInUse(`A stream status change is currently in progress. ${details}`);
  }
  if (request.TableClass !== undefined) {
    return stillInUse(`Can't update table class when stream status is being updated. ${details}`);
  }
  const changes = request.GlobalSecondaryIndexUpdates ?? [];
  if (changes.some((change) => change.Create !== undefined || change.Delete !== undefined)) {
    return stillInUse("Can't create or delete an index when stream status is being updated.");
  }
  return stillInUse(`Can't change table IOPS when stream status is being updated. ${details}`);
}
