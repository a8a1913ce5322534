/**
 * A table with a stream under kill -9, round after round on the same data. After each restart the stream holds exactly the committed
 * changes, once, in order: every acknowledged write has its record, no record is of a write nobody sent, transactions are there with all of
 * their records or with none, each item's images form one chain, which ends in the item as it is, and what a consumer had read before
 * the kill is still there. `STREAM_ROUNDS` sets the number of kills, `SEED` the random choices (the timing of a kill is the machine's own).
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { call } from "../support/call.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import {
  describeStream,
  iteratorAt,
  readFrom,
  readStream,
  type StreamRecord,
  streamsClient,
} from "../support/streams.ts";
import { bytesOf, range, s } from "./items.ts";

const ROUNDS = Number(process.env["STREAM_ROUNDS"] ?? 6);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ROUND_MS_MAX = 10_000;
/** Time under load before the kill, in milliseconds. */
const LOAD_MS = { min: 100, max: 400 };
/** No kill before so many writes were acknowledged and records read in its round. */
const ACKNOWLEDGED_MIN = 11;
const SEEN_MIN = 2;
const WAIT_MS = 10;
const WAITS_MAX = 800;
const WRITERS = 8;
const KEYS = 12;
const TABLE = "kill";

/** What the writers know: tokens of writes, each with the keys it went to. */
class Journal {
  readonly attempted = new Map<string, readonly string[]>();
  readonly acknowledged = new Set<string>();
  /** Tokens of items of which a deletion was acknowledged. */
  readonly deleted = new Set<string>();
  unknown = 0;
}

/** The body of a success; undefined when the server did not answer. */
async function send(endpoint: string, operation: string, body: object) {
  const answer = await call(endpoint, operation, body).catch(() => undefined);
  if (answer === undefined) return undefined;
  assert.equal(answer.status, 200, `${operation} was answered ${answer.text}`);
  return answer.body as { readonly Attributes?: { readonly token?: { readonly S: string } } };
}

/** One write of a random kind; whether it was answered. */
async function write(endpoint: string, journal: Journal, token: string, random: () => number) {
  const key = () => `key${Math.floor(random() * KEYS)}`;
  const dice = random();
  const pk = key();
  if (dice < 0.2) {
    const body = await send(endpoint, "DeleteItem", {
      TableName: TABLE,
      Key: { pk: s(pk) },
      ReturnValues: "ALL_OLD",
    });
    const old = body?.Attributes?.token?.S;
    if (old !== undefined) journal.deleted.add(old);
    return body !== undefined;
  }
  const keys = dice < 0.4 ? [...new Set([pk, key(), key()])] : [pk];
  const filler = s("x".repeat(bytesOf(random)));
  const puts = keys.map((each) => ({
    Put: { TableName: TABLE, Item: { pk: s(each), token: s(token), filler } },
  }));
  journal.attempted.set(token, keys);
  const body =
    puts.length > 1
      ? await send(endpoint, "TransactWriteItems", { TransactItems: puts })
      : await send(endpoint, "PutItem", puts[0]?.Put ?? {});
  if (body !== undefined) journal.acknowledged.add(token);
  return body !== undefined;
}

/** Tails all open shards until the server is gone; what it has read, by event id. */
async function consume(endpoint: string, arn: string, seen: Map<string, StreamRecord>): Promise<void> {
  const client = streamsClient(endpoint);
  const { Shards } = await describeStream(client, arn);
  const tail = async (shardId: string | undefined) => {
    for (let next: string | undefined = await iteratorAt(client, arn, shardId, "TRIM_HORIZON"); next; ) {
      const page = await readFrom(client, next);
      for (const record of page.records) seen.set(record.eventID ?? "", record);
      next = page.next;
      await Bun.sleep(5);
    }
  };
  await Promise.all(Shards.map(({ ShardId }) => tail(ShardId).catch(() => undefined)));
  client.destroy();
}

async function loadAndKill(
  server: TestServer,
  journal: Journal,
  arn: string,
  seen: Map<string, StreamRecord>,
  round: number,
  random: () => number,
) {
  const { endpoint } = server;
  const acknowledgedMin = journal.acknowledged.size + ACKNOWLEDGED_MIN;
  const seenMin = seen.size + SEEN_MIN;
  const hasEnough = () => journal.acknowledged.size >= acknowledgedMin && seen.size >= seenMin;
  const writers = range(WRITERS).map(async (writer) => {
    for (let turn = 0; await write(endpoint, journal, `${round}/${writer}/${turn}`, random); turn += 1);
    journal.unknown += 1;
  });
  const killing = async () => {
    await Bun.sleep(LOAD_MS.min + random() * (LOAD_MS.max - LOAD_MS.min));
    // A loaded machine gets the time it needs.
    for (let waits = 0; waits < WAITS_MAX && !hasEnough(); waits += 1) await Bun.sleep(WAIT_MS);
    await server.kill9();
  };
  await Promise.all([...writers, consume(endpoint, arn, seen), killing()]);
}

