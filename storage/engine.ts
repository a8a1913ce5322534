import { Ballast, openWithReserve } from "./ballast.ts";
import { BulkLoader } from "./bulk-loader.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { CommitGroup } from "./commit-group.ts";
import { inThreadExecutor } from "./compaction/in-thread-executor.ts";
import { defaultPickerOptions } from "./compaction/picker.ts";
import { workerExecutor } from "./compaction/worker-executor.ts";
import { Compactor } from "./compactor.ts";
import { type Counters, type LocalStore, readCounters } from "./counters.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import { Feeds } from "./feed/feeds.ts";
import { Flusher } from "./flusher.ts";
import { GroupCommit } from "./group-commit.ts";
import { StoreHealth } from "./health.ts";
import type { HistoryFiles } from "./history/source.ts";
import { KeptHistory } from "./kept-history.ts";
import { Log } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { defaultOptions, type StoreOptions } from "./options.ts";
import { checkDirectory, type OpenedFiles, openFiles } from "./recovery.ts";
import { EngineSnapshot } from "./snapshot.ts";
import type { Space } from "./space.ts";
import { SpaceDirectory } from "./space-directory.ts";
import type {
  Capabilities,
  CheckpointInfo,
  Decide,
  Delta,
  FeedId,
  FeedOptions,
  FeedPage,
  Health,
  HistoryRange,
  Key,
  Outcome,
  Position,
  Progress,
  Row,
  Snapshot,
  SpaceId,
  SpaceStats,
  TransactRequest,
  Value,
} from "./store.ts";
import { TableFiles } from "./table-files.ts";
import { Transactions } from "./transaction.ts";
import { CountingVfs } from "./vfs/counting.ts";
import { WriteGate } from "./write-gate.ts";

const caps: Capabilities = {
  keyBytesMax: 8 << 10,
  valueBytesMax: 16 << 20,
  batchBytesMax: 64 << 20,
  snapshotMsMax: 60_000,
};

/** With more than this in the memtables, a close flushes them: reading them from the log would delay the next start. */
const closeFlushBytesMin = 4 << 20;

/** Starts and stops with little in between leave small segments; with more than this many to read, a start flushes what they hold. */
const replayedSegmentsMax = 16;

type FullOptions = Required<StoreOptions> & { readonly vfs: CountingVfs };

/** Opens the store that lives in `options.vfs`, or makes a new one there. Throws StorageError; see its kinds. */
export async function openStore(options: StoreOptions): Promise<LocalStore> {
  const full = { ...defaultOptions, ...options, vfs: new CountingVfs(options.vfs) };
  // Before the lock, which is a file: a directory that is not ours is left as it was.
  checkDirectory(options.vfs);
  const release = options.vfs.lock("LOCK");
  try {
    return await openWithReserve(full.vfs, (bytes) => Engine.open(full, release, bytes));
  } catch (error) {
    release();
    throw error;
  }
}

/** The local store: wires the log, the memtables, the SSTables and the manifest together and answers for all of them. */
class Engine implements LocalStore {
  readonly caps = caps;
  readonly #options: FullOptions;
  readonly #release: () => void;
  readonly #health: StoreHealth;
  readonly #tables: TableFiles;
  readonly #manifest: Manifest;
  readonly #log: Log;
  readonly #groups: GroupCommit;
  readonly #budget: MemoryBudget;
  readonly #spaces: SpaceDirectory;
  readonly #feeds: Feeds;
  readonly #executor: ReturnType<typeof inThreadExecutor>;
  readonly #flusher: Flusher;
  readonly #gate: WriteGate;
  readonly #compactor: Compactor;
  readonly #history: KeptHistory;
  readonly #transactions: Transactions;
  readonly #loader: BulkLoader;
  readonly #checkpoints: Checkpoints;
  #segmentId: number;
  readonly #reads = { gets: 0, snapshots: 0 };
  #closing: Promise<void> | undefined;

