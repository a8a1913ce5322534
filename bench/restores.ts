/**
 * What backups and restores take: `node scripts/run.mjs bench/restores.ts [--items 100000]`.
 *
 * Loads a table with two global and one local secondary index over HTTP, its past being kept, backs it up, and restores it from the log, from the
 * backup, and from the backup without its indexes. Beside each restore a client reads single items, as it does before on the idle server.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { call } from "../test/support/call.ts";
import { cpuSeconds, startProcess } from "./support/process.ts";
import { textTable } from "./support/statistics.ts";
import { ROOT } from "./support/subjects.ts";

const { values } = parseArgs({ options: { items: { type: "string", default: "100000" } } });
const count = Number(values.items);
const SOURCE = "Source";
const PARTITIONS = 5_000;
const IDLE_MS = 3_000;

const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const server = await startProcess([
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

type Body = Readonly<Record<string, unknown>>;

async function ok(operation: string, body: object): Promise<Body> {
  const answer = await call(server.endpoint, operation, body);
  assert.equal(answer.status, 200, `${operation}: ${answer.text}`);
  return answer.body as Body;
}

const keySchema = (...names: string[]) =>
  names.map((AttributeName, at) => ({ AttributeName, KeyType: at === 0 ? "HASH" : "RANGE" }));
const index = (IndexName: string, ProjectionType: string, ...keys: string[]) => ({
  IndexName,
  KeySchema: keySchema(...keys),
  Projection: { ProjectionType },
});
const keyOf = (at: number) => ({ pk: { S: `partition ${at % PARTITIONS}` }, sk: { S: `${at}` } });
const itemOf = (at: number) => ({
  ...keyOf(at),
  group: { S: `group ${(at * 7_919) % 100_003}` },
  kind: { S: `kind ${at % 1_000}` },
  text: { S: "x".repeat(250) },
});

async function load(): Promise<void> {
  await ok("CreateTable", {
    TableName: SOURCE,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: keySchema("pk", "sk"),
    AttributeDefinitions: ["pk", "sk", "group", "kind"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S",
    })),
    GlobalSecondaryIndexes: [index("by-group", "ALL", "group"), index("by-kind", "KEYS_ONLY", "kind")],
    LocalSecondaryIndexes: [index("local", "KEYS_ONLY", "pk", "group")],
  });
  await ok("UpdateContinuousBackups", {
    TableName: SOURCE,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const from = next;
      next += 25;
      const writes = Array.from({ length: 25 }, (_, at) => ({ PutRequest: { Item: itemOf(from + at) } }));
      await ok("BatchWriteItem", { RequestItems: { [SOURCE]: writes } });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Reads items until told to stop; milliseconds that half of the reads, and all but one in a hundred, took at most. */
async function readUntil(isOver: () => boolean): Promise<string> {
  const ms: number[] = [];
  while (!isOver()) {
    const begun = performance.now();
    await ok("GetItem", { TableName: SOURCE, Key: keyOf((ms.length * 131) % count) });
    ms.push(performance.now() - begun);
    await Bun.sleep(1);
  }
  ms.sort((a, b) => a - b);
  return [0.5, 0.99].map((share) => (ms[Math.floor(ms.length * share)] ?? 0).toFixed(2)).join(" / ");
}

const rows: (readonly string[])[] = [["what", "seconds", "CPU seconds", "GetItem p50 / p99 ms"]];

async function restore(what: string, operation: string, request: object): Promise<void> {
  const TargetTableName = `Target-${rows.length}`;
  const [begun, cpu] = [performance.now(), cpuSeconds(server.pid)];
  await ok(operation, { TargetTableName, ...request });
  let isActive = false;
  const reads = readUntil(() => isActive);
  while (!isActive) {
    const { Table } = (await ok("DescribeTable", { TableName: TargetTableName })) as { Table: Body };
    isActive = Table["TableStatus"] === "ACTIVE";
    if (isActive) assert.equal(Table["ItemCount"], count);
    else await Bun.sleep(10);
  }
  const seconds = (performance.now() - begun) / 1000;
  const cpuSpent = cpuSeconds(server.pid) - cpu;
  rows.push([what, seconds.toFixed(2), cpuSpent.toFixed(2), await reads]);
}

await load();
const end = performance.now() + IDLE_MS;
rows.push(["nothing", "", "", await readUntil(() => performance.now() > end)]);
const begun = performance.now();
const { BackupDetails } = await ok("CreateBackup", { TableName: SOURCE, BackupName: "backup" });
rows.push(["CreateBackup", ((performance.now() - begun) / 1000).toFixed(2), "", ""]);
const { BackupArn } = BackupDetails as Body;
await restore("restore to an instant, all from the log", "RestoreTableToPointInTime", {
  SourceTableName: SOURCE,
  UseLatestRestorableTime: true,
});
await restore("restore from the backup", "RestoreTableFromBackup", { BackupArn });
await restore("… without indexes", "RestoreTableFromBackup", {
  BackupArn,
  GlobalSecondaryIndexOverride: [],
  LocalSecondaryIndexOverride: [],
});
console.log(`${count} items, three indexes`);
console.log(textTable(rows));
await server.stop();
