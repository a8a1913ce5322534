/** `/_walnut/metrics` and `/_walnut/health` of a whole server, and the documents that list what they show. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RequestMetrics } from "../../src/http/request-metrics.ts";
import { CONTENT_TYPE, exposition, Histogram } from "../../src/runtime/metrics.ts";
import { type ReadMetric, readExposition } from "../support/exposition.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ flags: ["--table-metrics"] });
});
afterAll(() => server.stop());

async function scrape(): Promise<ReadMetric[]> {
  const response = await fetch(`${server.endpoint}/_walnut/metrics`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, CONTENT_TYPE]);
  return readExposition(await response.text());
}

/** The value of a series; 0 when it is not shown. */
function seriesOf(
  metrics: readonly ReadMetric[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
) {
  const samples = metrics.flatMap((metric) => metric.samples).filter((sample) => sample.name === name);
  const wanted = Object.entries(labels);
  return (
    samples.find((sample) => wanted.every(([label, value]) => sample.labels[label] === value))?.value ?? 0
  );
}

const KEY = { pk: { S: "a" } };

test("requests by operation and outcome, with their durations", async () => {
  const before = await scrape();
  const table = {
    TableName: "Counted",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  };
  await server.call("CreateTable", table);
  for (let n = 0; n < 3; n += 1) await server.call("PutItem", { TableName: "Counted", Item: KEY });
  await server.call("PutItem", {
    TableName: "Counted",
    Item: KEY,
    ConditionExpression: "attribute_not_exists(pk)",
  });
  await server.call("GetItem", { TableName: "Missing", Key: KEY });
  await server.call("ExecuteStatementx", {});
  const after = await scrape();

  const outcomes: [operation: string, outcome: string, count: number][] = [
    ["CreateTable", "success", 1],
    ["PutItem", "success", 3],
    ["PutItem", "ConditionalCheckFailedException", 1],
    ["GetItem", "ResourceNotFoundException", 1],
    ["unknown", "UnknownOperationException", 1],
  ];
  for (const [operation, outcome, count] of outcomes) {
    const name = "walnut_requests_total";
    const labels = { operation, outcome };
    expect([operation, outcome, seriesOf(after, name, labels) - seriesOf(before, name, labels)]).toEqual([
      operation,
      outcome,
      count,
    ]);
  }
  expect(seriesOf(after, "walnut_request_duration_seconds_count", { operation: "PutItem" })).toBe(4);
  expect(seriesOf(after, "walnut_request_duration_seconds_sum", { operation: "PutItem" })).toBeGreaterThan(0);
  expect(seriesOf(after, "walnut_requests_in_flight")).toBe(0);

  expect(seriesOf(after, "walnut_tables", { status: "ACTIVE" })).toBe(1);
  expect(seriesOf(after, "walnut_streams")).toBe(1);
  expect(seriesOf(after, "walnut_items")).toBe(1);
  expect(seriesOf(after, "walnut_table_items", { table: "Counted" })).toBe(1);
  expect(seriesOf(after, "walnut_table_bytes", { table: "Counted" })).toBe(3);
  expect(seriesOf(after, "walnut_storage_durability_info", { mode: "sync" })).toBe(1);
  expect(seriesOf(after, "walnut_storage_state", { state: "ok" })).toBe(1);
  const syncs = (metrics: readonly ReadMetric[]) =>
    seriesOf(metrics, "walnut_storage_syncs_total", { file: "log" });
  expect(syncs(after) - syncs(before)).toBeGreaterThanOrEqual(4);
  expect(seriesOf(after, "process_resident_memory_bytes")).toBeGreaterThan(10 << 20);
  expect(Math.abs(seriesOf(after, "process_start_time_seconds") - Date.now() / 1000)).toBeLessThan(300);
});

test("health names the durability mode and the last sync", async () => {
  const response = await fetch(`${server.endpoint}/_walnut/health`);
  const report = (await response.json()) as Record<string, unknown>;
  expect(report).toMatchObject({ status: "ok", durability: "sync" });
  expect(report["lastSyncMs"]).toBeGreaterThan(0);
  expect(Object.keys(report).sort()).toEqual([
    "commit",
    "durability",
    "history",
    "lastSyncMs",
    "status",
    "version",
  ]);
});

test("walnut health: status 0 from a server that is ready, 1 from none, 2 for a wrong flag", () => {
  const main = join(import.meta.dirname, "../../src/main.ts");
  const ask = (...flags: string[]) => Bun.spawnSync([process.execPath, main, "health", ...flags]);
  const ready = ask("--url", server.endpoint);
  expect([ready.exitCode, ready.stderr.toString()]).toEqual([0, ""]);
  expect(JSON.parse(ready.stdout.toString())).toMatchObject({ status: "ok", durability: "sync" });
  const nobody = ask("--url", "http://127.0.0.1:1");
  expect(nobody.exitCode).toBe(1);
  expect(nobody.stderr.toString()).toStartWith("walnut: http://127.0.0.1:1: ");
  expect(ask("--urls", "x").exitCode).toBe(2);
});

test("requests in the log: slow ones as warnings, all others at level debug", async () => {
  const logged = await startServer({
    data: "memory",
    flags: ["--log-level", "debug", "--log-format", "json", "--slow-request-ms", "60000"],
  });
  try {
    await logged.call("ListTables", {});
    await logged.call("DescribeTable", { TableName: "Missing" });
    while (logged.errors.split("\n").length < 3) await Bun.sleep(10);
    const lines = logged.errors
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: "debug", message: "request", operation: "ListTables", outcome: "success" },
      { message: "request", operation: "DescribeTable", outcome: "ResourceNotFoundException" },
    ]);
    expect(lines[0]?.["ms"]).toBeGreaterThan(0);
  } finally {
    await logged.stop();
  }
});

