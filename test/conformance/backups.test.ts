/** CreateBackup, DescribeBackup, ListBackups, DeleteBackup; the backup that a deleted table leaves. */
import { describe, expect, test } from "bun:test";
import {
  BackupNotFoundException,
  CreateBackupCommand,
  DeleteBackupCommand,
  DescribeBackupCommand,
  ListBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import {
  attributeDefinitions,
  enveloped,
  invalid,
  type JsonObject,
  keySchema,
  member,
  untilGone,
  useTarget,
  validation,
  violated,
  violation,
} from "./target.ts";

const target = useTarget();

const put = (TableName: string, pk: string) => target.ok("PutItem", { TableName, Item: { pk: { S: pk } } });
const detailsOf = async (TableName: string, BackupName: string) =>
  member(await target.ok("CreateBackup", { TableName, BackupName }), "BackupDetails");
const arnOf = async (TableName: string, BackupName: string) =>
  String((await detailsOf(TableName, BackupName))["BackupArn"]);
const describeBackup = async (BackupArn: string) =>
  member(await target.ok("DescribeBackup", { BackupArn }), "BackupDescription");
const list = async (input: JsonObject) =>
  (await target.ok("ListBackups", input))["BackupSummaries"] as readonly JsonObject[];
const tableOf = async (TableName: string) => member(await target.ok("DescribeTable", { TableName }), "Table");
const notFound = (arn: string) => ({
  status: 400,
  type: "BackupNotFoundException",
  message: `Backup not found: ${arn}`,
});

async function drop(TableName: string): Promise<void> {
  await target.ok("DeleteTable", { TableName });
  await untilGone(target, TableName);
}

describe("a backup", () => {
  test("is described in the answer, then by its ARN, with its table as it was", async () => {
    const table = await target.table();
    await put(table, "a");
    const before = Date.now() / 1000;
    const created = await detailsOf(table, "first.backup_1-x");
    expect(created).toEqual({
      BackupArn: expect.stringMatching(
        new RegExp(`^arn:aws:dynamodb:us-east-1:\\d{12}:table/${table}/backup/\\d{14}-[0-9a-f]{8}$`),
      ),
      BackupName: "first.backup_1-x",
      BackupSizeBytes: 3,
      BackupStatus: "CREATING",
      BackupType: "USER",
      BackupCreationDateTime: expect.any(Number),
    } as never);
    expect(Number(created["BackupCreationDateTime"])).toBeWithin(before - 0.001, Date.now() / 1000 + 0.001);
    const arn = String(created["BackupArn"]);
    const millis = Number(/\/backup\/(\d{14})-/.exec(arn)?.[1]);
    expect(millis / 1000).toBe(Number(created["BackupCreationDateTime"]));
    await put(table, "later");
    const original = await tableOf(table);
    expect(await describeBackup(arn)).toEqual({
      BackupDetails: { ...created, BackupStatus: "AVAILABLE" },
      SourceTableDetails: {
        TableName: table,
        TableId: original["TableId"] ?? null,
        TableArn: original["TableArn"] ?? null,
        TableSizeBytes: 3,
        KeySchema: original["KeySchema"] ?? null,
        TableCreationDateTime: original["CreationDateTime"] ?? null,
        ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
        ItemCount: 1,
        BillingMode: "PAY_PER_REQUEST",
      },
      SourceTableFeatureDetails: {},
    });
  });

  test("tells of indexes, stream, time to live and encryption, and not of tags", async () => {
    const units = { ReadCapacityUnits: 3, WriteCapacityUnits: 2 };
    const global = {
      IndexName: "global",
      KeySchema: keySchema("g:HASH"),
      Projection: { ProjectionType: "ALL" },
      ProvisionedThroughput: units,
    };
    const local = {
      IndexName: "local",
      KeySchema: keySchema("pk:HASH", "l:RANGE"),
      Projection: { ProjectionType: "KEYS_ONLY" },
    };
    const table = await target.table({
      range: "sk:S",
      more: {
        BillingMode: "PROVISIONED",
        ProvisionedThroughput: units,
        AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "g:S", "l:S"),
        GlobalSecondaryIndexes: [global],
        LocalSecondaryIndexes: [local],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
        SSESpecification: { Enabled: true, SSEType: "KMS" },
        Tags: [{ Key: "k", Value: "v" }],
      },
    });
    await target.ok("UpdateTimeToLive", {
      TableName: table,
      TimeToLiveSpecification: { Enabled: true, AttributeName: "ttl" },
    });
    const description = await describeBackup(await arnOf(table, "features"));
    expect(member(description, "SourceTableDetails")).toMatchObject({
      ProvisionedThroughput: units,
      BillingMode: "PROVISIONED",
    });
    expect(member(description, "SourceTableFeatureDetails")).toEqual({
      GlobalSecondaryIndexes: [global],
      LocalSecondaryIndexes: [local],
      StreamDescription: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
      TimeToLiveDescription: { TimeToLiveStatus: "ENABLED", AttributeName: "ttl" },
      SSEDescription: (await tableOf(table))["SSEDescription"] ?? null,
    });
  });

  test("may have the name of another one, and outlives its table, also one of the same name", async () => {
    const table = await target.table();
    const first = await arnOf(table, "same");
    await drop(table);
    await target.ok("CreateTable", {
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributeDefinitions("other:S"),
      KeySchema: keySchema("other:HASH"),
    });
    const second = await arnOf(table, "same");
    expect(second).not.toBe(first);
    const summaries = await list({ TableName: table });
    expect(summaries.map(({ BackupArn }) => BackupArn)).toEqual([first, second]);
    expect(new Set(summaries.map(({ TableId }) => TableId)).size).toBe(2);
    const source = member(await describeBackup(first), "SourceTableDetails");
    expect(source["KeySchema"]).toEqual(keySchema("pk:HASH"));
  });

  test("is gone once it is deleted, which describes it a last time", async () => {
    const table = await target.table();
    const BackupArn = await arnOf(table, "short-lived");
    const description = await describeBackup(BackupArn);
    expect(await target.ok("DeleteBackup", { BackupArn })).toEqual({
      BackupDescription: {
        ...description,
        BackupDetails: { ...member(description, "BackupDetails"), BackupStatus: "DELETED" },
      },
    });
    expect(await target.refusal("DescribeBackup", { BackupArn })).toEqual(notFound(BackupArn));
    expect(await target.refusal("DeleteBackup", { BackupArn })).toEqual(notFound(BackupArn));
    expect(await list({ TableName: table })).toEqual([]);
  });

  test("has no tags", async () => {
    const ResourceArn = await arnOf(await target.table(), "tagged");
    expect(await target.refusal("ListTagsOfResource", { ResourceArn })).toEqual(
      invalid(`Provided Arn is not a DynamoDB resource arn: ${ResourceArn}`),
    );
  });
});

