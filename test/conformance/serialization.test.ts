/** Wrong JSON types: each kind of member with each kind of value, and the exact words. */
import { describe, expect, test } from "bun:test";
import { useTarget } from "./target.ts";

const target = useTarget();

const JAVA = "com.amazonaws.dynamodb.v20120810.";
const ITEM = `java.util.Map<java.lang.String, ${JAVA}AttributeValue>`;

type Row = readonly [value: unknown, message: string];

/** Sends `request(value)` and compares the whole body: prefix, the capital in Message, nothing else. */
function rows(title: string, operation: string, request: (value: unknown) => unknown, table: readonly Row[]) {
  describe(title, () => {
    for (const [value, message] of table) {
      test(JSON.stringify(value), async () => {
        const answer = await target.call(operation, request(value));
        expect([answer.status, answer.body]).toEqual([
          400,
          { __type: "com.amazon.coral.service#SerializationException", Message: message },
        ]);
      });
    }
  });
}

const OBJECT = "Start of structure or map found where not expected";

const STRING: readonly Row[] = [
  [true, "TRUE_VALUE cannot be converted to String"],
  [false, "FALSE_VALUE cannot be converted to String"],
  [23, "NUMBER_VALUE cannot be converted to String"],
  [-45.6, "DECIMAL_VALUE cannot be converted to String"],
  [[], "Unrecognized collection type class java.lang.String"],
  [["x"], "Unrecognized collection type class java.lang.String"],
  [{}, OBJECT],
];

rows("String: TableName", "GetItem", (value) => ({ TableName: value }), STRING);
rows("String: an enum", "GetItem", (value) => ({ ReturnConsumedCapacity: value }), STRING);
rows("String: ProjectionExpression", "GetItem", (value) => ({ ProjectionExpression: value }), STRING);
rows("String: an element of a list", "GetItem", (value) => ({ AttributesToGet: [value] }), STRING);
rows(
  "String: a value of a map",
  "GetItem",
  (value) => ({ ExpressionAttributeNames: { "#a": value } }),
  STRING,
);
rows("String: S", "PutItem", (value) => ({ Item: { a: { S: value } } }), STRING);
rows(
  "String: N, so that a JSON number is refused",
  "PutItem",
  (value) => ({ Item: { a: { N: value } } }),
  STRING,
);
rows("String: an element of SS", "PutItem", (value) => ({ Item: { a: { SS: [value] } } }), STRING);
rows("String: an element of NS", "PutItem", (value) => ({ Item: { a: { NS: [value] } } }), STRING);
rows(
  "String: deep in a document",
  "PutItem",
  (value) => ({ Item: { a: { L: [{ M: { b: { S: value } } }] } } }),
  STRING,
);
rows("String: Action", "UpdateItem", (value) => ({ AttributeUpdates: { a: { Action: value } } }), STRING);
rows(
  "String: ComparisonOperator",
  "PutItem",
  (value) => ({ Expected: { a: { ComparisonOperator: value } } }),
  STRING,
);
rows("String: AttributeName", "CreateTable", (value) => ({ KeySchema: [{ AttributeName: value }] }), STRING);

const BOOLEAN: readonly Row[] = [
  [123, "NUMBER_VALUE cannot be converted to Boolean"],
  [1.5, "DECIMAL_VALUE cannot be converted to Boolean"],
  ["maybe", "Unexpected token received from parser"],
  ["", "Unexpected token received from parser"],
  [[], "Unrecognized collection type class java.lang.Boolean"],
  [{}, OBJECT],
];

rows("Boolean: ConsistentRead", "GetItem", (value) => ({ ConsistentRead: value }), BOOLEAN);
rows("Boolean: BOOL", "PutItem", (value) => ({ Item: { a: { BOOL: value } } }), BOOLEAN);
rows("Boolean: NULL", "PutItem", (value) => ({ Item: { a: { NULL: value } } }), BOOLEAN);
rows("Boolean: Exists", "DeleteItem", (value) => ({ Expected: { a: { Exists: value } } }), BOOLEAN);
rows(
  "Boolean: DeletionProtectionEnabled",
  "UpdateTable",
  (value) => ({ DeletionProtectionEnabled: value }),
  BOOLEAN,
);

