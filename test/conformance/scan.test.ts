/** Scan: whole tables, filters, Select, parallel scans, capacity. Pages: pagination.test.ts. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table = "";
let hashOnly = "";

/** Twenty partitions of three items each. */
const ITEMS: readonly JsonObject[] = Array.from({ length: 60 }, (_, at) => ({
  pk: { S: `p${at % 20}` },
  sk: { N: String(Math.floor(at / 20)) },
  n: { N: String(at) },
  ...(at % 2 === 0 ? { even: { BOOL: true } } : {}),
}));

beforeAll(async () => {
  table = await target.table({ range: "sk:N" });
  hashOnly = await target.table();
  for (const Item of ITEMS) await target.ok("PutItem", { TableName: table, Item });
  for (const { n = null } of ITEMS.slice(0, 10)) {
    await target.ok("PutItem", { TableName: hashOnly, Item: { pk: { S: JSON.stringify(n) } } });
  }
}, 30_000);

const scan = (more: JsonObject = {}) => target.ok("Scan", { TableName: table, ...more });
const refusal = (more: JsonObject) => target.refusal("Scan", { TableName: table, ...more });
const itemsOf = (answer: JsonObject) => answer["Items"] as JsonObject[];
const numbersOf = (items: readonly JsonObject[]) =>
  items.map((item) => Number((item["n"] as { N: string }).N)).sort((a, b) => a - b);
const ALL = ITEMS.map((_, at) => at);

describe("a whole table", () => {
  test("every item once; partitions together, in the order of their sort keys", async () => {
    const answer = await scan();
    expect(answer).toMatchObject({ Count: 60, ScannedCount: 60 });
    expect(answer).not.toHaveProperty("LastEvaluatedKey");
    const items = itemsOf(answer);
    expect(numbersOf(items)).toEqual(ALL);
    const keys = items.map((item) => JSON.stringify(item["pk"]));
    const partitions = keys.filter((key, at) => key !== keys[at - 1]);
    expect(partitions).toHaveLength(20);
    expect(items.map((item) => item["sk"])).toEqual(
      partitions.flatMap(() => [{ N: "0" }, { N: "1" }, { N: "2" }]),
    );
  });

  test("in the same order each time, with ConsistentRead too", async () => {
    expect(await scan({ ConsistentRead: true })).toEqual(await scan());
  });

  test("an empty table", async () => {
    const empty = await target.table();
    expect(await target.ok("Scan", { TableName: empty })).toEqual({ Items: [], Count: 0, ScannedCount: 0 });
  });

  test("the items as they were put", async () => {
    const answer = await scan();
    expect(new Set(itemsOf(answer).map((item) => JSON.stringify(item)))).toEqual(
      new Set(ITEMS.map((item) => JSON.stringify(item))),
    );
  });
});

