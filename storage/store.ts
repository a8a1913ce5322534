/**
 * The seam: an ordered, transactional, multi-space key-value store with change feeds.
 *
 * These types are everything `src/` knows about storage. They are written so that a second implementation
 * (a distributed SQL database behind the PostgreSQL protocol) can pass the same conformance suite (`test/store/`):
 * positions are opaque, every answer is a promise, and nothing promises more than the capabilities (`Capabilities`) state.
 */

/** An ordered key space: one per table and one per secondary index. A uuid, never reused. */
export type SpaceId = string;
/** A change feed. Its life is independent of any space's. A uuid, never reused. */
export type FeedId = string;
/**
 * A key: bytes held as a latin1 string (each UTF-16 unit is one byte, 0..255), compared unit by unit, hence bytewise.
 * Strings of bytes compare and hash several times faster than byte arrays in this runtime.
 */
export type Key = string;
/** A value: opaque bytes. A view given out by the store must not be modified, and lives as long as its holder keeps it. */
export type Value = Uint8Array;
/**
 * A place in one shard of a feed: 21 decimal digits, increasing in commit order, stable over restarts. Which numbers occur is the store's
 * business; any may be read after.
 */
export type Position = string;

/** "This request was prepared against generation `generation` of `space`." Unknown spaces have generation 0. */
export interface Fence {
  readonly space: SpaceId;
  readonly generation: number;
}

export interface RowAddress {
  readonly space: SpaceId;
  readonly key: Key;
}

/** A put (`value` present) or a delete (`value` undefined). */
export interface Write extends RowAddress {
  readonly value: Value | undefined;
}

/**
 * One record of a change feed. The store adds the new value (the one this decision writes under `row`, undefined for
 * a delete) and, for feeds created with `oldValues`, the value before.
 */
export interface Change {
  readonly feed: FeedId;
  readonly shard: number;
  /** The changed row. It must be among the decision's writes and among the transaction's reads. */
  readonly row: RowAddress;
  /** Opaque to the store; handed back with the record. At most 64 KiB. */
  readonly tag: Uint8Array;
}

/** What a commit adds to (or takes from) the exact counts of a space. */
export interface Delta {
  readonly space: SpaceId;
  readonly rows: number;
  readonly bytes: number;
}

export interface Commit<T> {
  readonly kind: "commit";
  /** May be empty: a commit without writes is a no-op whose outcome still waits for what `decide` saw to be visible. */
  readonly writes: readonly Write[];
  readonly changes?: readonly Change[];
  readonly deltas?: readonly Delta[];
  /** New generations, raised atomically with the writes (schema changes). Each must exceed the current one. */
  readonly raise?: readonly Fence[];
  /** Handed back in the outcome. */
  readonly result: T;
}

export interface Refuse<R> {
  readonly kind: "refuse";
  readonly reason: R;
}

export type Decision<T, R> = Commit<T> | Refuse<R>;

/**
 * Pure and synchronous; may be called again with other values. `previous[i]` is the newest value of `reads[i]`, undefined
 * when absent. `now` is the log time in milliseconds since the epoch that the commit would carry: it never goes back.
 */
export type Decide<T, R> = (previous: readonly (Value | undefined)[], now: number) => Decision<T, R>;

export interface TransactRequest {
  readonly fences?: readonly Fence[];
  /** The rows to latch and read, absent ones included. No duplicates. */
  readonly reads: readonly RowAddress[];
  /** What is decided gives space back (a removal of a space begins like that): it may be taken where other writes are refused on a full disk. */
  readonly frees?: boolean;
}

/**
 * committed: visible now, and durable as the durability mode says. refused: what `decide` saw when it refused is visible.
 * stale: a fence did not match; prepare the request again. conflict: another transaction held a key; try again.
 * unknown: the commit may or may not survive (the log failed); the store no longer accepts writes.
 * unavailable: nothing was written and nothing will be (disk full, read-only, closed).
 */
export type Outcome<T, R> =
  | {
      readonly kind: "committed";
      readonly result: T;
      readonly time: number;
      readonly positions: readonly Position[];
    }
  | { readonly kind: "refused"; readonly reason: R }
  | { readonly kind: "stale" }
  | { readonly kind: "conflict" }
  | { readonly kind: "unknown"; readonly cause: Error }
  | { readonly kind: "unavailable"; readonly cause: Error };

