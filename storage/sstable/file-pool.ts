import type { Vfs } from "../vfs/vfs.ts";

/** Keeps at most `openFilesMax` files open for reading, closing the least recently used. */
export declare class FilePool {
  constructor(vfs: Vfs, openFilesMax?: number);
  /** Reads exactly `into.length` bytes at `position`; throws corruption() if the file ends before. */
  read(path: string, into: Uint8Array, position: number): void;
  size(path: string): number;
  /** Closes the file if it is open (before it is unlinked, say). */
  release(path: string): void;
  close(): void;
}
