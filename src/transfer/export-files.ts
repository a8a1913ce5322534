/**
 * The files of an export, as the service lays them out below `<prefix>/AWSDynamoDB/`: `_started`, data, the list of data files, the summary, each with
 * its checksum, the summary last. Their names follow from the export's id: one that is begun again writes the same files.
 */
import { gzipped } from "../runtime/compression.ts";
import { Md5, sha256 } from "../runtime/digest.ts";
import type { Objects } from "../runtime/objects.ts";
import { check } from "./background.ts";
import type { Lines } from "./export-lines.ts";
import { type ExportRecord, exportArn } from "./export-record.ts";

/** A data file ends with the page that gets it here, before compression. */
const DATA_BYTES_MAX = 64 << 20;
const NAME_LENGTH = 26;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

interface DataFile {
  readonly itemCount: number;
  readonly md5Checksum: string;
  readonly etag: string;
  readonly dataFileS3Key: string;
}

/** What an export has come to. */
export interface Exported {
  readonly manifest: string;
  readonly bytes: number;
  readonly items: number;
}

export class ExportFiles {
  readonly #objects: Objects;
  readonly #record: ExportRecord;
  readonly #root: string;
  readonly #folder: string;

  constructor(objects: Objects, record: ExportRecord) {
    this.#objects = objects;
    this.#record = record;
    const prefix = (record.prefix ?? "").replace(/^\/+|\/+$/g, "");
    this.#root = `${prefix === "" ? "" : `${prefix}/`}AWSDynamoDB`;
    this.#folder = `${this.#root}/${record.id}`;
  }

  /** The file with which the service tries whether it may write. */
  async start(): Promise<void> {
    await this.#put(`${this.#folder}/_started`, "");
  }

  /** Writes everything else. Throws `ObjectsError`, and what reading the pages throws. */
  async write(pages: AsyncGenerator<Lines, void>, now: () => number, signal: AbortSignal): Promise<Exported> {
    const files: DataFile[] = [];
    const totals = { items: 0, bytes: 0 };
    for (let more = true; more; ) {
      const some = new SomePages(pages, signal);
      files.push(await this.#data(files.length, some));
      totals.items += some.items;
      totals.bytes += some.itemBytes;
      more = !some.isLast;
    }
    const filesKey = `${this.#folder}/manifest-files.json`;
    await this.#manifest(filesKey, files.map((file) => `${JSON.stringify(file)}\n`).join(""));
    const manifest = `${this.#folder}/manifest-summary.json`;
    await this.#manifest(manifest, JSON.stringify(this.#summary(filesKey, totals, now())));
    return { manifest, ...totals };
  }

  async #data(number: number, pages: SomePages): Promise<DataFile> {
    const { bucket, incremental, format } = this.#record;
    const folder = incremental === undefined ? this.#folder : this.#root;
    const key = `${folder}/data/${this.#nameOf(number)}.${format === "ION" ? "ion" : "json"}.gz`;
    const writer = await this.#objects.create(bucket, key);
    const md5 = new Md5();
    try {
      for await (const chunk of gzipped(pages.chunks())) {
        md5.update(chunk);
        await writer.write(chunk);
      }
      await writer.finish();
    } finally {
      await writer.abandon();
    }
    const sum = md5.digest();
    return {
      itemCount: pages.items,
      md5Checksum: sum.toString("base64"),
      etag: sum.toString("hex"),
      dataFileS3Key: key,
    };
  }

  #nameOf(number: number): string {
    const digest = sha256(`${exportArn(this.#record)}/${number}`);
    return Array.from(digest.subarray(0, NAME_LENGTH), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
  }

  #summary(
    filesKey: string,
    { items, bytes }: { readonly items: number; readonly bytes: number },
    now: number,
  ) {
    const record = this.#record;
    const { incremental } = record;
    return {
      version: incremental === undefined ? "2020-06-30" : "2023-08-01",
      exportArn: exportArn(record),
      startTime: iso(record.startMs),
      endTime: iso(now),
      tableArn: record.tableArn,
      tableId: record.tableId,
      ...(incremental === undefined
        ? { exportTime: iso(record.exportMs) }
        : { exportFromTime: iso(incremental.fromMs), exportToTime: iso(incremental.toMs) }),
      s3Bucket: record.bucket,
      s3Prefix: record.prefix ?? null,
      s3SseAlgorithm: record.encryption.algorithm,
      s3SseKmsKeyId: record.encryption.keyId ?? null,
      manifestFilesS3Key: filesKey,
      billedSizeBytes: bytes,
      itemCount: items,
      outputFormat: record.format,
      ...(incremental === undefined ? {} : { outputView: incremental.view }),
      exportType: record.exportType,
    };
  }

  async #manifest(key: string, text: string): Promise<void> {
    const checksum = new Md5().update(text).digest().toString("base64");
    await this.#put(key.replace(/json$/, "checksum"), checksum);
    await this.#put(key, text);
  }

  async #put(key: string, text: string): Promise<void> {
    const writer = await this.#objects.create(this.#record.bucket, key);
    try {
      await writer.write(Buffer.from(text));
      await writer.finish();
    } finally {
      await writer.abandon();
    }
  }
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** The next pages, as many as make a file. */
class SomePages {
  items = 0;
  itemBytes = 0;
  isLast = false;
  readonly #pages: AsyncGenerator<Lines, void>;
  readonly #signal: AbortSignal;

  constructor(pages: AsyncGenerator<Lines, void>, signal: AbortSignal) {
    this.#pages = pages;
    this.#signal = signal;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (let bytes = 0; bytes < DATA_BYTES_MAX; ) {
      check(this.#signal);
      const page = await this.#pages.next();
      if (page.done === true) {
        this.isLast = true;
        return;
      }
      this.items += page.value.items;
      this.itemBytes += page.value.itemBytes;
      bytes += page.value.bytes.length;
      yield page.value.bytes;
    }
  }
}
