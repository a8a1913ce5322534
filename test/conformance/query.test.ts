/** Query: key conditions, order, filters, projections and Select, legacy parameters, capacity. Pages: pagination.test.ts. */
import { beforeAll, describe, expect, test } from "bun:test";
import { enveloped, invalid, type JsonObject, useTarget, validation, violated, violation } from "./target.ts";

const target = useTarget();
let table = "";
let strings = "";

/** A number sort key, ten items: sk 1 to 10; `even` on the even ones. */
const ITEMS: readonly JsonObject[] = Array.from({ length: 10 }, (_, at) => ({
  pk: { S: "p" },
  sk: { N: String(at + 1) },
  name: { S: `item ${at + 1}` },
  ...(at % 2 === 1 ? { even: { BOOL: true } } : {}),
}));
const sk = (from: number, to: number) => ITEMS.slice(from - 1, to);

/** Sort keys that UTF-16 order would put elsewhere. */
const WORDS = ["A", "B", "a", "a\u0000", "a!", "ab", "b", "é", "\uffff", "\u{1f600}"];

beforeAll(async () => {
  table = await target.table({ range: "sk:N" });
  strings = await target.table({ range: "sk:S" });
  for (const Item of [...ITEMS].reverse()) await target.ok("PutItem", { TableName: table, Item });
  await target.ok("PutItem", { TableName: table, Item: { pk: { S: "other" }, sk: { N: "3" } } });
  for (const word of [...WORDS].reverse()) {
    await target.ok("PutItem", { TableName: strings, Item: { pk: { S: "p" }, sk: { S: word } } });
  }
}, 30_000);

const VALUES = {
  ":p": { S: "p" },
  ":two": { N: "2" },
  ":five": { N: "5" },
  ":s": { S: "a" },
  ":t": { BOOL: true },
  ":e": { S: "" },
} as const;

/** Only the values that the expressions mention. */
const valuesOf = (...texts: readonly unknown[]): JsonObject => {
  const mentioned = Object.entries(VALUES).filter(([name]) =>
    texts.some((text) => typeof text === "string" && new RegExp(`${name}\\b`).test(text)),
  );
  return mentioned.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(mentioned) };
};
const input = (KeyConditionExpression: string, more: JsonObject = {}): JsonObject => ({
  TableName: table,
  KeyConditionExpression,
  ...valuesOf(KeyConditionExpression, more["FilterExpression"]),
  ...more,
});
const query = (condition: string, more?: JsonObject) => target.ok("Query", input(condition, more));
const refusal = (condition: string, more?: JsonObject) => target.refusal("Query", input(condition, more));
const PARTITION = "pk = :p";

