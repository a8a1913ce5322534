/** RestoreTableToPointInTime: what is carried over, what is not, which instants, and the refusals in the service's order. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type Json, refusalOf } from "../support/call.ts";
import {
  attributeDefinitions,
  invalid,
  type JsonObject,
  keySchema,
  member,
  untilActive,
  untilGone,
  useTarget,
  validation,
  violated,
} from "./target.ts";

const target = useTarget();

const enable = (TableName: string) =>
  target.ok("UpdateContinuousBackups", {
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
const put = (TableName: string, pk: string, more: JsonObject = {}) =>
  target.ok("PutItem", { TableName, Item: { pk: { S: pk }, ...more } });
const scan = async (TableName: string, more: JsonObject = {}) =>
  (await target.ok("Scan", { TableName, ...more }))["Items"] as readonly JsonObject[];
const keysIn = async (TableName: string) =>
  (await scan(TableName)).map(({ pk }) => (pk as { S: string }).S).sort();

async function source(more: Parameters<typeof target.table>[0] = {}): Promise<string> {
  const table = await target.table(more);
  await enable(table);
  return table;
}

/** Restores to the latest instant unless `more` says otherwise; returns the name of the new table, once it is active, and its description. */
async function restore(SourceTableName: string, more: JsonObject = {}) {
  const TargetTableName = target.freshName("restored-");
  const time = more["RestoreDateTime"] === undefined ? { UseLatestRestorableTime: true } : {};
  await target.ok("RestoreTableToPointInTime", { SourceTableName, TargetTableName, ...time, ...more });
  return { name: TargetTableName, table: await untilActive(target, TargetTableName) };
}

