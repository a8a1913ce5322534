import { BulkLoader } from "./bulk-loader.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { CommitGroup } from "./commit-group.ts";
import type { JobExecutor } from "./compaction/executor.ts";
import { inThreadExecutor } from "./compaction/in-thread-executor.ts";
import { defaultPickerOptions } from "./compaction/picker.ts";
import { workerExecutor } from "./compaction/worker-executor.ts";
import { Compactor } from "./compactor.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import { Feeds } from "./feed/feeds.ts";
import { Flusher } from "./flusher.ts";
import { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import type { HistoryFiles } from "./history/source.ts";
import { KeptHistory } from "./kept-history.ts";
import { Log } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { StoreOptions } from "./options.ts";
import type { OpenedFiles } from "./recovery.ts";
import type { Space } from "./space.ts";
import { SpaceDirectory } from "./space-directory.ts";
import type { Capabilities } from "./store.ts";
import type { TableFiles } from "./table-files.ts";
import { Transactions } from "./transaction.ts";
import type { CountingVfs } from "./vfs/counting.ts";
import { WriteGate } from "./write-gate.ts";

export const storeCaps: Capabilities = {
  keyBytesMax: 8 << 10,
  valueBytesMax: 16 << 20,
  batchBytesMax: 64 << 20,
  snapshotMsMax: 60_000,
};

/** With more than this in the memtables, a close flushes them: reading them from the log would delay the next start. */
const closeFlushBytesMin = 4 << 20;

/** Starts and stops with little in between leave small segments; with more than this many to read, a start flushes what they hold. */
const replayedSegmentsMax = 16;

/** With every default filled in. */
export type FullOptions = Required<StoreOptions> & { readonly vfs: CountingVfs };

/** Every part of an open store, made and connected. What callers ask of the store is engine.ts's business; what the parts tell each other is here. */
export class Machinery {
  readonly health: StoreHealth;
  readonly tables: TableFiles;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly groups: GroupCommit;
  readonly budget: MemoryBudget;
  readonly spaces: SpaceDirectory;
  readonly feeds: Feeds;
  readonly executor: JobExecutor;
  readonly flusher: Flusher;
  readonly gate: WriteGate;
  readonly compactor: Compactor;
  readonly history: KeptHistory;
  readonly transactions: Transactions;
  readonly loader: BulkLoader;
  readonly checkpoints: Checkpoints;
  readonly #options: FullOptions;
  #segmentId: number;

  constructor(options: FullOptions, health: StoreHealth, tables: TableFiles, files: OpenedFiles) {
    const { vfs, clock, durability } = options;
    const { manifest, storeId } = files;
    this.#options = options;
    this.health = health;
    this.tables = tables;
    this.manifest = manifest;
    const historyFiles = { vfs, files: tables.files, storeId };
    const { segmentBytesMax } = options;
    this.log = new Log({ files: historyFiles, clock, segmentBytesMax }, files.writer, files.sealed);
    this.#segmentId = files.writer.segment.id;
    this.budget = new MemoryBudget(options.memtableBytesMax, clock);
    this.groups = new GroupCommit({
      log: this.log,
      clock,
      durability,
      health,
      lastSequence: files.lastSequence,
      lastTime: files.lastTime,
      onVisible: (group, offset) => this.#onVisible(group, offset),
      onRollBack: (sequence) => this.#onRollBack(sequence),
    });
    const lastSequence = () => this.groups.lastSequence;
    this.spaces = new SpaceDirectory(manifest, files.spaces.values(), files.unflushed, lastSequence);
    this.feeds = new Feeds({
      manifest,
      sources: () => this.history.sources(),
      visibleSequence: () => this.groups.visibleSequence,
    });
    this.executor =
      options.worker && vfs.root !== undefined ? workerExecutor(vfs.root) : inThreadExecutor(vfs, clock);
    this.flusher = this.#newFlusher();
    this.gate = new WriteGate(clock, () => this.budget.bytesPut);
    this.compactor = this.#newCompactor();
    this.transactions = new Transactions({
      caps: storeCaps,
      spaces: this.spaces.byId,
      feeds: this.feeds,
      groups: this.groups,
      budget: this.budget,
      logBytes: () => this.log.bytesWritten,
    });
    this.loader = this.#newLoader();
    this.checkpoints = this.#newCheckpoints();
    this.history = this.#newHistory(historyFiles);
  }

  /** Lets the jobs that are due begin. */
  start({ manifest, sealed }: OpenedFiles): void {
    this.budget.recount(this.spaces.all());
    const { replayAfter } = manifest.state;
    const replayed = sealed.filter(({ segment }) => segment.lastSequence > replayAfter);
    if (replayed.length > replayedSegmentsMax) this.flusher.freezeAll();
    this.flusher.consider();
    for (const space of this.spaces.all()) this.considerCompaction(space);
    this.history.start();
    // Writers that wait for memory or for compactions shall hear of a failure.
    void this.health.failed.then(() => {
      this.gate.open();
      this.budget.wakeAll();
    });
  }

  #newFlusher(): Flusher {
    const { vfs, clock, blockBytes, logLagBytesMax } = this.#options;
    return new Flusher({
      vfs,
      clock,
      health: this.health,
      executor: this.executor,
      manifest: this.manifest,
      log: this.log,
      groups: this.groups,
      budget: this.budget,
      tables: this.tables,
      blockBytes,
      lagBytesMax: logLagBytesMax,
      spaces: () => this.spaces.all(),
      unflushed: this.spaces.unflushed,
      onFlushed: (space) => {
        this.considerCompaction(space);
        return this.history.trim();
      },
    });
  }

  #newCompactor(): Compactor {
    const { clock, blockBytes, tableBytes, level0Files, levelBytesMin, levelFanOut } = this.#options;
    return new Compactor({
      clock,
      health: this.health,
      executor: this.executor,
      manifest: this.manifest,
      tables: this.tables,
      gate: this.gate,
      picker: { ...defaultPickerOptions, level0Files, baseBytes: levelBytesMin, fanOut: levelFanOut },
      blockBytes,
      tableBytes,
    });
  }

  #newLoader(): BulkLoader {
    const { vfs, clock, blockBytes, tableBytes } = this.#options;
    return new BulkLoader({
      caps: storeCaps,
      vfs,
      clock,
      health: this.health,
      manifest: this.manifest,
      log: this.log,
      groups: this.groups,
      tables: this.tables,
      blockBytes,
      tableBytes,
      lastLevel: defaultPickerOptions.levels - 1,
      freeze: (space) => this.flusher.freeze(space),
      onChanged: (space) => this.considerCompaction(space),
    });
  }

  #newCheckpoints(): Checkpoints {
    const { vfs, clock, random, blockBytes, tableBytes } = this.#options;
    return new Checkpoints({
      vfs,
      clock,
      random,
      health: this.health,
      manifest: this.manifest,
      log: this.log,
      groups: this.groups,
      tables: this.tables,
      spaces: this.spaces,
      blockBytes,
      tableBytes,
    });
  }

  #newHistory(files: HistoryFiles): KeptHistory {
    const { clock, feedRetentionMs, historyBytesMax, historyCheckpointBytes, segmentBytesMax } =
      this.#options;
    return new KeptHistory({
      files,
      clock,
      executor: this.executor,
      health: this.health,
      manifest: this.manifest,
      log: this.log,
      feeds: () => this.feeds,
      groups: this.groups,
      spaces: this.spaces,
      checkpoints: this.checkpoints,
      replayAfter: () => this.flusher.replayAfter(),
      feedRetentionMs,
      historyBytesMax,
      historyCheckpointBytes,
      rewrites: this.#options.archives,
      segmentBytesMax,
    });
  }

  /** To be called when a space may have become due. */
  considerCompaction(space: Space): void {
    if (this.#options.compaction) this.compactor.consider(space);
  }

  #onVisible(group: CommitGroup, offset: number): void {
    group.publishFigures();
    const { active } = this.log;
    active.index.addFrame(group.firstSequence, group.firstTime, offset);
    for (const [space, bytes] of group.spaceBytes) active.index.contents.addSpace(space, bytes);
    for (let i = 0; i < group.changeFeeds.length; i++) this.feeds.advance(active, group, i, offset);
    for (let i = 0; i < group.changeFeeds.length; i++) this.feeds.wake(group, i);
    if (active.segment.id !== this.#segmentId) {
      this.#segmentId = active.segment.id;
      this.flusher.considerLag();
      this.history.rolled();
    }
    this.flusher.consider();
  }

  #onRollBack(visibleSequence: number): void {
    this.spaces.unflushed.rollBack(visibleSequence);
    for (const space of this.spaces.all()) space.rollBack(visibleSequence);
    this.budget.recount(this.spaces.all());
    this.budget.wakeAll();
  }

  /** Ends everything in order: what was begun is answered, the log is closed, the manifest says so. */
  async close(): Promise<void> {
    this.health.close();
    this.feeds.wakeAll();
    this.gate.open();
    this.budget.wakeAll();
    try {
      await this.groups.drain();
      await this.history.close();
      await this.checkpoints.close();
      await this.compactor.close();
      await this.#flushBeforeClose();
      await this.flusher.close();
      await this.executor.close();
      await this.#closeLog();
      await this.manifest.close();
    } finally {
      await this.tables.settled();
      this.tables.close();
    }
  }

  async #closeLog(): Promise<void> {
    if (this.health.isFailed) {
      await this.log.abandon();
      return;
    }
    // Without footer and edit the next start takes the store for one that crashed, and copies the last segment: a full disk may be left so.
    if (!(await this.log.close(this.groups.time()))) return;
    try {
      await this.manifest.commit([{ kind: "closed", segment: this.log.active.segment.id }]);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
  }

  async #flushBeforeClose(): Promise<void> {
    if (this.health.isFailed || this.budget.bytes < closeFlushBytesMin) return;
    try {
      await this.flusher.flushAll();
    } catch (error) {
      // The log has it all; the next start reads it from there.
      this.noted(error);
    }
  }

  /** Remembers damage that a read has met, for `health`. */
  noted(error: unknown): unknown {
    const isDamage = error instanceof StorageError && (error.kind === "corruption" || error.kind === "io");
    if (isDamage) this.health.setDegraded(error);
    return error;
  }
}
