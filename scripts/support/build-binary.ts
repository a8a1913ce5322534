import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root, runCaptured } from "./run-command.ts";

/** The program, and what it starts with `new Worker`: an entry point of its own, or the binary would not hold it. */
const entryPoints = ["src/main.ts", "storage/compaction/worker.ts"];

/**
 * bytecode: half the start-up time. format=esm: without it, bytecode freezes `import.meta.url` to the building machine's
 * path. msgpackr-extract: its loader cannot be embedded and would freeze such a path too; msgpackr does without it.
 * autoload: a database reads no .env or bunfig.toml that happens to lie where it is started.
 */
const flags = [
  "--compile",
  "--bytecode",
  "--minify",
  "--format=esm",
  "--external=msgpackr-extract",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
];

/**
 * Builds the executable `outfile`. It is made from a copy of the sources that is gone afterwards: whatever the binary still
 * wanted to read from where it was built is missed at once, on every machine. Throws when the build fails.
 */
export async function buildBinary(outfile: string): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "walnut-build-"));
  try {
    for (const path of ["src", "storage", "package.json", "tsconfig.json", ...runtimePackages()]) {
      cpSync(join(root, path), join(copy, path), { recursive: true });
    }
    mkdirSync(dirname(outfile), { recursive: true });
    const define = `--define=WALNUT_COMMIT=${JSON.stringify(await commitName())}`;
    const command = [process.execPath, "build", ...flags, define, ...entryPoints, "--outfile", outfile];
    const { code, output } = await runCaptured(command, { cwd: copy });
    if (code !== 0) throw new Error(`bun build failed:\n${output}`);
    const binary = readFileSync(outfile);
    for (const path of [copy, root]) {
      if (binary.includes(path))
        throw new Error(`${outfile} contains the path ${path} of the machine it was built on`);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** The packages that `dependencies` bring along, as the lock file states them; Bun itself is the compiler's business. */
function runtimePackages(): string[] {
  const lock: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(join(root, "package-lock.json"), "utf8"),
  );
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true && !/^node_modules\/(bun$|@oven\/)/.test(path))
    .map(([path]) => path)
    .filter((path) => Bun.file(join(root, path, "package.json")).size > 0);
}

/** The commit that is being built, with "-dirty" if tracked files differ from it; "unknown" outside a repository. */
async function commitName(): Promise<string> {
  const command = ["git", "describe", "--always", "--dirty", "--exclude=*"];
  const { code, output } = await runCaptured(command).catch(() => ({ code: 1, output: "" }));
  return code === 0 ? output.trim() : "unknown";
}
