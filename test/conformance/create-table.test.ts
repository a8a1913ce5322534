/** CreateTable: every refusal in the service's words, and what a new table's description holds. */
import { describe, expect, test } from "bun:test";
import {
  attributeDefinitions,
  createTableInput,
  inUse,
  invalid,
  keySchema,
  member,
  useTarget,
  validation,
  violated,
  violation,
} from "./target.ts";

const target = useTarget();

const THROUGHPUT = { ReadCapacityUnits: 5, WriteCapacityUnits: 3 };
const PROVISIONED = { BillingMode: "PROVISIONED", ProvisionedThroughput: THROUGHPUT };
const ALL = { ProjectionType: "ALL" };

/** The usual input for a fresh name, with members replaced; an undefined member is left out. */
const input = (changes: Readonly<Record<string, unknown>>) => ({
  ...createTableInput(target.freshName()),
  ...changes,
});

const refusals = (cases: readonly (readonly [string, Readonly<Record<string, unknown>>, unknown])[]) =>
  test.each(cases)("%s", async (_, changes, expected) => {
    expect(await target.refusal("CreateTable", input(changes))).toEqual(expected as never);
  });

describe("names", () => {
  const NAME = "tableName";
  refusals([
    [
      "absent",
      { TableName: undefined },
      validation("The parameter 'TableName' is required but was not present in the request"),
    ],
    [
      "two characters",
      { TableName: "ab" },
      violated("ab", NAME, "Member must have length greater than or equal to 3"),
    ],
    [
      "256 characters",
      { TableName: "a".repeat(256) },
      violated("a".repeat(256), NAME, "Member must have length less than or equal to 255"),
    ],
    [
      "other characters",
      { TableName: "abc;def" },
      violated("abc;def", NAME, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    ],
  ]);

  test("255 characters of every kind are fine", async () => {
    const name = `${target.freshName()}_.-AZaz09`.padEnd(255, "x");
    expect(
      member(await target.ok("CreateTable", createTableInput(name)), "TableDescription")["TableName"],
    ).toBe(name);
    await target.ok("DeleteTable", { TableName: name });
  });
});

describe("the model's constraints", () => {
  const set = (values: string) => `Member must satisfy enum value set: [${values}]`;
  refusals([
    ["no key schema", { KeySchema: undefined }, violated(null, "keySchema", "Member must not be null")],
    [
      "an empty key schema",
      { KeySchema: [] },
      violated("[]", "keySchema", "Member must have length greater than or equal to 1"),
    ],
    [
      "three key elements",
      { KeySchema: keySchema("pk:HASH", "sk:RANGE", "tk:RANGE") },
      violated(
        "[KeySchemaElement(attributeName=pk, keyType=HASH), KeySchemaElement(attributeName=sk, keyType=RANGE), KeySchemaElement(attributeName=tk, keyType=RANGE)]",
        "keySchema",
        "Member must have length less than or equal to 2",
      ),
    ],
    ["billing mode", { BillingMode: "X" }, violated("X", "billingMode", set("PROVISIONED, PAY_PER_REQUEST"))],
    [
      "key type",
      { KeySchema: keySchema("pk:X") },
      violated("X", "keySchema.1.member.keyType", set("HASH, RANGE")),
    ],
    [
      "attribute type",
      { AttributeDefinitions: attributeDefinitions("pk:X") },
      violated("X", "attributeDefinitions.1.member.attributeType", set("B, N, S")),
    ],
    [
      "projection type",
      {
        GlobalSecondaryIndexes: [
          { IndexName: "gsi", KeySchema: keySchema("pk:HASH"), Projection: { ProjectionType: "X" } },
        ],
      },
      violated(
        "X",
        "globalSecondaryIndexes.1.member.projection.projectionType",
        set("ALL, INCLUDE, KEYS_ONLY"),
      ),
    ],
    [
      "no projection",
      { GlobalSecondaryIndexes: [{ IndexName: "gsi", KeySchema: keySchema("pk:HASH") }] },
      violated(null, "globalSecondaryIndexes.1.member.projection", "Member must not be null"),
    ],
    [
      "no capacity",
      { BillingMode: "PROVISIONED", ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 1 } },
      violated(
        "0",
        "provisionedThroughput.readCapacityUnits",
        "Member must have value greater than or equal to 1",
      ),
    ],
    [
      "half of the capacity",
      { BillingMode: "PROVISIONED", ProvisionedThroughput: { WriteCapacityUnits: 1 } },
      violated(null, "provisionedThroughput.readCapacityUnits", "Member must not be null"),
    ],
    [
      "an index name of two characters",
      { LocalSecondaryIndexes: [{ IndexName: "ab", KeySchema: keySchema("pk:HASH"), Projection: ALL }] },
      violated(
        "ab",
        "localSecondaryIndexes.1.member.indexName",
        "Member must have length greater than or equal to 3",
      ),
    ],
    [
      "an empty attribute name",
      { AttributeDefinitions: attributeDefinitions(":S") },
      violated(
        "",
        "attributeDefinitions.1.member.attributeName",
        "Member must have length greater than or equal to 1",
      ),
    ],
  ]);

  test("several are told at once, write capacity before read capacity", async () => {
    const refusal = await target.refusal(
      "CreateTable",
      input({ BillingMode: "X", ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: -1 } }),
    );
    const atLeast = "Member must have value greater than or equal to 1";
    const read = violation("0", "provisionedThroughput.readCapacityUnits", atLeast);
    const write = violation("-1", "provisionedThroughput.writeCapacityUnits", atLeast);
    const mode = violation("X", "billingMode", set("PROVISIONED, PAY_PER_REQUEST"));
    expect(refusal.message).toStartWith("3 validation errors detected: ");
    for (const one of [read, write, mode]) expect(refusal.message).toContain(one);
    expect(refusal.message.indexOf(write)).toBeLessThan(refusal.message.indexOf(read));
  });

  test("never more than ten", async () => {
    const { message } = await target.refusal(
      "CreateTable",
      input({
        AttributeDefinitions: Array.from({ length: 12 }, () => ({ AttributeName: "a", AttributeType: "X" })),
      }),
    );
    expect(message).toStartWith("10 validation errors detected: ");
    expect(message.split("; ")).toHaveLength(10);
  });
});

