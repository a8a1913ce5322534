/**
 * `npm run coverage`: branch coverage of the parts of the engine that a crash or a bad disk tests hardest.
 * Bun's own coverage knows lines and functions only, so a copy of the repository gets a counter in every branch, and the engine's tests
 * run there. Prints a table and every branch that nothing took; exit code 1 when a part is below its minimum. Code
 * with counters is slow: a test that fails here for want of time is named, and is the business of `npm test`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countsDirectory, instrumentedCopy, preloadPath } from "./support/instrumented-copy.ts";
import { runCaptured } from "./support/run-command.ts";

/** Of the branches of each part, at least. */
const percentMin = 95;
const parts: Readonly<Record<string, RegExp>> = {
  log: /^storage\/wal\//,
  manifest: /^storage\/manifest\//,
  recovery: /^storage\/recovery\.ts$/,
  compaction: /^storage\/compaction\//,
};
const patterns = [
  "storage/wal/*.ts",
  "storage/manifest/*.ts",
  "storage/recovery.ts",
  "storage/compaction/*.ts",
];
/** Those that take files, runs and calls apart; the long crash runs add hours here, and no branch. */
const tests = [
  ...["wal", "manifest", "compaction", "engine", "feed", "formats", "mutants"].map(
    (name) => `test/storage/${name}`,
  ),
  ...["test/store", "test/regressions"],
];
const testMsMax = 10 * 60_000;

interface Place {
  readonly line: number;
}
/** Counts of one file, as the instrumenter keeps them. */
interface FileCounts {
  readonly path: string;
  readonly branchMap: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly loc: { readonly start: Place };
        readonly locations: readonly { readonly start: Partial<Place> }[];
      }
    >
  >;
  readonly b: Readonly<Record<string, number[]>>;
}

interface Branches {
  readonly path: string;
  all: number;
  taken: number;
  readonly missed: string[];
}

/** Adds up the counts of all threads. */
function countsIn(directory: string): Map<string, FileCounts> {
  const files = new Map<string, FileCounts>();
  for (const name of readdirSync(directory)) {
    const text = readFileSync(join(directory, name), "utf8");
    // A Worker may have been ended while it wrote.
    if (!text.endsWith("}")) continue;
    for (const counts of Object.values(JSON.parse(text) as Record<string, FileCounts>)) {
      const sum = files.get(counts.path);
      if (sum === undefined) files.set(counts.path, counts);
      else for (const [id, values] of Object.entries(counts.b)) addAll(sum.b[id], values);
    }
  }
  return files;
}

function addAll(sums: number[] | undefined, values: readonly number[]): void {
  if (sums === undefined) return;
  for (const [index, value] of values.entries()) sums[index] = (sums[index] ?? 0) + value;
}

function branchesOf({ path, branchMap, b }: FileCounts): Branches {
  const branches: Branches = { path, all: 0, taken: 0, missed: [] };
  for (const [id, { type, loc, locations }] of Object.entries(branchMap)) {
    for (const [index, count] of (b[id] ?? []).entries()) {
      branches.all += 1;
      if (count > 0) branches.taken += 1;
      else
        branches.missed.push(
          `${path}:${locations[index]?.start.line ?? loc.start.line} ${type} ${index + 1}`,
        );
    }
  }
  return branches;
}

const percent = (taken: number, all: number): number => (all === 0 ? 100 : (100 * taken) / all);
const row = (name: string, taken: number, all: number): string =>
  `| ${name} | ${all} | ${taken} | ${percent(taken, all).toFixed(1)} % |`;

function report(files: readonly Branches[]): boolean {
  const lines = ["| file | branches | taken | |", "|---|---|---|---|"];
  let isEnough = true;
  for (const [part, pattern] of Object.entries(parts)) {
    const own = files.filter(({ path }) => pattern.test(path));
    for (const { path, taken, all } of own) lines.push(row(`\`${path}\``, taken, all));
    const [taken, all] = [
      own.reduce((sum, { taken: n }) => sum + n, 0),
      own.reduce((sum, { all: n }) => sum + n, 0),
    ];
    lines.push(row(`**${part}**`, taken, all));
    if (percent(taken, all) < percentMin) isEnough = false;
  }
  console.log(`${lines.join("\n")}\n\nNot taken:\n${files.flatMap(({ missed }) => missed).join("\n")}`);
  return isEnough;
}

const directory = mkdtempSync(join(tmpdir(), "walnut-coverage-"));
try {
  instrumentedCopy(directory, patterns);
  const flags = ["--preload", `./${preloadPath}`, "--isolate", "--parallel=2", `--timeout=${testMsMax}`];
  const { code, output } = await runCaptured([process.execPath, "test", ...flags, ...tests], {
    cwd: directory,
    env: { COVERAGE_DIRECTORY: join(directory, countsDirectory) },
  });
  if (code !== 0) console.log(`Failed: ${[...new Set(output.match(/^\(fail\).*/gm))].join(", ")}\n`);
  const counts = countsIn(join(directory, countsDirectory));
  const isEnough = report([...counts.values()].map(branchesOf).sort((a, b) => (a.path < b.path ? -1 : 1)));
  if (!isEnough) console.log(`\nless than ${percentMin} % of the branches of a part`);
  if (!isEnough) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
