import { describe, expect, test } from "bun:test";
import { compileInput } from "../../src/protocol/input.ts";
import { createBackupInput } from "../../src/protocol/inputs/backups.ts";
import { batchGetItemInput, batchWriteItemInput } from "../../src/protocol/inputs/batch.ts";
import {
  deleteItemInput,
  getItemInput,
  putItemInput,
  updateItemInput,
} from "../../src/protocol/inputs/items.ts";
import { queryInput, scanInput } from "../../src/protocol/inputs/reads.ts";
import {
  createTableInput,
  deleteTableInput,
  describeTableInput,
  listTablesInput,
  updateTableInput,
} from "../../src/protocol/inputs/tables.ts";
import { listTagsOfResourceInput } from "../../src/protocol/inputs/tags.ts";
import { updateTimeToLiveInput } from "../../src/protocol/inputs/time-to-live.ts";
import { transactGetItemsInput, transactWriteItemsInput } from "../../src/protocol/inputs/transactions.ts";
import type { StructureShape } from "../../src/protocol/shapes.ts";
import { refusalOf, validationOf } from "./refusals.ts";

const check = (input: StructureShape, json: unknown) => refusalOf(() => compileInput(input)(json));
const one = (violation: string) => validationOf(`1 validation error detected: ${violation}`);
const all = (...violations: string[]) =>
  validationOf(`${violations.length} validation errors detected: ${violations.join("; ")}`);
const fails = (value: string, path: string, constraint: string) =>
  `Value ${value} at '${path}' failed to satisfy constraint: ${constraint}`;

const notNull = "Member must not be null";
const atLeast = (length: number) => `Member must have length greater than or equal to ${length}`;
const atMost = (length: number) => `Member must have length less than or equal to ${length}`;
const pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";

const tableName = "Table";
const key = { pk: { S: "a" } };
const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Table";

describe("TableName where items are read and written", () => {
  test.each([
    [{ Key: key }, fails("null", "tableName", notNull)],
    [{ TableName: "", Key: key }, fails("''", "tableName", atLeast(1))],
    [{ TableName: "a".repeat(256), Key: key }, fails(`'${"a".repeat(256)}'`, "tableName", atMost(255))],
    [{ TableName: "a;", Key: key }, fails("'a;'", "tableName", pattern)],
    [
      { TableName: `arn:${"a".repeat(1021)}`, Key: key },
      fails(`'arn:${"a".repeat(1021)}'`, "tableName", atMost(1024)),
    ],
  ])("%j is refused", (json, violation) => {
    expect(check(getItemInput, json)).toEqual(one(violation));
  });

  test.each(["a", "ab", "a.b-c_D9", "a".repeat(255), arn])("%s is taken", (name) => {
    expect(check(getItemInput, { TableName: name, Key: key })).toBeUndefined();
  });

  test("in writes it is reported alone, before all other members", () => {
    const bad = { TableName: "a;", ReturnValues: "x", ReturnConsumedCapacity: "y" };
    for (const input of [putItemInput, updateItemInput, deleteItemInput]) {
      expect(check(input, bad)).toEqual(one(fails("'a;'", "tableName", pattern)));
      expect(check(input, {})).toEqual(one(fails("null", "tableName", notNull)));
    }
  });

  test("in reads it is one of several", () => {
    expect(check(getItemInput, {})).toEqual(
      all(fails("null", "tableName", notNull), fails("null", "key", notNull)),
    );
  });
});

describe("TableName where tables are managed", () => {
  const inputs: [string, StructureShape][] = [
    ["CreateTable", createTableInput],
    ["DeleteTable", deleteTableInput],
    ["DescribeTable", describeTableInput],
    ["UpdateTable", updateTableInput],
    ["UpdateTimeToLive", updateTimeToLiveInput],
    ["CreateBackup", createBackupInput],
  ];
  test.each(inputs)("%s: missing, short, illegal", (_name, input) => {
    expect(check(input, {})).toEqual(
      validationOf("The parameter 'TableName' is required but was not present in the request"),
    );
    expect(check(input, { TableName: "ab" })).toEqual(one(fails("'ab'", "tableName", atLeast(3))));
    expect(check(input, { TableName: "ab?" })).toEqual(one(fails("'ab?'", "tableName", pattern)));
    expect(check(input, { TableName: "?" })).toEqual(
      all(fails("'?'", "tableName", atLeast(3)), fails("'?'", "tableName", pattern)),
    );
    expect(check(input, { TableName: arn })?.message ?? "").not.toContain("tableName");
  });

  test("ListTables takes no ARN", () => {
    expect(check(listTablesInput, { ExclusiveStartTableName: arn })).toEqual(
      one(fails(`'${arn}'`, "exclusiveStartTableName", pattern)),
    );
  });
});

