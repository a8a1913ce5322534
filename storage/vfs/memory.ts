import { StorageError } from "../errors.ts";
import type { Vfs, VfsFile } from "./vfs.ts";

/** 256 KiB: large enough that a log segment is few chunks, small enough that a small file wastes little. */
const chunkBytes = 256 << 10;
/** The first chunk starts this small and doubles, because many files (an empty space's, a manifest) stay tiny. */
const firstChunkBytes = 4 << 10;

/** The bytes of one file, shared by all its names and handles. */
class MemoryInode {
  readonly #chunks: Uint8Array[] = [];
  size = 0;

  /** The chunk, at least `needed` bytes long. */
  #chunk(index: number, needed: number): Uint8Array {
    while (this.#chunks.length < index) this.#chunk(this.#chunks.length, chunkBytes);
    const present = this.#chunks[index];
    if (present !== undefined && present.length >= needed) return present;
    let length = index === 0 ? firstChunkBytes : chunkBytes;
    while (length < needed) length *= 2;
    const grown = new Uint8Array(length);
    if (present !== undefined) grown.set(present);
    this.#chunks[index] = grown;
    // A file that outgrows its first chunk continues in full ones.
    if (index > 0) this.#growFirst();
    return grown;
  }

  #growFirst(): void {
    const first = this.#chunks[0];
    if (first === undefined || first.length === chunkBytes) return;
    const grown = new Uint8Array(chunkBytes);
    grown.set(first);
    this.#chunks[0] = grown;
  }

  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - position));
    let done = 0;
    while (done < count) {
      const at = position + done;
      const start = at % chunkBytes;
      const step = Math.min(count - done, chunkBytes - start);
      const chunk = this.#chunk(Math.floor(at / chunkBytes), start + step);
      into.set(chunk.subarray(start, start + step), done);
      done += step;
    }
    return count;
  }

  write(from: Uint8Array, position: number): void {
    // Nothing written far behind the end does not make a file longer.
    if (from.length === 0) return;
    let done = 0;
    while (done < from.length) {
      const at = position + done;
      const start = at % chunkBytes;
      const step = Math.min(from.length - done, chunkBytes - start);
      const chunk = this.#chunk(Math.floor(at / chunkBytes), start + step);
      chunk.set(step === from.length ? from : from.subarray(done, done + step), start);
      done += step;
    }
    this.size = Math.max(this.size, position + from.length);
  }

  truncate(size: number): void {
    if (size < this.size) {
      // What lies beyond the new end must read as zeros if the file grows again.
      const keep = Math.ceil(size / chunkBytes);
      this.#chunks.length = Math.min(this.#chunks.length, keep);
      if (size % chunkBytes !== 0) this.#chunks[keep - 1]?.fill(0, size % chunkBytes);
    } else if (size > 0) {
      this.#chunk(Math.floor((size - 1) / chunkBytes), ((size - 1) % chunkBytes) + 1);
    }
    this.size = size;
  }
}

class MemoryFile implements VfsFile {
  readonly path: string;
  readonly #inode: MemoryInode;
  #open = true;

  constructor(path: string, inode: MemoryInode) {
    this.path = path;
    this.#inode = inode;
  }

  #check(): MemoryInode {
    if (!this.#open) throw new StorageError("io", `${this.path}: the file is closed`, { file: this.path });
    return this.#inode;
  }

  read(into: Uint8Array, position: number): number {
    return this.#check().read(into, position);
  }

  write(from: Uint8Array, position: number): void {
    this.#check().write(from, position);
  }

  datasync(): Promise<void> {
    this.#check();
    return Promise.resolve();
  }

  datasyncNow(): void {
    this.#check();
  }

  truncate(size: number): void {
    this.#check().truncate(size);
  }

  size(): number {
    return this.#check().size;
  }

  close(): void {
    this.#check();
    this.#open = false;
  }
}

class MemoryVfs implements Vfs {
  readonly root = undefined;
  readonly #files = new Map<string, MemoryInode>();
  readonly #directories = new Set<string>([""]);
  /** How each lock is held; readers may be several. */
  readonly #locks = new Map<string, readonly ("read" | "write")[]>();

  #missing(call: string, path: string): StorageError {
    return new StorageError("not-found", `${path}: no such file (${call})`, { file: path });
  }

  #exists(path: string): StorageError {
    return new StorageError("io", `${path}: the file exists`, { file: path });
  }

  #inode(call: string, path: string): MemoryInode {
    const inode = this.#files.get(path);
    if (inode === undefined) throw this.#missing(call, path);
    return inode;
  }

  #checkParent(call: string, path: string): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (!this.#directories.has(parent)) throw this.#missing(call, path);
  }

  create(path: string): VfsFile {
    this.#checkParent("create", path);
    if (this.#files.has(path)) throw this.#exists(path);
    const inode = new MemoryInode();
    this.#files.set(path, inode);
    return new MemoryFile(path, inode);
  }

  open(path: string, _mode: "read" | "write"): VfsFile {
    return new MemoryFile(path, this.#inode("open", path));
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.#directories.has(path);
  }

  list(directory: string): string[] {
    if (!this.#directories.has(directory)) throw this.#missing("readdir", directory);
    const prefix = directory === "" ? "" : `${directory}/`;
    const names: string[] = [];
    for (const paths of [this.#files.keys(), this.#directories.keys()]) {
      for (const path of paths) {
        const rest = path.slice(prefix.length);
        if (path.startsWith(prefix) && rest !== "" && !rest.includes("/")) names.push(rest);
      }
    }
    return names.sort();
  }

  makeDirectory(path: string): void {
    let parent = "";
    for (const name of path.split("/")) {
      parent = parent === "" ? name : `${parent}/${name}`;
      this.#directories.add(parent);
    }
  }

  rename(from: string, to: string): void {
    this.#checkParent("rename", to);
    const inode = this.#inode("rename", from);
    this.#files.delete(from);
    this.#files.set(to, inode);
  }

  link(from: string, to: string): void {
    this.#checkParent("link", to);
    const inode = this.#inode("link", from);
    if (this.#files.has(to)) throw this.#exists(`${from} -> ${to}`);
    this.#files.set(to, inode);
  }

  unlink(path: string): void {
    this.#inode("unlink", path);
    this.#files.delete(path);
  }

  syncDirectory(directory: string): void {
    if (!this.#directories.has(directory)) throw this.#missing("fsync", directory);
  }

  lock(path: string, access: "read" | "write" = "write"): () => void {
    const holders = this.#locks.get(path) ?? [];
    if (holders.length > 0 && (access === "write" || holders.includes("write"))) {
      throw new StorageError("locked", `${path}: the store is in use by this process`, { file: path });
    }
    this.#locks.set(path, [...holders, access]);
    return () => this.#locks.set(path, (this.#locks.get(path) ?? []).slice(1));
  }

  freeBytes(): undefined {
    return undefined;
  }
}

/** Files in memory, gone with the object; every name and handle behaves as on disk. */
export function memoryVfs(): Vfs {
  return new MemoryVfs();
}
