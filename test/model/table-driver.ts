/** Tables of the model on the real thing: created, changed, read through the whole protocol. */
import assert from "node:assert/strict";
import type { InProcess } from "../support/in-process.ts";
import { attributesOf, type Item, type Key, type KeyQuery, type Source } from "./oracle.ts";

export const TABLE = "Model";

type Body = Readonly<Record<string, unknown>>;

/** The body of an answer that must be a success. */
export async function succeed(server: InProcess, operation: string, input: object): Promise<Body> {
  const answer = await server.call(operation, input);
  assert.equal(answer.status, 200, `${operation} ${JSON.stringify(input)}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const definitionsOf = (keys: readonly Key[]) => {
  const types = new Map(keys.map(({ name, type }) => [name, type]));
  return [...types].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
};

const keySchemaOf = ({ hash, range }: Source) => [
  ...hash.map(({ name }) => ({ AttributeName: name, KeyType: "HASH" })),
  ...range.map(({ name }) => ({ AttributeName: name, KeyType: "RANGE" })),
];

function indexRequest(index: Source) {
  const { projected } = index;
  const Projection =
    projected === undefined
      ? { ProjectionType: "ALL" }
      : projected.length === 0
        ? { ProjectionType: "KEYS_ONLY" }
        : { ProjectionType: "INCLUDE", NonKeyAttributes: projected };
  return { IndexName: index.name, KeySchema: keySchemaOf(index), Projection };
}

export async function createTable(
  server: InProcess,
  table: Source,
  indexes: readonly Source[],
): Promise<void> {
  const of = (kind: Source["kind"]) => indexes.filter((index) => index.kind === kind).map(indexRequest);
  await succeed(server, "CreateTable", {
    TableName: TABLE,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: definitionsOf([table, ...indexes].flatMap(attributesOf)),
    KeySchema: keySchemaOf(table),
    ...(of("local").length === 0 ? {} : { LocalSecondaryIndexes: of("local") }),
    ...(of("global").length === 0 ? {} : { GlobalSecondaryIndexes: of("global") }),
  });
}

export const createIndex = (server: InProcess, index: Source) =>
  succeed(server, "UpdateTable", {
    TableName: TABLE,
    AttributeDefinitions: definitionsOf(attributesOf(index)),
    GlobalSecondaryIndexUpdates: [{ Create: indexRequest(index) }],
  });

export const deleteIndex = (server: InProcess, IndexName: string) =>
  succeed(server, "UpdateTable", {
    TableName: TABLE,
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName } }],
  });

/** What DescribeTable counts for the table ("") and its indexes. */
export interface Figures {
  readonly isActive: boolean;
  readonly items: number;
  readonly bytes: number;
}

export async function describe(server: InProcess): Promise<ReadonlyMap<string, Figures>> {
  const { Table } = (await succeed(server, "DescribeTable", { TableName: TABLE })) as { Table: Body };
  const indexes = ["LocalSecondaryIndexes", "GlobalSecondaryIndexes"].flatMap(
    (list) => (Table[list] ?? []) as readonly Body[],
  );
  const figures = (from: Body, bytes: string): Figures => ({
    isActive: (from["IndexStatus"] ?? "ACTIVE") === "ACTIVE",
    items: Number(from["ItemCount"]),
    bytes: Number(from[bytes]),
  });
  return new Map([
    ["", figures(Table, "TableSizeBytes")],
    ...indexes.map((index) => [String(index["IndexName"]), figures(index, "IndexSizeBytes")] as const),
  ]);
}

export async function untilActive(server: InProcess): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ([...(await describe(server)).values()].some(({ isActive }) => !isActive)) {
    assert(performance.now() < deadline, "an index is never filled");
    await Bun.sleep(0);
  }
}

/** A read: what of a source, in which direction. */
export interface Read {
  readonly source: Source;
  /** undefined: a Scan. */
  readonly query: KeyQuery | undefined;
  readonly forward: boolean;
  readonly consistent: boolean;
}

export interface Answer {
  readonly Items?: readonly Item[];
  readonly Count: number;
  readonly ScannedCount: number;
  readonly LastEvaluatedKey?: Item;
  readonly ConsumedCapacity?: Body;
}

/** Performs a read; `more` are further parameters, their placeholders apart from those of the key condition. */
export async function perform(
  server: InProcess,
  { source, query, forward, consistent }: Read,
  more: Body,
): Promise<Answer> {
  const { names = {}, values = {}, ...rest } = more;
  const input: Record<string, unknown> = {
    TableName: TABLE,
    ...(source.kind === "table" ? {} : { IndexName: source.name }),
    ...(consistent ? { ConsistentRead: true } : {}),
    ReturnConsumedCapacity: "INDEXES",
    ...rest,
  };
  const placeholders = { names: { ...(names as object) }, values: { ...(values as object) } };
  if (query !== undefined) {
    const condition = keyCondition(source, query);
    input["KeyConditionExpression"] = condition.text;
    Object.assign(placeholders.names, condition.names);
    Object.assign(placeholders.values, condition.values);
    if (!forward) input["ScanIndexForward"] = false;
  }
  if (Object.keys(placeholders.names).length > 0) input["ExpressionAttributeNames"] = placeholders.names;
  if (Object.keys(placeholders.values).length > 0) input["ExpressionAttributeValues"] = placeholders.values;
  const body = await succeed(server, query === undefined ? "Scan" : "Query", input);
  return body as unknown as Answer;
}

function keyCondition({ hash, range }: Source, query: KeyQuery) {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const parts: string[] = [];
  const equal = [...query.hash, ...query.equals];
  const keys = [...hash, ...range];
  for (const [at, value] of equal.entries()) {
    names[`#k${at}`] = keys[at]?.name ?? "";
    values[`:k${at}`] = value;
    parts.push(`#k${at} = :k${at}`);
  }
  const { condition } = query;
  if (condition !== undefined) {
    names["#r"] = keys[equal.length]?.name ?? "";
    values[":r"] = condition.value;
    if (condition.operator === "BETWEEN") {
      values[":u"] = condition.upper;
      parts.push("#r BETWEEN :r AND :u");
    } else if (condition.operator === "begins_with") parts.push("begins_with(#r, :r)");
    else parts.push(`#r ${condition.operator} :r`);
  }
  return { text: parts.join(" AND "), names, values };
}
