/** One run of a suite. */
export interface LongRun {
  readonly suite: string;
  readonly volume: number;
  readonly seed: number;
  readonly seconds: number;
  readonly passed: boolean;
  readonly output: string;
}

export interface LongResult {
  readonly started: Date;
  readonly minutes: number;
  readonly seed: number;
  /** Commit and state of the tree. */
  readonly version: string;
  readonly machine: string;
  readonly suites: readonly { readonly name: string; readonly shows: string }[];
  readonly runs: readonly LongRun[];
}

/** Lines of a failed run that go into the report. */
const failureLines = 60;

/** What the tests count that says how much was tried, as they print it; `bun test` adds the last two. */
const counted = [
  "flips",
  "bits",
  "cuts",
  "cases",
  "images",
  "recoveries",
  "rolls",
  "runs",
  "steps",
  "kills",
  "answers",
  "transfers",
  "audits",
  "operations",
  "pass",
  "expect",
];
const renamed: Readonly<Record<string, string>> = { pass: "tests", expect: "checks" };

/** Sums of the counts that the tests print: `12 images`, or JSON objects of numbers. */
function countsOf(output: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of output.split("\n")) {
    // The name of a test says nothing of how often it ran.
    if (/^\((pass|fail|skip)\)/.test(line)) continue;
    const words = [...line.matchAll(/(?<![\w.])(\d[\d,]*) ([a-z]+)\b/g)].map(([, count, name]) => ({
      name,
      count,
    }));
    const fields = [...line.matchAll(/"(\w+)":(\d+)/g)].map(([, name, count]) => ({ name, count }));
    for (const { name = "", count = "" } of [...words, ...fields]) {
      const sum = (counts.get(name) ?? 0) + Number(count.replaceAll(",", ""));
      if (counted.includes(name)) counts.set(name, sum);
    }
  }
  return counts;
}

function describeCounts(runs: readonly LongRun[]): string {
  const sums = new Map<string, number>();
  for (const { output } of runs) {
    for (const [name, count] of countsOf(output)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return counted
    .flatMap((name) => {
      const count = sums.get(name);
      return count === undefined ? [] : [`${count.toLocaleString("en")} ${renamed[name] ?? name}`];
    })
    .join(", ");
}

function suiteRow(name: string, shows: string, runs: readonly LongRun[]): string {
  const failed = runs.filter(({ passed }) => !passed).length;
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const volumes = runs.reduce((sum, { volume }) => sum + volume, 0);
  const verdict = failed === 0 ? "passed" : `**${failed} failed**`;
  return `| ${name} | ${shows} | ${runs.length} | ${volumes} × | ${seconds.toFixed(0)} s | ${describeCounts(runs)} | ${verdict} |`;
}

/** The report as Markdown. */
export function longReport({ started, minutes, seed, version, machine, suites, runs }: LongResult): string {
  const failures = runs.filter(({ passed }) => !passed);
  const rows = suites.map(({ name, shows }) =>
    suiteRow(
      name,
      shows,
      runs.filter(({ suite }) => suite === name),
    ),
  );
  const seeds = runs.map(({ suite, seed: used, volume }) => `${suite} ${used} (${volume} ×)`).join(", ");
  return [
    `# Long test run of ${started.toISOString().slice(0, 10)}`,
    "",
    `\`npm run test:long -- --minutes ${minutes} --seed ${seed}\` at ${version}, ${machine}.`,
    `${runs.length} runs, ${failures.length} failed. Volume: how many times the cases of \`npm test\`.`,
    "",
    "| suite | shows | runs | volume | time | counts | result |",
    "|---|---|---|---|---|---|---|",
    ...rows,
    "",
    `Seeds, in the order of the runs: ${seeds}.`,
    ...failures.flatMap(({ suite, seed: used, output }) => [
      "",
      `## ${suite}, SEED=${used}`,
      "",
      "```",
      ...output.trimEnd().split("\n").slice(-failureLines),
      "```",
    ]),
    "",
  ].join("\n");
}