describe("billing and throughput", () => {
  const BOTH =
    "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED";
  refusals([
    ["neither mode nor throughput", { BillingMode: undefined }, invalid(BOTH)],
    ["provisioned without throughput", { BillingMode: "PROVISIONED" }, invalid(BOTH)],
    [
      "on demand with throughput",
      { ProvisionedThroughput: THROUGHPUT },
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      ),
    ],
    [
      "out of bounds",
      {
        ...PROVISIONED,
        ProvisionedThroughput: { ReadCapacityUnits: 1_000_000_000_001, WriteCapacityUnits: 1 },
      },
      validation("Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
    ],
    [
      "an on-demand maximum on a provisioned table",
      { ...PROVISIONED, OnDemandThroughput: { MaxReadRequestUnits: 5 } },
      invalid(
        "MaxReadRequestUnits for OnDemandThroughput cannot be specified when table BillingMode is PROVISIONED.",
      ),
    ],
    [
      "an on-demand maximum of 0",
      { OnDemandThroughput: { MaxReadRequestUnits: 0 } },
      invalid("Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"),
    ],
    [
      "a table class nobody knows",
      { TableClass: "X" },
      validation(
        "Invalid table-class parameter provided. Please try again with a valid table-class value: [STANDARD, STANDARD_INFREQUENT_ACCESS].",
      ),
    ],
  ]);

  test("above the quota of a table", async () => {
    const refusal = await target.refusal(
      "CreateTable",
      input({ ...PROVISIONED, ProvisionedThroughput: { ReadCapacityUnits: 40_001, WriteCapacityUnits: 1 } }),
    );
    expect(refusal.type).toBe("LimitExceededException");
    expect(refusal.message).toMatch(
      /^The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in [a-z0-9-]+\. Per table maximum: 40000\. /,
    );
  });
});