rows("Integer: Limit", "ListTables", (value) => ({ Limit: value }), [
  ["10", "STRING_VALUE cannot be converted to Integer"],
  [true, "TRUE_VALUE cannot be converted to Integer"],
  [false, "FALSE_VALUE cannot be converted to Integer"],
  [[], "Unrecognized collection type class java.lang.Integer"],
  [{}, OBJECT],
]);

rows(
  "Long: ReadCapacityUnits",
  "CreateTable",
  (value) => ({ ProvisionedThroughput: { ReadCapacityUnits: value } }),
  [
    ["10", "STRING_VALUE cannot be converted to Long"],
    [true, "TRUE_VALUE cannot be converted to Long"],
    [false, "FALSE_VALUE cannot be converted to Long"],
    [[], "Unrecognized collection type class java.lang.Long"],
    [{}, OBJECT],
  ],
);

const BLOB: readonly Row[] = [
  [1, "only base-64-encoded strings are convertible to bytes"],
  [1.5, "only base-64-encoded strings are convertible to bytes"],
  [true, "only base-64-encoded strings are convertible to bytes"],
  [[], "Unrecognized collection type class java.nio.ByteBuffer"],
  [{}, OBJECT],
  ["abcde", "Base64 encoded length is expected a multiple of 4 bytes but found: 5"],
  ["a", "Base64 encoded length is expected a multiple of 4 bytes but found: 1"],
  ["ab==", "Invalid last non-pad Base64 character dectected"],
  ["YWJ=", "Invalid last non-pad Base64 character dectected"],
];

rows("Blob: B", "PutItem", (value) => ({ Item: { a: { B: value } } }), BLOB);
rows("Blob: an element of BS", "PutItem", (value) => ({ Item: { a: { BS: [value] } } }), BLOB);
rows("Blob: in a key", "GetItem", (value) => ({ Key: { a: { B: value } } }), BLOB);

describe("Blob: a bad character", () => {
  for (const value of ["ab-_", "a\u00e9==", "====", "a===", "ab=c", "    "]) {
    test(JSON.stringify(value), async () => {
      const refusal = await target.refusal("PutItem", { Item: { a: { B: value } } });
      expect(refusal.type).toBe("SerializationException");
    });
  }
});

const LIST: readonly Row[] = [
  ["x", "Unexpected field type"],
  [1, "Unexpected field type"],
  [1.5, "Unexpected field type"],
  [true, "Unexpected field type"],
  [{}, OBJECT],
];

rows("List: AttributesToGet", "GetItem", (value) => ({ AttributesToGet: value }), LIST);
rows("List: KeySchema", "CreateTable", (value) => ({ KeySchema: value }), LIST);
rows("List: L", "PutItem", (value) => ({ Item: { a: { L: value } } }), LIST);
rows("List: SS", "PutItem", (value) => ({ Item: { a: { SS: value } } }), LIST);
rows("List: BS", "PutItem", (value) => ({ Item: { a: { BS: value } } }), LIST);
rows(
  "List: AttributeValueList",
  "PutItem",
  (value) => ({ Expected: { a: { AttributeValueList: value } } }),
  LIST,
);

const mapRows = (type: string): readonly Row[] => [
  ["x", "Unexpected field type"],
  [1, "Unexpected field type"],
  [1.5, "Unexpected field type"],
  [false, "Unexpected field type"],
  [[], `Unrecognized collection type ${type}`],
];

rows("Map: Key", "GetItem", (value) => ({ Key: value }), mapRows(ITEM));
rows("Map: Item", "PutItem", (value) => ({ Item: value }), mapRows(ITEM));
rows("Map: M", "PutItem", (value) => ({ Item: { a: { M: value } } }), mapRows(ITEM));
rows(
  "Map: ExpressionAttributeValues",
  "PutItem",
  (value) => ({ ExpressionAttributeValues: value }),
  mapRows(ITEM),
);
rows(
  "Map: ExpressionAttributeNames",
  "GetItem",
  (value) => ({ ExpressionAttributeNames: value }),
  mapRows("java.util.Map<java.lang.String, java.lang.String>"),
);
rows(
  "Map: Expected",
  "PutItem",
  (value) => ({ Expected: value }),
  mapRows(`java.util.Map<java.lang.String, ${JAVA}ExpectedAttributeValue>`),
);
rows(
  "Map: AttributeUpdates",
  "UpdateItem",
  (value) => ({ AttributeUpdates: value }),
  mapRows(`java.util.Map<java.lang.String, ${JAVA}AttributeValueUpdate>`),
);