describe("a restored table", () => {
  test("is CREATING in the answer, with a summary that goes when it is ACTIVE", async () => {
    const table = await source();
    await put(table, "a");
    const TargetTableName = target.freshName("restored-");
    const answer = await target.ok("RestoreTableToPointInTime", {
      SourceTableName: table,
      TargetTableName,
      UseLatestRestorableTime: true,
    });
    const original = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const description = member(answer, "TableDescription");
    expect(description).toMatchObject({ TableName: TargetTableName, TableStatus: "CREATING" });
    expect(description["RestoreSummary"]).toEqual({
      SourceTableArn: original["TableArn"] ?? null,
      RestoreDateTime: expect.any(Number),
      RestoreInProgress: true,
    } as never);
    expect(description["TableId"]).not.toBe(original["TableId"] ?? null);
    const restored = await untilActive(target, TargetTableName);
    expect(restored["RestoreSummary"]).toBeUndefined();
    expect(restored).toMatchObject({ ItemCount: 1, TableSizeBytes: 3 });
    expect(await keysIn(TargetTableName)).toEqual(["a"]);
  });

  test("carries over keys, indexes, billing and encryption, and nothing else", async () => {
    const table = await source({
      range: "sk:S",
      more: {
        BillingMode: "PROVISIONED",
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 4 },
        AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "g:S", "l:N"),
        GlobalSecondaryIndexes: [
          {
            IndexName: "global",
            KeySchema: keySchema("g:HASH"),
            Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["b", "a"] },
            ProvisionedThroughput: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
          },
        ],
        LocalSecondaryIndexes: [
          {
            IndexName: "local",
            KeySchema: keySchema("pk:HASH", "l:RANGE"),
            Projection: { ProjectionType: "ALL" },
          },
        ],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
        SSESpecification: { Enabled: true, SSEType: "KMS" },
        TableClass: "STANDARD_INFREQUENT_ACCESS",
        Tags: [{ Key: "k", Value: "v" }],
        DeletionProtectionEnabled: true,
      },
    });
    await target.ok("UpdateTimeToLive", {
      TableName: table,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
    });
    const { name, table: restored } = await restore(table);
    const original = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const {
      TableId: _,
      CreationDateTime: __,
      StreamSpecification: ___,
      LatestStreamArn: ____,
      LatestStreamLabel: _____,
      TableClassSummary: ______,
      ...carried
    } = original;
    const rename = (value: Json | undefined) =>
      JSON.parse(JSON.stringify(value).replaceAll(table, name)) as JsonObject;
    expect(restored).toEqual({
      ...rename(carried),
      TableId: restored["TableId"] ?? null,
      CreationDateTime: restored["CreationDateTime"] ?? null,
      DeletionProtectionEnabled: false,
    });
    expect(await target.ok("ListTagsOfResource", { ResourceArn: restored["TableArn"] ?? null })).toEqual({
      Tags: [],
    });
    expect(await target.ok("DescribeTimeToLive", { TableName: name })).toEqual({
      TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" },
    });
    const backups = member(
      await target.ok("DescribeContinuousBackups", { TableName: name }),
      "ContinuousBackupsDescription",
    );
    expect(backups["PointInTimeRecoveryDescription"]).toEqual({ PointInTimeRecoveryStatus: "DISABLED" });
    await target.ok("UpdateTable", { TableName: table, DeletionProtectionEnabled: false });
  });

  test("lives on its own: the source changes and goes, the copy is written and deleted", async () => {
    const table = await source();
    await put(table, "a");
    const { name } = await restore(table);
    await put(table, "later");
    await put(name, "own");
    await target.ok("DeleteTable", { TableName: table });
    expect(await keysIn(name)).toEqual(["a", "own"]);
    await enable(name);
    const second = await restore(name);
    expect(await keysIn(second.name)).toEqual(["a", "own"]);
    await target.ok("DeleteTable", { TableName: name });
    await untilGone(target, name);
    expect(await keysIn(second.name)).toEqual(["a", "own"]);
  });

  test("has its indexes as they were at the instant, counts included, also those that are younger", async () => {
    const table = await source({
      range: "sk:S",
      more: {
        AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "l:N"),
        LocalSecondaryIndexes: [
          {
            IndexName: "local",
            KeySchema: keySchema("pk:HASH", "l:RANGE"),
            Projection: { ProjectionType: "KEYS_ONLY" },
          },
        ],
      },
    });
    const rows = Array.from({ length: 12 }, (_, at) => ({
      sk: { S: `${at}` },
      ...(at % 3 === 0 ? {} : { l: { N: `${20 - at}` } }),
      ...(at % 2 === 0 ? { g: { S: `g${at % 4}` } } : { g: { N: "1" } }),
    }));
    for (const row of rows) await put(table, "p", row);
    const at = Date.now() / 1000;
    await Bun.sleep(5);
    await target.ok("DeleteItem", { TableName: table, Key: { pk: { S: "p" }, sk: { S: "1" } } });
    await put(table, "q", { sk: { S: "new" }, l: { N: "1" }, g: { S: "g0" } });
    await target.ok("UpdateTable", {
      TableName: table,
      AttributeDefinitions: attributeDefinitions("g:S"),
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: "younger",
            KeySchema: keySchema("g:HASH"),
            Projection: { ProjectionType: "ALL" },
          },
        },
      ],
    });
    const { name, table: restored } = await restore(table, { RestoreDateTime: at + 0.0005 });
    expect(restored["ItemCount"]).toBe(12);
    const [local] = restored["LocalSecondaryIndexes"] as JsonObject[];
    const [global] = restored["GlobalSecondaryIndexes"] as JsonObject[];
    expect(local?.["ItemCount"]).toBe(8);
    expect(global).toMatchObject({ ItemCount: 6, IndexStatus: "ACTIVE" });
    const byLocal = await target.ok("Query", {
      TableName: name,
      IndexName: "local",
      KeyConditionExpression: "pk = :p",
      ExpressionAttributeValues: { ":p": { S: "p" } },
    });
    expect((byLocal["Items"] as JsonObject[]).map(({ l }) => (l as { N: string }).N)).toEqual([
      "9",
      "10",
      "12",
      "13",
      "15",
      "16",
      "18",
      "19",
    ]);
    expect((await scan(name, { IndexName: "younger" })).length).toBe(6);
    // Live writes keep them up from here.
    await target.ok("DeleteItem", { TableName: name, Key: { pk: { S: "p" }, sk: { S: "2" } } });
    expect((await scan(name, { IndexName: "younger" })).length).toBe(5);
    expect((await scan(name, { IndexName: "local" })).length).toBe(7);
  });
});

