import { describe, expect, test } from "bun:test";
import type { GlobalIndexRecord, TableRecord } from "../../src/tables/schema.ts";
import type { GlobalSecondaryIndexRequest } from "../../src/tables/schema-request.ts";
import { withoutLeavingIndexes } from "../../src/tables/schema-update-indexes.ts";
import {
  create,
  definitionsOf,
  gsi,
  hashTable,
  invalid,
  lsi,
  plain,
  provisioned,
  sortTable,
  units,
  update,
  updateRefusal,
} from "./schema-fixtures.ts";

const indexed = {
  ...sortTable,
  AttributeDefinitions: definitionsOf("pk:S sk:N a:S"),
  LocalSecondaryIndexes: [lsi("lsi", "pk:HASH sk:RANGE")],
  GlobalSecondaryIndexes: [gsi("gsi", "a:HASH")],
};
const onDemand = create(indexed);
const withThroughput = create(provisioned(indexed));

const creating = (index: GlobalSecondaryIndexRequest, definitions?: string) => ({
  GlobalSecondaryIndexUpdates: [{ Create: index }],
  ...(definitions === undefined ? {} : { AttributeDefinitions: definitionsOf(definitions) }),
});
const deleting = (...names: string[]) => ({
  GlobalSecondaryIndexUpdates: names.map((IndexName) => ({ Delete: { IndexName } })),
});
const updating = (others: object, IndexName = "gsi") => ({
  GlobalSecondaryIndexUpdates: [{ Update: { IndexName, ...others } }],
});
const inUse = (why: string) =>
  `ResourceInUseException: Attempt to change a resource which is still in use: ${why}`;
const oneAtATime =
  "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table";

/** The record with its first global index in another state. */
const inState = (record: TableRecord, state: Partial<GlobalIndexRecord>): TableRecord => ({
  ...record,
  globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) => ({ ...index, ...state })),
});

describe("create", () => {
  test.each([
    ["the name of a global index", "gsi"],
    ["the name of a local index", "lsi"],
  ])("%s, before its key is looked at", (_name, name) => {
    expect(updateRefusal(onDemand, creating(gsi(name, "b:RANGE")))).toBe(
      plain("Attempting to create an index which already exists"),
    );
  });

  test.each([
    [
      "no definitions",
      creating(gsi("new", "a:HASH")),
      invalid("AttributeDefinitions is not specified for index: new"),
    ],
    [
      "an attribute that only the table defines",
      creating(gsi("new", "a:HASH b:RANGE"), "b:S"),
      invalid(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [a, b], AttributeDefinitions: [b]",
      ),
    ],
    [
      "a bad key",
      creating(gsi("new", "b:RANGE"), "b:S"),
      plain("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    [
      "a bad projection",
      creating(gsi("new", "b:HASH", { Projection: {} }), "b:S"),
      invalid("Unknown ProjectionType: null"),
    ],
    [
      "throughput on demand",
      creating(gsi("new", "b:HASH", { ProvisionedThroughput: units(1, 1) }), "b:S"),
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: new when BillingMode is PAY_PER_REQUEST",
      ),
    ],
    [
      "two at once",
      {
        ...creating(gsi("new", "b:HASH"), "b:S"),
        GlobalSecondaryIndexUpdates: [{ Create: gsi("new", "b:HASH") }, { Create: gsi("two", "b:HASH") }],
      },
      oneAtATime,
    ],
    [
      "one created, one deleted",
      {
        ...creating(gsi("new", "b:HASH"), "b:S"),
        GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "gsi" } }, { Create: gsi("new", "b:HASH") }],
      },
      oneAtATime,
    ],
  ])("%s", (_name, request, expected) => {
    expect(updateRefusal(onDemand, request)).toBe(expected);
  });

  test("no throughput when provisioned", () => {
    expect(updateRefusal(withThroughput, creating(gsi("new", "b:HASH"), "b:S"))).toBe(
      invalid("Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: new"),
    );
  });

  test("while another is created or deleted", () => {
    const request = creating(gsi("new", "b:HASH"), "b:S");
    expect(updateRefusal(inState(onDemand, { indexStatus: "CREATING", backfilling: true }), request)).toBe(
      oneAtATime,
    );
    expect(updateRefusal(inState(onDemand, { indexStatus: "DELETING" }), request)).toBe(oneAtATime);
    expect(
      updateRefusal(inState(onDemand, { indexStatus: "DELETING" }), creating(gsi("gsi", "a:HASH"), "a:S")),
    ).toBe(inUse("Index is being deleted. Table: Table Index: gsi"));
  });

  test("the twenty-first", () => {
    const names = Array.from({ length: 20 }, (_, at) => `gsi${at}`);
    const full = create({ ...hashTable, GlobalSecondaryIndexes: names.map((name) => gsi(name, "pk:HASH")) });
    expect(updateRefusal(full, creating(gsi("new", "pk:HASH"), "pk:S"))).toBe(
      "LimitExceededException: Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of 20",
    );
  });

  test("the plan: filled before it is ACTIVE, shown before it is filled", () => {
    const plan = update(onDemand, creating(gsi("new", "a:HASH b:RANGE"), "a:N b:B z:S"));
    const [, index] = plan.record.globalSecondaryIndexes;
    expect(index).toMatchObject({ indexName: "new", indexStatus: "CREATING", backfilling: true });
    expect(plan.record.tableStatus).toBe("ACTIVE");
    expect(plan.response.tableStatus).toBe("UPDATING");
    expect(plan.response.globalSecondaryIndexes[1]).toMatchObject({
      indexStatus: "CREATING",
      backfilling: false,
    });
    // What the table defines stays; what no key needs is ignored.
    expect(plan.record.attributeDefinitions).toEqual(definitionsOf("pk:S sk:N a:S b:B"));
  });
});

