import { type Clock, nextTurn } from "../clock.ts";
import { objectAt } from "../encoding.ts";
import { StorageError } from "../errors.ts";
import type { Job } from "./job.ts";

/** How a job is treated among others. */
export interface RunOptions {
  /** Paced jobs (compactions) obey the rate, and wait while any other job (a flush) runs. */
  readonly paced: boolean;
  /** Gives the job up. */
  readonly signal?: AbortSignal | undefined;
  /** Of paced jobs that may go on, the one with the highest number does. It may change at any time. */
  readonly urgency?: Int32Array | undefined;
}

interface Queued {
  readonly job: Job<unknown>;
  readonly options: RunOptions;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
  /** Paced: output that the pace did not yet allow for, as of a time; and all output until then. */
  owedBytes: number;
  paidAtMs: number;
  writtenBytes: number;
}

export interface RunnerOptions {
  readonly clock: Clock;
  /** Input bytes per slice. */
  readonly sliceBytes: number;
  /** Output of paced jobs in bytes per second; 0 = as fast as they can. Asked after each slice. */
  readonly bytesPerSecond: () => number;
}

/** Runs jobs of one thread in slices, one slice at a time, with a turn of the event loop after each. */
export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #queue: Queued[] = [];
  #running = false;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Runs a job to its end, and closes it. Rejects with what a step threw, or "closed" when it was given up. */
  run<Result>(job: Job<Result>, options: RunOptions): Promise<Result> {
    if (this.#closed) {
      job.close();
      return Promise.reject(givenUp());
    }
    const result = new Promise<Result>((resolve, reject) => {
      this.#queue.push({
        job,
        options,
        done: () => resolve(job.result()),
        failed: reject,
        owedBytes: 0,
        paidAtMs: this.#options.clock.now(),
        writtenBytes: 0,
      });
    });
    // Whoever gives the job up shall not wait for the pace.
    options.signal?.addEventListener("abort", () => this.wake(), { once: true });
    this.wake();
    if (!this.#running) {
      this.#running = true;
      void this.#loop();
    }
    return result;
  }

  /** Gives up all jobs. Those that are in a slice end with it. */
  close(): void {
    this.#closed = true;
    this.wake();
  }

  /** To be called when the rate has changed: a job that waits for its turn looks again. */
  wake(): void {
    this.#wake?.();
  }

  async #loop(): Promise<void> {
    // The caller's synchronous stretch ends before the first slice begins.
    await nextTurn(this.#options.clock);
    while (this.#queue.length > 0) {
      const now = this.#options.clock.now();
      const next = this.#next(now);
      const waitMs = this.#waitMs(next, now);
      if (waitMs > 0) await this.#sleep(waitMs);
      else await this.#slice(next);
    }
    this.#running = false;
  }

  /** The job that may go on first; of several, the most urgent; of those, the one that came first. */
  #next(now: number): Queued {
    let next = objectAt(this.#queue, 0);
    let leastMs = Number.POSITIVE_INFINITY;
    for (const queued of this.#queue) {
      const waitMs = this.#waitMs(queued, now);
      if (waitMs > leastMs || (waitMs === leastMs && urgencyOf(queued) <= urgencyOf(next))) continue;
      next = queued;
      leastMs = waitMs;
    }
    return next;
  }

  /** Below zero for a job that goes before all others, zero for one that may go on, else how long it has to wait. */
  #waitMs(queued: Queued, now: number): number {
    if (!queued.options.paced || this.#isGivenUp(queued)) return -1;
    const bytesPerSecond = this.#options.bytesPerSecond();
    if (bytesPerSecond <= 0) return 0;
    // The clock may have stepped back.
    queued.paidAtMs = Math.min(queued.paidAtMs, now);
    return Math.max(0, queued.paidAtMs + (queued.owedBytes * 1000) / bytesPerSecond - now);
  }

  async #slice(queued: Queued): Promise<void> {
    const { job } = queued;
    try {
      if (this.#isGivenUp(queued)) throw givenUp();
      const result = job.step(this.#options.sliceBytes);
      if (result === "done") {
        job.close();
        this.#remove(queued);
        queued.done();
        return;
      }
      if (result === "sync") await job.file.datasync();
      if (queued.options.paced) this.#owe(queued);
      await nextTurn(this.#options.clock);
    } catch (error) {
      this.#remove(queued);
      queued.failed(error);
      closeQuietly(job);
    }
  }

  /** Notes what a slice has written. The debt is kept in bytes, so that a change of pace takes effect at once. */
  #owe(queued: Queued): void {
    const now = this.#options.clock.now();
    const written = queued.job.outputBytes;
    const paid = (Math.max(0, now - queued.paidAtMs) * this.#options.bytesPerSecond()) / 1000;
    queued.owedBytes = Math.max(0, queued.owedBytes - paid) + written - queued.writtenBytes;
    queued.writtenBytes = written;
    queued.paidAtMs = now;
  }

  #isGivenUp(queued: Queued): boolean {
    return this.#closed || queued.options.signal?.aborted === true;
  }

  #remove(queued: Queued): void {
    this.#queue.splice(this.#queue.indexOf(queued), 1);
  }

  /** Until the time has passed, a job arrives, or the runner is closed. */
  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(Math.min(delayMs, sleepMsMax), () => {
        this.#wake = undefined;
        resolve();
      });
      this.#wake = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

/** Changes of the rate that nobody told of are noticed this soon. */
const sleepMsMax = 50;

/** What a job rejects with that was not carried to its end on request. */
export function givenUp(): StorageError {
  return new StorageError("closed", "the job was given up");
}

function urgencyOf({ options: { urgency } }: Queued): number {
  return urgency === undefined ? 0 : Atomics.load(urgency, 0);
}

/** After a failure the outputs are discarded: a further failure to close them changes nothing. */
function closeQuietly(job: Job<unknown>): void {
  try {
    job.close();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
  }
}
