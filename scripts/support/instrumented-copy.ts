import { cpSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInstrumenter } from "istanbul-lib-instrument";
import { root } from "./run-command.ts";

/** What the tests of the engine need of the repository. */
const copied = ["src", "storage", "test", "scripts", "docs", "package.json", "bunfig.toml", "tsconfig.json"];

/** Where an instrumented copy writes its counts, as one JSON file per thread. */
export const countsDirectory = "coverage";

/** Loaded before every test file of the copy: writes the counts when the file is done. */
export const preloadPath = "coverage-preload.ts";

const writeCounts = `
import { writeFileSync as writeCoverage } from "node:fs";
const coveragePath = \`\${process.env.COVERAGE_DIRECTORY}/\${process.pid}-\${crypto.randomUUID()}.json\`;
const storeCoverage = () => writeCoverage(coveragePath, JSON.stringify(globalThis.__coverage__ ?? {}));
`;
/** A Worker is ended without a last word: it writes its counts as it goes. */
const writeCountsOften = `${writeCounts}setInterval(storeCoverage, 25);\n`;
const workerPath = "storage/compaction/worker.ts";

/** Copies the repository to `directory`, with counters in every branch of the files that match `patterns`, all of them at zero. */
export function instrumentedCopy(directory: string, patterns: readonly string[]): void {
  for (const path of copied) cpSync(join(root, path), join(directory, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
  mkdirSync(join(directory, countsDirectory));
  const preload = `${writeCounts}import { afterAll } from "bun:test";\nafterAll(storeCoverage);\n`;
  writeFileSync(join(directory, preloadPath), preload);
  const instrumenter = createInstrumenter({ esModules: true, parserPlugins: ["typescript"] });
  const paths = patterns.flatMap((pattern) => globSync(pattern, { cwd: directory })).sort();
  const zeros: Record<string, unknown> = {};
  for (const path of paths) {
    const file = join(directory, path);
    const code = instrumenter.instrumentSync(readFileSync(file, "utf8"), path);
    zeros[path] = instrumenter.lastFileCoverage();
    writeFileSync(file, path === workerPath ? `${code}${writeCountsOften}` : code);
  }
  writeFileSync(join(directory, countsDirectory, "zeros.json"), JSON.stringify(zeros));
}
