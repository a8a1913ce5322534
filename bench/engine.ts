/**
 * The engine beside LevelDB, LMDB and SQLite, all in process: db_bench's workloads, and what else a store is asked.
 *
 *     npm run bench:engine -- [--only fillseq,readrandom,recovery] [--rows 1000000] [--value 200] [--rounds 3] [--seconds 3] [--quick]
 *
 * `--only` picks workloads of db_bench and of `sizes` (values of 100 B, 1 KB and 100 KB), `recovery`, `latency`, `space`, `large` (with
 * `--gigabytes`). `--keys early` makes keys that differ in their first characters instead
 * of their last, `--subjects` picks engines, `--directory` the disk, `--profile <directory>` leaves CPU profiles of Walnut there.
 * Every sample is a process of its own; the engines take turns, round after round; printed are medians, and ratios paired by round.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compare, type Plan, type Samples, TRAITS } from "./engine/comparison.ts";
import { SUBJECTS, type SubjectName, type WorkloadName } from "./engine/job.ts";
import { comparisonTable, countersLine } from "./engine/report.ts";
import {
  largeTable,
  latencyTable,
  measureLarge,
  measureLatency,
  measureOverwrites,
  measureRecovery,
  overwritesTable,
  recoveryTable,
} from "./engine/single-runs.ts";
import { type Results, targetTable } from "./engine/targets.ts";
import { ROOT } from "./support/subjects.ts";

const WORKLOADS = Object.keys(TRAITS) as WorkloadName[];
const PARTS = [...WORKLOADS, "sizes", "recovery", "latency", "space", "large"];
/** Other sizes of values, each with the share of the rows that makes about as many bytes. */
const SIZES = [
  { valueBytes: 100, share: 1 },
  { valueBytes: 1000, share: 1 / 5 },
  { valueBytes: 100_000, share: 1 / 500 },
];
const SIZE_WORKLOADS: readonly WorkloadName[] = [
  "fillrandom",
  "readrandom",
  "readcached",
  "seekrandom",
  "readseq",
];

interface Options extends Plan {
  readonly only: readonly string[];
  readonly gigabytes: number;
}

/** The numbers of `--quick`: to see that everything works, not to compare. */
const QUICK = { rows: "50000", rounds: "1", seconds: "0.5", gigabytes: "0.2" };
const FULL = { rows: "1000000", rounds: "3", seconds: "3", gigabytes: "1" };

function optionsOf(directory: string): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rows: { type: "string" },
      value: { type: "string", default: "200" },
      keys: { type: "string", default: "late" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      gigabytes: { type: "string" },
      subjects: { type: "string" },
      directory: { type: "string", default: tmpdir() },
      profile: { type: "string" },
      quick: { type: "boolean", default: false },
    },
  });
  const defaults = values.quick ? QUICK : FULL;
  const number = (name: keyof typeof FULL) => Number(values[name] ?? defaults[name]);
  return {
    only: listOf(values.only, PARTS, "--only"),
    subjects: listOf(values.subjects, Object.keys(SUBJECTS) as SubjectName[], "--subjects"),
    directory: mkdtempSync(join(values.directory, directory)),
    rows: number("rows"),
    keys: values.keys === "early" ? "early" : "late",
    valueBytes: Number(values.value),
    rounds: number("rounds"),
    seconds: number("seconds"),
    gigabytes: number("gigabytes"),
    profiles: values.profile,
    progress: (text) => process.stderr.write(`${text}\n`),
  };
}

function listOf<Name extends string>(
  text: string | undefined,
  all: readonly Name[],
  option: string,
): readonly Name[] {
  if (text === undefined) return all;
  return text.split(",").map((part) => {
    const found = all.find((name) => name === part);
    if (found === undefined) throw new Error(`${option} knows ${all.join(", ")}; not "${part}"`);
    return found;
  });
}

function show(workload: WorkloadName, { rows, valueBytes }: Plan, samples: Samples): void {
  console.log(`\n${workload}, ${rows} rows of ${valueBytes} B\n${comparisonTable(samples)}`);
  const counters = countersLine(samples);
  if (counters !== undefined) console.log(counters);
}

async function compareAll(options: Options, results: Results): Promise<void> {
  for (const workload of WORKLOADS.filter((name) => options.only.includes(name))) {
    const samples = await compare(options, workload);
    results.workloads[workload] = samples;
    show(workload, options, samples);
  }
}

async function compareSizes(options: Options, results: Results): Promise<void> {
  const sizes: Record<string, Samples> = {};
  for (const { valueBytes, share } of SIZES) {
    const plan: Plan = { ...options, valueBytes, rows: Math.max(100, Math.round(options.rows * share)) };
    for (const workload of SIZE_WORKLOADS) {
      const samples = await compare(plan, workload);
      sizes[`${workload} ${valueBytes}`] = samples;
      console.log(`\n${workload}, ${plan.rows} rows of ${valueBytes} B\n${comparisonTable(samples)}`);
    }
    rmSync(join(plan.directory, String(valueBytes)), { recursive: true, force: true });
  }
  results.sizes = sizes;
}

async function askMore(options: Options, results: Results): Promise<void> {
  const { only } = options;
  if (only.includes("recovery")) {
    results.recovery = await measureRecovery(options);
    console.log(`\nOpening after a crash\n${recoveryTable(results.recovery)}`);
  }
  if (only.includes("latency")) {
    results.latency = await measureLatency(options);
    console.log(`\nPoint reads that arrive at a steady rate\n${latencyTable(results.latency)}`);
  }
  if (only.includes("space")) {
    results.space = await measureOverwrites(options);
    console.log(`\nEverything overwritten three times\n${overwritesTable(results.space)}`);
  }
  if (only.includes("large")) {
    results.large = await measureLarge(options, options.gigabytes);
    console.log(`\nA table of ${options.gigabytes} GB in rows of 1 KB\n${largeTable(results.large)}`);
  }
}

async function main(): Promise<void> {
  const options = optionsOf("walnut-engine-");
  const results: Results = { workloads: {} };
  const loadBefore = loadavg();
  try {
    await compareAll(options, results);
    if (options.only.includes("sizes")) await compareSizes(options, results);
    await askMore(options, results);
  } finally {
    rmSync(options.directory, { recursive: true, force: true });
  }
  const targets = targetTable(results);
  if (targets !== undefined) console.log(`\n${targets}`);
  const { rows, keys, valueBytes, rounds, seconds, gigabytes } = options;
  const run = {
    date: new Date().toISOString(),
    bun: Bun.version,
    rows,
    keys,
    valueBytes,
    rounds,
    seconds,
    gigabytes,
  };
  const loads = { loadBefore, loadAfter: loadavg() };
  const directory = join(ROOT, "bench/results");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `engine-${run.date.replaceAll(":", "-")}.json`);
  writeFileSync(file, `${JSON.stringify({ ...run, ...loads, ...results }, null, 2)}\n`);
  console.log(
    `\nLoad average ${loadBefore[0]?.toFixed(1)} to ${loads.loadAfter[0]?.toFixed(1)}. All samples: ${file}`,
  );
}

await main();