describe("enums", () => {
  const put = { TableName: tableName, Item: key };
  const enumOf = (...values: string[]) => `Member must satisfy enum value set: [${values.join(", ")}]`;
  const rows: [StructureShape, object, string, string][] = [
    [
      putItemInput,
      { ...put, ReturnConsumedCapacity: "x" },
      "returnConsumedCapacity",
      enumOf("INDEXES", "TOTAL", "NONE"),
    ],
    [
      putItemInput,
      { ...put, ReturnItemCollectionMetrics: "x" },
      "returnItemCollectionMetrics",
      enumOf("SIZE", "NONE"),
    ],
    [
      putItemInput,
      { ...put, ReturnValues: "x" },
      "returnValues",
      enumOf("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
    ],
    [putItemInput, { ...put, ConditionalOperator: "x" }, "conditionalOperator", enumOf("OR", "AND")],
    [
      putItemInput,
      { ...put, ReturnValuesOnConditionCheckFailure: "x" },
      "returnValuesOnConditionCheckFailure",
      enumOf("ALL_OLD", "NONE"),
    ],
    [
      queryInput,
      { TableName: tableName, Select: "x" },
      "select",
      enumOf("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
    ],
    [
      scanInput,
      { TableName: tableName, ScanFilter: { a: { ComparisonOperator: "x" } } },
      "scanFilter.a.member.comparisonOperator",
      enumOf(
        ...["IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT"],
        ...["NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS"],
      ),
    ],
  ];
  test.each(rows)("%#", (input, json, path, constraint) => {
    expect(check(input, json)).toEqual(one(fails("'x'", path, constraint)));
  });

  test("case matters", () => {
    expect(check(putItemInput, { ...put, ReturnValues: "none" })?.name).toBe("ValidationException");
  });

  test("all bad enums of a put are listed, in the order of its members", () => {
    expect(check(putItemInput, { ...put, ReturnConsumedCapacity: "y", ReturnValues: "x" })).toEqual(
      all(
        fails("'x'", "returnValues", enumOf("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")),
        fails("'y'", "returnConsumedCapacity", enumOf("INDEXES", "TOTAL", "NONE")),
      ),
    );
  });

  test("a missing comparison operator", () => {
    expect(check(scanInput, { TableName: tableName, ScanFilter: { a: {} } })).toEqual(
      one(fails("null", "scanFilter.a.member.comparisonOperator", notNull)),
    );
  });

  test("in CreateTable", () => {
    const refusal = check(createTableInput, {
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "X" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "X" }],
      BillingMode: "X",
      GlobalSecondaryIndexes: [
        {
          IndexName: "gsi",
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
          Projection: { ProjectionType: "X" },
        },
      ],
    });
    expect(refusal).toEqual(
      all(
        fails("'X'", "attributeDefinitions.1.member.attributeType", enumOf("B", "N", "S")),
        fails("'X'", "keySchema.1.member.keyType", enumOf("HASH", "RANGE")),
        fails(
          "'X'",
          "globalSecondaryIndexes.1.member.projection.projectionType",
          enumOf("ALL", "INCLUDE", "KEYS_ONLY"),
        ),
        fails("'X'", "billingMode", enumOf("PROVISIONED", "PAY_PER_REQUEST")),
      ),
    );
  });
});

