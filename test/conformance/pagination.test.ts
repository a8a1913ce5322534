/** Pages of Query and Scan: Limit, the megabyte, LastEvaluatedKey and ExclusiveStartKey. */
import { beforeAll, describe, expect, test } from "bun:test";
import { paginateQuery, paginateScan } from "@aws-sdk/client-dynamodb";
import { type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let hashOnly = "";
/** Items of 100,000 bytes: eleven of them cross a megabyte. */
let large = "";

const LARGE_BYTES = 100_000;
const keyOf = (sk: number): JsonObject => ({ pk: { S: "p" }, sk: { N: String(sk) } });

beforeAll(async () => {
  table = await target.table({ range: "sk:N" });
  hashOnly = await target.table();
  large = await target.table({ range: "sk:N" });
  for (let at = 1; at <= 10; at += 1) {
    await target.ok("PutItem", { TableName: table, Item: { ...keyOf(at), at: { N: String(at) } } });
    await target.ok("PutItem", { TableName: hashOnly, Item: { pk: { S: `h${at}` } } });
  }
  for (let at = 0; at < 25; at += 1) {
    // pk 2 + 1, sk 2 + its own bytes, data 4: the rest is filled up.
    const key = keyOf(at + 100);
    const data = "x".repeat(LARGE_BYTES - 3 - 2 - 2 - 4);
    await target.ok("PutItem", { TableName: large, Item: { ...key, data: { S: data } } });
  }
}, 30_000);

type Page = JsonObject & { readonly Count: number; readonly LastEvaluatedKey?: JsonObject };
const query = async (more: JsonObject = {}) =>
  (await target.ok("Query", {
    TableName: table,
    KeyConditionExpression: "pk = :p",
    ExpressionAttributeValues: { ":p": { S: "p" } },
    ...more,
  })) as Page;
const scan = async (more: JsonObject = {}) =>
  (await target.ok("Scan", { TableName: table, ...more })) as Page;
const sortKeys = (page: JsonObject) =>
  (page["Items"] as { sk: { N: string } }[]).map((item) => Number(item.sk.N));

describe("Limit", () => {
  test("bounds what is evaluated, not what is returned", async () => {
    const answer = await query({
      Limit: 4,
      FilterExpression: "#a > :three",
      ExpressionAttributeNames: { "#a": "at" },
      ExpressionAttributeValues: { ":p": { S: "p" }, ":three": { N: "3" } },
    });
    expect(answer).toMatchObject({ Count: 1, ScannedCount: 4, LastEvaluatedKey: keyOf(4) });
    expect(sortKeys(answer)).toEqual([4]);
  });

  test("a page may be empty and yet not the last", async () => {
    const answer = await query({ Limit: 3, FilterExpression: "attribute_exists(gone)" });
    expect(answer).toEqual({ Items: [], Count: 0, ScannedCount: 3, LastEvaluatedKey: keyOf(3) });
  });

  test("reached exactly at the end: one more, empty page", async () => {
    const whole = await query({ Limit: 10 });
    expect(whole).toMatchObject({ Count: 10, LastEvaluatedKey: keyOf(10) });
    expect(await query({ Limit: 10, ExclusiveStartKey: keyOf(10) })).toEqual({
      Items: [],
      Count: 0,
      ScannedCount: 0,
    });
    expect(await query({ Limit: 11 })).not.toHaveProperty("LastEvaluatedKey");
    const scanned = await scan({ Limit: 10 });
    expect(scanned).toMatchObject({ Count: 10, LastEvaluatedKey: keyOf(10) });
    expect(await scan({ Limit: 11 })).not.toHaveProperty("LastEvaluatedKey");
  });

  test("of a single item, by its whole key", async () => {
    const one = { Limit: 1, KeyConditionExpression: "pk = :p AND sk = :s" };
    const ExpressionAttributeValues = { ":p": { S: "p" }, ":s": { N: "5" } };
    expect(await query({ ...one, ExpressionAttributeValues })).toMatchObject({
      Count: 1,
      LastEvaluatedKey: keyOf(5),
    });
    expect(await query({ ...one, ExpressionAttributeValues, ExclusiveStartKey: keyOf(5) })).toEqual({
      Items: [],
      Count: 0,
      ScannedCount: 0,
    });
  });

  test("with COUNT and projections LastEvaluatedKey is the same", async () => {
    expect(await query({ Limit: 2, Select: "COUNT" })).toEqual({
      Count: 2,
      ScannedCount: 2,
      LastEvaluatedKey: keyOf(2),
    });
    expect(await scan({ Limit: 2, ProjectionExpression: "pk" })).toMatchObject({
      LastEvaluatedKey: keyOf(2),
    });
  });

  test.each([1, 2, 3, 4, 5, 9, 10, 11])(
    "%d: the chain of pages gives every item once, in order",
    async (Limit) => {
      for (const forward of [true, false]) {
        const found: number[] = [];
        let pages = 0;
        let from: { ExclusiveStartKey?: JsonObject } = {};
        for (;;) {
          const page = await query({ Limit, ScanIndexForward: forward, ...from });
          found.push(...sortKeys(page));
          pages += 1;
          if (page.LastEvaluatedKey === undefined) break;
          expect(page.Count).toBe(Limit);
          from = { ExclusiveStartKey: page.LastEvaluatedKey };
        }
        const expected = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        expect(found).toEqual(forward ? expected : expected.reverse());
        expect(pages).toBe(Math.floor(10 / Limit) + 1);
      }
    },
  );
});

describe("the megabyte", () => {
  const BYTES = 1 << 20;
  const PER_PAGE = Math.ceil(BYTES / LARGE_BYTES);

  test("the item that crosses it is the last of its page", async () => {
    const first = await query({ TableName: large });
    expect(first).toMatchObject({ Count: PER_PAGE, LastEvaluatedKey: keyOf(100 + PER_PAGE - 1) });
    const second = await scan({ TableName: large, ExclusiveStartKey: first.LastEvaluatedKey ?? {} });
    expect(second).toMatchObject({ Count: PER_PAGE, LastEvaluatedKey: keyOf(100 + 2 * PER_PAGE - 1) });
    const third = await scan({ TableName: large, ExclusiveStartKey: second.LastEvaluatedKey ?? {} });
    expect(third["Count"]).toBe(25 - 2 * PER_PAGE);
    expect(third).not.toHaveProperty("LastEvaluatedKey");
  });

  test("counts before filter and projection", async () => {
    for (const more of [
      { FilterExpression: "attribute_exists(gone)" },
      { ProjectionExpression: "sk" },
      { Select: "COUNT" },
    ]) {
      const page = await scan({ TableName: large, ...more });
      expect(page).toMatchObject({
        ScannedCount: PER_PAGE,
        LastEvaluatedKey: keyOf(100 + PER_PAGE - 1),
      });
    }
  });

  test("backwards", async () => {
    const page = await query({ TableName: large, ScanIndexForward: false });
    expect(page).toMatchObject({ Count: PER_PAGE, LastEvaluatedKey: keyOf(100 + 25 - PER_PAGE) });
  });

  test("a page that ends exactly at it", async () => {
    const exact = await target.table({ range: "sk:N" });
    // Sixteen items of 65,536 bytes: pk 2 + 1, sk 2 + 2, d 1.
    for (let at = 10; at < 26; at += 1) {
      const Item = { ...keyOf(at), d: { S: "x".repeat(65_536 - 8) } };
      await target.ok("PutItem", { TableName: exact, Item });
    }
    const page = await query({ TableName: exact });
    expect(page).toMatchObject({ Count: 16, LastEvaluatedKey: keyOf(25) });
  });

  test("costs what a megabyte costs", async () => {
    const page = await scan({ TableName: large, ReturnConsumedCapacity: "TOTAL" });
    const CapacityUnits = Math.ceil((PER_PAGE * LARGE_BYTES) / 4096) / 2;
    expect(page["ConsumedCapacity"]).toEqual({ TableName: large, CapacityUnits });
  });
});

describe("ExclusiveStartKey", () => {
  test("need not exist; reading goes on after it, in either direction", async () => {
    expect(sortKeys(await query({ ExclusiveStartKey: keyOf(7.5) }))).toEqual([8, 9, 10]);
    expect(sortKeys(await query({ ExclusiveStartKey: keyOf(2.5), ScanIndexForward: false }))).toEqual([2, 1]);
    expect(sortKeys(await query({ ExclusiveStartKey: keyOf(99) }))).toEqual([]);
    expect(sortKeys(await scan({ ExclusiveStartKey: keyOf(8) }))).toEqual([9, 10]);
  });

  test("within a condition on the sort key", async () => {
    const between = {
      KeyConditionExpression: "pk = :p AND sk BETWEEN :a AND :b",
      ExpressionAttributeValues: { ":p": { S: "p" }, ":a": { N: "3" }, ":b": { N: "7" } },
    };
    expect(sortKeys(await query({ ...between, ExclusiveStartKey: keyOf(5) }))).toEqual([6, 7]);
    expect(
      sortKeys(await query({ ...between, ExclusiveStartKey: keyOf(5), ScanIndexForward: false })),
    ).toEqual([4, 3]);
    expect(sortKeys(await query({ ...between, ExclusiveStartKey: keyOf(7) }))).toEqual([]);
  });

  const INVALID = "The provided starting key is invalid";
  const MISMATCH = "The provided key element does not match the schema";
  const empty =
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk";
  const pk = { S: "p" };
  test.each([
    [{}, INVALID, `${INVALID}: ${MISMATCH}`],
    [{ pk }, INVALID, `${INVALID}: ${MISMATCH}`],
    [{ ...keyOf(1), x: pk }, INVALID, `${INVALID}: ${MISMATCH}`],
    [{ pk, x: pk }, MISMATCH, `${INVALID}: ${MISMATCH}`],
    [{ pk, sk: { S: "1" } }, MISMATCH, `${INVALID}: ${MISMATCH}`],
    [{ pk: { S: "" }, sk: { N: "1" } }, `${INVALID}: ${empty}`, `${INVALID}: ${empty}`],
  ] as [JsonObject, string, string][])("%j", async (ExclusiveStartKey, ofQuery, ofScan) => {
    const refusal = (operation: string, more: JsonObject) =>
      target.refusal(operation, { TableName: table, ExclusiveStartKey, ...more });
    const more = { KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": pk } };
    expect(await refusal("Query", more)).toEqual(validation(ofQuery));
    expect(await refusal("Scan", {})).toEqual(validation(ofScan));
  });

  test.each([
    [{}, `${INVALID}: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes`],
    [
      { S: "a", N: "1" },
      `${INVALID}: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes`,
    ],
    [
      { NULL: false },
      `${INVALID}: One or more parameter values were invalid: Null attribute value types must have the value of true`,
    ],
    [{ SS: [] }, `${INVALID}: One or more parameter values were invalid: An string set  may not be empty`],
    [{ BS: [] }, `${INVALID}: One or more parameter values were invalid: Binary sets should not be empty`],
    [{ N: "x" }, "The parameter cannot be converted to a numeric value: x"],
    [{ N: "" }, "The parameter cannot be converted to a numeric value"],
    [{ NS: ["1", "1"] }, "Input collection contains duplicates"],
    [
      { SS: ["a", "a"] },
      "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
    ],
    [{ NS: [] }, "One or more parameter values were invalid: An number set  may not be empty"],
  ] as [JsonObject, string][])("a bad value %j", async (value, message) => {
    const ExclusiveStartKey = { pk: value, sk: { N: "1" } };
    expect(await target.refusal("Scan", { TableName: table, ExclusiveStartKey })).toEqual(
      validation(message),
    );
    const more = { KeyConditionExpression: "pk = :p", ExpressionAttributeValues: { ":p": pk } };
    expect(await target.refusal("Query", { TableName: table, ExclusiveStartKey, ...more })).toEqual(
      validation(message),
    );
  });

  test("of a place where the query cannot have been", async () => {
    const refusal = (condition: string, ExclusiveStartKey: JsonObject) =>
      target.refusal("Query", {
        TableName: table,
        KeyConditionExpression: `pk = :p${condition}`,
        ExpressionAttributeValues: { ":p": pk, ...(condition === "" ? {} : { ":s": { N: "5" } }) },
        ExclusiveStartKey,
      });
    const elsewhere = (sk: number) => ({ pk: { S: "elsewhere" }, sk: { N: String(sk) } });
    const predicate = validation("The provided starting key does not match the range key predicate");
    const oneRow = validation("The query can return at most one row and cannot be restarted");
    expect(await refusal("", elsewhere(1))).toEqual(
      validation("The provided starting key is outside query boundaries based on provided conditions"),
    );
    expect(await refusal(" AND sk > :s", keyOf(5))).toEqual(predicate);
    expect(await refusal(" AND sk > :s", elsewhere(5))).toEqual(predicate);
    expect(await refusal(" AND sk > :s", elsewhere(6))).toEqual(oneRow);
    expect(await refusal(" AND sk = :s", keyOf(6))).toEqual(predicate);
    expect(await refusal(" AND sk = :s", elsewhere(5))).toEqual(oneRow);
  });

  test("on a table without sort key", async () => {
    const one = {
      TableName: hashOnly,
      KeyConditionExpression: "pk = :p",
      ExpressionAttributeValues: { ":p": { S: "h1" } },
    };
    const first = await query({ ...one, Limit: 1 });
    expect(first).toMatchObject({ Count: 1, LastEvaluatedKey: { pk: { S: "h1" } } });
    expect(await query({ ...one, Limit: 1, ExclusiveStartKey: { pk: { S: "h1" } } })).toEqual({
      Items: [],
      Count: 0,
      ScannedCount: 0,
    });
    expect(await target.refusal("Query", { ...one, ExclusiveStartKey: { pk: { S: "KPQ4" } } })).toEqual(
      validation(
        "The provided exclusive start key is invalid: ExclusiveStartKey: {pk=AttributeValue: {S:KPQ4}}",
      ),
    );
  });
});

describe("the SDK's paginators", () => {
  test.each([undefined, 1, 3, 100])(
    "pageSize %p",
    async (pageSize) => {
      const config = { client: target.client, ...(pageSize === undefined ? {} : { pageSize }) };
      const found: (string | undefined)[] = [];
      for await (const page of paginateScan(config, { TableName: hashOnly })) {
        found.push(...(page.Items ?? []).map((item) => item["pk"]?.S));
      }
      expect(found.sort()).toEqual(Array.from({ length: 10 }, (_, at) => `h${at + 1}`).sort());

      let bytes = 0;
      const input = {
        TableName: large,
        KeyConditionExpression: "pk = :p",
        ExpressionAttributeValues: { ":p": { S: "p" } },
      };
      for await (const page of paginateQuery(config, input)) {
        for (const item of page.Items ?? []) bytes += item["data"]?.S?.length ?? 0;
      }
      expect(bytes).toBeGreaterThan(25 * (LARGE_BYTES - 20));
    },
    20_000,
  );
});
