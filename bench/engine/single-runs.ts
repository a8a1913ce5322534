/** Questions beside the workloads: recovery, latency beside compaction, overwritten space, a large load and its drop. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { textTable } from "../support/statistics.ts";
import type { Sample } from "./child.ts";
import { jobOf, type Plan, type Samples } from "./comparison.ts";
import { runJob, runToDeath } from "./driver.ts";
import { type Job, type Latency, type ProbeName, SUBJECTS, type SubjectName } from "./job.ts";
import { diskBytes, total } from "./process-figures.ts";
import { megabytes, middle } from "./report.ts";
import { KEY_BYTES } from "./rows.ts";

const MIB = 1 << 20;
const LOG_BYTES = 64 * MIB;
/** A log record's own bytes beside key and value, about. */
const LOG_RECORD_BYTES = 8;
const OVERWRITES = 3;

function probeJob(plan: Plan, subject: SubjectName, run: ProbeName, name: string): Job {
  const base = jobOf(plan, subject, "fillrandom", 0);
  return { ...base, run, directory: join(plan.directory, `${name}-${subject}`) };
}

export interface Recovery {
  readonly subject: SubjectName;
  readonly logBytes: number;
  readonly samples: readonly Sample[];
}

/** Time to open after a crash that left 64 MiB in the log alone. */
export async function measureRecovery(plan: Plan): Promise<readonly Recovery[]> {
  const subjects = plan.subjects.filter((subject) => subject === "walnut" || subject === "leveldb");
  const samples = new Map<SubjectName, Sample[]>(subjects.map((subject) => [subject, []]));
  const logBytes = new Map<SubjectName, number>();
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const subject of subjects) {
      plan.progress(`recovery, round ${round + 1}, ${subject}`);
      const rows = Math.floor((LOG_BYTES * 0.97) / (plan.valueBytes + KEY_BYTES + LOG_RECORD_BYTES));
      // Nothing is flushed, neither before the crash nor by the recovery.
      const job = { ...probeJob(plan, subject, "reopen", "recovery"), rows, writeBufferBytes: 1024 * MIB };
      rmSync(job.directory, { recursive: true, force: true });
      await runToDeath({ ...job, run: "fill-log-and-die" });
      logBytes.set(subject, total(diskBytes(job.directory)));
      samples.get(subject)?.push(await runJob(job, plan.profiles));
      rmSync(job.directory, { recursive: true, force: true });
    }
  }
  return subjects.map((subject) => ({
    subject,
    logBytes: logBytes.get(subject) ?? Number.NaN,
    samples: samples.get(subject) ?? [],
  }));
}

export function recoveryTable(all: readonly Recovery[]): string {
  const rows = all.map(({ subject, logBytes, samples }) => [
    SUBJECTS[subject],
    megabytes(logBytes),
    (middle(samples, ({ openSeconds }) => openSeconds) * 1000).toFixed(0),
    megabytes(middle(samples, ({ peakBytes }) => peakBytes)),
  ]);
  return textTable([["", "log MB", "open ms", "peak MB"], ...rows]);
}

export const LATENCY_PHASES = {
  quiet: "reads alone",
  writing: "beside a writer, no flush",
  compacting: "beside a writer, flush and compaction",
} as const;
export type LatencyPhase = keyof typeof LATENCY_PHASES;
export type LatencySamples = Readonly<Record<LatencyPhase, Samples>>;

/** Latency of point reads that arrive at a steady rate: alone, beside a writer, and when that makes work for flush and compaction. */
export async function measureLatency(plan: Plan): Promise<LatencySamples> {
  const subjects = plan.subjects.filter((subject) => !subject.startsWith("leveldb-"));
  const samples: Record<LatencyPhase, Partial<Record<SubjectName, Sample[]>>> = {
    quiet: {},
    writing: {},
    compacting: {},
  };
  for (const subject of subjects) {
    const job = probeJob(plan, subject, "read-latency", "latency");
    plan.progress(`loading ${subject} for latency`);
    await runJob({ ...job, run: "fillrandom" });
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const phase of Object.keys(LATENCY_PHASES) as LatencyPhase[]) {
        plan.progress(`latency, ${phase}, round ${round + 1}, ${subject}`);
        const sample = await runJob(
          {
            ...job,
            seconds: plan.seconds * 2,
            batchRows: phase === "quiet" ? 0 : job.batchRows,
            writeBufferBytes: phase === "compacting" ? 4 * MIB : 1024 * MIB,
          },
          plan.profiles,
        );
        samples[phase][subject] = [...(samples[phase][subject] ?? []), sample];
      }
    }
    rmSync(job.directory, { recursive: true, force: true });
  }
  return samples;
}

