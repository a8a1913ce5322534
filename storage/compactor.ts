import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import { compactionSpec } from "./compaction/compaction-job.ts";
import type { CompactionControl, JobExecutor } from "./compaction/executor.ts";
import { compactionDebt, compactionRate, hurryLevel0Files, WriteThrottle } from "./compaction/pacing.ts";
import { type CompactionTask, type PickerOptions, pickCompaction, pickResting } from "./compaction/picker.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { ManifestEdit, TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { Space } from "./space.ts";
import type { TableFiles } from "./table-files.ts";
import type { TableHandle } from "./version.ts";
import type { WriteGate } from "./write-gate.ts";

export interface CompactorOptions {
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly executor: JobExecutor;
  readonly manifest: Manifest;
  readonly tables: TableFiles;
  readonly gate: WriteGate;
  readonly picker: PickerOptions;
  readonly blockBytes: number;
  /** Target size of an SSTable. */
  readonly tableBytes: number;
}

type Task = CompactionTask<TableHandle>;

/** A space with something to compact. */
interface Candidate {
  readonly space: Space;
  /** Nothing is due, but nobody has written to it for a while. */
  resting: boolean;
  debtBytes: number;
  /** Failed attempts in a row. */
  failures: number;
  /** Set while the next attempt has to wait. */
  cancelRetry: (() => void) | undefined;
}

/** A compaction under way. */
interface Run {
  readonly candidate: Candidate;
  readonly abort: AbortController;
  /** Read by the executor between the job's steps. */
  readonly urgency: Int32Array<SharedArrayBuffer>;
}

/** Compactions under way at a time: one goes on, and those that it has overtaken pause. */
const runsMax = 3;
/** Nobody writes to a space when its SSTables have not changed for this long. */
const restAfterMs = 1_000;
/** After the first failed attempt: how long to wait before the next; doubled with each, up to the second figure. */
const retryAfterMs = 500;
const retryAfterMsMax = 60_000;
/** After this many attempts, writes that wait for compactions are refused instead. */
const attemptsBeforeReadOnly = 3;

