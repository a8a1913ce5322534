/**
 * Iterators at every sequence number of a stream that has been through much: segments of the log rolled and removed, shards closed by time,
 * the store closed and opened. No gap, no duplicate, the right refusal for what is past retention. `STREAM_RECORDS` sets the number of
 * records.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import {
  type IteratorType,
  pkOf,
  type RecordJson,
  StreamCaller,
  sequenceNumber,
} from "../support/in-process-streams.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const RECORDS = Number(process.env["STREAM_RECORDS"] ?? 10_000);
const SHARDS = 2;
const HOURS = 22;
const HOUR = 3_600_000;

/** A server on an engine with tiny files that can be closed and opened again. */
async function restartable(clock: ManualClock) {
  const vfs = memoryVfs();
  const open = async () => {
    const store = await openStore({
      vfs,
      clock,
      durability: { mode: "off" },
      segmentBytesMax: 4096,
      memtableBytesMax: 8192,
      logFillBytes: 0,
    });
    return { store, server: await inProcess(store, { clock, streamShards: SHARDS }) };
  };
  let { store, server } = await open();
  return {
    server: (): InProcess => server,
    reopen: async () => {
      await server.catalog.close();
      await store.close();
      ({ store, server } = await open());
    },
  };
}

/** What a write did, in the words of its record. */
interface Expected {
  readonly event: string;
  readonly pk: string;
  /** Counts the writes. */
  readonly v: string | undefined;
}

const expectedOf = (record: RecordJson): Expected => ({
  event: record.eventName,
  pk: pkOf(record),
  v: record.dynamodb.NewImage?.["v"]?.["N"],
});

test(`every position of ${RECORDS} records (SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const subject = await restartable(clock);
  const caller = () => new StreamCaller(subject.server());
  const arn = await caller().createTable("Table", "NEW_IMAGE");

  const written: Expected[] = [];
  const present = new Set<string>();
  const write = async () => {
    const pk = `pk${Math.floor(random() * 25)}`;
    const v = String(written.length);
    if (present.has(pk) && random() < 0.25) {
      await caller().ok("DeleteItem", { TableName: "Table", Key: { pk: { S: pk } } });
      present.delete(pk);
      written.push({ event: "REMOVE", pk, v: undefined });
      return;
    }
    await caller().ok("PutItem", { TableName: "Table", Item: { pk: { S: pk }, v: { N: v } } });
    written.push({ event: present.has(pk) ? "MODIFY" : "INSERT", pk, v });
    present.add(pk);
  };
  const every = Math.ceil(RECORDS / HOURS);
  while (written.length < RECORDS) {
    await write();
    if (written.length % every === 0) {
      clock.advance(HOUR);
      await subject.server().catalog.tendStreams();
    }
    if (random() < 10 / RECORDS) await subject.reopen();
  }
  await subject.reopen();

  // Shard by shard: lineages, and all records of each lineage in order.
  const { Shards } = await caller().describe(arn);
  expect(Shards.length).toBeGreaterThan(3 * SHARDS);
  const shards: { readonly id: string; readonly records: readonly RecordJson[]; readonly isOpen: boolean }[] =
    [];
  for (const { ShardId } of Shards) {
    const iterator = await caller().iterator(arn, ShardId, "TRIM_HORIZON");
    const { records, next } = await caller().drain(iterator);
    shards.push({ id: ShardId, records, isOpen: next !== undefined });
  }
  const all = shards.flatMap(({ records }) => records);
  expect(all).toHaveLength(RECORDS);
  expect(new Set(all.map(({ eventID }) => eventID)).size).toBe(RECORDS);
  const inOrder = all.toSorted((a, b) => (sequenceNumber(a) < sequenceNumber(b) ? -1 : 1));
  expect(inOrder.map(expectedOf)).toEqual(written);

  const startOf = async (shardId: string, type: IteratorType, record: RecordJson) =>
    await caller().page(await caller().iterator(arn, shardId, type, sequenceNumber(record)), 3);
  for (const { id, records, isOpen } of shards) {
    for (const [at, record] of records.entries()) {
      const from = await startOf(id, "AT_SEQUENCE_NUMBER", record);
      assert.deepEqual(from.Records, records.slice(at, at + 3), `at ${at} of ${id}`);
      const after = await startOf(id, "AFTER_SEQUENCE_NUMBER", record);
      assert.deepEqual(after.Records, records.slice(at + 1, at + 4), `after ${at} of ${id}`);
      assert.equal(from.NextShardIterator === undefined, !isOpen && at + 3 >= records.length);
      assert.equal(after.NextShardIterator === undefined, !isOpen && at + 4 >= records.length);
    }
  }

  // Time goes on: what is older than 24 hours is refused, the rest is where it was.
  for (let round = 0; round < 3; round += 1) {
    clock.advance(8 * HOUR);
    await subject.server().catalog.tendStreams();
    if (round === 1) await subject.reopen();
    const horizon = Math.floor((clock.now() - 24 * HOUR) / 1000);
    const known = new Set((await caller().describe(arn)).Shards.map(({ ShardId }) => ShardId));
    for (const { id, records } of shards) {
      for (const [at, record] of records.entries()) {
        const { error, body } = await subject.server().call("DynamoDBStreams_20120810.GetShardIterator", {
          StreamArn: arn,
          ShardId: id,
          ShardIteratorType: "AT_SEQUENCE_NUMBER",
          SequenceNumber: sequenceNumber(record),
        });
        const isGone = record.dynamodb.ApproximateCreationDateTime <= horizon;
        const refusal = known.has(id) ? "TrimmedDataAccessException" : "ResourceNotFoundException";
        assert.equal(error, isGone ? refusal : undefined, `at ${at} of ${id}, ${round}`);
        if (isGone) continue;
        const page = await caller().page(String(body["ShardIterator"]), 3);
        assert.deepEqual(page.Records, records.slice(at, at + 3));
      }
    }
  }
  expect(await caller().readAll(arn)).toEqual([]);
  await subject.reopen();
  await write();
  const [last] = await caller().readAll(arn);
  assert(last !== undefined, "the stream goes on");
  expect(expectedOf(last)).toEqual(written.at(-1) as Expected);
  expect(sequenceNumber(last) > sequenceNumber(inOrder.at(-1) ?? last)).toBe(true);
}, 120_000);
