import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { StorageError } from "../errors.ts";
import { lockFile, lockToRead } from "./lock.ts";
import type { Vfs, VfsFile } from "./vfs.ts";

/** Turns a failed system call into a StorageError that names the call and the file. */
function translate(call: string, path: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const reason = cause instanceof Error ? cause.message : String(cause);
  const details = { file: path, cause };
  if (code === "ENOENT") return new StorageError("not-found", `${path}: no such file (${call})`, details);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new StorageError("no-space", `${path}: no space left on the device (${call})`, details);
  }
  return new StorageError("io", `${path}: ${call} failed: ${reason}`, details);
}

function attempt<T>(call: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw translate(call, path, cause);
  }
}

class DiskFile implements VfsFile {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  read(into: Uint8Array, position: number): number {
    let done = 0;
    while (done < into.length) {
      let count: number;
      try {
        count = fs.readSync(this.#descriptor, into, done, into.length - done, position + done);
      } catch (cause) {
        throw translate("read", this.path, cause);
      }
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(from: Uint8Array, position: number): void {
    let done = 0;
    while (done < from.length) {
      let count: number;
      try {
        count = fs.writeSync(this.#descriptor, from, done, from.length - done, position + done);
      } catch (cause) {
        throw translate("write", this.path, cause);
      }
      if (count === 0) throw new StorageError("io", `${this.path}: write made no progress`);
      done += count;
    }
  }

  datasync(): Promise<void> {
    return new Promise((fulfil, reject) => {
      fs.fdatasync(this.#descriptor, (cause) => {
        if (cause === null || cause === undefined) fulfil();
        else reject(translate("fdatasync", this.path, cause));
      });
    });
  }

  datasyncNow(): void {
    attempt("fdatasync", this.path, () => fs.fdatasyncSync(this.#descriptor));
  }

  truncate(size: number): void {
    attempt("ftruncate", this.path, () => fs.ftruncateSync(this.#descriptor, size));
  }

  size(): number {
    return attempt("fstat", this.path, () => fs.fstatSync(this.#descriptor).size);
  }

  close(): void {
    attempt("close", this.path, () => fs.closeSync(this.#descriptor));
  }
}

class DiskVfs implements Vfs {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  #absolute(path: string): string {
    return join(this.root, path);
  }

  create(path: string): VfsFile {
    return attempt("create", path, () => new DiskFile(path, fs.openSync(this.#absolute(path), "wx+", 0o644)));
  }

  open(path: string, mode: "read" | "write"): VfsFile {
    const flags = mode === "read" ? "r" : "r+";
    return attempt("open", path, () => new DiskFile(path, fs.openSync(this.#absolute(path), flags)));
  }

  exists(path: string): boolean {
    return fs.existsSync(this.#absolute(path));
  }

  list(directory: string): string[] {
    return attempt("readdir", directory, () => fs.readdirSync(this.#absolute(directory)).sort());
  }

  makeDirectory(path: string): void {
    attempt("mkdir", path, () => fs.mkdirSync(this.#absolute(path), { recursive: true }));
  }

  rename(from: string, to: string): void {
    attempt("rename", from, () => fs.renameSync(this.#absolute(from), this.#absolute(to)));
  }

  link(from: string, to: string): void {
    attempt("link", from, () => fs.linkSync(this.#absolute(from), this.#absolute(to)));
  }

  unlink(path: string): void {
    attempt("unlink", path, () => fs.unlinkSync(this.#absolute(path)));
  }

  readonly unlinkAside = (path: string): Promise<void> =>
    new Promise((fulfil, reject) => {
      fs.unlink(this.#absolute(path), (cause) => {
        if (cause === null || cause === undefined) fulfil();
        else reject(translate("unlink", path, cause));
      });
    });

  syncDirectory(directory: string): void {
    attempt("fsync", directory, () => {
      const descriptor = fs.openSync(this.#absolute(directory), "r");
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  lock(path: string, access: "read" | "write" = "write"): () => void {
    const absolute = this.#absolute(path);
    return attempt("lock", path, () => (access === "write" ? lockFile(absolute) : lockToRead(absolute)));
  }

  freeBytes(): number | undefined {
    return attempt("statfs", this.root, () => {
      const figures = fs.statfsSync(this.root);
      return figures.bavail * figures.bsize;
    });
  }
}

/** The files below `directory`, which is created if it is missing, unless it `mustExist`. */
export function diskVfs(directory: string, { mustExist = false } = {}): Vfs {
  const root = resolve(directory);
  if (mustExist && !fs.existsSync(root))
    throw new StorageError("foreign", `${root}: there is no such directory`);
  if (!mustExist) attempt("mkdir", root, () => fs.mkdirSync(root, { recursive: true }));
  return new DiskVfs(root);
}
