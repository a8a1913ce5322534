/** Secondary indexes: what their entries hold, how they are read, what they cost, item collections. Changes of a live table's: global-secondary-index-updates.test.ts. */
import { beforeAll, describe, expect, test } from "bun:test";
import { definitions, element, indexOf } from "./index-tables.ts";
import { enveloped, invalid, type JsonObject, member, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";

const INCLUDE = { ProjectionType: "INCLUDE", NonKeyAttributes: ["x", "sk"] };
const KEYS_ONLY = { ProjectionType: "KEYS_ONLY" };

beforeAll(async () => {
  table = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: definitions("pk:S", "sk:S", "g:S", "n:N"),
      GlobalSecondaryIndexes: [
        indexOf("all", "g", "n"),
        indexOf("include", "g", "n", INCLUDE),
        indexOf("keys", "g", undefined, KEYS_ONLY),
      ],
      LocalSecondaryIndexes: [
        indexOf("local-all", "pk", "n"),
        indexOf("local-include", "pk", "n", INCLUDE),
        indexOf("local-keys", "pk", "n", KEYS_ONLY),
      ],
    },
  });
  for (const Item of ITEMS) await target.ok("PutItem", { TableName: table, Item });
});

/** a to d have both index keys, e only one of them, f none. */
const item = (sk: string, keys: JsonObject): JsonObject => ({
  pk: { S: "p" },
  sk: { S: sk },
  ...keys,
  x: { S: `x of ${sk}` },
  y: { S: `y of ${sk}` },
});
const g = (value: string) => ({ g: { S: value } });
const n = (value: number) => ({ n: { N: String(value) } });
const [A, B, C, D, E, F] = [
  item("a", { ...g("one"), ...n(4) }),
  item("b", { ...g("one"), ...n(3) }),
  item("c", { ...g("two"), ...n(2) }),
  item("d", { ...g("one"), ...n(10) }),
  item("e", g("one")),
  item("f", {}),
];
const ITEMS = [A, B, C, D, E, F];
const pick = (of: JsonObject, ...names: string[]) =>
  Object.fromEntries(Object.entries(of).filter(([name]) => names.includes(name)));

const query = (IndexName: string, more: JsonObject = {}) =>
  target.ok("Query", { TableName: table, IndexName, ...inOne(IndexName), ...more });
const refusal = (IndexName: string, more: JsonObject = {}) =>
  target.refusal("Query", { TableName: table, IndexName, ...inOne(IndexName), ...more });
const inOne = (IndexName: string): JsonObject =>
  IndexName.startsWith("local")
    ? { KeyConditionExpression: "pk = :k", ExpressionAttributeValues: { ":k": { S: "p" } } }
    : { KeyConditionExpression: "g = :k", ExpressionAttributeValues: { ":k": { S: "one" } } };

