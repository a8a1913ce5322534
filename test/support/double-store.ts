import { type Clock, systemClock } from "../../storage/clock.ts";
import { StorageError } from "../../storage/errors.ts";
import type {
  Capabilities,
  Change,
  CheckpointInfo,
  Commit,
  Decide,
  Decision,
  Delta,
  FeedId,
  FeedOptions,
  FeedPage,
  FeedRecord,
  Fence,
  Health,
  HistoryRange,
  Key,
  Outcome,
  Position,
  Progress,
  Row,
  RowAddress,
  Snapshot,
  SpaceId,
  SpaceStats,
  Store,
  TransactRequest,
  Value,
} from "../../storage/store.ts";
import { DoubleSnapshot, History, Space, usage } from "./double-space.ts";
import { seededRandom } from "./seeded-random.ts";

/**
 * A second implementation of the seam, plain enough to be read as its reference: every row is a list of versions, every
 * read is "the newest version at or before a sequence". With `delays` and `conflictRate` it behaves like a store on the
 * far side of a network: everything takes time, commits become visible in groups, transactions conflict, `decide` is
 * rehearsed on old values, spaces appear late, pages of feeds come short, positions are counted per shard.
 */
export interface DoubleOptions {
  /** Seed of every random choice; the same seed and the same calls give the same choices. */
  readonly seed?: number;
  /** Random pauses before and after everything; off, every commit is visible in the turn that asked for it. */
  readonly delays?: boolean;
  /** Probability, 0 to 1, that a transaction is answered `conflict`. */
  readonly conflictRate?: number;
  readonly clock?: Clock;
}

export function doubleStore(options: DoubleOptions = {}): Store {
  return new DoubleStore(options);
}

const caps: Capabilities = {
  keyBytesMax: 4 << 10,
  valueBytesMax: 2 << 20,
  batchBytesMax: 128 << 20,
  snapshotMsMax: 5_000,
};
const tagBytesMax = 64 << 10;

interface StoredRecord {
  readonly sequence: number;
  readonly record: FeedRecord;
}

interface Feed {
  readonly oldValues: boolean;
  readonly shards: readonly { readonly records: StoredRecord[] }[];
  open: boolean;
}

const noStats: SpaceStats = { rows: 0, bytes: 0 };

class DoubleStore implements Store {
  readonly caps = caps;
  readonly failed = new Promise<Error>(() => {});
  readonly #delays: boolean;
  readonly #conflictRate: number;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #spaces = new Map<SpaceId, Space>();
  readonly #generations = new Map<SpaceId, History<number>>();
  readonly #feeds = new Map<FeedId, Feed>();
  /** From when on the past of a space is kept. */
  readonly #kept = new Map<SpaceId, number>();
  readonly #checkpoints = new Map<
    string,
    { info: CheckpointInfo; spaces: ReadonlyMap<SpaceId, Space>; sequence: number }
  >();
  #checkpointCount = 0;
  /** Newest sequence committed, and newest one that readers see. */
  #pending = 0;
  #visible = 0;
  #publishing = false;
  #time = 0;
  #closed = false;
  /** Called whenever something becomes visible or ends. */
  #waiters: (() => void)[] = [];

  constructor({ seed = 1, delays = false, conflictRate = 0, clock = systemClock }: DoubleOptions) {
    this.#delays = delays;
    this.#conflictRate = conflictRate;
    this.#clock = clock;
    this.#random = seededRandom(seed);
  }

