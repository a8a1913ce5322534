import type { Vfs, VfsFile } from "./vfs.ts";

/** What was written to the files of one directory. */
export class FileCounts {
  bytesWritten = 0;
  syncs = 0;
  /** Time spent in them, in milliseconds: of all, and of the last one. */
  syncMs = 0;
  lastSyncMs = 0;
}

/** A file system that passes everything on and counts it. */
export class CountingVfs implements Vfs {
  readonly root: string | undefined;
  readonly unlinkAside?: (path: string) => Promise<void>;
  /** Files that are open now. */
  openFiles = 0;
  directorySyncs = 0;
  readonly #inner: Vfs;
  readonly #counts = new Map<string, FileCounts>();

  constructor(inner: Vfs) {
    this.#inner = inner;
    this.root = inner.root;
    if (inner.unlinkAside !== undefined) this.unlinkAside = inner.unlinkAside;
  }

  /** The counts of a directory; "" is the store's own. */
  counts(directory: string): FileCounts {
    let counts = this.#counts.get(directory);
    if (counts === undefined) {
      counts = new FileCounts();
      this.#counts.set(directory, counts);
    }
    return counts;
  }

  create(path: string): VfsFile {
    return this.#opened(this.#inner.create(path));
  }

  open(path: string, mode: "read" | "write"): VfsFile {
    return this.#opened(this.#inner.open(path, mode));
  }

  #opened(file: VfsFile): VfsFile {
    this.openFiles += 1;
    const { path } = file;
    return new CountingFile(file, this.counts(path.slice(0, Math.max(0, path.lastIndexOf("/")))), this);
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
    this.directorySyncs += 1;
  }

  lock(path: string): () => void {
    return this.#inner.lock(path);
  }

  freeBytes(): number | undefined {
    return this.#inner.freeBytes();
  }
}

class CountingFile implements VfsFile {
  readonly path: string;
  readonly #inner: VfsFile;
  readonly #counts: FileCounts;
  readonly #vfs: CountingVfs;

  constructor(inner: VfsFile, counts: FileCounts, vfs: CountingVfs) {
    this.path = inner.path;
    this.#inner = inner;
    this.#counts = counts;
    this.#vfs = vfs;
  }

  read(into: Uint8Array, position: number): number {
    return this.#inner.read(into, position);
  }

  write(from: Uint8Array, position: number): void {
    this.#inner.write(from, position);
    this.#counts.bytesWritten += from.length;
  }

  async datasync(): Promise<void> {
    const start = performance.now();
    await this.#inner.datasync();
    this.#synced(start);
  }

  datasyncNow(): void {
    const start = performance.now();
    this.#inner.datasyncNow();
    this.#synced(start);
  }

  #synced(start: number): void {
    const counts = this.#counts;
    counts.syncs += 1;
    counts.lastSyncMs = performance.now() - start;
    counts.syncMs += counts.lastSyncMs;
  }

  truncate(size: number): void {
    this.#inner.truncate(size);
  }

  size(): number {
    return this.#inner.size();
  }

  /** Counts the file as closed only when it is. */
  close(): void {
    this.#inner.close();
    this.#vfs.openFiles -= 1;
  }
}
