import { describe, expect, test } from "bun:test";
import {
  type DescribeContext,
  describeCreatedTable,
  describeDeletedTable,
  describeTable,
  describeUpdatedTable,
} from "../../src/tables/describe.ts";
import type { TableRecord } from "../../src/tables/schema.ts";
import type { CreateTableRequest } from "../../src/tables/schema-request.ts";
import {
  create,
  day,
  definitionsOf,
  gsi,
  hashTable,
  hour,
  keyOf,
  lsi,
  now,
  provisioned,
  sortTable,
  units,
  update,
} from "./schema-fixtures.ts";

const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Table";
const seconds = now / 1000;

/** Each space has its own counts: as many rows as its id has letters, a hundred times as many bytes. */
const context: DescribeContext = { now, stats: (id) => ({ rows: id.length, bytes: id.length * 100 }) };
const counts = (spaceId: string) => ({ ItemCount: spaceId.length, bytes: spaceId.length * 100 });

const full: CreateTableRequest = {
  ...sortTable,
  AttributeDefinitions: definitionsOf("pk:S sk:N a:S"),
  LocalSecondaryIndexes: [lsi("lsi", "pk:HASH a:RANGE")],
  GlobalSecondaryIndexes: [
    gsi("gsi", "a:HASH", { Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["y", "x"] } }),
  ],
};
const onDemandIdentity = (record: TableRecord) => ({
  TableName: "Table",
  TableArn: arn,
  TableId: record.tableId,
  ItemCount: record.spaceId.length,
  TableSizeBytes: record.spaceId.length * 100,
  ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
  DeletionProtectionEnabled: false,
});

describe("DescribeTable", () => {
  test("a table on demand", () => {
    const record = create(hashTable);
    expect(describeTable(record, context)).toEqual({
      ...onDemandIdentity(record),
      TableStatus: "ACTIVE",
      AttributeDefinitions: definitionsOf("pk:S"),
      KeySchema: keyOf("pk:HASH"),
      CreationDateTime: seconds,
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST", LastUpdateToPayPerRequestDateTime: seconds },
      WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000, Status: "ACTIVE" },
    });
  });

  test("a provisioned table has no billing summary", () => {
    const description = describeTable(create(provisioned(hashTable, 5, 6)), context);
    expect(description["BillingModeSummary"]).toBeUndefined();
    expect(description["ProvisionedThroughput"]).toEqual({
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: 5,
      WriteCapacityUnits: 6,
    });
    expect(description["WarmThroughput"]).toEqual({
      ReadUnitsPerSecond: 5,
      WriteUnitsPerSecond: 6,
      Status: "ACTIVE",
    });
  });

  test("the billing summary stays for ever after on-demand", () => {
    const record = create(hashTable);
    const back = update(record, { BillingMode: "PROVISIONED", ProvisionedThroughput: units(1, 1) }).record;
    expect(describeTable(back, context)["BillingModeSummary"]).toEqual({
      BillingMode: "PROVISIONED",
      LastUpdateToPayPerRequestDateTime: seconds,
    });
  });

  test("indexes", () => {
    const record = create(full);
    const [local] = record.localSecondaryIndexes;
    const [global] = record.globalSecondaryIndexes;
    const description = describeTable(record, context);
    expect(description["LocalSecondaryIndexes"]).toEqual([
      {
        IndexName: "lsi",
        KeySchema: keyOf("pk:HASH a:RANGE"),
        Projection: { ProjectionType: "ALL" },
        IndexSizeBytes: counts(local?.spaceId ?? "").bytes,
        ItemCount: counts(local?.spaceId ?? "").ItemCount,
        IndexArn: `${arn}/index/lsi`,
      },
    ]);
    expect(description["GlobalSecondaryIndexes"]).toEqual([
      {
        IndexName: "gsi",
        KeySchema: keyOf("a:HASH"),
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "y"] },
        IndexStatus: "ACTIVE",
        ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
        IndexSizeBytes: counts(global?.spaceId ?? "").bytes,
        ItemCount: counts(global?.spaceId ?? "").ItemCount,
        IndexArn: `${arn}/index/gsi`,
        WarmThroughput: { ReadUnitsPerSecond: 12_000, WriteUnitsPerSecond: 4000, Status: "ACTIVE" },
      },
    ]);
  });

  test("everything that is there only when it was set", () => {
    const record = create({
      ...hashTable,
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
      SSESpecification: { SSEType: "KMS" },
      TableClass: "STANDARD_INFREQUENT_ACCESS",
      OnDemandThroughput: { MaxReadRequestUnits: 7 },
      DeletionProtectionEnabled: true,
    });
    const streamless = update(record, { StreamSpecification: { StreamEnabled: false } }).record;
    const label = "2026-11-22T12:00:00.123";
    const stream = { LatestStreamLabel: label, LatestStreamArn: `${arn}/stream/${label}` };
    expect(describeTable(record, context)).toMatchObject({
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
      ...stream,
      SSEDescription: {
        Status: "ENABLED",
        SSEType: "KMS",
        KMSMasterKeyArn: "arn:aws:kms:us-east-1:123456789012:alias/aws/dynamodb",
      },
      TableClassSummary: { TableClass: "STANDARD_INFREQUENT_ACCESS" },
      OnDemandThroughput: { MaxReadRequestUnits: 7 },
      DeletionProtectionEnabled: true,
    });
    const after = describeTable(streamless, context);
    expect(after).toMatchObject(stream);
    expect("StreamSpecification" in after).toBe(false);
  });

  test("no member is undefined, null or an empty list", () => {
    for (const request of [hashTable, full, provisioned(full)]) {
      const description = describeTable(create(request), context);
      expect(JSON.parse(JSON.stringify(description))).toEqual(description);
      for (const value of Object.values(description)) {
        expect(value).not.toBeNull();
        if (Array.isArray(value)) expect(value).not.toBeEmpty();
      }
    }
  });

  test("decreases count for their day", () => {
    const record = create(provisioned(hashTable));
    const { record: decreased } = update(record, { ProvisionedThroughput: units(20, 5) });
    const at = (ms: number) => describeTable(decreased, { ...context, now: ms })["ProvisionedThroughput"];
    const dates = { LastIncreaseDateTime: seconds, LastDecreaseDateTime: seconds };
    expect(at(now + hour)).toMatchObject({ ...dates, NumberOfDecreasesToday: 1, ReadCapacityUnits: 20 });
    expect(at(now + day)).toMatchObject({ ...dates, NumberOfDecreasesToday: 0 });
  });

  test("a status of the catalog's", () => {
    expect(describeTable(create(hashTable), { ...context, status: "CREATING" })["TableStatus"]).toBe(
      "CREATING",
    );
  });
});

