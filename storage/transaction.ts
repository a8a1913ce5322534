import type { CommitGroup } from "./commit-group.ts";
import { StorageError } from "./errors.ts";
import type { Feed } from "./feed/feed.ts";
import type { Feeds } from "./feed/feeds.ts";
import { formatPosition, ordinalMax } from "./feed/position.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { Space } from "./space.ts";
import type {
  Capabilities,
  Change,
  Commit,
  Decide,
  Key,
  Outcome,
  Position,
  RowAddress,
  SpaceId,
  TransactRequest,
  Value,
  Write,
} from "./store.ts";

const tagBytesMax = 64 << 10;
/** Lists up to this long are searched by walking them. */
const shortList = 8;
const noPositions: readonly Position[] = [];

export interface TransactionsOptions {
  readonly caps: Capabilities;
  readonly spaces: ReadonlyMap<SpaceId, Space>;
  readonly feeds: Feeds;
  readonly groups: GroupCommit;
  readonly budget: MemoryBudget;
  readonly logBytes: () => number;
}

/**
 * Runs transactions. Reading, deciding and applying are one synchronous stretch against the newest pending versions, so no transaction
 * ever meets another half-way: there is nothing to latch, and a hot row never waits for a disk.
 */
export class Transactions {
  readonly #options: TransactionsOptions;
  /** Spaces of the writes at hand; the same array every time. */
  readonly #writeSpaces: Space[] = [];
  /** The space last looked for in this run: most of what a transaction names is in one. */
  #lastSpace: Space | undefined;
  /** Where the records of the writes at hand begin in the frame. */
  readonly #rowOffsets: number[] = [];

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Throws what the caller did wrong, and what `decide` throws; nothing has happened then. */
  run<T, R>(request: TransactRequest, decide: Decide<T, R>): Promise<Outcome<T, R>> {
    const { groups } = this.#options;
    this.#lastSpace = undefined;
    let seen = 0;
    let isStale = false;
    for (const fence of request.fences ?? []) {
      const space = this.#options.spaces.get(fence.space);
      if ((space?.pending.generation ?? 0) !== fence.generation) isStale = true;
      if (space !== undefined) seen = Math.max(seen, space.generationSequence);
    }
    if (isStale) return groups.observe(seen, { kind: "stale" });
    const { reads } = request;
    checkDistinct(reads, "read");
    const previous: (Value | undefined)[] = [];
    for (const { space, key } of reads) {
      const version = this.#space(space).newest(key);
      previous.push(version?.value);
      if (version !== undefined && version.sequence > seen) seen = version.sequence;
    }
    const time = groups.time();
    const decision = decide(previous, time);
    if (decision.kind === "refuse") return groups.observe(seen, { kind: "refused", reason: decision.reason });
    if (isEmpty(decision)) {
      return groups.observe(seen, {
        kind: "committed",
        result: decision.result,
        time,
        positions: noPositions,
      });
    }
    const oldValues = this.#check(decision, reads, previous);
    return this.#commit(decision, oldValues, time);
  }

  #space(id: SpaceId): Space {
    if (this.#lastSpace?.id === id) return this.#lastSpace;
    const space = this.#options.spaces.get(id);
    if (space === undefined) throw new StorageError("not-found", `there is no space ${id}`);
    this.#lastSpace = space;
    return space;
  }

