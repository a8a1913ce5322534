/** What the engine is meant to reach, beside what one run of the benchmark measured. */
import { textTable } from "../support/statistics.ts";
import type { Sample } from "./child.ts";
import type { Samples } from "./comparison.ts";
import type { WorkloadName } from "./job.ts";
import { total } from "./process-figures.ts";
import { blocksPerGet, middle, ratio } from "./report.ts";
import {
  compactionCost,
  type LatencySamples,
  liveBytes,
  type Overwritten,
  type Recovery,
} from "./single-runs.ts";

/** Everything one run measured; parts that were not asked for are missing. */
export interface Results {
  workloads: Partial<Record<WorkloadName, Samples>>;
  sizes?: Readonly<Record<string, Samples>>;
  recovery?: readonly Recovery[];
  latency?: LatencySamples;
  space?: readonly Overwritten[];
  large?: Sample;
}

interface Target {
  readonly what: string;
  readonly bound: "at least" | "at most";
  readonly limit: number;
  readonly measured: number;
  /** The same by CPU time, where that makes sense. */
  readonly byCpu?: number;
}

const LEVEL_TARGETS = [
  { workload: "fillrandom", what: "load (fillrandom) to LevelDB's", limit: 1.2 },
  { workload: "readcached", what: "cached get to LevelDB's", limit: 1.5 },
  { workload: "readrandom", what: "uncached get to LevelDB's", limit: 0.8 },
  { workload: "readseq", what: "scan (readseq) to LevelDB's", limit: 3 },
  { workload: "seekrandom", what: "scan (seekrandom + 100) to LevelDB's", limit: 3 },
] as const;

/** Targets against LevelDB, from db_bench's workloads. */
function levelTargets({ workloads }: Results): Target[] {
  const speeds = LEVEL_TARGETS.flatMap(({ workload, what, limit }): Target[] => {
    const samples = workloads[workload];
    if (samples?.leveldb === undefined) return [];
    const { rate, cpu } = ratio(samples, "leveldb");
    return [{ what, bound: "at least", limit, measured: rate, byCpu: cpu }];
  });
  // Once opened again, LevelDB has no rows in its log any more.
  const filled = workloads.readseq ?? workloads.readrandom ?? workloads.overwrite ?? workloads.fillrandom;
  if (filled?.leveldb === undefined) return speeds;
  const disk =
    middle(filled.walnut, (sample) => liveBytes(sample.diskBytes)) /
    middle(filled.leveldb, (sample) => total(sample.diskBytes));
  return [...speeds, { what: "disk (without log) to LevelDB's", bound: "at most", limit: 1, measured: disk }];
}

function ownTargets({ workloads, recovery, latency, space, large }: Results): Target[] {
  const targets: Target[] = [];
  const atMost = (what: string, limit: number, measured: number, byCpu?: number) =>
    targets.push({ what, bound: "at most", limit, measured, ...(byCpu === undefined ? {} : { byCpu }) });
  for (const [workload, what, limit] of [
    ["readrandom", "blocks per get of a row", 1.1],
    ["readmissing", "blocks per get of a missing row", 0.02],
  ] as const) {
    const samples = workloads[workload]?.walnut;
    if (samples !== undefined) atMost(what, limit, middle(samples, blocksPerGet));
  }
  const overwritten = space?.find(({ subject }) => subject === "walnut");
  if (overwritten !== undefined) {
    atMost("bytes written per byte of user data", 12, overwritten.writeAmplification);
    const ratioOfSpace = liveBytes(overwritten.thenBytes) / liveBytes(overwritten.onceBytes);
    atMost("space after 3 overwrites, to once", 1.2, ratioOfSpace);
  }
  const recovered = recovery?.find(({ subject }) => subject === "walnut");
  if (recovered !== undefined) {
    const seconds = middle(recovered.samples, ({ openSeconds }) => openSeconds);
    atMost("recovery of a log of 64 MiB, s", 2, seconds);
  }
  if (latency !== undefined) {
    const { wall, thread } = compactionCost(latency);
    atMost("p99 of reads with compaction, to without", 2, wall, thread);
  }
  if (large?.more !== undefined) {
    const { loadPeakBytes = 0, dropMs = 0, p99DuringMs = 0, p99BeforeMs = 0 } = large.more;
    const { threadP99DuringMs = 0, threadP99BeforeMs = 0 } = large.more;
    atMost("peak memory of the large load, MB", 1000, loadPeakBytes / 1e6);
    atMost("drop of the large table, ms", 100, dropMs);
    atMost(
      "p99 of other reads meanwhile, to before",
      1.5,
      p99DuringMs / p99BeforeMs,
      threadP99DuringMs / threadP99BeforeMs,
    );
  }
  return targets;
}

/** Undefined when no part that has a target was run. */
export function targetTable(results: Results): string | undefined {
  const rows = [...levelTargets(results), ...ownTargets(results)].map(
    ({ what, bound, limit, measured, byCpu }) => {
      const reached = bound === "at least" ? measured >= limit : measured <= limit;
      const cpu = byCpu === undefined ? "" : byCpu.toFixed(2);
      return [what, `${bound} ${limit}`, measured.toFixed(2), cpu, reached ? "reached" : "short"];
    },
  );
  if (rows.length === 0) return undefined;
  return textTable([["", "target", "measured", "by CPU", ""], ...rows]);
}