describe("numbers", () => {
  test("Limit of Scan and ListTables", () => {
    const low = "Member must have value greater than or equal to 1";
    expect(check(scanInput, { TableName: tableName, Limit: 0 })).toEqual(one(fails("'0'", "limit", low)));
    expect(check(listTablesInput, { Limit: 0 })).toEqual(one(fails("'0'", "limit", low)));
    expect(check(listTablesInput, { Limit: 101 })).toEqual(
      one(fails("'101'", "limit", "Member must have value less than or equal to 100")),
    );
  });

  test("Limit of Query is worded by the newer front end", () => {
    expect(check(queryInput, { TableName: tableName, Limit: 0 })).toEqual(
      one("Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1"),
    );
  });

  test("segments", () => {
    expect(check(scanInput, { TableName: tableName, Segment: -1, TotalSegments: 1_000_001 })).toEqual(
      all(
        fails("'1000001'", "totalSegments", "Member must have value less than or equal to 1000000"),
        fails("'-1'", "segment", "Member must have value greater than or equal to 0"),
      ),
    );
  });

  test("capacity: writes are listed before reads", () => {
    const table = {
      TableName: tableName,
      AttributeDefinitions: [],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    };
    const low = "Member must have value greater than or equal to 1";
    expect(
      check(createTableInput, {
        ...table,
        ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      }),
    ).toEqual(
      all(
        fails("'0'", "provisionedThroughput.writeCapacityUnits", low),
        fails("'0'", "provisionedThroughput.readCapacityUnits", low),
      ),
    );
    expect(check(createTableInput, { ...table, ProvisionedThroughput: { ReadCapacityUnits: 1 } })).toEqual(
      one(fails("null", "provisionedThroughput.writeCapacityUnits", notNull)),
    );
  });
});

describe("lists", () => {
  test("empty AttributesToGet", () => {
    expect(check(getItemInput, { TableName: tableName, Key: key, AttributesToGet: [] })).toEqual(
      one(fails("'[]'", "attributesToGet", atLeast(1))),
    );
  });

  test("long elements are reported for the whole list", () => {
    const long = "a".repeat(65_536);
    const refusal = check(getItemInput, { TableName: tableName, Key: key, AttributesToGet: ["a", long] });
    expect(refusal?.message).toStartWith("1 validation error detected: Value '[a, aaa");
    expect(refusal?.message).toEndWith(
      `at 'attributesToGet' failed to satisfy constraint: Member must satisfy constraint: [${atMost(65_535)}]`,
    );
    expect(refusal?.message.length).toBeLessThan(17_000);
  });

  test("null elements are named", () => {
    expect(check(getItemInput, { TableName: tableName, Key: key, AttributesToGet: ["a", null] })).toEqual(
      one(fails("null", "attributesToGet.2.member", notNull)),
    );
    expect(check(updateTableInput, { TableName: tableName, GlobalSecondaryIndexUpdates: [null] })).toEqual(
      one(fails("null", "globalSecondaryIndexUpdates.1.member", notNull)),
    );
  });

  test("three key elements are printed as the service's structures", () => {
    const refusal = check(createTableInput, {
      TableName: tableName,
      AttributeDefinitions: [],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { KeyType: "RANGE", AttributeName: "sk" },
        { AttributeName: "x", KeyType: "RANGE" },
      ],
    });
    expect(refusal).toEqual(
      one(
        fails(
          "'[KeySchemaElement(attributeName=pk, keyType=HASH), KeySchemaElement(attributeName=sk, keyType=RANGE), " +
            "KeySchemaElement(attributeName=x, keyType=RANGE)]'",
          "keySchema",
          atMost(2),
        ),
      ),
    );
  });

  test("transactions: empty, too long, an action's missing condition", () => {
    expect(check(transactWriteItemsInput, { TransactItems: [] })).toEqual(
      one(fails("'[]'", "transactItems", atLeast(1))),
    );
    const gets = Array.from({ length: 101 }, () => ({ Get: { TableName: tableName, Key: key } }));
    const refusal = check(transactGetItemsInput, { TransactItems: gets });
    expect(refusal?.message).toContain(
      "Value '[TransactGetItem(get=Get(key={pk=AttributeValue(s=a)}, tableName=Table)), TransactGetItem(",
    );
    expect(refusal?.message).toEndWith(`at 'transactItems' failed to satisfy constraint: ${atMost(100)}`);
    expect(
      check(transactWriteItemsInput, {
        TransactItems: [{ ConditionCheck: { TableName: tableName, Key: key } }],
        ClientRequestToken: "x".repeat(37),
      }),
    ).toEqual(
      all(
        fails("null", "transactItems.1.member.conditionCheck.conditionExpression", notNull),
        fails(`'${"x".repeat(37)}'`, "clientRequestToken", atMost(36)),
      ),
    );
  });
});

