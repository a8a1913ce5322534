/** What UpdateTable refuses of index changes: entries that say nothing or too much, keys, projections, throughput, names. */
import { beforeAll, describe, expect, test } from "bun:test";
import { definitions, element, indexOf } from "./index-tables.ts";
import { invalid, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let provisioned = "";
const units = (count: number) => ({
  ProvisionedThroughput: { ReadCapacityUnits: count, WriteCapacityUnits: count },
});

beforeAll(async () => {
  table = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: definitions("pk:S", "sk:S", "g:S"),
      GlobalSecondaryIndexes: [indexOf("idx", "g"), indexOf("other", "g", "sk")],
      LocalSecondaryIndexes: [indexOf("local", "pk", "g")],
    },
  });
  provisioned = target.freshName();
  await target.ok("CreateTable", {
    TableName: provisioned,
    AttributeDefinitions: definitions("pk:S", "g:S"),
    KeySchema: [element("pk")],
    GlobalSecondaryIndexes: [{ ...indexOf("idx", "g"), ...units(1) }],
    ...units(1),
  });
});

const NEW = indexOf("new", "h");
const change = (...GlobalSecondaryIndexUpdates: readonly JsonObject[]): JsonObject => ({
  AttributeDefinitions: definitions("h:S", "i:S"),
  GlobalSecondaryIndexUpdates,
});
const refusal = (input: JsonObject, TableName = table) =>
  target.refusal("UpdateTable", { TableName, ...input });
const notFound = (index: string) => ({
  status: 400,
  type: "ResourceNotFoundException",
  message: `Requested resource not found: Index ${index} for table ${table}`,
});
const limit = (message: string) => ({
  status: 400,
  type: "LimitExceededException",
  message: `Subscriber limit exceeded: ${message}`,
});

describe("entries", () => {
  test.each([
    [
      change({}),
      invalid(
        "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
      ),
    ],
    [
      change({ Create: NEW, Delete: { IndexName: "idx" } }),
      invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
    ],
    [
      change({ Delete: { IndexName: "idx" } }, { Delete: { IndexName: "idx" } }),
      invalid("Only one global secondary index update per index is allowed simultaneously. Index: idx"),
    ],
    [
      { BillingMode: "PAY_PER_REQUEST", GlobalSecondaryIndexUpdates: [] },
      invalid("List of GlobalSecondaryIndexUpdates is empty"),
    ],
    [
      change({ Create: NEW }, { Delete: { IndexName: "idx" } }),
      limit("Only 1 online index can be created or deleted simultaneously per table"),
    ],
    [
      {
        ...change({ Create: NEW }),
        StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
      },
      invalid("You cannot create or delete index while changing stream status"),
    ],
    [
      { ...change({ Delete: { IndexName: "idx" } }), ...units(1) },
      invalid("You cannot create or delete index while updating table IOPS"),
    ],
  ] as [JsonObject, unknown][])("%#", async (input, expected) => {
    expect(await refusal(input)).toEqual(expected as never);
  });
});

describe("names", () => {
  test.each([
    [{ Create: indexOf("idx", "h") }, validation("Attempting to create an index which already exists")],
    [{ Create: indexOf("local", "h") }, validation("Attempting to create an index which already exists")],
    [
      { Create: { ...indexOf("idx", "h"), KeySchema: [element("h", "RANGE")] } },
      validation("Attempting to create an index which already exists"),
    ],
    [
      { Delete: { IndexName: "local" } },
      validation("Cannot delete an index that is not a GlobalSecondaryIndex: local"),
    ],
    [
      { Update: { IndexName: "local", ...units(1) } },
      validation("Cannot update an index that is not a GlobalSecondaryIndex: local"),
    ],
  ] as [JsonObject, unknown][])("%j", async (entry, expected) => {
    expect(await refusal(change(entry))).toEqual(expected as never);
  });

  test("unknown ones; the other entries are not applied", async () => {
    expect(await refusal(change({ Delete: { IndexName: "none" } }))).toEqual(notFound("none"));
    expect(await refusal(change({ Update: { IndexName: "none", ...units(1) } }))).toEqual(notFound("none"));
  });

  test("more than twenty", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `index-${at}`);
    const full = await target.table({
      more: {
        AttributeDefinitions: definitions("pk:S", "g:S"),
        GlobalSecondaryIndexes: names.map((name) => indexOf(name, "g")),
      },
    });
    expect(await refusal(change({ Create: NEW }), full)).toEqual(
      limit("Number of global secondary indexes exceeds per-table limit of 20"),
    );
  });
});

