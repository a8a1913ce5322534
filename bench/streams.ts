/**
 * What streams cost and how quick they are: `node scripts/run.mjs bench/streams.ts [--rounds 5] [--seconds 2]`.
 *
 * Writes to tables without a stream, with keys only and with both images, side by side; how soon consumers see a write while others are
 * written; how fast one table's stream is replayed from a log that has a hundred tables in it.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { call, type Json } from "../test/support/call.ts";
import { cpuSeconds, type Started, startProcess } from "./support/process.ts";
import { benchItem } from "./support/requests.ts";
import { median, quantile, textTable } from "./support/statistics.ts";
import { ROOT } from "./support/subjects.ts";

const VIEWS = ["none", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"] as const;
const TABLE = "bench";
const CONNECTIONS = 64;
const CONSUMERS = [1, 10, 100];
const POLL_MS = 20;
const WRITE_EVERY_MS = 5;
const REPLAY_TABLES = 100;
const REPLAY_RECORDS = 10_000;

const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

const startServer = (name: string): Promise<Started> =>
  startProcess([
    process.execPath,
    join(ROOT, "src/main.ts"),
    "serve",
    "--port",
    "0",
    "--data-dir",
    join(directory, name),
    "--log-level",
    "warn",
  ]);

type JsonObject = { readonly [name: string]: Json };

async function ok(endpoint: string, operation: string, body: object): Promise<JsonObject> {
  const answer = await call(endpoint, operation, body);
  assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
  return answer.body as JsonObject;
}

/** Creates a table for `benchItem`; returns its stream's ARN. */
async function createTable(endpoint: string, TableName: string, view: string): Promise<string> {
  const names = ["pk", "sk"];
  const { TableDescription } = await ok(endpoint, "CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" })),
    ...(view === "none" ? {} : { StreamSpecification: { StreamEnabled: true, StreamViewType: view } }),
  });
  return String((TableDescription as JsonObject)["LatestStreamArn"]);
}

async function iterator(endpoint: string, StreamArn: string, ShardIteratorType: string): Promise<string> {
  const { StreamDescription } = await ok(endpoint, "DynamoDBStreams_20120810.DescribeStream", { StreamArn });
  const { Shards } = StreamDescription as { readonly Shards: readonly { readonly ShardId: string }[] };
  const body = { StreamArn, ShardId: Shards[0]?.ShardId, ShardIteratorType };
  const answer = await ok(endpoint, "DynamoDBStreams_20120810.GetShardIterator", body);
  return String(answer["ShardIterator"]);
}

/** Puts from many connections at once; the latencies in milliseconds, ascending. */
async function putFor(endpoint: string, seconds: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1000;
  let n = 0;
  const put = async () => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      n += 1;
      await ok(endpoint, "PutItem", { TableName: TABLE, Item: benchItem(n % 4000, n) });
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, put));
  return latencies.sort((a, b) => a - b);
}

/** Writes with and without a stream, in turn, round after round. */
async function writeCost(rounds: number, seconds: number): Promise<string> {
  const servers = await Promise.all(VIEWS.map((view) => startServer(view)));
  const samples = VIEWS.map(() => ({ rate: [] as number[], cpu: [] as number[], p99: [] as number[] }));
  for (const [at, view] of VIEWS.entries()) {
    await createTable(servers[at]?.endpoint ?? "", TABLE, view);
  }
  for (let round = -1; round < rounds; round += 1) {
    for (const [at, server] of servers.entries()) {
      const before = cpuSeconds(server.pid);
      const latencies = await putFor(server.endpoint, seconds);
      // The first round warms up.
      if (round < 0) continue;
      samples[at]?.rate.push(latencies.length / seconds);
      samples[at]?.cpu.push(((cpuSeconds(server.pid) - before) / latencies.length) * 1e6);
      samples[at]?.p99.push(quantile(latencies, 0.99));
    }
  }
  await Promise.all(servers.map((server) => server.stop()));
  const [base] = samples;
  const rows = samples.map(({ rate, cpu, p99 }, at) => [
    VIEWS[at] ?? "",
    median(rate).toFixed(0),
    median(cpu).toFixed(1),
    `${median(cpu.map((value, round) => value / (base?.cpu[round] ?? Number.NaN))).toFixed(2)}x`,
    median(p99).toFixed(2),
  ]);
  return textTable([["stream", "PutItem/s", "CPU us/req", "to none", "p99 ms"], ...rows]);
}

