import { describe, expect, test } from "bun:test";
import { BlockCache } from "../../../storage/sstable/block-cache.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { LentBlocks } from "../../../storage/sstable/lent-blocks.ts";
import { SSTableReader } from "../../../storage/sstable/sstable-reader.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { drain } from "../iterator/array-cursor.ts";
import { writeSSTable } from "./support.ts";

/** Compressible rows, and every fourth of noise, of which a block may be stored as it is. */
const entries = Array.from({ length: 400 }, (_, at) => {
  const noisy = at % 4 === 0;
  const value = new Uint8Array(noisy ? 4_000 : 300).map((_, byte) =>
    noisy ? Math.imul(at + byte, 0x9e3779b1) >>> 24 : at,
  );
  return { key: `k${String(at).padStart(4, "0")}`, sequence: at, value };
});

function reader(cache: BlockCache): SSTableReader {
  const vfs = memoryVfs();
  writeSSTable(vfs, "t.sst", entries, 4096);
  return new SSTableReader(new FilePool(vfs), "t.sst", cache);
}

describe("blocks lent to a page", () => {
  test("are as any other block, in both directions, and leave the cache as it is", () => {
    const cache = new BlockCache(1 << 20);
    const table = reader(cache);
    expect(table.get("k0007")?.value).toEqual(entries[7]?.value);
    const held = cache.bytes;
    // Twice: the second time in memory that is full of other blocks.
    for (const reverse of [false, true, false, true]) {
      const lent = new LentBlocks();
      expect(drain(table.cursor(reverse, lent))).toEqual(reverse ? entries.toReversed() : entries);
      lent.giveBack();
    }
    expect(cache.bytes).toBe(held);
    expect(cache.hits).toBe(4);
  });

  test("come back once, and are lent again", () => {
    const [one, other] = [new LentBlocks(), new LentBlocks()];
    const room = one.take(3_000);
    expect(room.length).toBe(8 << 10);
    one.giveBack();
    one.giveBack();
    expect(other.take(8_000)).toBe(room);
    expect(one.take(8_000)).not.toBe(room);
  });

  test("of unusual sizes are rooms of their own", () => {
    const lent = new LentBlocks();
    expect(lent.take(8_193).length).toBe(16 << 10);
    const large = lent.take(5 << 20);
    expect(large.length).toBe(8 << 20);
    lent.giveBack();
    expect(new LentBlocks().take(5 << 20)).not.toBe(large);
  });
});
