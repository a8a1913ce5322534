/** The workloads of db_bench, by their names there. */
import assert from "node:assert/strict";
import { quantile } from "../support/statistics.ts";
import type { Job, Latency, WorkloadName } from "./job.ts";
import { KEY_BYTES, keysOf, permutation, Random, Values } from "./rows.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { EngineSubject } from "./subject.ts";

/** Keys and values are made for so many rows at a time, outside the time that counts. */
const CHUNK_ROWS = 5000;
const SCAN_ROWS = 100;
/** No key ends like this. */
const MISSING = ".";
const WARM_UP_SECONDS = 0.3;
/** A block of any engine's cache holds at least this much; reading a row of each fills the cache. */
const BLOCK_BYTES_MIN = 2048;
/** What the writer beside the readers writes, as in RocksDB's benchmark.sh. */
const WRITER_BYTES_PER_SECOND = 2 << 20;

/** What a workload did, with the time that counts on the watch. */
export interface Done {
  readonly operations: number;
  readonly userBytes?: number;
  readonly latency?: Latency;
  readonly threadLatency?: Latency;
  readonly more?: Readonly<Record<string, number>>;
}

type Workload = (subject: EngineSubject, job: Job, watch: Stopwatch) => Promise<Done>;

export const workloads: Readonly<Record<WorkloadName, Workload>> = {
  fillseq: (subject, job, watch) => fill(subject, job, watch, (index) => index),
  fillrandom: (subject, job, watch) => fill(subject, job, watch, permutation(job.rows, job.seed)),
  fillsync: (subject, job, watch) => fill(subject, job, watch, permutation(job.rows, job.seed)),
  overwrite: (subject, job, watch) => fill(subject, job, watch, permutation(job.rows, job.seed)),
  readrandom: (subject, job, watch) => reads(subject, job, watch),
  readcached: async (subject, job, watch) => {
    await warmCache(subject, job);
    return reads(subject, job, watch);
  },
  readmissing: (subject, job, watch) => reads(subject, job, watch, MISSING),
  seekrandom: seeks,
  readseq: (subject, job, watch) => scan(subject, job, watch, false),
  readreverse: (subject, job, watch) => scan(subject, job, watch, true),
  readwhilewriting: readWhileWriting,
};

/** Makes batches of rows in a given order. */
export class Batches {
  readonly #job: Job;
  readonly #values: Values;
  readonly #order: (index: number) => number;
  readonly #keyOf: (index: number) => string;
  #next = 0;

  constructor(job: Job, order: (index: number) => number) {
    this.#job = job;
    this.#order = order;
    this.#keyOf = keysOf(job.keys);
    this.#values = new Values(job.valueBytes, job.seed);
  }

