import { failedSync } from "../errors.ts";
import type { Vfs } from "./vfs.ts";

/** Makes the entries of a directory durable. A failure is never reported as "no-space", which would invite another attempt. */
export function syncDirectory(vfs: Vfs, directory: string): void {
  try {
    vfs.syncDirectory(directory);
  } catch (cause) {
    throw failedSync(directory === "" ? (vfs.root ?? "the data directory") : directory, cause);
  }
}
