import type { Clock } from "./clock.ts";
import type { JobExecutor } from "./compaction/executor.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { Feeds } from "./feed/feeds.ts";
import type { StoreHealth } from "./health.ts";
import { Archive } from "./history/archive.ts";
import { archiveDirectory, archivePath } from "./history/archive-format.ts";
import { type ArchiveWants, archiveSpec } from "./history/archive-job.ts";
import { type HistoryStep, planHistory } from "./history/plan.ts";
import type { HistoryFiles, HistorySource } from "./history/source.ts";
import type { HistoryCheckpoints } from "./history-checkpoints.ts";
import type { Log } from "./log.ts";
import type { ManifestEdit } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { syncDirectory } from "./vfs/sync-directory.ts";

export interface HistoryKeeperOptions {
  readonly files: HistoryFiles;
  readonly clock: Clock;
  readonly executor: JobExecutor;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly feeds: () => Feeds;
  readonly checkpoints: HistoryCheckpoints;
  readonly archives: Archives;
  /** Everything up to this sequence is flushed. */
  readonly replayAfter: () => number;
  /** Change records older than this log time are not kept. */
  readonly keepFrom: () => number;
  /** Bytes of the SSTables that are kept for restores only. */
  readonly checkpointBytes: () => number;
  /** What the past may take: segments whose rows are flushed, archives, and those SSTables. */
  readonly bytesMax: () => number;
  readonly segmentBytesMax: number;
  /** Whether anything may be rewritten, or only removed as a whole. */
  readonly rewrites: boolean;
}

/** The archives of a store, oldest first. */
export interface Archives {
  list: readonly Archive[];
}

/** A stretch is rewritten when at least this share of it is not wanted; within the budget, and beyond it. */
const unwantedShare = 0.5;
const unwantedShareOverBudget = 0.05;
/** After a failure: how long to wait before the next attempt. */
const retryAfterMs = 30_000;
/** Indexes of so many of the newest segments stay in memory. */
const indexesKept = 4;

/**
 * Keeps of the past what somebody needs, and no more than the budget: removes segments and archives that neither recovery nor feeds nor restores
 * want, and rewrites those of which they want little. Beyond the budget it gives up first the oldest instants that spaces can be restored to, then the
 * oldest records of feeds. Writes are never refused for it.
 */
export class HistoryKeeper {
  readonly #options: HistoryKeeperOptions;
  #trimming: Promise<void> | undefined;
  #rewriting: Promise<void> | undefined;
  #holds = 0;
  #cancelRetry: (() => void) | undefined;
  readonly #givenUp = new AbortController();
  #closed = false;
  #bytesArchived = 0;
  /** Times that something was given up for want of room. */
  instantsGivenUp = 0;
  recordsGivenUp = 0;
  /** The directory of archives is durable. */
  #hasDirectory = false;

  constructor(options: HistoryKeeperOptions) {
    this.#options = options;
  }

  /** Bytes of all archives written since the start. */
  get bytesArchived(): number {
    return this.#bytesArchived;
  }

  /** What the past takes, and may take. */
  get bytes(): number {
    const { archives, checkpointBytes } = this.#options;
    const files = [...archives.list, ...this.#flushedSegments()];
    return files.reduce((sum, source) => sum + source.bytes, 0) + checkpointBytes();
  }

  /**
   * Removes what can go. Resolves when that is done, and does not wait for anything to be rewritten. Never rejects: what stays is tried again next
   * time.
   */
  trim(): Promise<void> {
    const isBusy = this.#rewriting !== undefined || this.#holds > 0 || this.#cancelRetry !== undefined;
    if (this.#closed || isBusy) return Promise.resolve();
    this.#trimming ??= this.#trim()
      .catch((error) => this.#failed(error))
      .finally(() => {
        this.#trimming = undefined;
      });
    return this.#trimming;
  }

  /** Everything stays as it is until the function returned is called. */
  async hold(): Promise<() => void> {
    this.#holds += 1;
    await this.#trimming;
    await this.#rewriting;
    return () => {
      this.#holds -= 1;
      void this.trim();
    };
  }

  /** The active segment was closed: its index goes to disk, and those of older ones from memory. */
  rolled(): void {
    for (const segment of this.#options.log.sealed) segment.save();
    this.#forgetIndexes();
  }

  #forgetIndexes(): void {
    const { log, archives } = this.#options;
    for (const segment of log.sealed.slice(0, -indexesKept)) segment.forget();
    for (const archive of archives.list) archive.forget();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#givenUp.abort();
    await this.#trimming;
    await this.#rewriting;
  }

  #failed(error: unknown): void {
    if (!(error instanceof Error)) throw error;
    if (error instanceof StorageError && error.kind === "closed") return;
    // Failures of the manifest report themselves; a full disk or a file that does not go is no reason to stop.
    this.#options.health.setDegraded(error);
    this.#cancelRetry = this.#options.clock.after(retryAfterMs, () => {
      this.#cancelRetry = undefined;
      void this.trim();
    });
  }