describe("key conditions", () => {
  test.each([
    ["pk = :p", 1, 10],
    [":p = pk", 1, 10],
    ["(pk = :p)", 1, 10],
    ["pk = :p AND sk = :five", 5, 5],
    ["sk = :five AND pk = :p", 5, 5],
    ["pk = :p AND sk < :five", 1, 4],
    ["pk = :p AND sk <= :five", 1, 5],
    ["pk = :p AND sk > :five", 6, 10],
    ["pk = :p AND sk >= :five", 5, 10],
    ["pk = :p AND :five > sk", 1, 4],
    ["pk = :p and (sk between :two and :five)", 2, 5],
    ["pk = :p AND sk BETWEEN :five AND :five", 5, 5],
  ] as const)("%s", async (condition, from, to) => {
    const Items = sk(from, to);
    const Count = Items.length;
    expect(await query(condition)).toEqual({ Items, Count, ScannedCount: Count });
    expect(await query(condition, { ScanIndexForward: false })).toEqual({
      Items: [...Items].reverse(),
      Count,
      ScannedCount: Count,
    });
  });

  test("names by placeholder, and a number written otherwise", async () => {
    const answer = await query("#p = :p AND #s = :n", {
      ExpressionAttributeNames: { "#p": "pk", "#s": "sk" },
      ExpressionAttributeValues: { ":p": { S: "p" }, ":n": { N: "0.5e1" } },
    });
    expect(answer["Items"]).toEqual(sk(5, 5));
  });

  test("nothing there: no items, and no LastEvaluatedKey", async () => {
    const answer = await query("pk = :p", { ExpressionAttributeValues: { ":p": { S: "nobody" } } });
    expect(answer).toEqual({ Items: [], Count: 0, ScannedCount: 0 });
  });

  const words = async (condition: string, values: JsonObject, more: JsonObject = {}) => {
    const { Items } = await target.ok("Query", {
      TableName: strings,
      KeyConditionExpression: `pk = :p${condition}`,
      ExpressionAttributeValues: { ":p": { S: "p" }, ...values },
      ...more,
    });
    return (Items as { sk: { S: string } }[]).map((item) => item.sk.S);
  };

  test("strings by their UTF-8 bytes", async () => {
    expect(await words("", {})).toEqual(WORDS);
    expect(await words("", {}, { ScanIndexForward: false })).toEqual([...WORDS].reverse());
    expect(await words(" AND sk > :v", { ":v": { S: "b" } })).toEqual(WORDS.slice(7));
    expect(await words(" AND sk < :v", { ":v": { S: "a!" } })).toEqual(WORDS.slice(0, 4));
  });

  test("begins_with", async () => {
    const starting = { ":v": { S: "a" } };
    expect(await words(" AND begins_with(sk, :v)", starting)).toEqual(["a", "a\u0000", "a!", "ab"]);
    expect(await words(" AND begins_with(sk, :v)", starting, { ScanIndexForward: false })).toEqual([
      "ab",
      "a!",
      "a\u0000",
      "a",
    ]);
    expect(await words(" AND begins_with(sk, :v)", { ":v": { S: "\uffff" } })).toEqual(["\uffff"]);
  });

  test("binary sort keys by unsigned bytes, numbers by value", async () => {
    const binary = await target.table({ range: "sk:B" });
    const bytes = [[0], [0, 0], [0, 1], [1], [127], [128], [255], [255, 0], [255, 255]];
    const values = bytes.map((each) => ({ B: Buffer.from(each).toString("base64") }));
    for (const value of [...values].reverse()) {
      await target.ok("PutItem", { TableName: binary, Item: { pk: { S: "p" }, sk: value } });
    }
    const { Items } = await target.ok("Query", { ...input(PARTITION), TableName: binary });
    expect(Items).toEqual(values.map((value) => ({ pk: { S: "p" }, sk: value })));
    const prefix = await target.ok("Query", {
      TableName: binary,
      KeyConditionExpression: "pk = :p AND begins_with(sk, :v)",
      ExpressionAttributeValues: { ":p": { S: "p" }, ":v": { B: "/w==" } },
    });
    expect(prefix["Items"]).toEqual(values.slice(6).map((value) => ({ pk: { S: "p" }, sk: value })));

    const numbers = ["-1E+125", "-20", "-3", "-0.5", "0", "1E-130", "0.5", "3", "20", "1E+125"];
    for (const N of numbers)
      await target.ok("PutItem", { TableName: table, Item: { pk: { S: "numbers" }, sk: { N } } });
    const answer = await query("pk = :p", { ExpressionAttributeValues: { ":p": { S: "numbers" } } });
    const found = (answer["Items"] as { sk: { N: string } }[]).map((item) => Number(item.sk.N));
    expect(found).toEqual(numbers.map(Number));
  });
});