describe("refusals of CreateBackup", () => {
  test("no such table", async () => {
    expect(await target.refusal("CreateBackup", { TableName: "missing", BackupName: "any" })).toEqual({
      status: 400,
      type: "TableNotFoundException",
      message: "Table not found: missing",
    });
  });

  test("names", async () => {
    const pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
    const short = "Member must have length greater than or equal to 3";
    const create = (BackupName: string) => target.refusal("CreateBackup", { TableName: "any", BackupName });
    expect(await create("ab")).toEqual(violated("ab", "backupName", short));
    expect(await create("a b c")).toEqual(violated("a b c", "backupName", pattern));
    expect(await create("a".repeat(256))).toEqual(
      violated("a".repeat(256), "backupName", "Member must have length less than or equal to 255"),
    );
    expect(await create("")).toEqual(
      validation(
        `2 validation errors detected: ${violation("", "backupName", pattern)}; ${violation("", "backupName", short)}`,
      ),
    );
    expect(await target.refusal("CreateBackup", { TableName: "any" })).toEqual(
      enveloped(violation(null, "backupName", "Member must not be null")),
    );
  });
});

describe("ARNs of backups", () => {
  const operations = ["DescribeBackup", "DeleteBackup"];
  const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/any/backup/01489602797149-73d8d5bc";

  test.each(operations)("%s: what is not there, and what is none", async (operation) => {
    const refuse = (BackupArn: string) => target.refusal(operation, { BackupArn });
    expect(await refuse(arn)).toEqual(notFound(arn));
    const junk = validation("Invalid Backup ARN");
    expect(await refuse("arn:aws:dynamodb:us-east-1:000000000000:table/any")).toEqual(junk);
    expect(await refuse("x".repeat(40))).toEqual(junk);
    const invalidArn = validation("Invalid Request: BackupArn is not valid");
    expect(await refuse(arn.replace("us-east-1", "nowhere"))).toEqual(invalidArn);
    expect(await refuse(arn.replace("arn:aws:", "arn:other:"))).toEqual(invalidArn);
    expect(await refuse(arn.replace("dynamodb", "s3"))).toEqual(invalidArn);
    expect(await refuse(arn.replace("000000000000", "999999999999"))).toEqual({
      status: 400,
      type: "AccessDeniedException",
      message: "Access is denied",
    });
    expect(await refuse("short")).toEqual(
      violated("short", "backupArn", "Member must have length greater than or equal to 37"),
    );
  });

  test("another region in it does not matter, and comes back as it was sent", async () => {
    const sent = (await arnOf(await target.table(), "regional")).replace("us-east-1", "eu-west-1");
    expect(member(await describeBackup(sent), "BackupDetails")["BackupArn"]).toBe(sent);
  });
});

