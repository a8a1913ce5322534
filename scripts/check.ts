/** `npm run check`: formatting, lint rules and types, side by side. Says what is wrong, and little when nothing is. */
import { dependencyCommand, type Finished, runCaptured, seconds } from "./support/run-command.ts";

const checks = [
  { name: "biome", command: [dependencyCommand("biome"), "check", "--error-on-warnings", "."] },
  { name: "tsc", command: [dependencyCommand("tsc"), "--pretty"] },
] as const;

async function report(name: string, running: Promise<Finished>): Promise<boolean> {
  const startMs = performance.now();
  const { code, output } = await running;
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds(startMs)})`);
  if (code !== 0) console.log(output);
  return code === 0;
}

const results = await Promise.all(checks.map(({ name, command }) => report(name, runCaptured(command))));
if (results.includes(false)) {
  console.log("`npm run format` repairs formatting and the order of imports.");
  process.exitCode = 1;
}