/**
 * Compacts the SSTables of all spaces, the most urgent first: asks the picker, has the executor merge, puts the result into the manifest
 * and then in force. A space that is about to slow its writers down does not wait for the end of another's compaction: it overtakes it. Tells the gate how
 * fast writers may go, and the executor how fast compactions should.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #throttle = new WriteThrottle();
  readonly #candidates = new Map<Space, Candidate>();
  /** Spaces with a damaged SSTable: they stay as they are until a restart. */
  readonly #damaged = new WeakSet<Space>();
  /** Under way, each with its end. */
  readonly #runs = new Map<Run, Promise<void>>();
  /** Spaces that will be looked at once more when they have not changed for a while. */
  readonly #cancelRests = new Map<Space, () => void>();
  #closed = false;
  /** Counters since the start. */
  mergeCount = 0;
  moveCount = 0;
  failureCount = 0;
  /** By the level they went to. */
  readonly bytesWritten: number[] = [];

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Bytes that compactions must write until none is due, roughly. */
  get debtBytes(): number {
    let bytes = 0;
    for (const candidate of this.#candidates.values()) bytes += candidate.debtBytes;
    return bytes;
  }

  /** Spaces with a compaction due or under way. */
  get dueCount(): number {
    return this.#candidates.size;
  }

  /** To be called when the SSTables of a space have changed: compacts what is due. */
  consider(space: Space): void {
    this.#assess(space, false);
    this.#considerRest(space);
    this.#setPace();
    this.#start();
  }

  /** To be called when a space is being dropped: gives up its compaction. */
  abandon(space: Space): void {
    for (const { candidate, abort } of this.#runs.keys()) if (candidate.space === space) abort.abort();
  }

  /** To be called when a space was dropped. */
  forget(space: Space): void {
    this.#candidates.get(space)?.cancelRetry?.();
    this.#candidates.delete(space);
    this.#cancelRest(space);
    this.#setPace();
  }

  /** Gives up the compactions under way and starts none after them. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancelRetry } of this.#candidates.values()) cancelRetry?.();
    for (const space of [...this.#cancelRests.keys()]) this.#cancelRest(space);
    for (const { abort } of this.#runs.keys()) abort.abort();
    await Promise.all(this.#runs.values());
  }

  /** Makes a space a candidate if anything is due in it or under way, and none if not. */
  #assess(space: Space, resting: boolean): void {
    const isDue = !space.loading && !this.#damaged.has(space) && this.#pick(space, resting) !== undefined;
    const known = this.#candidates.get(space);
    if (!isDue && (known === undefined || !this.#isBusy(space))) {
      this.#candidates.delete(space);
      return;
    }
    const debtBytes = compactionDebt(space.version.levels, this.#options.picker);
    if (known === undefined)
      this.#candidates.set(space, { space, resting, debtBytes, failures: 0, cancelRetry: undefined });
    else Object.assign(known, { resting, debtBytes });
  }

  #pick({ version: { levels } }: Space, resting: boolean): Task | undefined {
    const { picker } = this.#options;
    return pickCompaction(levels, picker) ?? (resting ? pickResting(levels, picker) : undefined);
  }

  /** Has a space in which nothing is due looked at again when it has rested. */
  #considerRest(space: Space): void {
    this.#cancelRest(space);
    if (this.#closed || this.#candidates.has(space) || this.#pick(space, true) === undefined) return;
    const cancel = this.#options.clock.after(restAfterMs, () => {
      this.#cancelRests.delete(space);
      this.#assess(space, true);
      this.#start();
    });
    this.#cancelRests.set(space, cancel);
  }

  #cancelRest(space: Space): void {
    this.#cancelRests.get(space)?.();
    this.#cancelRests.delete(space);
  }

  #setPace(): void {
    const { gate, executor } = this.#options;
    let level0FilesMost = 0;
    for (const { space } of this.#candidates.values())
      level0FilesMost = Math.max(level0FilesMost, level0Files(space));
    for (const { candidate, urgency } of this.#runs.keys())
      Atomics.store(urgency, 0, level0Files(candidate.space));
    const { debtBytes } = this;
    const bytesPerSecond = this.#throttle.update(level0FilesMost, debtBytes);
    gate.setRate(bytesPerSecond);
    executor.pace(compactionRate(debtBytes, level0FilesMost));
  }

  #start(): void {
    for (let candidate = this.#next(); candidate !== undefined; candidate = this.#next()) {
      const urgency = new Int32Array(new SharedArrayBuffer(4));
      const run: Run = { candidate, abort: new AbortController(), urgency };
      urgency[0] = level0Files(candidate.space);
      this.#runs.set(run, this.#run(run));
    }
  }

  /**
   * The space to begin with now: that which reads and writes suffer from the most, which is the one with the most files in level 0, then the one
   * with the largest debt. While others are being compacted, only one whose writers will soon be held back, and sooner than theirs.
   */
  #next(): Candidate | undefined {
    if (this.#closed || this.#options.health.isFailed || this.#runs.size >= runsMax) return undefined;
    let next: Candidate | undefined;
    for (const candidate of this.#candidates.values()) {
      const { space, cancelRetry } = candidate;
      if (space.dropped || cancelRetry !== undefined || this.#isBusy(space)) continue;
      if (next === undefined || isMoreUrgent(candidate, next)) next = candidate;
    }
    if (next === undefined || this.#runs.size === 0) return next;
    const files = level0Files(next.space);
    if (files < hurryLevel0Files) return undefined;
    for (const { candidate } of this.#runs.keys())
      if (level0Files(candidate.space) >= files) return undefined;
    return next;
  }

  #isBusy(space: Space): boolean {
    for (const { candidate } of this.#runs.keys()) if (candidate.space === space) return true;
    return false;
  }

  async #run(run: Run): Promise<void> {
    const { candidate } = run;
    const { space } = candidate;
    try {
      await this.#compact(run);
      candidate.failures = 0;
      this.#options.health.clearReadOnly("compaction");
    } catch (error) {
      this.#failed(candidate, error);
    }
    // In the same stretch as the look for what comes next.
    this.#runs.delete(run);
    if (this.#candidates.has(space)) this.#assess(space, candidate.resting);
    if (!space.dropped) this.#considerRest(space);
    this.#setPace();
    this.#start();
  }

  #failed(candidate: Candidate, error: unknown): void {
    const { health, clock, gate } = this.#options;
    const { space } = candidate;
    if (health.isFailed || this.#closed || space.dropped) return;
    const cause = error instanceof Error ? error : new Error(String(error));
    const kind = cause instanceof StorageError ? cause.kind : undefined;
    // Given up for a removal of the space that did not happen.
    if (kind === "closed") return;
    this.failureCount += 1;
    if (kind !== "io" && kind !== "no-space") {
      // Damage, or an error of ours: another attempt would meet it again.
      this.#damaged.add(space);
      health.setDegraded(cause);
      return;
    }
    candidate.failures += 1;
    health.setBackgroundError("compaction", cause);
    if (candidate.failures >= attemptsBeforeReadOnly && gate.isStopped) {
      health.setReadOnly("compaction", cause);
      gate.wakeAll();
    }
    const delayMs = Math.min(retryAfterMsMax, retryAfterMs * 2 ** (candidate.failures - 1));
    candidate.cancelRetry = clock.after(delayMs, () => {
      candidate.cancelRetry = undefined;
      this.#start();
    });
  }

  async #compact({ candidate: { space, resting }, abort, urgency }: Run): Promise<void> {
    const task = this.#pick(space, resting);
    if (task === undefined) return;
    if (task.kind === "move") await this.#move(space, task);
    else await this.#merge(space, task, { signal: abort.signal, urgency });
  }

  async #move(space: Space, { upper, outputLevel }: Task): Promise<void> {
    const edits = upper.map(({ number }): ManifestEdit => {
      return { kind: "tableMoved", space: space.number, number, level: outputLevel };
    });
    await this.#options.manifest.commit(edits);
    space.install(space.version.replace(upper, outputLevel, upper));
    this.moveCount += 1;
  }

  async #merge(space: Space, task: Task, control: CompactionControl): Promise<void> {
    const { executor, manifest, tables } = this.#options;
    const inputs = [...task.upper, ...task.lower];
    const numbers = new Map<string, number>();
    let isCommitting = false;
    let outputs: TableRecord[];
    try {
      outputs = await this.#write(space, task, numbers, control);
      checkOutputs(inputs, outputs);
      if (outputs.length > 0) await tables.syncDirectoryAside(executor);
      // From the look at `dropped` to the commit nothing may intervene: the manifest refuses edits of a space that is gone.
      if (space.dropped) throw new StorageError("closed", "the space is being dropped");
      isCommitting = true;
      await manifest.commit([
        ...inputs.map(({ number }): ManifestEdit => ({ kind: "tableRemoved", space: space.number, number })),
        ...outputs.map((table): ManifestEdit => ({ kind: "tableAdded", table })),
      ]);
    } catch (error) {
      // Without space the edit has not happened. After any other failure it may have, and the files have to stay.
      if (!isCommitting || isNoSpace(error)) for (const number of numbers.values()) tables.unlink(number);
      throw error;
    }
    const added = outputs.map((table) => tables.open(table));
    space.install(space.version.replace(inputs, task.outputLevel, added));
    for (const table of inputs) table.markObsolete();
    this.mergeCount += 1;
    let bytesWritten = this.bytesWritten[task.outputLevel] ?? 0;
    for (const { bytes } of outputs) bytesWritten += bytes;
    this.bytesWritten[task.outputLevel] = bytesWritten;
  }

  /** Merges the inputs into new files; notes the names of all that may come to exist in `numbers`, before they do. */
  async #write(
    space: Space,
    task: Task,
    numbers: Map<string, number>,
    control: CompactionControl,
  ): Promise<TableRecord[]> {
    const { executor, manifest, tables, blockBytes, tableBytes } = this.#options;
    const spec = compactionSpec(space.version.levels, task, {
      path: ({ number }) => tables.path(number),
      nextPath: () => {
        const number = manifest.reserveTable();
        const path = tables.path(number);
        numbers.set(path, number);
        return path;
      },
      blockBytes,
      fileBytes: tableBytes,
    });
    const outputs = await executor.compact(spec, control);
    return outputs.map(({ path, info: { blocks: _, ...kept } }) => {
      const number = numbers.get(path);
      assert(number !== undefined, "outputs have the names they were given");
      return { space: space.number, level: task.outputLevel, number, ...kept };
    });
  }
}

/** The last look before the inputs are given up for the outputs. */
function checkOutputs(inputs: readonly TableHandle[], outputs: readonly TableRecord[]): void {
  let balance = 0;
  let tombstones = 0;
  for (const table of inputs) {
    balance += table.entries;
    tombstones += table.tombstones;
  }
  for (const table of outputs) {
    balance -= table.entries;
    tombstones -= table.tombstones;
  }
  assert(balance >= 0 && tombstones >= 0, "a compaction has no more rows than its inputs");
}

function level0Files(space: Space): number {
  return space.version.levels[0]?.length ?? 0;
}

function isMoreUrgent(one: Candidate, other: Candidate): boolean {
  const files = level0Files(one.space) - level0Files(other.space);
  return files === 0 ? one.debtBytes > other.debtBytes : files > 0;
}
