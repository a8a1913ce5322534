/**
 * A consumer as the Kinesis client library is one, on the SDK's clients: workers share the shards by leases in a table, find new shards, read
 * parents before children, checkpoint, lose their leases and resume. Shards are closed under their hands by a clock that the test moves,
 * while items are written. Nothing may be missed, and each item's changes must come in order.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import assert from "node:assert/strict";
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import {
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
} from "@aws-sdk/client-dynamodb-streams";
import { createFetch } from "../../src/http/app.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { StreamCaller } from "../support/in-process-streams.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { sdkClient } from "../support/server.ts";
import {
  describeStream,
  iteratorAt,
  type Shard,
  type StreamRecord,
  streamsClient,
} from "../support/streams.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const LEASES = "Leases";
const SHARD_END = "SHARD_END";
const TRIM_HORIZON = "TRIM_HORIZON";
const HOUR = 3_600_000;

const clock = new ManualClock();
let server: InProcess;
let listener: ReturnType<typeof Bun.serve>;
let tables: DynamoDBClient;
let streams: DynamoDBStreamsClient;

beforeAll(async () => {
  server = await inProcess(doubleStore({ clock, seed: SEED, delays: true }), { clock, streamShards: 2 });
  const health = () => ({ status: "ok", version: "", commit: "", durability: "" }) as const;
  const fetch = createFetch({ wire: server.wire, health });
  listener = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  tables = sdkClient(listener.url.href);
  streams = streamsClient(listener.url.href);
});
afterAll(async () => {
  tables.destroy();
  streams.destroy();
  await listener.stop(true);
  await server.catalog.close();
});

/** A shard's lease: who works on it, and how far it is done. */
interface Lease {
  readonly shardId: string;
  readonly parent: string | undefined;
  readonly owner: string;
  readonly checkpoint: string;
}

async function leases(): Promise<Map<string, Lease>> {
  const { Items = [] } = await tables.send(new ScanCommand({ TableName: LEASES, ConsistentRead: true }));
  return new Map(
    Items.map((item) => {
      const text = (name: string) => item[name]?.S;
      const shardId = text("pk") ?? "";
      const lease = {
        shardId,
        parent: text("parent"),
        owner: text("owner") ?? "",
        checkpoint: text("checkpoint") ?? "",
      };
      return [shardId, lease];
    }),
  );
}

/** Makes a lease for a shard that has none. */
async function propose({ ShardId = "", ParentShardId }: Shard): Promise<void> {
  const Item = {
    pk: { S: ShardId },
    owner: { S: "nobody" },
    checkpoint: { S: TRIM_HORIZON },
    ...(ParentShardId === undefined ? {} : { parent: { S: ParentShardId } }),
  };
  await unlessRefused(
    tables.send(
      new PutItemCommand({ TableName: LEASES, Item, ConditionExpression: "attribute_not_exists(pk)" }),
    ),
  );
}

/** Sets an attribute of a lease, if `owner` has it. */
const setLease = (shardId: string, owner: string, attribute: string, value: string): Promise<boolean> =>
  unlessRefused(
    tables.send(
      new UpdateItemCommand({
        TableName: LEASES,
        Key: { pk: { S: shardId } },
        UpdateExpression: "SET #a = :v",
        ConditionExpression: "#o = :o",
        ExpressionAttributeNames: { "#a": attribute, "#o": "owner" },
        ExpressionAttributeValues: { ":v": { S: value }, ":o": { S: owner } },
      }),
    ),
  );

async function unlessRefused(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** One turn of a worker: finds shards, takes a lease of its choice from whoever has it, and works on it for a few pages. */
async function turn(name: string, arn: string, random: () => number, handle: (record: StreamRecord) => void) {
  const known = await leases();
  const { Shards } = await describeStream(streams, arn, 3);
  for (const shard of Shards) if (!known.has(shard.ShardId ?? "")) await propose(shard);
  const ready = [...(await leases()).values()].filter(({ parent, checkpoint }) => {
    const before = parent === undefined ? undefined : known.get(parent);
    return checkpoint !== SHARD_END && (before === undefined || before.checkpoint === SHARD_END);
  });
  const lease = ready[Math.floor(random() * ready.length)];
  if (lease === undefined || !(await setLease(lease.shardId, lease.owner, "owner", name))) return;
  await work(name, arn, lease, random, handle);
}

async function work(
  name: string,
  arn: string,
  { shardId, checkpoint }: Lease,
  random: () => number,
  handle: (record: StreamRecord) => void,
) {
  let iterator: string | undefined =
    checkpoint === TRIM_HORIZON
      ? await iteratorAt(streams, arn, shardId, "TRIM_HORIZON")
      : await iteratorAt(streams, arn, shardId, "AFTER_SEQUENCE_NUMBER", checkpoint);
  for (let page = 0; page < 3; page += 1) {
    const { Records = [], NextShardIterator }: GetRecordsCommandOutput = await streams.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: 5 }),
    );
    for (const record of Records) handle(record);
    // Now and then a worker dies before it has noted what it did.
    if (random() < 0.1) return;
    const last = Records.at(-1)?.dynamodb?.SequenceNumber;
    iterator = NextShardIterator;
    const done = iterator === undefined ? SHARD_END : last;
    if (done !== undefined && !(await setLease(shardId, name, "checkpoint", done))) return;
    if (iterator === undefined) return;
  }
}

test(`workers that share, lose and resume shards (SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const caller = new StreamCaller(server);
  const arn = await caller.createTable("Table", "NEW_IMAGE");
  await caller.ok("CreateTable", {
    TableName: LEASES,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  });

  /** By item, the versions in the order in which they were first seen; a record that comes again must have come before. */
  const versions = new Map<string, number[]>();
  const events = new Set<string>();
  let again = 0;
  const handle = ({ eventID = "", dynamodb }: StreamRecord) => {
    if (events.has(eventID)) {
      again += 1;
      return;
    }
    events.add(eventID);
    const pk = dynamodb?.Keys?.["pk"]?.S ?? "";
    const list = versions.get(pk) ?? [];
    list.push(Number(dynamodb?.NewImage?.["v"]?.N));
    versions.set(pk, list);
  };

  const written = new Map<string, number>();
  const writeSome = async () => {
    for (let count = 0; count < 12; count += 1) {
      const pk = `item${Math.floor(random() * 15)}`;
      const v = (written.get(pk) ?? 0) + 1;
      await caller.ok("PutItem", { TableName: "Table", Item: { pk: { S: pk }, v: { N: `${v}` } } });
      written.set(pk, v);
    }
  };
  const workers = ["a", "b", "c"];
  for (let round = 0; round < 12; round += 1) {
    await Promise.all([writeSome(), ...workers.map((name) => turn(name, arn, random, handle))]);
    clock.advance(HOUR);
    await server.catalog.tendStreams();
  }
  const total = [...written.values()].reduce((sum, count) => sum + count, 0);
  for (let quiet = 0; events.size < total; quiet += 1) {
    assert(quiet < 300, `${total - events.size} of ${total} records do not come`);
    for (const name of workers) await turn(name, arn, random, handle);
  }

  expect(events.size).toBe(total);
  for (const [pk, count] of written) {
    expect(versions.get(pk)).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  }
  const all = await leases();
  expect(all.size).toBeGreaterThanOrEqual(6);
  expect(
    [...all.values()].filter(({ checkpoint }) => checkpoint === SHARD_END).length,
  ).toBeGreaterThanOrEqual(4);
  expect(again).toBeLessThan(total);
}, 60_000);