/** The token of the write that made an image. */
const tokenIn = (image: NonNullable<StreamRecord["dynamodb"]>["NewImage"]) => image?.["token"]?.S;

/** Each item's images form one chain; returns the items at the ends of the chains. */
function replay(records: readonly StreamRecord[]): Map<string, unknown> {
  const items = new Map<string, unknown>();
  for (const { eventName, dynamodb } of records) {
    const pk = dynamodb?.Keys?.["pk"]?.S ?? "";
    assert.deepEqual(dynamodb?.OldImage, items.get(pk), `${pk} did not go on from where it was`);
    const before = items.has(pk);
    assert.equal(
      eventName as string,
      dynamodb?.NewImage === undefined ? "REMOVE" : before ? "MODIFY" : "INSERT",
    );
    if (dynamodb?.NewImage === undefined) items.delete(pk);
    else items.set(pk, dynamodb.NewImage);
  }
  return items;
}

async function verify(
  endpoint: string,
  arn: string,
  journal: Journal,
  seen: ReadonlyMap<string, StreamRecord>,
): Promise<number> {
  const client = streamsClient(endpoint);
  const records = await readStream(client, arn);
  client.destroy();
  const byId = new Map(records.map((record) => [record.eventID ?? "", record]));
  assert.equal(byId.size, records.length, "an event id came twice");
  for (const [id, record] of seen)
    assert.deepEqual(byId.get(id), record, `${id} had been read and has changed`);

  const items = replay(records);
  const { body } = await call(endpoint, "Scan", { TableName: TABLE, ConsistentRead: true });
  const { Items } = body as { readonly Items: readonly { readonly pk: { readonly S: string } }[] };
  assert.deepEqual(new Map(Items.map((item) => [item.pk.S, item as unknown])), items);

  const put = new Map<string, string[]>();
  const removed = new Map<string, number>();
  for (const { dynamodb } of records) {
    const token = tokenIn(dynamodb?.NewImage);
    const pk = dynamodb?.Keys?.["pk"]?.S ?? "";
    if (token !== undefined) put.set(token, [...(put.get(token) ?? []), pk]);
    else {
      const old = tokenIn(dynamodb?.OldImage) ?? "";
      removed.set(`${old} ${pk}`, (removed.get(`${old} ${pk}`) ?? 0) + 1);
    }
  }
  for (const [token, keys] of put) {
    assert.deepEqual(keys.toSorted(), journal.attempted.get(token)?.toSorted(), `${token} is not whole`);
  }
  for (const token of journal.acknowledged)
    assert(put.has(token), `${token} was acknowledged and has no record`);
  for (const times of removed.values()) assert.equal(times, 1, "an item was removed twice");
  const removedTokens = new Set([...removed.keys()].map((name) => name.slice(0, name.indexOf(" "))));
  for (const token of journal.deleted) {
    assert(removedTokens.has(token), `${token}: its deletion was acknowledged and has no record`);
  }
  return records.length;
}

test(
  `a stream survives ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({
      flags: ["--memtable-bytes-max", String(1 << 20), "--stream-shards", "3"],
    });
    try {
      const created = await server.call("CreateTable", {
        TableName: TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      });
      const { TableDescription } = created.body as { TableDescription: { LatestStreamArn: string } };
      const arn = TableDescription.LatestStreamArn;
      await server.call("DescribeTable", { TableName: TABLE });
      const journal = new Journal();
      const seen = new Map<string, StreamRecord>();
      let records = 0;
      for (let round = 1; round <= ROUNDS; round += 1) {
        await loadAndKill(server, journal, arn, seen, round, random);
        await server.restart();
        records = await verify(server.endpoint, arn, journal, seen);
      }
      console.log(
        `${ROUNDS} kills: ${records} records, ${seen.size} read before a kill, ${journal.acknowledged.size} writes ` +
          `acknowledged of ${journal.attempted.size}`,
      );
      expect(journal.acknowledged.size).toBeGreaterThan(10 * ROUNDS);
      expect(seen.size).toBeGreaterThan(ROUNDS);
      expect(journal.unknown).toBe(WRITERS * ROUNDS);
      expect(journal.deleted.size).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  },
  30_000 + ROUNDS * ROUND_MS_MAX,
);