describe("filters", () => {
  test("are applied after reading: Count and ScannedCount differ", async () => {
    const filter = { FilterExpression: "even = :t" };
    const Items = ITEMS.filter((_, at) => at % 2 === 1);
    expect(await query(PARTITION, filter)).toEqual({ Items, Count: 5, ScannedCount: 10 });
    expect(await query("pk = :p AND sk > :five", filter)).toEqual({
      Items: Items.slice(2),
      Count: 3,
      ScannedCount: 5,
    });
  });

  test("leave the keys to the key condition, wherever they are mentioned", async () => {
    const refused = (name: string) =>
      validation(
        `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${name}`,
      );
    expect(await refusal(PARTITION, { FilterExpression: "pk = :s" })).toEqual(refused("pk"));
    expect(await refusal(PARTITION, { FilterExpression: "sk > :two" })).toEqual(refused("sk"));
    expect(await refusal(PARTITION, { FilterExpression: "even = :t AND size(sk) > :two" })).toEqual(
      refused("sk"),
    );
    expect(await refusal(PARTITION, { FilterExpression: "attribute_exists(pk)" })).toEqual(refused("pk"));
  });

  test("QueryFilter, its operators and ConditionalOperator", async () => {
    const QueryFilter = {
      even: { ComparisonOperator: "NOT_NULL" },
      name: { ComparisonOperator: "CONTAINS", AttributeValueList: [{ S: "1" }] },
    };
    const legacy = (more: JsonObject) =>
      target.ok("Query", {
        TableName: table,
        KeyConditions: { pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] } },
        ...more,
      });
    expect(await legacy({ QueryFilter })).toEqual({ Items: sk(10, 10), Count: 1, ScannedCount: 10 });
    const either = await legacy({ QueryFilter, ConditionalOperator: "OR" });
    expect(either["Count"]).toBe(6);
    expect((await legacy({ QueryFilter: {} }))["Count"]).toBe(10);
  });

  test("QueryFilter does not take keys either", async () => {
    const QueryFilter = { sk: { ComparisonOperator: "GT", AttributeValueList: [{ N: "1" }] } };
    const KeyConditions = { pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] } };
    expect(await target.refusal("Query", { TableName: table, KeyConditions, QueryFilter })).toEqual(
      validation("QueryFilter can only contain non-primary key attributes: Primary key attribute: sk"),
    );
  });
});

describe("KeyConditions", () => {
  const operator = (ComparisonOperator: string, ...AttributeValueList: JsonObject[]) => ({
    ComparisonOperator,
    AttributeValueList,
  });
  const pk = operator("EQ", { S: "p" });
  const N = (value: number) => ({ N: String(value) });

  test.each([
    [operator("EQ", N(5)), 5, 5],
    [operator("LT", N(5)), 1, 4],
    [operator("LE", N(5)), 1, 5],
    [operator("GT", N(5)), 6, 10],
    [operator("GE", N(5)), 5, 10],
    [operator("BETWEEN", N(2), N(5)), 2, 5],
  ])("%j", async (condition, from, to) => {
    const { Items } = await target.ok("Query", { TableName: table, KeyConditions: { pk, sk: condition } });
    expect(Items).toEqual(sk(from, to));
  });

  test("BEGINS_WITH, and beside a projection and a filter expression", async () => {
    const KeyConditions = { pk, sk: operator("BEGINS_WITH", { S: "a" }) };
    const { Items } = await target.ok("Query", {
      TableName: strings,
      KeyConditions,
      FilterExpression: "attribute_not_exists(x)",
      ProjectionExpression: "sk",
    });
    expect(Items).toEqual(["a", "a\u0000", "a!", "ab"].map((word) => ({ sk: { S: word } })));
  });

  test.each([
    [{}, validation("Conditions can be of length 1 or 2 only")],
    [{ pk, sk: operator("EQ", N(1)), x: pk }, validation("Conditions can be of length 1 or 2 only")],
    [{ pk: operator("GT", { S: "p" }) }, validation("Query key condition not supported")],
    [
      { pk, sk: operator("NE", N(1)) },
      validation("Attempted conditional constraint is not an indexable operation"),
    ],
    [
      { pk, sk: operator("IN", N(1)) },
      validation("Attempted conditional constraint is not an indexable operation"),
    ],
    [
      { pk, sk: operator("CONTAINS", N(1)) },
      validation("Attempted conditional constraint is not an indexable operation"),
    ],
    [{ pk, sk: operator("EQ", { S: "x" }) }, invalid("Condition parameter type does not match schema type")],
    [{ sk: operator("EQ", N(1)) }, validation("Query condition missed key schema element: pk")],
    [{ pk: operator("EQ") }, invalid("Invalid number of argument(s) for the EQ ComparisonOperator")],
    [
      { pk, sk: operator("BETWEEN", N(1)) },
      invalid("Invalid number of argument(s) for the BETWEEN ComparisonOperator"),
    ],
    [
      { pk, sk: operator("LT", { SS: ["a"] }) },
      invalid("ComparisonOperator LT is not valid for SS AttributeValue type"),
    ],
    [
      { pk, sk: operator("BETWEEN", N(2), N(1)) },
      validation(
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
      ),
    ],
    [
      { pk, sk: operator("BETWEEN", N(2), { S: "1" }) },
      invalid("AttributeValues inside AttributeValueList must be of same type"),
    ],
    [
      { pk: { AttributeValueList: [{ S: "p" }] } },
      violated(null, "keyConditions.pk.member.comparisonOperator", "Member must not be null"),
    ],
  ])("%j", async (KeyConditions, expected) => {
    expect(await target.refusal("Query", { TableName: table, KeyConditions })).toEqual(expected);
  });
});