describe("entries", () => {
  test("hold the keys of index and table and what is projected, in the index's order; sparse", async () => {
    expect((await query("all"))["Items"]).toEqual([B, A, D]);
    expect((await query("include"))["Items"]).toEqual(
      [B, A, D].map((of) => pick(of, "pk", "sk", "g", "n", "x")),
    );
    const keys = (await query("keys"))["Items"] as JsonObject[];
    expect(keys).toHaveLength(4);
    for (const of of [A, B, D, E]) expect(keys).toContainEqual(pick(of, "pk", "sk", "g"));
    expect((await query("local-all"))["Items"]).toEqual([C, B, A, D]);
    expect((await query("local-include"))["Items"]).toEqual(
      [C, B, A, D].map((of) => pick(of, "pk", "sk", "n", "x")),
    );
    expect((await query("local-keys"))["Items"]).toEqual([C, B, A, D].map((of) => pick(of, "pk", "sk", "n")));
  });

  test("scans of an index see what it has", async () => {
    const scan = async (IndexName: string) => {
      const answer = await target.ok("Scan", { TableName: table, IndexName });
      return [answer["Count"], answer["ScannedCount"]];
    };
    expect(await scan("all")).toEqual([4, 4]);
    expect(await scan("keys")).toEqual([5, 5]);
    expect(await scan("local-all")).toEqual([4, 4]);
  });

  test("follow their items", async () => {
    const name = await target.table({
      more: {
        AttributeDefinitions: definitions("pk:S", "g:S", "n:N"),
        GlobalSecondaryIndexes: [indexOf("idx", "g", "n")],
      },
    });
    const read = async () => (await target.ok("Scan", { TableName: name, IndexName: "idx" }))["Items"];
    const put = (more: JsonObject) =>
      target.ok("PutItem", { TableName: name, Item: { pk: { S: "1" }, ...more } });
    const update = (UpdateExpression: string, values: JsonObject = {}) =>
      target.ok("UpdateItem", {
        TableName: name,
        Key: { pk: { S: "1" } },
        UpdateExpression,
        ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
      });
    await put(g("a"));
    expect(await read()).toEqual([]);
    await put({ ...g("a"), ...n(1) });
    expect(await read()).toEqual([{ pk: { S: "1" }, ...g("a"), ...n(1) }]);
    await update("SET n = :n, x = :x", { ":n": { N: "2" }, ":x": { S: "new" } });
    expect(await read()).toEqual([{ pk: { S: "1" }, ...g("a"), ...n(2), x: { S: "new" } }]);
    await update("REMOVE x");
    expect(await read()).toEqual([{ pk: { S: "1" }, ...g("a"), ...n(2) }]);
    await update("REMOVE g");
    expect(await read()).toEqual([]);
    await update("SET g = :g", { ":g": { S: "b" } });
    expect(await read()).toEqual([{ pk: { S: "1" }, ...g("b"), ...n(2) }]);
    await target.ok("DeleteItem", { TableName: name, Key: { pk: { S: "1" } } });
    expect(await read()).toEqual([]);
  });

  test("are counted and measured", async () => {
    const Table = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const figures = (list: string) =>
      Object.fromEntries(
        (Table[list] as JsonObject[]).map((index) => [
          index["IndexName"],
          [index["ItemCount"], index["IndexSizeBytes"]],
        ]),
      );
    // pk 2+1, sk 2+1, g 1+3, n 1+2, x 1+6, y 1+6; numbers have one significant digit.
    const [key, gBytes, nBytes, xBytes] = [6, 4, 3, 7];
    const all = key + gBytes + nBytes + 2 * xBytes;
    expect(Table).toMatchObject({
      ItemCount: 6,
      TableSizeBytes: 6 * (key + 2 * xBytes) + 5 * gBytes + 4 * nBytes,
    });
    expect(figures("GlobalSecondaryIndexes")).toEqual({
      all: [4, 4 * all],
      include: [4, 4 * (all - xBytes)],
      keys: [5, 5 * (key + gBytes)],
    });
    expect(figures("LocalSecondaryIndexes")).toEqual({
      "local-all": [4, 4 * all],
      "local-include": [4, 4 * (key + nBytes + xBytes)],
      "local-keys": [4, 4 * (key + nBytes)],
    });
  });
});