  /** The next batches, of about `CHUNK_ROWS` rows together, or of as many as there are still to come; none at the end. */
  chunk(): { keys: string[]; values: Uint8Array[] }[] {
    const { rows, batchRows } = this.#job;
    const batches: { keys: string[]; values: Uint8Array[] }[] = [];
    const end = Math.min(rows, this.#next + Math.max(CHUNK_ROWS, batchRows));
    while (this.#next < end) {
      const keys: string[] = [];
      const values: Uint8Array[] = [];
      for (; keys.length < batchRows && this.#next < end; this.#next++) {
        keys.push(this.#keyOf(this.#order(this.#next)));
        values.push(this.#values.next());
      }
      batches.push({ keys, values });
    }
    return batches;
  }
}

async function fill(
  subject: EngineSubject,
  job: Job,
  watch: Stopwatch,
  order: (index: number) => number,
): Promise<Done> {
  const batches = new Batches(job, order);
  let userBytes = 0;
  for (let chunk = batches.chunk(); chunk.length > 0; chunk = batches.chunk()) {
    await watch.time(async () => {
      for (const { keys, values } of chunk) await subject.write(keys, values);
    });
    for (const { keys } of chunk) for (const key of keys) userBytes += key.length + job.valueBytes;
  }
  return { operations: job.rows, userBytes };
}

async function reads(subject: EngineSubject, job: Job, watch: Stopwatch, suffix = ""): Promise<Done> {
  const random = new Random(job.seed);
  const keyOf = keysOf(job.keys);
  const chunk = () => Array.from({ length: CHUNK_ROWS }, () => keyOf(random.below(job.rows)) + suffix);
  const warmUp = new Stopwatch();
  while (warmUp.seconds < WARM_UP_SECONDS) await warmUp.time(() => subject.getEach(chunk()));
  let operations = 0;
  while (watch.seconds < job.seconds) {
    const keys = chunk();
    const found = await watch.time(() => subject.getEach(keys));
    assert.equal(
      found,
      suffix === MISSING ? 0 : keys.length,
      "the rows that are there are found, and no others",
    );
    operations += keys.length;
  }
  return { operations };
}

async function warmCache(subject: EngineSubject, job: Job): Promise<void> {
  const keyOf = keysOf(job.keys);
  const stride = Math.max(1, Math.floor(BLOCK_BYTES_MIN / (KEY_BYTES + job.valueBytes)));
  for (let start = 0; start < job.rows; start += stride * CHUNK_ROWS) {
    const keys: string[] = [];
    for (let at = 0; at < CHUNK_ROWS && start + at * stride < job.rows; at++)
      keys.push(keyOf(start + at * stride));
    await subject.getEach(keys);
  }
}

async function seeks(subject: EngineSubject, job: Job, watch: Stopwatch): Promise<Done> {
  const random = new Random(job.seed);
  const keyOf = keysOf(job.keys);
  const limit = Math.max(1, job.rows - SCAN_ROWS);
  const scans = 20;
  const chunk = async () => {
    let rows = 0;
    for (let scan = 0; scan < scans; scan++)
      rows += await subject.scan(keyOf(random.below(limit)), SCAN_ROWS, false);
    return rows;
  };
  const warmUp = new Stopwatch();
  while (warmUp.seconds < WARM_UP_SECONDS) await warmUp.time(chunk);
  let operations = 0;
  while (watch.seconds < job.seconds) operations += await watch.time(chunk);
  return { operations, more: { seeks: Math.round(operations / SCAN_ROWS) } };
}

async function scan(subject: EngineSubject, job: Job, watch: Stopwatch, reverse: boolean): Promise<Done> {
  await subject.scan(undefined, Math.ceil(job.rows / 20), reverse);
  let operations = 0;
  while (watch.seconds < job.seconds) {
    const rows = await watch.time(() => subject.scan(undefined, job.rows + 1, reverse));
    assert.equal(rows, job.rows, "a scan sees every row once");
    operations += rows;
  }
  return { operations };
}

async function readWhileWriting(subject: EngineSubject, job: Job, watch: Stopwatch): Promise<Done> {
  const random = new Random(job.seed);
  const keyOf = keysOf(job.keys);
  const writer = new PacedWriter(subject, job, WRITER_BYTES_PER_SECOND);
  const latencies: number[] = [];
  const turn = async () => {
    for (let read = 0; read < 16; read++) {
      const key = [keyOf(random.below(job.rows))];
      const began = performance.now();
      await subject.getEach(key);
      latencies.push(performance.now() - began);
    }
    await nextTurn();
  };
  const writing = writer.run();
  await watch.time(async () => {
    const end = performance.now() + job.seconds * 1000;
    while (performance.now() < end) await turn();
  });
  writer.stop();
  await writing;
  const more = { writtenRowsPerSecond: writer.rows / watch.seconds };
  return { operations: latencies.length, userBytes: writer.bytes, latency: latencyOf(latencies), more };
}

/** Overwrites random rows in small batches at a steady rate, until it is stopped. */
export class PacedWriter {
  readonly #subject: EngineSubject;
  readonly #batchRows: number;
  readonly #rowsPerSecond: number;
  readonly #rowsMax: number;
  readonly #random: Random;
  readonly #values: Values;
  readonly #rowBytes: number;
  readonly #keyOf: (index: number) => string;
  #stopped = false;
  rows = 0;

  constructor(subject: EngineSubject, job: Job, bytesPerSecond: number) {
    this.#subject = subject;
    this.#rowBytes = KEY_BYTES + job.valueBytes;
    this.#keyOf = keysOf(job.keys);
    this.#rowsPerSecond = bytesPerSecond / this.#rowBytes;
    this.#batchRows = Math.min(10, job.batchRows);
    this.#rowsMax = job.rows;
    this.#random = new Random(job.seed + 1);
    this.#values = new Values(job.valueBytes, job.seed + 1);
  }

  get bytes(): number {
    return this.rows * this.#rowBytes;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    const began = performance.now();
    while (!this.#stopped) {
      const due = ((performance.now() - began) / 1000) * this.#rowsPerSecond;
      if (this.rows + this.#batchRows > due) {
        await Bun.sleep(1);
        continue;
      }
      const numbers = new Set<number>();
      while (numbers.size < this.#batchRows) numbers.add(this.#random.below(this.#rowsMax));
      const keys = [...numbers].map(this.#keyOf);
      await this.#subject.write(
        keys,
        keys.map(() => this.#values.next()),
      );
      this.rows += keys.length;
      await nextTurn();
    }
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function latencyOf(milliseconds: readonly number[]): Latency {
  const sorted = Float64Array.from(milliseconds).sort();
  return {
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    max: sorted.at(-1) ?? Number.NaN,
  };
}
