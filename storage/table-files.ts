import { StorageError } from "./errors.ts";
import type { TableRecord } from "./manifest/edit.ts";
import { BlockCache } from "./sstable/block-cache.ts";
import { FilePool } from "./sstable/file-pool.ts";
import { SSTableReader } from "./sstable/sstable-reader.ts";
import { TableHandle, Version } from "./version.ts";
import type { Vfs } from "./vfs/vfs.ts";

export const tableDirectory = "sst";

/** The SSTable files of the store: their names, their open handles, their cache, their end. */
export class TableFiles {
  readonly files: FilePool;
  readonly cache: BlockCache;
  readonly #vfs: Vfs;
  readonly #failed: (error: Error) => void;

  /** `failed`: a file could not be removed. */
  constructor(vfs: Vfs, cacheBytesMax: number, failed: (error: Error) => void) {
    this.#vfs = vfs;
    this.#failed = failed;
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

  /** Removes a file that nothing refers to. One that cannot be removed now goes at the next start. */
  unlink(number: number): void {
    const path = this.path(number);
    try {
      this.files.release(path);
      if (this.#vfs.exists(path)) this.#vfs.unlink(path);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#failed(error);
    }
  }

  close(): void {
    this.files.close();
  }
}
