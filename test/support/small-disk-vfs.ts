import { StorageError } from "../../storage/errors.ts";
import type { Vfs, VfsFile } from "../../storage/vfs/vfs.ts";

/** A disk with so many bytes; what files have beyond them does not fit. Files with several names count as often. */
export class SmallDiskVfs implements Vfs {
  readonly root: string | undefined;
  capacity: number;
  readonly #inner: Vfs;

  constructor(inner: Vfs, capacity: number) {
    this.#inner = inner;
    this.root = inner.root;
    this.capacity = capacity;
  }

  get usedBytes(): number {
    return this.#usedIn("");
  }

  #usedIn(directory: string): number {
    let bytes = 0;
    for (const name of this.#inner.list(directory)) {
      const path = directory === "" ? name : `${directory}/${name}`;
      if (directory === "" && !name.includes(".") && this.#isDirectory(path)) bytes += this.#usedIn(path);
      else bytes += this.#sizeOf(path);
    }
    return bytes;
  }

  #isDirectory(path: string): boolean {
    try {
      this.#inner.list(path);
      return true;
    } catch {
      return false;
    }
  }

  #sizeOf(path: string): number {
    const file = this.#inner.open(path, "read");
    const size = file.size();
    file.close();
    return size;
  }

  /** Throws when a file cannot grow by so many bytes. */
  claim(path: string, bytes: number): void {
    if (bytes <= 0 || bytes <= this.freeBytes()) return;
    throw new StorageError("no-space", `${path}: no space left on the small disk`, { file: path });
  }

  create(path: string): VfsFile {
    return new SmallDiskFile(this.#inner.create(path), this);
  }

  open(path: string, mode: "read" | "write"): VfsFile {
    return new SmallDiskFile(this.#inner.open(path, mode), this);
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  list(directory: string): string[] {
    return this.#inner.list(directory);
  }

  makeDirectory(path: string): void {
    this.#inner.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
  }

  link(from: string, to: string): void {
    this.#inner.link(from, to);
  }

  unlink(path: string): void {
    this.#inner.unlink(path);
  }

  syncDirectory(directory: string): void {
    this.#inner.syncDirectory(directory);
  }

  lock(path: string, access?: "read" | "write"): () => void {
    return this.#inner.lock(path, access);
  }

  freeBytes(): number {
    return Math.max(0, this.capacity - this.usedBytes);
  }
}

class SmallDiskFile implements VfsFile {
  readonly #inner: VfsFile;
  readonly #disk: SmallDiskVfs;

  constructor(inner: VfsFile, disk: SmallDiskVfs) {
    this.#inner = inner;
    this.#disk = disk;
  }

  get path(): string {
    return this.#inner.path;
  }

  read(into: Uint8Array, position: number): number {
    return this.#inner.read(into, position);
  }

  write(from: Uint8Array, position: number): void {
    this.#disk.claim(this.path, position + from.length - this.#inner.size());
    this.#inner.write(from, position);
  }

  datasync(): Promise<void> {
    return this.#inner.datasync();
  }

  datasyncNow(): void {
    this.#inner.datasyncNow();
  }

  truncate(size: number): void {
    this.#inner.truncate(size);
  }

  size(): number {
    return this.#inner.size();
  }

  close(): void {
    this.#inner.close();
  }
}
