/**
 * The exclusive lock of a data directory.
 *
 * It must be held by the kernel: a file with a process id is fooled by containers (where ids repeat) and by ids that are
 * used again, and it stays behind after a kill. Bun offers no flock, but its SQLite takes the platform's own record locks
 * (fcntl, LockFileEx) on every system that Bun runs on and in compiled binaries, and they end with the process. So the lock
 * is an exclusive transaction on an empty database file that never gets any content. Beside it lies a text file that names
 * the holder; it is for messages only.
 */

import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { StorageError } from "../errors.ts";

function describeHolder(holderPath: string): string {
  try {
    return fs.readFileSync(holderPath, "utf8").trim();
  } catch {
    return "an unnamed process";
  }
}

/**
 * Takes the lock at the absolute `path` (the file is created if it is missing) and returns the release.
 * Throws StorageError "locked", naming the holder, when another process or another store of this process has it.
 */
export function lockFile(path: string): () => void {
  const holderPath = `${path}.holder`;
  const database = new Database(path, { create: true });
  try {
    // The transaction never writes: its rollback journal need not be a file.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!code.startsWith("SQLITE_BUSY")) throw cause;
    throw new StorageError("locked", `${path}: the directory is in use by ${describeHolder(holderPath)}`, {
      file: path,
      cause,
    });
  }
  fs.writeFileSync(holderPath, `process ${process.pid} on ${hostname()}\n`);
  return () => {
    fs.rmSync(holderPath, { force: true });
    database.close();
  };
}
