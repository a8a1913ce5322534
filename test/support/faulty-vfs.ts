import { StorageError } from "../../storage/errors.ts";
import type { Vfs, VfsFile } from "../../storage/vfs/vfs.ts";

/** What goes wrong. short: half of a write happens, then there is no space. */
export type Fault = "io" | "no-space" | "short";

/** A call to the file system, counted from 0. */
export interface FaultyCall {
  readonly index: number;
  readonly call: string;
  readonly path: string;
}

/** Passes every call on, but for those that `decide` lets fail. The lock and `exists` never fail. */
export class FaultyVfs implements Vfs {
  readonly #inner: Vfs;
  readonly #decide: (call: FaultyCall) => Fault | undefined;
  calls = 0;

  constructor(inner: Vfs, decide: (call: FaultyCall) => Fault | undefined) {
    this.#inner = inner;
    this.#decide = decide;
  }

  get root(): string | undefined {
    return this.#inner.root;
  }

  /** Counts a call and throws its fault, if it has one; "short" is returned for the caller to carry out. */
  fault(call: string, path: string): "short" | undefined {
    const fault = this.#decide({ index: this.calls, call, path });
    this.calls += 1;
    if (fault === undefined) return undefined;
    if (fault === "short" && call === "write") return "short";
    throw failure(fault, call, path);
  }

  create(path: string): VfsFile {
    this.fault("create", path);
    return new FaultyFile(this.#inner.create(path), this);
  }

  open(path: string, mode: "read" | "write"): VfsFile {
    this.fault("open", path);
    return new FaultyFile(this.#inner.open(path, mode), this);
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  list(directory: string): string[] {
    this.fault("list", directory);
    return this.#inner.list(directory);
  }

  makeDirectory(path: string): void {
    this.fault("makeDirectory", path);
    this.#inner.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.fault("rename", from);
    this.#inner.rename(from, to);
  }

  link(from: string, to: string): void {
    this.fault("link", from);
    this.#inner.link(from, to);
  }

  unlink(path: string): void {
    this.fault("unlink", path);
    this.#inner.unlink(path);
  }

  syncDirectory(directory: string): void {
    this.fault("syncDirectory", directory);
    this.#inner.syncDirectory(directory);
  }

  lock(path: string): () => void {
    return this.#inner.lock(path);
  }

  freeBytes(): number | undefined {
    return this.#inner.freeBytes();
  }
}

function failure(fault: Fault, call: string, path: string): StorageError {
  const kind = fault === "io" ? "io" : "no-space";
  return new StorageError(kind, `${path}: ${call} failed by design (${kind})`, { file: path });
}

class FaultyFile implements VfsFile {
  readonly #inner: VfsFile;
  readonly #vfs: FaultyVfs;

  constructor(inner: VfsFile, vfs: FaultyVfs) {
    this.#inner = inner;
    this.#vfs = vfs;
  }

  get path(): string {
    return this.#inner.path;
  }

  read(into: Uint8Array, position: number): number {
    this.#vfs.fault("read", this.path);
    return this.#inner.read(into, position);
  }

  write(from: Uint8Array, position: number): void {
    if (this.#vfs.fault("write", this.path) === "short") {
      this.#inner.write(from.subarray(0, from.length >> 1), position);
      throw failure("short", "write", this.path);
    }
    this.#inner.write(from, position);
  }

  async datasync(): Promise<void> {
    try {
      this.#vfs.fault("datasync", this.path);
    } catch (error) {
      // A disk takes its time to fail, too.
      await new Promise((resolve) => setImmediate(resolve));
      throw error;
    }
    await this.#inner.datasync();
  }

  datasyncNow(): void {
    this.#vfs.fault("datasync", this.path);
    this.#inner.datasyncNow();
  }

  truncate(size: number): void {
    this.#vfs.fault("truncate", this.path);
    this.#inner.truncate(size);
  }

  size(): number {
    this.#vfs.fault("size", this.path);
    return this.#inner.size();
  }

  close(): void {
    this.#vfs.fault("close", this.path);
    this.#inner.close();
  }
}
