/**
 * Random tables with items of all types go out into files and come back: the new table has the same items, the same entries in its indexes and the same
 * counts, whatever is written to the source meanwhile. An incremental export, laid over the state that it begins with, yields the one that it ends with.
 * `VOLUME` sets the number of rounds, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { BUCKET, makeBucket } from "../conformance/bucket.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { rawItem } from "../values/arbitraries.ts";
import { succeed } from "./table-driver.ts";

const VOLUME = Number(process.env["VOLUME"] ?? 4);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const MINUTE_MS = 60_000;
const KEYS = 60;

type Json = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, Json>>;

const keySchema = (...names: string[]) =>
  names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" }));
const PARAMETERS = {
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: keySchema("pk", "sk"),
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "N" },
    { AttributeName: "g", AttributeType: "B" },
  ],
  GlobalSecondaryIndexes: [
    { IndexName: "by-g", KeySchema: keySchema("g"), Projection: { ProjectionType: "ALL" } },
  ],
};

interface World {
  readonly server: InProcess;
  readonly clock: ManualClock;
  readonly random: () => number;
  readonly directory: ReturnType<typeof makeBucket>;
}

const keyOf = ({ pk, sk }: Item) => ({ pk, sk });
const sorted = (items: Iterable<Item>) =>
  [...items].sort((a, b) => (JSON.stringify(keyOf(a)) < JSON.stringify(keyOf(b)) ? -1 : 1));

async function write(
  { server, random, clock }: World,
  TableName: string,
  { g: _, ...rest }: Item,
): Promise<void> {
  const number = (max: number) => Math.floor(random() * max);
  const key = { pk: { S: `p${number(KEYS / 6)}` }, sk: { N: String(number(6)) } };
  clock.advance(number(50));
  if (random() < 0.3) await succeed(server, "DeleteItem", { TableName, Key: key });
  else {
    const g = random() < 0.6 ? { g: { B: Buffer.from(`g${number(4)}`).toString("base64") } } : {};
    await succeed(server, "PutItem", { TableName, Item: { ...rest, ...g, ...key } });
  }
}

async function scan(server: InProcess, TableName: string, more: Json = {}): Promise<Item[]> {
  const items: Item[] = [];
  for (let from: Json = {}; ; ) {
    const page = await succeed(server, "Scan", { TableName, ...more, ...from });
    items.push(...(page["Items"] as Item[]));
    if (page["LastEvaluatedKey"] === undefined) return sorted(items);
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}

/** Performs an export or import to its end. */
async function perform(
  server: InProcess,
  operation: "ExportTableToPointInTime" | "ImportTable",
  input: Json,
): Promise<Json> {
  const [kind, member] =
    operation === "ImportTable" ? ["Import", "ImportTableDescription"] : ["Export", "ExportDescription"];
  const begun = (await succeed(server, operation, input))[member as string] as Json;
  for (let tries = 0; tries < 5_000; tries += 1) {
    const answer = await succeed(server, `Describe${kind}`, { [`${kind}Arn`]: begun[`${kind}Arn`] });
    const description = answer[member as string] as Json;
    if (description[`${kind}Status`] !== "IN_PROGRESS") {
      expect(description).toMatchObject({ [`${kind}Status`]: "COMPLETED" });
      return description;
    }
    await Bun.sleep(1);
  }
  assert.fail(`${operation} does not end`);
}