describe("filters", () => {
  const values = { ExpressionAttributeValues: { ":ten": { N: "10" } } };

  test("FilterExpression", async () => {
    const answer = await scan({ FilterExpression: "attribute_exists(even) AND n < :ten", ...values });
    expect(answer).toMatchObject({ Count: 5, ScannedCount: 60 });
    expect(numbersOf(itemsOf(answer))).toEqual([0, 2, 4, 6, 8]);
  });

  test("may look at keys, unlike Query's", async () => {
    const answer = await scan({
      FilterExpression: "pk = :p AND sk > :z",
      ExpressionAttributeValues: { ":p": { S: "p3" }, ":z": { N: "0" } },
    });
    expect(numbersOf(itemsOf(answer))).toEqual([23, 43]);
  });

  test("but not inside of them", async () => {
    expect(await refusal({ FilterExpression: "attribute_exists(pk.x)" })).toEqual(
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
      ),
    );
  });

  const operator = (ComparisonOperator: string, ...AttributeValueList: JsonObject[]) => ({
    ComparisonOperator,
    AttributeValueList,
  });
  test("ScanFilter and ConditionalOperator", async () => {
    const ScanFilter = { n: operator("LT", { N: "4" }), even: operator("NULL") };
    expect(numbersOf(itemsOf(await scan({ ScanFilter })))).toEqual([1, 3]);
    const either = await scan({ ScanFilter, ConditionalOperator: "OR" });
    expect(either["Count"]).toBe(32);
    const onKeys = await scan({
      ScanFilter: { pk: operator("EQ", { S: "p1" }), sk: operator("GE", { N: "1" }) },
    });
    expect(numbersOf(itemsOf(onKeys))).toEqual([21, 41]);
    expect((await scan({ ScanFilter: {} }))["Count"]).toBe(60);
  });

  test.each([
    [
      { a: operator("BETWEEN", { N: "1" }) },
      invalid("Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    ],
    [
      { a: operator("GT", { BOOL: true }) },
      invalid("ComparisonOperator GT is not valid for BOOL AttributeValue type"),
    ],
    [
      { a: operator("IN", { S: "1" }, { N: "1" }) },
      invalid("AttributeValues inside AttributeValueList must be of same type"),
    ],
    [
      { a: { AttributeValueList: [] } },
      violated(null, "scanFilter.a.member.comparisonOperator", "Member must not be null"),
    ],
  ] as [JsonObject, unknown][])("%j", async (ScanFilter, expected) => {
    expect(await refusal({ ScanFilter })).toEqual(expected as never);
  });
});

describe("what is returned", () => {
  test("projections and COUNT", async () => {
    const answer = await scan({ ProjectionExpression: "n, gone" });
    expect(itemsOf(answer).every((item) => Object.keys(item).join() === "n")).toBe(true);
    expect(numbersOf(itemsOf(answer))).toEqual(ALL);
    expect(numbersOf(itemsOf(await scan({ AttributesToGet: ["n", "x"] })))).toEqual(ALL);
    expect(await scan({ Select: "COUNT" })).toEqual({ Count: 60, ScannedCount: 60 });
    expect(itemsOf(await scan({ Select: "ALL_ATTRIBUTES" }))).toHaveLength(60);
    expect(itemsOf(await scan({ Select: "SPECIFIC_ATTRIBUTES", ProjectionExpression: "n" }))).toHaveLength(
      60,
    );
  });

  const projection = { ProjectionExpression: "n" };
  test.each([
    [
      { Select: "SPECIFIC_ATTRIBUTES" },
      validation(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
      ),
    ],
    [
      { Select: "ALL_PROJECTED_ATTRIBUTES" },
      validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
    ],
    [
      { ...projection, Select: "ALL_ATTRIBUTES" },
      validation("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"),
    ],
    [
      { ...projection, Select: "COUNT" },
      validation("Cannot specify the ProjectionExpression when choosing to get only the Count"),
    ],
    [
      { AttributesToGet: ["n"], Select: "COUNT" },
      validation("Cannot specify the AttributesToGet when choosing to get only the Count"),
    ],
    [{ Limit: 0 }, violated("0", "limit", "Member must have value greater than or equal to 1")],
    [{ IndexName: "wrong_name" }, validation("The table does not have the specified index: wrong_name")],
    [
      { ProjectionExpression: "sk[0]" },
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk",
      ),
    ],
  ] as [JsonObject, unknown][])("%j", async (more, expected) => {
    expect(await refusal(more)).toEqual(expected as never);
  });
});

describe("parallel scans", () => {
  test.each([1, 2, 3, 7, 64, 1_000_000])(
    "%d segments: every item in exactly one, the same each time",
    async (total) => {
      const read = async () => {
        const segments = total <= 64 ? Array.from({ length: total }, (_, at) => at) : [0, 1, 999_999];
        const answers = await Promise.all(segments.map((Segment) => scan({ Segment, TotalSegments: total })));
        return answers.map(itemsOf);
      };
      const parts = await read();
      if (total <= 64) expect(numbersOf(parts.flat())).toEqual(ALL);
      expect(await read()).toEqual(parts);
      for (const part of parts) {
        const partitions = new Set(part.map((item) => JSON.stringify(item["pk"])));
        expect(part).toHaveLength(partitions.size * 3);
      }
    },
  );

  test("the segments are about equal", async () => {
    const many = await target.table();
    for (let from = 0; from < 1000; from += 100) {
      await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          target.ok("PutItem", { TableName: many, Item: { pk: { S: `user-${from + at}` } } }),
        ),
      );
    }
    const counts = await Promise.all(
      [0, 1, 2, 3].map(async (Segment) => {
        const answer = await target.ok("Scan", {
          TableName: many,
          Segment,
          TotalSegments: 4,
          Select: "COUNT",
        });
        return Number(answer["Count"]);
      }),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000);
    // Binomial with 1000 draws: six standard deviations.
    for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(85);
  }, 20_000);

  test("pages of a segment stay in it", async () => {
    const found: JsonObject[] = [];
    for (const Segment of [0, 1, 2]) {
      let ExclusiveStartKey: JsonObject | undefined;
      do {
        const answer = await scan({
          Segment,
          TotalSegments: 3,
          Limit: 7,
          ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
        });
        found.push(...itemsOf(answer));
        ExclusiveStartKey = answer["LastEvaluatedKey"] as JsonObject | undefined;
      } while (ExclusiveStartKey !== undefined);
    }
    expect(numbersOf(found)).toEqual(ALL);
  });

  test.each([
    [
      { Segment: 0 },
      validation(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
      ),
    ],
    [
      { TotalSegments: 4 },
      validation(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
      ),
    ],
    [
      { Segment: 5, TotalSegments: 5 },
      validation(
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: " +
          "Segment: 5 is not less than TotalSegments: 5",
      ),
    ],
    [
      { Segment: -1, TotalSegments: 5 },
      violated("-1", "segment", "Member must have value greater than or equal to 0"),
    ],
    [
      { Segment: 0, TotalSegments: 0 },
      violated("0", "totalSegments", "Member must have value greater than or equal to 1"),
    ],
    [
      { Segment: 0, TotalSegments: 1_000_001 },
      violated("1000001", "totalSegments", "Member must have value less than or equal to 1000000"),
    ],
  ] as [JsonObject, unknown][])("%j", async (more, expected) => {
    expect(await refusal(more)).toEqual(expected as never);
  });

  test("a start key from another segment", async () => {
    const parts = await Promise.all([0, 1].map((Segment) => scan({ Segment, TotalSegments: 2, Limit: 1 })));
    const [first, second] = parts.map((part) => part["LastEvaluatedKey"] as JsonObject);
    const wrong = (Segment: number, ExclusiveStartKey: JsonObject | undefined) =>
      refusal({ Segment, TotalSegments: 2, ExclusiveStartKey: ExclusiveStartKey ?? {} });
    const message = (segment: number) =>
      validation(
        "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. " +
          `TotalSegments: 2 Segment: ${segment}`,
      );
    expect(await wrong(1, first)).toEqual(message(1));
    expect(await wrong(0, second)).toEqual(message(0));
  });
});

