/**
 * The file system as the engine sees it. Three implementations ship or test the engine: disk, memory (`--memory`), and the
 * faulty ones of `test/support`. Reads are synchronous positional reads (a cached 4 KiB block costs about 1 µs that way and 13 µs
 * through the thread pool); only `datasync` is asynchronous, because a disk may take its time.
 *
 * Paths are relative to the store's directory and use "/". Failures throw `StorageError` ("io", "no-space", "not-found").
 */
export interface Vfs {
  /** Creates a new file for reading and writing; fails if it exists. Its directory entry is durable after `syncDirectory`. */
  create(path: string): VfsFile;
  open(path: string, mode: "read" | "write"): VfsFile;
  exists(path: string): boolean;
  /** Names (not paths) in a directory, sorted. */
  list(directory: string): string[];
  makeDirectory(path: string): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  unlink(path: string): void;
  /** As `unlink`, on another thread: to free a large file takes a disk milliseconds. Absent where it takes no time. */
  readonly unlinkAside?: (path: string) => Promise<void>;
  /** Makes creations, renames and removals in a directory durable. */
  syncDirectory(directory: string): void;
  /**
   * Takes the kernel-held lock of the store; throws "locked" naming the holder. Returns the release. To write (the default) it is
   * exclusive; to read it is shared with other readers, its file must be there, and nothing is changed.
   */
  lock(path: string, access?: "read" | "write"): () => void;
  /** Bytes free for use, or undefined when unknown. */
  freeBytes(): number | undefined;
  /** The absolute path for messages and for a Worker that opens the same files itself; undefined when not on disk. */
  readonly root: string | undefined;
}

export interface VfsFile {
  readonly path: string;
  /** Reads up to `into.length` bytes at `position`; returns the count, short only at the end of the file. */
  read(into: Uint8Array, position: number): number;
  /** Writes all of `from` at `position` (loops over short writes). */
  write(from: Uint8Array, position: number): void;
  /** Makes the written bytes (and the size) durable. After a failure the file must not be synced again. */
  datasync(): Promise<void>;
  datasyncNow(): void;
  truncate(size: number): void;
  size(): number;
  /** Throws if the close itself reports a failed write. */
  close(): void;
}