async function roundTrip(world: World, TableName: string, expected: readonly Item[], time: number) {
  const { server, directory, random } = world;
  const format = random() < 0.5 ? "ION" : "DYNAMODB_JSON";
  const done = await perform(server, "ExportTableToPointInTime", {
    TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`,
    // A whole second would be taken for all of it.
    ExportTime: time % 1000 === 0 ? (time + 0.4) / 1000 : time / 1000,
    S3Bucket: BUCKET,
    ExportFormat: format,
  });
  const folder = String(done["ExportManifest"]).replace(/\/[^/]*$/, "");
  if (format === "DYNAMODB_JSON") {
    const lines = directory.lines(folder).map(({ Item }) => Item as unknown as Item);
    expect(sorted(lines)).toEqual([...expected]);
  }
  const copy = `Copy-of-${TableName}`;
  await perform(server, "ImportTable", {
    S3BucketSource: { S3Bucket: BUCKET, S3KeyPrefix: `${folder}/data/` },
    InputFormat: format,
    InputCompressionType: "GZIP",
    TableCreationParameters: { ...PARAMETERS, TableName: copy },
  });
  const fresh = `Fresh-${TableName}`;
  await succeed(server, "CreateTable", { ...PARAMETERS, TableName: fresh });
  for (const Item of expected) await succeed(server, "PutItem", { TableName: fresh, Item });
  expect(await scan(server, copy)).toEqual([...expected]);
  const IndexName = "by-g";
  expect(await scan(server, copy, { IndexName })).toEqual(await scan(server, fresh, { IndexName }));
  const countsOf = async (name: string) => {
    const { Table } = await succeed(server, "DescribeTable", { TableName: name });
    const { ItemCount, TableSizeBytes, GlobalSecondaryIndexes } = Table as Json;
    const [{ IndexSizeBytes, ItemCount: entries } = {}] = GlobalSecondaryIndexes as Json[];
    return { ItemCount, TableSizeBytes, IndexSizeBytes, entries };
  };
  expect(await countsOf(copy)).toEqual(await countsOf(fresh));
}

async function incremental(world: World, TableName: string, from: readonly Item[], span: [number, number]) {
  const { server, directory } = world;
  const done = await perform(server, "ExportTableToPointInTime", {
    TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${TableName}`,
    S3Bucket: BUCKET,
    S3Prefix: `changes-of-${TableName}`,
    ExportType: "INCREMENTAL_EXPORT",
    IncrementalExportSpecification: { ExportFromTime: span[0] / 1000, ExportToTime: span[1] / 1000 },
  });
  const state = new Map(from.map((item) => [JSON.stringify(keyOf(item)), item]));
  const lines = directory.lines(`changes-of-${TableName}/AWSDynamoDB`);
  expect(lines).toHaveLength(Number(done["ItemCount"]));
  for (const { Metadata, Keys, OldImage, NewImage } of lines) {
    const key = JSON.stringify(Keys);
    expect(Metadata).toMatchObject({ WriteTimestampMicros: { N: expect.stringMatching(/^\d{16}$/) } });
    expect(state.get(key)).toEqual(OldImage as unknown as Item | undefined);
    if (NewImage === undefined) state.delete(key);
    else state.set(key, NewImage as unknown as Item);
  }
  expect(await scan(server, TableName)).toEqual(sorted(state.values()));
}

async function round(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const store = await openStore({
    vfs: memoryVfs(),
    clock,
    durability: { mode: "off" },
    worker: false,
    segmentBytesMax: 64 << 10,
    memtableBytesMax: 64 << 10,
    historyCheckpointBytes: 16 << 10,
  });
  const directory = makeBucket();
  const server = await inProcess(store, { clock, s3Dir: directory.directory });
  const world = { server, clock, random, directory };
  try {
    const TableName = `Source-${seed}`;
    const rests = fc.sample(rawItem(), { seed, numRuns: 240 }) as unknown as Item[];
    await succeed(server, "CreateTable", { ...PARAMETERS, TableName });
    await succeed(server, "UpdateContinuousBackups", {
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    for (const rest of rests.slice(0, 120)) await write(world, TableName, rest);
    const expected = await scan(server, TableName);
    const time = clock.now();
    clock.advance(1000);
    const from = clock.now();
    for (const rest of rests.slice(120)) await write(world, TableName, rest);
    clock.advance(16 * MINUTE_MS);
    await roundTrip(world, TableName, expected, time);
    await incremental(world, TableName, expected, [from, clock.now()]);
  } finally {
    await server.transfers.close();
    await server.catalog.close();
    await store.close();
    directory.remove();
  }
}

test(
  `tables go out and come back (SEED=${SEED})`,
  async () => {
    for (let at = 0; at < VOLUME; at += 1) await round(SEED + at);
  },
  VOLUME * 20_000 + 20_000,
);