describe("instants", () => {
  test("include what was written at them; a whole second is meant to its end", async () => {
    const table = await source();
    // Well inside of a second, so that both writes are in the same one.
    await Bun.sleep(1_100 - (Date.now() % 1_000));
    await put(table, "first");
    await Bun.sleep(5);
    const between = Date.now() / 1000;
    await Bun.sleep(5);
    await put(table, "second");
    const second = Math.floor(between);
    await Bun.sleep(1_000);
    await put(table, "third");
    const { name } = await restore(table, { RestoreDateTime: between });
    expect(await keysIn(name)).toEqual(["first"]);
    const { name: whole } = await restore(table, { RestoreDateTime: second });
    expect(await keysIn(whole)).toEqual(["first", "second"]);
    const { name: before } = await restore(table, { RestoreDateTime: second - 1 });
    expect(await keysIn(before)).toEqual([]);
    const { name: latest } = await restore(table);
    expect(await keysIn(latest)).toEqual(["first", "second", "third"]);
  }, 20_000);

  test("of the described window are all restorable", async () => {
    const table = await source();
    const description = member(
      await target.ok("DescribeContinuousBackups", { TableName: table }),
      "ContinuousBackupsDescription",
    );
    const { EarliestRestorableDateTime, LatestRestorableDateTime } = member(
      description,
      "PointInTimeRecoveryDescription",
    );
    for (const RestoreDateTime of [EarliestRestorableDateTime, LatestRestorableDateTime]) {
      await restore(table, { RestoreDateTime: RestoreDateTime ?? null, UseLatestRestorableTime: false });
    }
  });

  test("before the first and after now are refused", async () => {
    const table = await source();
    const iso = "'\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ'";
    for (const [RestoreDateTime, shown] of [
      [1_000_000_000, "'2001-09-09T01:46:40Z'"],
      [4_000_000_000, "'2096-10-02T07:06:40Z'"],
      [1e300, "'9999-12-31T23:59:59Z'"],
    ] as const) {
      const refusal = await target.refusal("RestoreTableToPointInTime", {
        SourceTableName: table,
        TargetTableName: "restored-never",
        RestoreDateTime,
      });
      expect(refusal).toMatchObject({ status: 400, type: "InvalidRestoreTimeException" });
      expect(refusal.message).toMatch(
        new RegExp(
          `^RestoreDateTime ${shown} must be within EarliestRestorableDateTime ${iso} and LatestRestorableDateTime ${iso}$`,
        ),
      );
    }
  });
});

const restoring = (more: JsonObject) => target.refusal("RestoreTableToPointInTime", more);
const latest = { TargetTableName: "restored-never", UseLatestRestorableTime: true };

