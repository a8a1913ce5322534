import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  compareBytes,
  crc32,
  keyHead,
  readLatin1,
  readU32,
  readU53,
  readVarint,
  sharedPrefix,
  skipVarint,
  varintBytesMax,
  varintLength,
  writeLatin1,
  writeU32,
  writeU53,
  writeVarint,
} from "../../storage/encoding.ts";

/** Every number of bits equally often, up to 53. */
const number = fc
  .tuple(fc.maxSafeNat(), fc.integer({ min: 0, max: 53 }))
  .map(([value, bits]) => Math.floor(value / 2 ** bits));
const latin1 = fc.array(fc.nat(255), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes));

describe("numbers", () => {
  test("varints round-trip, with the length announced, up to 2^53-1", () => {
    const bytes = new Uint8Array(32);
    const check = (value: number, offset: number) => {
      bytes.fill(0xff);
      const end = writeVarint(bytes, offset, value);
      expect(end - offset).toBe(varintLength(value));
      expect(end - offset).toBeLessThanOrEqual(varintBytesMax);
      expect(readVarint(bytes, offset)).toBe(value);
      expect(skipVarint(bytes, offset)).toBe(end);
      expect(bytes[end]).toBe(0xff);
    };
    for (let bits = 0; bits <= 53; bits++)
      for (const off of [-1, 0]) if (bits < 53 || off < 0) check(2 ** bits + off, bits % 5);
    fc.assert(fc.property(number, fc.nat(8), check));
  });

  test("a varint that never ends is read no further than its longest form", () => {
    expect(Number.isSafeInteger(readVarint(new Uint8Array(20).fill(0x80), 0))).toBe(true);
    expect(readVarint(new Uint8Array(0), 0)).toBe(0);
  });

  test("fixed widths round-trip, little-endian", () => {
    const bytes = new Uint8Array(16);
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), number, (word, wide) => {
        writeU32(bytes, 1, word);
        writeU53(bytes, 5, wide);
        expect([readU32(bytes, 1), readU53(bytes, 5)]).toEqual([word, wide]);
        expect(new DataView(bytes.buffer).getUint32(1, true)).toBe(word);
        expect(Number(new DataView(bytes.buffer).getBigUint64(5, true))).toBe(wide);
      }),
    );
  });

  test("a checksum continues from another", () => {
    const bytes = new TextEncoder().encode("123456789");
    expect(crc32(bytes)).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  });
});

describe("keys", () => {
  test("round-trip as bytes, short and long ones", () => {
    fc.assert(
      fc.property(latin1, fc.nat(5), (key, offset) => {
        const bytes = new Uint8Array(64).fill(7);
        const end = writeLatin1(bytes, offset, key);
        expect(end).toBe(offset + key.length);
        expect(readLatin1(bytes, offset, end)).toBe(key);
        expect([...bytes.subarray(offset, end)]).toEqual([...key].map((char) => char.charCodeAt(0)));
        expect(bytes[end]).toBe(7);
      }),
    );
  });

  test("order as bytes as they do as strings, and their heads do not contradict it", () => {
    const close = fc.array(fc.constantFrom("\0", "a", "ÿ"), { maxLength: 8 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(latin1, close), fc.oneof(latin1, close), (one, other) => {
        const [a, b] = [one, other].map((key) => Uint8Array.from(key, (char) => char.charCodeAt(0)));
        const order = one < other ? -1 : one > other ? 1 : 0;
        expect(
          Math.sign(
            compareBytes(a ?? new Uint8Array(0), 0, one.length, b ?? new Uint8Array(0), 0, other.length),
          ),
        ).toBe(order);
        expect(Math.sign(keyHead(one) - keyHead(other)) * order).toBeGreaterThanOrEqual(0);
        const shared = sharedPrefix(one, other);
        expect(one.slice(0, shared)).toBe(other.slice(0, shared));
        expect(one[shared] === other[shared]).toBe(one === other);
        expect(sharedPrefix(one, other, 3)).toBe(Math.min(shared, 3));
        for (const start of [shared >> 1, shared])
          expect(Math.sign(keyHead(one, start) - keyHead(other, start)) * order).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });
});