describe("what is returned", () => {
  test("ProjectionExpression, AttributesToGet, SPECIFIC_ATTRIBUTES", async () => {
    const projected = sk(1, 2).map(({ name = null }) => ({ name }));
    const two = { Limit: 2, ExpressionAttributeNames: { "#n": "name" }, ProjectionExpression: "#n" };
    expect((await query(PARTITION, two))["Items"]).toEqual(projected);
    expect((await query(PARTITION, { ...two, Select: "SPECIFIC_ATTRIBUTES" }))["Items"]).toEqual(projected);
    const nothing = await query(PARTITION, { Limit: 2, ProjectionExpression: "gone" });
    expect(nothing).toMatchObject({ Items: [{}, {}], Count: 2 });
    expect(nothing["LastEvaluatedKey"]).toEqual({ pk: { S: "p" }, sk: { N: "2" } });
    const { Items } = await target.ok("Query", {
      TableName: table,
      KeyConditions: { pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] } },
      AttributesToGet: ["name", "gone"],
      Limit: 2,
    });
    expect(Items).toEqual(projected);
  });

  test("COUNT: no items", async () => {
    expect(await query(PARTITION, { Select: "COUNT" })).toEqual({ Count: 10, ScannedCount: 10 });
    expect(await query(PARTITION, { Select: "COUNT", FilterExpression: "even = :t" })).toEqual({
      Count: 5,
      ScannedCount: 10,
    });
  });

  test("ALL_ATTRIBUTES, and consistently", async () => {
    const Items = [...ITEMS];
    expect((await query(PARTITION, { Select: "ALL_ATTRIBUTES" }))["Items"]).toEqual(Items);
    expect((await query(PARTITION, { ConsistentRead: true }))["Items"]).toEqual(Items);
  });

  const specific =
    "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES";
  const projection = { ProjectionExpression: "sk" };
  test.each([
    [{ Select: "SPECIFIC_ATTRIBUTES" }, enveloped(specific)],
    [
      { Select: "ALL_PROJECTED_ATTRIBUTES" },
      enveloped("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"),
    ],
    [
      { ...projection, Select: "ALL_ATTRIBUTES" },
      enveloped("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES"),
    ],
    [
      { ...projection, Select: "ALL_PROJECTED_ATTRIBUTES" },
      enveloped("Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES"),
    ],
    [
      { ...projection, Select: "COUNT" },
      enveloped("Cannot specify the ProjectionExpression when choosing to get only the Count"),
    ],
    [
      { Limit: 0 },
      enveloped(
        "Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
      ),
    ],
    [
      { Select: "count" },
      violated(
        "count",
        "select",
        "Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
      ),
    ],
    [{ IndexName: "wrong_name" }, validation("The table does not have the specified index: wrong_name")],
    [
      { AttributesToGet: ["sk"] },
      validation(
        "Can not use both expression and non-expression parameters in the same request: " +
          "Non-expression parameters: {AttributesToGet} Expression parameters: {KeyConditionExpression}",
      ),
    ],
    [
      { ProjectionExpression: "pk.x" },
      validation(
        "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
      ),
    ],
  ])("%j", async (more: JsonObject, expected) => {
    expect(await refusal(PARTITION, more)).toEqual(expected);
  });

  test("AttributesToGet with another Select", async () => {
    const KeyConditions = { pk: { ComparisonOperator: "EQ", AttributeValueList: [{ S: "p" }] } };
    const legacy = (more: JsonObject) =>
      target.refusal("Query", { TableName: table, KeyConditions, ...more });
    expect(await legacy({ AttributesToGet: ["sk"], Select: "COUNT" })).toEqual(
      enveloped("Cannot specify the AttributesToGet when choosing to get only the Count"),
    );
    expect(await legacy({ AttributesToGet: ["sk", "sk"] })).toEqual(
      invalid("Duplicate value in attribute name: sk"),
    );
    expect(await legacy({ AttributesToGet: [] })).toEqual(
      violated("[]", "attributesToGet", "Member must have length greater than or equal to 1"),
    );
  });

  test("several bad enums in one message", async () => {
    const { message } = await refusal(PARTITION, { ReturnConsumedCapacity: "x", Select: "y" });
    expect(message).toContain(
      violation("x", "returnConsumedCapacity", "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]"),
    );
  });
});

