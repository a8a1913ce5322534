import type { Vfs } from "../vfs/vfs.ts";

const lockPath = "LOCK";

/**
 * Runs `work` while nobody has the store open. Throws "locked", naming the holder. To read: nothing is created or changed, and others
 * may read meanwhile; a directory without a lock file has never been open where it is.
 */
export async function whileStopped<T>(
  vfs: Vfs,
  access: "read" | "write",
  work: () => Promise<T>,
): Promise<T> {
  if (access === "read" && !vfs.exists(lockPath)) return work();
  const release = vfs.lock(lockPath, access);
  try {
    return await work();
  } finally {
    release();
  }
}
