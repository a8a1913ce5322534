/** Questions that no workload of db_bench asks. */
import type { Job, ProbeName } from "./job.ts";
import { diskBytes, figures, peakBytes, settle, total } from "./process-figures.ts";
import { KEY_BYTES, keysOf, permutation, Random } from "./rows.ts";
import type { Stopwatch } from "./stopwatch.ts";
import type { EngineSubject } from "./subject.ts";
import { threadMs } from "./thread-clock.ts";
import { WalnutSubject } from "./walnut.ts";
import { Batches, type Done, latencyOf, nextTurn, PacedWriter } from "./workloads.ts";

type Probe = (subject: EngineSubject, job: Job, watch: Stopwatch) => Promise<Done>;

export const probes: Readonly<Record<ProbeName, Probe>> = {
  "fill-log-and-die": fillLogAndDie,
  reopen: async () => ({ operations: 1 }),
  rest: async () => {
    await settle();
    return { operations: 1 };
  },
  "read-latency": readLatency,
  "load-and-drop": loadAndDrop,
};

/** Arrivals per second, by each clock, of the reads whose latency is measured, and what is written meanwhile. */
const READS_PER_SECOND = 2000;
const LATENCY_WRITER_BYTES_PER_SECOND = 8 << 20;
const DROP_WATCH_SECONDS = 2;

/** Writes all rows and ends as a crash would: what is in the log has to be read back by the next open. */
async function fillLogAndDie(subject: EngineSubject, job: Job): Promise<Done> {
  const batches = new Batches(job, permutation(job.rows, job.seed));
  for (let chunk = batches.chunk(); chunk.length > 0; chunk = batches.chunk()) {
    for (const { keys, values } of chunk) await subject.write(keys, values);
  }
  process.kill(process.pid, "SIGKILL");
  return { operations: job.rows };
}

interface OpenLoop {
  readonly wall: readonly number[];
  readonly thread: readonly number[];
}

/** Reads that arrive at a steady rate by some clock (milliseconds), whether the last was answered or not; latency is from the arrival. */
class Arrivals {
  readonly latencies: number[] = [];
  readonly #clock: () => number;
  readonly #read: () => Promise<unknown>;
  #next: number;

  constructor(clock: () => number, read: () => Promise<unknown>) {
    this.#clock = clock;
    this.#read = read;
    this.#next = clock();
  }

  async serve(): Promise<void> {
    while (this.#next <= this.#clock()) {
      await this.#read();
      this.latencies.push(this.#clock() - this.#next);
      this.#next += 1000 / READS_PER_SECOND;
    }
  }
}

/** Random reads that arrive by the wall clock, and as many by the thread's own time. */
async function openLoopReads(subject: EngineSubject, job: Job, seconds: number): Promise<OpenLoop> {
  const random = new Random(job.seed);
  const keyOf = keysOf(job.keys);
  const read = () => subject.getEach([keyOf(random.below(job.rows))]);
  const wall = new Arrivals(() => performance.now(), read);
  const thread = new Arrivals(threadMs, read);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await wall.serve();
    await thread.serve();
    await nextTurn();
  }
  return { wall: wall.latencies, thread: thread.latencies };
}

/** Latency of reads beside a writer; without one when no batches are to be written (`batchRows` is 0). */
async function readLatency(subject: EngineSubject, job: Job, watch: Stopwatch): Promise<Done> {
  await openLoopReads(subject, job, 0.5);
  const writer = new PacedWriter(subject, job, LATENCY_WRITER_BYTES_PER_SECOND);
  const writing = job.batchRows > 0 ? writer.run() : undefined;
  const { wall, thread } = await watch.time(() => openLoopReads(subject, job, job.seconds));
  writer.stop();
  await writing;
  return {
    operations: wall.length + thread.length,
    userBytes: writer.bytes,
    latency: latencyOf(wall),
    threadLatency: latencyOf(thread),
  };
}

/** Loads a large space beside a small one, then drops it while the small one is read. */
async function loadAndDrop(subject: EngineSubject, job: Job, watch: Stopwatch): Promise<Done> {
  if (!(subject instanceof WalnutSubject)) throw new Error("only Walnut has spaces");
  const batches = new Batches(job, permutation(job.rows, job.seed));
  const tenths: number[] = [];
  let rows = 0;
  for (let chunk = batches.chunk(); chunk.length > 0; chunk = batches.chunk()) {
    await watch.time(async () => {
      for (const { keys, values } of chunk) await subject.write(keys, values);
    });
    for (const { keys } of chunk) rows += keys.length;
    while (tenths.length < Math.floor((rows / job.rows) * 10)) tenths.push(watch.seconds);
  }
  const loadPeakBytes = peakBytes();
  const settleFrom = figures();
  await settle();
  const settleSeconds = figures().seconds - settleFrom.seconds;
  const loadedDiskBytes = total(diskBytes(job.directory));
  const dropped = await dropWhileReading(subject, job);
  const [first = 0] = tenths;
  const last = (tenths[9] ?? 0) - (tenths[8] ?? 0);
  return {
    operations: rows,
    userBytes: rows * (KEY_BYTES + job.valueBytes),
    more: {
      loadPeakBytes,
      settleSeconds,
      loadedDiskBytes,
      firstTenthRowsPerSecond: rows / 10 / first,
      lastTenthRowsPerSecond: rows / 10 / last,
      ...dropped,
    },
  };
}

async function dropWhileReading(subject: WalnutSubject, job: Job): Promise<Record<string, number>> {
  const small = await subject.besides("small");
  const smallJob = { ...job, rows: 1000, valueBytes: 1000, batchRows: 100 };
  const batches = new Batches(smallJob, (index) => index);
  for (const { keys, values } of batches.chunk()) await small.write(keys, values);
  await openLoopReads(small, smallJob, 0.5);
  const before = await openLoopReads(small, smallJob, DROP_WATCH_SECONDS);
  const reading = openLoopReads(small, smallJob, DROP_WATCH_SECONDS);
  await Bun.sleep(100);
  const began = performance.now();
  await subject.drop();
  const dropMs = performance.now() - began;
  const during = await reading;
  await settle();
  return {
    dropMs,
    p99BeforeMs: latencyOf(before.wall).p99,
    p99DuringMs: latencyOf(during.wall).p99,
    threadP99BeforeMs: latencyOf(before.thread).p99,
    threadP99DuringMs: latencyOf(during.thread).p99,
    threadMaxDuringMs: latencyOf(during.thread).max,
    droppedDiskBytes: total(diskBytes(job.directory)),
  };
}