  async #trim(): Promise<void> {
    const { health, checkpoints, bytesMax } = this.#options;
    while (!this.#closed && !health.isFailed) {
      const isOver = this.bytes > bytesMax();
      const step = this.#plan(isOver);
      if (step?.kind === "removeSegments" || step?.kind === "removeArchives") {
        await this.#remove(step);
      } else if (step !== undefined && this.#options.rewrites) {
        this.#rewriting = this.#rewrite(step)
          .then(() => {
            this.#rewriting = undefined;
            void this.trim();
          })
          .catch((error) => {
            this.#rewriting = undefined;
            this.#failed(error);
          });
        return;
      } else if (!isOver) {
        return;
      } else if (await checkpoints.shorten()) {
        this.instantsGivenUp += 1;
      } else if (await this.#removeOldest()) {
        this.recordsGivenUp += 1;
      } else {
        return;
      }
    }
  }

  #plan(isOver: boolean): HistoryStep | undefined {
    const { archives, keepFrom, segmentBytesMax } = this.#options;
    const step = planHistory({
      archives: archives.list,
      segments: this.#flushedSegments(),
      wants: this.#wants(),
      archiveBefore: keepFrom(),
      unwantedShareMin: isOver ? unwantedShareOverBudget : unwantedShare,
      stretchBytesMin: isOver ? 0 : segmentBytesMax / 2,
      archiveBytesMax: 4 * segmentBytesMax,
    });
    this.#forgetIndexes();
    return step;
  }

  #flushedSegments(): HistorySource[] {
    const { log, replayAfter } = this.#options;
    const flushed = replayAfter();
    const count = log.sealed.findIndex((segment) => segment.lastSequence > flushed);
    return log.sealed.slice(0, count < 0 ? undefined : count);
  }

  #wants(): ArchiveWants {
    const { feeds, keepFrom, checkpoints } = this.#options;
    const spaces = checkpoints.wanted();
    const from = keepFrom();
    const existing = feeds();
    return {
      keepsSpace: (space, source) => source.lastSequence > (spaces.get(space) ?? Number.POSITIVE_INFINITY),
      keepsFeed: (feed, source) => source.lastTime > from && existing.has(feed),
    };
  }

  async #remove(step: HistoryStep & { kind: "removeSegments" | "removeArchives" }): Promise<void> {
    const { archives } = this.#options;
    const gone: HistorySource[] =
      step.kind === "removeSegments"
        ? this.#flushedSegments().slice(0, step.count)
        : archives.list.filter((_, place) => step.archives.includes(place));
    await this.#replace(gone, [], this.#wants());
  }

  /** Gives up the oldest source that is not needed for recovery, whoever wants it. */
  async #removeOldest(): Promise<boolean> {
    const oldest = this.#options.archives.list[0] ?? this.#flushedSegments()[0];
    if (oldest === undefined) return false;
    await this.#replace([oldest], [], { keepsSpace: () => false, keepsFeed: () => false });
    return true;
  }

  async #rewrite(step: HistoryStep & { kind: "archiveSegments" | "rewriteArchives" }): Promise<void> {
    const { files, manifest, archives, executor } = this.#options;
    const sources: readonly HistorySource[] =
      step.kind === "archiveSegments"
        ? this.#flushedSegments().slice(0, step.count)
        : archives.list.slice(step.from, step.from + step.count);
    const [first, last] = [sources[0], sources.at(-1)];
    if (first === undefined || last === undefined) return;
    const wants = this.#wants();
    const number = manifest.reserveTable();
    const path = archivePath(number);
    const { firstSequence } = first;
    const { lastSequence, lastTime } = last;
    let isNeeded = false;
    try {
      this.#makeDirectory();
      const written = await executor.archive(
        archiveSpec(path, files.storeId, sources, wants),
        this.#givenUp.signal,
      );
      const added: Archive[] = [];
      if (written !== undefined) {
        syncDirectory(files.vfs, archiveDirectory);
        added.push(new Archive(files, { number, firstSequence, lastSequence, lastTime, ...written }));
        isNeeded = true;
      }
      await this.#replace(sources, added, wants);
      this.#bytesArchived += written?.bytes ?? 0;
    } catch (error) {
      // Without space the edit has not happened. After any other failure of it, it may have, and the file has to stay.
      if (isNoSpace(error)) isNeeded = false;
      throw error;
    } finally {
      if (!isNeeded && files.vfs.exists(path)) files.vfs.unlink(path);
    }
  }

  #makeDirectory(): void {
    const { vfs } = this.#options.files;
    if (this.#hasDirectory) return;
    if (!vfs.exists(archiveDirectory)) vfs.makeDirectory(archiveDirectory);
    // Also one that was there already: whoever made it may not have got as far as this.
    syncDirectory(vfs, "");
    this.#hasDirectory = true;
  }

  /** Puts archives in the place of sources: in the manifest, in memory, then on disk. */
  async #replace(
    gone: readonly HistorySource[],
    added: readonly Archive[],
    wants: ArchiveWants,
  ): Promise<void> {
    const { manifest, feeds, log, archives, replayAfter } = this.#options;
    const edits: ManifestEdit[] = added.map(({ record }) => ({ kind: "archiveAdded", archive: record }));
    for (const source of gone) {
      if (source instanceof Archive) edits.push({ kind: "archiveRemoved", number: source.record.number });
    }
    edits.push(...feeds().trimsOf(gone, wants.keepsFeed));
    const segment = log.sealed.findLast((logged) => gone.includes(logged))?.segment;
    if (segment !== undefined) {
      edits.push({ kind: "replayAfter", sequence: replayAfter() });
      edits.push({ kind: "logFloor", segment: segment.id + 1, trim: segment.lastSequence });
    }
    await manifest.commit(edits);
    const rest = archives.list.filter((archive) => !gone.includes(archive));
    archives.list = [...rest, ...added].sort((a, b) => a.firstSequence - b.firstSequence);
    if (segment !== undefined) log.removeUpTo(segment.id);
    for (const source of gone) await source.unlink();
  }
}
