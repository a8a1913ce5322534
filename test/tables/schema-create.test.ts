import { describe, expect, test } from "bun:test";
import type { CreateTableRequest } from "../../src/tables/schema-request.ts";
import {
  create,
  createRefusal,
  definitionsOf,
  gsi,
  hashTable,
  invalid,
  keyOf,
  lsi,
  now,
  plain,
  provisioned,
  sortTable,
  units,
} from "./schema-fixtures.ts";

type Row = [name: string, request: CreateTableRequest, refusal: string];

const onDemandGsi = (others: object) => ({
  ...hashTable,
  GlobalSecondaryIndexes: [{ ...gsi("gsi", "pk:HASH"), ...others }],
});
const lsiTable = (others: object, definitions = "pk:S sk:N a:S"): CreateTableRequest => ({
  ...sortTable,
  AttributeDefinitions: definitionsOf(definitions),
  LocalSecondaryIndexes: [{ ...lsi("lsi", "pk:HASH a:RANGE"), ...others }],
});
const gsiKey = (definitions: string, key: string): CreateTableRequest => ({
  ...hashTable,
  AttributeDefinitions: definitionsOf(definitions),
  GlobalSecondaryIndexes: [gsi("gsi", key)],
});
const names = (count: number) => Array.from({ length: count }, (_, at) => `a${at}`);