describe("the order of checks", () => {
  test.each([
    [
      {
        ScanFilter: {},
        AttributesToGet: ["a", "a"],
        ConditionalOperator: "OR",
        ProjectionExpression: "",
        FilterExpression: "",
      },
      validation(
        "Can not use both expression and non-expression parameters in the same request: " +
          "Non-expression parameters: {AttributesToGet, ScanFilter, ConditionalOperator} " +
          "Expression parameters: {ProjectionExpression, FilterExpression}",
      ),
    ],
    [
      { ExpressionAttributeNames: {} },
      validation("ExpressionAttributeNames can only be specified when using expressions"),
    ],
    [
      { ProjectionExpression: "", ExpressionAttributeValues: { ":a": { S: "b" } } },
      validation(
        "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null",
      ),
    ],
    [
      { ScanFilter: { a: { ComparisonOperator: "EQ" } }, AttributesToGet: ["a", "a"] },
      invalid("Duplicate value in attribute name: a"),
    ],
    [
      { ScanFilter: { a: { ComparisonOperator: "EQ" } }, ExclusiveStartKey: { pk: {} } },
      invalid("Invalid number of argument(s) for the EQ ComparisonOperator"),
    ],
    [
      { ExclusiveStartKey: { pk: { N: "x" } }, Segment: 0 },
      validation("The parameter cannot be converted to a numeric value: x"),
    ],
    [
      { Segment: 0, FilterExpression: "" },
      validation(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
      ),
    ],
    [
      { FilterExpression: "", ProjectionExpression: "" },
      validation("Invalid FilterExpression: The expression can not be empty;"),
    ],
    [
      { FilterExpression: "attribute_exists(a)", ExpressionAttributeNames: { "#a": "b" } },
      validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {#a}"),
    ],
    [
      { ConditionalOperator: "AND" },
      validation("ConditionalOperator cannot be used without Filter or Expected"),
    ],
    [{ ExclusiveStartKey: {} }, notFound()],
  ] as [JsonObject, unknown][])("%j", async (more, expected) => {
    expect(await target.refusal("Scan", { TableName: "no-such-table", ...more })).toEqual(expected as never);
  });
});

describe("capacity", () => {
  test("the sizes of all evaluated items together", async () => {
    const big = await target.table();
    const Item = { data: { S: "x".repeat(10_000) } };
    for (const pk of ["a", "b", "c"])
      await target.ok("PutItem", { TableName: big, Item: { ...Item, pk: { S: pk } } });
    const units = async (more: JsonObject = {}) => {
      const answer = await target.ok("Scan", { TableName: big, ReturnConsumedCapacity: "INDEXES", ...more });
      return answer["ConsumedCapacity"];
    };
    const capacity = (CapacityUnits: number) => ({
      TableName: big,
      CapacityUnits,
      Table: { CapacityUnits },
    });
    expect(await units()).toEqual(capacity(4));
    expect(await units({ ConsistentRead: true })).toEqual(capacity(8));
    expect(await units({ Limit: 1 })).toEqual(capacity(1.5));
    expect(await units({ FilterExpression: "attribute_exists(x)" })).toEqual(capacity(4));
    expect(await units({ Select: "COUNT" })).toEqual(capacity(4));
  });

  test("of an empty table", async () => {
    const empty = await target.table();
    const answer = await target.ok("Scan", { TableName: empty, ReturnConsumedCapacity: "TOTAL" });
    expect(answer["ConsumedCapacity"]).toEqual({ TableName: empty, CapacityUnits: 0.5 });
  });
});
