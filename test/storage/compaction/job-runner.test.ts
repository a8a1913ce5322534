import { describe, expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../storage/clock.ts";
import { inThreadExecutor } from "../../../storage/compaction/in-thread-executor.ts";
import type { Job, StepResult } from "../../../storage/compaction/job.ts";
import { JobRunner } from "../../../storage/compaction/job-runner.ts";
import { MergeJob } from "../../../storage/compaction/merge-job.ts";
import { StorageError } from "../../../storage/errors.ts";
import { Memtable } from "../../../storage/memtable/memtable.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs, VfsFile } from "../../../storage/vfs/vfs.ts";
import { ArrayCursor } from "../iterator/array-cursor.ts";
import { seededRandom } from "./random.ts";

/** A job of a number of steps that each write 1,000 bytes, and note their name. */
class CountingJob implements Job<string> {
  readonly #name: string;
  readonly #log: string[];
  #left: number;
  outputBytes = 0;
  closed = 0;

  constructor(name: string, steps: number, log: string[]) {
    this.#name = name;
    this.#left = steps;
    this.#log = log;
  }

  get file(): VfsFile {
    throw new Error("never asked to sync");
  }

  step(): StepResult {
    this.#log.push(this.#name);
    if (this.#left === 0) throw new StorageError("io", "broken");
    this.outputBytes += 1000;
    return --this.#left === 0 ? "done" : "more";
  }

  result(): string {
    return this.#name;
  }

  close(): void {
    this.closed++;
  }
}

/** A clock that only moves when it is told to, or jumps to the next timer when nothing else can happen. */
class ManualClock implements Clock {
  time = 1_000_000;
  readonly timers = new Set<{ at: number; task: () => void }>();

  now(): number {
    return this.time;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.time + delayMs, task };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  /** Runs the earliest timer. */
  async advance(): Promise<void> {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    const [next] = [...this.timers].sort((one, other) => one.at - other.at);
    if (next === undefined) return;
    this.timers.delete(next);
    this.time = Math.max(this.time, next.at);
    next.task();
  }
}

function runnerOn(clock: Clock, bytesPerSecond: () => number): JobRunner {
  return new JobRunner({ clock, sliceBytes: 1, bytesPerSecond });
}

describe("the job runner", () => {
  test("runs jobs of one kind in order of arrival, closes each once, and hands back results and errors", async () => {
    const runner = runnerOn(new ManualClock(), () => 0);
    const log: string[] = [];
    const jobs = [3, 0, 2].map((steps, index) => new CountingJob(`job ${index}`, steps, log));
    const ends = await Promise.allSettled(jobs.map((job) => runner.run(job, { paced: false })));
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(ends[2]).toEqual({ status: "fulfilled", value: "job 2" });
    expect(log).toEqual(["job 0", "job 0", "job 0", "job 1", "job 2", "job 2"]);
    expect(jobs.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  });

  test("lets unpaced jobs go before paced ones, also between their steps", async () => {
    const runner = runnerOn(new ManualClock(), () => 0);
    const log: string[] = [];
    const paced = runner.run(new CountingJob("paced", 4, log), { paced: true });
    while (log.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const urgent = runner.run(new CountingJob("urgent", 3, log), { paced: false });
    await Promise.all([paced, urgent]);
    expect(log).toEqual(["paced", "paced", "urgent", "urgent", "urgent", "paced", "paced"]);
  });

  test("of paced jobs the most urgent goes on, also when that changes under way", async () => {
    const runner = runnerOn(new ManualClock(), () => 0);
    const log: string[] = [];
    const [one, two] = [1, 2].map((urgency) => new Int32Array(new SharedArrayBuffer(4)).fill(urgency));
    const first = runner.run(new CountingJob("first", 5, log), { paced: true, urgency: one });
    while (log.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const second = runner.run(new CountingJob("second", 4, log), { paced: true, urgency: two });
    while (log.length < 4) await new Promise((resolve) => setImmediate(resolve));
    one?.fill(3);
    while (log.length < 5) await new Promise((resolve) => setImmediate(resolve));
    one?.fill(1);
    await Promise.all([first, second]);
    expect(log.map((name) => name[0]).join("")).toBe("ffssfssff");
  });

  test("spreads paced output over time, and takes a new pace over at once", async () => {
    const clock = new ManualClock();
    let bytesPerSecond = 1000;
    const runner = runnerOn(clock, () => bytesPerSecond);
    const log: string[] = [];
    const start = clock.time;
    const job = runner.run(new CountingJob("paced", 11, log), { paced: true });
    while (log.length < 6) await clock.advance();
    // Five seconds for the five thousand bytes before the sixth step; sleeps are cut short, never too short.
    expect(clock.time - start).toBeGreaterThanOrEqual(5000);
    expect(clock.time - start).toBeLessThan(5100);
    bytesPerSecond = 0;
    await clock.advance();
    await job;
    expect(clock.time - start).toBeLessThan(5200);
  });

  test("is not held up by a clock that steps back", async () => {
    const clock = new ManualClock();
    const runner = runnerOn(clock, () => 1000);
    const log: string[] = [];
    const job = runner.run(new CountingJob("paced", 5, log), { paced: true });
    while (log.length < 2) await clock.advance();
    clock.time -= 3_600_000;
    const start = clock.time;
    while (log.length < 5) await clock.advance();
    await job;
    expect(clock.time - start).toBeLessThan(10_000);
  });

  test("gives a job up, and takes a new pace over, though the clock stands still", async () => {
    let bytesPerSecond = 1;
    const runner = runnerOn(new ManualClock(), () => bytesPerSecond);
    const log: string[] = [];
    const abort = new AbortController();
    const given = runner
      .run(new CountingJob("given up", 9, log), { paced: true, signal: abort.signal })
      .catch((error: unknown) => error);
    while (log.length < 1) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect(await given).toMatchObject({ kind: "closed" });
    const hurried = runner.run(new CountingJob("hurried", 3, log), { paced: true });
    while (log.length < 2) await new Promise((resolve) => setImmediate(resolve));
    bytesPerSecond = 0;
    runner.wake();
    expect(await hurried).toBe("hurried");
  });

  test("gives jobs up on request, at once", async () => {
    const runner = runnerOn(new ManualClock(), () => 1);
    const abort = new AbortController();
    const log: string[] = [];
    const slow = new CountingJob("slow", 100, log);
    const end = runner.run(slow, { paced: true, signal: abort.signal }).catch((error: unknown) => error);
    while (log.length < 1) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    const next = runner.run(new CountingJob("next", 1, log), { paced: false });
    expect(await end).toMatchObject({ kind: "closed" });
    expect([await next, slow.closed]).toEqual(["next", 1]);
    const waits = runner
      .run(new CountingJob("waits", 9, log), { paced: true })
      .catch((error: unknown) => error);
    runner.close();
    expect(await waits).toMatchObject({ kind: "closed" });
    const late = new CountingJob("late", 9, log);
    expect(await runner.run(late, { paced: false }).catch((error: unknown) => error)).toMatchObject({
      kind: "closed",
    });
    expect(late.closed).toBe(1);
  });
});

describe("a job's step", () => {
  test("takes in no more than it is allowed, but for one entry, whether that is kept or not", () => {
    let taken = 0;
    class Counted extends ArrayCursor {
      override next(): boolean {
        taken += this.key.length + this.end - this.start;
        return super.next();
      }
    }
    const rows = Array.from({ length: 4000 }, (_, index) => {
      const key = `key-${String(index).padStart(5, "0")}`;
      return { key, sequence: 1, value: index % 3 === 0 ? undefined : new Uint8Array(1000) };
    });
    const job = new MergeJob(memoryVfs(), new Counted(rows), {
      blockBytes: 4096,
      dropTombstone: () => true,
      cutBefore: (_, bytes) => bytes > 1 << 20,
      nextPath: () => `${taken}.sst`,
    });
    const steps: number[] = [];
    for (let result: StepResult = "more"; result !== "done"; ) {
      const before = taken;
      result = job.step(48 << 10);
      if (result === "sync") job.file.datasyncNow();
      steps.push(taken - before);
    }
    expect(Math.max(...steps)).toBeLessThan((48 << 10) + 1009);
    // Steps of that size take it all in; the others end outputs.
    expect(steps.filter((bytes) => bytes > 0).length).toBeLessThan(taken / (48 << 10) + 5);
    job.close();
  });
});

describe("a job's output", () => {
  interface Watched {
    unsynced: number;
    unsyncedMost: number;
    open: boolean;
  }

  /** Follows how much of each file is written but not synced, and whether it is open. */
  function watching(inner: Vfs): { vfs: Vfs; files: Map<string, Watched> } {
    const files = new Map<string, Watched>();
    const vfs = Object.create(inner) as Vfs;
    vfs.open = (path, mode) => inner.open(path, mode);
    vfs.create = (path) => {
      const file = inner.create(path);
      const watched = { unsynced: 0, unsyncedMost: 0, open: true };
      files.set(path, watched);
      return {
        path,
        read: (into, position) => file.read(into, position),
        write: (from, position) => {
          file.write(from, position);
          watched.unsynced += from.length;
          watched.unsyncedMost = Math.max(watched.unsyncedMost, watched.unsynced);
        },
        datasync: async () => {
          await file.datasync();
          watched.unsynced = 0;
        },
        datasyncNow: () => file.datasyncNow(),
        truncate: (size) => file.truncate(size),
        size: () => file.size(),
        close: () => {
          watched.open = false;
          file.close();
        },
      };
    };
    return { vfs, files };
  }

  function noisyMemtable(rows: number): Memtable {
    const random = seededRandom(5);
    const memtable = new Memtable();
    for (let index = 0; index < rows; index++)
      memtable.put(
        `k${index}`,
        index,
        new Uint8Array(2000).map(() => random(256)),
      );
    memtable.freeze();
    return memtable;
  }

  test("is synced piece by piece, wholly synced and closed when the job is done", async () => {
    const { vfs, files } = watching(memoryVfs());
    const executor = inThreadExecutor(vfs, systemClock);
    const spec = { path: "a.sst", blockBytes: 4096, dropTombstones: false };
    const info = await executor.flush(spec, [noisyMemtable(2500)]);
    expect(info?.bytes).toBeGreaterThan(4 << 20);
    const { smallest = "", largest = "" } = info ?? {};
    const outputs = await executor.compact({
      inputs: [[{ path: "a.sst", smallest, largest }]],
      outputs: ["b.sst", "c.sst", "d.sst", "e.sst"],
      blockBytes: 4096,
      fileBytes: 2 << 20,
      boundaries: [],
      older: [],
    });
    expect(outputs.length).toBe(3);
    expect(files.size).toBe(4);
    for (const watched of files.values()) {
      expect(watched).toMatchObject({ unsynced: 0, open: false });
      expect(watched.unsyncedMost).toBeLessThan(1.3 * (1 << 20));
    }
  });

  test("is closed when the job fails", async () => {
    const { vfs, files } = watching(memoryVfs());
    const create = vfs.create.bind(vfs);
    vfs.create = (path) => {
      const file = create(path);
      const { write } = file;
      return Object.assign(file, {
        write: (from: Uint8Array, position: number) => {
          if (position > 300_000) throw new StorageError("no-space", "full");
          write(from, position);
        },
      });
    };
    const spec = { path: "a.sst", blockBytes: 4096, dropTombstones: false };
    const failure = await inThreadExecutor(vfs, systemClock)
      .flush(spec, [noisyMemtable(500)])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "no-space" });
    expect(files.get("a.sst")?.open).toBe(false);
  });
});
