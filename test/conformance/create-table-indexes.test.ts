/** CreateTable with indexes, a stream or encryption: every refusal in the service's words. */
import { describe, expect, test } from "bun:test";
import {
  attributeDefinitions,
  createTableInput,
  invalid,
  type JsonObject,
  keySchema,
  useTarget,
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

describe("indexes", () => {
  const two = {
    AttributeDefinitions: attributeDefinitions("pk:S", "sk:S"),
    KeySchema: keySchema("pk:HASH", "sk:RANGE"),
  };
  const three = { ...two, AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "a:S") };
  const lsi = (changes: JsonObject = {}) => ({
    IndexName: "lsi",
    KeySchema: keySchema("pk:HASH", "a:RANGE"),
    Projection: ALL,
    ...changes,
  });
  const gsi = (changes: JsonObject = {}) => ({
    IndexName: "gsi",
    KeySchema: keySchema("a:HASH"),
    Projection: ALL,
    ...changes,
  });
  const projected = (Projection: JsonObject) => ({ ...three, GlobalSecondaryIndexes: [gsi({ Projection })] });
  refusals([
    [
      "no local index in the list",
      { LocalSecondaryIndexes: [] },
      invalid("List of LocalSecondaryIndexes is empty"),
    ],
    [
      "no global index in the list",
      { GlobalSecondaryIndexes: [] },
      invalid("List of GlobalSecondaryIndexes is empty"),
    ],
    [
      "local, table without sort key",
      { AttributeDefinitions: attributeDefinitions("pk:S", "a:S"), LocalSecondaryIndexes: [lsi()] },
      invalid(
        "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
      ),
    ],
    [
      "local, without sort key",
      { ...two, LocalSecondaryIndexes: [lsi({ KeySchema: keySchema("pk:HASH") })] },
      invalid("Index KeySchema does not have a range key for index: lsi"),
    ],
    [
      "local, with another partition key",
      { ...three, LocalSecondaryIndexes: [lsi({ KeySchema: keySchema("a:HASH", "sk:RANGE") })] },
      invalid(
        "Index KeySchema does not have the same leading hash key as table KeySchema for index: lsi. index hash key: a, table hash key: pk",
      ),
    ],
    ["projection without type", projected({}), invalid("Unknown ProjectionType: null")],
    [
      "attributes with ALL",
      projected({ ProjectionType: "ALL", NonKeyAttributes: ["x"] }),
      invalid("ProjectionType is ALL, but NonKeyAttributes is specified"),
    ],
    [
      "attributes with KEYS_ONLY",
      projected({ ProjectionType: "KEYS_ONLY", NonKeyAttributes: ["x"] }),
      invalid("ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"),
    ],
    [
      "INCLUDE without attributes",
      projected({ ProjectionType: "INCLUDE" }),
      invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified"),
    ],
    [
      "an attribute twice",
      projected({ ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "x"] }),
      invalid("Duplicate element in NonKeyAttributes: x"),
    ],
    [
      "two indexes of one name",
      { ...three, GlobalSecondaryIndexes: [gsi(), gsi()] },
      invalid("Duplicate index name: gsi"),
    ],
    [
      "a local and a global index of one name",
      { ...three, LocalSecondaryIndexes: [lsi({ IndexName: "gsi" })], GlobalSecondaryIndexes: [gsi()] },
      invalid("Duplicate index name: gsi"),
    ],
    [
      "six local indexes",
      {
        ...three,
        LocalSecondaryIndexes: Array.from({ length: 6 }, (_, at) => lsi({ IndexName: `lsi${at}` })),
      },
      invalid("Number of LocalSecondaryIndexes exceeds per-table limit of 5"),
    ],
    [
      "21 global indexes",
      {
        ...three,
        GlobalSecondaryIndexes: Array.from({ length: 21 }, (_, at) => gsi({ IndexName: `gsi${at}` })),
      },
      invalid("GlobalSecondaryIndex count exceeds the per-table limit of 20"),
    ],
    [
      "throughput lacking",
      { ...three, ...PROVISIONED, GlobalSecondaryIndexes: [gsi()] },
      invalid("ProvisionedThroughput is not specified for index: gsi"),
    ],
    [
      "throughput on demand",
      { ...three, GlobalSecondaryIndexes: [gsi({ ProvisionedThroughput: THROUGHPUT })] },
      invalid(
        "ProvisionedThroughput should not be specified for index: gsi when BillingMode is PAY_PER_REQUEST",
      ),
    ],
  ]);

  refusals([
    [
      "stream without view type",
      { StreamSpecification: { StreamEnabled: true } },
      invalid("Table is being created with a stream enabled, UpdateViewType is required"),
    ],
    [
      "disabled stream with view type",
      { StreamSpecification: { StreamEnabled: false, StreamViewType: "NEW_IMAGE" } },
      invalid("Table is being created with a stream disabled, UpdateViewType should not be specified"),
    ],
    [
      "disabled encryption with a type",
      { SSESpecification: { Enabled: false, SSEType: "KMS" } },
      invalid("SSEType can not be specified if Enabled is false"),
    ],
    [
      "AES256",
      { SSESpecification: { Enabled: true, SSEType: "AES256" } },
      invalid("SSEType AES256 is not supported"),
    ],
  ]);
});
