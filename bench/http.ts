/**
 * Walnut over HTTP beside its ceiling and its peers:
 * `npm run bench -- [--seconds 3] [--rounds 5] [--only get,put,start] [--rate 1000] [--scan-bytes 200000000] [--pin]`.
 *
 * `--only` takes names of workloads (`bench/support/workloads.ts`), `start` (time to the first answer), `get-beside-scans` and
 * `put-beside-flush` (latencies in an open loop), or `all`. `--pin` gives servers and load generators a processor each (support/pinning.ts).
 *
 * All servers of a comparison run at the same time and are loaded in turn, round after round, so that a loud neighbour hits all of them
 * alike. Printed are medians, and ratios paired by round. CPU per request is user and system time of the server with all its threads: where the
 * machine is shared, it tells more than requests per second.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compare, comparisonTable } from "./http/comparison.ts";
import { logUse } from "./http/counted.ts";
import { getBesideScans, type LatencyOptions, type LatencyReport, putBesideFlush } from "./http/latency.ts";
import { pin } from "./support/pinning.ts";
import { measureStartUp, type StartUp } from "./support/start-up.ts";
import { textTable } from "./support/statistics.ts";
import { ROOT } from "./support/subjects.ts";
import { workloadOf, workloads } from "./support/workloads.ts";

const START_ROUNDS = 7;

const latencyRuns: Readonly<Record<string, (options: LatencyOptions) => Promise<LatencyReport>>> = {
  "get-beside-scans": getBesideScans,
  "put-beside-flush": putBesideFlush,
};

interface Report {
  readonly text: string;
  readonly samples: unknown;
}

async function runWorkload(name: string, { rounds, seconds }: LatencyOptions): Promise<Report> {
  const { title, writes } = workloadOf(name);
  const bySubject = await compare(name, rounds, seconds);
  const samples = Object.fromEntries(bySubject);
  const lines = [`${title} (${rounds} rounds of ${seconds} s)`, comparisonTable(bySubject)];
  const log = writes === true ? await logUse(name, seconds) : undefined;
  if (log !== undefined) {
    lines.push(
      `Log: ${log.logBytesPerRequest.toFixed(0)} bytes and ${log.syncsPerRequest.toFixed(3)} fdatasync per request (${log.requestsPerSync.toFixed(1)} requests share one)`,
    );
  }
  return { text: lines.join("\n"), samples: log === undefined ? samples : { ...samples, log } };
}

function startUpTable(all: readonly StartUp[]): string {
  const base = all[0];
  const rows = all.map(({ name, firstAnswerMs, idleBytes }) => [
    name,
    firstAnswerMs.toFixed(0),
    `${(firstAnswerMs / (base?.firstAnswerMs ?? Number.NaN)).toFixed(2)}x`,
    (idleBytes / 1e6).toFixed(0),
  ]);
  return textTable([["", "first answer ms", "to hello", "idle MB"], ...rows]);
}

async function run(name: string, options: LatencyOptions): Promise<Report> {
  if (name === "start") {
    const samples = await measureStartUp(START_ROUNDS);
    return { text: `Start to first answer (${START_ROUNDS} rounds)\n${startUpTable(samples)}`, samples };
  }
  const latencyRun = latencyRuns[name];
  if (latencyRun === undefined) return await runWorkload(name, options);
  const { text, ...samples } = await latencyRun(options);
  return { text: `${text} (${options.rounds} rounds of ${options.seconds} s)`, samples };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "5" },
      only: { type: "string", default: "get,put,start" },
      rate: { type: "string", default: "1000" },
      "scan-bytes": { type: "string", default: "200000000" },
      pin: { type: "boolean", default: false },
    },
  });
  const options = {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    rate: Number(values.rate),
    scanBytes: Number(values["scan-bytes"]),
  };
  if (values.pin) pin();
  const all = [...Object.keys(workloads), ...Object.keys(latencyRuns), "start"];
  const names = values.only === "all" ? all : values.only.split(",");
  for (const name of names)
    if (!all.includes(name)) throw new Error(`there is no ${name}: ${all.join(", ")}`);
  const results: Record<string, unknown> = { date: new Date().toISOString(), bun: Bun.version, ...options };
  const directory = join(ROOT, "bench/results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `http-${new Date().toISOString().replaceAll(":", "-")}.json`);
  for (const name of names) {
    const { text, samples } = await run(name, options);
    results[name] = samples;
    console.log(`\n${text}`);
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
  console.log(`\nAll samples: ${file}`);
}

await main();
