/**
 * Other people's programs against the real server: the Kinesis Client Library with its adapter for DynamoDB Streams reads the changes of a
 * table, is started again, meets a server that was killed and shards that are closed under its hands. Each change of each item must come
 * once and in order. Not part of `npm test`: it needs Java, Maven and its registry, and says so where they are missing (docs/clients.md).
 */
import assert from "node:assert/strict";
import { createFetch } from "../src/http/app.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { memoryVfs, openStore } from "../storage/index.ts";
import { ChangeHistory } from "../test/clients/change-history.ts";
import { build, type Consumer, type Run, startConsumer } from "../test/clients/kcl.ts";
import { inProcess } from "../test/support/in-process.ts";
import { ManualClock } from "../test/support/manual-clock.ts";
import { sdkClient, startServer } from "../test/support/server.ts";
import { describeStream, streamsClient } from "../test/support/streams.ts";
import { seconds } from "./support/run-command.ts";

const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = 300;
/** The longest that a shard is open, and some time for what closes it. */
const SHARD_MS = (4 * 60 + 2) * 60_000;

/** Run, checkpoint, kill -9 of the server, run again while items are written. */
async function resumes(): Promise<string> {
  const server = await startServer({ flags: ["--stream-shards=4"] });
  const running: Consumer[] = [];
  try {
    const history = await ChangeHistory.begin(() => server.client, SEED);
    await history.write(STEPS);
    const first = startConsumer(server.endpoint, history.streamArn, await history.writeMarkers("end-1-"));
    running.push(first);
    const before = await first.finished;
    history.check(before.records);

    await server.kill9();
    await server.restart();
    const markers = history.nextMarkers("end-2-");
    const second = startConsumer(server.endpoint, history.streamArn, markers);
    running.push(second);
    await history.write(STEPS);
    await history.writeMarkers(markers.prefix);
    const after = await second.finished;
    checkResumed(before, after);
    history.check([...before.records, ...after.records]);
    return `${before.records.length} changes in the first run, ${after.records.length} in the second`;
  } finally {
    for (const consumer of running) consumer.kill();
    await server.stop();
  }
}

/** Nothing that was checkpointed comes again, and each shard goes on where it was left. */
function checkResumed(before: Run, after: Run): void {
  assert(before.checkpoints.size > 1, "several shards have records");
  for (const { shard, record } of after.records) {
    const checkpoint = before.checkpoints.get(shard);
    assert(checkpoint !== undefined, `${shard} was read in the first run`);
    assert(
      BigInt(record.dynamodb.SequenceNumber) > BigInt(checkpoint),
      `${shard} begins after its checkpoint`,
    );
  }
  for (const { shard, from } of after.begun) {
    assert.equal(from, before.checkpoints.get(shard), `${shard} is begun at its checkpoint`);
  }
}

/** Shards are closed while they are read: by a clock that is moved by hand, so that the reader's iterators expire as well. */
async function followsShards(): Promise<string> {
  const clock = new ManualClock(systemClock.now());
  const store = await openStore({ vfs: memoryVfs(), clock, durability: { mode: "off" } });
  const server = await inProcess(store, { clock, streamShards: 2 });
  const health = () => ({ status: "ok", version: "", commit: "", durability: "" }) as const;
  const fetch = createFetch({ wire: server.wire, health });
  const listener = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch });
  const client = sdkClient(listener.url.origin);
  const streams = streamsClient(listener.url.origin);
  let consumer: Consumer | undefined;
  try {
    const history = await ChangeHistory.begin(() => client, SEED + 1);
    await history.write(STEPS);
    const markers = history.nextMarkers("end-");
    consumer = startConsumer(listener.url.origin, history.streamArn, markers);
    await consumer.hasRead(1);
    for (let generation = 0; generation < 2; generation += 1) {
      clock.advance(SHARD_MS);
      await server.catalog.tendStreams();
      await history.write(STEPS);
    }
    await history.writeMarkers(markers.prefix);
    const run = await consumer.finished;
    history.check(run.records);
    const { Shards } = await describeStream(streams, history.streamArn);
    const parents = new Map(Shards.map(({ ShardId, ParentShardId }) => [ShardId ?? "", ParentShardId]));
    assert.equal(parents.size, 6, "two shards, closed twice");
    assert.deepEqual(new Set(run.begun.map(({ shard }) => shard)), new Set(parents.keys()));
    for (const { shard, at } of run.begun) {
      const parent = parents.get(shard);
      if (parent === undefined) continue;
      assert((run.ended.get(parent) ?? at) < at, `${parent} was read to its end before ${shard}`);
    }
    return `${run.records.length} changes in ${parents.size} shards, parents before children`;
  } finally {
    consumer?.kill();
    client.destroy();
    streams.destroy();
    await listener.stop(true);
    await server.catalog.close();
    await store.close();
  }
}

async function main(): Promise<void> {
  const startMs = performance.now();
  const { skipped } = await build();
  if (skipped !== undefined) return console.log(`KCL: skipped, ${skipped}`);
  console.log(`KCL: built (${seconds(startMs)}); SEED=${SEED}`);
  for (const scenario of [resumes, followsShards]) {
    const scenarioMs = performance.now();
    const told = await scenario();
    console.log(`KCL ${scenario.name}: ${told} (${seconds(scenarioMs)})`);
  }
}

await main();
