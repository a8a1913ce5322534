/**
 * The structures of the store alone, one operation per iteration: memtable, SSTable, merge. Keys are 24 bytes and begin with four
 * bytes of hash, as row keys do; values are half compressible. Run: `bun bench/micro/storage.bench.ts [rows]`.
 */
import { bench, do_not_optimize, group, run } from "mitata";
import { readLatin1, writeU32 } from "../../storage/encoding.ts";
import type { Cursor } from "../../storage/iterator.ts";
import { Memtable } from "../../storage/memtable/memtable.ts";
import { mergeCursors, readPage } from "../../storage/merging-iterator.ts";
import { BlockCache } from "../../storage/sstable/block-cache.ts";
import { FilePool } from "../../storage/sstable/file-pool.ts";
import { SSTableReader } from "../../storage/sstable/sstable-reader.ts";
import { SSTableWriter } from "../../storage/sstable/sstable-writer.ts";
import { memoryVfs } from "../../storage/vfs/memory.ts";
import type { Vfs } from "../../storage/vfs/vfs.ts";

const rows = Number(process.argv[2] ?? 100_000);
const blockBytes = 8 << 10;

function keysOf(count: number, salt: number): string[] {
  const bytes = new Uint8Array(24).fill(0x61);
  return Array.from({ length: count }, (_, index) => {
    writeU32(bytes, 0, Math.imul(index + salt, 0x9e37_79b1) >>> 0);
    writeU32(bytes, 16, index);
    return readLatin1(bytes, 0, 24);
  });
}

/** Half noise, half text, as the usual engine benchmarks have it. */
function bytesOf(length: number, seed: number): Uint8Array {
  let state = seed | 1;
  return new Uint8Array(length).map((_, index) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return index % 2 === 0 || index > length / 2 ? 0x61 + (index % 16) : state >>> 16;
  });
}

const keys = keysOf(rows, 0);
const absent = keysOf(rows, rows);

function filled(valueBytes: number): Memtable {
  const memtable = new Memtable();
  for (const [index, key] of keys.entries()) memtable.put(key, index + 1, bytesOf(valueBytes, index));
  memtable.freeze();
  return memtable;
}

function written(vfs: Vfs, memtable: Memtable): void {
  const file = vfs.create("bench.sst");
  const writer = new SSTableWriter(file, { blockBytes });
  const cursor = memtable.cursor(rows);
  for (let valid = cursor.seek(); valid; valid = cursor.next()) writer.add(cursor);
  while (!writer.finish());
  file.close();
}

/** Calls with the next of `list`, in an order that is not theirs. */
function each<T>(list: readonly T[], call: (item: T) => unknown): () => void {
  let index = 0;
  return () => {
    index = (index + 7_919) % list.length;
    do_not_optimize(call(list[index] as T));
  };
}

/** One row per iteration, starting over at the end. */
function rowByRow(cursor: Cursor): () => void {
  let valid = false;
  return () => {
    valid = valid ? cursor.next() : cursor.seek();
    do_not_optimize(cursor.key);
  };
}

for (const valueBytes of [200, 1000]) {
  const memtable = filled(valueBytes);
  const value = bytesOf(valueBytes, 7);

  group(`memtable, ${rows} rows of ${valueBytes} B`, () => {
    let growing = new Memtable();
    let index = 0;
    bench("put", () => {
      if (index === rows) {
        growing = new Memtable();
        index = 0;
      }
      growing.put(keys[index] ?? "", ++index, value);
    });
    bench(
      "get",
      each(keys, (key) => memtable.get(key, rows)),
    );
    bench(
      "get absent",
      each(absent, (key) => memtable.get(key, rows)),
    );
    bench("next", rowByRow(memtable.cursor(rows)));
    bench("next, reverse", rowByRow(memtable.cursor(rows, true)));
  });

  group(`SSTable, ${rows} rows of ${valueBytes} B, blocks of ${blockBytes} B`, () => {
    const vfs = memoryVfs();
    written(vfs, memtable);
    const warm = new SSTableReader(new FilePool(vfs), "bench.sst", new BlockCache(1 << 30));
    const cold = new SSTableReader(new FilePool(vfs), "bench.sst", new BlockCache(0));
    const { bytes } = warm.properties();
    console.log(`${valueBytes} B: ${(bytes / rows).toFixed(1)} bytes per row in the file`);
    for (const key of keys) warm.get(key);
    const file = { write: () => {}, path: "" } as unknown as ConstructorParameters<typeof SSTableWriter>[0];
    let writer = new SSTableWriter(file, { blockBytes });
    const source = memtable.cursor(rows);
    let valid = false;
    bench("add", () => {
      valid = valid && source.next();
      if (!valid) {
        writer = new SSTableWriter(file, { blockBytes });
        valid = source.seek();
      }
      writer.add(source);
    });
    bench(
      "get, cached block",
      each(keys, (key) => warm.get(key)),
    );
    bench(
      "get, uncached block",
      each(keys, (key) => cold.get(key)),
    );
    bench(
      "get absent",
      each(absent, (key) => warm.get(key)),
    );
    bench("next, cached", rowByRow(warm.cursor()));
    bench("next, uncached", rowByRow(cold.cursor()));
    bench("next, reverse, cached", rowByRow(warm.cursor(true)));
    bench(
      "page of 100 rows",
      each(keys, (lower) =>
        readPage(warm.cursor(), { lower, upper: undefined }, { rowsMax: 100, bytesMax: 1 << 20 }),
      ),
    );
    bench(
      "page of 100 rows, reverse",
      each(keys, (upper) =>
        readPage(warm.cursor(true), { lower: undefined, upper }, { rowsMax: 100, bytesMax: 1 << 20 }),
      ),
    );
    bench("next, merge of memtable and 3 SSTables", () => {
      do_not_optimize(merged());
    });
    const sources = [memtable.cursor(rows), warm.cursor(), warm.cursor(), warm.cursor()];
    const merged = rowByRow(mergeCursors(sources, false));
  });
}

await run();
