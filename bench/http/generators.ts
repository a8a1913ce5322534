/** Runs load generators, each a process of its own, against a server. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LoadResult } from "../support/load.ts";
import type { OpenLoadResult } from "../support/open-load.ts";
import { asGenerator } from "../support/pinning.ts";
import type { ScanLoadResult } from "../support/scan-load.ts";
import { ROOT } from "../support/subjects.ts";

async function run(script: string, ...parameters: readonly (string | number)[]): Promise<unknown> {
  const command = [process.execPath, join(ROOT, "bench/support", script), ...parameters.map(String)];
  const [program = "", ...argv] = asGenerator(command);
  const { stdout } = await promisify(execFile)(program, argv);
  return JSON.parse(stdout);
}

/** Four segments of a scan of the large table: see scan-load.ts. */
export const scanLoop = async (endpoint: string, seconds: number) =>
  (await run("scan-load.ts", endpoint, seconds)) as ScanLoadResult;

/** A closed loop: see load.ts. */
export const closedLoop = async (endpoint: string, workload: string, seconds: number) =>
  (await run("load.ts", endpoint, workload, seconds)) as LoadResult;

/** An open loop at a fixed rate: see open-load.ts. */
export const openLoop = async (endpoint: string, workload: string, rate: number, seconds: number) =>
  (await run("open-load.ts", endpoint, workload, rate, seconds)) as OpenLoadResult;

/** A generator that is later than this waited for a core itself, and what it saw says little about the server. */
const LATE_MS_MAX = 2;
const TRIES = 3;

/** Runs an open loop, again if the machine was too busy for the generator itself; the quietest try. */
export async function quietest(run: () => Promise<OpenLoadResult>): Promise<OpenLoadResult> {
  let best = await run();
  for (let attempt = 1; attempt < TRIES && best.lateP99 > LATE_MS_MAX; attempt += 1) {
    const next = await run();
    if (next.lateP99 < best.lateP99) best = next;
  }
  return best;
}
