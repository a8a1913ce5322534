import { corruption } from "../errors.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";

/** Below the usual limit of 1,024 descriptors per process, with room for the log and the clients. */
const openFilesMaxDefault = 512;

interface OpenFile {
  readonly file: VfsFile;
  lastUse: number;
}

/** Keeps at most `openFilesMax` files open for reading, closing the least recently used. */
export class FilePool {
  readonly #vfs: Vfs;
  readonly #openFilesMax: number;
  readonly #open = new Map<string, OpenFile>();
  #uses = 0;

  constructor(vfs: Vfs, openFilesMax = openFilesMaxDefault) {
    this.#vfs = vfs;
    this.#openFilesMax = openFilesMax;
  }

  /** Reads exactly `into.length` bytes at `position`; throws corruption() if the file ends before. */
  read(path: string, into: Uint8Array, position: number): void {
    const count = this.#use(path).read(into, position);
    if (count < into.length) throw corruption(path, position + count, "the file ends too early");
  }

  size(path: string): number {
    return this.#use(path).size();
  }

  /** Closes the file if it is open (before it is unlinked, say). */
  release(path: string): void {
    const open = this.#open.get(path);
    this.#open.delete(path);
    open?.file.close();
  }

  close(): void {
    for (const path of [...this.#open.keys()]) this.release(path);
  }

  #use(path: string): VfsFile {
    const found = this.#open.get(path);
    if (found !== undefined) {
      found.lastUse = ++this.#uses;
      return found.file;
    }
    if (this.#open.size >= this.#openFilesMax) this.#closeLeastRecent();
    const file = this.#vfs.open(path, "read");
    this.#open.set(path, { file, lastUse: ++this.#uses });
    return file;
  }

  #closeLeastRecent(): void {
    let oldest: string | undefined;
    let lastUse = Number.POSITIVE_INFINITY;
    for (const [path, open] of this.#open) {
      if (open.lastUse >= lastUse) continue;
      oldest = path;
      lastUse = open.lastUse;
    }
    if (oldest !== undefined) this.release(oldest);
  }
}
