/** Which changes a table admits in the state it is in. */
import { resourceInUse, validation } from "../errors.ts";
import type { GlobalIndexRecord, TableRecord, TableStatus } from "./schema.ts";
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

/** Refuses to delete a table that is busy or protected. `status` is what clients see. Throws `ApiError`. */
export function checkDeletable(record: TableRecord, status: TableStatus): void {
  const { tableName } = record;
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
  if (status === "UPDATING") throw stillInUse(`Table: ${tableName} is in the process of being updated.`);
}

/** Refuses an update that the table's state does not admit. `status` is what clients see. Throws `ApiError`. */
export function checkUpdatable(record: TableRecord, status: TableStatus, request: UpdateTableRequest): void {
  const { tableName } = record;
  if (request.DeletionProtectionEnabled !== undefined && status !== "ACTIVE" && status !== "UPDATING") {
    throw resourceInUse("Table needs to be in ACTIVE status to modify deletion protection setting.");
  }
  if (status === "CREATING") throw stillInUse(`Table is being created: ${tableName}`);
  if (status === "DELETING") throw stillInUse(`Table is being deleted: ${tableName}`);
  if (status === "UPDATING" && request.DeletionProtectionEnabled === undefined) {
    throw stillInUse(`Table IOPS are currently being updated. Table: ${tableName}`);
  }
  const creating = indexesIn(record, "CREATING");
  const deleting = indexesIn(record, "DELETING");
  const capacity = request.ProvisionedThroughput !== undefined || request.BillingMode !== undefined;
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
