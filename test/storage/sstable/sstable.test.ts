import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RowPage } from "../../../storage/page.ts";
import { BlockCache } from "../../../storage/sstable/block-cache.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { SSTableReader } from "../../../storage/sstable/sstable-reader.ts";
import { verifySSTable } from "../../../storage/sstable/verify.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { drain, type Entry, expectedEntries } from "../iterator/array-cursor.ts";
import { openSSTable, writeSSTable } from "./support.ts";

/** Values of all sizes that matter, compressible and not. */
function bytesOf(seed: number, length: number): Uint8Array {
  const value = new Uint8Array(length);
  let state = seed | 1;
  const noisy = seed % 3 === 0;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    value[index] = noisy ? state >>> 16 : index % 17;
  }
  return value;
}

const arbitraryKey = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: latin1Unit(), maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.nat(300).map((number) => `customer#${"long prefix ".repeat(3)}${number}`),
  },
  { weight: 1, arbitrary: fc.nat(40).map((number) => `${"p".repeat(2040)}${number}`) },
);
function latin1Unit() {
  return fc.nat(255).map((code) => String.fromCharCode(code));
}
const arbitraryLength = fc.oneof(
  { weight: 10, arbitrary: fc.nat(300) },
  { weight: 2, arbitrary: fc.nat(9000) },
  { weight: 1, arbitrary: fc.integer({ min: 100_000, max: 409_600 }) },
);
const arbitraryEntries = fc
  .uniqueArray(
    fc.record({
      key: arbitraryKey,
      sequence: fc.oneof(fc.nat(1000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
      length: fc.option(arbitraryLength, { freq: 5, nil: undefined }),
    }),
    { selector: (entry) => entry.key, minLength: 1, maxLength: 120, size: "max" },
  )
  .map((entries) =>
    entries
      .sort((one, other) => (one.key < other.key ? -1 : 1))
      .map(({ key, sequence, length }): Entry => {
        return { key, sequence, value: length === undefined ? undefined : bytesOf(sequence, length) };
      }),
  );

describe("an SSTable", () => {
  test("gives back what was written: point reads and both directions from any bound", () => {
    fc.assert(
      fc.property(
        arbitraryEntries,
        fc.constantFrom(64, 512, 4096),
        fc.array(arbitraryKey, { maxLength: 20 }),
        (entries, blockBytes, probes) => {
          const vfs = memoryVfs();
          const info = writeSSTable(vfs, "t.sst", entries, blockBytes);
          const reader = openSSTable(vfs, "t.sst");
          const { hash, ...properties } = info;
          expect(reader.properties()).toEqual(properties);
          expect(info.entries).toBe(entries.length);
          expect(info.smallest).toBe(entries[0]?.key ?? "");
          for (const { key, sequence, value } of entries)
            expect(reader.get(key)).toEqual({ sequence, value });
          for (const probe of probes) {
            const entry = entries.find(({ key }) => key === probe);
            expect(reader.get(probe)).toEqual(entry && { sequence: entry.sequence, value: entry.value });
          }
          // The nearest neighbours of keys, which the filter mostly denies: as bounds they must be told apart all the same.
          const near = entries.slice(0, 5).flatMap(({ key }) => [`${key}\0`, key.slice(0, -1), key]);
          for (const reverse of [false, true]) {
            const cursor = reader.cursor(reverse);
            expect(drain(cursor)).toEqual(expectedEntries(entries, reverse));
            const bounds = [...probes.slice(0, 6), ...near, entries[entries.length >> 1]?.key ?? ""];
            for (const [index, bound] of bounds.entries()) {
              expect(drain(cursor, bound)).toEqual(expectedEntries(entries, reverse, bound));
              const end = bounds[(index * 7 + 3) % bounds.length];
              const inRange = expectedEntries(entries, reverse, index % 2 === 0 ? bound : undefined, end);
              expect(drain(cursor, index % 2 === 0 ? bound : undefined, end)).toEqual(inRange);
            }
            const [bound, end] = reverse ? [bounds[0], bounds[1]] : [bounds[1], bounds[0]];
            const live = expectedEntries(entries, reverse, bound, end).flatMap(({ key, value }) =>
              value === undefined ? [] : [{ key, value }],
            );
            const page = new RowPage();
            const isFull = cursor.seek(bound, end) && cursor.fill(page, 5, 1e6);
            expect([page.rows, isFull]).toEqual([live.slice(0, 5), live.length >= 5]);
          }
          expect(verifySSTable(new FilePool(vfs), "t.sst")).toBe(hash);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is a function of its entries: two writes give the same bytes", () => {
    const entries = Array.from({ length: 500 }, (_, index) => {
      return { key: `k${String(index).padStart(6, "0")}`, sequence: index, value: bytesOf(index, 40) };
    });
    const vfs = memoryVfs();
    expect(writeSSTable(vfs, "a.sst", entries)).toEqual(writeSSTable(vfs, "b.sst", entries));
  });

  test("reads one block for a hit, none for a filtered miss, none again once cached", () => {
    const entries = Array.from({ length: 5000 }, (_, index) => {
      return { key: `k${String(index * 2).padStart(8, "0")}`, sequence: index, value: bytesOf(1, 100) };
    });
    const vfs = memoryVfs();
    writeSSTable(vfs, "t.sst", entries);
    const cache = new BlockCache(1 << 20);
    const reader = new SSTableReader(new FilePool(vfs), "t.sst", cache);
    expect(reader.get("k00000500")).toBeDefined();
    expect([cache.blocksRead, cache.misses, cache.hits]).toEqual([1, 1, 0]);
    expect(reader.get("k00000502")).toBeDefined();
    expect([cache.blocksRead, cache.misses, cache.hits]).toEqual([1, 1, 1]);
    let misses = 0;
    for (let index = 0; index < 5000; index++) {
      const before = cache.hits + cache.misses;
      expect(reader.get(`k${String(index * 2 + 1).padStart(8, "0")}`)).toBeUndefined();
      misses += cache.hits + cache.misses - before;
    }
    // 1 % expected; 100 of 5,000 would be seven standard deviations away.
    expect(misses).toBeLessThan(100);
    reader.close();
    expect(cache.bytes).toBe(0);
  });

  test("values outlive the cache, the reader and the file's handle", () => {
    const entries = Array.from({ length: 200 }, (_, index) => {
      return { key: `k${String(index).padStart(4, "0")}`, sequence: index, value: bytesOf(index, 300) };
    });
    const vfs = memoryVfs();
    writeSSTable(vfs, "t.sst", entries, 1024);
    const reader = openSSTable(vfs, "t.sst", 16 << 10);
    const values = entries.map(({ key }) => reader.get(key)?.value);
    reader.close();
    expect(values).toEqual(entries.map(({ value }) => value));
  });

  test("a cursor that bypasses the cache leaves it alone", () => {
    const vfs = memoryVfs();
    const entries = Array.from({ length: 300 }, (_, index) => {
      return { key: `k${String(index).padStart(4, "0")}`, sequence: index, value: bytesOf(index, 100) };
    });
    writeSSTable(vfs, "t.sst", entries, 1024);
    const cache = new BlockCache(1 << 20);
    const reader = new SSTableReader(new FilePool(vfs), "t.sst", cache);
    expect(drain(reader.sweep())).toHaveLength(300);
    expect([cache.bytes, cache.hits, cache.misses]).toEqual([0, 0, 0]);
    expect(cache.blocksRead).toBe(reader.properties().blocks);
  });

  test("a cursor that bypasses the cache reads 256 KB at a time", () => {
    const counted = { reads: 0 };
    const vfs = memoryVfs();
    const open = vfs.open.bind(vfs);
    vfs.open = (path, mode) => {
      const file = open(path, mode);
      const read = file.read.bind(file);
      file.read = (into, position) => {
        counted.reads += 1;
        return read(into, position);
      };
      return file;
    };
    const entries = Array.from({ length: 2_000 }, (_, index) => {
      return { key: `k${String(index).padStart(6, "0")}`, sequence: index, value: bytesOf(index, 900) };
    });
    const { bytes, blocks } = writeSSTable(vfs, "t.sst", entries, 4096);
    const reader = openSSTable(vfs, "t.sst");
    reader.properties();
    counted.reads = 0;
    expect(drain(reader.sweep())).toEqual(entries);
    expect(blocks).toBeGreaterThan(400);
    expect(counted.reads).toBeLessThanOrEqual(Math.ceil(bytes / (256 << 10)) + 1);
  });
});
