/**
 * Point-in-time recovery of tables. What can be restored is the past of a table's own space, which the store keeps; indexes are made again from the
 * items. All times are log time, in milliseconds since the epoch.
 */
import type { Store } from "../../storage/index.ts";
import { isBeingFilled, type RecoveryRecord, type TableRecord } from "./schema.ts";
import type { Table } from "./table.ts";

export const RECOVERY_DAYS_MAX = 35;
const DAY_MS = 86_400_000;

/** The instants that a table can be restored to, both included. */
export interface RecoveryWindow {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** The window of a table; undefined without point-in-time recovery. `lagMs`: how far behind now its end is said to be. */
export function recoveryWindow(
  store: Store,
  { spaceId, recovery }: TableRecord,
  lagMs: number,
): RecoveryWindow | undefined {
  const kept = recovery === undefined ? undefined : store.history(spaceId);
  if (recovery === undefined || kept === undefined) return undefined;
  const { periodDays, sinceMs } = recovery;
  const earliestMs = Math.max(kept.earliest, sinceMs, kept.latest - periodDays * DAY_MS);
  return { earliestMs, latestMs: Math.max(earliestMs, kept.latest - lagMs) };
}

/**
 * The last millisecond that counts when an instant is asked for in seconds, as precisely as the wire has it: a whole second is meant to its end, as far
 * as that is past. Undefined outside of the window.
 */
export function restoredInstant(
  seconds: number,
  { earliestMs, latestMs }: RecoveryWindow,
): number | undefined {
  const ms = Math.round(seconds * 1000);
  if (!(ms <= latestMs)) return undefined;
  const time = Math.min(Number.isInteger(seconds) ? ms + 999 : ms, latestMs);
  return time >= earliestMs ? time : undefined;
}

/** What is asked of a table's recovery. */
export interface RecoveryRequest {
  readonly PointInTimeRecoveryEnabled: boolean;
  readonly RecoveryPeriodInDays?: number;
}

/** What a change needs of the catalog. */
export interface RecoveryHost {
  readonly store: Store;
  update(record: TableRecord, shown: undefined): Promise<Table>;
}

/** Enables, disables or changes point-in-time recovery. Call within the queue of the table's changes. Returns the table as it is then. */
export async function changeRecovery(
  catalog: RecoveryHost,
  table: Table,
  { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days }: RecoveryRequest,
): Promise<Table> {
  const { store } = catalog;
  const { record } = table;
  const { recovery: current, ...others } = record;
  if (!enabled) {
    const without = current === undefined ? table : await catalog.update(others, undefined);
    // Also what a change that failed half-way has left.
    if (store.history(record.spaceId) !== undefined) await store.keepHistory(record.spaceId, 0);
    return without;
  }
  const periodDays = days ?? current?.periodDays ?? RECOVERY_DAYS_MAX;
  const keep = () => store.keepHistory(record.spaceId, periodDays * DAY_MS);
  // What a record promises is kept, wherever a crash comes: the store learns of more before the record does, and of less after it.
  const isLess = current !== undefined && periodDays < current.periodDays;
  if (!isLess) await keep();
  if (current?.periodDays === periodDays) return table;
  const recovery = recoveryOf(store, record, periodDays);
  const changed = await catalog.update({ ...record, recovery }, undefined);
  if (isLess) await keep();
  return changed;
}

/** A shorter period lets go of what is older at once, and a longer one after that does not bring it back. */
function recoveryOf(store: Store, { spaceId, recovery }: TableRecord, periodDays: number): RecoveryRecord {
  const { earliest, latest } = store.history(spaceId) ?? { earliest: 0, latest: 0 };
  return { periodDays, sinceMs: Math.max(earliest, recovery?.sinceMs ?? 0, latest - periodDays * DAY_MS) };
}

/** Ends what a crash left between the two steps of such a change: the past is kept of the tables whose record says so, and of no others. */
export async function settleHistory(store: Store, tables: Iterable<Table>): Promise<void> {
  for (const { record } of tables) {
    const { spaceId, recovery } = record;
    if (isBeingFilled(record)) continue;
    const isKept = store.history(spaceId) !== undefined;
    if (recovery !== undefined && !isKept) await store.keepHistory(spaceId, recovery.periodDays * DAY_MS);
    if (recovery === undefined && isKept) await store.keepHistory(spaceId, 0);
  }
}

/** Whether a change gives up the past of a table: it is made on a full disk, too. */
export const keepsLess = (before: TableRecord | undefined, after: TableRecord): boolean =>
  before?.recovery !== undefined && after.recovery === undefined;