describe("ListBackups", () => {
  test("by table, oldest first, in pages", async () => {
    const table = await target.table();
    const other = await target.table();
    const arns: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      arns.push(await arnOf(table, `backup-${at}`));
      await Bun.sleep(2);
    }
    await arnOf(other, "of-another");
    const [first] = await list({ TableName: table });
    const original = await tableOf(table);
    expect(first).toEqual({
      TableName: table,
      TableId: original["TableId"] ?? null,
      TableArn: original["TableArn"] ?? null,
      ...member(await describeBackup(arns[0] ?? ""), "BackupDetails"),
    });
    const seen: string[] = [];
    let pages = 0;
    for (let from: JsonObject = {}; ; ) {
      const page = await target.ok("ListBackups", { TableName: table, Limit: 2, ...from });
      seen.push(...(page["BackupSummaries"] as JsonObject[]).map(({ BackupArn }) => String(BackupArn)));
      pages += 1;
      if (page["LastEvaluatedBackupArn"] === undefined) break;
      from = { ExclusiveStartBackupArn: page["LastEvaluatedBackupArn"] };
    }
    expect(seen).toEqual(arns);
    expect(pages).toBe(3);
    // Full exactly at the end, and from the place of one that is gone.
    const exact = await target.ok("ListBackups", { TableName: table, Limit: 5 });
    expect(exact["LastEvaluatedBackupArn"]).toBeUndefined();
    await target.ok("DeleteBackup", { BackupArn: arns[2] ?? "" });
    const rest = await list({ TableName: table, ExclusiveStartBackupArn: arns[2] ?? "" });
    expect(rest.map(({ BackupArn }) => String(BackupArn))).toEqual(arns.slice(3));
    const all = (await list({})).map(({ BackupArn }) => String(BackupArn));
    expect(all.length).toBeGreaterThanOrEqual(5);
    expect(all).toEqual(expect.arrayContaining([arns[0] ?? "", arns[4] ?? ""]));
  });

  test("by time: from one instant, up to before another", async () => {
    const TableName = await target.table();
    const times: number[] = [];
    for (let at = 0; at < 3; at += 1) {
      times.push(Number((await detailsOf(TableName, `backup-${at}`))["BackupCreationDateTime"]));
      await Bun.sleep(3);
    }
    const [first = 0, second = 0, third = 0] = times;
    const namesIn = async (more: JsonObject) =>
      (await list({ TableName, ...more })).map(({ BackupName }) => String(BackupName).slice(-1)).join("");
    expect(await namesIn({ TimeRangeLowerBound: second })).toBe("12");
    expect(await namesIn({ TimeRangeUpperBound: second })).toBe("0");
    expect(await namesIn({ TimeRangeLowerBound: first, TimeRangeUpperBound: third })).toBe("01");
    expect(await namesIn({ TimeRangeLowerBound: second, TimeRangeUpperBound: second })).toBe("");
    expect(
      await target.refusal("ListBackups", { TimeRangeLowerBound: third, TimeRangeUpperBound: first }),
    ).toEqual(invalid("Time range lower bound must be less than or equal to upper bound"));
  });

  test("by type; of a table that there never was; by a table's ARN", async () => {
    const TableName = await target.table();
    await arnOf(TableName, "typed");
    for (const [BackupType, count] of [
      ["USER", 1],
      ["ALL", 1],
      ["SYSTEM", 0],
      ["AWS_BACKUP", 0],
    ] as const) {
      expect((await list({ TableName, BackupType })).length).toBe(count);
    }
    expect(await target.ok("ListBackups", { TableName: "conformance-missing" })).toEqual({
      BackupSummaries: [],
    });
    const { TableArn } = await tableOf(TableName);
    expect((await list({ TableName: TableArn ?? null })).length).toBe(1);
  });

  test("refusals", async () => {
    expect(await target.refusal("ListBackups", { Limit: 0 })).toEqual(
      violated("0", "limit", "Member must have value greater than or equal to 1"),
    );
    expect(await target.refusal("ListBackups", { Limit: 101 })).toEqual(
      violated("101", "limit", "Member must have value less than or equal to 100"),
    );
    expect(
      await target.refusal("ListBackups", {
        ExclusiveStartBackupArn:
          "arn:aws:dynamodb:eu-west-1:000000000000:table/any/backup/01489602797149-73d8d5bc",
      }),
    ).toEqual(validation("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region"));
  });
});

