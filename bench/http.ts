/**
 * Walnut over HTTP beside its ceiling and its peers: `npm run bench -- [--seconds 3] [--rounds 5] [--only get,put,start]`. Workloads: see
 * `bench/support/workloads.ts`.
 *
 * All servers of a comparison run at the same time and are loaded in turn, round after round, so that a loud neighbour hits all of them
 * alike. Printed are medians, and ratios paired by round. CPU per request is user and system time of the server with all its threads: where the
 * machine is shared, it tells more than requests per second.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import type { LoadResult } from "./support/load.ts";
import { cpuSeconds } from "./support/process.ts";
import { measureStartUp, type StartUp } from "./support/start-up.ts";
import { median, textTable } from "./support/statistics.ts";
import { ROOT, type Subject, type SubjectName, startSubjects } from "./support/subjects.ts";
import { workloadOf } from "./support/workloads.ts";

const WARM_UP_SECONDS = 1;
const START_ROUNDS = 7;
interface Sample {
  readonly requestsPerSecond: number;
  /** Of answers. */
  readonly megabytesPerSecond: number;
  /** Microseconds of the server's CPU. */
  readonly cpuPerRequest: number;
  readonly p50: number;
  readonly p99: number;
  /** Share of one core that the load generator took. */
  readonly generator: number;
}

type Samples = Readonly<Record<SubjectName, readonly Sample[]>>;

async function load(subject: Subject, workload: string, seconds: number): Promise<Sample> {
  const { pid, endpoint } = subject.server;
  const script = join(ROOT, "bench/support/load.ts");
  const before = cpuSeconds(pid);
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    endpoint,
    workload,
    String(seconds),
  ]);
  const cpu = cpuSeconds(pid) - before;
  const result = JSON.parse(stdout) as LoadResult;
  return {
    requestsPerSecond: result.requests / result.seconds,
    megabytesPerSecond: result.bytes / result.seconds / 1e6,
    cpuPerRequest: (cpu / result.requests) * 1e6,
    p50: result.p50,
    p99: result.p99,
    generator: result.cpuSeconds / result.seconds,
  };
}

async function compare(workload: string, rounds: number, seconds: number): Promise<Samples> {
  const subjects = await startSubjects(workloadOf(workload));
  try {
    const samples: Record<SubjectName, Sample[]> = { walnut: [], hono: [], bare: [], dynalite: [] };
    for (const subject of subjects.all) await load(subject, workload, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round += 1) {
      for (const subject of subjects.all) samples[subject.name].push(await load(subject, workload, seconds));
    }
    return samples;
  } finally {
    await subjects.stop();
  }
}

/** How much of the other's capacity the first has: by CPU per request, and by requests per second. Medians of the rounds' ratios. */
function ratios(samples: Samples, other: SubjectName): { cpu: number; rate: number } {
  const pairs = samples.walnut.map((sample, round) => ({ sample, peer: samples[other][round] }));
  return {
    cpu: median(pairs.map(({ sample, peer }) => (peer?.cpuPerRequest ?? Number.NaN) / sample.cpuPerRequest)),
    rate: median(
      pairs.map(({ sample, peer }) => sample.requestsPerSecond / (peer?.requestsPerSecond ?? Number.NaN)),
    ),
  };
}

function comparisonTable(samples: Samples): string {
  const names: readonly SubjectName[] = ["walnut", "hono", "bare", "dynalite"];
  const label: Readonly<Record<SubjectName, string>> = {
    walnut: "Walnut",
    hono: "B (Hono, parsed, constant)",
    bare: "bare Bun.serve constant",
    dynalite: "dynalite in memory",
  };
  const heading = [
    "",
    "req/s",
    "MB/s",
    "CPU us/req",
    "p50 ms",
    "p99 ms",
    "generator",
    "Walnut: by CPU",
    "by req/s",
  ];
  const rows = names.map((name) => {
    const of = (pick: (sample: Sample) => number) => median(samples[name].map(pick));
    const { cpu, rate } = ratios(samples, name);
    return [
      label[name],
      of((sample) => sample.requestsPerSecond).toFixed(0),
      of((sample) => sample.megabytesPerSecond).toFixed(0),
      of((sample) => sample.cpuPerRequest).toFixed(1),
      of((sample) => sample.p50).toFixed(2),
      of((sample) => sample.p99).toFixed(2),
      `${(of((sample) => sample.generator) * 100).toFixed(0)} %`,
      name === "walnut" ? "" : `${cpu.toFixed(2)}x`,
      name === "walnut" ? "" : `${rate.toFixed(2)}x`,
    ];
  });
  return textTable([heading, ...rows]);
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "5" },
      only: { type: "string", default: "get,put,start" },
    },
  });
  const only = values.only.split(",");
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const results: Record<string, unknown> = {
    date: new Date().toISOString(),
    bun: Bun.version,
    rounds,
    seconds,
  };
  for (const name of only) {
    if (name === "start") continue;
    const samples = await compare(name, rounds, seconds);
    results[name] = samples;
    console.log(
      `\n${workloadOf(name).title} (${rounds} rounds of ${seconds} s)\n${comparisonTable(samples)}`,
    );
  }
  if (only.includes("start")) {
    const startUp = await measureStartUp(START_ROUNDS);
    results["start"] = startUp;
    console.log(`\nStart to first answer (${START_ROUNDS} rounds)\n${startUpTable(startUp)}`);
  }
  const directory = join(ROOT, "bench/results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `http-${new Date().toISOString().replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\nAll samples: ${file}`);
}

await main();
