/** Streams in a store whose past may take little room: the oldest records go early, readers are told, writers never are. */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { inProcess } from "../support/in-process.ts";
import { pkOf, StreamCaller, sequenceNumber } from "../support/in-process-streams.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";

const bytesMax = 64 << 10;

async function openServer(vfs: ReturnType<typeof memoryVfs>, clock: ManualClock) {
  const store = await openStore({
    vfs,
    clock,
    durability: { mode: "off" },
    segmentBytesMax: 8 << 10,
    memtableBytesMax: 32 << 10,
    logFillBytes: 0,
    logLagBytesMax: 16 << 10,
    historyBytesMax: bytesMax,
  });
  const server = await inProcess(store, { clock });
  return { store, server, streams: new StreamCaller(server) };
}

async function settled(isDone: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000 && !isDone(); turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(isDone()).toBe(true);
}

test("beyond the budget the oldest records of a stream go, with the service's refusals, and no write is refused", async () => {
  const clock = new ManualClock();
  const vfs = memoryVfs();
  let { store, server, streams } = await openServer(vfs, clock);
  const arn = await streams.createTable("Busy", "NEW_AND_OLD_IMAGES");
  const quiet = await streams.createTable("Quiet", "NEW_IMAGE");
  const [shard] = (await streams.describe(arn)).Shards;
  assert(shard !== undefined);
  const early = await streams.iterator(arn, shard.ShardId, "TRIM_HORIZON");
  await streams.put("Quiet", "first");
  await streams.put("Busy", "first");
  const first = (await streams.page(early)).Records[0];
  assert(first !== undefined);
  // Archives compress: what fills the log must not.
  const random = seededRandom(7);
  const filler = () => Array.from({ length: 60 }, () => random().toString(36).slice(2)).join("");
  for (let n = 0; n < 600; n++) {
    const Item = { pk: { S: `item-${n}` }, filler: { S: filler() } };
    await streams.ok("PutItem", { TableName: "Busy", Item });
    clock.advance(10);
  }
  await settled(() => store.counters().historyBytes <= bytesMax);
  expect(store.health().history?.recordsGivenUp).toBeGreaterThan(0);
  // Which records are gone is looked at once a minute.
  clock.advance(61_000);

  for (const restart of [false, true]) {
    if (restart) {
      await server.catalog.close();
      await store.close();
      ({ store, server, streams } = await openServer(vfs, clock));
    }
    expect(await streams.pageError(early)).toBe("TrimmedDataAccessException");
    const { error } = await server.call("DynamoDBStreams_20120810.GetShardIterator", {
      StreamArn: arn,
      ShardId: shard.ShardId,
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      SequenceNumber: sequenceNumber(first),
    });
    expect(error).toBe("TrimmedDataAccessException");
    const { records } = await streams.drain(await streams.iterator(arn, shard.ShardId, "TRIM_HORIZON"), 50);
    expect(records.length).toBeGreaterThan(20);
    expect(records.length).toBeLessThan(600);
    const numbers = records.map((record) => Number(pkOf(record).slice("item-".length)));
    const from = numbers[0] ?? 0;
    expect(numbers).toEqual(Array.from({ length: 600 - from }, (_, i) => from + i));
    // The other stream lost its only record with the same stretch of log; what comes is there.
    const [other] = (await streams.describe(quiet)).Shards;
    assert(other !== undefined);
    await streams.put("Quiet", `after-${restart}`);
    const rest = await streams.drain(await streams.iterator(quiet, other.ShardId, "TRIM_HORIZON"));
    expect(rest.records.map(pkOf)).toEqual(restart ? ["after-false", "after-true"] : ["after-false"]);
  }
  await server.catalog.close();
  await store.close();
});