describe("reading", () => {
  test("conditions on the index's sort key, both ways", async () => {
    const above = (KeyConditionExpression: string, more: JsonObject = {}) =>
      query("all", {
        KeyConditionExpression,
        ExpressionAttributeValues: { ":k": { S: "one" }, ":n": { N: "4" } },
        ...more,
      });
    expect((await above("g = :k AND n > :n"))["Items"]).toEqual([D]);
    expect((await above("g = :k AND n >= :n"))["Items"]).toEqual([A, D]);
    expect((await above("g = :k AND n = :n"))["Items"]).toEqual([A]);
    expect((await above("g = :k AND n <= :n", { ScanIndexForward: false }))["Items"]).toEqual([A, B]);
    expect((await above("g = :k AND n < :n"))["Items"]).toEqual([B]);
    expect((await above("g = :k AND n BETWEEN :n AND :n"))["Items"]).toEqual([A]);
  });

  test("filters may look at the table's key, not at the index's", async () => {
    const values = { ":k": { S: "one" }, ":s": { S: "a" } };
    const filtered = await query("all", { FilterExpression: "sk > :s", ExpressionAttributeValues: values });
    expect(filtered).toMatchObject({ Items: [B, D], Count: 2, ScannedCount: 3 });
    expect(await refusal("all", { FilterExpression: "n > :s", ExpressionAttributeValues: values })).toEqual(
      validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: n"),
    );
    expect(
      await refusal("local-all", {
        FilterExpression: "pk > :s",
        ExpressionAttributeValues: { ":k": { S: "p" }, ":s": { S: "a" } },
      }),
    ).toEqual(
      validation("Filter Expression can only contain non-primary key attributes: Primary key attribute: pk"),
    );
  });

  test("pages: LastEvaluatedKey has the keys of both, each attribute once", async () => {
    const first = await query("all", { Limit: 1 });
    expect(first["LastEvaluatedKey"]).toEqual(pick(B, "pk", "sk", "g", "n"));
    const second = await query("all", { Limit: 1, ExclusiveStartKey: first["LastEvaluatedKey"] ?? {} });
    expect(second["Items"]).toEqual([A]);
    const local = await query("local-keys", { Limit: 2 });
    expect(local["LastEvaluatedKey"]).toEqual(pick(B, "pk", "sk", "n"));
    const rest = await query("local-keys", { ExclusiveStartKey: local["LastEvaluatedKey"] ?? {} });
    expect(rest["Items"]).toEqual([A, D].map((of) => pick(of, "pk", "sk", "n")));
    const scanned = await target.ok("Scan", { TableName: table, IndexName: "keys", Limit: 1 });
    expect(Object.keys(member(scanned, "LastEvaluatedKey")).sort()).toEqual(["g", "pk", "sk"]);
  });

  test.each(["g", "n", "pk", "sk"])("a starting key without %s, or with a wrong one", async (name) => {
    const { [name]: _, ...others } = pick(A, "pk", "sk", "g", "n") as Record<string, JsonObject>;
    const start = (ExclusiveStartKey: JsonObject) => refusal("all", { ExclusiveStartKey });
    const invalidKey = validation("The provided starting key is invalid");
    expect(await start(others)).toEqual(invalidKey);
    expect(await start({ ...others, other: { S: "x" } })).toEqual(
      name === "g" || name === "n"
        ? invalidKey
        : validation(
            "The provided starting key is invalid: The provided key element does not match the schema",
          ),
    );
    expect(await start({ ...others, [name]: { BOOL: true } })).toEqual(
      validation(
        name === "g" || name === "n"
          ? "The provided key element does not match the schema"
          : "The provided starting key is invalid: The provided key element does not match the schema",
      ),
    );
  });

  test("many entries with one index key: all of them, page by page", async () => {
    const ties = await target.table({
      more: {
        AttributeDefinitions: definitions("pk:S", "g:S"),
        GlobalSecondaryIndexes: [indexOf("idx", "g")],
      },
    });
    for (let at = 0; at < 20; at += 1) {
      await target.ok("PutItem", { TableName: ties, Item: { pk: { S: `t${at}` }, ...g("same") } });
    }
    for (const ScanIndexForward of [true, false]) {
      const found: string[] = [];
      let from = {};
      for (;;) {
        const page = await target.ok("Query", {
          TableName: ties,
          IndexName: "idx",
          Limit: 3,
          ScanIndexForward,
          KeyConditionExpression: "g = :k",
          ExpressionAttributeValues: { ":k": { S: "same" } },
          ...from,
        });
        found.push(...(page["Items"] as { pk: { S: string } }[]).map((each) => each.pk.S));
        if (page["LastEvaluatedKey"] === undefined) break;
        from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
      }
      expect(found).toHaveLength(20);
      expect(new Set(found).size).toBe(20);
    }
  });

  test("parallel scans of an index", async () => {
    const parts = await Promise.all(
      [0, 1, 2].map((Segment) =>
        target.ok("Scan", { TableName: table, IndexName: "keys", Segment, TotalSegments: 3 }),
      ),
    );
    expect(parts.flatMap((part) => part["Items"] as JsonObject[])).toHaveLength(5);
  });

  test("consistently: local indexes only", async () => {
    expect((await query("local-all", { ConsistentRead: true }))["Items"]).toEqual([C, B, A, D]);
    const refused = validation("Consistent reads are not supported on global secondary indexes");
    expect(await refusal("all", { ConsistentRead: true })).toEqual(refused);
    expect(
      await target.refusal("Scan", { TableName: table, IndexName: "all", ConsistentRead: true }),
    ).toEqual(refused);
  });
});