const structureRows = (name: string, scalar: string): readonly Row[] => [
  ["x", scalar],
  [1, scalar],
  [1.5, scalar],
  [true, scalar],
  [[], `Unrecognized collection type class ${JAVA}${name}`],
];
const memberRows = (name: string) => structureRows(name, "Unexpected field type");
const elementRows = (name: string) => structureRows(name, "Unexpected value type in payload");

rows(
  "Structure as a member: ProvisionedThroughput",
  "CreateTable",
  (value) => ({ ProvisionedThroughput: value }),
  memberRows("ProvisionedThroughput"),
);
rows(
  "Structure as a member: StreamSpecification",
  "UpdateTable",
  (value) => ({ StreamSpecification: value }),
  memberRows("StreamSpecification"),
);
rows(
  "Structure as a member: Projection",
  "CreateTable",
  (value) => ({ LocalSecondaryIndexes: [{ Projection: value }] }),
  memberRows("Projection"),
);
rows(
  "Structure as a member: Value",
  "UpdateItem",
  (value) => ({ AttributeUpdates: { a: { Value: value } } }),
  memberRows("AttributeValue"),
);
rows(
  "Structure as a list element: KeySchema",
  "CreateTable",
  (value) => ({ KeySchema: [value] }),
  elementRows("KeySchemaElement"),
);
rows(
  "Structure as a list element: AttributeDefinitions",
  "CreateTable",
  (value) => ({ AttributeDefinitions: [value] }),
  elementRows("AttributeDefinition"),
);
rows(
  "Structure as a list element: GlobalSecondaryIndexUpdates",
  "UpdateTable",
  (value) => ({ GlobalSecondaryIndexUpdates: [value] }),
  elementRows("GlobalSecondaryIndexUpdate"),
);
rows(
  "Structure as a map value: an attribute value",
  "PutItem",
  (value) => ({ Item: { a: value } }),
  elementRows("AttributeValue"),
);
rows(
  "Structure as a map value: in M",
  "PutItem",
  (value) => ({ Item: { a: { M: { b: value } } } }),
  elementRows("AttributeValue"),
);
rows(
  "Structure as a list element: in L",
  "PutItem",
  (value) => ({ Item: { a: { L: [value] } } }),
  elementRows("AttributeValue"),
);
rows(
  "Structure as a map value: Expected",
  "PutItem",
  (value) => ({ Expected: { a: value } }),
  elementRows("ExpectedAttributeValue"),
);
rows(
  "Structure as a map value: AttributeUpdates",
  "UpdateItem",
  (value) => ({ AttributeUpdates: { a: value } }),
  elementRows("AttributeValueUpdate"),
);

describe("conversions that succeed", () => {
  test.each([true, "true", "TRUE", "1", "yes", "Yes"])("%p is true", async (value) => {
    const name = await target.table();
    await target.ok("PutItem", { TableName: name, Item: { pk: { S: "1" }, a: { BOOL: value } } });
    expect(await target.ok("GetItem", { TableName: name, Key: { pk: { S: "1" } } })).toEqual({
      Item: { pk: { S: "1" }, a: { BOOL: true } },
    });
  });

  test.each([false, "false", "False", "0", "no", "NO"])("%p is false", async (value) => {
    const name = await target.table();
    await target.ok("PutItem", { TableName: name, Item: { pk: { S: "1" }, a: { BOOL: value } } });
    expect(await target.ok("GetItem", { TableName: name, Key: { pk: { S: "1" } } })).toEqual({
      Item: { pk: { S: "1" }, a: { BOOL: false } },
    });
  });

  test("a decimal where an integer is expected is cut", async () => {
    expect((await target.call("ListTables", { Limit: 1.9 })).status).toBe(200);
    expect((await target.refusal("ListTables", { Limit: 0.9 })).message).toContain(
      "greater than or equal to 1",
    );
  });

  test("null is absent, unknown members are ignored", async () => {
    const name = await target.table();
    const Key = { pk: { S: "1", N: null, Z: "what" } };
    const answer = await target.call("GetItem", {
      TableName: name,
      Key,
      ProjectionExpression: null,
      ExpressionAttributeNames: null,
      AttributesToGet: null,
      ConsistentRead: null,
      NoSuchMember: { deep: [1, 2, 3] },
    });
    expect([answer.status, answer.text]).toEqual([200, "{}"]);
  });
});
