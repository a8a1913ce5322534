/**
 * The smoke test of `dist/walnut`: alone in an empty directory it must say what it is, serve, keep what it acknowledged
 * through a kill -9, and flush to sorted files (which needs its Worker and the lz4 addon). Run `npm run build` first.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runCaptured, seconds } from "./support/run-command.ts";

const startMs = performance.now();
const home = mkdtempSync(join(tmpdir(), "walnut-smoke-"));
const binary = join(home, "walnut");
const dataDirectory = join(home, "data");
/** Nothing of the developer's environment; the addon is unpacked where it is removed again. */
const env = { PATH: "", HOME: home, BUN_TMPDIR: join(home, "tmp") };
/** Small, so that the rows below fill it several times over. */
const memtableBytesMax = 1 << 20;
const rowCount = 4_000;
const readyMsMax = 20_000;

interface Server {
  readonly endpoint: string;
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

const running = new Set<Bun.Subprocess>();

async function serve(): Promise<Server> {
  const flags = ["--port=0", `--data-dir=${dataDirectory}`, `--memtable-bytes-max=${memtableBytesMax}`];
  const child = Bun.spawn([binary, "serve", ...flags], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const errors = child.stderr.text();
  const timer = setTimeout(() => child.kill("SIGKILL"), readyMsMax);
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let said = "";
  while (!said.includes("Try:")) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the server ended before it was ready:\n${said}${await errors}`);
    said += decoder.decode(value, { stream: true });
  }
  clearTimeout(timer);
  const end = async (signal: "SIGKILL" | "SIGTERM") => {
    child.kill(signal);
    await child.exited;
    running.delete(child);
    return child.exitCode;
  };
  return { endpoint: /http:\/\/[\d.]+:\d+/.exec(said)?.[0] ?? "no endpoint", end };
}

async function call(server: Server, operation: string, input: unknown): Promise<unknown> {
  const credential = "Credential=smoke/20250101/us-east-1/dynamodb/aws4_request";
  const response = await fetch(server.endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.0",
      "X-Amz-Target": `DynamoDB_20120810.${operation}`,
      "X-Amz-Date": "20250101T000000Z",
      Authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`,
    },
    body: JSON.stringify(input),
  });
  const body = await response.text();
  assert.equal(response.status, 200, `${operation} was answered ${response.status}: ${body}`);
  return JSON.parse(body);
}

const row = (n: number) => ({
  pk: { S: `row-${n}` },
  n: { N: String(n) },
  filler: { S: `${n} `.repeat(200) },
});

async function expectRow(server: Server, n: number): Promise<void> {
  const answer = await call(server, "GetItem", { TableName: "smoke", Key: { pk: { S: `row-${n}` } } });
  assert.deepEqual(answer, { Item: row(n) }, `row ${n} is there as it was put`);
}

async function writeRows(server: Server): Promise<void> {
  await call(server, "CreateTable", {
    TableName: "smoke",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  const width = 50;
  for (let first = 0; first < rowCount; first += width) {
    const numbers = Array.from({ length: width }, (_, i) => first + i);
    await Promise.all(numbers.map((n) => call(server, "PutItem", { TableName: "smoke", Item: row(n) })));
  }
}

async function smoke(): Promise<void> {
  cpSync(join(root, "dist", "walnut"), binary);
  mkdirSync(env.BUN_TMPDIR);

  const version = await runCaptured([binary, "--version"], { cwd: home });
  assert.match(version.output, /^walnut \d+\.\d+\.\d+/, "--version tells the version");
  const help = await runCaptured([binary, "--help"], { cwd: home });
  assert.match(help.output, /serve.*--data-dir/s, "--help tells the commands and flags");
  const misused = await runCaptured([binary, "serve", "--no-such-flag"], { cwd: home });
  assert.equal(misused.code, 2, "a flag that does not exist ends with status 2");

  const first = await serve();
  await writeRows(first);
  await expectRow(first, 0);
  await first.end("SIGKILL");
  const files = readdirSync(dataDirectory, { recursive: true }).map(String);
  assert(
    files.some((name) => name.endsWith(".sst")),
    `memtables were flushed to sorted files; there are ${files.join(", ")}`,
  );

  const second = await serve();
  for (const n of [0, 1, rowCount / 2, rowCount - 1]) await expectRow(second, n);
  assert.equal(await second.end("SIGTERM"), 0, "SIGTERM ends the server with status 0");

  const third = await serve();
  for (let n = 0; n < rowCount; n += 37) await expectRow(third, n);
  assert.equal(await third.end("SIGTERM"), 0, "SIGTERM ends the server with status 0");
  console.log(`dist/walnut works on its own: ${rowCount} rows, kill -9, three starts (${seconds(startMs)})`);
}

try {
  await smoke();
} finally {
  for (const child of running) child.kill("SIGKILL");
  rmSync(home, { recursive: true });
}
