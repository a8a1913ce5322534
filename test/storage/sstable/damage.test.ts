import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crc32, writeU32 } from "../../../storage/encoding.ts";
import { StorageError } from "../../../storage/errors.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { footerBytes } from "../../../storage/sstable/format.ts";
import { verifySSTable } from "../../../storage/sstable/verify.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { drain, type Entry } from "../iterator/array-cursor.ts";
import { openSSTable, readFile, writeFile, writeSSTable } from "./support.ts";

function smallTable(): { bytes: Uint8Array; entries: Entry[] } {
  const entries = Array.from({ length: 40 }, (_, index): Entry => {
    const value = new Uint8Array(40).map((_, offset) => (index * 31 + offset * 7 * index) & 0xff);
    return {
      key: `partition-${String(index * 3).padStart(4, "0")}`,
      sequence: 1000 + index,
      value: index % 7 === 0 ? undefined : value,
    };
  });
  const vfs = memoryVfs();
  writeSSTable(vfs, "t.sst", entries, 512);
  return { bytes: readFile(vfs, "t.sst"), entries };
}

/** What a reader answers: a value, or the error it threw. Only corruption() of this file, with an offset, is a good error. */
function answer<T>(read: () => T): T | "damaged" {
  try {
    return read();
  } catch (error) {
    const isGood =
      error instanceof StorageError &&
      error.kind === "corruption" &&
      error.file === "t.sst" &&
      error.message.startsWith("t.sst at byte ") &&
      (error.offset ?? -1) >= 0;
    if (!isGood) throw error;
    return "damaged";
  }
}

/** Every way to read the file gives the right answer or says that it is damaged; returns whether any said so. */
function readEverything(bytes: Uint8Array, entries: readonly Entry[]): boolean {
  const vfs = memoryVfs();
  writeFile(vfs, "t.sst", bytes);
  const reader = openSSTable(vfs, "t.sst");
  let damaged = false;
  const check = (found: unknown, right: unknown) => {
    if (found === "damaged") damaged = true;
    else if (!Bun.deepEquals(found, right)) throw new Error(`wrong answer: ${Bun.inspect(found)}`);
  };
  for (let index = 0; index < entries.length; index += 3) {
    const { key, sequence, value } = entries[index] as Entry;
    check(
      answer(() => reader.get(key)),
      { sequence, value },
    );
    check(
      answer(() => reader.get(`${key}x`)),
      undefined,
    );
  }
  check(
    answer(() => drain(reader.cursor(false))),
    entries,
  );
  check(
    answer(() => drain(reader.cursor(true))),
    entries.toReversed(),
  );
  return damaged;
}

describe("a damaged SSTable", () => {
  test("every single flipped bit is found, and never gives a wrong answer", () => {
    const { bytes, entries } = smallTable();
    expect(bytes.length).toBeGreaterThan(1500);
    expect(readEverything(bytes, entries)).toBe(false);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (!readEverything(flipped, entries))
        throw new Error(`bit ${bit} of ${bytes.length * 8} went unnoticed`);
    }
    console.log(`SSTable: ${bytes.length * 8} single-bit flips, all found`);
  });

  test("every truncation and any extension is found", () => {
    const { bytes, entries } = smallTable();
    for (let length = 0; length < bytes.length; length++)
      expect(readEverything(bytes.subarray(0, length), entries)).toBe(true);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(readEverything(longer, entries)).toBe(true);
  });

  test("a data block in the place of another is found", () => {
    const { bytes, entries } = smallTable();
    const swapped = bytes.slice();
    swapped.copyWithin(0, 600, 900);
    expect(readEverything(swapped, entries)).toBe(true);
  });

  test("random bytes are not an SSTable", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000, size: "max" }), (bytes) => {
        expect(readEverything(bytes, [])).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("damage within valid checksums is refused, not looped over", () => {
    // The footer's own checksum made right again: only the cross-checks of its numbers are left.
    const { bytes, entries } = smallTable();
    const footer = bytes.length - footerBytes;
    fc.assert(
      fc.property(fc.nat(55), fc.nat(255), (offset, byte) => {
        const forged = bytes.slice();
        if (forged[footer + offset] === byte) return;
        forged[footer + offset] = byte;
        const crcOffset = bytes.length - 12;
        writeU32(forged, crcOffset, crc32(forged.subarray(footer, crcOffset)));
        expect(readEverything(forged, entries)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("verification finds what point reads would not touch", () => {
    const { bytes } = smallTable();
    const vfs = memoryVfs();
    for (const offset of [0, 300, bytes.length - footerBytes - 1]) {
      const flipped = bytes.slice();
      flipped[offset] = (flipped[offset] ?? 0) ^ 1;
      writeFile(vfs, "t.sst", flipped);
      expect(answer(() => verifySSTable(new FilePool(vfs), "t.sst"))).toBe("damaged");
    }
  });

  test("a newer format version is named, not called damage", () => {
    const { bytes } = smallTable();
    const newer = bytes.slice();
    const crcOffset = bytes.length - 12;
    writeU32(newer, crcOffset - 4, 2);
    writeU32(newer, crcOffset, crc32(newer.subarray(bytes.length - footerBytes, crcOffset)));
    const vfs = memoryVfs();
    writeFile(vfs, "t.sst", newer);
    expect(() => openSSTable(vfs, "t.sst").get("a")).toThrow("format version 2");
  });
});
