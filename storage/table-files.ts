import { StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { TableRecord } from "./manifest/edit.ts";
import { BlockCache } from "./sstable/block-cache.ts";
import { FilePool } from "./sstable/file-pool.ts";
import { SSTableReader } from "./sstable/sstable-reader.ts";
import { TableHandle, Version } from "./version.ts";
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
  /** The removals that were begun, one after the other: many at once would keep the log's syncs waiting. */
  #removing: Promise<void> = Promise.resolve();

  constructor(vfs: Vfs, cacheBytesMax: number, health: TableFilesHealth) {
    this.#vfs = vfs;
    this.#health = health;
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

  syncDirectory(): void {
    this.#vfs.syncDirectory(tableDirectory);
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
      this.#failed(error);
    }
  }

  async #remove(path: string, unlinkAside: (path: string) => Promise<void>): Promise<void> {
    if (this.#health.isFailed) return;
    try {
      await unlinkAside(path);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
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