export function latencyTable(samples: LatencySamples): string {
  const rows = (Object.keys(samples) as LatencyPhase[]).flatMap((phase) =>
    (Object.keys(samples[phase]) as SubjectName[]).map((subject) => {
      const of = (clock: "latency" | "threadLatency", share: keyof Latency) =>
        (middle(samples[phase][subject], (sample) => sample[clock]?.[share] ?? Number.NaN) * 1000).toFixed(0);
      return [
        `${SUBJECTS[subject]}, ${LATENCY_PHASES[phase]}`,
        of("latency", "p50"),
        of("latency", "p99"),
        of("latency", "p999"),
        of("threadLatency", "p50"),
        of("threadLatency", "p99"),
        of("threadLatency", "p999"),
      ];
    }),
  );
  const heading = ["us", "p50", "p99", "p99.9", "thread's p50", "p99", "p99.9"];
  return textTable([heading, ...rows]);
}

export interface Overwritten {
  readonly subject: SubjectName;
  /** Disk after every row was written once in order, and after it was then written three times more. */
  readonly onceBytes: Readonly<Record<string, number>>;
  readonly thenBytes: Readonly<Record<string, number>>;
  readonly writeAmplification: number;
}

/** Space and writes of three overwrites of everything. */
export async function measureOverwrites(plan: Plan): Promise<readonly Overwritten[]> {
  const results: Overwritten[] = [];
  for (const subject of plan.subjects.filter((name) => !name.startsWith("leveldb-"))) {
    const job = probeJob(plan, subject, "reopen", "space");
    plan.progress(`overwrites, ${subject}`);
    await runJob({ ...job, run: "fillseq" });
    const once = await runJob({ ...job, run: "rest" });
    let [written, user] = [0, 0];
    for (let round = 0; round < OVERWRITES; round += 1) {
      const pass = await runJob({ ...job, run: "overwrite", seed: 200 + round });
      written += pass.writtenBytes;
      user += pass.userBytes;
    }
    // What the close has flushed is tidied up by the next start.
    const last = await runJob({ ...job, run: "rest" });
    written += last.writtenBytes;
    results.push({
      subject,
      onceBytes: once.diskBytes,
      thenBytes: last.diskBytes,
      writeAmplification: written / user,
    });
    rmSync(job.directory, { recursive: true, force: true });
  }
  return results;
}

/** Bytes of everything but Walnut's log, which has other uses and a bound of its own. */
export function liveBytes(bytes: Readonly<Record<string, number>>): number {
  return total({ ...bytes, wal: 0 });
}

export function overwritesTable(all: readonly Overwritten[]): string {
  const rows = all.map(({ subject, onceBytes, thenBytes, writeAmplification }) => {
    return [
      SUBJECTS[subject],
      megabytes(liveBytes(onceBytes)),
      megabytes(liveBytes(thenBytes)),
      (liveBytes(thenBytes) / liveBytes(onceBytes)).toFixed(2),
      megabytes(total(thenBytes)),
      writeAmplification.toFixed(2),
    ];
  });
  return textTable([
    ["", "once MB", "after 3 overwrites MB", "ratio", "with log MB", "written/user"],
    ...rows,
  ]);
}

/** Loads many rows of 1 KB into Walnut, then drops them. */
export async function measureLarge(plan: Plan, gigabytes: number): Promise<Sample> {
  const valueBytes = 1000;
  const rows = Math.round((gigabytes * 1e9) / (valueBytes + KEY_BYTES));
  const job = { ...probeJob(plan, "walnut", "load-and-drop", "large"), rows, valueBytes };
  plan.progress(`loading ${gigabytes} GB`);
  const sample = await runJob(job, plan.profiles);
  rmSync(job.directory, { recursive: true, force: true });
  return sample;
}

export function largeTable(sample: Sample): string {
  const more = sample.more ?? {};
  const rows = [
    ["rows/s", (sample.operations / sample.seconds).toFixed(0)],
    ["written/user", (sample.writtenBytes / sample.userBytes).toFixed(2)],
    ["peak MB while loading", megabytes(more["loadPeakBytes"] ?? Number.NaN)],
    ["disk MB when loaded", megabytes(more["loadedDiskBytes"] ?? Number.NaN)],
    ...Object.entries(more)
      .filter(([name]) => !name.endsWith("Bytes"))
      .map(([name, value]) => [name, value.toFixed(2)]),
    ["disk MB when dropped", megabytes(more["droppedDiskBytes"] ?? Number.NaN)],
  ];
  return textTable([["", "Walnut"], ...rows]);
}

/** How many times the p99 of reads beside a writer grows by flush and compaction, by the wall clock and by the thread's. */
export function compactionCost(samples: LatencySamples): { wall: number; thread: number } {
  const growth = (clock: "latency" | "threadLatency") => {
    const p99 = (phase: LatencyPhase) =>
      middle(samples[phase].walnut, (sample) => sample[clock]?.p99 ?? Number.NaN);
    return p99("compacting") / p99("writing");
  };
  return { wall: growth("latency"), thread: growth("threadLatency") };
}
