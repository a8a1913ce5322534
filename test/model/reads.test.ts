/**
 * Query and Scan against an oracle: random tables with indexes, random histories (indexes that come and go, crashes), random reads. Items,
 * order, counts, the chain of LastEvaluatedKeys at every Limit, and capacity are compared. `MODEL_RUNS` sets the number of scenarios.
 */
import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { openStore, type Store } from "../../storage/index.ts";
import { CrashVfs } from "../support/crash-vfs.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { seededRandom } from "../support/seeded-random.ts";
import {
  attributesOf,
  compare,
  type Item,
  identityOf,
  type KeyQuery,
  matches,
  Oracle,
  pick,
  type Source,
  same,
  sizeOf,
  sortOrder,
  textOf,
  type Value,
} from "./oracle.ts";
import { type ReadChoice, type Scenario, type Step, scenario } from "./table-arbitraries.ts";
import {
  createIndex,
  createTable,
  deleteIndex,
  describe as describeTable,
  perform,
  type Read,
  TABLE,
  untilActive,
} from "./table-driver.ts";

const RUNS = Number(process.env["MODEL_RUNS"] ?? 25);

/** A server on some store, which can be lost in a crash. */
interface World {
  server: InProcess;
  store: Store;
  /** Goes on with what a power cut leaves; undefined where there is no disk to keep anything. */
  readonly crash: (() => Promise<void>) | undefined;
}

async function close({ server, store }: Pick<World, "server" | "store">): Promise<void> {
  await server.catalog.close();
  await store.close();
}

async function doubleWorld(seed: number, slow: boolean): Promise<World> {
  const store = doubleStore({ seed, delays: slow, conflictRate: slow ? 0.05 : 0 });
  return { store, server: await inProcess(store), crash: undefined };
}

/** The engine on files that lose what was not synced; so small that reads meet memtables and tables on disk. */
async function engineWorld(seed: number): Promise<World> {
  const random = seededRandom(seed);
  const open = (vfs: CrashVfs) =>
    openStore({
      vfs,
      memtableBytesMax: 16 << 10,
      segmentBytesMax: 64 << 10,
      blockBytes: 512,
      logFillBytes: 0,
    });
  let vfs = new CrashVfs();
  const store = await open(vfs);
  const world = {
    store,
    server: await inProcess(store),
    crash: async () => {
      const image = vfs.image("random", random);
      await close(world);
      vfs = image;
      world.store = await open(vfs);
      world.server = await inProcess(world.store);
    },
  };
  return world;
}

/** Does a step to the real table and to the oracle. */
async function take(step: Step, world: World, oracle: Oracle): Promise<void> {
  const write = async (operation: string, input: object, values: readonly (readonly [string, Value])[]) => {
    const refused = values.some(([name, value]) => oracle.refuses(name, value));
    const answer = await world.server.call(operation, { TableName: TABLE, ...input });
    assert.equal(answer.error, refused ? "ValidationException" : undefined, JSON.stringify(answer.body));
    return !refused;
  };
  switch (step.kind) {
    case "put":
      if (await write("PutItem", { Item: step.item }, Object.entries(step.item))) oracle.put(step.item);
      return;
    case "delete":
      await write("DeleteItem", { Key: step.key }, []);
      oracle.delete(step.key);
      return;
    case "set": {
      const { key, name, value } = step;
      const update = {
        UpdateExpression: "SET #n = :v",
        ExpressionAttributeNames: { "#n": name },
        ExpressionAttributeValues: { ":v": value },
      };
      if (await write("UpdateItem", { Key: key, ...update }, [[name, value]])) {
        oracle.put({ ...(oracle.find(key) ?? key), [name]: value });
      }
      return;
    }
    case "remove": {
      const { key, name } = step;
      await write(
        "UpdateItem",
        { Key: key, UpdateExpression: "REMOVE #n", ExpressionAttributeNames: { "#n": name } },
        [],
      );
      const { [name]: _, ...rest } = oracle.find(key) ?? {};
      if (oracle.find(key) !== undefined) oracle.put(rest);
      return;
    }
    case "create index":
      if (oracle.indexes.some((index) => index.name === step.index.name) || oracle.indexes.length >= 6)
        return;
      await untilActive(world.server);
      await createIndex(world.server, step.index);
      oracle.indexes = [...oracle.indexes, step.index];
      return;
    case "delete index": {
      const last = oracle.indexes.findLast((index) => index.kind === "global");
      if (last === undefined) return;
      await deleteIndex(world.server, last.name);
      oracle.indexes = oracle.indexes.filter((index) => index !== last);
      return;
    }
    case "crash":
      await world.crash?.();
  }
}

