/**
 * A table with indexes is written at random while its past is kept and backups are made of it, over restarts; then restored to random instants, deleted,
 * and restored from its backups. Each restored table must be what the model says the table was, its indexes, counts and sizes of item collections what writing the same items to a new table makes of them, and go away
 * to nothing when its items are deleted one by one.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, openStore, type SpaceId, type Store } from "../../storage/index.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { succeed } from "./table-driver.ts";

const VOLUME = Number(process.env["VOLUME"] ?? 1);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const STEPS = 400;
const RESTORES = 8;
const SOURCE = "Source";

type Json = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;
type State = ReadonlyMap<string, Item>;

const keySchema = (...names: string[]) =>
  names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" }));
const globals = [
  { IndexName: "by-group", KeySchema: keySchema("g", "n"), Projection: { ProjectionType: "ALL" } },
  {
    IndexName: "by-number",
    KeySchema: keySchema("n"),
    Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["filler"] },
  },
];
const locals = [
  { IndexName: "local-n", KeySchema: keySchema("pk", "n"), Projection: { ProjectionType: "KEYS_ONLY" } },
  { IndexName: "local-g", KeySchema: keySchema("pk", "g"), Projection: { ProjectionType: "ALL" } },
];
type Index = (typeof globals)[number] | (typeof locals)[number];
interface Indexes {
  readonly global: readonly Index[];
  readonly local: readonly Index[];
}

const keyOf = (item: Item) => ({ pk: item["pk"], sk: item["sk"] });
const textOf = (item: Item) => JSON.stringify(keyOf(item));

function randomItem(random: () => number, partitions: number): Item {
  const number = (max: number) => Math.floor(random() * max);
  return {
    pk: { S: `partition ${number(partitions)}` },
    sk: { S: `${number(12)}` },
    ...(random() < 0.7 ? { g: { S: `group ${number(4)}` } } : {}),
    ...(random() < 0.7 ? { n: { N: `${number(5)}` } } : {}),
    ...(random() < 0.5 ? { filler: { S: "x".repeat(number(300)) } } : {}),
  };
}

/** One random write, and what becomes of the state. */
async function write(server: InProcess, state: State, random: () => number): Promise<State> {
  const next = new Map(state);
  const item = randomItem(random, 8);
  const dice = random();
  if (dice < 0.5) {
    await succeed(server, "PutItem", { TableName: SOURCE, Item: item });
    next.set(textOf(item), item);
  } else if (dice < 0.75) {
    await succeed(server, "DeleteItem", { TableName: SOURCE, Key: keyOf(item) });
    next.delete(textOf(item));
  } else {
    const others = [item, ...Array.from({ length: 4 }, () => randomItem(random, 8))];
    const writes = new Map(others.map((other) => [textOf(other), { item: other, isPut: random() < 0.6 }]));
    await succeed(server, "TransactWriteItems", {
      TransactItems: [...writes.values()].map(({ item: other, isPut }) =>
        isPut
          ? { Put: { TableName: SOURCE, Item: other } }
          : { Delete: { TableName: SOURCE, Key: keyOf(other) } },
      ),
    });
    for (const [text, { item: other, isPut }] of writes) {
      if (isPut) next.set(text, other);
      else next.delete(text);
    }
  }
  return next;
}

async function scan(server: InProcess, TableName: string, more: Json = {}): Promise<Item[]> {
  const items: Item[] = [];
  for (let from: Json = {}; ; ) {
    const page = await succeed(server, "Scan", { TableName, ...more, ...from });
    items.push(...(page["Items"] as Item[]));
    if (page["LastEvaluatedKey"] === undefined) return items;
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}

const sorted = (items: Iterable<Item>): Item[] => [...items].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));

async function untilActive(server: InProcess, TableName: string): Promise<void> {
  for (let tries = 0; tries < 5_000; tries += 1) {
    const { Table } = await succeed(server, "DescribeTable", { TableName });
    if ((Table as Json)["TableStatus"] === "ACTIVE") return;
    await Bun.sleep(1);
  }
  assert.fail(`${TableName} does not become active`);
}

const create = (server: InProcess, TableName: string, { global, local }: Indexes) =>
  succeed(server, "CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema("pk", "sk"),
    AttributeDefinitions: ["pk", "sk", "g", "n"]
      .filter((name) =>
        [keySchema("pk", "sk"), ...[...global, ...local].map((index) => index.KeySchema)]
          .flat()
          .some(({ AttributeName }) => AttributeName === name),
      )
      .map((AttributeName) => ({ AttributeName, AttributeType: AttributeName === "n" ? "N" : "S" })),
    ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global }),
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local }),
  });

/** What a table keeps, by the names of its parts: keys, counts, and the sizes of its item collections. */
async function partsOf(server: InProcess, store: Store, name: string) {
  const table = server.catalog.find(name);
  assert(table !== undefined, name);
  const rowsOf = async (space: SpaceId) => {
    const snapshot = await store.snapshot([space]);
    try {
      return (await snapshot.range({ space, rowsMax: 1e6, bytesMax: 1e9 })).rows;
    } finally {
      snapshot.close();
    }
  };
  const parts: Record<string, unknown> = {};
  for (const { indexName, spaceId } of [{ indexName: "", spaceId: table.space }, ...table.indexes]) {
    const keys = (await rowsOf(spaceId)).map(({ key }) => key);
    parts[indexName] = { keys, ...store.stats(spaceId) };
  }
  if (table.collections !== undefined) {
    parts["collections"] = (await rowsOf(table.collections)).map(({ key, value }) => [key, [...value]]);
  }
  return parts;
}