describe("maps", () => {
  test("BatchGetItem and BatchWriteItem without tables", () => {
    for (const json of [{}, { RequestItems: {} }, { RequestItems: null }]) {
      expect(check(batchGetItemInput, json)).toEqual(
        validationOf("The requestItems parameter is required for BatchGetItem"),
      );
      expect(check(batchWriteItemInput, json)).toEqual(
        validationOf("The requestItems parameter is required for BatchWriteItem"),
      );
    }
  });

  test("too many keys in one table of BatchGetItem", () => {
    const json = { RequestItems: { [tableName]: { Keys: Array.from({ length: 101 }, () => key) } } };
    expect(check(batchGetItemInput, json)).toEqual(
      one(`Value at 'RequestItems.Table.member.Keys' failed to satisfy constraint: ${atMost(100)}`),
    );
  });

  test("missing keys of BatchGetItem", () => {
    expect(check(batchGetItemInput, { RequestItems: { [tableName]: {} } })).toEqual(
      one(`Value at 'RequestItems.Table.member.Keys' failed to satisfy constraint: ${notNull}`),
    );
  });

  test("too many requests in one table of BatchWriteItem, or none", () => {
    const constraint = `Map value must satisfy constraint: [${atMost(25)}, ${atLeast(1)}]`;
    const put = { PutRequest: { Item: key } };
    const rendered = "WriteRequest(putRequest=PutRequest(item={pk=AttributeValue(s=a)}))";
    expect(check(batchWriteItemInput, { RequestItems: { [tableName]: Array(26).fill(put) } })).toEqual(
      one(fails(`'{Table=[${Array(26).fill(rendered).join(", ")}]}'`, "requestItems", constraint)),
    );
    expect(check(batchWriteItemInput, { RequestItems: { [tableName]: [] } })).toEqual(
      one(fails("'{Table=[]}'", "requestItems", constraint)),
    );
  });

  test("map keys, and what lies below them", () => {
    expect(check(batchWriteItemInput, { RequestItems: { "a;": [{ PutRequest: {} }] } })).toEqual(
      all(
        fails(
          "'{a;=[WriteRequest(putRequest=PutRequest())]}'",
          "requestItems",
          `Map keys must satisfy constraint: [${atMost(255)}, ${atLeast(1)}, ${pattern}]`,
        ),
        fails("null", "requestItems.a;.member.1.member.putRequest.item", notNull),
      ),
    );
  });

  test("null values are named, long ones reported for the whole map", () => {
    const names = { "#a": null };
    expect(check(getItemInput, { TableName: tableName, Key: key, ExpressionAttributeNames: names })).toEqual(
      one(fails("null", "expressionAttributeNames.#a.member", notNull)),
    );
    const long = { "#a": "a".repeat(65_536) };
    expect(
      check(getItemInput, { TableName: tableName, Key: key, ExpressionAttributeNames: long })?.message,
    ).toEndWith(
      `at 'expressionAttributeNames' failed to satisfy constraint: Map value must satisfy constraint: [${atMost(65_535)}]`,
    );
  });
});

describe("aggregation", () => {
  test("at most ten violations are listed", () => {
    const elements = Array.from({ length: 12 }, () => ({}));
    const refusal = check(createTableInput, {
      TableName: tableName,
      KeySchema: [],
      AttributeDefinitions: elements,
    });
    expect(refusal?.message).toStartWith("10 validation errors detected: ");
    expect(refusal?.message.split("; ")).toHaveLength(10);
  });

  test("members whose absence has its own text", () => {
    expect(check(listTagsOfResourceInput, {})).toEqual(validationOf("Invalid TableArn"));
  });

  test("nested structures whose names begin with capitals", () => {
    expect(
      check(updateTableInput, { TableName: tableName, SSESpecification: { SSEType: "X" } })?.message,
    ).toContain("at 'sSESpecification.sSEType'");
  });
});
