import { ApiError, validation } from "../errors.ts";
import { toBlob } from "../protocol/conversions.ts";
import { CompressionError, decompressed } from "../runtime/compression.ts";
import type { Log } from "../runtime/log.ts";
import type { Objects } from "../runtime/objects.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import type { ItemLoader } from "../tables/item-loader.ts";
import type { Table } from "../tables/table.ts";
import type { RawItem } from "../values/attribute-value.ts";
import { normalizeItem } from "../values/normalize.ts";
import { ITEM_BYTES_MAX } from "../values/size.ts";
import { check } from "./background.ts";
import { type CsvKeys, CsvReader } from "./csv.ts";
import { type ImportCounts, type ImportRecord, NO_COUNTS } from "./import-record.ts";
import { itemOfIon } from "./ion-reader.ts";
import { itemOfLine } from "./json-lines.ts";
import { LineSplitter } from "./line-splitter.ts";

/** Room for the largest item, every character of it escaped. */
const LINE_BYTES_MAX = 16 << 20;
/** Bad lines that are told of, one by one. */
const TOLD_MAX = 20;

export interface ImportLoadOptions {
  readonly record: ImportRecord;
  readonly table: Table;
  readonly objects: Objects;
  readonly loader: ItemLoader;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reads the objects of an import into its table, a piece at a time. */
export class ImportLoad {
  readonly #options: ImportLoadOptions;
  readonly #csvKeys: CsvKeys;
  readonly #slice = new TimeSlice();
  #counts = NO_COUNTS;

  constructor(options: ImportLoadOptions) {
    this.#options = options;
    const { attributeDefinitions, keySchema } = options.table.record;
    this.#csvKeys = {
      types: new Map(
        attributeDefinitions.map(({ AttributeName: name, AttributeType: type }) => [name, type]),
      ),
      required: new Set(keySchema.map(({ AttributeName }) => AttributeName)),
    };
  }

  /** How far it has come. */
  get counts(): ImportCounts {
    return this.#counts;
  }

  /** Bad lines, and objects that are damaged, are counted. Throws `ObjectsError`, `StorageError`, and `Stopped`. */
  async load(keys: readonly string[]): Promise<void> {
    const { loader } = this.#options;
    for (const key of keys) {
      try {
        await this.#object(key);
      } catch (error) {
        if (!(error instanceof CompressionError)) throw error;
        this.#failed(key, error.message);
      }
    }
    await loader.load();
  }

  async #object(key: string): Promise<void> {
    const { record, objects, signal } = this.#options;
    const splitter = new LineSplitter(LINE_BYTES_MAX);
    const read = this.#reader();
    const chunks = decompressed(objects.read(record.source.bucket, key), record.compression);
    for await (const chunk of chunks) {
      check(signal);
      this.#count({ bytes: chunk.length });
      await this.#lines(key, splitter.push(chunk), read);
    }
    await this.#lines(key, splitter.end(), read);
    if (read.isOpen()) this.#failed(key, "The quotes of the last record are not closed");
  }

  async #lines(key: string, lines: Iterable<string | undefined>, read: Reader): Promise<void> {
    const { loader, signal } = this.#options;
    for (const line of lines) {
      try {
        if (line === undefined) throw validation("The line is too long");
        const raw = read.push(line);
        if (raw !== undefined) this.#item(raw);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        this.#failed(key, error.message);
      }
      if (loader.isFull) await loader.load();
      if (this.#slice.isOver) await this.#slice.next();
      check(signal);
    }
  }

  #item(raw: RawItem): void {
    const { table, loader } = this.#options;
    const { item, size } = normalizeItem(raw);
    if (size > ITEM_BYTES_MAX) throw validation("Item size has exceeded the maximum allowed size");
    table.schema.checkItem(item);
    loader.add(item, size);
    this.#count({ processed: 1, imported: 1 });
  }

  #reader(): Reader {
    const { format, csv } = this.#options.record;
    if (format === "DYNAMODB_JSON") return { push: itemOfLine, isOpen: () => false };
    if (format === "ION") return { push: itemOfIon, isOpen: () => false };
    const reader = new CsvReader(csv, this.#csvKeys, LINE_BYTES_MAX);
    return {
      push: (line) => {
        const item = reader.push(line);
        // What is not base64 would otherwise become other bytes.
        for (const name in item) if (item[name]?.B !== undefined) toBlob(item[name].B);
        return item;
      },
      isOpen: () => reader.isOpen,
    };
  }

  #failed(object: string, cause: string): void {
    const { log, record } = this.#options;
    this.#count({ processed: 1, errors: 1 });
    const { errors, processed } = this.#counts;
    if (errors > TOLD_MAX) return;
    log.warn("not imported", { table: record.table.tableName, object, item: processed, cause });
  }

  #count(more: Partial<ImportCounts>): void {
    const { bytes, processed, imported, errors } = this.#counts;
    this.#counts = {
      bytes: bytes + (more.bytes ?? 0),
      processed: processed + (more.processed ?? 0),
      imported: imported + (more.imported ?? 0),
      errors: errors + (more.errors ?? 0),
    };
  }
}

/** A format, within one object. */
interface Reader {
  /** The item that ends with a line. Throws `ApiError`. */
  push(line: string): RawItem | undefined;
  isOpen(): boolean;
}