/** Indexes to be restored: all, or some, or some under other names. */
function pick(random: () => number): { readonly indexes: Indexes; readonly overrides: Json } {
  const some = (all: readonly Index[]) =>
    all
      .filter(() => random() < 0.6)
      .map((index) => (random() < 0.3 ? { ...index, IndexName: `${index.IndexName}-renamed` } : index));
  const [overridesGlobal, overridesLocal] = [random() < 0.5, random() < 0.5];
  const indexes = {
    global: overridesGlobal ? some(globals) : globals,
    local: overridesLocal ? some(locals) : locals,
  };
  return {
    indexes,
    overrides: {
      ...(overridesGlobal ? { GlobalSecondaryIndexOverride: indexes.global } : {}),
      ...(overridesLocal ? { LocalSecondaryIndexOverride: indexes.local } : {}),
    },
  };
}

interface World {
  readonly seed: number;
  readonly store: Store;
  readonly server: InProcess;
  /** By the instant, what the table was at its end. */
  readonly states: ReadonlyMap<number, State>;
  /** By the ARN of a backup. */
  readonly backups: ReadonlyMap<string, State>;
  readonly state: State;
}

async function backUp(server: InProcess): Promise<string> {
  const request = { TableName: SOURCE, BackupName: "backup" };
  const { BackupDetails } = await succeed(server, "CreateBackup", request);
  return (BackupDetails as { BackupArn: string }).BackupArn;
}

/** A table with a random past. */
async function history(seed: number, random: () => number): Promise<World> {
  const clock = new ManualClock();
  const vfs = memoryVfs();
  const open = async () => {
    const store = await openStore({
      vfs,
      clock,
      durability: { mode: "off" },
      worker: false,
      segmentBytesMax: 64 << 10,
      memtableBytesMax: 64 << 10,
      historyCheckpointBytes: 16 << 10,
    });
    return { store, server: await inProcess(store, { clock }) };
  };
  let { store, server } = await open();
  await create(server, SOURCE, { global: globals, local: locals });
  let state: State = new Map();
  for (let at = 0; at < 30; at += 1) state = await write(server, state, random);
  await succeed(server, "UpdateContinuousBackups", {
    TableName: SOURCE,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  const states = new Map<number, State>([[clock.now(), state]]);
  const backups = new Map<string, State>();
  for (let step = 0; step < STEPS; step += 1) {
    if (random() < 0.8) clock.advance(Math.floor(random() * 50));
    state = await write(server, state, random);
    states.set(clock.now(), state);
    if (step % 120 === 60) backups.set(await backUp(server), state);
    if (step % 150 === 149) {
      await server.catalog.close();
      await store.close();
      ({ store, server } = await open());
    }
  }
  return { seed, store, server, states, backups, state };
}

const toInstant = (instant: number) => ({
  operation: "RestoreTableToPointInTime",
  // A whole second would be taken for all of it.
  from: {
    SourceTableName: SOURCE,
    RestoreDateTime: instant % 1000 === 0 ? (instant + 0.4) / 1000 : instant / 1000,
  },
});

const fromBackup = (BackupArn: string) => ({ operation: "RestoreTableFromBackup", from: { BackupArn } });

let restoreCount = 0;

/** Restores what was `expected` under a new name, and compares. */
async function check(
  { seed, store, server }: World,
  { operation, from }: ReturnType<typeof toInstant | typeof fromBackup>,
  expected: State,
  random: () => number,
): Promise<void> {
  const { indexes, overrides } = pick(random);
  restoreCount += 1;
  const name = `Restored-${restoreCount}`;
  await succeed(server, operation, { ...from, TargetTableName: name, ...overrides });
  await untilActive(server, name);
  expect({ seed, from, items: sorted(await scan(server, name)) }).toEqual({
    seed,
    from,
    items: sorted(expected.values()),
  });
  const fresh = `Fresh-${restoreCount}`;
  await create(server, fresh, indexes);
  for (const item of expected.values()) await succeed(server, "PutItem", { TableName: fresh, Item: item });
  const parts = await partsOf(server, store, fresh);
  expect({ seed, from, parts: await partsOf(server, store, name) }).toEqual({ seed, from, parts });
  for (const { IndexName } of [...indexes.global, ...indexes.local]) {
    expect(sorted(await scan(server, name, { IndexName }))).toEqual(
      sorted(await scan(server, fresh, { IndexName })),
    );
  }
  for (const item of expected.values()) {
    await succeed(server, "DeleteItem", { TableName: name, Key: keyOf(item) });
  }
  for (const [part, content] of Object.entries(await partsOf(server, store, name))) {
    expect([part, content]).toEqual([part, part === "collections" ? [] : { keys: [], rows: 0, bytes: 0 }]);
  }
}

async function round(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const world = await history(seed, random);
  const instants = [...world.states.keys()];
  for (let at = 0; at < RESTORES; at += 1) {
    const instant = instants[Math.floor(random() * instants.length)] ?? 0;
    await check(world, toInstant(instant), world.states.get(instant) ?? new Map(), random);
  }
  await succeed(world.server, "DeleteTable", { TableName: SOURCE });
  for (const [arn, state] of world.backups) await check(world, fromBackup(arn), state, random);
  const { BackupSummaries } = await succeed(world.server, "ListBackups", { BackupType: "SYSTEM" });
  const [left] = BackupSummaries as { BackupArn: string }[];
  await check(world, fromBackup(left?.BackupArn ?? ""), world.state, random);
  await world.server.catalog.close();
  await world.store.close();
}

test(
  `a table restored to any instant is what it was (SEED=${SEED})`,
  async () => {
    for (let at = 0; at < VOLUME; at += 1) await round(SEED + at);
  },
  VOLUME * 20_000 + 20_000,
);
