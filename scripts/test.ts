/**
 * `npm test [-- <paths or flags of bun test>]`: every test file in a global object of its own, as many processes at a time as
 * there are processors. What was skipped and which files took longest is told at the end.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { runInherited } from "./support/run-command.ts";

/** Per test; generous, because a loaded machine is no defect. Tests that need more say so themselves. */
const timeoutMs = 120_000;
const slowFileSeconds = 10;

const directory = mkdtempSync(join(tmpdir(), "walnut-test-"));
const report = join(directory, "report.xml");
const flags = [
  "--isolate",
  `--parallel=${availableParallelism()}`,
  `--timeout=${timeoutMs}`,
  "--only-failures",
  "--reporter=junit",
  `--reporter-outfile=${report}`,
];
try {
  process.exitCode = await runInherited([process.execPath, "test", ...flags, ...process.argv.slice(2)]);
  const file = Bun.file(report);
  if (await file.exists()) tell(await file.text());
} finally {
  rmSync(directory, { recursive: true });
}

/** The report is XML made by `bun test`, one element to a line. */
function tell(xml: string): void {
  const skipped = [
    ...xml.matchAll(/<testcase name="([^"]*)" classname="([^"]*)"[^>]*file="([^"]*)"[^>]*>\s*<skipped/g),
  ];
  if (skipped.length > 0) {
    console.log(`\n${skipped.length} skipped:`);
    for (const [, name, group, file] of skipped) console.log(unescaped(`  ${file}: ${group}: ${name}`));
  }
  const slow = [...xml.matchAll(/^ {2}<testsuite name="([^"]*)"[^>]* time="([^"]*)"/gm)]
    .map(([, name, time]) => ({ name, time: Number(time) }))
    .filter(({ time }) => time > slowFileSeconds)
    .sort((a, b) => b.time - a.time);
  if (slow.length > 0) console.log(`\nFiles over ${slowFileSeconds} s:`);
  for (const { name, time } of slow) console.log(`  ${time.toFixed(0)} s ${name}`);
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => entities[name] ?? whole);
}
