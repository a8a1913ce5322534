/**
 * A disk that really is full: a tmpfs of a few megabytes. The server goes read-only with the first write that does not fit, goes on reading
 * and streaming, and takes writes again by itself within seconds of there being space, having lost nothing that it acknowledged.
 * `FULL_DISK_ROUNDS` sets how often, at random moments, `SEED` which.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Answer, call } from "../support/call.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { readStream, streamsClient } from "../support/streams.ts";
import { SmallDisk, smallDiskMissing } from "./small-disk.ts";

const ROUNDS = Number(process.env["FULL_DISK_ROUNDS"] ?? 2);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const DISK_BYTES = 64 << 20;
const ROUND_MS_MAX = 30_000;
/** Writing must be possible again so soon after there is space. */
const RESUME_MS_MAX = 5_000;
const TABLE = "full";
const reason = smallDiskMissing();

interface Journal {
  /** Keys in the order in which their writes were acknowledged. */
  readonly acknowledged: string[];
  /** Keys of which the outcome is not known, or was "not written". */
  readonly doubtful: Set<string>;
}

const put = (server: TestServer, pk: string, bytes: number): Promise<Answer> =>
  call(server.endpoint, "PutItem", {
    TableName: TABLE,
    Item: { pk: { S: pk }, filler: { S: pk.repeat(Math.ceil(bytes / pk.length)).slice(0, bytes) } },
  });

const statusOf = async (server: TestServer) => {
  const health = (await (await fetch(`${server.endpoint}/_walnut/health`)).json()) as { status: string };
  return health.status;
};

/** Writes one new item and notes the outcome; whether it was acknowledged. */
async function write(server: TestServer, journal: Journal, pk: string, bytes: number): Promise<boolean> {
  const answer = await put(server, pk, bytes);
  if (answer.status === 200) {
    journal.acknowledged.push(pk);
    return true;
  }
  assert.equal(answer.status, 500, answer.text);
  expect(answer.text).toContain("InternalServerError");
  journal.doubtful.add(pk);
  return false;
}

async function expectItem(server: TestServer, pk: string): Promise<void> {
  const answer = await call(server.endpoint, "GetItem", { TableName: TABLE, Key: { pk: { S: pk } } });
  assert(
    answer.status === 200 && answer.text.includes(`"${pk}"`),
    `${pk} is lost: ${answer.text.slice(0, 200)}`,
  );
}

/** The keys whose insertions the stream tells of, in order. */
async function streamedKeys(server: TestServer, arn: string): Promise<string[]> {
  const client = streamsClient(server.endpoint);
  const records = await readStream(client, arn);
  client.destroy();
  return records.map(({ dynamodb }) => dynamodb?.Keys?.["pk"]?.S ?? "");
}

/** Everything acknowledged is in the table and, once, in the stream, where nothing is that is not in the table. */
async function expectAll(server: TestServer, arn: string, journal: Journal): Promise<void> {
  for (const pk of journal.acknowledged) await expectItem(server, pk);
  const streamed = await streamedKeys(server, arn);
  expect(new Set(streamed).size).toBe(streamed.length);
  const missing = journal.acknowledged.filter((pk) => !streamed.includes(pk));
  expect(missing).toEqual([]);
  const invented = streamed.filter((pk) => !journal.acknowledged.includes(pk) && !journal.doubtful.has(pk));
  expect(invented).toEqual([]);
}

/** Fills the disk, works on it while it is full, empties it, and waits until writes succeed. */
async function fillAndRecover(
  server: TestServer,
  disk: SmallDisk,
  arn: string,
  journal: Journal,
  round: number,
  random: () => number,
): Promise<void> {
  const key = (n: number) => `round${round}/item${n}`;
  let n = 0;
  const before = Math.floor(random() * 150);
  while (n < before) assert(await write(server, journal, key(n++), 3_000), "there is space");
  disk.fill();
  // Zeros lie ahead in the log: some writes still fit.
  while (await write(server, journal, key(n++), 3_000 + random() * 40_000))
    assert(n < 2_000, "the disk is full");
  expect(await statusOf(server)).toBe("read-only");
  for (let i = 0; i < 5; i += 1) expect(await write(server, journal, key(n++), 10)).toBe(false);
  await expectAll(server, arn, journal);
  const scan = await call(server.endpoint, "Scan", { TableName: TABLE, Select: "COUNT" });
  expect(scan.status).toBe(200);
  disk.clear();
  const sinceMs = performance.now();
  while (!(await write(server, journal, key(n++), 100))) {
    assert(
      performance.now() - sinceMs < RESUME_MS_MAX,
      `still ${await statusOf(server)} after ${RESUME_MS_MAX} ms`,
    );
    await Bun.sleep(50);
  }
  expect(await statusOf(server)).toBe("ok");
}

async function createTable(server: TestServer): Promise<string> {
  const answer = await server.call("CreateTable", {
    TableName: TABLE,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  });
  const body = answer.body as { readonly TableDescription?: { readonly LatestStreamArn?: string } };
  const arn = body.TableDescription?.LatestStreamArn;
  assert(arn !== undefined, answer.text);
  return arn;
}

async function run(): Promise<void> {
  const random = seededRandom(SEED);
  const directory = mkdtempSync(join(tmpdir(), "walnut-full-"));
  const disk = await SmallDisk.mount(directory, DISK_BYTES);
  try {
    const server = await startServer({
      data: join(directory, "data"),
      command: [...disk.command, process.execPath, MAIN],
      flags: ["--memtable-bytes-max", String(1 << 20)],
    });
    const journal: Journal = { acknowledged: [], doubtful: new Set() };
    try {
      const arn = await createTable(server);
      for (let round = 1; round <= ROUNDS; round += 1) {
        await fillAndRecover(server, disk, arn, journal, round, random);
        if (random() < 0.5) {
          await server.kill9();
          await server.restart();
        }
      }
      await server.restart();
      await expectAll(server, arn, journal);
      // Stopped while it is full, and started on what that left.
      disk.fill();
      while (
        await write(server, journal, `last/${journal.doubtful.size}/${journal.acknowledged.length}`, 50_000)
      );
      await server.stop();
      disk.clear();
      await server.restart();
      await expectAll(server, arn, journal);
    } finally {
      await server.stop();
    }
    const { acknowledged, doubtful } = journal;
    console.log(`${ROUNDS} rounds: ${acknowledged.length} writes acknowledged, ${doubtful.size} refused`);
  } finally {
    disk.unmount();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (reason === undefined) {
  test(`a full disk, ${ROUNDS} times (SEED=${SEED})`, run, 30_000 + ROUNDS * ROUND_MS_MAX);
} else {
  test.skip(`a full disk: ${reason}`, () => undefined);
}
