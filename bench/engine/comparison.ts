/** db_bench's workloads on all engines, in alternating rounds. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "./child.ts";
import { runJob } from "./driver.ts";
import type { Job, SubjectName, WorkloadName } from "./job.ts";
import { KEY_BYTES, type KeyStyle } from "./rows.ts";

export interface Plan {
  readonly directory: string;
  readonly rows: number;
  readonly keys: KeyStyle;
  readonly valueBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly subjects: readonly SubjectName[];
  /** Where CPU profiles of Walnut go, if they are wanted. */
  readonly profiles: string | undefined;
  readonly progress: (text: string) => void;
}

/** One workload's samples: one per round, in order. */
export type Samples = Readonly<Partial<Record<SubjectName, readonly Sample[]>>>;

interface Traits {
  /** Starts on an empty directory; "kept": which the workloads after it go on with. */
  readonly fresh?: "kept" | "removed";
  readonly synced?: boolean;
  /** Share of the rows that is enough. */
  readonly share?: number;
  readonly cache: "small" | "large" | "default";
  /** Variants that take part in this one. */
  readonly variants?: readonly SubjectName[];
  readonly writeBufferBytes?: number;
}

export const TRAITS: Readonly<Record<WorkloadName, Traits>> = {
  fillseq: { fresh: "removed", cache: "default", variants: ["leveldb-defaults"] },
  fillsync: { fresh: "removed", synced: true, share: 1 / 10, cache: "default" },
  fillrandom: { fresh: "kept", cache: "default", variants: ["leveldb-defaults"] },
  overwrite: { cache: "default" },
  readrandom: { cache: "small", variants: ["leveldb-await"] },
  readcached: { cache: "large" },
  readmissing: { cache: "small" },
  seekrandom: { cache: "small" },
  readseq: { cache: "small" },
  readreverse: { cache: "small" },
  // Small, so that memtables are flushed within the time that is watched.
  readwhilewriting: { cache: "default", writeBufferBytes: 8 << 20 },
};

const MIB = 1 << 20;
const DEFAULT_CACHE_BYTES = 64 * MIB;
const WRITE_BUFFER_BYTES = 64 * MIB;
/** 8 MiB, LevelDB's default, for a million rows of 200 bytes: "uncached" is a cache that hardly ever helps. */
const SMALL_CACHE_SHARE = 1 / 28;

const isVariant = (subject: SubjectName): boolean => subject.startsWith("leveldb-");

/** The job of one workload, on the directory of its engine. */
export function jobOf(plan: Plan, subject: SubjectName, run: WorkloadName, round: number): Job {
  const { fresh, synced = false, share = 1, cache, writeBufferBytes } = TRAITS[run];
  const dataBytes = plan.rows * (plan.valueBytes + KEY_BYTES);
  const cacheBytes = {
    small: Math.ceil(dataBytes * SMALL_CACHE_SHARE),
    default: DEFAULT_CACHE_BYTES,
    large: Math.max(DEFAULT_CACHE_BYTES, dataBytes * 2),
  }[cache];
  const engine = subject === "leveldb-await" ? "leveldb" : subject;
  const directory = fresh === "removed" ? `${engine}-${run}` : engine;
  return {
    subject,
    run,
    directory: join(plan.directory, String(plan.valueBytes), directory),
    rows: Math.max(100, Math.round(plan.rows * share)),
    keys: plan.keys,
    valueBytes: plan.valueBytes,
    // A batch stays below a few megabytes.
    batchRows: Math.max(1, Math.min(100, Math.floor((2 * MIB) / plan.valueBytes))),
    seed: run === "overwrite" ? round + 100 : 1,
    seconds: plan.seconds,
    synced,
    cacheBytes,
    writeBufferBytes: writeBufferBytes ?? WRITE_BUFFER_BYTES,
  };
}

/** Runs the workload on every engine once per round; each round begins with another engine. */
export async function compare(plan: Plan, run: WorkloadName): Promise<Samples> {
  const { variants = [], fresh } = TRAITS[run];
  const subjects = plan.subjects.filter((subject) => !isVariant(subject) || variants.includes(subject));
  if (fresh === undefined) await loadAll(plan, subjects);
  const samples: Partial<Record<SubjectName, Sample[]>> = {};
  for (let round = 0; round < plan.rounds; round += 1) {
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const subject = subjects[(round + turn) % subjects.length];
      if (subject === undefined) continue;
      plan.progress(`${run} ${plan.valueBytes} B, round ${round + 1}, ${subject}`);
      const job = jobOf(plan, subject, run, round);
      if (fresh !== undefined) rmSync(job.directory, { recursive: true, force: true });
      const sample = await runJob(job, plan.profiles);
      if (fresh === "removed") rmSync(job.directory, { recursive: true, force: true });
      samples[subject] = [...(samples[subject] ?? []), sample];
    }
  }
  return samples;
}

/** Makes the tables that are not there yet, with rows in random order. */
async function loadAll(plan: Plan, subjects: readonly SubjectName[]): Promise<void> {
  for (const subject of subjects) {
    const job = jobOf(plan, subject === "leveldb-await" ? "leveldb" : subject, "fillrandom", 0);
    if (existsSync(job.directory)) continue;
    plan.progress(`loading ${subject}`);
    await runJob(job);
  }
}