describe("billing and throughput", () => {
  const { BillingMode: _, ...unbilled } = hashTable;
  const provisionedTable = provisioned(hashTable);
  const rows: Row[] = [
    [
      "no mode and no throughput",
      unbilled,
      invalid(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
      ),
    ],
    [
      "PROVISIONED without throughput",
      { ...hashTable, BillingMode: "PROVISIONED" },
      invalid(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
      ),
    ],
    [
      "PAY_PER_REQUEST with throughput",
      { ...hashTable, ProvisionedThroughput: units(1, 1) },
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      ),
    ],
    [
      "huge reads",
      provisioned(hashTable, 1_000_000_000_001, 1),
      plain("Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
    ],
    [
      "huge writes",
      provisioned(hashTable, 1, 1_000_000_000_001),
      plain("Given value 1000000000001 for WriteCapacityUnits is out of bounds"),
    ],
    [
      "reads above the quota",
      provisioned(hashTable, 40_001, 1),
      "LimitExceededException: The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in " +
        "us-east-1. Per table maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits and how " +
        "to request higher limits.",
    ],
    [
      "writes of an index above the quota",
      {
        ...provisionedTable,
        GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH", { ProvisionedThroughput: units(1, 40_001) })],
      },
      "LimitExceededException: The requested WriteCapacityUnits for index gsi, 40001, is above the per index maximum for the " +
        "account in us-east-1. Per index maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits " +
        "and how to request higher limits.",
    ],
    [
      "on-demand maxima of a provisioned table, reads first",
      { ...provisionedTable, OnDemandThroughput: { MaxWriteRequestUnits: 1, MaxReadRequestUnits: 1 } },
      invalid(
        "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
      ),
    ],
    [
      "on-demand maxima of a provisioned table's index",
      {
        ...provisionedTable,
        GlobalSecondaryIndexes: [
          gsi("gsi", "pk:HASH", {
            ProvisionedThroughput: units(1, 1),
            OnDemandThroughput: { MaxWriteRequestUnits: 1 },
          }),
        ],
      },
      invalid(
        "MaxWriteRequestUnits for OnDemandThroughput for index: gsi cannot be specified when table BillingMode is PROVISIONED.",
      ),
    ],
    ...[0, -1].map(
      (units): Row => [
        `on-demand maximum of ${units}`,
        { ...hashTable, OnDemandThroughput: { MaxReadRequestUnits: units } },
        invalid("Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"),
      ],
    ),
    [
      "on-demand maximum of an index",
      onDemandGsi({ OnDemandThroughput: { MaxWriteRequestUnits: 0 } }),
      invalid(
        "Requested MaxWriteRequestUnits for OnDemandThroughput for index : gsi is outside of valid range",
      ),
    ],
    [
      "warmth below what is initial on demand",
      { ...hashTable, WarmThroughput: { ReadUnitsPerSecond: 11_999 } },
      invalid(
        "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than initial throughput for OnDemand",
      ),
    ],
    [
      "warmth below the provisioned capacity",
      { ...provisionedTable, WarmThroughput: { ReadUnitsPerSecond: 10, WriteUnitsPerSecond: 9 } },
      invalid(
        "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than WriteCapacityUnits of ProvisionedThroughput",
      ),
    ],
    [
      "warmth of an index",
      onDemandGsi({ WarmThroughput: { WriteUnitsPerSecond: 1 } }),
      invalid(
        "Requested WriteUnitsPerSecond for WarmThroughput for index gsi is lower than initial throughput for OnDemand",
      ),
    ],
    [
      "index of a provisioned table without throughput",
      { ...provisionedTable, GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH")] },
      invalid("ProvisionedThroughput is not specified for index: gsi"),
    ],
    [
      "index of an on-demand table with throughput",
      onDemandGsi({ ProvisionedThroughput: units(1, 1) }),
      invalid(
        "ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST",
      ),
    ],
    [
      "huge capacity of an index",
      {
        ...provisionedTable,
        GlobalSecondaryIndexes: [
          gsi("gsi", "pk:HASH", { ProvisionedThroughput: units(1, 1_000_000_000_001) }),
        ],
      },
      plain("Given value 1000000000001 for WriteCapacityUnits is out of bounds for index gsi"),
    ],
  ];
  test.each(rows)("%s", (_name, request, expected) => {
    expect(createRefusal(request)).toBe(expected);
  });
});

describe("attribute definitions and table keys", () => {
  const table = (definitions: string, key: string): CreateTableRequest => ({
    ...hashTable,
    AttributeDefinitions: definitionsOf(definitions),
    KeySchema: keyOf(key),
  });
  const mismatched = invalid(
    "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
  );
  const rows: Row[] = [
    ["a name defined twice", table("pk:S pk:N", "pk:HASH"), plain("Attribute Name is duplicated: pk")],
    [
      "more key elements than definitions",
      table("pk:S", "pk:HASH sk:RANGE"),
      plain("Invalid KeySchema: Some index key attribute have no definition"),
    ],
    [
      "an undefined key attribute",
      table("pk:S c:S", "pk:HASH sk:RANGE"),
      invalid(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk, sk], AttributeDefinitions: [pk, c]",
      ),
    ],
    ["a definition too many", table("pk:S a:S", "pk:HASH"), mismatched],
    ["the same attribute twice, definitions too many", table("pk:S a:S b:S", "pk:HASH pk:RANGE"), mismatched],
    [
      "the same attribute twice",
      table("pk:S a:S", "pk:HASH pk:RANGE"),
      plain("Both the Hash Key and the Range Key element in the KeySchema have the same name"),
    ],
    [
      "first element not HASH",
      table("pk:S", "pk:RANGE"),
      plain("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    [
      "second element not RANGE",
      table("pk:S sk:S", "pk:HASH sk:HASH"),
      plain("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
    ],
    [
      "an undefined key attribute of an index",
      { ...hashTable, GlobalSecondaryIndexes: [gsi("gsi", "a:HASH")] },
      invalid(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [a], AttributeDefinitions: [pk]",
      ),
    ],
    [
      "an unused definition of a table with indexes masks what is wrong with the indexes",
      {
        ...table("pk:S a:S b:S", "pk:HASH"),
        GlobalSecondaryIndexes: [
          gsi("gsi", "a:HASH", { Projection: {}, ProvisionedThroughput: units(1, 1) }),
        ],
      },
      invalid("Some AttributeDefinitions are not used. AttributeDefinitions: [pk, a, b], keys used: [pk, a]"),
    ],
  ];
  test.each(rows)("%s", (_name, request, expected) => {
    expect(createRefusal(request)).toBe(expected);
  });
});

describe("indexes", () => {
  const rows: Row[] = [
    [
      "empty list of local indexes",
      { ...sortTable, LocalSecondaryIndexes: [] },
      invalid("List of LocalSecondaryIndexes is empty"),
    ],
    [
      "empty list of global indexes",
      { ...sortTable, GlobalSecondaryIndexes: [] },
      invalid("List of GlobalSecondaryIndexes is empty"),
    ],
    [
      "local index on a table without sort key",
      { ...hashTable, LocalSecondaryIndexes: [lsi("lsi", "pk:HASH")] },
      invalid(
        "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
      ),
    ],
    [
      "local index without sort key",
      { ...sortTable, LocalSecondaryIndexes: [lsi("lsi", "pk:HASH")] },
      invalid("Index KeySchema does not have a range key for index: lsi"),
    ],
    [
      "local index with another partition key",
      lsiTable({ KeySchema: keyOf("a:HASH sk:RANGE") }),
      invalid(
        "Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi. " +
          "index hash key: a, table hash key: pk",
      ),
    ],
    [
      "local index beginning with RANGE",
      lsiTable({ KeySchema: keyOf("a:RANGE") }),
      plain("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    ["projection without type", lsiTable({ Projection: {} }), invalid("Unknown ProjectionType: null")],
    [
      "ALL with a list",
      lsiTable({ Projection: { ProjectionType: "ALL", NonKeyAttributes: ["x"] } }),
      invalid("ProjectionType is ALL, but NonKeyAttributes is specified"),
    ],
    [
      "KEYS_ONLY with a list",
      onDemandGsi({ Projection: { ProjectionType: "KEYS_ONLY", NonKeyAttributes: ["x"] } }),
      invalid("ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"),
    ],
    [
      "INCLUDE without a list",
      onDemandGsi({ Projection: { ProjectionType: "INCLUDE" } }),
      invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
    ],
    [
      "a projected attribute twice",
      onDemandGsi({ Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "y", "x"] } }),
      invalid("Duplicate element in NonKeyAttributes: x"),
    ],
    [
      "two global indexes of one name",
      { ...hashTable, GlobalSecondaryIndexes: [gsi("abc", "pk:HASH"), gsi("abc", "pk:HASH")] },
      invalid("Duplicate index name: abc"),
    ],
    [
      "a local and a global index of one name",
      { ...lsiTable({ IndexName: "abc" }), GlobalSecondaryIndexes: [gsi("abc", "pk:HASH")] },
      invalid("Duplicate index name: abc"),
    ],
    [
      "six local indexes",
      { ...lsiTable({}), LocalSecondaryIndexes: names(6).map((name) => lsi(name, "pk:HASH a:RANGE")) },
      invalid("Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
    ],
    [
      "21 global indexes",
      { ...hashTable, GlobalSecondaryIndexes: names(21).map((name) => gsi(name, "pk:HASH")) },
      invalid("GlobalSecondaryIndex count exceeds the per-table limit of 20"),
    ],
    [
      "global index beginning with RANGE",
      { ...hashTable, GlobalSecondaryIndexes: [gsi("gsi", "pk:RANGE")] },
      plain("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    [
      "five partition key attributes",
      gsiKey("pk:S a:S b:S c:S d:S", "pk:HASH a:HASH b:HASH c:HASH d:HASH"),
      invalid("The KeySchema exceeds the maximum allowed number of HASH key attributes"),
    ],
    [
      "five sort key attributes",
      gsiKey("pk:S a:S b:S c:S d:S e:S", "pk:HASH a:RANGE b:RANGE c:RANGE d:RANGE e:RANGE"),
      invalid("The KeySchema exceeds the maximum allowed number of RANGE key attributes"),
    ],
    [
      "HASH after RANGE",
      gsiKey("pk:S a:S b:S", "pk:HASH a:RANGE b:HASH"),
      invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema"),
    ],
    [
      "one attribute in several places",
      gsiKey("pk:S a:S", "pk:HASH a:HASH a:RANGE"),
      plain("The KeySchema contains multiple key attributes with the same name"),
    ],
    [
      "one attribute as partition and sort key",
      gsiKey("pk:S", "pk:HASH pk:RANGE"),
      plain("Both the Hash Key and the Range Key element in the KeySchema have the same name"),
    ],
  ];
  test.each(rows)("%s", (_name, request, expected) => {
    expect(createRefusal(request)).toBe(expected);
  });

  test.each<[string, CreateTableRequest]>([
    [
      "a local index on the table's own sort key",
      { ...sortTable, LocalSecondaryIndexes: [lsi("lsi", "pk:HASH sk:RANGE")] },
    ],
    [
      "a global index with the table's key and name",
      { ...sortTable, GlobalSecondaryIndexes: [gsi("Table", "pk:HASH sk:RANGE")] },
    ],
    ["two partition key attributes", gsiKey("pk:S a:S b:N", "pk:HASH a:HASH b:RANGE")],
    [
      "eight key attributes",
      gsiKey(
        "pk:S a:S b:S c:S d:S e:S f:S g:S",
        "pk:HASH a:HASH b:HASH c:HASH d:RANGE e:RANGE f:RANGE g:RANGE",
      ),
    ],
    [
      "projected key attributes",
      onDemandGsi({ Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["pk"] } }),
    ],
    [
      "20 global indexes",
      { ...hashTable, GlobalSecondaryIndexes: names(20).map((name) => gsi(name, "pk:HASH")) },
    ],
    [
      "empty throughput structures",
      { ...provisioned(hashTable), OnDemandThroughput: {}, WarmThroughput: {} },
    ],
    ["no tags", { ...hashTable, Tags: [] }],
  ])("%s: accepted", (_name, request) => {
    expect(createRefusal(request)).toBe("none");
  });
});

describe("settings", () => {
  const rows: Row[] = [
    [
      "stream without view type",
      { ...hashTable, StreamSpecification: { StreamEnabled: true } },
      invalid("Table is being created with a stream enabled, UpdateViewType is required"),
    ],
    [
      "no stream, but a view type",
      { ...hashTable, StreamSpecification: { StreamEnabled: false, StreamViewType: "NEW_IMAGE" } },
      invalid("Table is being created with a stream disabled, UpdateViewType should not be specified"),
    ],
    [
      "encryption off, with type",
      { ...hashTable, SSESpecification: { Enabled: false, SSEType: "KMS" } },
      invalid("SSEType can not be specified if Enabled is false"),
    ],
    [
      "encryption off, with key",
      { ...hashTable, SSESpecification: { Enabled: false, KMSMasterKeyId: "k" } },
      invalid("KMSMasterKeyId can not be specified if Enabled is false"),
    ],
    [
      "key without type",
      { ...hashTable, SSESpecification: { Enabled: true, KMSMasterKeyId: "k" } },
      invalid("SSEType KMS is required if KMSMasterKeyId is specified"),
    ],
    [
      "AES256",
      { ...hashTable, SSESpecification: { Enabled: true, SSEType: "AES256" } },
      invalid("SSEType AES256 is not supported"),
    ],
    [
      "table class",
      { ...hashTable, TableClass: "GOLD" },
      plain(
        "Invalid table-class parameter provided. Please try again with a valid table-class value: " +
          "[STANDARD, STANDARD_INFREQUENT_ACCESS].",
      ),
    ],
    [
      "a bad tag fails the request",
      { ...hashTable, Tags: [{ Key: "aws:x", Value: "" }] },
      plain("Tag Key cannot be prefixed with aws:, Key: aws:x"),
    ],
    [
      "regions",
      { ...hashTable, GlobalTableSourceArn: "arn" },
      plain("GlobalTableSourceArn is not supported: this server has one region"),
    ],
  ];
  test.each(rows)("%s", (_name, request, expected) => {
    expect(createRefusal(request)).toBe(expected);
  });

  test("encryption: {} is none, KMS alone takes the default key", () => {
    expect(create({ ...hashTable, SSESpecification: {} }).sse).toBeUndefined();
    expect(create({ ...hashTable, SSESpecification: { SSEType: "KMS" } }).sse).toEqual({
      kmsMasterKeyArn: "arn:aws:kms:us-east-1:123456789012:alias/aws/dynamodb",
    });
    expect(
      create({ ...hashTable, SSESpecification: { SSEType: "KMS", KMSMasterKeyId: "1234" } }).sse
        ?.kmsMasterKeyArn,
    ).toBe("arn:aws:kms:us-east-1:123456789012:key/1234");
  });

  test("a stream has a label, the time of its enabling", () => {
    const record = create({
      ...hashTable,
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
    });
    expect(record.stream).toMatchObject({ viewType: "KEYS_ONLY", label: "2026-11-22T12:00:00.123" });
    expect(record.latestStreamLabel).toBe("2026-11-22T12:00:00.123");
  });
});

describe("the record", () => {
  test("every table and index has ids of its own", () => {
    const record = create({
      ...sortTable,
      LocalSecondaryIndexes: [lsi("lsi", "pk:HASH sk:RANGE")],
      GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH")],
    });
    const ids = [
      record.tableId,
      record.spaceId,
      ...record.localSecondaryIndexes.map((index) => index.spaceId),
      ...record.globalSecondaryIndexes.map((index) => index.spaceId),
    ];
    expect(new Set(ids).size).toBe(4);
  });

  test("is plain data", () => {
    const record = create(provisioned(sortTable));
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
    expect(record).toMatchObject({
      tableName: "Table",
      tableStatus: "ACTIVE",
      creationMs: now,
      billingMode: "PROVISIONED",
      throughput: { readCapacityUnits: 10, writeCapacityUnits: 10, decreases: 0 },
      warm: { readUnitsPerSecond: 10, writeUnitsPerSecond: 10 },
      deletionProtection: false,
      tags: [],
    });
    expect(record.payPerRequestMs).toBeUndefined();
  });
});
