import { doubleAt, keyHead, readLatin1, readU32, sharedPrefix, writeLatin1, writeU32 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import type { Key } from "../store.ts";
import { compareKey } from "./block-reader.ts";
import { withRoom } from "./block-writer.ts";
import { compressedFlag, indexRecordBytes } from "./format.ts";

/** Collects the records of the data blocks; the grammar is in format.ts. */
export class IndexWriter {
  #records: Uint8Array = new Uint8Array(64 * indexRecordBytes);
  #separators: Uint8Array = new Uint8Array(1024);
  #count = 0;
  #separatorBytes = 0;

  get count(): number {
    return this.#count;
  }

  add(offset: number, storedBytes: number, compressed: boolean, crc: number, separator: Key): void {
    const start = this.#count++ * indexRecordBytes;
    this.#records = withRoom(this.#records, start, indexRecordBytes);
    this.#separators = withRoom(this.#separators, this.#separatorBytes, separator.length);
    this.#separatorBytes = writeLatin1(this.#separators, this.#separatorBytes, separator);
    writeU32(this.#records, start, offset);
    writeU32(this.#records, start + 4, compressed ? storedBytes | compressedFlag : storedBytes);
    writeU32(this.#records, start + 8, crc);
    writeU32(this.#records, start + 12, this.#separatorBytes);
  }

  finish(): Uint8Array {
    const recordBytes = this.#count * indexRecordBytes;
    const bytes = new Uint8Array(recordBytes + this.#separatorBytes);
    bytes.set(this.#records.subarray(0, recordBytes));
    bytes.set(this.#separators.subarray(0, this.#separatorBytes), recordBytes);
    return bytes;
  }
}

/** Finds data blocks; works on the stored bytes. */
export class IndexReader {
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #separators: number;
  /** What all separators but the first, which is empty, begin with. */
  readonly #shared: Key;
  /** Six bytes of each separator behind that prefix, as numbers: most comparisons end here. */
  readonly #heads: Float64Array;

  /** The bytes have passed their checksum; `path` and `offset` name them in an error. */
  constructor(bytes: Uint8Array, count: number, path: string, offset: number) {
    if (count < 1 || count * indexRecordBytes > bytes.length)
      throw corruption(path, offset, "index and properties disagree on the number of blocks");
    this.#bytes = bytes;
    this.count = count;
    this.#separators = count * indexRecordBytes;
    const second = count < 2 ? "" : this.#separator(1);
    const shared = sharedPrefix(second, this.#separator(count - 1));
    this.#shared = second.slice(0, shared);
    this.#heads = new Float64Array(count);
    for (let block = 1; block < count; block++) {
      const start = this.#separatorStart(block) + shared;
      this.#heads[block] = keyHead(readLatin1(bytes, start, Math.min(start + 6, this.#separatorEnd(block))));
    }
  }

  /** The only block that may hold `key`: the last one whose separator is at most `key`. */
  find(key: Key): number {
    const shared = this.#shared;
    if (sharedPrefix(shared, key) < shared.length) return key < shared ? 0 : this.count - 1;
    const head = keyHead(key, shared.length);
    let low = 1;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubleAt(this.#heads, middle);
      if (other < head || (other === head && this.#compare(middle, key) <= 0)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  offset(block: number): number {
    return readU32(this.#bytes, block * indexRecordBytes);
  }

  storedBytes(block: number): number {
    return readU32(this.#bytes, block * indexRecordBytes + 4) & ~compressedFlag;
  }

  compressed(block: number): boolean {
    return (readU32(this.#bytes, block * indexRecordBytes + 4) & compressedFlag) !== 0;
  }

  crc(block: number): number {
    return readU32(this.#bytes, block * indexRecordBytes + 8);
  }

  #compare(block: number, key: Key): number {
    return compareKey(this.#bytes, this.#separatorStart(block), this.#separatorEnd(block), key);
  }

  #separator(block: number): Key {
    return readLatin1(this.#bytes, this.#separatorStart(block), this.#separatorEnd(block));
  }

  #separatorStart(block: number): number {
    return block === 0 ? this.#separators : this.#separatorEnd(block - 1);
  }

  #separatorEnd(block: number): number {
    return this.#separators + readU32(this.#bytes, block * indexRecordBytes + 12);
  }
}
