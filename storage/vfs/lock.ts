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

/** What locks are held by: the collector closes a database that nobody refers to any more, and its lock with it. */
const held = new Set<Database>();

function describeHolder(holderPath: string): string {
  try {
    return fs.readFileSync(holderPath, "utf8").trim();
  } catch {
    return "a process that only reads it";
  }
}

/**
 * Takes the lock at the absolute `path` (the file is created if it is missing) and returns the release.
 * Throws StorageError "locked", naming the holder, when another process or another store of this process has it.
 */
export function lockFile(path: string): () => void {
  const holderPath = `${path}.holder`;
  checkWritable(path);
  const database = new Database(path, { create: true });
  acquire(database, path, () => {
    // The transaction never writes: its rollback journal need not be a file.
    database.run("PRAGMA journal_mode = MEMORY");
    database.run("BEGIN EXCLUSIVE");
  });
  fs.writeFileSync(holderPath, `process ${process.pid} on ${hostname()}\n`);
  return () => {
    fs.rmSync(holderPath, { force: true });
    release(database);
  };
}

/** SQLite would only say that it is unable to open the file; the system says why: read-only, no permission, no space. */
function checkWritable(path: string): void {
  fs.closeSync(fs.openSync(path, "a"));
}

/** Keeps everybody from taking the lock at `path`, whose file must exist, but for others who only read. Changes nothing. */
export function lockToRead(path: string): () => void {
  const database = new Database(path, { readonly: true });
  acquire(database, path, () => {
    database.run("BEGIN");
    // The shared lock is taken by the first read.
    database.query("SELECT count(*) FROM sqlite_schema").get();
  });
  return () => release(database);
}

function release(database: Database): void {
  held.delete(database);
  database.close();
}

function acquire(database: Database, path: string, take: () => void): void {
  try {
    take();
    held.add(database);
  } catch (cause) {
    database.close();
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    if (!code.startsWith("SQLITE_BUSY")) throw cause;
    const holder = describeHolder(`${path}.holder`);
    throw new StorageError("locked", `${path}: the directory is in use by ${holder}`, { file: path, cause });
  }
}
