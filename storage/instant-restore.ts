import type { AddLater, Checkpoints } from "./checkpoints.ts";
import { type Clock, nextTurn } from "./clock.ts";
import { StorageError } from "./errors.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import type { HistorySource } from "./history/source.ts";
import type { HistoryCheckpoints } from "./history-checkpoints.ts";
import type { HistoryKeeper } from "./history-keeper.ts";
import { Memtable } from "./memtable/memtable.ts";
import type { SpaceDirectory } from "./space-directory.ts";
import type { Key, Progress, SpaceId, SpaceStats, Value } from "./store.ts";
import type { RecordVisitor } from "./wal/records.ts";

export interface InstantRestoreOptions {
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly groups: GroupCommit;
  readonly spaces: SpaceDirectory;
  readonly checkpoints: Checkpoints;
  readonly history: HistoryCheckpoints;
  readonly keeper: HistoryKeeper;
  readonly sources: () => readonly HistorySource[];
}

/** Replayed rows are written out when they take this much memory. */
const memtableBytesMax = 32 << 20;

/** What is replayed of the log: records of one space in (after, upTo], stamped `time` or earlier. */
interface Stretch {
  readonly space: number;
  readonly after: number;
  readonly upTo: number;
  readonly time: number;
}

/**
 * Fills new spaces with what others were at an instant: all commits stamped at or before it, none after. Begins with the newest checkpoint from before
 * the instant and replays the log, segments and archives alike.
 */
export async function restoreInstant(
  options: InstantRestoreOptions,
  time: number,
  targets: ReadonlyMap<SpaceId, SpaceId>,
  progress?: Progress,
): Promise<void> {
  const { groups, spaces, checkpoints, history, keeper, sources } = options;
  const release = await keeper.hold();
  try {
    const now = groups.time();
    if (!(time <= now))
      throw new StorageError("usage", `the log is at ${now}, and does not know what is at ${time}`);
    const upTo = groups.visibleSequence;
    const fillings = Array.from(targets, ([from, to]) => {
      const space = spaces.get(from);
      const checkpoint = history.of(from).findLast((record) => record.time <= time);
      if (checkpoint === undefined) throw notKept(from, history.earliest(from));
      const stretch = { space: space.number, after: checkpoint.sequence, upTo, time };
      const later = (add: AddLater) => replay(stretch, sources(), add, options);
      return { checkpoint: checkpoint.id, from, to, later };
    });
    await checkpoints.restoreLater(fillings, progress);
  } finally {
    release();
  }
}

function notKept(id: SpaceId, earliest: number | undefined): StorageError {
  const reach = earliest === undefined ? "its past is not kept" : `its past is kept from ${earliest} on`;
  return new StorageError("not-found", `the space ${id} cannot be restored to that instant: ${reach}`);
}

async function replay(
  stretch: Stretch,
  sources: readonly HistorySource[],
  add: AddLater,
  options: InstantRestoreOptions,
): Promise<SpaceStats> {
  const rows = new ReplayedRows(stretch);
  for (const source of sources) {
    if (source.lastSequence <= stretch.after || !source.contents.spaces.has(stretch.space)) continue;
    for (const _ of source.visit(stretch.space, stretch.after, rows)) {
      if (rows.memtable.bytes > memtableBytesMax) await add(rows.take());
      if (rows.isOver) break;
      await nextTurn(options.clock);
      options.health.checkOpen();
    }
    if (rows.isOver) break;
  }
  if (rows.memtable.versionCount > 0) await add(rows.take());
  return rows.counts;
}

/** Gathers the records of a stretch. */
class ReplayedRows implements RecordVisitor {
  memtable = new Memtable();
  readonly counts = { rows: 0, bytes: 0 };
  /** A commit after the stretch was seen: none of it can follow. */
  isOver = false;
  readonly #stretch: Stretch;
  #sequence = 0;
  #isWanted = false;

  constructor(stretch: Stretch) {
    this.#stretch = stretch;
  }

  /** What was gathered since the last call. */
  take(): Memtable {
    const { memtable } = this;
    memtable.freeze();
    this.memtable = new Memtable();
    return memtable;
  }

  commit(sequence: number, time: number): void {
    const { after, upTo, time: last } = this.#stretch;
    this.#sequence = sequence;
    if (sequence > upTo || time > last) this.isOver = true;
    this.#isWanted = !this.isOver && sequence > after;
  }

  put(space: number, key: Key, value: Value): void {
    this.#add(space, key, value);
  }

  delete(space: number, key: Key): void {
    this.#add(space, key, undefined);
  }

  #add(space: number, key: Key, value: Value | undefined): void {
    if (this.#isWanted && space === this.#stretch.space) this.memtable.put(key, this.#sequence, value);
  }

  delta(space: number, rows: number, bytes: number): void {
    if (!this.#isWanted || space !== this.#stretch.space) return;
    this.counts.rows += rows;
    this.counts.bytes += bytes;
  }

  change(): void {}

  raise(): void {}
}
