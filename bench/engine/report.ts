/** Tables of medians and of ratios paired by round. */
import { median, textTable } from "../support/statistics.ts";
import type { Sample } from "./child.ts";
import type { Samples } from "./comparison.ts";
import { SUBJECTS, type SubjectName } from "./job.ts";
import { total } from "./process-figures.ts";

/** Median over the rounds of Walnut's figure to the peer's; above 1 Walnut is better. */
export interface Ratio {
  /** Of operations per second. */
  readonly rate: number;
  /** Of operations per second of CPU. */
  readonly cpu: number;
}

export function ratio(samples: Samples, peer: SubjectName): Ratio {
  const others = samples[peer] ?? [];
  const pairs = (samples.walnut ?? []).map((walnut, round) => ({ walnut, other: others[round] }));
  const of = (cost: (sample: Sample) => number) =>
    median(pairs.map(({ walnut, other }) => (other === undefined ? Number.NaN : cost(other) / cost(walnut))));
  return {
    rate: of(({ seconds, operations }) => seconds / operations),
    cpu: of(({ cpuSeconds, operations }) => cpuSeconds / operations),
  };
}

/** Median of a figure over the rounds. */
export function middle(samples: readonly Sample[] | undefined, pick: (sample: Sample) => number): number {
  return median((samples ?? []).map(pick));
}

export function comparisonTable(samples: Samples): string {
  const names = Object.keys(samples) as SubjectName[];
  const wrote = names.some((name) => (samples[name]?.[0]?.userBytes ?? 0) > 0);
  const waited = names.some((name) => samples[name]?.[0]?.latency !== undefined);
  const heading = ["", "k op/s", "CPU us/op", "peak MB", "disk MB"];
  if (wrote) heading.push("written/user", "settle s");
  if (waited) heading.push("p50 us", "p99 us", "p99.9 us");
  heading.push("Walnut: by rate", "by CPU");
  const rows = names.map((name) => {
    const of = (pick: (sample: Sample) => number) => middle(samples[name], pick);
    const cells = [
      SUBJECTS[name],
      (of(({ operations, seconds }) => operations / seconds) / 1000).toFixed(1),
      of(({ cpuSeconds, operations }) => (cpuSeconds / operations) * 1e6).toFixed(2),
      megabytes(of(({ peakBytes }) => peakBytes)),
      megabytes(of((sample) => total(sample.diskBytes))),
    ];
    if (wrote) {
      cells.push(of(({ writtenBytes, userBytes }) => writtenBytes / userBytes).toFixed(2));
      cells.push(of(({ settleSeconds }) => settleSeconds).toFixed(1));
    }
    if (waited) {
      for (const share of ["p50", "p99", "p999"] as const)
        cells.push(of(({ latency }) => (latency?.[share] ?? Number.NaN) * 1000).toFixed(0));
    }
    const { rate, cpu } = ratio(samples, name);
    const isWalnut = name === "walnut";
    cells.push(isWalnut ? "" : `${rate.toFixed(2)}x`, isWalnut ? "" : `${cpu.toFixed(2)}x`);
    return cells;
  });
  return textTable([heading, ...rows]);
}

/** What Walnut's counters say about a workload: bytes written by cause, blocks looked at per read. */
export function countersLine(samples: Samples): string | undefined {
  const walnut = samples.walnut ?? [];
  if (walnut.some(({ userBytes }) => userBytes > 0)) {
    const of = (name: string) =>
      middle(walnut, (sample) => count(sample, name) / sample.userBytes).toFixed(2);
    const causes = `log ${of("logFileBytes")}, flush ${of("flushBytes")}, compaction ${of("compactionBytes")}`;
    const stalls = middle(walnut, (sample) => count(sample, "writeStalls"));
    return `Walnut wrote per byte of user data: ${causes}; ${stalls} stalls`;
  }
  if (!walnut.some((sample) => count(sample, "gets") > 0)) return undefined;
  return `Walnut looked at ${middle(walnut, blocksPerGet).toFixed(3)} blocks per get`;
}

/** Blocks that point reads looked at, in the cache or not. */
export function blocksPerGet(sample: Sample): number {
  return (count(sample, "cacheHits") + count(sample, "cacheMisses")) / count(sample, "gets");
}

function count({ counters }: Sample, name: string): number {
  return counters[name] ?? 0;
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
