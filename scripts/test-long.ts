/**
 * `npm run test:long -- [--minutes N] [--seed S] [--only NAME]`: the storage engine's properties at volumes that `npm test` has no time for.
 * The suites take turns, as many at once as there are processors, each turn with another seed; a turn tries as much as its share of the
 * remaining time allows. Prints what it does and writes a report to docs/reports/. Exit code 1 if anything failed.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type LongRun, longReport } from "./support/long-report.ts";
import { type LongSuite, longSuites } from "./support/long-suites.ts";
import { root, runCaptured } from "./support/run-command.ts";

/** Per test, in milliseconds: nothing is cut short but what hangs. */
const testTimeoutMs = 30 * 60_000;

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, only: { type: "string" } },
});
const minutes = Number(values.minutes ?? 30);
const seed = Number(values.seed ?? 1 + Math.floor(Math.random() * 1e9));
const suites = longSuites.filter(({ name }) => values.only === undefined || name === values.only);
if (!(minutes > 0) || !Number.isSafeInteger(seed) || suites.length === 0) {
  const names = longSuites.map(({ name }) => `"${name}"`).join(", ");
  console.error(`usage: test-long.ts [--minutes N] [--seed S] [--only NAME], NAME being one of ${names}`);
  process.exit(2);
}

const started = new Date();
const endMs = performance.now() + minutes * 60_000;
const lanes = Math.min(availableParallelism(), suites.length);
const runs: LongRun[] = [];
const secondsPerVolume = new Map<LongSuite, number>();
let turn = 0;
let runsStarted = 0;

/** How much the next run of a suite should try. The first run tries as much as `npm test`, and shows how long that takes. */
function volumeFor(suite: LongSuite): number {
  const measured = secondsPerVolume.get(suite);
  if (measured === undefined) return 1;
  const sliceSeconds = ((endMs - performance.now()) / 1_000) * (lanes / suites.length);
  return Math.max(1, Math.min(suite.volumeMax, Math.floor(sliceSeconds / measured)));
}

async function run(suite: LongSuite, runSeed: number): Promise<void> {
  const volume = volumeFor(suite);
  const startMs = performance.now();
  const { code, output } = await runCaptured(
    [process.execPath, "test", `--timeout=${testTimeoutMs}`, ...suite.paths],
    { env: { ...suite.knobs(volume), SEED: String(runSeed) } },
  );
  const seconds = (performance.now() - startMs) / 1_000;
  secondsPerVolume.set(suite, seconds / volume);
  const passed = code === 0;
  runs.push({ suite: suite.name, volume, seed: runSeed, seconds, passed, output });
  console.log(
    `${passed ? "ok    " : "FAILED"} ${suite.name}, volume ${volume}, SEED=${runSeed}: ${seconds.toFixed(0)} s`,
  );
  if (!passed) console.log(output);
}

/** Whether there is time for one more run of a suite, at the least. */
function fits(suite: LongSuite): boolean {
  const measured = secondsPerVolume.get(suite);
  return measured === undefined || performance.now() + measured * 1_000 < endMs;
}

/** Takes turns until the time is over or nothing fits into the rest of it; everything runs once in any case. */
async function work(): Promise<void> {
  for (;;) {
    const isFirstRound = turn < suites.length;
    if (!isFirstRound && performance.now() >= endMs) return;
    const next = suites.findIndex((_, offset) => {
      const suite = suites[(turn + offset) % suites.length];
      return suite !== undefined && (isFirstRound || fits(suite));
    });
    const index = (turn + next) % suites.length;
    const suite = suites[index];
    if (next < 0 || suite === undefined) return;
    turn += next + 1;
    await run(suite, seed + runsStarted++);
  }
}

async function git(...args: readonly string[]): Promise<string> {
  return (await runCaptured(["git", ...args])).output.trim();
}

console.log(
  `${minutes} minutes, seed ${seed}, ${lanes} at a time: ${suites.map(({ name }) => name).join(", ")}`,
);
await Promise.all(Array.from({ length: lanes }, work));

const changed =
  (await git("status", "--porcelain", "--", "storage")) === "" ? "" : ", storage/ changed since";
const report = longReport({
  started,
  minutes,
  seed,
  version: `${await git("rev-parse", "--short", "HEAD")}${changed}`,
  machine: `${availableParallelism()} × ${cpus()[0]?.model ?? "an unknown processor"}, Bun ${Bun.version}`,
  suites,
  runs,
});
const directory = join(root, "docs", "reports");
const path = join(directory, `${started.toISOString().slice(0, 10)}-long.md`);
mkdirSync(directory, { recursive: true });
writeFileSync(path, report);
console.log(`\n${report}\nwritten to ${path}`);
if (runs.some(({ passed }) => !passed)) process.exitCode = 1;
