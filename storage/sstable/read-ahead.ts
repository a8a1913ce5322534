import type { FilePool } from "./file-pool.ts";

/** Who reads a file from end to end reads this much of it at a time: some thirty blocks per system call. */
const aheadBytes = 256 << 10;

/** A window that moves over a file: pieces of it in ascending order, each read from the file once. */
export class ReadAhead {
  #window: Uint8Array = new Uint8Array(0);
  /** The part of the file that is in the window. */
  #start = 0;
  #end = 0;

  /** Bytes [offset, offset + length) of a file, which has at least `limit` bytes: a view that is good until the next call. */
  read(files: FilePool, path: string, offset: number, length: number, limit: number): Uint8Array {
    if (offset < this.#start || offset + length > this.#end) this.#fill(files, path, offset, length, limit);
    return this.#window.subarray(offset - this.#start, offset - this.#start + length);
  }

  #fill(files: FilePool, path: string, offset: number, length: number, limit: number): void {
    const count = Math.min(Math.max(length, aheadBytes), limit - offset);
    // Should the read fail, the window holds nothing.
    this.#end = this.#start;
    if (this.#window.length < count) this.#window = new Uint8Array(count);
    files.read(path, this.#window.subarray(0, count), offset);
    this.#start = offset;
    this.#end = offset + count;
  }
}
