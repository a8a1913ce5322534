/** Indexes that come, change and go on a live table. */
import { beforeAll, describe, expect, test } from "bun:test";
import { definitions, indexOf } from "./index-tables.ts";
import { invalid, type JsonObject, member, type Target, useTarget, validation } from "./target.ts";

const target = useTarget();

const describeTable = async (name: string) =>
  member(await target.ok("DescribeTable", { TableName: name }), "Table");
const indexesOf = (table: JsonObject) =>
  (table["GlobalSecondaryIndexes"] ?? []) as (JsonObject & { readonly IndexName: string })[];
const indexNamed = (table: JsonObject, name: string) =>
  indexesOf(table).find((index) => index.IndexName === name);

const update = (name: string, change: JsonObject, attributes: readonly string[] = []): JsonObject => ({
  TableName: name,
  ...(attributes.length === 0 ? {} : { AttributeDefinitions: definitions(...attributes) }),
  GlobalSecondaryIndexUpdates: [change],
});
const create = (name: string, index: JsonObject, ...attributes: readonly string[]) =>
  target.ok("UpdateTable", update(name, { Create: index }, attributes));
const drop = (name: string, IndexName: string) =>
  target.ok("UpdateTable", update(name, { Delete: { IndexName } }));

/** Waits until an index is active; returns all states in which it was seen on the way. */
async function untilFilled(name: string, index: string): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const described = indexNamed(await describeTable(name), index);
    seen.add(`${described?.["IndexStatus"]}, backfilling: ${described?.["Backfilling"]}`);
    if (described?.["IndexStatus"] === "ACTIVE") return seen;
  }
  throw new Error(`index ${index} is not filled: ${[...seen].join(", ")}`);
}

async function putMany(to: Target, TableName: string, items: readonly JsonObject[]): Promise<void> {
  for (let at = 0; at < items.length; at += 25) {
    const writes = items.slice(at, at + 25).map((Item) => ({ PutRequest: { Item } }));
    await to.ok("BatchWriteItem", { RequestItems: { [TableName]: writes } });
  }
}

async function scanAll(input: JsonObject): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  let from = {};
  for (;;) {
    const page = await target.ok("Scan", { ...input, ...from });
    items.push(...(page["Items"] as JsonObject[]));
    if (page["LastEvaluatedKey"] === undefined) return items;
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}