describe("refusals, in the service's order", () => {
  test("the source is named once", async () => {
    const SourceTableArn = "arn:aws:dynamodb:us-east-1:000000000000:table/any";
    expect(await restoring({ ...latest, SourceTableName: "any", SourceTableArn })).toEqual(
      validation("Must provide exactly one of: sourceTableArn, sourceTableName"),
    );
    expect(await restoring(latest)).toEqual(
      validation("The parameter 'TableName' is required but was not present in the request"),
    );
  });

  test("the time is given once", async () => {
    const either = validation(
      "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both",
    );
    const named = { SourceTableName: "conformance-missing", TargetTableName: "restored-never" };
    expect(await restoring(named)).toEqual(either);
    expect(await restoring({ ...named, UseLatestRestorableTime: false })).toEqual(either);
    const both = await restoring({ ...named, UseLatestRestorableTime: true, RestoreDateTime: 1 });
    expect(both.type).toBe("ValidationException");
    expect(both.message).toStartWith(
      "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. Please ",
    );
  });

  test("names and ARNs", async () => {
    expect(await restoring({ ...latest, SourceTableName: "any", TargetTableName: "a b" })).toEqual(
      violated("a b", "targetTableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    );
    expect(await restoring({ ...latest, SourceTableArn: "any" })).toEqual(
      invalid("sourceTableArn is not a valid ARN"),
    );
    expect(
      await restoring({
        ...latest,
        SourceTableArn: "arn:aws:dynamodb:us-east-1:999999999999:table/any",
      }),
    ).toEqual(
      validation("This action is only supported by accounts that match the resource owner’s account."),
    );
    expect(
      await restoring({ ...latest, SourceTableArn: "arn:aws:dynamodb:eu-west-1:000000000000:table/any" }),
    ).toEqual(
      validation("Invalid Request: sseSpecificationOverride must be provided for cross-region restores"),
    );
  });

  test("the source, its recovery, the time, the target", async () => {
    const missing = { status: 400, type: "TableNotFoundException", message: "Table not found: missing" };
    expect(await restoring({ ...latest, SourceTableName: "missing" })).toEqual(missing);
    expect(
      await restoring({ ...latest, SourceTableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/missing" }),
    ).toEqual(missing);
    const off = await target.table();
    expect(await restoring({ ...latest, SourceTableName: off, TargetTableName: off })).toEqual({
      status: 400,
      type: "PointInTimeRecoveryUnavailableException",
      message: `Point in time recovery is not enabled for table '${off}'`,
    });
    const table = await source();
    const late = { SourceTableName: table, TargetTableName: table, RestoreDateTime: 4_000_000_000 };
    expect((await restoring(late)).type).toBe("InvalidRestoreTimeException");
    for (const TargetTableName of [table, off]) {
      expect(await restoring({ ...latest, SourceTableName: table, TargetTableName })).toEqual({
        status: 400,
        type: "TableAlreadyExistsException",
        message: `Table already exists: ${TargetTableName}`,
      });
    }
  });

  test("a table by the ARN that it has", async () => {
    const table = await source();
    await put(table, "a");
    const { TableArn } = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const TargetTableName = target.freshName("restored-");
    await target.ok("RestoreTableToPointInTime", {
      SourceTableArn: TableArn ?? null,
      TargetTableName,
      UseLatestRestorableTime: true,
    });
    await untilActive(target, TargetTableName);
    expect(await keysIn(TargetTableName)).toEqual(["a"]);
  });
});

describe("overrides", () => {
  const OnDemand = { BillingModeOverride: "PAY_PER_REQUEST" };
  const units = { ReadCapacityUnits: 7, WriteCapacityUnits: 6 };
  const Projection = { ProjectionType: "INCLUDE", NonKeyAttributes: ["a", "b"] };
  const global = (IndexName: string, more: JsonObject = {}) => ({
    IndexName,
    KeySchema: keySchema("g:HASH"),
    Projection,
    ...more,
  });
  const local = (IndexName: string, ProjectionType = "KEYS_ONLY") => ({
    IndexName,
    KeySchema: keySchema("pk:HASH", "l:RANGE"),
    Projection: { ProjectionType },
  });
  let provisioned = "";
  let onDemand = "";
  beforeAll(async () => {
    const more = {
      AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "g:S", "l:S"),
      LocalSecondaryIndexes: [local("local")],
    };
    provisioned = await source({
      range: "sk:S",
      more: {
        ...more,
        BillingMode: "PROVISIONED",
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 4 },
        GlobalSecondaryIndexes: [global("global", { ProvisionedThroughput: units })],
      },
    });
    onDemand = await source({
      range: "sk:S",
      more: {
        ...more,
        OnDemandThroughput: { MaxReadRequestUnits: 11 },
        GlobalSecondaryIndexes: [global("global")],
      },
    });
    for (const table of [provisioned, onDemand]) {
      await put(table, "p", { sk: { S: "1" }, g: { S: "g" }, l: { S: "l" }, a: { S: "a" }, z: { S: "z" } });
      await put(table, "p", { sk: { S: "2" }, g: { S: "g" } });
    }
  });

  test("of billing: on demand", async () => {
    const { table } = await restore(provisioned, OnDemand);
    expect(table).toMatchObject({
      BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
      ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 } }],
    });
  });

  test("of billing: provisioned, its indexes too", async () => {
    const { table } = await restore(onDemand, {
      BillingModeOverride: "PROVISIONED",
      ProvisionedThroughputOverride: units,
      GlobalSecondaryIndexOverride: [global("global", { ProvisionedThroughput: units })],
    });
    expect(table).toMatchObject({
      ProvisionedThroughput: units,
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units }],
    });
    expect(table["BillingModeSummary"]).toBeUndefined();
    expect(table["OnDemandThroughput"]).toBeUndefined();
  });

  test("of throughput: the table's own only", async () => {
    const { table } = await restore(provisioned, {
      ProvisionedThroughputOverride: { ...units, ReadCapacityUnits: 9 },
    });
    expect(table).toMatchObject({
      ProvisionedThroughput: { ReadCapacityUnits: 9, WriteCapacityUnits: 6 },
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: units }],
    });
  });

  test("of on-demand maxima, which are carried over otherwise", async () => {
    expect((await restore(onDemand)).table["OnDemandThroughput"]).toEqual({ MaxReadRequestUnits: 11 });
    const OnDemandThroughputOverride = { MaxWriteRequestUnits: 3 };
    const { table } = await restore(onDemand, { OnDemandThroughputOverride });
    expect(table["OnDemandThroughput"]).toEqual(OnDemandThroughputOverride);
  });

  test("of encryption", async () => {
    const SSESpecificationOverride = { Enabled: true, SSEType: "KMS" };
    const { name, table } = await restore(onDemand, { SSESpecificationOverride });
    expect(table["SSEDescription"]).toMatchObject({ Status: "ENABLED", SSEType: "KMS" });
    await enable(name);
    const { table: plain } = await restore(name, { SSESpecificationOverride: {} });
    expect(plain["SSEDescription"]).toBeUndefined();
  });

  test("of indexes: renamed, some left out, all dropped", async () => {
    const { name, table } = await restore(onDemand, {
      GlobalSecondaryIndexOverride: [global("other-name")],
      LocalSecondaryIndexOverride: [],
    });
    expect(table["LocalSecondaryIndexes"]).toBeUndefined();
    expect(table["GlobalSecondaryIndexes"]).toMatchObject([{ IndexName: "other-name", ItemCount: 2 }]);
    expect(table["AttributeDefinitions"]).toEqual(attributeDefinitions("pk:S", "sk:S", "g:S"));
    expect((await scan(name, { IndexName: "other-name" })).length).toBe(2);
    const bare = await restore(onDemand, {
      GlobalSecondaryIndexOverride: [],
      LocalSecondaryIndexOverride: [],
    });
    expect(bare.table["GlobalSecondaryIndexes"]).toBeUndefined();
    expect(bare.table["AttributeDefinitions"]).toEqual(attributeDefinitions("pk:S", "sk:S"));
    expect((await scan(bare.name)).length).toBe(2);
    const kept = await restore(onDemand, { LocalSecondaryIndexOverride: [local("renamed")] });
    expect(kept.table["LocalSecondaryIndexes"]).toMatchObject([{ IndexName: "renamed", ItemCount: 1 }]);
    expect(kept.table["GlobalSecondaryIndexes"]).toMatchObject([{ IndexName: "global" }]);
  });

  const invalidRequest = (message: string) => validation(`Invalid Request: ${message}`);
  const noMatch = (index: string) =>
    invalidRequest(
      `Index ${index} does not match a secondary index that existed in the source table and cannot be created during the restore operation`,
    );
  const becoming = "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST";

  test.each([
    [
      "a global index with another key",
      "onDemand",
      { GlobalSecondaryIndexOverride: [{ ...global("xyz"), KeySchema: keySchema("l:HASH") }] },
      noMatch("xyz"),
    ],
    [
      "a global index with another projection",
      "onDemand",
      { GlobalSecondaryIndexOverride: [{ ...global("global"), Projection: { ProjectionType: "ALL" } }] },
      noMatch("global"),
    ],
    [
      "a local index with another projection",
      "onDemand",
      { LocalSecondaryIndexOverride: [local("local", "ALL")] },
      noMatch("local"),
    ],
    [
      "a global index as a local one",
      "onDemand",
      { LocalSecondaryIndexOverride: [global("global")] },
      noMatch("global"),
    ],
    [
      "two indexes of one name",
      "onDemand",
      { GlobalSecondaryIndexOverride: [global("same")], LocalSecondaryIndexOverride: [local("same")] },
      invalid("Duplicate index name: same"),
    ],
    [
      "an index without throughput",
      "provisioned",
      { GlobalSecondaryIndexOverride: [global("global")] },
      invalidRequest("Must specify provisioned throughput for index global"),
    ],
    [
      "an index with throughput, becoming on demand",
      "provisioned",
      { ...OnDemand, GlobalSecondaryIndexOverride: [global("global", { ProvisionedThroughput: units })] },
      invalidRequest(`${becoming} for index global`),
    ],
    [
      "throughput, becoming on demand",
      "provisioned",
      { ...OnDemand, ProvisionedThroughputOverride: units },
      invalidRequest(becoming),
    ],
    [
      "throughput of an on-demand table",
      "onDemand",
      { ProvisionedThroughputOverride: units },
      invalidRequest("Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED"),
    ],
    [
      "becoming provisioned without throughput",
      "onDemand",
      { BillingModeOverride: "PROVISIONED" },
      invalidRequest("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"),
    ],
    [
      "becoming provisioned with indexes that have none",
      "onDemand",
      { BillingModeOverride: "PROVISIONED", ProvisionedThroughputOverride: units },
      invalidRequest("Must specify provisioned throughput for index global"),
    ],
    [
      "on-demand maxima of a provisioned table",
      "provisioned",
      { OnDemandThroughputOverride: { MaxReadRequestUnits: 1 } },
      invalidRequest(
        "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST",
      ),
    ],
    [
      "on-demand maxima of zero",
      "onDemand",
      { OnDemandThroughputOverride: { MaxWriteRequestUnits: 0 } },
      invalidRequest("Requested MaxWriteRequestUnits for OnDemandThroughput is outside of valid range"),
    ],
    [
      "too much throughput",
      "provisioned",
      { ProvisionedThroughputOverride: { ...units, ReadCapacityUnits: 1_000_000_000_001 } },
      validation("Given value 1000000000001 for ReadCapacityUnits is out of bounds"),
    ],
    [
      "contradictory encryption",
      "onDemand",
      { SSESpecificationOverride: { Enabled: false, SSEType: "KMS" } },
      invalid("SSEType can not be specified if Enabled is false"),
    ],
  ] as readonly (readonly [string, "onDemand" | "provisioned", JsonObject, ReturnType<typeof validation>])[])(
    "refused: %s",
    async (_name, which, override, refusal) => {
      const SourceTableName = which === "onDemand" ? onDemand : provisioned;
      const answer = await target.call("RestoreTableToPointInTime", {
        ...latest,
        SourceTableName,
        ...override,
      });
      expect(refusalOf(answer)).toEqual(refusal);
    },
  );
});
