import { readVarint, skipVarint, varintBytesMax, writeVarint } from "../encoding.ts";
import { corruption } from "../errors.ts";

/** Numbers one after the other in a buffer that grows. */
export class VarintWriter {
  #buffer = new Uint8Array(1 << 10);
  #end = 0;

  add(...values: readonly number[]): void {
    for (const value of values) {
      if (this.#end + varintBytesMax > this.#buffer.length) this.#grow();
      this.#end = writeVarint(this.#buffer, this.#end, value);
    }
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#end);
  }

  #grow(): void {
    const grown = new Uint8Array(this.#buffer.length * 2);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

/** Reads what a VarintWriter wrote; throws corruption() where it does not end well. `path` and `offset` name the bytes in an error. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #offset: number;
  #at = 0;

  constructor(bytes: Uint8Array, path: string, offset: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.#offset = offset;
  }

  next(): number {
    const start = this.#at;
    const last = Math.min(this.#bytes.length, start + varintBytesMax);
    let end = start;
    while (end < last && (this.#bytes[end] ?? 0) >= 0x80) end += 1;
    if (end >= last) this.fail("a number runs over its end");
    this.#at = skipVarint(this.#bytes, start);
    return readVarint(this.#bytes, start);
  }

  /** A count of things of at least `bytesMin` bytes each: a damaged one cannot take memory for more than there can be. */
  count(bytesMin: number): number {
    const count = this.next();
    if (count * bytesMin > this.#bytes.length - this.#at)
      this.fail("more things are named than there is room for");
    return count;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.fail("something follows the last number");
  }

  fail(problem: string): never {
    throw corruption(this.#path, this.#offset + this.#at, problem);
  }
}
