/**
 * Runs the cheatsheet with the real AWS CLI: each section on a server of its own, in memory. Leaves with status 1 when an answer is not the
 * service's; skips, saying so, where there is no CLI. `--docs` writes docs/cheatsheet.md instead.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { cheatsheetDocument } from "../test/cheatsheet/document.ts";
import { cliVersion, type Report, runSection } from "../test/cheatsheet/runner.ts";
import { sections } from "../test/cheatsheet/sections.ts";
import type { Section } from "../test/cheatsheet/step.ts";
import { startServer } from "../test/support/server.ts";

async function runOnServer(section: Section): Promise<readonly Report[]> {
  const server = await startServer({ data: "memory" });
  try {
    return await runSection(section, server.endpoint);
  } finally {
    await server.stop();
  }
}

async function main(): Promise<number> {
  if (process.argv.includes("--docs")) {
    writeFileSync(join(import.meta.dirname, "../docs/cheatsheet.md"), cheatsheetDocument());
    return 0;
  }
  const version = await cliVersion();
  if (version === undefined) {
    console.log("cheatsheet skipped: there is no AWS CLI (the command `aws`) on the PATH");
    return 0;
  }
  console.log(`cheatsheet with ${version}`);
  const reports = (await Promise.all(sections.map(runOnServer))).flat();
  for (const { title, outcome, reason } of reports) {
    console.log(`(${outcome}) ${title}${reason === "" ? "" : `: ${reason}`}`);
  }
  const count = (outcome: Report["outcome"]) => reports.filter((report) => report.outcome === outcome).length;
  console.log(`${count("passed")} passed, ${count("failed")} failed, ${count("pending")} pending`);
  return count("failed") === 0 ? 0 : 1;
}

process.exitCode = await main();
