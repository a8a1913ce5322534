/** DescribeTable's whole shape, and the SDK's waiters. */
import { describe, expect, test } from "bun:test";
import {
  CreateTableCommand,
  DeleteTableCommand,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import {
  createTableInput,
  type JsonObject,
  member,
  notFound,
  untilActive,
  useTarget,
  validation,
} from "./target.ts";

const target = useTarget();

const arn = (name: string) => new RegExp(`^arn:aws:dynamodb:[a-z0-9-]+:\\d{12}:table/${name}$`);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("an on-demand table", () => {
  test("every member, and no other", async () => {
    const TableName = await target.table({ range: "sk:B" });
    expect(await target.ok("DescribeTable", { TableName })).toEqual({
      Table: {
        TableName,
        TableStatus: "ACTIVE",
        TableArn: expect.stringMatching(arn(TableName)),
        TableId: expect.stringMatching(UUID),
        CreationDateTime: expect.any(Number),
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          { AttributeName: "sk", AttributeType: "B" },
        ],
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
        ItemCount: 0,
        TableSizeBytes: 0,
        ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
        BillingModeSummary: {
          BillingMode: "PAY_PER_REQUEST",
          LastUpdateToPayPerRequestDateTime: expect.any(Number),
        },
        WarmThroughput: { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000, Status: "ACTIVE" },
        DeletionProtectionEnabled: false,
      },
    } as never);
  });

  test("the same identity at every look, another one after it was created anew", async () => {
    const TableName = await target.table();
    const look = async () => member(await target.ok("DescribeTable", { TableName }), "Table");
    const first = await look();
    expect(await look()).toEqual(first);
    await target.ok("DeleteTable", { TableName });
    for (;;) {
      const answer = await target.call("CreateTable", createTableInput(TableName));
      if (answer.status === 200) break;
      expect(answer.text).toContain("ResourceInUseException");
      await Bun.sleep(20);
    }
    const second = await untilActive(target, TableName);
    expect(second["TableArn"]).toEqual(first["TableArn"] as string);
    expect(second["TableId"]).not.toEqual(first["TableId"] as string);
  });
});

describe("a provisioned table", () => {
  const more = {
    BillingMode: "PROVISIONED",
    ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 9 },
  };

  test("no billing summary; its throughput; warm throughput as provisioned", async () => {
    const TableName = await target.table({ more });
    const table = member(await target.ok("DescribeTable", { TableName }), "Table");
    expect(table["BillingModeSummary"]).toBeUndefined();
    expect(table["ProvisionedThroughput"]).toEqual({
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: 7,
      WriteCapacityUnits: 9,
    });
    expect(table["WarmThroughput"]).toEqual({
      ReadUnitsPerSecond: 7,
      WriteUnitsPerSecond: 9,
      Status: "ACTIVE",
    });
  });
});

describe("settings given to CreateTable come back", () => {
  const described = async (more: JsonObject, range?: string) => {
    const TableName = await target.table({ more, ...(range === undefined ? {} : { range }) });
    return member(await target.ok("DescribeTable", { TableName }), "Table");
  };

  test("deletion protection", async () => {
    const table = await described({ DeletionProtectionEnabled: true });
    expect(table["DeletionProtectionEnabled"]).toBe(true);
    const TableName = table["TableName"] as string;
    await target.ok("UpdateTable", { TableName, DeletionProtectionEnabled: false });
  });

  test("table class", async () => {
    const table = await described({ TableClass: "STANDARD_INFREQUENT_ACCESS" });
    expect(member(table, "TableClassSummary")["TableClass"]).toBe("STANDARD_INFREQUENT_ACCESS");
  });

  test("on-demand maximum", async () => {
    const table = await described({
      OnDemandThroughput: { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 },
    });
    expect(table["OnDemandThroughput"]).toEqual({ MaxReadRequestUnits: 10, MaxWriteRequestUnits: 20 });
  });

  test("an on-demand maximum on one side", async () => {
    const table = await described({ OnDemandThroughput: { MaxReadRequestUnits: 10 } });
    expect(table["OnDemandThroughput"]).toEqual({ MaxReadRequestUnits: 10 });
  });

  test("encryption with a key", async () => {
    const table = await described({ SSESpecification: { Enabled: true } });
    expect(table["SSEDescription"]).toEqual({
      Status: "ENABLED",
      SSEType: "KMS",
      KMSMasterKeyArn: expect.stringContaining("arn:aws:kms:"),
    } as never);
  });

  test("stream", async () => {
    const table = await described({
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    });
    expect(table["StreamSpecification"]).toEqual({ StreamEnabled: true, StreamViewType: "NEW_IMAGE" });
    const label = table["LatestStreamLabel"] as string;
    expect(label).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
    expect(table["LatestStreamArn"]).toBe(`${table["TableArn"]}/stream/${label}`);
  });

  test("indexes", async () => {
    const key = (hash: string, range: string) => [
      { AttributeName: hash, KeyType: "HASH" },
      { AttributeName: range, KeyType: "RANGE" },
    ];
    const table = await described(
      {
        AttributeDefinitions: ["pk", "sk", "a"].map((AttributeName) => ({
          AttributeName,
          AttributeType: "S",
        })),
        LocalSecondaryIndexes: [
          { IndexName: "lsi", KeySchema: key("pk", "a"), Projection: { ProjectionType: "KEYS_ONLY" } },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: "gsi",
            KeySchema: key("a", "sk"),
            Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["z", "b"] },
          },
        ],
      },
      "sk:S",
    );
    const common = { ItemCount: 0, IndexSizeBytes: 0 };
    expect(table["LocalSecondaryIndexes"]).toEqual([
      {
        ...common,
        IndexName: "lsi",
        IndexArn: `${table["TableArn"]}/index/lsi`,
        KeySchema: key("pk", "a"),
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ]);
    expect(table["GlobalSecondaryIndexes"]).toEqual([
      {
        ...common,
        IndexName: "gsi",
        IndexArn: `${table["TableArn"]}/index/gsi`,
        IndexStatus: "ACTIVE",
        KeySchema: key("a", "sk"),
        Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["b", "z"] },
        ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
        WarmThroughput: { ReadUnitsPerSecond: 12000, WriteUnitsPerSecond: 4000, Status: "ACTIVE" },
      },
    ]);
  });
});

