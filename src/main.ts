import { health } from "./cli/health.ts";
import { HELP } from "./cli/help.ts";
import { repair } from "./cli/repair.ts";
import { serve } from "./cli/serve.ts";
import { stats } from "./cli/stats.ts";
import { verify } from "./cli/verify.ts";
import { UsageError } from "./config.ts";
import { VERSION } from "./version.ts";

/** `walnut <command>`. Exit status 2 for a command or flag that is wrong; others: cli/exit-codes. */
async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  if (argv.includes("--version")) return print(`walnut ${VERSION}\n`);
  if (command === undefined || command === "help" || argv.includes("--help")) return print(HELP);
  const run = commands.get(command);
  if (run !== undefined) return await run(rest);
  throw new UsageError(`unknown command: ${command} (try --help)`);
}

const commands: ReadonlyMap<string, (argv: readonly string[]) => Promise<void>> = new Map([
  ["serve", serve],
  ["health", health],
  ["verify", verify],
  ["repair", repair],
  ["stats", stats],
]);

function print(text: string): void {
  process.stdout.write(text);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`walnut: ${error.message}\n`);
  process.exitCode = 2;
}
