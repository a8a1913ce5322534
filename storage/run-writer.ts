import { type Clock, nextTurn } from "./clock.ts";
import { StorageError } from "./errors.ts";
import type { Entry } from "./iterator.ts";
import type { TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { SSTableWriter } from "./sstable/sstable-writer.ts";
import type { TableFiles } from "./table-files.ts";
import type { Vfs, VfsFile } from "./vfs/vfs.ts";

export interface RunOptions {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly manifest: Manifest;
  readonly tables: TableFiles;
  readonly blockBytes: number;
  /** Target size of an SSTable. */
  readonly tableBytes: number;
  /** Where the tables belong: number of the space, and level. */
  readonly space: number;
  readonly level: number;
  /** Throws when the work is to be given up. Asked after every wait, and before anything is written. */
  readonly check: () => void;
}

/** Input per slice: about half a millisecond of work. */
const sliceBytes = 48 << 10;
/** Files are synced in pieces of this size, so that a large one does not flood the disk at its end. */
const syncBytes = 1 << 20;

/**
 * Writes entries that are handed over one by one, in ascending key order, to as many SSTables of bounded size as they need. When anything has
 * thrown, all that is left to do is `abandon`, and `remove` unless the files may be needed.
 */
export class RunWriter {
  readonly #options: RunOptions;
  readonly #records: TableRecord[] = [];
  readonly #numbers: number[] = [];
  #file: VfsFile | undefined;
  #writer: SSTableWriter | undefined;
  #sliceBytes = 0;
  #syncedBytes = 0;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** True: enough for one slice, or for one SSTable; `rest` comes next. */
  add(entry: Entry): boolean {
    const writer = this.#writer ?? this.#open();
    writer.add(entry);
    this.#sliceBytes += entry.key.length + entry.end - entry.start;
    return this.#sliceBytes >= sliceBytes || writer.bytes >= this.#options.tableBytes;
  }

  /** Ends a slice: lets others run, syncs what is due, ends an SSTable that is large enough. */
  async rest(): Promise<void> {
    const { tableBytes } = this.#options;
    this.#sliceBytes = 0;
    const bytes = this.#writer?.bytes ?? 0;
    if (bytes >= tableBytes) await this.#finish();
    else if (bytes - this.#syncedBytes >= syncBytes) await this.#sync(bytes);
    else await this.#turn();
  }

  /** Ends the last SSTable. What it returns is durable, but for the entries of the directory. */
  async finish(): Promise<TableRecord[]> {
    if (this.#writer !== undefined) await this.#finish();
    return this.#records;
  }

  /** Closes what is open, and leaves the files as they are. Idempotent. */
  abandon(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#writer = undefined;
    try {
      file?.close();
    } catch (error) {
      // Nobody relies on the file.
      if (!(error instanceof StorageError)) throw error;
    }
  }

  /** Removes the files. */
  remove(): void {
    for (const number of this.#numbers) this.#options.tables.unlink(number);
  }

  #open(): SSTableWriter {
    const { vfs, manifest, tables, blockBytes } = this.#options;
    const number = manifest.reserveTable();
    this.#numbers.push(number);
    this.#file = vfs.create(tables.path(number));
    this.#writer = new SSTableWriter(this.#file, { blockBytes });
    this.#syncedBytes = 0;
    return this.#writer;
  }

  async #finish(): Promise<void> {
    const writer = this.#writer;
    const number = this.#numbers.at(-1);
    if (writer === undefined || number === undefined) return;
    while (!writer.finish()) await this.#turn();
    await this.#sync(writer.bytes);
    const file = this.#file;
    this.#file = undefined;
    this.#writer = undefined;
    file?.close();
    const { space, level } = this.#options;
    const { blocks: _, ...kept } = writer.info();
    this.#records.push({ space, level, number, ...kept });
  }

  async #sync(bytes: number): Promise<void> {
    await this.#file?.datasync();
    this.#syncedBytes = bytes;
    this.#options.check();
  }

  async #turn(): Promise<void> {
    await nextTurn(this.#options.clock);
    this.#options.check();
  }
}
