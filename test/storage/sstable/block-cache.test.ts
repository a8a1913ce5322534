import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { BlockCache, BlockSlots } from "../../../storage/sstable/block-cache.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { writeFile } from "./support.ts";

describe("the block cache", () => {
  test("stays within its bytes, counts truly, and forgets whole files", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.nat(30), fc.integer({ min: 1, max: 90 })), { maxLength: 300 }),
        (uses) => {
          const cache = new BlockCache(800);
          const files = [new BlockSlots(31), new BlockSlots(31), new BlockSlots(31)];
          const held = () =>
            files.flatMap(({ blocks }) => blocks).reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
          for (const [index, [file, block, length]] of uses.entries()) {
            const slots = files[file] ?? new BlockSlots(0);
            const found = cache.lookup(slots, block);
            if (found === undefined) cache.insert(slots, block, new Uint8Array(length));
            expect(cache.bytes).toBeLessThanOrEqual(800);
            expect(cache.bytes).toBe(held());
            expect(cache.hits + cache.misses).toBe(index + 1);
            if (index % 50 === 49) cache.forget(slots);
          }
          for (const slots of files) cache.forget(slots);
          expect(cache.bytes).toBe(0);
        },
      ),
    );
  });

  test("files that come and go leave nothing behind", async () => {
    const cache = new BlockCache(1 << 20);
    const kept = new BlockSlots(2);
    cache.insert(kept, 0, new Uint8Array(10));
    const weak: WeakRef<BlockSlots>[] = [];
    for (let round = 0; round < 1_000; round++) {
      const slots = new BlockSlots(3);
      weak.push(new WeakRef(slots));
      for (let block = 0; block < 3; block++) cache.insert(slots, block, new Uint8Array(100));
      cache.forget(slots);
    }
    expect(cache.bytes).toBe(10);
    await new Promise((resolve) => setImmediate(resolve));
    Bun.gc(true);
    expect(weak.filter((ref) => ref.deref() !== undefined).length).toBeLessThan(100);
    expect(cache.lookup(kept, 0)).toBeDefined();
  });

  test("keeps what is used over what is not", () => {
    const cache = new BlockCache(1000);
    const slots = new BlockSlots(1000);
    for (let block = 1; block < 500; block++) {
      if (cache.lookup(slots, 0) === undefined) cache.insert(slots, 0, new Uint8Array(100));
      cache.insert(slots, block, new Uint8Array(100));
    }
    // The first lookup alone missed.
    expect(cache.misses).toBe(1);
  });

  test("does not let one huge block push out everything", () => {
    const cache = new BlockCache(1000);
    const slots = new BlockSlots(3);
    cache.insert(slots, 0, new Uint8Array(100));
    cache.insert(slots, 1, new Uint8Array(126));
    expect(cache.bytes).toBe(100);
    expect(cache.lookup(slots, 1)).toBeUndefined();
  });
});

describe("the file pool", () => {
  /** Counts what is open. */
  function counting(inner: Vfs): { vfs: Vfs; open: string[] } {
    const open: string[] = [];
    const vfs = Object.create(inner) as Vfs;
    vfs.open = (path, mode) => {
      const file = inner.open(path, mode);
      open.push(path);
      const close = file.close.bind(file);
      file.close = () => {
        open.splice(open.indexOf(path), 1);
        close();
      };
      return file;
    };
    return { vfs, open };
  }

  test("keeps the most recently used files open, and never more than its limit", () => {
    const inner = memoryVfs();
    for (const name of ["a", "b", "c", "d"])
      writeFile(inner, name, new TextEncoder().encode(`${name}-bytes`));
    const { vfs, open } = counting(inner);
    const pool = new FilePool(vfs, 2);
    const into = new Uint8Array(2);
    const read = (path: string) => {
      pool.read(path, into, 0);
      return String.fromCharCode(...into);
    };
    expect([read("a"), read("b"), read("a"), read("c")]).toEqual(["a-", "b-", "a-", "c-"]);
    expect(open.toSorted()).toEqual(["a", "c"]);
    expect(pool.size("d")).toBe(7);
    expect(open.toSorted()).toEqual(["c", "d"]);
    pool.release("d");
    pool.release("d");
    expect(open).toEqual(["c"]);
    pool.close();
    expect(open).toEqual([]);
  });

  test("says where a file ended too early", () => {
    const vfs = memoryVfs();
    writeFile(vfs, "short", new Uint8Array(10));
    const pool = new FilePool(vfs);
    expect(() => pool.read("short", new Uint8Array(8), 6)).toThrow(
      "short at byte 10: the file ends too early",
    );
  });
});