test("only requests that take as long as the limit are reported", () => {
  const reported: unknown[] = [];
  const requests = new RequestMetrics({ ms: 5, report: (...slow) => reported.push(slow) });
  const tally = requests.tally("DynamoDB_20120810.GetItem");
  tally.succeed(4.9);
  tally.succeed(5);
  tally.fail("ValidationException", 6);
  expect(reported).toEqual([
    ["GetItem", "success", 5],
    ["GetItem", "ValidationException", 6],
  ]);
});

test("docs/operations.md lists every metric and its meaning", async () => {
  const document = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const wanted = (await scrape()).map(({ name, type, help }) => `| \`${name}\` | ${type} | ${cell(help)} |`);
  const found = document.split("\n").filter((line) => /^\| `(walnut|process)_/.test(line));
  expect(found).toEqual(wanted);
});

describe("the text format", () => {
  test("escapes what must be escaped", () => {
    const value = 'back\\slash, "quotes",\nline';
    const help = "a\\b\nc";
    const page = exposition([
      { name: "m", type: "gauge", help, samples: [{ labels: { l: value, k: "" }, value: -1.5e-9 }] },
    ]);
    const [metric] = readExposition(page);
    expect(metric?.help).toBe("a\\\\b\\nc");
    expect(metric?.samples).toEqual([{ name: "m", labels: { l: value, k: "" }, value: -1.5e-9 }]);
  });

  test("a histogram's buckets hold what is at most their bound", () => {
    const histogram = new Histogram([1, 10]);
    for (const ms of [0, 1, 1.01, 10, 11, 5_000]) histogram.observe(ms);
    const samples = histogram.samples({ operation: "x" });
    const page = exposition([{ name: "m_seconds", type: "histogram", help: "h", samples }]);
    expect(readExposition(page)[0]?.samples.map(({ value }) => value)).toEqual([2, 4, 6, 5.02301, 6]);
    expect(page).toContain('m_seconds_bucket{operation="x",le="0.001"} 2\n');
  });

  test.each([
    ["no help", "# TYPE m gauge\nm 1\n"],
    ["no type", "# HELP m h\nm 1\n"],
    ["a series twice", '# HELP m h\n# TYPE m gauge\nm{a="1"} 1\nm{a="1"} 2\n'],
    ["a metric twice", "# HELP m h\n# TYPE m gauge\nm 1\n# HELP m h\n# TYPE m gauge\n"],
    ["an unescaped quote", '# HELP m h\n# TYPE m gauge\nm{a="""} 1\n'],
    ["a counter that is not called one", "# HELP m h\n# TYPE m counter\nm 1\n"],
    ["milliseconds", "# HELP m_ms h\n# TYPE m_ms gauge\nm_ms 1\n"],
    ["no number", "# HELP m h\n# TYPE m gauge\nm one\n"],
    ["another's sample", "# HELP m h\n# TYPE m gauge\nn 1\n"],
    [
      "a bucket that holds less than the one below",
      '# HELP m h\n# TYPE m histogram\nm_bucket{le="1"} 2\nm_bucket{le="+Inf"} 1\nm_sum 1\nm_count 1\n',
    ],
    ["no line feed at the end", "# HELP m h\n# TYPE m gauge\nm 1"],
  ])("the test's reader refuses %s", (_what, page) => {
    expect(() => readExposition(page)).toThrow();
  });
});