describe("Select and projections", () => {
  test("of a local index reach back to the table", async () => {
    const whole = [C, B, A, D];
    expect((await query("local-keys", { Select: "ALL_ATTRIBUTES" }))["Items"]).toEqual(whole);
    expect((await query("local-include", { Select: "ALL_ATTRIBUTES" }))["Items"]).toEqual(whole);
    expect((await query("local-keys", { ProjectionExpression: "y, n" }))["Items"]).toEqual(
      whole.map((of) => pick(of, "y", "n")),
    );
    expect((await query("local-keys", { Select: "ALL_PROJECTED_ATTRIBUTES" }))["Items"]).toEqual(
      whole.map((of) => pick(of, "pk", "sk", "n")),
    );
    const scanned = await target.ok("Scan", {
      TableName: table,
      IndexName: "local-keys",
      Select: "ALL_ATTRIBUTES",
    });
    expect(scanned["Items"]).toEqual(whole);
  });

  test("a filter sees the whole item when items are fetched", async () => {
    const answer = await query("local-keys", {
      Select: "ALL_ATTRIBUTES",
      FilterExpression: "y = :y",
      ExpressionAttributeValues: { ":k": { S: "p" }, ":y": { S: "y of a" } },
    });
    expect(answer).toMatchObject({ Items: [A], Count: 1, ScannedCount: 4 });
  });

  test("a filter sees no more of an entry than it holds", async () => {
    const answer = await query("include", {
      FilterExpression: "attribute_exists(y)",
    });
    expect(answer).toMatchObject({ Items: [], Count: 0, ScannedCount: 3 });
  });

  test("of a global index stay within it", async () => {
    expect((await query("all", { Select: "ALL_ATTRIBUTES" }))["Items"]).toEqual([B, A, D]);
    expect((await query("include", { ProjectionExpression: "x, sk" }))["Items"]).toEqual(
      [B, A, D].map((of) => pick(of, "x", "sk")),
    );
    expect(await query("keys", { Select: "COUNT" })).toEqual({ Count: 4, ScannedCount: 4 });
    const refused = (IndexName: string) =>
      invalid(
        `Select type ALL_ATTRIBUTES is not supported for global secondary index ${IndexName} because its projection type is not ALL`,
      );
    expect(await refusal("include", { Select: "ALL_ATTRIBUTES" })).toEqual(refused("include"));
    expect(
      await target.refusal("Scan", { TableName: table, IndexName: "keys", Select: "ALL_ATTRIBUTES" }),
    ).toEqual(refused("keys"));
    expect(await refusal("include", { ProjectionExpression: "x, y" })).toEqual(
      invalid("Global secondary index include does not project [y]"),
    );
    expect(
      await target.refusal("Scan", { TableName: table, IndexName: "keys", AttributesToGet: ["x", "y"] }),
    ).toEqual(invalid("Global secondary index keys does not project [x, y]"));
  });

  test("rules of Select", async () => {
    expect(await refusal("all", { Select: "SPECIFIC_ATTRIBUTES" })).toEqual(
      enveloped(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
      ),
    );
    expect(await refusal("all", { Select: "ALL_PROJECTED_ATTRIBUTES", ProjectionExpression: "x" })).toEqual(
      enveloped("Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES"),
    );
  });
});