describe("a deleted table", () => {
  const enable = (TableName: string, PointInTimeRecoveryEnabled: boolean) =>
    target.ok("UpdateContinuousBackups", {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
    });

  test("leaves a backup if it had point-in-time recovery", async () => {
    const table = await target.table();
    await put(table, "a");
    await enable(table, true);
    await drop(table);
    expect(await list({ TableName: table })).toEqual([]);
    const [summary, ...more] = await list({ TableName: table, BackupType: "SYSTEM" });
    expect(more).toEqual([]);
    expect(summary).toMatchObject({
      BackupName: `${table}$DeletedTableBackup`,
      BackupStatus: "AVAILABLE",
      BackupType: "SYSTEM",
      BackupSizeBytes: 3,
    });
    const created = Number(summary?.["BackupCreationDateTime"]);
    const expiry = Number(summary?.["BackupExpiryDateTime"]);
    expect(expiry - created).toBeCloseTo(35 * 86_400, 3);
    const BackupArn = String(summary?.["BackupArn"]);
    expect(BackupArn).toEndWith("-00000000");
    expect((await describeBackup(BackupArn))["SourceTableFeatureDetails"]).toEqual({});
    expect((await list({ TableName: table, BackupType: "ALL" })).length).toBe(1);
    const until = new Date(expiry * 1000).toISOString().slice(0, 19);
    expect(await target.refusal("DeleteBackup", { BackupArn })).toEqual(
      validation(
        `Invalid Request: User is not allowed to delete the system backup with arn ${BackupArn}. It will automatically expire on ${until}Z`,
      ),
    );
  });

  test("leaves none if that was disabled before", async () => {
    const table = await target.table();
    await enable(table, true);
    await enable(table, false);
    await drop(table);
    expect(await list({ TableName: table, BackupType: "ALL" })).toEqual([]);
  });
});

test("through the SDK", async () => {
  const TableName = await target.table();
  const { client } = target;
  const { BackupDetails } = await client.send(new CreateBackupCommand({ TableName, BackupName: "sdk" }));
  const BackupArn = BackupDetails?.BackupArn;
  expect(BackupDetails?.BackupCreationDateTime).toBeInstanceOf(Date);
  const { BackupDescription } = await client.send(new DescribeBackupCommand({ BackupArn }));
  expect(BackupDescription?.BackupDetails?.BackupStatus).toBe("AVAILABLE");
  const { BackupSummaries } = await client.send(
    new ListBackupsCommand({ TableName, TimeRangeLowerBound: new Date(0) }),
  );
  expect(BackupSummaries?.map((summary) => summary.BackupName)).toEqual(["sdk"]);
  await client.send(new DeleteBackupCommand({ BackupArn }));
  const error: unknown = await client
    .send(new DescribeBackupCommand({ BackupArn }))
    .catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(BackupNotFoundException);
});
