import { parseArgs } from "node:util";
import { UsageError } from "../config.ts";

const TIMEOUT_MS = 5_000;

/**
 * `walnut health [--url URL]`: prints what a running server says of its health, and leaves with status 0 if it takes reads and writes, else
 * with 1. For the health checks of containers that hold nothing but this program.
 */
export async function health(argv: readonly string[]): Promise<void> {
  const url = urlOf(argv);
  try {
    const response = await fetch(new URL("/_walnut/health", url), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const report = await response.text();
    process.stdout.write(`${report}\n`);
    process.exitCode = response.ok && isReady(report) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`walnut: ${url}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

function urlOf(argv: readonly string[]): string {
  const ours = `http://127.0.0.1:${process.env["WALNUT_PORT"] ?? 8000}`;
  try {
    const { values } = parseArgs({ args: [...argv], options: { url: { type: "string", default: ours } } });
    return new URL(values.url).origin;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isReady(report: string): boolean {
  const { status }: { readonly status?: unknown } = JSON.parse(report);
  return status === "ok";
}
