import type { Row, SpaceId } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { checkIsOurs, type ToolOptions } from "./inspect.ts";
import { planRepair, type RepairReport, repair } from "./repair.ts";
import { rowsOf } from "./rows.ts";
import { type StoppedStats, statsOf } from "./stats.ts";
import { whileStopped } from "./stopped.ts";
import { type VerifyReport, verify } from "./verify.ts";

/**
 * What can be done with the directory of a store that nobody has open. All of these throw StorageError: "locked" while somebody has, "foreign"
 * when it is not ours or of a newer version, "corruption" when so much is damaged that nothing can be said.
 */

/** Reads and checks every file; changes nothing. Takes memory for one log segment, or for the filter and index of one SSTable. */
export function verifyStore(vfs: Vfs, options?: ToolOptions): Promise<VerifyReport> {
  return whileStopped(vfs, "read", () => verify(vfs, options));
}

/** Says what `repairStore` would do; changes nothing. */
export function planStoreRepair(vfs: Vfs, options?: ToolOptions): Promise<RepairReport> {
  return whileStopped(vfs, "read", () => planRepair(vfs, options));
}

/** Makes a damaged store one that opens, at the price that the report names. Does nothing to one that is whole. */
export function repairStore(vfs: Vfs, options?: ToolOptions): Promise<RepairReport> {
  // Before the lock, which is a file: a directory that is not ours is left as it was.
  checkIsOurs(vfs);
  return whileStopped(vfs, "write", () => repair(vfs, options));
}

/** What is in the store, from its manifest and its log; changes nothing. */
export function readStoreStats(vfs: Vfs, options?: ToolOptions): Promise<StoppedStats> {
  return whileStopped(vfs, "read", () => statsOf(vfs, options));
}

/** The rows of a small space, in no order, as far as they can be read; changes nothing. */
export function readStoreRows(vfs: Vfs, space: SpaceId): Promise<Row[]> {
  return whileStopped(vfs, "read", () => Promise.resolve(rowsOf(vfs, space)));
}
