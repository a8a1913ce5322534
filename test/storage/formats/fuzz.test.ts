import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { Bytes, readFrame } from "../../../storage/frame.ts";
import { manifestHeaderBytes, manifestPath } from "../../../storage/manifest/format.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { verifySSTable } from "../../../storage/sstable/verify.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { segmentHeaderBytes, segmentPath } from "../../../storage/wal/format.ts";
import { readChanges } from "../../../storage/wal/records.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { drain } from "../iterator/array-cursor.ts";
import { someRecords, writeManifest } from "../manifest/support.ts";
import { openSSTable, readFile, writeSSTable } from "../sstable/support.ts";
import { rowLog } from "../wal/row-log.ts";
import { readLog } from "../wal/scripted-log.ts";
import { seed, volume, withSeed } from "./effort.ts";
import { mutated, noise } from "./mutations.ts";
import { resealFrames, resealSSTable } from "./reseal.ts";
import { outcomeOf, smallStore } from "./small-store.ts";
import { fileOf, filesOf, type StoredFiles, vfsOf, withFile } from "./stored-files.ts";

/** How long one file may take, and how much memory all of them together. */
const hangMs = 1_000;
const growthBytesMax = 300 << 20;

interface Target {
  readonly valid: Uint8Array;
  /** Makes the checksums right again. */
  readonly reseal?: (bytes: Uint8Array) => void;
  /** Reads all there is in a file of these bytes. */
  readonly read: (bytes: Uint8Array) => void;
}

/** Feeds mutations of a valid file, and noise, to its reader. Only StorageErrors may come out, and soon. */
async function fuzz(name: string, { valid, reseal, read }: Target, usual: number): Promise<void> {
  const random = seededRandom(seed);
  const startBytes = process.memoryUsage().rss;
  const counts = { cases: 0, refused: 0, accepted: 0, slowestMs: 0 };
  for (let n = 0; n < usual * volume; n++) {
    const bytes = random() < 0.1 ? noise(2 * valid.length, random) : mutated(valid, random);
    if (random() < 0.7) reseal?.(bytes);
    const start = performance.now();
    try {
      read(bytes);
      counts.accepted += 1;
    } catch (error) {
      const isTyped =
        error instanceof StorageError &&
        error.file !== undefined &&
        /^(corruption|foreign)$/.test(error.kind);
      if (!isTyped) throw new Error(`SEED=${seed}, case ${n} of ${name}`, { cause: error });
      counts.refused += 1;
    }
    const took = performance.now() - start;
    counts.cases += 1;
    counts.slowestMs = Math.max(counts.slowestMs, Math.round(took));
    assert(took < hangMs, `SEED=${seed}, case ${n} of ${name} took ${took} ms`);
  }
  const growth = process.memoryUsage().rss - startBytes;
  console.log(name, JSON.stringify(counts), `${growth >> 20} MiB`);
  expect(growth).toBeLessThan(growthBytesMax);
  expect(counts.cases).toBeGreaterThanOrEqual(usual);
  expect(counts.refused).toBeGreaterThan(usual / 4);
}

test("a log segment of any bytes", async () => {
  const log = await rowLog({ commits: 8, attested: true });
  const files = filesOf(log.vfs);
  const path = segmentPath(1);
  await fuzz(
    "log",
    {
      valid: fileOf(files, path),
      reseal: (bytes) => resealFrames(bytes, segmentHeaderBytes),
      read: (bytes) => void readLog(vfsOf(withFile(files, path, bytes))),
    },
    3_000,
  );
});

test("change records in a frame of any bytes", async () => {
  const log = await rowLog({ commits: 1 });
  const frame = log.frames[0];
  assert(frame !== undefined, "the log has a frame");
  const wanted = { feed: 3, shard: 0, afterSequence: 0, afterOrdinal: 0, sequenceMax: 1e9, limit: 100 };
  await fuzz(
    "changes",
    {
      valid: readFile(log.vfs, segmentPath(1)),
      reseal: (bytes) => resealFrames(bytes, segmentHeaderBytes),
      read: (array) => {
        const bytes = new Bytes(array);
        const found = readFrame(bytes, frame.offset, log.writer.segment.salt);
        if (typeof found === "string") throw new StorageError("corruption", found, { file: "x" });
        readChanges(bytes, found, segmentPath(1), wanted, []);
      },
    },
    3_000,
  );
});

test("a manifest of any bytes", async () => {
  const vfs = memoryVfs();
  await writeManifest(vfs, someRecords);
  const files = filesOf(vfs);
  const path = manifestPath(1);
  await fuzz(
    "manifest",
    {
      valid: fileOf(files, path),
      reseal: (bytes) => resealFrames(bytes, manifestHeaderBytes),
      read: (bytes) => void readManifest(vfsOf(withFile(files, path, bytes))),
    },
    3_000,
  );
});

test("CURRENT of any bytes", async () => {
  const vfs = memoryVfs();
  await writeManifest(vfs, someRecords);
  const files = filesOf(vfs);
  await fuzz(
    "CURRENT",
    {
      valid: fileOf(files, "CURRENT"),
      read: (bytes) => void readManifest(vfsOf(withFile(files, "CURRENT", bytes))),
    },
    1_000,
  );
});

describe("an SSTable of any bytes", () => {
  for (const compressed of [true, false]) {
    test(compressed ? "with compressed blocks" : "with blocks as they are", async () => {
      const random = seededRandom(1);
      const vfs = memoryVfs();
      const entries = Array.from({ length: 40 }, (_, n) => ({
        key: `key-${String(n).padStart(4, "0")}`,
        sequence: n + 1,
        value: n % 7 === 0 ? undefined : new Uint8Array(60).map(() => (compressed ? n : random() * 256)),
      }));
      writeSSTable(vfs, "x.sst", entries, 512);
      const path = "x.sst";
      const valid = readFile(vfs, path);
      await fuzz(
        `SSTable, compressed ${compressed}`,
        {
          valid,
          reseal: resealSSTable,
          read: (bytes) => {
            const damaged = memoryVfs();
            const file = damaged.create(path);
            file.write(bytes, 0);
            const reader = openSSTable(damaged, path);
            for (const { key } of entries) reader.get(key);
            drain(reader.cursor(false));
            drain(reader.cursor(true));
            verifySSTable(new FilePool(damaged), path);
          },
        },
        2_000,
      );
    });
  }
});

test("a data directory in which files are of any bytes", () =>
  withSeed("a data directory", async () => {
    const { files } = await smallStore("closed");
    const random = seededRandom(seed);
    const paths = [...files.keys()];
    const counts = { refused: 0, degraded: 0, right: 0 };
    for (let n = 0; n < 300 * volume; n++) {
      const damaged = new Map<string, Uint8Array>(files as StoredFiles);
      for (let hits = 0; hits <= random() * 2; hits++) {
        const path = paths[Math.floor(random() * paths.length)] ?? "CURRENT";
        damaged.set(path, mutated(fileOf(files, path), random));
      }
      const start = performance.now();
      // However much is damaged, a closed store is right or says so.
      counts[await outcomeOf(damaged, 0)] += 1;
      assert(performance.now() - start < hangMs, `case ${n} took too long`);
    }
    console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(50);
    expect(counts.degraded).toBeGreaterThan(20);
  }));
