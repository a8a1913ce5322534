import { describe, expect, test } from "bun:test";
import type { IndexStatus, TableRecord, TableStatus } from "../../src/tables/schema.ts";
import type { UpdateTableRequest } from "../../src/tables/schema-request.ts";
import { checkDeletable, checkUpdatable } from "../../src/tables/schema-status.ts";
import { create, gsi, hashTable, plain, refusal, units } from "./schema-fixtures.ts";

const record = create({ ...hashTable, GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH")] });
const withIndex = (indexStatus: IndexStatus): TableRecord => ({
  ...record,
  globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) => ({ ...index, indexStatus })),
});
const inUse = (why: string) =>
  `ResourceInUseException: Attempt to change a resource which is still in use: ${why}`;

describe("deletion", () => {
  test.each<[string, TableRecord, TableStatus, string]>([
    ["active", record, "ACTIVE", "none"],
    ["being created", record, "CREATING", inUse("Table is being created: Table")],
    ["being deleted", record, "DELETING", inUse("Table is being deleted: Table")],
    ["being updated", record, "UPDATING", inUse("Table: Table is in the process of being updated.")],
    [
      "protected",
      { ...record, deletionProtection: true },
      "ACTIVE",
      plain(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
      ),
    ],
    ...(["CREATING", "UPDATING", "DELETING"] as const).map(
      (status): [string, TableRecord, TableStatus, string] => [
        `index ${status}`,
        withIndex(status),
        "UPDATING",
        inUse("Cannot delete table while indexes are being created, updated, or deleted."),
      ],
    ),
  ])("%s", (_name, table, status, expected) => {
    expect(refusal(() => checkDeletable(table, { status }))).toBe(expected);
  });
});

describe("updates", () => {
  const throughput = { ProvisionedThroughput: units(1, 1) };
  const protection = { DeletionProtectionEnabled: true };
  test.each<[string, TableRecord, TableStatus, Omit<UpdateTableRequest, "TableName">, string]>([
    ["active", record, "ACTIVE", throughput, "none"],
    ["being created", record, "CREATING", throughput, inUse("Table is being created: Table")],
    ["being deleted", record, "DELETING", throughput, inUse("Table is being deleted: Table")],
    [
      "being updated",
      record,
      "UPDATING",
      throughput,
      inUse("Table IOPS are currently being updated. Table: Table"),
    ],
    ["protection while updated", record, "UPDATING", protection, "none"],
    [
      "protection while created",
      record,
      "CREATING",
      protection,
      "ResourceInUseException: Table needs to be in ACTIVE status to modify deletion protection setting.",
    ],
    [
      "throughput while an index is created",
      withIndex("CREATING"),
      "ACTIVE",
      throughput,
      inUse("Can't change table IOPS when an index is being created. Table: Table Indexes: [gsi]"),
    ],
    [
      "billing while an index is deleted",
      withIndex("DELETING"),
      "ACTIVE",
      { BillingMode: "PAY_PER_REQUEST" },
      inUse("Can't change table IOPS when an index is being deleted. Table: Table Indexes: [gsi]"),
    ],
    [
      "throughput while an index is deleted, which makes the table updating",
      withIndex("DELETING"),
      "UPDATING",
      throughput,
      inUse("Can't change table IOPS when an index is being deleted. Table: Table Indexes: [gsi]"),
    ],
    [
      "class while an index is deleted",
      withIndex("DELETING"),
      "UPDATING",
      { TableClass: "STANDARD" },
      inUse("Table IOPS are currently being updated. Table: Table"),
    ],
    [
      "on-demand maxima while an index is deleted",
      withIndex("DELETING"),
      "ACTIVE",
      { OnDemandThroughput: { MaxReadRequestUnits: 1 } },
      inUse("OnDemandThroughput cannot be updated while index deletion is in progress for indexes: [gsi]"),
    ],
    [
      "stream while an index is created",
      withIndex("CREATING"),
      "ACTIVE",
      { StreamSpecification: { StreamEnabled: false } },
      inUse("Can't change stream status when an index is being created. Table: Table Indexes: [gsi]"),
    ],
    ["class while an index is created", withIndex("CREATING"), "ACTIVE", { TableClass: "STANDARD" }, "none"],
  ])("%s", (_name, table, status, request, expected) => {
    expect(refusal(() => checkUpdatable(table, { status }, { TableName: "Table", ...request }))).toBe(
      expected,
    );
  });
});

describe("while the stream is being enabled or disabled", () => {
  const streamLabel = "2026-11-22T12:00:00.123";
  const busy = { status: "UPDATING", streamChange: { streamLabel, operation: "ENABLE" } } as const;
  const details = `Table: Table Stream: ${streamLabel} Operation: ENABLE`;

  test("the table cannot be deleted", () => {
    expect(refusal(() => checkDeletable(record, busy))).toBe(
      inUse("Cannot delete table while stream is being enabled/disabled."),
    );
  });

  test.each<[string, Omit<UpdateTableRequest, "TableName">, string]>([
    [
      "another change of the stream",
      { StreamSpecification: { StreamEnabled: false } },
      inUse(`A stream status change is currently in progress. ${details}`),
    ],
    [
      "throughput",
      { ProvisionedThroughput: units(1, 1) },
      inUse(`Can't change table IOPS when stream status is being updated. ${details}`),
    ],
    [
      "class",
      { TableClass: "STANDARD" },
      inUse(`Can't update table class when stream status is being updated. ${details}`),
    ],
    [
      "an index",
      { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "gsi" } }] },
      inUse("Can't create or delete an index when stream status is being updated."),
    ],
    ["protection: admitted", { DeletionProtectionEnabled: true }, "none"],
  ])("%s", (_name, request, expected) => {
    expect(refusal(() => checkUpdatable(record, busy, { TableName: "Table", ...request }))).toBe(expected);
  });

  test("the other way round: no change of the stream while throughput is being updated", () => {
    const request = { TableName: "Table", StreamSpecification: { StreamEnabled: false } };
    expect(refusal(() => checkUpdatable(record, { status: "UPDATING" }, request))).toBe(
      inUse("Can't enable or disable stream while table IOPS are being updated. Table: Table"),
    );
  });

  test("while tags are being changed, the table cannot be deleted", () => {
    expect(refusal(() => checkDeletable(record, { status: "ACTIVE", tagsChange: true }))).toBe(
      inUse("Table tags are being updated: Table"),
    );
  });
});
