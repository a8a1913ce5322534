/** Runs load generators, each a process of its own, against a server. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LoadResult } from "../support/load.ts";
import type { OpenLoadResult } from "../support/open-load.ts";
import { ROOT } from "../support/subjects.ts";

async function run(script: string, ...parameters: readonly (string | number)[]): Promise<unknown> {
  const argv = [join(ROOT, "bench/support", script), ...parameters.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, argv);
  return JSON.parse(stdout);
}

/** A closed loop: see load.ts. */
export const closedLoop = async (endpoint: string, workload: string, seconds: number) =>
  (await run("load.ts", endpoint, workload, seconds)) as LoadResult;

/** An open loop at a fixed rate: see open-load.ts. */
export const openLoop = async (endpoint: string, workload: string, rate: number, seconds: number) =>
  (await run("open-load.ts", endpoint, workload, rate, seconds)) as OpenLoadResult;
