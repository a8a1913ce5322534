/**
 * What many tables cost: `node scripts/run.mjs bench/tables.ts [--tables 1000] [--writers 1]`.
 *
 * Creates so many tables over HTTP, puts an item into each, starts the server again, and deletes them; a put into one table before and beside
 * the others. CPU time is the server's, with all its threads; syncs are what its own metrics say.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { call } from "../test/support/call.ts";
import { cpuSeconds, residentBytes, type Started, startProcess } from "./support/process.ts";
import { median, textTable } from "./support/statistics.ts";
import { ROOT } from "./support/subjects.ts";

const PUTS = 500;

const { values } = parseArgs({
  options: { tables: { type: "string", default: "1000" }, writers: { type: "string", default: "1" } },
});
const tables = Number(values.tables);
const writers = Number(values.writers);
const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));

const start = (): Promise<Started> =>
  startProcess([
    process.execPath,
    join(ROOT, "src/main.ts"),
    "serve",
    "--port",
    "0",
    "--data-dir",
    directory,
    "--log-level",
    "warn",
  ]);

async function ok(server: Started, operation: string, body: object): Promise<void> {
  const answer = await call(server.endpoint, operation, body);
  assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
}

const nameOf = (n: number) => `table-${n}`;

const create = (server: Started, n: number) =>
  ok(server, "CreateTable", {
    TableName: nameOf(n),
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  });

const put = (server: Started, n: number, key: number) =>
  ok(server, "PutItem", {
    TableName: nameOf(n),
    Item: { pk: { S: `${key}` }, text: { S: "x".repeat(200) } },
  });

/** The sum of a metric's series with this text in their labels. */
async function metric(server: Started, name: string, labels: string): Promise<number> {
  const page = await (await fetch(`${server.endpoint}/_walnut/metrics`)).text();
  const lines = page.split("\n").filter((line) => line.startsWith(name) && line.includes(labels));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

interface Cost {
  readonly what: string;
  readonly medianMs: number;
  readonly cpuMs: number;
  readonly logSyncs: number;
  readonly otherSyncs: number;
}

/** Does something so often, by all writers, and says what one of it took. */
async function measure(
  server: Started,
  what: string,
  count: number,
  perform: (n: number) => Promise<void>,
): Promise<Cost> {
  const syncs = async (file: string) => metric(server, "walnut_storage_syncs_total", `"${file}"`);
  const cpu = cpuSeconds(server.pid);
  const [log, manifest, directories] = [
    await syncs("log"),
    await syncs("manifest"),
    await syncs("directory"),
  ];
  const times: number[] = [];
  let next = 0;
  const write = async () => {
    for (let n = next++; n < count; n = next++) {
      const began = performance.now();
      await perform(n);
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return {
    what,
    medianMs: median(times),
    cpuMs: ((cpuSeconds(server.pid) - cpu) * 1000) / count,
    logSyncs: ((await syncs("log")) - log) / count,
    otherSyncs: ((await syncs("manifest")) + (await syncs("directory")) - manifest - directories) / count,
  };
}

let server = await start();
const costs: Cost[] = [];
await create(server, tables);
costs.push(await measure(server, "put into the only table", PUTS, (n) => put(server, tables, n)));
const idle = residentBytes(server.pid);
costs.push(await measure(server, "create a table", tables, (n) => create(server, n)));
const created = residentBytes(server.pid);
costs.push(await measure(server, `put into one of ${tables + 1}`, PUTS, (n) => put(server, tables, n)));
costs.push(await measure(server, "put an item into each", tables, (n) => put(server, n, 0)));
await server.stop();
const began = performance.now();
server = await start();
const startMs = performance.now() - began;
const started = residentBytes(server.pid);
costs.push(
  await measure(server, "delete a table", tables, (n) => ok(server, "DeleteTable", { TableName: nameOf(n) })),
);
await server.stop();

console.log(`${tables} tables, ${writers} at a time`);
console.log(
  textTable([
    ["each", "median ms", "CPU ms", "log syncs", "other syncs"],
    ...costs.map(({ what, medianMs, cpuMs, logSyncs, otherSyncs }) => [
      what,
      medianMs.toFixed(2),
      cpuMs.toFixed(2),
      logSyncs.toFixed(2),
      otherSyncs.toFixed(2),
    ]),
  ]),
);
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
console.log(
  `Resident memory: ${megabytes(idle)} MB with one table, ${megabytes(created)} MB after all were created; ` +
    `started again with all of them: ${startMs.toFixed(0)} ms to the address, ${megabytes(started)} MB`,
);