describe("refusals", () => {
  test("unknown table", async () => {
    const TableName = target.freshName();
    expect(await target.refusal("DescribeTable", { TableName })).toEqual(
      notFound(`Requested resource not found: Table: ${TableName} not found`),
    );
  });

  test("no name", async () => {
    expect(await target.refusal("DescribeTable", {})).toEqual(
      validation("The parameter 'TableName' is required but was not present in the request"),
    );
  });

  test("the table's id is not its name", async () => {
    const TableName = await target.table();
    const { TableId } = member(await target.ok("DescribeTable", { TableName }), "Table");
    expect((await target.refusal("DescribeTable", { TableName: TableId })).type).toBe(
      "ResourceNotFoundException",
    );
  });
});

describe("ARN as name", () => {
  test("of the table", async () => {
    const TableName = await target.table();
    const { TableArn } = member(await target.ok("DescribeTable", { TableName }), "Table");
    expect(member(await target.ok("DescribeTable", { TableName: TableArn }), "Table")["TableName"]).toBe(
      TableName,
    );
    await target.ok("PutItem", { TableName: TableArn, Item: { pk: { S: "1" } } });
    expect(await target.ok("GetItem", { TableName, Key: { pk: { S: "1" } } })).toEqual({
      Item: { pk: { S: "1" } },
    });
  });

  test("of another region", async () => {
    const arn = "arn:aws:dynamodb:mars-north-1:000000000000:table/abc";
    expect(await target.refusal("DescribeTable", { TableName: arn })).toEqual(
      validation(`1 validation error detected: Invalid AWS region in '${arn}'`),
    );
  });
});

describe("counts", () => {
  test("items and bytes", async () => {
    const TableName = await target.table();
    const look = async () => {
      const { ItemCount, TableSizeBytes } = member(await target.ok("DescribeTable", { TableName }), "Table");
      return { ItemCount, TableSizeBytes };
    };
    await target.ok("PutItem", { TableName, Item: { pk: { S: "1" }, a: { S: "xyz" } } });
    await target.ok("PutItem", { TableName, Item: { pk: { S: "2" }, n: { N: "-42.5" } } });
    expect(await look()).toEqual({ ItemCount: 2, TableSizeBytes: 7 + 8 });
    await target.ok("PutItem", { TableName, Item: { pk: { S: "1" } } });
    expect(await look()).toEqual({ ItemCount: 2, TableSizeBytes: 3 + 8 });
    await target.ok("DeleteItem", { TableName, Key: { pk: { S: "2" } } });
    await target.ok("DeleteItem", { TableName, Key: { pk: { S: "2" } } });
    expect(await look()).toEqual({ ItemCount: 1, TableSizeBytes: 3 });
  });
});

describe("waiters of the SDK", () => {
  test("table exists, table does not exist", async () => {
    const TableName = target.freshName();
    const waiter = { client: target.client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
    await target.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      }),
    );
    expect((await waitUntilTableExists(waiter, { TableName })).state).toBe("SUCCESS" as never);
    await target.client.send(new DeleteTableCommand({ TableName }));
    expect((await waitUntilTableNotExists(waiter, { TableName })).state).toBe("SUCCESS" as never);
  });
});
