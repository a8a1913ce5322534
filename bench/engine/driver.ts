import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/subjects.ts";
import type { Sample } from "./child.ts";
import type { Job } from "./job.ts";

const script = join(ROOT, "bench/engine/child.ts");

/** Runs a job in a process of its own. With `profiles`, a directory, Walnut's jobs leave a CPU profile there. */
export async function runJob(job: Job, profiles?: string): Promise<Sample> {
  const isProfiled = profiles !== undefined && job.subject === "walnut";
  const flags = isProfiled ? ["--cpu-prof", "--cpu-prof-dir", join(profiles, job.run)] : [];
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, JSON.stringify(job)]);
  return JSON.parse(stdout) as Sample;
}

/** Runs a job whose process kills itself at the end. */
export async function runToDeath(job: Job): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [script, JSON.stringify(job)]);
  } catch (error) {
    if (error instanceof Error && "signal" in error && error.signal === "SIGKILL") return;
    throw error;
  }
  throw new Error(`${job.subject}: ${job.run} should have died`);
}