describe("keys and projections", () => {
  const keyed = (...KeySchema: readonly JsonObject[]) => change({ Create: { ...NEW, KeySchema } });
  const projected = (Projection: JsonObject) => change({ Create: { ...NEW, Projection } });
  const hashes = ["h", "i", "j", "k", "l"].map((name) => element(name));

  test.each([
    [
      { GlobalSecondaryIndexUpdates: [{ Create: NEW }] },
      invalid("AttributeDefinitions is not specified for index: new"),
    ],
    [
      { ...change({ Create: indexOf("new", "g") }), AttributeDefinitions: definitions("h:S") },
      invalid(
        "Some index key attributes are not defined in AttributeDefinitions. Keys: [g], AttributeDefinitions: [h]",
      ),
    ],
    [
      keyed(element("h", "RANGE")),
      validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type"),
    ],
    [
      keyed(element("h"), element("i", "RANGE"), element("j")),
      invalid("All HASH key attributes must precede RANGE key attributes in the KeySchema"),
    ],
    [keyed(...hashes), invalid("The KeySchema exceeds the maximum allowed number of HASH key attributes")],
    [
      keyed(element("a"), ...["h", "i", "j", "k", "l"].map((name) => element(name, "RANGE"))),
      invalid("The KeySchema exceeds the maximum allowed number of RANGE key attributes"),
    ],
    [
      keyed(element("h"), element("h")),
      validation("The KeySchema contains multiple key attributes with the same name"),
    ],
    [projected({}), invalid("Unknown ProjectionType: null")],
    [
      projected({ ProjectionType: "ALL", NonKeyAttributes: ["x"] }),
      invalid("ProjectionType is ALL, but NonKeyAttributes is specified"),
    ],
    [
      projected({ ProjectionType: "INCLUDE" }),
      invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
    ],
    [
      projected({ ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "x"] }),
      invalid("Duplicate element in NonKeyAttributes: x"),
    ],
  ] as [JsonObject, unknown][])("%#", async (input, expected) => {
    expect(await refusal(input)).toEqual(expected as never);
  });
});

describe("throughput", () => {
  test.each([
    [
      { Create: { ...NEW, ...units(1) } },
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: new when BillingMode is PAY_PER_REQUEST",
      ),
    ],
    [
      { Update: { IndexName: "idx", ...units(1) } },
      invalid(
        "The only Updates for index: idx when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
      ),
    ],
    [
      { Update: { IndexName: "idx" } },
      invalid(
        "The only Updates for index: idx when TableThroughputMode is PAY_PER_REQUEST can be to OnDemandThroughput, WarmThroughput",
      ),
    ],
    [
      { Update: { IndexName: "idx", WarmThroughput: {} } },
      invalid(
        "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: idx",
      ),
    ],
  ] as [JsonObject, unknown][])("on demand: %j", async (entry, expected) => {
    expect(await refusal(change(entry))).toEqual(expected as never);
  });

  test("provisioned", async () => {
    expect(await refusal(change({ Create: NEW }), provisioned)).toEqual(
      invalid("Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: new"),
    );
    const { message } = await refusal(change({ Update: { IndexName: "idx", ...units(1) } }), provisioned);
    expect(message).toStartWith("The provisioned throughput for the index idx will not change.");
    expect(await refusal({ BillingMode: "PROVISIONED", ...units(2) })).toEqual(
      invalid("ProvisionedThroughput must be specified for index: idx,other"),
    );
  });
});
