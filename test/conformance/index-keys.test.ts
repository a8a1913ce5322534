/** Attributes that are keys of secondary indexes: what an item may hold in them, and what item collections report. */
import { beforeAll, describe, expect, test } from "bun:test";
import {
  attributeDefinitions,
  invalid,
  type JsonObject,
  keySchema,
  useTarget,
  validation,
} from "./target.ts";

const target = useTarget();
let table = "";

const ALL = { ProjectionType: "ALL" };

beforeAll(async () => {
  table = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: attributeDefinitions("pk:S", "sk:S", "a:S", "b:N", "c:B"),
      LocalSecondaryIndexes: [
        { IndexName: "lsi", KeySchema: keySchema("pk:HASH", "b:RANGE"), Projection: ALL },
      ],
      GlobalSecondaryIndexes: [
        { IndexName: "gsi2", KeySchema: keySchema("a:HASH", "b:RANGE"), Projection: ALL },
        { IndexName: "gsi1", KeySchema: keySchema("c:HASH"), Projection: ALL },
      ],
    },
  });
});

const KEY = { pk: { S: "1" }, sk: { S: "1" } };
const put = (attributes: JsonObject) => ({ TableName: table, Item: { ...KEY, ...attributes } });
const mismatch = (attribute: string, expected: string, actual: string, index: string) =>
  invalid(
    `Type mismatch for Index Key ${attribute} Expected: ${expected} Actual: ${actual} IndexName: ${index}`,
  );

describe("PutItem", () => {
  test("an item without index keys, with some, with all", async () => {
    for (const attributes of [{}, { a: { S: "x" } }, { a: { S: "x" }, b: { N: "1" }, c: { B: "AQ==" } }]) {
      await target.ok("PutItem", put(attributes));
      expect(await target.ok("GetItem", { TableName: table, Key: KEY })).toEqual({
        Item: { ...KEY, ...attributes },
      });
    }
  });

  test.each([
    [{ a: { N: "1" } }, mismatch("a", "S", "N", "gsi2")],
    [{ a: { NULL: true } }, mismatch("a", "S", "NULL", "gsi2")],
    [{ c: { S: "x" } }, mismatch("c", "B", "S", "gsi1")],
    [{ b: { S: "x" } }, mismatch("b", "N", "S", "gsi2")],
    [{ a: { L: [] }, c: { M: {} } }, mismatch("c", "B", "M", "gsi1")],
  ] as [JsonObject, unknown][])("%j: another type, the first index by name", async (attributes, expected) => {
    expect(await target.refusal("PutItem", put(attributes))).toEqual(expected as never);
  });

  test.each([
    [{ a: { S: "" } }, "string", "gsi2", "a"],
    [{ c: { B: "" } }, "binary", "gsi1", "c"],
  ] as [JsonObject, string, string, string][])(
    "%j: an empty value",
    async (attributes, type, index, name) => {
      expect(await target.refusal("PutItem", put(attributes))).toEqual(
        validation(
          `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${type} value. IndexName: ${index}, IndexKey: ${name}`,
        ),
      );
    },
  );

  test("too long", async () => {
    await target.ok("PutItem", put({ a: { S: "x".repeat(2048) } }));
    const refusal = await target.refusal("PutItem", put({ a: { S: "x".repeat(2049) } }));
    expect(refusal.type).toBe("ValidationException");
    expect(refusal.message).toContain("2048");
  });
});

describe("UpdateItem", () => {
  const set = (value: JsonObject) => ({
    TableName: table,
    Key: KEY,
    UpdateExpression: "SET a = :v",
    ExpressionAttributeValues: { ":v": value },
  });

  test("another type", async () => {
    expect(await target.refusal("UpdateItem", set({ N: "1" }))).toEqual(mismatch("a", "S", "N", "gsi2"));
  });

  test("an empty value", async () => {
    expect(await target.refusal("UpdateItem", set({ S: "" }))).toEqual(
      validation(
        "One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
      ),
    );
  });

  test("a wrong type that is only known from the item", async () => {
    await target.ok("PutItem", put({ n: { N: "7" } }));
    expect(
      await target.refusal("UpdateItem", { TableName: table, Key: KEY, UpdateExpression: "SET a = n" }),
    ).toEqual(
      validation("The update expression attempted to update the secondary index key to unsupported type"),
    );
    expect(await target.ok("GetItem", { TableName: table, Key: KEY })).toEqual({
      Item: { ...KEY, n: { N: "7" } },
    });
  });

  test("a path below an index key", async () => {
    const refusal = await target.refusal("UpdateItem", {
      TableName: table,
      Key: KEY,
      UpdateExpression: "SET a.x = :v",
      ExpressionAttributeValues: { ":v": { S: "1" } },
    });
    expect(refusal).toEqual(
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: a",
      ),
    );
  });

  test("a good value, and taking it away", async () => {
    await target.ok("UpdateItem", set({ S: "fine" }));
    await target.ok("UpdateItem", { TableName: table, Key: KEY, UpdateExpression: "REMOVE a" });
    expect(
      (await target.ok("GetItem", { TableName: table, Key: KEY, ProjectionExpression: "a" }))["Item"],
    ).toEqual({});
  });
});

describe("item collection metrics of a table with local indexes", () => {
  test.each(["PutItem", "UpdateItem", "DeleteItem"])("%s", async (operation) => {
    const request = operation === "PutItem" ? put({}) : { TableName: table, Key: KEY };
    const answer = await target.ok(operation, { ...request, ReturnItemCollectionMetrics: "SIZE" });
    expect(answer).toEqual({
      ItemCollectionMetrics: { ItemCollectionKey: { pk: { S: "1" } }, SizeEstimateRangeGB: [0, 1] },
    });
    expect(await target.ok(operation, { ...request, ReturnItemCollectionMetrics: "NONE" })).toEqual({});
  });
});