describe("capacity", () => {
  const capacityOf = async (condition: string, more: JsonObject = {}) =>
    (await query(condition, { ReturnConsumedCapacity: "TOTAL", ...more }))["ConsumedCapacity"];
  const units = (CapacityUnits: number) => ({ TableName: table, CapacityUnits });

  beforeAll(async () => {
    for (let at = 0; at < 5; at += 1) {
      const Item = { pk: { S: "big" }, sk: { N: String(at) }, data: { S: "x".repeat(3_000) } };
      await target.ok("PutItem", { TableName: table, Item });
    }
  });
  const big = { ExpressionAttributeValues: { ":p": { S: "big" } } };

  test("the sizes of all evaluated items together, rounded up once; half of it without consistency", async () => {
    expect(await capacityOf(PARTITION, big)).toEqual(units(2));
    expect(await capacityOf(PARTITION, { ...big, ConsistentRead: true })).toEqual(units(4));
    expect(await capacityOf(PARTITION, { ...big, Limit: 1 })).toEqual(units(0.5));
    expect(await capacityOf(PARTITION, { ...big, Limit: 2 })).toEqual(units(1));
  });

  test("neither filter nor projection nor counting makes it cheaper", async () => {
    expect(await capacityOf(PARTITION, { ...big, FilterExpression: "attribute_exists(x)" })).toEqual(
      units(2),
    );
    expect(await capacityOf(PARTITION, { ...big, ProjectionExpression: "sk" })).toEqual(units(2));
    expect(await capacityOf(PARTITION, { ...big, Select: "COUNT" })).toEqual(units(2));
  });

  test("nothing read costs the least there is", async () => {
    const nobody = { ExpressionAttributeValues: { ":p": { S: "nobody" } } };
    expect(await capacityOf(PARTITION, nobody)).toEqual(units(0.5));
    expect(await capacityOf(PARTITION, { ...nobody, ConsistentRead: true })).toEqual(units(1));
  });

  test("INDEXES tells the table's part; NONE tells nothing", async () => {
    expect(await capacityOf(PARTITION, { ...big, ReturnConsumedCapacity: "INDEXES" })).toEqual({
      ...units(2),
      Table: { CapacityUnits: 2 },
    });
    expect(await capacityOf(PARTITION, { ...big, ReturnConsumedCapacity: "NONE" })).toBeUndefined();
    const answer = await target.call("Query", input(PARTITION, { ...big, ReturnConsumedCapacity: "TOTAL" }));
    expect(answer.text).toContain('"CapacityUnits":2.0');
  });
});
