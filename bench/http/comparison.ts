/** One workload on Walnut and its peers, in turn, round after round. */
import { cpuSeconds } from "../support/process.ts";
import { median, textTable } from "../support/statistics.ts";
import { type Subject, type SubjectName, startSubjects } from "../support/subjects.ts";
import { workloadOf } from "../support/workloads.ts";
import { closedLoop } from "./generators.ts";

/** Until the runtime has compiled what is hot: on busy cores that takes a program of some size longer than a peer of ten lines. */
const WARM_UP_SECONDS = 4;
const LABELS: Readonly<Record<SubjectName, string>> = {
  walnut: "Walnut",
  hono: "B (Hono, parsed, constant)",
  bare: "bare Bun.serve constant",
  dynalite: "dynalite in memory",
};

interface Sample {
  readonly requestsPerSecond: number;
  /** Of answers. */
  readonly megabytesPerSecond: number;
  /** Microseconds of the server's CPU. */
  readonly cpuPerRequest: number;
  readonly p50: number;
  readonly p99: number;
  /** Share of one core that the load generator took. */
  readonly generator: number;
}

/** Samples of the subjects that took part, by rounds. */
export type Samples = ReadonlyMap<SubjectName, readonly Sample[]>;

async function load({ server }: Subject, workload: string, seconds: number): Promise<Sample> {
  const before = cpuSeconds(server.pid);
  const result = await closedLoop(server.endpoint, workload, seconds);
  const cpu = cpuSeconds(server.pid) - before;
  return {
    requestsPerSecond: result.requests / result.seconds,
    megabytesPerSecond: result.bytes / result.seconds / 1e6,
    cpuPerRequest: (cpu / result.requests) * 1e6,
    p50: result.p50,
    p99: result.p99,
    generator: result.cpuSeconds / result.seconds,
  };
}

/** Loads all subjects of a workload in turn, `rounds` times, after a warm-up. */
export async function compare(workload: string, rounds: number, seconds: number): Promise<Samples> {
  const subjects = await startSubjects(workloadOf(workload));
  try {
    const samples = new Map<SubjectName, Sample[]>();
    for (const subject of subjects.all) await load(subject, workload, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round += 1) {
      for (const subject of subjects.all) {
        const sample = await load(subject, workload, seconds);
        samples.set(subject.name, [...(samples.get(subject.name) ?? []), sample]);
      }
    }
    return samples;
  } finally {
    await subjects.stop();
  }
}

/** How much of the other's capacity the first has: by CPU per request, and by requests per second. Medians of the rounds' ratios. */
function ratios(own: readonly Sample[], peers: readonly Sample[]): { cpu: number; rate: number } {
  const pairs = own.map((sample, round) => ({ sample, peer: peers[round] }));
  return {
    cpu: median(pairs.map(({ sample, peer }) => (peer?.cpuPerRequest ?? Number.NaN) / sample.cpuPerRequest)),
    rate: median(
      pairs.map(({ sample, peer }) => sample.requestsPerSecond / (peer?.requestsPerSecond ?? Number.NaN)),
    ),
  };
}

/** A comparison as text. */
export function comparisonTable(samples: Samples): string {
  const heading = [
    "",
    "req/s",
    "MB/s",
    "CPU us/req",
    "p50 ms",
    "p99 ms",
    "generator",
    "Walnut: by CPU",
    "by req/s",
  ];
  const rows = [...samples].map(([name, own]) => {
    const of = (pick: (sample: Sample) => number) => median(own.map(pick));
    const { cpu, rate } = ratios(samples.get("walnut") ?? [], own);
    return [
      LABELS[name],
      of((sample) => sample.requestsPerSecond).toFixed(0),
      of((sample) => sample.megabytesPerSecond).toFixed(0),
      of((sample) => sample.cpuPerRequest).toFixed(1),
      of((sample) => sample.p50).toFixed(2),
      of((sample) => sample.p99).toFixed(2),
      `${(of((sample) => sample.generator) * 100).toFixed(0)} %`,
      name === "walnut" ? "" : `${cpu.toFixed(2)}x`,
      name === "walnut" ? "" : `${rate.toFixed(2)}x`,
    ];
  });
  return textTable([heading, ...rows]);
}
