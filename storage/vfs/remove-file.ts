import type { Vfs } from "./vfs.ts";

/** Removes a file without holding up this thread, where the file system can do that. */
export async function removeFile(vfs: Vfs, path: string): Promise<void> {
  if (vfs.unlinkAside === undefined) vfs.unlink(path);
  else await vfs.unlinkAside(path);
}