describe("delete", () => {
  test.each<[string, ReturnType<typeof deleting>, string, Partial<GlobalIndexRecord>]>([
    [
      "a local index",
      deleting("lsi"),
      plain("Cannot delete an index that is not a GlobalSecondaryIndex: lsi"),
      {},
    ],
    [
      "an unknown index",
      deleting("nope"),
      "ResourceNotFoundException: Requested resource not found: Index nope for table Table",
      {},
    ],
    [
      "an index of which the creation has just begun",
      deleting("gsi"),
      inUse(
        "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index is active. " +
          "Table: Table Index: gsi",
      ),
      { indexStatus: "CREATING" },
    ],
    [
      "an index being deleted",
      deleting("gsi"),
      inUse("Index is being deleted. Table: Table Index: gsi"),
      { indexStatus: "DELETING" },
    ],
  ])("%s", (_name, request, expected, state) => {
    expect(updateRefusal(inState(onDemand, state), request)).toBe(expected);
  });

  test("two at once", () => {
    const two = create({
      ...hashTable,
      GlobalSecondaryIndexes: [gsi("one", "pk:HASH"), gsi("two", "pk:HASH")],
    });
    expect(updateRefusal(two, deleting("one", "two"))).toBe(oneAtATime);
  });

  test("one that is being filled may be deleted", () => {
    const filling = inState(onDemand, { indexStatus: "CREATING", backfilling: true });
    expect(updateRefusal(filling, deleting("gsi"))).toBe("none");
  });

  test("the plan: shown as going, then gone with its definitions", () => {
    const plan = update(onDemand, deleting("gsi"));
    expect(plan.record.globalSecondaryIndexes).toMatchObject([{ indexStatus: "DELETING" }]);
    expect(plan.record.attributeDefinitions).toEqual(onDemand.attributeDefinitions);
    const record = withoutLeavingIndexes(plan.record);
    expect(record.globalSecondaryIndexes).toEqual([]);
    expect(record.attributeDefinitions).toEqual(definitionsOf("pk:S sk:N"));
    expect(plan.response.tableStatus).toBe("UPDATING");
    expect(plan.response.globalSecondaryIndexes).toMatchObject([
      { indexName: "gsi", indexStatus: "DELETING" },
    ]);
  });
});

