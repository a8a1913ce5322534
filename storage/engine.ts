import { Ballast, openWithReserve } from "./ballast.ts";
import { type Counters, type LocalStore, readCounters } from "./counters.ts";
import { StorageError } from "./errors.ts";
import { StoreHealth } from "./health.ts";
import { type FullOptions, Machinery, storeCaps } from "./machinery.ts";
import { defaultOptions, type StoreOptions } from "./options.ts";
import { checkDirectory, openFiles } from "./recovery.ts";
import { EngineSnapshot } from "./snapshot.ts";
import type {
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
import { CountingVfs } from "./vfs/counting.ts";

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

/** The local store: what callers ask, of the parts that do it. */
class Engine implements LocalStore {
  readonly caps = storeCaps;
  readonly #parts: Machinery;
  readonly #options: FullOptions;
  readonly #release: () => void;
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
      const parts = new Machinery(options, health, tables, files);
      engine = new Engine(options, parts, release);
      parts.start(files);
      new Ballast({ vfs, clock, random, health, bytesMax: options.ballastBytesMax, releasedBytes });
    } catch (error) {
      tables.close();
      throw error;
    }
    return engine;
  }

  private constructor(options: FullOptions, parts: Machinery, release: () => void) {
    this.#options = options;
    this.#parts = parts;
    this.#release = release;
  }

  get failed(): Promise<Error> {
    return this.#parts.health.failed;
  }

  /** The disk broke a promise: no more writes. */
  fail(error: unknown): void {
    this.#parts.groups.fail(error);
  }

  // Writing

  transact<T, R>(request: TransactRequest, decide: Decide<T, R>): Promise<Outcome<T, R>> {
    const cause = this.#parts.health.writeRefusal(request.frees);
    if (cause !== undefined) return Promise.resolve({ kind: "unavailable", cause });
    const room =
      this.#parts.budget.waitForRoom() ?? this.#parts.gate.waitForRoom() ?? this.#parts.groups.waitForRoom();
    if (room !== undefined) return room.then(() => this.transact(request, decide));
    try {
      return this.#parts.transactions.run(request, decide);
    } catch (error) {
      return Promise.reject(this.#parts.noted(error));
    }
  }

  async bulkLoad(
    id: SpaceId,
    rows: AsyncIterable<Row> | Iterable<Row>,
    delta: Omit<Delta, "space">,
  ): Promise<void> {
    this.#checkNotReadOnly();
    await this.#parts.loader.load(this.#parts.spaces.get(id), rows, delta);
    await this.#parts.history.restart(id);
  }

  // Reading

  get(id: SpaceId, key: Key): Promise<Value | undefined> {
    try {
      this.#parts.health.checkOpen();
      this.#reads.gets += 1;
      const version = this.#parts.spaces.get(id).read(key, this.#parts.groups.visibleSequence);
      return Promise.resolve(version?.value);
    } catch (error) {
      return Promise.reject(this.#parts.noted(error));
    }
  }

  snapshot(ids: readonly SpaceId[]): Promise<Snapshot> {
    try {
      this.#parts.health.checkOpen();
      const spaces = ids.map((id) => this.#parts.spaces.get(id));
      const views = new Map(
        spaces.map((space) => [space.id, space.view(this.#parts.groups.visibleSequence)]),
      );
      return Promise.resolve(new EngineSnapshot(views, (error) => this.#parts.noted(error), this.#reads));
    } catch (error) {
      return Promise.reject(this.#parts.noted(error));
    }
  }

  // Spaces

  async createSpace(id: SpaceId): Promise<void> {
    this.#checkWritable();
    await this.#parts.spaces.create(id);
  }

  async dropSpace(id: SpaceId): Promise<void> {
    await this.#beforeRemoval();
    const space = this.#parts.spaces.byId.get(id);
    const dropping = this.#parts.spaces.drop(id);
    if (space !== undefined) this.#parts.compactor.abandon(space);
    try {
      const dropped = await dropping;
      if (!dropped) return;
    } catch (error) {
      if (space !== undefined) this.#parts.considerCompaction(space);
      throw error;
    }
    if (space !== undefined) {
      this.#parts.compactor.forget(space);
      this.#parts.flusher.dismiss(space);
      this.#parts.budget.discard(space.discard());
    }
    await this.#parts.history.forget(id);
    await this.#parts.history.trim();
  }

  spaces(): readonly SpaceId[] {
    return [...this.#parts.spaces.byId.keys()];
  }

  generation(id: SpaceId): number {
    return this.#parts.spaces.byId.get(id)?.visible.generation ?? 0;
  }

  stats(id: SpaceId): SpaceStats {
    return this.#parts.spaces.get(id).stats;
  }

  // Feeds

  async createFeed(id: FeedId, options: FeedOptions): Promise<void> {
    this.#checkWritable();
    await this.#parts.feeds.create(id, options, this.#parts.groups.lastSequence);
  }

  async closeFeed(id: FeedId): Promise<void> {
    this.#checkWritable();
    await this.#parts.feeds.close(id);
  }

  async dropFeed(id: FeedId): Promise<void> {
    await this.#beforeRemoval();
    await this.#parts.feeds.drop(id);
    await this.#parts.history.trim();
  }

  feeds(): readonly FeedId[] {
    return this.#parts.feeds.ids();
  }

  async readFeed(feed: FeedId, shard: number, after: Position, limit: number): Promise<FeedPage> {
    try {
      this.#parts.health.checkOpen();
      return this.#parts.feeds.read(feed, shard, after, limit);
    } catch (error) {
      throw this.#parts.noted(error);
    }
  }

  async waitFeed(feed: FeedId, shard: number, after: Position, signal?: AbortSignal): Promise<void> {
    this.#parts.health.checkOpen();
    await this.#parts.feeds.wait(feed, shard, after, signal);
  }

  // Checkpoints

  async checkpoint(ids: readonly SpaceId[], progress?: Progress): Promise<CheckpointInfo> {
    this.#checkWritable();
    return this.#parts.checkpoints.create(ids, progress);
  }

  async restore(
    source: CheckpointInfo | { readonly time: number },
    spaces: ReadonlyMap<SpaceId, SpaceId>,
    progress?: Progress,
  ): Promise<void> {
    this.#checkWritable();
    if ("id" in source) await this.#parts.checkpoints.restore(source.id, spaces, progress);
    else await this.#parts.history.restore(source.time, spaces, progress);
    for (const id of spaces.values()) {
      const space = this.#parts.spaces.byId.get(id);
      if (space !== undefined) this.#parts.considerCompaction(space);
    }
  }

  async keepHistory(id: SpaceId, retentionMs: number): Promise<void> {
    this.#checkWritable();
    if (!(retentionMs >= 0)) throw new StorageError("usage", `a past of ${retentionMs} ms cannot be kept`);
    await this.#parts.history.keep(id, retentionMs);
  }

  history(id: SpaceId): HistoryRange | undefined {
    return this.#parts.history.range(this.#parts.spaces.get(id).id);
  }

  checkpoints(): readonly CheckpointInfo[] {
    return this.#parts.checkpoints.list();
  }

  async releaseCheckpoint(id: string): Promise<void> {
    await this.#beforeRemoval();
    await this.#parts.checkpoints.release(id);
  }

  // The store

  health(): Health {
    const { durability } = this.#options;
    const { cause } = this.#parts.health;
    return {
      state: this.#parts.health.state,
      ...(cause === undefined ? {} : { cause }),
      durability: durability.mode === "interval" ? `interval:${durability.intervalMs}` : durability.mode,
      ...this.#parts.health.trouble,
      history: this.#parts.history.health,
    };
  }

  counters(): Counters {
    return readCounters({ ...this.#parts, vfs: this.#options.vfs, reads: this.#reads });
  }

  /**
   * A removal is durable at once, whatever the durability mode: so must be what was committed before it, which may say that what is removed is needed
   * no more.
   */
  async #beforeRemoval(): Promise<void> {
    this.#checkWritable();
    const { groups } = this.#parts;
    await groups.makeDurable(groups.visibleSequence);
    this.#checkWritable();
  }

  #checkWritable(): void {
    this.#parts.health.checkOpen();
    if (this.#parts.health.isFailed) throw this.#parts.health.writeRefusal();
  }

  #checkNotReadOnly(): void {
    const refusal = this.#parts.health.writeRefusal();
    if (refusal !== undefined) throw refusal;
  }

  close(): Promise<void> {
    this.#closing ??= this.#parts.close().finally(this.#release);
    return this.#closing;
  }
}