describe("several attributes in a key", () => {
  let many = "";
  const entry = (pk: number, [h1, h2, r1, r2]: readonly [string, number, string, number]) => ({
    pk: { S: String(pk) },
    h1: { S: h1 },
    h2: { N: String(h2) },
    r1: { S: r1 },
    r2: { N: String(r2) },
  });
  const ENTRIES = [
    entry(1, ["a", 1, "x", 1]),
    entry(2, ["a", 1, "x", 2]),
    entry(3, ["a", 1, "x", 10]),
    entry(4, ["a", 1, "xy", 0]),
    entry(5, ["a", 1, "y", 5]),
    entry(6, ["a", 2, "x", 1]),
    entry(7, ["a1", 1, "x", 1]),
  ];

  beforeAll(async () => {
    many = await target.table({
      more: {
        AttributeDefinitions: definitions("pk:S", "h1:S", "h2:N", "r1:S", "r2:N"),
        GlobalSecondaryIndexes: [
          {
            IndexName: "many",
            KeySchema: [element("h1"), element("h2"), element("r1", "RANGE"), element("r2", "RANGE")],
            Projection: { ProjectionType: "ALL" },
          },
        ],
      },
    });
    for (const Item of [...ENTRIES].reverse()) await target.ok("PutItem", { TableName: many, Item });
    const { r2: _, ...sparse } = entry(8, ["a", 1, "x", 1]);
    await target.ok("PutItem", { TableName: many, Item: sparse });
  });
  const VALUES = { ":a": { S: "a" }, ":one": { N: "1" }, ":x": { S: "x" }, ":two": { N: "2" } };
  const input = (KeyConditionExpression: string, more: JsonObject = {}): JsonObject => ({
    TableName: many,
    IndexName: "many",
    KeyConditionExpression,
    ExpressionAttributeValues: Object.fromEntries(
      Object.entries(VALUES).filter(([name]) => new RegExp(`${name}\\b`).test(KeyConditionExpression)),
    ),
    ...more,
  });

  const PARTITION = "h1 = :a AND h2 = :one";
  test.each([
    [PARTITION, [1, 2, 3, 4, 5]],
    [`${PARTITION} AND r1 = :x`, [1, 2, 3]],
    [`${PARTITION} AND begins_with(r1, :x)`, [1, 2, 3, 4]],
    [`${PARTITION} AND r1 > :x`, [4, 5]],
    [`r2 = :two AND r1 = :x AND ${PARTITION}`, [2]],
    [`${PARTITION} AND r1 = :x AND r2 >= :two`, [2, 3]],
    [`${PARTITION} AND r1 = :x AND r2 BETWEEN :one AND :two`, [1, 2]],
    ["h1 = :a AND h2 = :two", [6]],
  ] as const)("%s", async (condition, expected) => {
    const pks = (answer: JsonObject) =>
      (answer["Items"] as { pk: { S: string } }[]).map((each) => Number(each.pk.S));
    expect(pks(await target.ok("Query", input(condition)))).toEqual([...expected]);
    expect(pks(await target.ok("Query", input(condition, { ScanIndexForward: false })))).toEqual(
      [...expected].reverse(),
    );
    const first = await target.ok("Query", input(condition, { Limit: 1 }));
    expect(Object.keys(member(first, "LastEvaluatedKey")).sort()).toEqual(["h1", "h2", "pk", "r1", "r2"]);
    const rest = await target.ok(
      "Query",
      input(condition, { ExclusiveStartKey: first["LastEvaluatedKey"] ?? {} }),
    );
    expect(pks(rest)).toEqual(expected.slice(1));
  });

  test.each([
    ["h1 = :a", validation("Query condition missed key schema element: h2")],
    [`${PARTITION} AND r2 = :two`, validation("Query condition missed key schema element: r1")],
    [`${PARTITION} AND r1 > :x AND r2 = :two`, validation("Query key condition not supported")],
    ["h1 = :a AND h2 > :one", validation("Query key condition not supported")],
    [`${PARTITION} AND r1 = :two`, invalid("Condition parameter type does not match schema type")],
  ])("%s is refused", async (condition, expected) => {
    expect(await target.refusal("Query", input(condition))).toEqual(expected);
  });

  test.each(["h1", "h2", "r1", "r2"])("a filter on %s", async (name) => {
    expect(
      await target.refusal("Query", input(PARTITION, { FilterExpression: `attribute_exists(${name})` })),
    ).toEqual(
      validation(
        `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${name}`,
      ),
    );
  });

  test("KeyConditions", async () => {
    const equal = (value: JsonObject) => ({ ComparisonOperator: "EQ", AttributeValueList: [value] });
    const { Count } = await target.ok("Query", {
      TableName: many,
      IndexName: "many",
      KeyConditions: {
        h1: equal({ S: "a" }),
        h2: equal({ N: "1" }),
        r1: equal({ S: "x" }),
        r2: { ComparisonOperator: "LT", AttributeValueList: [{ N: "10" }] },
      },
    });
    expect(Count).toBe(2);
  });
});