  async createSpace(id: SpaceId): Promise<void> {
    await this.#pause();
    this.#mustBeOpen();
    if (!this.#spaces.has(id)) this.#spaces.set(id, new Space());
    await this.#pause();
  }

  async dropSpace(id: SpaceId): Promise<void> {
    await this.#pause();
    this.#mustBeOpen();
    this.#spaces.delete(id);
    await this.#pause();
  }

  spaces(): readonly SpaceId[] {
    return [...this.#spaces.keys()];
  }

  async createFeed(id: FeedId, { shards, oldValues }: FeedOptions): Promise<void> {
    await this.#pause();
    this.#mustBeOpen();
    if (this.#feeds.has(id)) return;
    this.#feeds.set(id, {
      oldValues,
      shards: Array.from({ length: shards }, () => ({ records: [] })),
      open: true,
    });
  }

  feeds(): readonly FeedId[] {
    return [...this.#feeds.keys()];
  }

  async closeFeed(id: FeedId): Promise<void> {
    await this.#pause();
    const feed = this.#feeds.get(id);
    if (feed !== undefined) feed.open = false;
    this.#wake();
  }

  async dropFeed(id: FeedId): Promise<void> {
    await this.#pause();
    this.#feeds.delete(id);
    this.#wake();
  }

  async transact<T, R>(request: TransactRequest, decide: Decide<T, R>): Promise<Outcome<T, R>> {
    await this.#pause();
    if (this.#closed) return { kind: "unavailable", cause: closed() };
    const fences = request.fences ?? [];
    if (fences.some((fence) => this.#pendingGeneration(fence.space) !== fence.generation)) {
      await this.#untilVisible(this.#pending);
      return { kind: "stale" };
    }
    const rows = request.reads.map((read) => ({ space: this.#space(read.space), key: read.key }));
    const seen = Math.max(0, ...rows.map(({ space, key }) => space.sequenceOf(key)));
    const now = Math.max(this.#time, this.#clock.now());
    mustBeDistinct(request.reads, "reads");
    const readAt = (sequence: number) => rows.map(({ space, key }) => space.get(key, sequence));
    if (this.#happens(this.#conflictRate)) {
      if (this.#happens(0.5)) rehearse(() => decide(readAt(this.#visible), now));
      return { kind: "conflict" };
    }
    if (this.#delays && this.#happens(0.2)) {
      const earlier = Math.floor(this.#random() * (this.#visible + 1));
      rehearse(() => decide(readAt(earlier), now));
    }
    const decision = decide(readAt(this.#pending), now);
    if (decision.kind === "refuse") {
      await this.#untilVisible(seen);
      return { kind: "refused", reason: decision.reason };
    }
    this.#check(request, decision);
    const before = this.#pending;
    const positions = this.#apply(decision, now);
    await this.#untilVisible(this.#pending > before ? this.#pending : seen);
    return { kind: "committed", result: decision.result, time: now, positions };
  }

  async get(space: SpaceId, key: Key): Promise<Value | undefined> {
    await this.#pause();
    this.#mustBeOpen();
    return this.#space(space).get(key, this.#visible);
  }

  async snapshot(ids: readonly SpaceId[]): Promise<Snapshot> {
    await this.#pause();
    this.#mustBeOpen();
    const spaces = new Map(ids.map((id) => [id, this.#space(id)]));
    return new DoubleSnapshot(spaces, this.#visible, () => this.#pause());
  }

  async readFeed(id: FeedId, shard: number, after: Position, limit: number): Promise<FeedPage> {
    await this.#pause();
    this.#mustBeOpen();
    const visible = this.#shard(id, shard)
      .filter(({ sequence }) => sequence <= this.#visible)
      .map(({ record }) => record);
    const fresh = visible.filter((record) => record.position > after);
    const short = this.#delays && this.#happens(0.2) ? Math.max(1, Math.floor(limit / 2)) : limit;
    const records = fresh.slice(0, short);
    return {
      records,
      next: records.at(-1)?.position ?? after,
      head: visible.at(-1)?.position ?? "",
      trim: "",
    };
  }

  async waitFeed(id: FeedId, shard: number, after: Position, signal?: AbortSignal): Promise<void> {
    const hasNews = () =>
      this.#closed ||
      this.#feeds.get(id)?.open !== true ||
      this.#shard(id, shard).some((one) => one.sequence <= this.#visible && one.record.position > after);
    this.#shard(id, shard);
    while (signal?.aborted !== true && !hasNews()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push(resolve);
      signal?.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
  }

  async bulkLoad(
    id: SpaceId,
    rows: AsyncIterable<Row> | Iterable<Row>,
    delta: Omit<Delta, "space">,
  ): Promise<void> {
    const space = this.#space(id);
    const all: Row[] = [];
    for await (const row of rows) {
      const last = all.at(-1);
      if (last !== undefined && last.key >= row.key) throw usage("bulkLoad needs ascending keys");
      all.push(row);
    }
    await this.#pause();
    this.#mustBeOpen();
    const stats = space.stats.at(this.#pending) ?? noStats;
    const total = { rows: stats.rows + delta.rows, bytes: stats.bytes + delta.bytes };
    await this.#load(space, all, total);
  }

  async checkpoint(ids: readonly SpaceId[], progress?: Progress): Promise<CheckpointInfo> {
    await this.#pause();
    this.#mustBeOpen();
    this.#checkpointCount += 1;
    const id = `checkpoint-${this.#checkpointCount}`;
    const spaces = new Map(ids.map((space) => [space, this.#space(space)]));
    const info = { id, spaces: [...ids], time: this.#time };
    this.#checkpoints.set(id, { info, spaces, sequence: this.#visible });
    progress?.(ids.length, ids.length);
    return info;
  }

  checkpoints(): readonly CheckpointInfo[] {
    return Array.from(this.#checkpoints.values(), ({ info }) => info);
  }

  async releaseCheckpoint(id: string): Promise<void> {
    await this.#pause();
    this.#mustBeOpen();
    this.#checkpoints.delete(id);
  }

  async restore(
    source: CheckpointInfo | { readonly time: number },
    targets: ReadonlyMap<SpaceId, SpaceId>,
    progress?: Progress,
  ): Promise<void> {
    await this.#pause();
    this.#mustBeOpen();
    const pinned = "id" in source ? this.#checkpoints.get(source.id) : undefined;
    if ("id" in source && pinned === undefined) throw notFound(`checkpoint ${source.id}`);
    if (!("id" in source)) this.#mustBeKept(source.time, [...targets.keys()]);
    let done = 0;
    for (const [fromId, toId] of targets) {
      const from = pinned?.spaces.get(fromId) ?? this.#space(fromId);
      const read = <T>(history: History<T>): T | undefined =>
        pinned === undefined ? history.atTime(source.time) : history.at(pinned.sequence);
      const rows = from.keys().flatMap((key) => {
        const value = read(from.row(key));
        return value === undefined ? [] : [{ key, value }];
      });
      await this.createSpace(toId);
      await this.#load(this.#space(toId), rows, read(from.stats) ?? noStats);
      progress?.(++done, targets.size);
    }
  }

  async keepHistory(id: SpaceId, retentionMs: number): Promise<void> {
    await this.#pause();
    this.#space(id);
    if (retentionMs === 0) this.#kept.delete(id);
    else if (!this.#kept.has(id)) this.#kept.set(id, this.#now());
  }

  history(id: SpaceId): HistoryRange | undefined {
    this.#space(id);
    const earliest = this.#kept.get(id);
    return earliest === undefined ? undefined : { earliest, latest: this.#now() };
  }

  #mustBeKept(time: number, ids: readonly SpaceId[]): void {
    if (!(time <= this.#now())) throw usage(`${time} is yet to come`);
    for (const id of ids) {
      if (time < (this.#kept.get(id) ?? Number.POSITIVE_INFINITY)) throw notFound(`${id} at ${time}`);
    }
  }

  #now(): number {
    return Math.max(this.#time, Math.trunc(this.#clock.now()));
  }

  generation(space: SpaceId): number {
    return this.#generations.get(space)?.at(this.#visible) ?? 0;
  }

  stats(space: SpaceId): SpaceStats {
    return this.#space(space).stats.at(this.#visible) ?? noStats;
  }

  health(): Health {
    return { state: "ok", durability: "none (test double)" };
  }

  async close(): Promise<void> {
    await this.#untilVisible(this.#pending);
    this.#closed = true;
    this.#wake();
  }

  /** One synchronous stretch: gives the commit its sequence and records all of it. Returns the changes' positions. */
  #apply<T>({ writes, changes = [], deltas = [], raise = [] }: Commit<T>, now: number): Position[] {
    if (writes.length + raise.length + deltas.length === 0) return [];
    const before = this.#pending;
    const sequence = ++this.#pending;
    this.#time = now;
    for (const write of writes) this.#space(write.space).row(write.key).push(sequence, now, write.value);
    for (const { space, rows, bytes } of deltas) {
      const { stats } = this.#space(space);
      const old = stats.at(sequence) ?? noStats;
      stats.push(sequence, now, { rows: old.rows + rows, bytes: old.bytes + bytes });
    }
    for (const { space, generation } of raise) {
      const history = this.#generations.get(space) ?? new History<number>();
      history.push(sequence, now, generation);
      this.#generations.set(space, history);
    }
    return changes.map((change) => this.#record(change, before, sequence, now));
  }

  #record(change: Change, before: number, sequence: number, now: number): Position {
    const feed = this.#feeds.get(change.feed);
    if (feed === undefined) throw notFound(`feed ${change.feed}`);
    const records = this.#shard(change.feed, change.shard);
    const position = String(records.length + 1).padStart(21, "0");
    const space = this.#space(change.row.space);
    const record: FeedRecord = {
      position,
      time: now,
      space: change.row.space,
      key: change.row.key,
      tag: change.tag,
      newValue: space.get(change.row.key, sequence),
      oldValue: feed.oldValues ? space.get(change.row.key, before) : undefined,
    };
    records.push({ sequence, record });
    return position;
  }

  /** Throws for every breach of the contract, before anything is changed. */
  #check<T>(request: TransactRequest, commit: Commit<T>): void {
    let batchBytes = 0;
    for (const { space, key, value } of commit.writes) {
      this.#space(space);
      if (key.length > caps.keyBytesMax) throw usage(`a key of ${key.length} bytes`);
      if (/[^\0-\xff]/.test(key)) throw usage("a key is not a string of bytes");
      const valueBytes = value?.length ?? 0;
      if (valueBytes > caps.valueBytesMax) throw usage(`a value of ${valueBytes} bytes`);
      batchBytes += key.length + valueBytes;
    }
    if (batchBytes > caps.batchBytesMax) throw usage(`a batch of ${batchBytes} bytes`);
    mustBeDistinct(commit.writes, "writes");
    for (const { space } of commit.deltas ?? []) this.#space(space);
    for (const fence of commit.raise ?? []) this.#checkRaise(fence);
    for (const change of commit.changes ?? []) this.#checkChange(request, commit, change);
  }

  #checkRaise({ space, generation }: Fence): void {
    const current = this.#pendingGeneration(space);
    if (generation <= current) throw usage(`generation ${generation} does not exceed ${current}`);
  }

  #checkChange<T>(request: TransactRequest, commit: Commit<T>, { feed, shard, row, tag }: Change): void {
    const isRow = (other: RowAddress) => other.space === row.space && other.key === row.key;
    this.#shard(feed, shard);
    if (this.#feeds.get(feed)?.open !== true) throw usage(`feed ${feed} is closed`);
    if (!commit.writes.some(isRow)) throw usage("a change's row must be among the writes");
    if (!request.reads.some(isRow)) throw usage("a change's row must be among the reads");
    if (tag.length > tagBytesMax) throw usage(`a tag of ${tag.length} bytes`);
  }

  async #load(space: Space, rows: readonly Row[], stats: SpaceStats): Promise<void> {
    const sequence = ++this.#pending;
    this.#time = Math.max(this.#time, this.#clock.now());
    space.copyFrom(rows, stats, sequence, this.#time);
    await this.#untilVisible(sequence);
  }

  /** Resolves when readers see `sequence`. Visibility moves in commit order, a group of commits at a time. */
  async #untilVisible(sequence: number): Promise<void> {
    if (!this.#delays) this.#visible = this.#pending;
    if (!this.#publishing && this.#visible < this.#pending) void this.#publish();
    this.#wake();
    while (this.#visible < sequence) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push(resolve);
      await promise;
    }
    await this.#pause();
  }

  async #publish(): Promise<void> {
    this.#publishing = true;
    while (this.#visible < this.#pending) {
      const group = this.#pending;
      await this.#pause();
      this.#visible = group;
      this.#wake();
    }
    this.#publishing = false;
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve();
  }

  async #pause(): Promise<void> {
    if (!this.#delays) return;
    const dice = this.#random();
    if (dice < 0.4) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (dice < 0.9) setImmediate(resolve);
    else setTimeout(resolve, dice < 0.98 ? 1 : 4);
    await promise;
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  #pendingGeneration(space: SpaceId): number {
    return this.#generations.get(space)?.at(this.#pending) ?? 0;
  }

  #space(id: SpaceId): Space {
    const space = this.#spaces.get(id);
    if (space === undefined) throw notFound(`space ${id}`);
    return space;
  }

  #shard(id: FeedId, shard: number): StoredRecord[] {
    const feed = this.#feeds.get(id);
    if (feed === undefined) throw notFound(`feed ${id}`);
    const records = feed.shards[shard]?.records;
    if (records === undefined) throw usage(`feed ${id} has no shard ${shard}`);
    return records;
  }

  #mustBeOpen(): void {
    if (this.#closed) throw closed();
  }
}

/** A run whose answer is thrown away, as a store does whose first attempt met a newer commit. */
function rehearse(run: () => Decision<unknown, unknown>): void {
  try {
    run();
  } catch {
    // A purely imagined state may break the caller's assertions; the run that counts follows.
  }
}

function mustBeDistinct(rows: readonly RowAddress[], what: string): void {
  const addresses = new Set(rows.map(({ space, key }) => `${space} ${key}`));
  if (addresses.size !== rows.length) throw usage(`the ${what} name a row twice`);
}

const notFound = (what: string): StorageError => new StorageError("not-found", `${what} does not exist`);
const closed = (): StorageError => new StorageError("closed", "the store is closed");
