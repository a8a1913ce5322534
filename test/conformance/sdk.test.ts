/** The same work through the AWS SDK: what it sends, what it makes of the answers, which errors it throws. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeEndpointsCommand,
  DescribeLimitsCommand,
  DescribeTableCommand,
  DynamoDBServiceException,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateItemCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { useTarget } from "./target.ts";

const target = useTarget();
let TableName = "";
beforeAll(async () => {
  TableName = await target.table({ range: "sk:N" });
});

const Key = { pk: { S: "customer" }, sk: { N: "7" } } satisfies Record<string, AttributeValue>;
const ITEM: Record<string, AttributeValue> = {
  ...Key,
  s: { S: "h\u00e9llo" },
  n: { N: "1.5" },
  b: { B: new Uint8Array([0, 255, 1]) },
  bool: { BOOL: false },
  nil: { NULL: true },
  ss: { SS: ["a"] },
  ns: { NS: ["1"] },
  bs: { BS: [new Uint8Array([7])] },
  l: { L: [{ S: "x" }, { M: { y: { N: "1" } } }] },
  m: { M: { empty: { M: {} } } },
};

/** The error of a call that must fail. */
async function errorOf(sent: Promise<unknown>): Promise<unknown> {
  return await sent.then(
    (value) => {
      throw new Error(`expected a refusal, got ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
}

describe("items", () => {
  test("put, get, update, delete", async () => {
    await target.client.send(new PutItemCommand({ TableName, Item: ITEM }));
    const got = await target.client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    expect(got.Item).toEqual(ITEM);
    expect(got.$metadata.requestId).toMatch(/^[0-9A-Z]{52}$/);

    const updated = await target.client.send(
      new UpdateItemCommand({
        TableName,
        Key,
        UpdateExpression: "SET #s = :s ADD n :one",
        ConditionExpression: "n = :old",
        ExpressionAttributeNames: { "#s": "s" },
        ExpressionAttributeValues: { ":s": { S: "new" }, ":one": { N: "1" }, ":old": { N: "1.50" } },
        ReturnValues: "UPDATED_NEW",
        ReturnConsumedCapacity: "INDEXES",
      }),
    );
    expect(updated.Attributes).toEqual({ s: { S: "new" }, n: { N: "2.5" } });
    expect(updated.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 1, Table: { CapacityUnits: 1 } });

    const deleted = await target.client.send(
      new DeleteItemCommand({ TableName, Key, ReturnValues: "ALL_OLD" }),
    );
    expect(deleted.Attributes).toEqual({ ...ITEM, s: { S: "new" }, n: { N: "2.5" } });
    const gone = await target.client.send(new GetItemCommand({ TableName, Key }));
    expect(gone.Item).toBeUndefined();
  });

  test("a failed condition brings the item", async () => {
    await target.client.send(new PutItemCommand({ TableName, Item: Key }));
    const error = await errorOf(
      target.client.send(
        new PutItemCommand({
          TableName,
          Item: ITEM,
          ConditionExpression: "attribute_not_exists(pk)",
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      ),
    );
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect((error as ConditionalCheckFailedException).Item).toEqual(Key);
    expect((error as ConditionalCheckFailedException).message).toBe("The conditional request failed");
  });

  test("validation errors by name", async () => {
    const error = await errorOf(
      target.client.send(new GetItemCommand({ TableName, Key, ProjectionExpression: "name" })),
    );
    expect(error).toBeInstanceOf(DynamoDBServiceException);
    expect((error as DynamoDBServiceException).name).toBe("ValidationException");
    expect((error as DynamoDBServiceException).$metadata.httpStatusCode).toBe(400);
  });
});

describe("tables", () => {
  test("create, describe, update, list, delete", async () => {
    const name = target.freshName();
    const input = {
      TableName: name,
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    } as const;
    const created = await target.client.send(
      new CreateTableCommand({
        ...input,
        KeySchema: [...input.KeySchema],
        AttributeDefinitions: [...input.AttributeDefinitions],
      }),
    );
    expect(created.TableDescription?.TableStatus).toBe("CREATING");
    expect(created.TableDescription?.CreationDateTime).toBeInstanceOf(Date);
    const { Table } = await target.client.send(new DescribeTableCommand({ TableName: name }));
    expect(Table?.TableStatus).toBe("ACTIVE");
    const updated = await target.client.send(
      new UpdateTableCommand({ TableName: name, BillingMode: "PAY_PER_REQUEST" }),
    );
    expect(updated.TableDescription?.TableStatus).toBe("UPDATING");
    const before = `${name.slice(0, -1)}\u002d`;
    const listed = await target.client.send(
      new ListTablesCommand({ ExclusiveStartTableName: before, Limit: 100 }),
    );
    expect(listed.TableNames).toContain(name);
    const again = await errorOf(
      target.client.send(
        new CreateTableCommand({
          ...input,
          KeySchema: [...input.KeySchema],
          AttributeDefinitions: [...input.AttributeDefinitions],
        }),
      ),
    );
    expect(again).toBeInstanceOf(ResourceInUseException);
    await target.client.send(new DeleteTableCommand({ TableName: name }));
    const missing = await errorOf(
      target.client.send(new DescribeTableCommand({ TableName: target.freshName() })),
    );
    expect(missing).toBeInstanceOf(ResourceNotFoundException);
  });

  test("limits and endpoints", async () => {
    const limits = await target.client.send(new DescribeLimitsCommand({}));
    expect(limits).toMatchObject({
      AccountMaxReadCapacityUnits: 80_000,
      AccountMaxWriteCapacityUnits: 80_000,
      TableMaxReadCapacityUnits: 40_000,
      TableMaxWriteCapacityUnits: 40_000,
    });
    const { Endpoints } = await target.client.send(new DescribeEndpointsCommand({}));
    expect(Endpoints).toHaveLength(1);
    expect(Endpoints?.[0]?.CachePeriodInMinutes).toBe(1440);
  });
});

describe("many at once", () => {
  test("200 puts and 200 gets over the SDK's pool", async () => {
    const keys = Array.from({ length: 200 }, (_, at) => ({ pk: { S: "many" }, sk: { N: String(at) } }));
    await Promise.all(
      keys.map((key) => target.client.send(new PutItemCommand({ TableName, Item: { ...key, v: key.sk } }))),
    );
    const items = await Promise.all(
      keys.map(async (key) => (await target.client.send(new GetItemCommand({ TableName, Key: key }))).Item),
    );
    expect(items).toEqual(keys.map((key) => ({ ...key, v: key.sk })));
  });
});