/** Items in no matter which order, their attributes neither. */
const asSet = (items: readonly JsonObject[]) =>
  items.map((item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
const group = (at: number) => ({ g: { S: `g${at % 7}` } });

describe("an index that is added", () => {
  const ITEMS = Array.from({ length: 1_000 }, (_, at) => ({
    pk: { S: `item-${at}` },
    n: { N: String(at) },
    ...(at % 3 === 0 ? {} : group(at)),
  }));
  const INDEXED = ITEMS.filter((item) => "g" in item);
  let table = "";
  beforeAll(async () => {
    table = await target.table();
    await putMany(target, table, ITEMS);
  }, 30_000);

  test("is shown as being created, then filled, then active with all items that have its key", async () => {
    const { TableDescription } = await create(table, indexOf("by-group", "g", "n"), "g:S", "n:N");
    expect(TableDescription).toMatchObject({ TableStatus: "UPDATING" });
    expect(indexNamed(TableDescription as JsonObject, "by-group")).toMatchObject({
      IndexStatus: "CREATING",
      Backfilling: false,
    });
    const described = await describeTable(table);
    expect(described["TableStatus"]).toBe("ACTIVE");
    if (indexNamed(described, "by-group")?.["IndexStatus"] !== "ACTIVE") {
      expect(indexNamed(described, "by-group")).toMatchObject({ IndexStatus: "CREATING", Backfilling: true });
    }
    await untilFilled(table, "by-group");
    const index = indexNamed(await describeTable(table), "by-group");
    expect(index).not.toHaveProperty("Backfilling");
    expect(index).toMatchObject({ ItemCount: INDEXED.length });
    expect(asSet(await scanAll({ TableName: table, IndexName: "by-group" }))).toEqual(asSet(INDEXED));
    const { Items } = await target.ok("Query", {
      TableName: table,
      IndexName: "by-group",
      KeyConditionExpression: "g = :g AND n < :n",
      ExpressionAttributeValues: { ":g": { S: "g1" }, ":n": { N: "60" } },
    });
    expect(Items).toEqual([1, 8, 22, 29, 43, 50].map((at) => ITEMS[at] ?? {}));
    expect((await describeTable(table))["AttributeDefinitions"]).toEqual(
      expect.arrayContaining(definitions("pk:S", "g:S", "n:N")),
    );
  }, 60_000);

  test("cannot be read, changed shape or deleted with its table before it is filled", async () => {
    const busy = await target.table();
    await putMany(target, busy, ITEMS);
    // Sent together: the second and those after it meet the index as it is being filled.
    const [created, ...others] = await Promise.all([
      target.call("UpdateTable", update(busy, { Create: indexOf("slow", "g") }, ["g:S"])),
      target.call("Query", {
        TableName: busy,
        IndexName: "slow",
        KeyConditionExpression: "g = :g",
        ExpressionAttributeValues: { ":g": { S: "g1" } },
      }),
      target.call("Scan", { TableName: busy, IndexName: "slow" }),
      target.call("UpdateTable", update(busy, { Create: indexOf("second", "g") }, ["g:S"])),
      target.call("DeleteTable", { TableName: busy }),
    ]);
    expect(created.status).toBe(200);
    const texts = others.map((answer) => answer.text);
    const reading = (text: string) =>
      text.includes("Cannot read from backfilling global secondary index: slow") ||
      text.includes("The table does not have the specified index: slow");
    expect(texts.slice(0, 2).every(reading)).toBe(true);
    expect(texts[2]).toContain(
      "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    );
    expect(texts[3]).toContain("Cannot delete table while indexes are being created, updated, or deleted.");
    await untilFilled(busy, "slow");
  }, 60_000);

  test("leaves out what cannot be indexed, and refuses more of it", async () => {
    const mixed = await target.table();
    const good = { pk: { S: "good" }, g: { S: "x" }, n: { N: "1" } };
    await putMany(target, mixed, [
      good,
      { pk: { S: "wrong type" }, g: { N: "1" }, n: { N: "1" } },
      { pk: { S: "null" }, g: { NULL: true }, n: { N: "1" } },
      { pk: { S: "empty" }, g: { S: "" }, n: { N: "1" } },
      { pk: { S: "too long" }, g: { S: "x".repeat(2049) }, n: { N: "1" } },
      { pk: { S: "no sort key" }, g: { S: "x" } },
    ]);
    await create(mixed, indexOf("strict", "g", "n"), "g:S", "n:N");
    const wrong = { pk: { S: "new" }, g: { BOOL: true } };
    expect(await target.refusal("PutItem", { TableName: mixed, Item: wrong })).toEqual(
      invalid("Type mismatch for Index Key g Expected: S Actual: BOOL IndexName: strict"),
    );
    await untilFilled(mixed, "strict");
    expect(await scanAll({ TableName: mixed, IndexName: "strict" })).toEqual([good]);
    expect(indexNamed(await describeTable(mixed), "strict")).toMatchObject({ ItemCount: 1 });

    // What is there may be changed elsewhere, mended, and deleted.
    const key = { TableName: mixed, Key: { pk: { S: "wrong type" } } };
    await target.ok("UpdateItem", { ...key, UpdateExpression: "SET n = n + n" });
    expect(await scanAll({ TableName: mixed, IndexName: "strict" })).toEqual([good]);
    const mended = { ":g": { S: "mended" } };
    await target.ok("UpdateItem", {
      ...key,
      UpdateExpression: "SET g = :g",
      ExpressionAttributeValues: mended,
    });
    expect(await scanAll({ TableName: mixed, IndexName: "strict" })).toHaveLength(2);
    await target.ok("DeleteItem", key);
    await target.ok("DeleteItem", { TableName: mixed, Key: { pk: { S: "empty" } } });
    expect(await scanAll({ TableName: mixed, IndexName: "strict" })).toEqual([good]);
    expect(indexNamed(await describeTable(mixed), "strict")).toMatchObject({ ItemCount: 1 });
  }, 60_000);

  test("holds its projection only", async () => {
    await create(table, indexOf("keys", "g", undefined, { ProjectionType: "KEYS_ONLY" }), "g:S");
    await untilFilled(table, "keys");
    expect(asSet(await scanAll({ TableName: table, IndexName: "keys" }))).toEqual(
      asSet(INDEXED.map(({ n: _, ...entry }) => entry)),
    );
  }, 60_000);

  test("and writes go on meanwhile: the index ends up as the table is", async () => {
    const live = await target.table();
    await putMany(target, live, ITEMS);
    const created = create(live, indexOf("by-group", "g"), "g:S");
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let at = writer; at < 400; at += 8) {
        const key = { TableName: live, Key: { pk: { S: `item-${(at * 13) % 1_050}` } } };
        if (at % 5 === 0) await target.ok("DeleteItem", key);
        else if (at % 5 === 1) await target.ok("UpdateItem", { ...key, UpdateExpression: "REMOVE g" });
        else {
          const ExpressionAttributeValues = { ":g": { S: `g${at % 11}` } };
          await target.ok("UpdateItem", {
            ...key,
            UpdateExpression: "SET g = :g",
            ExpressionAttributeValues,
          });
        }
      }
    });
    await Promise.all([created, ...writers]);
    await untilFilled(live, "by-group");
    const expected = (await scanAll({ TableName: live })).filter((item) => "g" in item);
    expect(asSet(await scanAll({ TableName: live, IndexName: "by-group" }))).toEqual(asSet(expected));
    const described = await describeTable(live);
    expect(indexNamed(described, "by-group")).toMatchObject({ ItemCount: expected.length });
  }, 60_000);
});

