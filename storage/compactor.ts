import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import { compactionSpec } from "./compaction/compaction-job.ts";
import type { JobExecutor } from "./compaction/executor.ts";
import { compactionDebt, compactionRate, WriteThrottle } from "./compaction/pacing.ts";
import { type CompactionTask, type PickerOptions, pickCompaction } from "./compaction/picker.ts";
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
  debtBytes: number;
  /** Failed attempts in a row. */
  failures: number;
  /** Set while the next attempt has to wait. */
  cancelRetry: (() => void) | undefined;
}

/** After the first failed attempt: how long to wait before the next; doubled with each, up to the second figure. */
const retryAfterMs = 500;
const retryAfterMsMax = 60_000;
/** After this many attempts, writes that wait for compactions are refused instead. */
const attemptsBeforeReadOnly = 3;

/**
 * Compacts the SSTables of all spaces, one compaction at a time: asks the picker, has the executor merge, puts the result into the manifest
 * and then in force. Tells the gate how fast writers may go, and the executor how fast compactions should.
 */
export class Compactor {
  readonly #options: CompactorOptions;
  readonly #throttle = new WriteThrottle();
  readonly #candidates = new Map<Space, Candidate>();
  /** Spaces with a damaged SSTable: they stay as they are until a restart. */
  readonly #damaged = new WeakSet<Space>();
  #running: Promise<void> | undefined;
  #job: { readonly space: Space; readonly abort: AbortController } | undefined;
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
    this.#assess(space);
    this.#setPace();
    this.#start();
  }

  /** To be called when a space is being dropped: gives up its compaction. */
  abandon(space: Space): void {
    if (this.#job?.space === space) this.#job.abort.abort();
  }

  /** To be called when a space was dropped. */
  forget(space: Space): void {
    this.#candidates.get(space)?.cancelRetry?.();
    this.#candidates.delete(space);
    this.#setPace();
  }

  /** Gives up the compaction under way and starts none after it. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancelRetry } of this.#candidates.values()) cancelRetry?.();
    this.#job?.abort.abort();
    await this.#running;
  }

  /** Makes a space a candidate if anything is due in it, and none if not. */
  #assess(space: Space): void {
    const { picker } = this.#options;
    const { levels } = space.version;
    if (space.loading || this.#damaged.has(space) || pickCompaction(levels, picker) === undefined) {
      this.#candidates.delete(space);
      return;
    }
    const debtBytes = compactionDebt(levels, picker);
    const known = this.#candidates.get(space);
    if (known === undefined)
      this.#candidates.set(space, { space, debtBytes, failures: 0, cancelRetry: undefined });
    else known.debtBytes = debtBytes;
  }

  #setPace(): void {
    const { gate, executor } = this.#options;
    let level0FilesMost = 0;
    for (const { space } of this.#candidates.values())
      level0FilesMost = Math.max(level0FilesMost, level0Files(space));
    const { debtBytes } = this;
    const bytesPerSecond = this.#throttle.update(level0FilesMost, debtBytes);
    gate.setRate(bytesPerSecond);
    // While writers are held back, compactions need not be gentle.
    executor.pace(bytesPerSecond === Number.POSITIVE_INFINITY ? compactionRate(debtBytes) : 0);
  }

  #start(): void {
    if (this.#running !== undefined || this.#next() === undefined) return;
    this.#running = this.#run();
  }

  /** The space that reads and writes suffer from the most: that with the most files in level 0, then that with the largest debt. */
  #next(): Candidate | undefined {
    if (this.#closed || this.#options.health.isFailed) return undefined;
    let next: Candidate | undefined;
    for (const candidate of this.#candidates.values()) {
      if (candidate.space.dropped || candidate.cancelRetry !== undefined) continue;
      if (next === undefined || isMoreUrgent(candidate, next)) next = candidate;
    }
    return next;
  }

  async #run(): Promise<void> {
    for (let candidate = this.#next(); candidate !== undefined; candidate = this.#next()) {
      const { space } = candidate;
      try {
        await this.#compact(space);
        candidate.failures = 0;
        this.#options.health.clearReadOnly("compaction");
      } catch (error) {
        this.#failed(candidate, error);
      }
      if (this.#candidates.has(space)) this.#assess(space);
      this.#setPace();
    }
    // In the same stretch as the last look for a candidate: whoever brings another one finds that nobody is running.
    this.#running = undefined;
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

  async #compact(space: Space): Promise<void> {
    const task = pickCompaction(space.version.levels, this.#options.picker);
    if (task === undefined) return;
    if (task.kind === "move") {
      await this.#move(space, task);
      return;
    }
    const abort = new AbortController();
    this.#job = { space, abort };
    try {
      await this.#merge(space, task, abort.signal);
    } finally {
      this.#job = undefined;
    }
  }

  async #move(space: Space, { upper, outputLevel }: Task): Promise<void> {
    const edits = upper.map(({ number }): ManifestEdit => {
      return { kind: "tableMoved", space: space.number, number, level: outputLevel };
    });
    await this.#options.manifest.commit(edits);
    space.install(space.version.replace(upper, outputLevel, upper));
    this.moveCount += 1;
  }

  async #merge(space: Space, task: Task, signal: AbortSignal): Promise<void> {
    const { manifest, tables } = this.#options;
    const inputs = [...task.upper, ...task.lower];
    const numbers = new Map<string, number>();
    let isCommitting = false;
    let outputs: TableRecord[];
    try {
      outputs = await this.#write(space, task, numbers, signal);
      checkOutputs(inputs, outputs);
      if (outputs.length > 0) tables.syncDirectory();
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
    signal: AbortSignal,
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
    const outputs = await executor.compact(spec, signal);
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
