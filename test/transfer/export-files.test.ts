import { expect, test } from "bun:test";
import { Objects, ObjectsError, type ObjectWriter } from "../../src/runtime/objects.ts";
import { Stopped } from "../../src/transfer/background.ts";
import { ExportFiles } from "../../src/transfer/export-files.ts";
import type { Lines } from "../../src/transfer/export-lines.ts";
import type { ExportRecord } from "../../src/transfer/export-record.ts";

const RECORD: ExportRecord = {
  id: "00000000000000-00000000",
  status: "IN_PROGRESS",
  startMs: 0,
  clientToken: "token",
  digest: new Uint8Array(32),
  tableName: "Table",
  tableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/Table",
  tableId: "00000000-0000-4000-8000-000000000000",
  exportMs: 0,
  time: 0,
  exportType: "FULL_EXPORT",
  isTypeShown: false,
  format: "DYNAMODB_JSON",
  bucket: "bucket",
  encryption: { algorithm: "AES256" },
};

/** A bucket with room for so many bytes. */
class SmallBucket extends Objects {
  readonly finished: string[] = [];
  abandoned = 0;
  #room: number;

  constructor(room: number) {
    super(undefined);
    this.#room = room;
  }

  override async create(_: string, key: string): Promise<ObjectWriter> {
    let isFinished = false;
    return {
      write: async (bytes) => {
        this.#room -= bytes.length;
        if (this.#room < 0) throw new ObjectsError("failed", "no space left");
      },
      finish: async () => {
        isFinished = true;
        this.finished.push(key);
      },
      abandon: async () => {
        if (!isFinished) this.abandoned += 1;
      },
    };
  }
}

/** Pages of 64 KiB, counted. `isNoise`: gzip cannot make them smaller. */
class Pages {
  given = 0;

  async *all(count: number, isNoise = true): AsyncGenerator<Lines, void> {
    for (; this.given < count; this.given += 1) {
      const bytes = new Uint8Array(64 << 10);
      yield {
        bytes: isNoise ? crypto.getRandomValues(bytes) : bytes,
        items: 1,
        itemBytes: bytes.length,
      };
    }
  }
}

test("a bucket that takes no more ends an export; nothing half written has a name", async () => {
  const bucket = new SmallBucket(1 << 20);
  const pages = new Pages();
  const { signal } = new AbortController();
  const written = new ExportFiles(bucket, RECORD).write(pages.all(10_000), () => 0, signal);
  expect(await written.catch((error: unknown) => error)).toEqual(new ObjectsError("failed", "no space left"));
  expect(bucket.finished).toEqual([]);
  expect(bucket.abandoned).toBe(1);
  const { given } = pages;
  expect(given).toBeLessThan(200);
  await Bun.sleep(20);
  expect(pages.given).toBe(given);
});

test("a stop ends an export between two pages", async () => {
  const bucket = new SmallBucket(1 << 30);
  const pages = new Pages();
  const stop = new AbortController();
  const written = new ExportFiles(bucket, RECORD).write(pages.all(100_000), () => 0, stop.signal);
  setTimeout(() => stop.abort(), 20);
  expect(await written.catch((error: unknown) => error)).toBeInstanceOf(Stopped);
  expect(bucket.finished).toEqual([]);
});

test("a large export has several files, and the list names them all", async () => {
  const bucket = new SmallBucket(1 << 30);
  const { signal } = new AbortController();
  const exported = await new ExportFiles(bucket, RECORD).write(new Pages().all(2100, false), () => 0, signal);
  expect(exported).toEqual({
    manifest: "AWSDynamoDB/00000000000000-00000000/manifest-summary.json",
    items: 2100,
    bytes: 2100 * (64 << 10),
  });
  expect(bucket.finished.filter((key) => key.includes("/data/"))).toHaveLength(3);
  expect(bucket.finished.at(-1)).toBe(exported.manifest);
  expect(bucket.abandoned).toBe(0);
});