/** From a write's answer to the answer of the GetRecords that has it, consumers polling with a pause, while writes go on. */
async function tailLatency(seconds: number): Promise<string> {
  const server = await startServer("tail");
  const { endpoint } = server;
  const arn = await createTable(endpoint, TABLE, "NEW_IMAGE");
  const rows: string[][] = [];
  for (const consumers of CONSUMERS) {
    const answeredAt = new Map<string, number>();
    const delays: number[] = [];
    const writes: number[] = [];
    let running = true;
    const consume = async () => {
      for (let next = await iterator(endpoint, arn, "LATEST"); running; await Bun.sleep(POLL_MS)) {
        const page = await ok(endpoint, "DynamoDBStreams_20120810.GetRecords", { ShardIterator: next });
        const now = performance.now();
        for (const { dynamodb } of page["Records"] as readonly {
          dynamodb: { Keys: { sk: { S: string } } };
        }[]) {
          const at = answeredAt.get(dynamodb.Keys.sk.S);
          // A record may come before the writer has its answer.
          delays.push(at === undefined ? 0 : now - at);
        }
        next = String(page["NextShardIterator"]);
      }
    };
    const readers = Array.from({ length: consumers }, consume);
    await Bun.sleep(100);
    const end = performance.now() + seconds * 1000;
    for (let n = 0; performance.now() < end; n += 1) {
      const sk = `${consumers}/${n}`;
      const begun = performance.now();
      await ok(endpoint, "PutItem", { TableName: TABLE, Item: { ...benchItem(n, n), sk: { S: sk } } });
      answeredAt.set(sk, performance.now());
      writes.push(performance.now() - begun);
      await Bun.sleep(WRITE_EVERY_MS);
    }
    await Bun.sleep(4 * POLL_MS);
    running = false;
    await Promise.all(readers);
    const at = (values: number[], share: number) =>
      quantile(
        values.toSorted((a, b) => a - b),
        share,
      ).toFixed(1);
    rows.push([String(consumers), at(delays, 0.5), at(delays, 0.99), at(writes, 0.5), at(writes, 0.99)]);
  }
  await server.stop();
  return textTable([["consumers", "seen p50 ms", "p99 ms", "written p50 ms", "p99 ms"], ...rows]);
}

/** One table's stream from its beginning, out of a log with many tables in it. */
async function replay(): Promise<string> {
  const server = await startServer("replay");
  const { endpoint } = server;
  const names = Array.from({ length: REPLAY_TABLES }, (_, at) => `table${at}`);
  const [arn = ""] = await Promise.all(
    names.map((name) => createTable(endpoint, name, "NEW_AND_OLD_IMAGES")),
  );
  for (let n = 0; n < REPLAY_RECORDS; n += 32) {
    const own = Array.from({ length: 32 }, (_, at) => ({
      TableName: "table0",
      Item: benchItem((n + at) % 1000, n + at),
    }));
    const others = own.map(({ Item }, at) => ({
      TableName: names[1 + ((n + at) % (REPLAY_TABLES - 1))],
      Item,
    }));
    await Promise.all([...own, ...others].map((body) => ok(endpoint, "PutItem", body)));
  }
  const rows: string[][] = [];
  for (const round of ["first", "second", "third"]) {
    const begun = performance.now();
    let [bytes, records] = [0, 0];
    for (let next = await iterator(endpoint, arn, "TRIM_HORIZON"); ; ) {
      const answer = await call(endpoint, "DynamoDBStreams_20120810.GetRecords", { ShardIterator: next });
      const page = answer.body as JsonObject;
      const count = (page["Records"] as readonly Json[]).length;
      if (count === 0) break;
      bytes += answer.bytes.length;
      records += count;
      next = String(page["NextShardIterator"]);
    }
    const seconds = (performance.now() - begun) / 1000;
    rows.push([round, String(records), (records / seconds).toFixed(0), (bytes / 1e6 / seconds).toFixed(0)]);
  }
  await server.stop();
  return textTable([["replay", "records", "records/s", "MB/s"], ...rows]);
}

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, seconds: { type: "string", default: "2" } },
});
const seconds = Number(values.seconds);
console.log(
  `Writes of 1 KB, ${CONNECTIONS} connections, fdatasync\n${await writeCost(Number(values.rounds), seconds)}`,
);
console.log(`\nA write is seen, polling every ${POLL_MS} ms\n${await tailLatency(seconds)}`);
console.log(`\nOne table of ${REPLAY_TABLES} from TRIM_HORIZON, both images, over HTTP\n${await replay()}`);
