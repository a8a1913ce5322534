import type { Clock } from "./clock.ts";
import type { JobExecutor } from "./compaction/executor.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import type { Log } from "./log.ts";
import type { ManifestEdit, TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { MemtableSlot, UnflushedSlots } from "./memtable-slot.ts";
import type { Space } from "./space.ts";
import type { TableFiles } from "./table-files.ts";
import type { Vfs } from "./vfs/vfs.ts";

export interface FlusherOptions {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly executor: JobExecutor;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly groups: GroupCommit;
  readonly budget: MemoryBudget;
  readonly tables: TableFiles;
  readonly blockBytes: number;
  /** No space's oldest unflushed record may be further back in the log than this. */
  readonly lagBytesMax: number;
  readonly spaces: () => Iterable<Space>;
  readonly unflushed: UnflushedSlots;
  /** A flush is in the manifest: some of the log may not be needed any more. */
  readonly onFlushed: (space: Space) => Promise<void>;
}

/** After a failed flush: how long to wait before the next attempt, and after how many attempts writes are refused. */
const retryAfterMs = 500;
const attemptsBeforeReadOnly = 3;

/**
 * Decides when memtables are frozen, and turns frozen ones into SSTables, one space after the other. What a commit costs here does not depend
 * on the number of spaces: all of them are only looked at when one is to be frozen.
 */
export class Flusher {
  readonly #options: FlusherOptions;
  /** Spaces with frozen memtables. */
  readonly #frozen = new Set<Space>();
  #running: Promise<void> | undefined;
  #failures = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  #flushes = 0;
  #bytesWritten = 0;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  get flushCount(): number {
    return this.#flushes;
  }

  /** Bytes of the SSTables that were written. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** To be called whenever commits have become visible: freezes what is due and starts flushing. */
  consider(): void {
    const { budget } = this.#options;
    if (budget.isHalfUsed) {
      let largest: Space | undefined;
      for (const space of this.#options.spaces()) {
        if (space.active.memtable.versionCount === 0) continue;
        if (largest === undefined || space.active.memtable.bytes > largest.active.memtable.bytes)
          largest = space;
      }
      if (largest !== undefined) this.#freeze(largest);
      if (budget.isHalfUsed && largest !== undefined) this.consider();
    }
    this.#start();
  }

  /** Freezes the memtables of spaces that lag too far behind. To be called when the log has grown by a segment. */
  considerLag(): void {
    const oldest = this.#options.log.bytesWritten - this.#options.lagBytesMax;
    this.#freezeDue((space) => space.active.firstSequence !== 0 && space.active.logStart < oldest);
  }

  /** Freezes everything that is only in the log and in memory. */
  freezeAll(): void {
    this.#freezeDue((space) => space.active.firstSequence !== 0);
  }

  /** Flushes everything that is only in the log and in memory. Rejects when that does not succeed. */
  async flushAll(): Promise<void> {
    this.freezeAll();
    while (this.#running !== undefined) await this.#running;
    for (const space of this.#options.spaces()) {
      if (space.frozen.length > 0) throw new StorageError("io", "the memtables could not be flushed");
    }
  }

  /** To be called when a space was dropped: what it has in memory is not to be flushed. */
  dismiss(space: Space): void {
    this.#frozen.delete(space);
  }

  /**
   * Freezes what one space has in memory. The function returned waits until that is flushed, and rejects when it does not succeed; to be
   * called once it is visible.
   */
  freeze(space: Space): () => Promise<void> {
    this.#freeze(space);
    this.#start();
    const slots = space.frozen;
    const isWaiting = () => slots.some((slot) => space.frozen.includes(slot));
    return async () => {
      this.#start();
      while (isWaiting() && this.#running !== undefined) await this.#running;
      if (isWaiting()) throw new StorageError("io", "the memtables could not be flushed");
    };
  }

  #freezeDue(isDue: (space: Space) => boolean): void {
    for (const space of this.#options.spaces()) if (isDue(space)) this.#freeze(space);
    this.#start();
  }

  #freeze(space: Space): void {
    const { groups, budget } = this.#options;
    budget.freeze(space.active.memtable);
    space.freeze(groups.lastSequence);
    this.#frozen.add(space);
  }

  /** Waits for the flush under way; starts none after it. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    await this.#running;
  }

  #start(): void {
    if (this.#running !== undefined || this.#closed || this.#cancelRetry !== undefined) return;
    if (this.#next() === undefined) return;
    this.#running = this.#run();
  }

  /** The space whose frozen memtables hold the oldest commit, if those can be flushed now. */
  #next(): Space | undefined {
    const visible = this.#options.groups.visibleSequence;
    let oldest: Space | undefined;
    for (const space of this.#frozen) {
      const slot = space.dropped ? undefined : space.frozen.at(-1);
      if (slot?.point === undefined || slot.point.sequence > visible) continue;
      if (oldest === undefined || (space.oldestUnflushed ?? 0) < (oldest.oldestUnflushed ?? 0))
        oldest = space;
    }
    return oldest;
  }

  async #run(): Promise<void> {
    const { health } = this.#options;
    while (!this.#closed && !health.isFailed && this.#cancelRetry === undefined) {
      const space = this.#next();
      if (space === undefined) break;
      try {
        await this.#flush(space);
        this.#failures = 0;
        health.clearReadOnly("flush");
      } catch (error) {
        if (!health.isFailed) this.#failed(error);
      }
    }
    // In the same stretch as the last look for a space: whoever freezes another memtable finds that nobody is running.
    this.#running = undefined;
  }

  #failed(error: unknown): void {
    const { health, budget, clock } = this.#options;
    this.#failures += 1;
    const cause = error instanceof Error ? error : new Error(String(error));
    health.setBackgroundError("flush", cause);
    if (this.#failures >= attemptsBeforeReadOnly) health.setReadOnly("flush", cause);
    budget.wakeAll();
    this.#cancelRetry = clock.after(retryAfterMs, () => {
      this.#cancelRetry = undefined;
      this.#start();
    });
  }

  /** Flushes the frozen memtables of one space that only hold visible commits. */
  async #flush(space: Space): Promise<void> {
    const { manifest, groups, budget } = this.#options;
    const slots = space.frozen.filter(
      ({ point }) => point !== undefined && point.sequence <= groups.visibleSequence,
    );
    const point = slots[0]?.point;
    if (point === undefined) return;
    // Log first: what is in an SSTable is durable in the log.
    await groups.makeDurable(point.sequence);
    const table = await this.#write(space, slots);
    if (space.dropped) {
      if (table !== undefined) this.#options.tables.unlink(table.number);
      return;
    }
    const edits: ManifestEdit[] = [
      { kind: "flushed", space: space.number, point },
      { kind: "replayAfter", sequence: this.replayAfter(slots) },
    ];
    if (table !== undefined) edits.unshift({ kind: "tableAdded", table });
    try {
      await manifest.commit(edits);
    } catch (error) {
      // Without space the edit has not happened. After any other failure it may have, and the file has to stay.
      if (table !== undefined && isNoSpace(error)) this.#options.tables.unlink(table.number);
      throw error;
    }
    if (table !== undefined) {
      space.install(space.version.replace([], 0, [this.#options.tables.open(table)]));
      this.#bytesWritten += table.bytes;
    }
    space.flushed = point;
    // Of a space that was dropped meanwhile, none counts any more.
    for (const { memtable } of space.unfreeze(slots)) budget.forget(memtable);
    if (space.frozen.length === 0) this.#frozen.delete(space);
    this.#flushes += 1;
    await this.#options.onFlushed(space);
  }

  async #write(space: Space, slots: readonly MemtableSlot[]): Promise<TableRecord | undefined> {
    const { executor, manifest, tables, blockBytes } = this.#options;
    const memtables = slots.map((slot) => slot.memtable).filter((memtable) => memtable.versionCount > 0);
    if (memtables.length === 0) return undefined;
    const number = manifest.reserveTable();
    const path = tables.path(number);
    try {
      const dropTombstones = space.version.tables.length === 0 && !space.loading;
      const info = await executor.flush({ path, blockBytes, dropTombstones }, memtables);
      if (info === undefined) return undefined;
      await tables.syncDirectoryAside(executor);
      const { blocks: _, ...kept } = info;
      return { space: space.number, level: 0, number, ...kept };
    } catch (error) {
      tables.unlink(number);
      throw error;
    }
  }

  /**
   * Everything up to this sequence is in the SSTables and flush points, once the slots at hand are. Never beyond what is durable in the log:
   * sequences above that may be lost and, after a restart, given to other commits.
   */
  replayAfter(flushing: readonly MemtableSlot[] = []): number {
    const { groups, log, unflushed } = this.#options;
    const durable = Math.min(groups.lastSequence, log.durableSequence);
    return Math.min(durable, (unflushed.oldest(flushing) ?? Number.POSITIVE_INFINITY) - 1);
  }
}