  /** Checks all of a commit before any of it happens. Returns the values before the changed rows, one per change. */
  #check(
    decision: Commit<unknown>,
    reads: readonly RowAddress[],
    previous: readonly (Value | undefined)[],
  ): readonly (Value | undefined)[] {
    const { writes, changes = [], deltas = [], raise = [] } = decision;
    this.#checkWrites(writes);
    for (const delta of deltas) {
      this.#space(delta.space);
      if (!Number.isSafeInteger(delta.rows) || !Number.isSafeInteger(delta.bytes)) {
        throw new StorageError("usage", "a delta's figures are integers");
      }
    }
    for (const { space, generation } of raise) {
      const current = this.#space(space).pending.generation;
      if (!Number.isSafeInteger(generation) || generation <= current) {
        throw new StorageError("usage", `generation ${generation} of ${space} does not exceed ${current}`);
      }
    }
    if (changes.length > ordinalMax) throw new StorageError("usage", "too many changes in one commit");
    const oldValues: (Value | undefined)[] = [];
    let near = 0;
    for (const change of changes) {
      this.#checkChange(change);
      near = indexOfRow(reads, change.row, near);
      if (near < 0) throw new StorageError("usage", "a changed row must be among the reads");
      if (indexOfRow(writes, change.row, near) < 0) {
        throw new StorageError("usage", "a changed row must be among the writes");
      }
      oldValues.push(previous[near]);
    }
    return oldValues;
  }

  #checkWrites(writes: readonly Write[]): void {
    const { caps } = this.#options;
    this.#writeSpaces.length = 0;
    let batchBytes = 0;
    for (const { space, key, value } of writes) {
      this.#writeSpaces.push(this.#space(space));
      checkRowSize(caps, key, value);
      batchBytes += key.length + (value?.length ?? 0);
    }
    if (batchBytes > caps.batchBytesMax) {
      throw new StorageError(
        "usage",
        `a batch of ${batchBytes} bytes is over the limit of ${caps.batchBytesMax}`,
      );
    }
    checkDistinct(writes, "written");
  }

  #checkChange({ feed: id, shard, tag }: Change): Feed {
    const feed = this.#options.feeds.get(id);
    if (feed.record.closed) throw new StorageError("not-found", `feed ${id} is closed`);
    if (!feed.hasShard(shard)) throw new StorageError("usage", `feed ${id} has no shard ${shard}`);
    if (tag.length > tagBytesMax)
      throw new StorageError("usage", `a tag of ${tag.length} bytes is over ${tagBytesMax}`);
    return feed;
  }

  /** Puts a checked commit into the forming group and the memtables. */
  #commit<T, R>(
    decision: Commit<T>,
    oldValues: readonly (Value | undefined)[],
    time: number,
  ): Promise<Outcome<T, R>> {
    const { groups, budget } = this.#options;
    const logBytes = this.#options.logBytes();
    const group = groups.begin(time);
    const sequence = group.lastSequence;
    const { writes, changes, deltas, raise } = decision;
    this.#rowOffsets.length = 0;
    for (let i = 0; i < writes.length; i++) {
      const write = writes[i];
      const space = this.#writeSpaces[i];
      if (write === undefined || space === undefined) continue;
      const { key, value } = write;
      const { frame } = group;
      this.#rowOffsets.push(
        value === undefined ? frame.delete(space.number, key) : frame.put(space.number, key, value),
      );
      space.touch(sequence, logBytes);
      group.addSpaceBytes(space, key.length + (value?.length ?? 0));
      budget.put(space.active.memtable, key, sequence, value);
    }
    const positions =
      changes === undefined ? noPositions : this.#addChanges(group, sequence, writes, changes, oldValues);
    for (const { space: id, rows, bytes } of deltas ?? []) {
      const space = this.#space(id);
      space.touch(sequence, logBytes);
      group.addSpaceBytes(space, 0);
      group.addDelta(space, rows, bytes);
    }
    for (const { space: id, generation } of raise ?? []) {
      const space = this.#space(id);
      space.touch(sequence, logBytes);
      space.generationSequence = sequence;
      group.addSpaceBytes(space, 0);
      group.addRaise(space, generation);
    }
    return groups.end({ kind: "committed", result: decision.result, time, positions });
  }

  #addChanges(
    group: CommitGroup,
    sequence: number,
    writes: readonly Write[],
    changes: readonly Change[],
    oldValues: readonly (Value | undefined)[],
  ): readonly Position[] {
    const positions: Position[] = [];
    let near = 0;
    for (const [ordinal, change] of changes.entries()) {
      const { record } = this.#options.feeds.get(change.feed);
      near = Math.max(0, indexOfRow(writes, change.row, near));
      const row = this.#rowOffsets[near] ?? 0;
      const write = writes[near];
      const old = record.oldValues ? oldValues[ordinal] : undefined;
      group.frame.change(record.number, change.shard, row, change.tag, record.oldValues, old);
      const rowBytes = change.row.key.length + (write?.value?.length ?? 0);
      const bytes = rowBytes + change.tag.length + (old?.length ?? 0);
      const space = this.#writeSpaces[near]?.number ?? 0;
      group.addChange(record.number, change.shard, sequence, ordinal, space, bytes);
      positions.push(formatPosition(sequence, ordinal));
    }
    return positions;
  }
}

/** Throws "usage" when a row is larger than the store takes. */
export function checkRowSize(caps: Capabilities, key: Key, value: Value | undefined): void {
  const { keyBytesMax, valueBytesMax } = caps;
  if (key.length > keyBytesMax) {
    throw new StorageError("usage", `a key of ${key.length} bytes is over the limit of ${keyBytesMax}`);
  }
  const valueBytes = value?.length ?? 0;
  if (valueBytes > valueBytesMax) {
    throw new StorageError("usage", `a value of ${valueBytes} bytes is over the limit of ${valueBytesMax}`);
  }
}

function isEmpty({ writes, changes, deltas, raise }: Commit<unknown>): boolean {
  return (
    writes.length === 0 &&
    (changes === undefined || changes.length === 0) &&
    (deltas === undefined || deltas.length === 0) &&
    (raise === undefined || raise.length === 0)
  );
}

/** Index of the row with this address, looking from `near` on first: changes mostly come in the order of the rows. Or -1. */
function indexOfRow(rows: readonly RowAddress[], { space, key }: RowAddress, near: number): number {
  for (let step = 0; step < rows.length; step++) {
    const index = (near + step) % rows.length;
    const row = rows[index];
    if (row?.key === key && row.space === space) return index;
  }
  return -1;
}

function checkDistinct(rows: readonly RowAddress[], what: string): void {
  if (rows.length < 2) return;
  const isDistinct = rows.length <= shortList ? everyRowIsFirst(rows) : hasAllRows(rows);
  if (!isDistinct) throw new StorageError("usage", `a row is ${what} twice`);
}

function everyRowIsFirst(rows: readonly RowAddress[]): boolean {
  return rows.every((row, index) => indexOfRow(rows, row, 0) === index);
}

/** Whether as many rows are named as there are. Mostly their keys alone tell, which have been hashed before. */
function hasAllRows(rows: readonly RowAddress[]): boolean {
  const keys = new Set<Key>();
  for (const { key } of rows) keys.add(key);
  if (keys.size === rows.length) return true;
  const addresses = new Set<string>();
  for (const { space, key } of rows) addresses.add(`${space}/${key}`);
  return addresses.size === rows.length;
}
