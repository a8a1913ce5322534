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

/** What `bun test` calls it, and what the report does. */
const renamed: Readonly<Record<string, string>> = { pass: "tests", expect: "expectations" };

/** Sums of the counts that the tests print: `12 images`, or JSON objects of numbers. Times are no counts. */
export function countsOf(output: string): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (name: string, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  for (const line of output.split("\n")) {
    // What `bun test` says itself; its sums come at the end.
    if (/^\((pass|fail|skip)\)|^bun test|^Ran |^\s*\d+ (skip|fail)$/.test(line)) continue;
    const objects = line.match(/\{[^{}]*\}/g);
    for (const [, name = "", digits = ""] of (objects ?? []).join().matchAll(/"(\w+)":(\d+)/g)) {
      if (!/Ms$/.test(name)) add(name, Number(digits));
    }
    if (objects !== null) continue;
    for (const [, digits = "", name = ""] of line.matchAll(/(?<![\w.])(\d[\d,]*) ([a-z]+)\b/g)) {
      add(renamed[name] ?? name, Number(digits.replaceAll(",", "")));
    }
  }
  return counts;
}

function describeCounts(runs: readonly LongRun[]): string {
  const sums = new Map<string, number>();
  for (const { output } of runs) {
    for (const [name, count] of countsOf(output)) sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return [...sums].map(([name, count]) => `${count.toLocaleString("en")} ${name}`).join(", ");
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
