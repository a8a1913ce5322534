/** RestoreTableFromBackup; what it shares with RestoreTableToPointInTime is tested there. */
import { describe, expect, test } from "bun:test";
import { RestoreTableFromBackupCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import {
  attributeDefinitions,
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

const put = (TableName: string, pk: string, more: JsonObject = {}) =>
  target.ok("PutItem", { TableName, Item: { pk: { S: pk }, ...more } });
const keysIn = async (TableName: string, more: JsonObject = {}) =>
  ((await target.ok("Scan", { TableName, ...more }))["Items"] as readonly JsonObject[])
    .map(({ pk }) => (pk as { S: string }).S)
    .sort();
const backUp = async (TableName: string, BackupName = "backup") =>
  String(member(await target.ok("CreateBackup", { TableName, BackupName }), "BackupDetails")["BackupArn"]);

async function restore(BackupArn: string, more: JsonObject = {}) {
  const TargetTableName = target.freshName("restored-");
  const answer = await target.ok("RestoreTableFromBackup", { TargetTableName, BackupArn, ...more });
  return {
    name: TargetTableName,
    description: member(answer, "TableDescription"),
    table: await untilActive(target, TargetTableName),
  };
}

const indexed = {
  range: "sk:S",
  more: {
    AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "g:S"),
    GlobalSecondaryIndexes: [
      { IndexName: "global", KeySchema: keySchema("g:HASH"), Projection: { ProjectionType: "ALL" } },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: "local",
        KeySchema: keySchema("pk:HASH", "g:RANGE"),
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  },
};

describe("a table restored from a backup", () => {
  test("is what the table was, indexes included, and says where it comes from until it is ACTIVE", async () => {
    const table = await target.table(indexed);
    await put(table, "a", { sk: { S: "1" }, g: { S: "x" } });
    await put(table, "b", { sk: { S: "1" } });
    const arn = await backUp(table);
    await target.ok("DeleteItem", { TableName: table, Key: { pk: { S: "a" }, sk: { S: "1" } } });
    await put(table, "c", { sk: { S: "1" }, g: { S: "x" } });
    const original = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const backup = member(
      member(await target.ok("DescribeBackup", { BackupArn: arn }), "BackupDescription"),
      "BackupDetails",
    );
    const { name, description, table: restored } = await restore(arn);
    expect(description).toMatchObject({
      TableStatus: "CREATING",
      RestoreSummary: {
        SourceBackupArn: arn,
        SourceTableArn: original["TableArn"] ?? null,
        RestoreDateTime: backup["BackupCreationDateTime"] ?? null,
        RestoreInProgress: true,
      },
    });
    expect(restored["RestoreSummary"]).toBeUndefined();
    expect(restored).toMatchObject({
      ItemCount: 2,
      GlobalSecondaryIndexes: [{ IndexName: "global", ItemCount: 1 }],
      LocalSecondaryIndexes: [{ IndexName: "local", ItemCount: 1 }],
    });
    expect(await keysIn(name)).toEqual(["a", "b"]);
    expect(await keysIn(name, { IndexName: "global" })).toEqual(["a"]);
    expect(await keysIn(name, { IndexName: "local" })).toEqual(["a"]);
  });

  test("does not need its table any more, nor its backup once it is ACTIVE", async () => {
    const table = await target.table();
    await put(table, "a");
    const arn = await backUp(table);
    await target.ok("DeleteTable", { TableName: table });
    await untilGone(target, table);
    const first = await restore(arn);
    const second = await restore(arn);
    await target.ok("DeleteBackup", { BackupArn: arn });
    await put(first.name, "own");
    expect(await keysIn(first.name)).toEqual(["a", "own"]);
    expect(await keysIn(second.name)).toEqual(["a"]);
    // Also under the name of the table that is gone.
    const again = await backUp(second.name);
    await target.ok("RestoreTableFromBackup", { TargetTableName: table, BackupArn: again });
    await untilActive(target, table);
    expect(await keysIn(table)).toEqual(["a"]);
  });

  test("may come from the backup that a deleted table left, indexes included", async () => {
    const table = await target.table(indexed);
    await put(table, "a", { sk: { S: "1" }, g: { S: "x" } });
    await target.ok("UpdateContinuousBackups", {
      TableName: table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    await target.ok("DeleteTable", { TableName: table });
    await untilGone(target, table);
    const summaries = (await target.ok("ListBackups", { TableName: table, BackupType: "SYSTEM" }))[
      "BackupSummaries"
    ] as JsonObject[];
    const { name } = await restore(String(summaries[0]?.["BackupArn"]));
    expect(await keysIn(name, { IndexName: "global" })).toEqual(["a"]);
  });

  test("takes overrides", async () => {
    const arn = await backUp(await target.table(indexed));
    const { table } = await restore(arn, {
      BillingModeOverride: "PROVISIONED",
      ProvisionedThroughputOverride: { ReadCapacityUnits: 2, WriteCapacityUnits: 1 },
      GlobalSecondaryIndexOverride: [],
      LocalSecondaryIndexOverride: [],
    });
    expect(table).toMatchObject({ ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 1 } });
    expect(table["GlobalSecondaryIndexes"]).toBeUndefined();
    expect(table["AttributeDefinitions"]).toEqual(attributeDefinitions("pk:S", "sk:S"));
  });

  test("through the SDK", async () => {
    const table = await target.table();
    await put(table, "a");
    const TargetTableName = target.freshName("restored-");
    const { TableDescription } = await target.client.send(
      new RestoreTableFromBackupCommand({ TargetTableName, BackupArn: await backUp(table) }),
    );
    expect(TableDescription?.RestoreSummary?.RestoreInProgress).toBe(true);
    await waitUntilTableExists(
      { client: target.client, maxWaitTime: 20, minDelay: 1 },
      { TableName: TargetTableName },
    );
    expect(await keysIn(TargetTableName)).toEqual(["a"]);
  });
});

describe("refusals", () => {
  const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/any/backup/01489602797149-73d8d5bc";
  const restoring = (more: JsonObject) =>
    target.refusal("RestoreTableFromBackup", { TargetTableName: "restored-never", BackupArn: arn, ...more });

  test("the target's name", async () => {
    expect(await restoring({ TargetTableName: "" })).toEqual(
      validation("TableName must be at least 3 characters long and at most 255 characters long"),
    );
    expect(await restoring({ TargetTableName: "a b" })).toEqual(
      violated("a b", "targetTableName", "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
    );
  });

  test("the backup's ARN", async () => {
    expect(await restoring({})).toEqual({
      status: 400,
      type: "BackupNotFoundException",
      message: `Backup not found: ${arn}`,
    });
    expect(await restoring({ BackupArn: arn.slice(0, arn.indexOf("/backup/")) })).toEqual(
      validation("Invalid Backup ARN"),
    );
    expect(await restoring({ BackupArn: arn.replace("000000000000", "999999999999") })).toEqual({
      status: 400,
      type: "AccessDeniedException",
      message: "Access is denied",
    });
    const elsewhere = (await backUp(await target.table())).replace("us-east-1", "eu-west-1");
    expect(await restoring({ BackupArn: elsewhere })).toEqual(
      validation("Invalid Request: sseSpecificationOverride must be provided for cross-region restores"),
    );
    const { name } = await restore(elsewhere, { SSESpecificationOverride: { Enabled: true } });
    expect(await keysIn(name)).toEqual([]);
  });

  test("a target that exists, and overrides that do not fit", async () => {
    const table = await target.table();
    const BackupArn = await backUp(table);
    expect(await restoring({ BackupArn, TargetTableName: table })).toEqual({
      status: 400,
      type: "TableAlreadyExistsException",
      message: `Table already exists: ${table}`,
    });
    expect(await restoring({ BackupArn, BillingModeOverride: "PROVISIONED" })).toEqual(
      validation(
        "Invalid Request: Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED",
      ),
    );
  });
});
