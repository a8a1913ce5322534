import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { compressSync, uncompressSync } from "lz4-napi";
import { assembled, MODULE_FILE } from "../../../scripts/wasm.ts";
import { decodeBlock, inputRoom } from "../../../storage/lz4/decoder.ts";

const LENGTH_BYTES = 4;

/** Bytes with what lz4 lives from: repeats of all distances and lengths between stretches of noise. */
const compressible = fc
  .array(
    fc.record({
      noise: fc.uint8Array({ maxLength: 40 }),
      back: fc.integer({ min: 1, max: 80 }),
      length: fc.oneof(fc.nat(30), fc.nat(2_000)),
    }),
    { maxLength: 30 },
  )
  .map((pieces) => {
    const bytes: number[] = [];
    for (const { noise, back, length } of pieces) {
      bytes.push(...noise);
      for (let at = 0; at < length; at += 1) bytes.push(bytes[bytes.length - back] ?? 7);
    }
    return Uint8Array.from(bytes);
  });

const compressed = (bytes: Uint8Array): Buffer => compressSync(Buffer.from(bytes));

/** What the reference says `bytes` stand for; undefined: nothing. */
function reference(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return uncompressSync(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

/** An lz4 block of these bytes. */
const decoded = (block: readonly number[], length: number): number[] | undefined => {
  const bytes = decodeBlock(Uint8Array.from(block), 0, length);
  return bytes && [...bytes];
};

describe("lz4 decoder", () => {
  test("the module is what its source says: npm run wasm", async () => {
    expect(readFileSync(MODULE_FILE, "utf8")).toBe(await assembled());
  });

  test("decodes what the compressor makes", () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        const found = decodeBlock(compressed(bytes), LENGTH_BYTES, bytes.length);
        expect(found && Buffer.compare(found, bytes)).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test("repeats from every distance, of every length", () => {
    for (let distance = 1; distance <= 40; distance += 1) {
      for (let length = 1; length <= 100; length += 1) {
        const bytes = Array.from({ length: 300 + length }, (_, at) => (at < 200 ? at : 0));
        for (let at = 200; at < 200 + length; at += 1) bytes[at] = bytes[at - distance] ?? 0;
        const input = Uint8Array.from(bytes);
        const found = decodeBlock(compressed(input), LENGTH_BYTES, input.length);
        if (found === undefined || Buffer.compare(found, input) !== 0)
          throw new Error(`${length} bytes from ${distance} bytes back`);
      }
    }
  });

  test("blocks made by hand: a literal alone, and a byte that is repeated", () => {
    expect(decoded([0x10, 65], 1)).toEqual([65]);
    expect(decoded([0x14, 65, 1, 0, 0x10, 66], 10)).toEqual([...Array(9).fill(65), 66]);
  });

  test("a block that ends early, says too much or refers to what is not there stands for nothing", () => {
    expect(decoded([], 0)).toBeUndefined();
    expect(decoded([0x00], 0)).toEqual([]);
    // Fewer literals than announced; a length that does not end; more output than there is room for, and less.
    expect(decoded([0x20, 65], 2)).toBeUndefined();
    expect(decoded([0xf0, 255, 255], 600)).toBeUndefined();
    expect(decoded([0x20, 65, 66], 1)).toBeUndefined();
    expect(decoded([0x20, 65, 66], 3)).toBeUndefined();
    // A match without its offset, with half of it, from nowhere, from before the start; one that is too long; one without an end.
    expect(decoded([0x10, 65, 1], 5)).toBeUndefined();
    expect(decoded([0x10, 65, 0, 0, 0x00], 5)).toBeUndefined();
    expect(decoded([0x10, 65, 2, 0, 0x00], 5)).toBeUndefined();
    expect(decoded([0x11, 65, 1, 0, 0x00], 5)).toBeUndefined();
    expect(decoded([0x1f, 65, 1, 0, 255], 500)).toBeUndefined();
    expect(decoded([0x10, 65, 1, 0], 5)).toBeUndefined();
  });

  test("damaged blocks never trap, and say what the reference says where both say something", () => {
    const damage = fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(compressible, damage, fc.nat(40), (bytes, changes, cut) => {
        const whole = compressed(bytes);
        const block = Buffer.from(whole.subarray(0, Math.max(LENGTH_BYTES, whole.length - (cut % 8))));
        const places = block.length - LENGTH_BYTES;
        if (places > 0) for (const { at, byte } of changes) block[LENGTH_BYTES + (at % places)] = byte;
        const found = decodeBlock(block, LENGTH_BYTES, bytes.length);
        const expected = reference(block);
        if (found === undefined || expected?.length !== bytes.length) return;
        expect(Buffer.compare(found, expected)).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test("input read into its own room is decoded where it lies, also when the memory has to grow for it", () => {
    for (const length of [100, 5_000_000, 100, 20_000_000]) {
      const bytes = new Uint8Array(length).map((_, at) => (at * 7) >> 5);
      const block = compressed(bytes);
      const room = inputRoom(block.length);
      room.set(block);
      const found = decodeBlock(room, LENGTH_BYTES, length);
      expect(found && Buffer.compare(found, bytes)).toBe(0);
    }
  });
});
