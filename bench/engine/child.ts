/**
 * The process that measures: opens one engine, runs one job, prints one line of JSON (Sample). A process per sample, so that memory and CPU are
 * that engine's and that job's.
 *
 *     bun bench/engine/child.ts '<Job as JSON>'
 */
import { mkdirSync } from "node:fs";
import type { Job, Latency } from "./job.ts";
import { openSubject } from "./open-subject.ts";
import { probes } from "./probes.ts";
import { diskBytes, figures, peakBytes, settle } from "./process-figures.ts";
import { Stopwatch } from "./stopwatch.ts";
import { type Done, workloads } from "./workloads.ts";

export interface Sample {
  /** Rows written, rows scanned, or point reads. */
  readonly operations: number;
  /** Of the operations themselves. */
  readonly seconds: number;
  /** User and system time of all threads; for writes with the flushes and compactions that followed. */
  readonly cpuSeconds: number;
  readonly openSeconds: number;
  /** From the last write until nothing was left to flush or compact. */
  readonly settleSeconds: number;
  readonly peakBytes: number;
  /** Bytes of keys and values that were written. */
  readonly userBytes: number;
  readonly writtenBytes: number;
  /** Walnut's own. */
  readonly counters: Readonly<Record<string, number>>;
  /** After the close, by subdirectory. */
  readonly diskBytes: Readonly<Record<string, number>>;
  readonly latency?: Latency;
  /** By a clock that stands still while neighbours have the CPU (and while the thread waits for a disk). */
  readonly threadLatency?: Latency;
  /** Figures of one workload only, named with their units. */
  readonly more?: Readonly<Record<string, number>>;
}

async function run(job: Job): Promise<Sample> {
  mkdirSync(job.directory, { recursive: true });
  const opening = new Stopwatch();
  const subject = await opening.time(() => openSubject(job));
  const watch = new Stopwatch();
  const before = figures();
  const work = { ...workloads, ...probes }[job.run];
  const done: Done = await work(subject, job, watch);
  const worked = figures();
  if (done.userBytes !== undefined) await settle();
  const settled = figures();
  const counters = subject.counters?.() ?? {};
  await subject.close();
  const closed = figures();
  return {
    operations: done.operations,
    seconds: watch.seconds,
    cpuSeconds: watch.cpuSeconds + settled.cpuSeconds - worked.cpuSeconds,
    openSeconds: opening.seconds,
    settleSeconds: settled.seconds - worked.seconds,
    peakBytes: peakBytes(),
    userBytes: done.userBytes ?? 0,
    writtenBytes: closed.writtenBytes - before.writtenBytes,
    counters,
    diskBytes: diskBytes(job.directory),
    ...(done.latency === undefined ? {} : { latency: done.latency }),
    ...(done.threadLatency === undefined ? {} : { threadLatency: done.threadLatency }),
    ...(done.more === undefined ? {} : { more: done.more }),
  };
}

const sample = await run(JSON.parse(process.argv[2] ?? "") as Job);
process.stdout.write(`${JSON.stringify(sample)}\n`);