/** Bounds are on keys within one space. An absent bound is open. */
export interface RangeRequest {
  readonly space: SpaceId;
  readonly ge?: Key;
  readonly gt?: Key;
  readonly lt?: Key;
  readonly le?: Key;
  /** From the upper end downwards. */
  readonly reverse?: boolean;
  /** Stop after this many rows (at least 1). */
  readonly rowsMax: number;
  /** Stop once the values of the page add up to this many bytes or more; the row that crosses the limit is included. */
  readonly bytesMax: number;
  /**
   * For walks over much that is looked at once: the page's memory is only lent until its `release`, and what the store reads for it does not drive
   * what others need out of its caches.
   */
  readonly transient?: boolean;
}

export interface Row {
  readonly key: Key;
  readonly value: Value;
}

/**
 * Some rows of a range, in columns: value i is `chunks[i]` from `starts[i]` to `ends[i]`. Values come to a store in larger pieces of memory
 * (blocks, arenas, network buffers); an object and a view for each row would cost more than reading it. A chunk is held to the same
 * rules as a value: never modified, good as long as its holder keeps it.
 */
export interface Page {
  readonly count: number;
  readonly keys: readonly Key[];
  readonly chunks: readonly Uint8Array[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** False when the range is exhausted; true when a limit stopped the page (the next page may still be empty). */
  readonly more: boolean;
  /** The same as rows, made when first asked for. */
  readonly rows: readonly Row[];
  /** The value at `index`, a view; throws RangeError when there is no such row. */
  value(index: number): Value;
  /** Of a page that was asked for as `transient`: its chunks may change from now on. One that is never released costs memory for longer. */
  release(): void;
}

/**
 * A consistent view of some spaces at one visible instant. Short-lived (see `Capabilities.snapshotMsMax`); close it.
 * A space that is dropped meanwhile stays readable until the snapshot is closed.
 */
export interface Snapshot {
  get(space: SpaceId, key: Key): Promise<Value | undefined>;
  getMany(rows: readonly RowAddress[]): Promise<(Value | undefined)[]>;
  range(request: RangeRequest): Promise<Page>;
  close(): void;
}

export interface FeedRecord {
  readonly position: Position;
  /** Log time of the commit, milliseconds since the epoch. */
  readonly time: number;
  readonly space: SpaceId;
  readonly key: Key;
  readonly tag: Uint8Array;
  readonly newValue: Value | undefined;
  /** Present only on feeds with `oldValues`, and only if the row existed. */
  readonly oldValue: Value | undefined;
}

export interface FeedPage {
  readonly records: readonly FeedRecord[];
  /** Pass as `after` to go on; equals the given `after` when there is nothing new. */
  readonly next: Position;
  /** The newest visible position of this shard ("" when it has none). */
  readonly head: Position;
  /** Records of this shard at or before this position are gone; "" when none are. Moves only when records of the feed go. */
  readonly trim: Position;
}

export interface FeedOptions {
  readonly shards: number;
  readonly oldValues: boolean;
}

export interface SpaceStats {
  /** Exact sums of the deltas of all visible commits. */
  readonly rows: number;
  readonly bytes: number;
}

/** What callers may rely on; the local engine's are generous, a remote store's are not. */
export interface Capabilities {
  readonly keyBytesMax: number;
  readonly valueBytesMax: number;
  readonly batchBytesMax: number;
  readonly snapshotMsMax: number;
}

/** A pinned, immutable state of some spaces. Opaque to callers, who may keep it as plain data; made by `checkpoint`. */
export interface CheckpointInfo {
  readonly id: string;
  readonly spaces: readonly SpaceId[];
  readonly time: number;
}

/** The instants that a space can be restored to, both included: milliseconds since the epoch, of log time. */
export interface HistoryRange {
  readonly earliest: number;
  /** Now: everything visible is in it. */
  readonly latest: number;
}

export type Progress = (done: number, total: number) => void;

/** A file in which damage was found, and what was found. */
export interface DamagedFile {
  readonly file: string;
  readonly error: string;
}

export interface Health {
  /** ok; read-only (disk full: reads go on, writes are refused, resumes by itself); failed (the log failed: no more writes). */
  readonly state: "ok" | "read-only" | "failed";
  readonly cause?: string;
  readonly durability: string;
  /** Work in the background that failed and is being tried again. */
  readonly backgroundError?: string;
  /** Damage met since the start; reads of these files fail, all others are served. */
  readonly degraded?: readonly DamagedFile[];
  /** The reserve for a full disk: there, or given up until there is room for it; absent when there is none. */
  readonly ballast?: "held" | "released";
  /** What is kept of the past. */
  readonly history?: HistoryHealth;
}

export interface HistoryHealth {
  /** What the past takes beyond what recovery needs, and may take. */
  readonly bytes: number;
  readonly bytesMax: number;
  /** The earliest instant that any space can be restored to, milliseconds since the epoch; absent when no past is kept. */
  readonly oldestRestorable?: number;
  /** How often since the start, for want of room, a space's earliest instant was moved, and the oldest records of feeds were given up. */
  readonly instantsGivenUp: number;
  readonly recordsGivenUp: number;
}

export interface Store {
  readonly caps: Capabilities;
  /** Idempotent. Resolves when the space survives a crash. */
  createSpace(id: SpaceId): Promise<void>;
  /** Idempotent. O(files), never O(rows). What was committed before survives whatever this survives; so with all removals below. */
  dropSpace(id: SpaceId): Promise<void>;
  /** All spaces that exist, for the removal of orphans at open. */
  spaces(): readonly SpaceId[];
  createFeed(id: FeedId, options: FeedOptions): Promise<void>;
  /** No further records; what is there stays readable. */
  closeFeed(id: FeedId): Promise<void>;
  dropFeed(id: FeedId): Promise<void>;
  /** All feeds that exist, for the removal of orphans at open. */
  feeds(): readonly FeedId[];
  /** The only way to write (bulkLoad into a space not yet visible aside). */
  transact<T, R>(request: TransactRequest, decide: Decide<T, R>): Promise<Outcome<T, R>>;
  /** The newest visible value. Shorthand for a snapshot of one row; the hot path of a point read. */
  get(space: SpaceId, key: Key): Promise<Value | undefined>;
  /** Point reads of one visible instant. */
  snapshot(spaces: readonly SpaceId[]): Promise<Snapshot>;
  /** Records of one shard after a position ("" = from the oldest), in commit order. */
  readFeed(feed: FeedId, shard: number, after: Position, limit: number): Promise<FeedPage>;
  /** Resolves when the shard may have records after `after`, or the feed is closed, or the signal aborts. */
  waitFeed(feed: FeedId, shard: number, after: Position, signal?: AbortSignal): Promise<void>;
  /** Loads rows, given in ascending key order, into a space that nobody reads yet. Deltas are the caller's. */
  bulkLoad(
    space: SpaceId,
    rows: AsyncIterable<Row> | Iterable<Row>,
    delta: Omit<Delta, "space">,
  ): Promise<void>;
  /**
   * A state of some spaces that stays restorable until it is released, whatever becomes of them: everything visible at the call is in it. What `stats` says
   * in the same synchronous stretch is what a restored space counts, unless others write meanwhile and the store is on several machines.
   */
  checkpoint(spaces: readonly SpaceId[], progress?: Progress): Promise<CheckpointInfo>;
  /** All checkpoints that exist, for the removal of orphans at open. */
  checkpoints(): readonly CheckpointInfo[];
  /** What only this checkpoint needs goes. Idempotent. */
  releaseCheckpoint(id: string): Promise<void>;
  /**
   * Keeps the past of a space, from now on and for this long at most, so that it can be restored to any instant of it; 0 forgets it. Calls that change
   * nothing but the time go on with what there is. What rows loaded past the log replace is forgotten with the load. The store may forget the oldest
   * part earlier, rather than run out of room. Resolves when the first instant can be restored.
   */
  keepHistory(space: SpaceId, retentionMs: number): Promise<void>;
  /** Undefined when the space's past is not kept. */
  history(space: SpaceId): HistoryRange | undefined;
  /**
   * Fills new spaces (source id → new id) with the state of a checkpoint, or of an instant (milliseconds): all commits stamped at or before it, and none
   * after. Rejects with "not-found" for an instant that is not kept, and with "usage" for one that is yet to come.
   */
  restore(
    source: CheckpointInfo | { readonly time: number },
    spaces: ReadonlyMap<SpaceId, SpaceId>,
    progress?: Progress,
  ): Promise<void>;
  /** Current fence generation of a space; 0 when never raised. */
  generation(space: SpaceId): number;
  stats(space: SpaceId): SpaceStats;
  health(): Health;
  /** Resolves when the store can no longer serve writes because the disk broke a promise; the host should exit. */
  readonly failed: Promise<Error>;
  /** Drains, syncs, and releases the directory. Idempotent. */
  close(): Promise<void>;
}
