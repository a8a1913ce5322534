import type { JobExecutor } from "./compaction/executor.ts";
import { StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { TableRecord } from "./manifest/edit.ts";
import { BlockCache } from "./sstable/block-cache.ts";
import { FilePool } from "./sstable/file-pool.ts";
import { SSTableReader } from "./sstable/sstable-reader.ts";
import { TableHandle, Version } from "./version.ts";
import { syncDirectory } from "./vfs/sync-directory.ts";
import type { Vfs } from "./vfs/vfs.ts";

export const tableDirectory = "sst";

/** What becomes of the store when its files make trouble. */
export type TableFilesHealth = Pick<StoreHealth, "isFailed" | "setDegraded">;

/** The SSTable files of the store: their names, their open handles, their cache, their end. */
export class TableFiles {
  readonly files: FilePool;
  readonly cache: BlockCache;
  readonly #vfs: Vfs;
  readonly #health: TableFilesHealth;
  readonly #fail: (error: unknown) => void;
  /** What a sync of the directory has failed with. */
  #failure: unknown;
  /** The removals that were begun, one after the other: many at once would keep the log's syncs waiting. */
  #removing: Promise<void> = Promise.resolve();

  /** `fail`: nothing can be made durable any more. */
  constructor(vfs: Vfs, cacheBytesMax: number, health: TableFilesHealth, fail: (error: unknown) => void) {
    this.#vfs = vfs;
    this.#health = health;
    this.#fail = fail;
    this.files = new FilePool(vfs);
    this.cache = new BlockCache(cacheBytesMax);
  }

  path(number: number): string {
    return `${tableDirectory}/${String(number).padStart(10, "0")}.sst`;
  }

  open(record: TableRecord): TableHandle {
    const reader = new SSTableReader(this.files, this.path(record.number), this.cache, record);
    return new TableHandle(record, reader, (number) => this.unlink(number));
  }

  /** Opens all tables of a space. */
  openVersion(records: Iterable<TableRecord>): Version {
    const levels: TableHandle[][] = [];
    for (const record of records) {
      while (levels.length <= record.level) levels.push([]);
      levels[record.level]?.push(this.open(record));
    }
    return new Version(levels);
  }

  /**
   * Makes the entries of all files so far durable. A failure is the end of the store: it may have lost the entry of a file that another job
   * is about to name. That job's own sync would succeed without bringing it back, so it is not tried.
   */
  syncDirectory(): void {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      syncDirectory(this.#vfs, tableDirectory);
    } catch (error) {
      this.#failSync(error);
      throw error;
    }
  }

  /** The same where jobs run, if that is beside this thread: it need not wait for the disk. */
  async syncDirectoryAside(executor: JobExecutor): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await executor.syncDirectory(tableDirectory);
    } catch (error) {
      this.#failSync(error);
      throw error;
    }
    // Another one may have failed meanwhile.
    if (this.#failure !== undefined) throw this.#failure;
  }

  #failSync(error: unknown): void {
    // An executor that is closed or has died names no file.
    if (error instanceof StorageError && error.file === undefined) return;
    this.#failure = error;
    this.#fail(error);
  }

  /**
   * Removes a file that nothing refers to. One that cannot be removed now goes at the next start; so does every one once the store has
   * failed: an edit whose sync failed may be on the disk all the same, and name it.
   */
  unlink(number: number): void {
    if (this.#health.isFailed) return;
    const path = this.path(number);
    try {
      this.files.release(path);
      if (!this.#vfs.exists(path)) return;
      const { unlinkAside } = this.#vfs;
      if (unlinkAside === undefined) this.#vfs.unlink(path);
      else this.#removing = this.#removing.then(() => this.#remove(path, unlinkAside));
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  async #remove(path: string, unlinkAside: (path: string) => Promise<void>): Promise<void> {
    if (this.#health.isFailed) return;
    try {
      await unlinkAside(path);
    } catch (error) {
      this.#noteFailure(error);
    }
  }

  #noteFailure(error: unknown): void {
    if (!(error instanceof StorageError)) throw error;
    this.#health.setDegraded(error);
  }

  /** Resolves when the removals that were begun are done. */
  settled(): Promise<void> {
    return this.#removing;
  }

  close(): void {
    this.files.close();
  }
}
