import type { Vfs } from "../vfs/vfs.ts";
import type { ToolOptions } from "./inspect.ts";
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