describe("an index that is deleted", () => {
  test("is gone with its definitions, and its name is free", async () => {
    const table = await target.table();
    await putMany(target, table, [{ pk: { S: "1" }, g: { S: "x" }, n: { N: "1" } }]);
    await create(table, indexOf("idx", "g", "n"), "g:S", "n:N");
    await untilFilled(table, "idx");
    const { TableDescription } = await drop(table, "idx");
    expect(TableDescription).toMatchObject({ TableStatus: "UPDATING" });
    expect(indexNamed(TableDescription as JsonObject, "idx")).toMatchObject({ IndexStatus: "DELETING" });
    for (;;) {
      const described = await describeTable(table);
      if (indexesOf(described).length > 0) continue;
      expect(described).not.toHaveProperty("GlobalSecondaryIndexes");
      expect(described["AttributeDefinitions"]).toEqual(definitions("pk:S"));
      break;
    }
    expect(await target.refusal("Scan", { TableName: table, IndexName: "idx" })).toEqual(
      validation("The table does not have the specified index: idx"),
    );
    // Nothing holds g to a type any more.
    await target.ok("PutItem", { TableName: table, Item: { pk: { S: "2" }, g: { N: "2" } } });
    await create(table, indexOf("idx", "g"), "g:N");
    await untilFilled(table, "idx");
    expect(await scanAll({ TableName: table, IndexName: "idx" })).toEqual([
      { pk: { S: "2" }, g: { N: "2" } },
    ]);
  }, 30_000);

  test("while it is filled", async () => {
    const table = await target.table();
    await putMany(
      target,
      table,
      Array.from({ length: 300 }, (_, at) => ({ pk: { S: `${at}` }, ...group(at) })),
    );
    for (let round = 0; round < 3; round += 1) {
      await create(table, indexOf("idx", "g"), "g:S");
      await drop(table, "idx");
    }
    expect(indexesOf(await describeTable(table))).toEqual([]);
    await create(table, indexOf("idx", "g"), "g:S");
    await untilFilled(table, "idx");
    expect(await scanAll({ TableName: table, IndexName: "idx" })).toHaveLength(300);
    await target.ok("DeleteTable", { TableName: table });
  }, 30_000);
});

describe("an index that is updated", () => {
  test("keeps its entries; its throughput is the new one", async () => {
    const table = target.freshName();
    const throughput = (units: number) => ({
      ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
    });
    await target.ok("CreateTable", {
      TableName: table,
      AttributeDefinitions: definitions("pk:S", "g:S"),
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      GlobalSecondaryIndexes: [{ ...indexOf("idx", "g"), ...throughput(1) }],
      ...throughput(1),
    });
    await target.ok("PutItem", { TableName: table, Item: { pk: { S: "1" }, g: { S: "x" } } });
    const { TableDescription } = await target.ok(
      "UpdateTable",
      update(table, { Update: { IndexName: "idx", ...throughput(5) } }),
    );
    expect(indexNamed(TableDescription as JsonObject, "idx")).toMatchObject({ IndexStatus: "UPDATING" });
    expect(indexNamed(await describeTable(table), "idx")).toMatchObject({
      IndexStatus: "ACTIVE",
      ItemCount: 1,
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    expect(await scanAll({ TableName: table, IndexName: "idx" })).toHaveLength(1);
  });
});