describe("keys and attribute definitions", () => {
  const UNUSED =
    "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions";
  refusals([
    [
      "a name defined twice",
      { AttributeDefinitions: attributeDefinitions("pk:S", "pk:S") },
      validation("Attribute Name is duplicated: pk"),
    ],
    [
      "more key elements than definitions",
      { KeySchema: keySchema("pk:HASH", "sk:RANGE") },
      validation("Invalid KeySchema: Some index key attribute have no definition"),
    ],
    [
      "an undefined key attribute",
      { AttributeDefinitions: attributeDefinitions("other:S") },
      invalid(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: [other]",
      ),
    ],
    ["a definition too many", { AttributeDefinitions: attributeDefinitions("pk:S", "a:S") }, invalid(UNUSED)],
    [
      "no partition key first",
      { KeySchema: keySchema("pk:RANGE") },
      validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    [
      "no sort key second",
      {
        KeySchema: keySchema("pk:HASH", "sk:HASH"),
        AttributeDefinitions: attributeDefinitions("pk:S", "sk:S"),
      },
      validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type"),
    ],
    [
      "one attribute for both",
      {
        KeySchema: keySchema("pk:HASH", "pk:RANGE"),
        AttributeDefinitions: attributeDefinitions("pk:S", "sk:S"),
      },
      validation("Both the Hash Key and the Range Key element in the KeySchema have the same name"),
    ],
  ]);

  test("a definition too many, with indexes", async () => {
    const refusal = await target.refusal(
      "CreateTable",
      input({
        AttributeDefinitions: attributeDefinitions("pk:S", "a:S", "b:S"),
        GlobalSecondaryIndexes: [{ IndexName: "gsi", KeySchema: keySchema("a:HASH"), Projection: ALL }],
      }),
    );
    expect(refusal.type).toBe("ValidationException");
    expect(refusal.message).toMatch(
      /^One or more parameter values were invalid: Some AttributeDefinitions are not used\. AttributeDefinitions: \[.*\], keys used: \[.*\]$/,
    );
  });
});

describe("what is created", () => {
  test("the reply describes a table that is CREATING", async () => {
    const TableName = target.freshName();
    const before = Date.now() / 1000 - 5;
    const made = member(
      await target.ok("CreateTable", createTableInput(TableName, { range: "sk:N" })),
      "TableDescription",
    );
    expect(made).toEqual({
      TableName,
      TableStatus: "CREATING",
      TableArn: expect.stringMatching(new RegExp(`^arn:aws:dynamodb:[a-z0-9-]+:\\d{12}:table/${TableName}$`)),
      TableId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      CreationDateTime: expect.any(Number),
      AttributeDefinitions: attributeDefinitions("pk:S", "sk:N"),
      KeySchema: keySchema("pk:HASH", "sk:RANGE"),
      ItemCount: 0,
      TableSizeBytes: 0,
      ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      DeletionProtectionEnabled: false,
    } as never);
    const created = made["CreationDateTime"];
    expect(created).toBeGreaterThan(before);
    expect(created).toBeLessThan(Date.now() / 1000 + 5);
  });

  test("the same name again", async () => {
    const TableName = await target.table();
    expect(await target.refusal("CreateTable", createTableInput(TableName))).toEqual(
      inUse(`Table already exists: ${TableName}`),
    );
  });

  test("names are case-sensitive", async () => {
    const TableName = await target.table();
    const upper = TableName.toUpperCase();
    expect((await target.call("CreateTable", createTableInput(upper))).status).toBe(200);
    await target.ok("DeleteTable", { TableName: upper });
  });

  test("a refused request creates nothing", async () => {
    const TableName = target.freshName();
    await target.refusal("CreateTable", createTableInput(TableName, { more: { TableClass: "X" } }));
    expect((await target.refusal("DescribeTable", { TableName })).type).toBe("ResourceNotFoundException");
  });

  test("accepted: empty tags, empty throughput structures, an explicit class", async () => {
    const more = {
      Tags: [],
      OnDemandThroughput: {},
      WarmThroughput: {},
      TableClass: "STANDARD",
      SSESpecification: {},
    };
    expect((await target.call("CreateTable", createTableInput(target.freshName(), { more }))).status).toBe(
      200,
    );
  });
});