/** ItemCount and sizes of table and indexes are those of their entries. */
async function compareFigures(server: InProcess, oracle: Oracle): Promise<void> {
  const expected = [oracle.table, ...oracle.indexes].map((source) => {
    const entries = oracle.entries(source);
    const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
    return [source.name, { isActive: true, items: entries.length, bytes }] as const;
  });
  expect(await describeTable(server)).toEqual(new Map(expected));
}

/** The read that a choice comes to, now that the table has its items. */
function readOf(choice: ReadChoice, oracle: Oracle): Read {
  const sources = [oracle.table, ...oracle.indexes];
  const source = sources[choice.source % sources.length] ?? oracle.table;
  const entries = oracle.entries(source);
  const entry = entries[choice.entry % Math.max(1, entries.length)];
  const consistent = choice.consistent && source.kind !== "global";
  if (!choice.isQuery || entry === undefined) return { source, query: undefined, forward: true, consistent };
  return { source, query: queryOf(choice, source, entry), forward: choice.forward, consistent };
}

/** A query that has at least a chance to find `entry`. */
function queryOf(choice: ReadChoice, { hash, range }: Source, entry: Item): KeyQuery {
  const valuesOf = (keys: Source["hash"]) => keys.flatMap(({ name }) => entry[name] ?? []);
  const equals = valuesOf(range.slice(0, choice.equals));
  const next = range[equals.length];
  const { operator } = choice;
  if (next === undefined || operator === undefined || (operator === "begins_with" && next.type === "N")) {
    return { hash: valuesOf(hash), equals, condition: undefined };
  }
  const [one, other] = choice.operands[next.type];
  const condition =
    operator !== "BETWEEN"
      ? { operator, value: one }
      : compare(one, other) <= 0
        ? { operator, value: one, upper: other }
        : { operator, value: other, upper: one };
  return { hash: valuesOf(hash), equals, condition };
}

/** What is wanted of each entry, and whether that makes the read reach back to the table. */
function selectionOf(choice: ReadChoice, { source }: Read, table: Source) {
  const { select } = choice;
  const held = source.projected && [
    ...[...attributesOf(table), ...attributesOf(source)].map((key) => key.name),
    ...source.projected,
  ];
  if (select === undefined || select === "COUNT" || held === undefined) return { select, fetches: false };
  if (source.kind === "local") {
    return { select, fetches: select === "ALL_ATTRIBUTES" || select.some((name) => !held.includes(name)) };
  }
  const names = select === "ALL_ATTRIBUTES" ? [] : select.filter((name) => held.includes(name));
  return { select: names.length === 0 ? undefined : names, fetches: false };
}

/** The filter of a choice as parameters and as a predicate; none where Query would refuse it. */
function filterOf(choice: ReadChoice, { source, query }: Read) {
  const { filter } = choice;
  const isKey = attributesOf(source).some((key) => key.name === filter?.name);
  if (filter === undefined || (query !== undefined && isKey)) return undefined;
  const { kind, name, value } = filter;
  const names = { "#f": name };
  if (kind === "exists") {
    return {
      names,
      values: {},
      text: "attribute_exists(#f)",
      test: (item: Item) => item[name] !== undefined,
    };
  }
  const isAbove = (found: Value | undefined) =>
    found !== undefined && Object.keys(found)[0] === Object.keys(value)[0] && compare(found, value) > 0;
  return {
    names,
    values: { ":f": value },
    text: `#f ${kind} :f`,
    test: (item: Item) => (kind === "=" ? same(item[name], value) : isAbove(item[name])),
  };
}

const unitsOf = (bytes: number, consistent: boolean) =>
  Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5);

/** The whole evaluated list, which the oracle knows up to ties and the order of partitions. */
async function evaluated(server: InProcess, read: Read, oracle: Oracle): Promise<readonly Item[]> {
  const { source, query, forward } = read;
  const { Items = [], LastEvaluatedKey } = await perform(server, read, {});
  expect(LastEvaluatedKey).toBeUndefined();
  const expected = oracle
    .entries(source)
    .filter((entry) => query === undefined || matches(source, query, entry));
  expect(Items.map(textOf).sort()).toEqual(expected.map(textOf).sort());
  const partitionOf = (item: Item) => JSON.stringify(source.hash.map(({ name }) => item[name]));
  const seen = new Set<string>();
  for (const [at, item] of Items.entries()) {
    const before = Items[at - 1];
    if (before !== undefined && partitionOf(before) === partitionOf(item)) {
      const order = sortOrder(source, before, item);
      expect(forward ? order : -order).toBeLessThanOrEqual(0);
    } else {
      expect(seen.has(partitionOf(item))).toBe(false);
      seen.add(partitionOf(item));
    }
  }
  return Items;
}