  static async open(options: FullOptions, release: () => void, releasedBytes: number): Promise<Engine> {
    const { vfs, clock, random, durability, acceptClock, logFillBytes, manifestBytesMin } = options;
    const health = new StoreHealth();
    let engine: Engine | undefined;
    const tables = new TableFiles(vfs, options.cacheBytesMax, health, (error) => engine?.fail(error));
    try {
      const files = await openFiles({
        vfs,
        clock,
        random,
        mode: durability.mode,
        acceptClock,
        logFillBytes,
        manifestBytesMin,
        tables,
        onManifestFailure: (error) => engine?.fail(error),
      });
      engine = new Engine(options, release, health, tables, files);
      new Ballast({ vfs, clock, random, health, bytesMax: options.ballastBytesMax, releasedBytes });
    } catch (error) {
      tables.close();
      throw error;
    }
    return engine;
  }

  private constructor(
    options: FullOptions,
    release: () => void,
    health: StoreHealth,
    tables: TableFiles,
    files: OpenedFiles,
  ) {
    const { vfs, clock, durability } = options;
    const { manifest, storeId } = files;
    this.#options = options;
    this.#release = release;
    this.#health = health;
    this.#tables = tables;
    this.#manifest = manifest;
    const historyFiles = { vfs, files: tables.files, storeId };
    const { segmentBytesMax } = options;
    this.#log = new Log({ files: historyFiles, clock, segmentBytesMax }, files.writer, files.sealed);
    this.#segmentId = files.writer.segment.id;
    this.#budget = new MemoryBudget(options.memtableBytesMax, clock);
    this.#groups = new GroupCommit({
      log: this.#log,
      clock,
      durability,
      health,
      lastSequence: files.lastSequence,
      lastTime: files.lastTime,
      onVisible: (group, offset) => this.#onVisible(group, offset),
      onRollBack: (sequence) => this.#onRollBack(sequence),
    });
    const lastSequence = () => this.#groups.lastSequence;
    this.#spaces = new SpaceDirectory(manifest, files.spaces.values(), files.unflushed, lastSequence);
    this.#feeds = new Feeds({
      manifest,
      sources: () => this.#history.sources(),
      visibleSequence: () => this.#groups.visibleSequence,
    });
    this.#executor =
      options.worker && vfs.root !== undefined ? workerExecutor(vfs.root) : inThreadExecutor(vfs, clock);
    this.#flusher = this.#newFlusher();
    this.#gate = new WriteGate(clock, () => this.#budget.bytesPut);
    this.#compactor = this.#newCompactor();
    this.#transactions = new Transactions({
      caps,
      spaces: this.#spaces.byId,
      feeds: this.#feeds,
      groups: this.#groups,
      budget: this.#budget,
      logBytes: () => this.#log.bytesWritten,
    });
    this.#loader = this.#newLoader();
    this.#checkpoints = this.#newCheckpoints();
    this.#history = this.#newHistory(historyFiles);
    this.#start(files);
  }

  /** Lets the jobs that are due begin. */
  #start({ manifest, sealed }: OpenedFiles): void {
    this.#budget.recount(this.#spaces.all());
    const { replayAfter } = manifest.state;
    const replayed = sealed.filter(({ segment }) => segment.lastSequence > replayAfter);
    if (replayed.length > replayedSegmentsMax) this.#flusher.freezeAll();
    this.#flusher.consider();
    for (const space of this.#spaces.all()) this.#considerCompaction(space);
    this.#history.start();
    // Writers that wait for memory or for compactions shall hear of a failure.
    void this.#health.failed.then(() => {
      this.#gate.open();
      this.#budget.wakeAll();
    });
  }

  #newFlusher(): Flusher {
    const { vfs, clock, blockBytes, logLagBytesMax } = this.#options;
    return new Flusher({
      vfs,
      clock,
      health: this.#health,
      executor: this.#executor,
      manifest: this.#manifest,
      log: this.#log,
      groups: this.#groups,
      budget: this.#budget,
      tables: this.#tables,
      blockBytes,
      lagBytesMax: logLagBytesMax,
      spaces: () => this.#spaces.all(),
      unflushed: this.#spaces.unflushed,
      onFlushed: (space) => {
        this.#considerCompaction(space);
        return this.#history.trim();
      },
    });
  }

  #newCompactor(): Compactor {
    const { clock, blockBytes, tableBytes, level0Files, levelBytesMin, levelFanOut } = this.#options;
    return new Compactor({
      clock,
      health: this.#health,
      executor: this.#executor,
      manifest: this.#manifest,
      tables: this.#tables,
      gate: this.#gate,
      picker: { ...defaultPickerOptions, level0Files, baseBytes: levelBytesMin, fanOut: levelFanOut },
      blockBytes,
      tableBytes,
    });
  }

  #newLoader(): BulkLoader {
    const { vfs, clock, blockBytes, tableBytes } = this.#options;
    return new BulkLoader({
      caps,
      vfs,
      clock,
      health: this.#health,
      manifest: this.#manifest,
      log: this.#log,
      groups: this.#groups,
      tables: this.#tables,
      blockBytes,
      tableBytes,
      lastLevel: defaultPickerOptions.levels - 1,
      freeze: (space) => this.#flusher.freeze(space),
      onChanged: (space) => this.#considerCompaction(space),
    });
  }

  #newCheckpoints(): Checkpoints {
    const { vfs, clock, random, blockBytes, tableBytes } = this.#options;
    return new Checkpoints({
      vfs,
      clock,
      random,
      health: this.#health,
      manifest: this.#manifest,
      log: this.#log,
      groups: this.#groups,
      tables: this.#tables,
      spaces: this.#spaces,
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
      executor: this.#executor,
      health: this.#health,
      manifest: this.#manifest,
      log: this.#log,
      feeds: () => this.#feeds,
      groups: this.#groups,
      spaces: this.#spaces,
      checkpoints: this.#checkpoints,
      replayAfter: () => this.#flusher.replayAfter(),
      feedRetentionMs,
      historyBytesMax,
      historyCheckpointBytes,
      rewrites: this.#options.archives,
      segmentBytesMax,
    });
  }

  #considerCompaction(space: Space): void {
    if (this.#options.compaction) this.#compactor.consider(space);
  }

  get failed(): Promise<Error> {
    return this.#health.failed;
  }

  /** The disk broke a promise: no more writes. */
  fail(error: unknown): void {
    this.#groups.fail(error);
  }

  #onVisible(group: CommitGroup, offset: number): void {
    group.publishFigures();
    const { active } = this.#log;
    active.index.addFrame(group.firstSequence, group.firstTime, offset);
    for (const [space, bytes] of group.spaceBytes) active.index.contents.addSpace(space, bytes);
    for (let i = 0; i < group.changeFeeds.length; i++) this.#feeds.advance(active, group, i, offset);
    for (let i = 0; i < group.changeFeeds.length; i++) this.#feeds.wake(group, i);
    if (active.segment.id !== this.#segmentId) {
      this.#segmentId = active.segment.id;
      this.#flusher.considerLag();
      this.#history.rolled();
    }
    this.#flusher.consider();
  }

  #onRollBack(visibleSequence: number): void {
    this.#spaces.unflushed.rollBack(visibleSequence);
    for (const space of this.#spaces.all()) space.rollBack(visibleSequence);
    this.#budget.recount(this.#spaces.all());
    this.#budget.wakeAll();
  }

  // Writing

  transact<T, R>(request: TransactRequest, decide: Decide<T, R>): Promise<Outcome<T, R>> {
    const cause = this.#health.writeRefusal(request.frees);
    if (cause !== undefined) return Promise.resolve({ kind: "unavailable", cause });
    const room = this.#budget.waitForRoom() ?? this.#gate.waitForRoom() ?? this.#groups.waitForRoom();
    if (room !== undefined) return room.then(() => this.transact(request, decide));
    try {
      return this.#transactions.run(request, decide);
    } catch (error) {
      return Promise.reject(this.#noted(error));
    }
  }

  async bulkLoad(
    id: SpaceId,
    rows: AsyncIterable<Row> | Iterable<Row>,
    delta: Omit<Delta, "space">,
  ): Promise<void> {
    this.#checkNotReadOnly();
    await this.#loader.load(this.#spaces.get(id), rows, delta);
    await this.#history.restart(id);
  }

  // Reading

  get(id: SpaceId, key: Key): Promise<Value | undefined> {
    try {
      this.#health.checkOpen();
      this.#reads.gets += 1;
      const version = this.#spaces.get(id).read(key, this.#groups.visibleSequence);
      return Promise.resolve(version?.value);
    } catch (error) {
      return Promise.reject(this.#noted(error));
    }
  }

  snapshot(ids: readonly SpaceId[]): Promise<Snapshot> {
    try {
      this.#health.checkOpen();
      const spaces = ids.map((id) => this.#spaces.get(id));
      const views = new Map(spaces.map((space) => [space.id, space.view(this.#groups.visibleSequence)]));
      return Promise.resolve(new EngineSnapshot(views, (error) => this.#noted(error), this.#reads));
    } catch (error) {
      return Promise.reject(this.#noted(error));
    }
  }

  /** Remembers damage that a read has met, for `health`. */
  #noted(error: unknown): unknown {
    const isDamage = error instanceof StorageError && (error.kind === "corruption" || error.kind === "io");
    if (isDamage) this.#health.setDegraded(error);
    return error;
  }

  // Spaces

  async createSpace(id: SpaceId): Promise<void> {
    this.#checkWritable();
    await this.#spaces.create(id);
  }

  async dropSpace(id: SpaceId): Promise<void> {
    this.#checkWritable();
    const space = this.#spaces.byId.get(id);
    const dropping = this.#spaces.drop(id);
    if (space !== undefined) this.#compactor.abandon(space);
    try {
      const dropped = await dropping;
      if (!dropped) return;
    } catch (error) {
      if (space !== undefined) this.#considerCompaction(space);
      throw error;
    }
    if (space !== undefined) {
      this.#compactor.forget(space);
      this.#flusher.dismiss(space);
      this.#budget.discard(space.discard());
    }
    await this.#history.forget(id);
    await this.#history.trim();
  }

  spaces(): readonly SpaceId[] {
    return [...this.#spaces.byId.keys()];
  }

  generation(id: SpaceId): number {
    return this.#spaces.byId.get(id)?.visible.generation ?? 0;
  }

  stats(id: SpaceId): SpaceStats {
    return this.#spaces.get(id).stats;
  }

  // Feeds

  async createFeed(id: FeedId, options: FeedOptions): Promise<void> {
    this.#checkWritable();
    await this.#feeds.create(id, options, this.#groups.lastSequence);
  }

  async closeFeed(id: FeedId): Promise<void> {
    this.#checkWritable();
    await this.#feeds.close(id);
  }

  async dropFeed(id: FeedId): Promise<void> {
    this.#checkWritable();
    await this.#feeds.drop(id);
    await this.#history.trim();
  }

  feeds(): readonly FeedId[] {
    return this.#feeds.ids();
  }

  async readFeed(feed: FeedId, shard: number, after: Position, limit: number): Promise<FeedPage> {
    try {
      this.#health.checkOpen();
      return this.#feeds.read(feed, shard, after, limit);
    } catch (error) {
      throw this.#noted(error);
    }
  }

  async waitFeed(feed: FeedId, shard: number, after: Position, signal?: AbortSignal): Promise<void> {
    this.#health.checkOpen();
    await this.#feeds.wait(feed, shard, after, signal);
  }

  // Checkpoints

  async checkpoint(ids: readonly SpaceId[], progress?: Progress): Promise<CheckpointInfo> {
    this.#checkWritable();
    return this.#checkpoints.create(ids, progress);
  }

  async restore(
    source: CheckpointInfo | { readonly time: number },
    spaces: ReadonlyMap<SpaceId, SpaceId>,
    progress?: Progress,
  ): Promise<void> {
    this.#checkWritable();
    if ("id" in source) await this.#checkpoints.restore(source.id, spaces, progress);
    else await this.#history.restore(source.time, spaces, progress);
    for (const id of spaces.values()) {
      const space = this.#spaces.byId.get(id);
      if (space !== undefined) this.#considerCompaction(space);
    }
  }

  async keepHistory(id: SpaceId, retentionMs: number): Promise<void> {
    this.#checkWritable();
    if (!(retentionMs >= 0)) throw new StorageError("usage", `a past of ${retentionMs} ms cannot be kept`);
    await this.#history.keep(id, retentionMs);
  }

  history(id: SpaceId): HistoryRange | undefined {
    return this.#history.range(this.#spaces.get(id).id);
  }

  checkpoints(): readonly CheckpointInfo[] {
    return this.#checkpoints.list();
  }

  async releaseCheckpoint(id: string): Promise<void> {
    this.#checkWritable();
    await this.#checkpoints.release(id);
  }

  // The store

  health(): Health {
    const { durability } = this.#options;
    const { cause } = this.#health;
    return {
      state: this.#health.state,
      ...(cause === undefined ? {} : { cause }),
      durability: durability.mode === "interval" ? `interval:${durability.intervalMs}` : durability.mode,
      ...this.#health.trouble,
      history: this.#history.health,
    };
  }

  counters(): Counters {
    return readCounters({
      vfs: this.#options.vfs,
      log: this.#log,
      groups: this.#groups,
      budget: this.#budget,
      gate: this.#gate,
      flusher: this.#flusher,
      compactor: this.#compactor,
      loader: this.#loader,
      checkpoints: this.#checkpoints,
      tables: this.#tables,
      feeds: this.#feeds,
      history: this.#history,
      reads: this.#reads,
      spaces: this.#spaces,
    });
  }

  #checkWritable(): void {
    this.#health.checkOpen();
    if (this.#health.isFailed) throw this.#health.writeRefusal();
  }

  #checkNotReadOnly(): void {
    const refusal = this.#health.writeRefusal();
    if (refusal !== undefined) throw refusal;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#health.close();
    this.#feeds.wakeAll();
    this.#gate.open();
    this.#budget.wakeAll();
    try {
      await this.#groups.drain();
      await this.#history.close();
      await this.#checkpoints.close();
      await this.#compactor.close();
      await this.#flushBeforeClose();
      await this.#flusher.close();
      await this.#executor.close();
      await this.#closeLog();
      await this.#manifest.close();
    } finally {
      await this.#tables.settled();
      this.#tables.close();
      this.#release();
    }
  }

  async #closeLog(): Promise<void> {
    if (this.#health.isFailed) {
      await this.#log.abandon();
      return;
    }
    // Without footer and edit the next start takes the store for one that crashed, and copies the last segment: a full disk may be left so.
    if (!(await this.#log.close(this.#groups.time()))) return;
    try {
      await this.#manifest.commit([{ kind: "closed", segment: this.#log.active.segment.id }]);
    } catch (error) {
      if (!isNoSpace(error)) throw error;
    }
  }

  async #flushBeforeClose(): Promise<void> {
    if (this.#health.isFailed || this.#budget.bytes < closeFlushBytesMin) return;
    try {
      await this.#flusher.flushAll();
    } catch (error) {
      // The log has it all; the next start reads it from there.
      this.#noted(error);
    }
  }
}
