import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addToFilter,
  FilterBuilder,
  filterBytes,
  filterMayContain,
  hashOfKey,
} from "../../../storage/sstable/bloom-filter.ts";

const latin1 = fc.array(fc.nat(255), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes));

describe("the bloom filter", () => {
  test("never denies a key that was added, however it was built", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(latin1, { maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        (keys, step) => {
          const builder = new FilterBuilder();
          for (const key of keys) builder.add(key);
          let filter = builder.build(step);
          while (filter === undefined) filter = builder.build(step);
          expect(filter.length).toBe(filterBytes(keys.length));
          const direct = new Uint8Array(filter.length);
          for (const key of keys) addToFilter(direct, hashOfKey(key));
          expect(filter).toEqual(direct);
          for (const key of keys) expect(filterMayContain(filter, hashOfKey(key))).toBe(true);
        },
      ),
    );
  });

  test("admits about one percent of other keys, of every shape", () => {
    const shapes: ((index: number) => string)[] = [
      (index) => `user#${index}`,
      (index) => String.fromCharCode(index & 255, (index >> 8) & 255, (index >> 16) & 255),
      (index) => `${"a long shared prefix ".repeat(5)}${String(index).padStart(9, "0")}`,
    ];
    for (const shape of shapes) {
      const keys = 50_000;
      const filter = new Uint8Array(filterBytes(keys));
      for (let index = 0; index < keys; index++) addToFilter(filter, hashOfKey(shape(index)));
      let admitted = 0;
      for (let index = keys; index < 3 * keys; index++)
        if (filterMayContain(filter, hashOfKey(shape(index)))) admitted++;
      expect(admitted / (2 * keys)).toBeLessThan(0.012);
    }
  });

  test("its hash is the published one: it is part of the file format", () => {
    // Known answers of MurmurHash3 x86 32-bit, seed 0.
    expect(hashOfKey("")).toBe(0);
    expect(hashOfKey("test")).toBe(0xba6bd213);
    expect(hashOfKey("Hello, world!")).toBe(0xc0363e43);
    expect(hashOfKey("The quick brown fox jumps over the lazy dog")).toBe(0x2e4ff723);
    expect(hashOfKey("\xff\xff\xff\xff")).toBe(0x76293b50);
    expect(hashOfKey("\x21\x43\x65\x87")).toBe(0xf55b516b);
    expect(hashOfKey("\x21\x43\x65")).toBe(0x7e4a8634);
  });
});