/** Every chain of pages, from the whole list at once to one entry at a time. */
async function compareRead(server: InProcess, choice: ReadChoice, oracle: Oracle): Promise<void> {
  const { table } = oracle;
  const read = readOf(choice, oracle);
  const { source, consistent } = read;
  const order = await evaluated(server, read, oracle);
  const { select, fetches } = selectionOf(choice, read, table);
  const filter = filterOf(choice, read);
  const parameters = {
    names: { ...filter?.names } as Record<string, string>,
    values: filter?.values ?? {},
    ...(filter === undefined ? {} : { FilterExpression: filter.text }),
    ...(typeof select === "string" ? { Select: select } : {}),
  };
  if (typeof select === "object") {
    for (const [at, name] of select.entries()) parameters.names[`#p${at}`] = name;
    Object.assign(parameters, { ProjectionExpression: select.map((_, at) => `#p${at}`).join(", ") });
  }
  const shown = (entry: Item) => (fetches ? (oracle.find(entry) ?? entry) : entry);
  const keyNames = [...attributesOf(table), ...attributesOf(source)].map((key) => key.name);

  const page = (entries: readonly Item[], isFull: boolean) => {
    const items = entries.map(shown).filter((item) => filter?.test(item) ?? true);
    const last = entries.at(-1);
    const units = unitsOf(
      entries.reduce((sum, entry) => sum + sizeOf(entry), 0),
      consistent,
    );
    const onTable =
      source.kind === "table"
        ? units
        : entries.reduce((sum, entry) => sum + (fetches ? unitsOf(sizeOf(shown(entry)), consistent) : 0), 0);
    const arm = source.kind === "local" ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes";
    return {
      ...(select === "COUNT"
        ? {}
        : { Items: typeof select === "object" ? items.map((item) => pick(item, select)) : items }),
      Count: items.length,
      ScannedCount: entries.length,
      ...(isFull && last !== undefined ? { LastEvaluatedKey: pick(last, keyNames) } : {}),
      ConsumedCapacity: {
        TableName: TABLE,
        CapacityUnits: source.kind === "table" ? units : units + onTable,
        Table: { CapacityUnits: onTable },
        ...(source.kind === "table" ? {} : { [arm]: { [source.name]: { CapacityUnits: units } } }),
      },
    };
  };

  expect((await perform(server, read, parameters)) as object).toEqual(page(order, false));
  for (let limit = 1; limit <= order.length + 1; limit += 1) {
    let from = {};
    for (let at = 0; ; at += limit) {
      const entries = order.slice(at, at + limit);
      const answer = await perform(server, read, { ...parameters, Limit: limit, ...from });
      expect(answer as object).toEqual(page(entries, entries.length === limit));
      if (answer.LastEvaluatedKey === undefined) break;
      from = { ExclusiveStartKey: answer.LastEvaluatedKey };
    }
  }
  if (read.query === undefined) await compareSegments(server, read, order, 1 + (choice.entry % 5));
}

/** The segments of a parallel scan, one after the other, are the whole scan. */
async function compareSegments(
  server: InProcess,
  read: Read,
  order: readonly Item[],
  total: number,
): Promise<void> {
  const found: Item[] = [];
  for (let segment = 0; segment < total; segment += 1) {
    const answer = await perform(server, read, { Segment: segment, TotalSegments: total });
    found.push(...(answer.Items ?? []));
  }
  expect(found).toEqual([...order]);
}

async function play({ table, indexes, steps, reads }: Scenario, world: World): Promise<void> {
  try {
    const oracle = new Oracle(table, indexes);
    await createTable(world.server, table, indexes);
    for (const step of steps) await take(step, world, oracle);
    await untilActive(world.server);
    await compareFigures(world.server, oracle);
    for (const source of oracle.indexes) {
      const entries = oracle.entries(source);
      expect(new Set(entries.map((entry) => identityOf(table, entry))).size).toBe(entries.length);
    }
    for (const choice of reads) await compareRead(world.server, choice, oracle);
  } finally {
    await close(world);
  }
}

describe("Query and Scan are the oracle's", () => {
  const worlds: readonly [string, number, number, (seed: number) => Promise<World>][] = [
    ["on the plain reference", 40, RUNS, (seed) => doubleWorld(seed, false)],
    ["on a slow store that conflicts", 25, Math.ceil(RUNS / 3), (seed) => doubleWorld(seed, true)],
    ["on the engine, over crashes", 60, RUNS, engineWorld],
  ];
  test.each(worlds)(
    "%s",
    async (_, steps, runs, world) => {
      const property = fc.asyncProperty(scenario(steps, 5), fc.nat(), async (one, seed) =>
        play(one, await world(seed)),
      );
      await fc.assert(property, { numRuns: runs, endOnFailure: process.env["SHRINK"] === undefined });
    },
    120_000,
  );
});
