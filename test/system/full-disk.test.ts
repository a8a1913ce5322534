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

const ROUNDS = Number(process.env["FULL_DISK_ROUNDS"] ?? 1);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
/** The second one is large enough for a ballast of more than 1 MiB, a hundredth of it. */
const DISK_BYTES = { plain: 64 << 20, withBallast: 160 << 20 };
/** The ballast is laid out some seconds after the start. */
const BALLAST_MS_MAX = 20_000;
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

const healthOf = async (server: TestServer) => {
  const answer = await fetch(`${server.endpoint}/_walnut/health`);
  return (await answer.json()) as { readonly status: string; readonly ballast?: string };
};
const statusOf = async (server: TestServer) => (await healthOf(server)).status;

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
  await until(() => write(server, journal, key(n++), 100), RESUME_MS_MAX, "a write");
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

/** Runs `work` on a server whose data lies on a small disk. */
async function onSmallDisk(
  bytes: number,
  work: (server: TestServer, disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-full-"));
  const disk = await SmallDisk.mount(directory, bytes);
  try {
    const server = await startServer({
      data: join(directory, "data"),
      command: [...disk.command, process.execPath, MAIN],
      flags: ["--memtable-bytes-max", String(1 << 20)],
    });
    try {
      await work(server, disk);
    } finally {
      await server.stop();
    }
  } finally {
    disk.unmount();
    rmSync(directory, { recursive: true, force: true });
  }
}

const newJournal = (): Journal => ({ acknowledged: [], doubtful: new Set() });

async function fillAgainAndAgain(server: TestServer, disk: SmallDisk): Promise<void> {
  const random = seededRandom(SEED);
  const journal = newJournal();
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
  const { acknowledged, doubtful } = journal;
  console.log(`${ROUNDS} rounds: ${acknowledged.length} writes acknowledged, ${doubtful.size} refused`);
}

/** Waits, and says for what in vain. */
async function until(isDone: () => Promise<boolean>, msMax: number, what: string): Promise<void> {
  const sinceMs = performance.now();
  while (!(await isDone())) {
    assert(performance.now() - sinceMs < msMax, `waited in vain for ${msMax} ms: ${what}`);
    await Bun.sleep(50);
  }
}

async function deleteOnFullDisk(server: TestServer, disk: SmallDisk): Promise<void> {
  const journal = newJournal();
  const arn = await createTable(server);
  const schema = { KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }], BillingMode: "PAY_PER_REQUEST" };
  const AttributeDefinitions = [{ AttributeName: "pk", AttributeType: "S" }];
  await server.call("CreateTable", { TableName: "spare", AttributeDefinitions, ...schema });
  for (let n = 0; n < 20; n += 1) await write(server, journal, `before/${n}`, 2_000);
  await until(async () => (await healthOf(server)).ballast === "held", BALLAST_MS_MAX, "a ballast");
  await server.kill9();
  disk.fill();
  await server.restart();
  expect(await healthOf(server)).toMatchObject({ status: "read-only", ballast: "released" });
  expect(await write(server, journal, "refused", 10)).toBe(false);
  await expectAll(server, arn, journal);
  expect((await server.call("DeleteTable", { TableName: "spare" })).status).toBe(200);
  disk.clear();
  await until(() => write(server, journal, `after/${journal.doubtful.size}`, 10), RESUME_MS_MAX, "a write");
  expect((await server.call("ListTables", {})).body).toEqual({ TableNames: [TABLE] });
  await expectAll(server, arn, journal);
}

if (reason === undefined) {
  test(
    `a full disk, ${ROUNDS} times (SEED=${SEED})`,
    () => onSmallDisk(DISK_BYTES.plain, fillAgainAndAgain),
    30_000 + ROUNDS * ROUND_MS_MAX,
  );
  test(
    "with a ballast, a server starts on a full disk, and deletes tables there",
    () => onSmallDisk(DISK_BYTES.withBallast, deleteOnFullDisk),
    BALLAST_MS_MAX + 2 * ROUND_MS_MAX,
  );
} else {
  test.skip(`a full disk: ${reason}`, () => undefined);
}