describe("update", () => {
  const onlyOnDemand = invalid(
    "The only Updates for index: gsi when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
  );
  test.each([
    [
      "a local index",
      onDemand,
      updating({}, "lsi"),
      plain("Cannot update an index that is not a GlobalSecondaryIndex: lsi"),
    ],
    [
      "an unknown index",
      onDemand,
      updating({}, "nope"),
      "ResourceNotFoundException: Requested resource not found: Index nope for table Table",
    ],
    ["throughput on demand", onDemand, updating({ ProvisionedThroughput: units(1, 1) }), onlyOnDemand],
    ["nothing on demand", onDemand, updating({}), onlyOnDemand],
    [
      "nothing when provisioned",
      withThroughput,
      updating({}),
      invalid("ProvisionedThroughput is not specified for index: gsi"),
    ],
    [
      "on-demand maxima when provisioned",
      withThroughput,
      updating({ OnDemandThroughput: { MaxReadRequestUnits: 1 } }),
      invalid(
        "MaxReadRequestUnits for OnDemandThroughput for index: gsi cannot be specified when the table BillingMode is PROVISIONED",
      ),
    ],
    [
      "less warmth",
      onDemand,
      updating({ WarmThroughput: { WriteUnitsPerSecond: 1 } }),
      invalid(
        "Requested WriteUnitsPerSecond for WarmThroughput for index gsi is lower than current WarmThroughput, " +
          "decreasing WarmThroughput is not supported",
      ),
    ],
    [
      "above the quota",
      withThroughput,
      updating({ ProvisionedThroughput: units(1, 40_001) }),
      "LimitExceededException: The requested WriteCapacityUnits for index gsi, 40001, is above the per index maximum for the " +
        "account in us-east-1. Per index maximum: 40000. Refer to the Amazon DynamoDB Developer Guide for current limits " +
        "and how to request higher limits.",
    ],
    [
      "an index of which the creation has just begun",
      inState(withThroughput, { indexStatus: "CREATING" }),
      updating({ ProvisionedThroughput: units(1, 1) }),
      inUse("Index is being created but is  not backfilling yet. Table: Table Index: gsi"),
    ],
    [
      "an index being updated",
      inState(withThroughput, { indexStatus: "UPDATING" }),
      updating({ ProvisionedThroughput: units(1, 1) }),
      inUse("Index is being updated. Table: Table Index: gsi"),
    ],
    [
      "an index being deleted",
      inState(withThroughput, { indexStatus: "DELETING" }),
      updating({ ProvisionedThroughput: units(1, 1) }),
      inUse("Index is being deleted. Table: Table Index: gsi"),
    ],
  ])("%s", (_name, record, request, expected) => {
    expect(updateRefusal(record, request)).toBe(expected);
  });

  test("the plan: new throughput, old values and UPDATING in the answer", () => {
    const plan = update(withThroughput, updating({ ProvisionedThroughput: units(20, 10) }));
    expect(plan.record.globalSecondaryIndexes[0]).toMatchObject({
      indexStatus: "ACTIVE",
      throughput: { readCapacityUnits: 20, writeCapacityUnits: 10 },
      warm: { readUnitsPerSecond: 20, writeUnitsPerSecond: 10 },
    });
    expect(plan.response.tableStatus).toBe("ACTIVE");
    expect(plan.response.globalSecondaryIndexes[0]).toMatchObject({
      indexStatus: "UPDATING",
      throughput: { readCapacityUnits: 10, writeCapacityUnits: 10 },
    });
  });

  test("on-demand maxima and warmth", () => {
    const plan = update(
      onDemand,
      updating({
        OnDemandThroughput: { MaxReadRequestUnits: 9 },
        WarmThroughput: { ReadUnitsPerSecond: 13_000 },
      }),
    );
    expect(plan.record.globalSecondaryIndexes[0]).toMatchObject({
      onDemand: { MaxReadRequestUnits: 9 },
      warm: { readUnitsPerSecond: 13_000, writeUnitsPerSecond: 4000 },
    });
    const removed = update(plan.record, updating({ OnDemandThroughput: { MaxReadRequestUnits: -1 } }));
    expect(removed.record.globalSecondaryIndexes[0]?.onDemand).toBeUndefined();
  });
});