describe("CreateTable answers", () => {
  test("CREATING, indexes too, and warmth only if asked for", () => {
    const record = create(full);
    const description = describeCreatedTable(record, full, context);
    expect(description).toMatchObject({
      TableStatus: "CREATING",
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      GlobalSecondaryIndexes: [{ IndexName: "gsi", IndexStatus: "CREATING" }],
    });
    expect(JSON.stringify(description)).not.toContain("WarmThroughput");
    expect(JSON.stringify(description)).not.toContain("LastUpdateToPayPerRequestDateTime");
    expect(JSON.stringify(description)).not.toContain("Backfilling");
  });

  test("warmth asked for", () => {
    const request: CreateTableRequest = {
      ...hashTable,
      WarmThroughput: { ReadUnitsPerSecond: 15_000 },
      GlobalSecondaryIndexes: [
        gsi("cold", "pk:HASH"),
        gsi("warm", "pk:HASH", { WarmThroughput: { WriteUnitsPerSecond: 5000 } }),
      ],
    };
    const description = describeCreatedTable(create(request), request, context);
    expect(description["WarmThroughput"]).toEqual({
      ReadUnitsPerSecond: 15_000,
      WriteUnitsPerSecond: 4000,
      Status: "UPDATING",
    });
    const [cold, warm] = description["GlobalSecondaryIndexes"] as Record<string, unknown>[];
    expect(cold?.["WarmThroughput"]).toBeUndefined();
    expect(warm?.["WarmThroughput"]).toMatchObject({ WriteUnitsPerSecond: 5000, Status: "UPDATING" });
  });
});

describe("UpdateTable and DeleteTable answers", () => {
  test("states that no record has", () => {
    const record = create(hashTable);
    const encrypted = describeUpdatedTable(update(record, { SSESpecification: { Enabled: true } }), context);
    expect(encrypted).toMatchObject({ TableStatus: "ACTIVE", SSEDescription: { Status: "UPDATING" } });
    const warmed = describeUpdatedTable(
      update(record, { WarmThroughput: { ReadUnitsPerSecond: 13_000 } }),
      context,
    );
    expect(warmed).toMatchObject({
      TableStatus: "ACTIVE",
      WarmThroughput: { ReadUnitsPerSecond: 13_000, Status: "UPDATING" },
    });
  });

  test("a new index is CREATING, not yet backfilling", () => {
    const plan = update(create(hashTable), {
      AttributeDefinitions: definitionsOf("a:S"),
      GlobalSecondaryIndexUpdates: [{ Create: gsi("gsi", "a:HASH") }],
    });
    const created = { IndexName: "gsi", IndexStatus: "CREATING" };
    expect(describeUpdatedTable(plan, context)).toMatchObject({
      TableStatus: "UPDATING",
      GlobalSecondaryIndexes: [{ ...created, Backfilling: false }],
    });
    expect(describeTable(plan.record, context)).toMatchObject({
      TableStatus: "ACTIVE",
      GlobalSecondaryIndexes: [{ ...created, Backfilling: true }],
    });
  });

  test("deletion: little more than the identity", () => {
    const record = create(full);
    expect(describeDeletedTable(record, context)).toEqual({
      ...onDemandIdentity(record),
      TableStatus: "DELETING",
    });
  });
});
