/** SELECT on secondary indexes. */
import { beforeAll, describe, expect, test } from "bun:test";
import { definitions, indexOf } from "./index-tables.ts";
import { n, Statements, s } from "./partiql.ts";
import { invalid, type JsonObject, useTarget, validation } from "./target.ts";

const target = useTarget();
const { execute, items, refusal } = new Statements(target);

let table = "";

beforeAll(async () => {
  const some = { ProjectionType: "INCLUDE", NonKeyAttributes: ["kept"] };
  table = await target.table({
    range: "sk:S",
    more: {
      AttributeDefinitions: definitions("pk:S", "sk:S", "gk:S", "gs:N", "lk:N"),
      GlobalSecondaryIndexes: [indexOf("global", "gk", "gs", some), indexOf("all", "gk")],
      LocalSecondaryIndexes: [indexOf("local", "pk", "lk", some)],
    },
  });
  for (let at = 1; at <= 4; at += 1) {
    await target.ok("PutItem", {
      TableName: table,
      Item: {
        pk: s("p"),
        sk: s(`s${at}`),
        gk: s(at % 2 === 0 ? "even" : "odd"),
        gs: n(at),
        lk: n(10 - at),
        kept: n(at * 100),
        lost: n(at),
      },
    });
  }
});

const entry = (at: number) => ({
  pk: s("p"),
  sk: s(`s${at}`),
  gk: s(at % 2 === 0 ? "even" : "odd"),
  gs: n(at),
  kept: n(at * 100),
});
const on = (index: string, rest: string, what = "*") => `SELECT ${what} FROM "${table}"."${index}" ${rest}`;

describe("what is found", () => {
  test("by an index's keys, in the order of its sort key", async () => {
    expect(await items(on("global", "WHERE gk = 'even'"))).toEqual([entry(2), entry(4)]);
    expect(await items(on("global", "WHERE gk = 'even' AND gs > 2"))).toEqual([entry(4)]);
    expect(await items(on("global", "WHERE gk = 'odd' ORDER BY gs DESC", "gs"))).toEqual([
      { gs: n(3) },
      { gs: n(1) },
    ]);
    expect(await items(on("global", "WHERE gk IN ['odd', 'even'] AND gs BETWEEN 2 AND 3", "gs"))).toEqual([
      { gs: n(2) },
      { gs: n(3) },
    ]);
    expect(await items(on("local", "WHERE pk = 'p' AND lk < 8", "sk"))).toEqual([
      { sk: s("s4") },
      { sk: s("s3") },
    ]);
    expect(await items(on("all", "WHERE gk = 'even' AND lost = 4", "lost"))).toEqual([{ lost: n(4) }]);
  });

  test("in a scan, where what is not projected is missing", async () => {
    expect(((await items(on("global", ""))) as unknown[]).length).toBe(4);
    expect(await items(on("global", "WHERE lost = 1"))).toEqual([]);
    expect(((await items(on("global", "WHERE lost IS MISSING"))) as unknown[]).length).toBe(4);
  });

  test("a local index fetches what it lacks from the table, and charges for it", async () => {
    const answer = await execute(on("local", "WHERE pk = 'p' AND lk < 8", "lost"), undefined, {
      ReturnConsumedCapacity: "INDEXES",
    });
    expect(answer).toEqual({
      Items: [{ lost: n(4) }, { lost: n(3) }],
      ConsumedCapacity: {
        TableName: table,
        CapacityUnits: 1.5,
        Table: { CapacityUnits: 1 },
        LocalSecondaryIndexes: { local: { CapacityUnits: 0.5 } },
      },
    });
  });

  test("in pages", async () => {
    const statement = on("global", "WHERE gk = 'even'", "gs");
    const first = await execute(statement, undefined, { Limit: 1 });
    const NextToken = first["NextToken"] as string;
    expect(first["Items"]).toEqual([{ gs: n(2) }]);
    expect(first["LastEvaluatedKey"]).toEqual({ pk: s("p"), sk: s("s2"), gk: s("even"), gs: n(2) });
    expect(await execute(statement, undefined, { NextToken })).toEqual({ Items: [{ gs: n(4) }] });
  });
});

describe("refusals", () => {
  test("an index that there is not, and reads that an index cannot do", async () => {
    expect(await refusal(on("nowhere", ""))).toEqual(
      validation("The table does not have the specified index"),
    );
    const consistent: JsonObject = { ConsistentRead: true };
    expect(await refusal(on("global", ""), undefined, consistent)).toEqual(
      validation("Strongly consistent read is not supported on Global Secondary Indexes"),
    );
    await execute(on("local", "WHERE pk = 'p'"), undefined, consistent);
  });

  test("attributes that are not projected", async () => {
    expect(await refusal(on("global", "WHERE gk = 'odd'", "gs, lost"))).toEqual(
      invalid("Global secondary index global does not project [lost]"),
    );
    const unprojected = (index: string, names: string) =>
      invalid(`Secondary index ${index} does not project one or more filter attributes: [${names}]`);
    expect(
      await refusal(on("global", "WHERE gk = 'odd' AND lost = 1 AND kept = 100 AND NOT (x = 1)")),
    ).toEqual(unprojected("global", "lost, x"));
    expect(await refusal(on("local", "WHERE pk = 'p' AND lost = 1"))).toEqual(unprojected("local", "lost"));
    const branches = "(gk = 'odd' AND x = 1) OR (gk = 'even' AND y = 1) OR gk = 'a'";
    expect(await refusal(on("global", `WHERE ${branches}`))).toEqual(unprojected("global", "y"));
  });

  test("ORDER BY what is a key of the table only", async () => {
    expect(await refusal(on("global", "WHERE gk = 'odd' ORDER BY sk"))).toEqual(
      validation("Attribute sk in ORDER BY clause must be part of the primary key"),
    );
  });
});
