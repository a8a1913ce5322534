/**
 * The rows of the engine benchmark, as db_bench makes them: keys of 24 characters, values of noise that compresses to half its size.
 * Everything follows from seeds, so all engines get the same bytes in the same order.
 */

export const KEY_BYTES = 24;
/**
 * late: zero-padded decimals, as db_bench has them. They differ in their last characters, like the items of one partition.
 * early: they differ in their first six characters, like the items of many partitions, whose keys begin with a hash.
 */
export type KeyStyle = "late" | "early";
/** Every piece of this many bytes is half noise, and then the same noise again. */
const PIECE_BYTES = 100;
const POOL_BYTES = 1 << 20;

/** The keys of a style, by the number of their row; they are ordered as the rows. */
export function keysOf(style: KeyStyle): (index: number) => string {
  if (style === "late") return (index) => String(index).padStart(KEY_BYTES, "0");
  return (index) => index.toString(36).padStart(6, "0").padEnd(KEY_BYTES, "0");
}

/** A small, fast generator of 32-bit numbers (xorshift). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 0x9e37_79b1) | 1) >>> 0;
  }

  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  below(limit: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * limit);
  }
}

/** Gives values of one length, as views of a pool of noise: making one costs next to nothing. */
export class Values {
  readonly #pool: Uint8Array;
  readonly #length: number;
  #at = 0;

  constructor(length: number, seed: number) {
    const random = new Random(seed);
    const pool = new Uint8Array(Math.max(POOL_BYTES, length * 4));
    for (let start = 0; start < pool.length; start += PIECE_BYTES) {
      const half = PIECE_BYTES / 2;
      for (let at = start; at < Math.min(start + half, pool.length); at++) pool[at] = 0x20 + random.below(95);
      pool.copyWithin(start + half, start, start + half);
    }
    this.#pool = pool;
    this.#length = length;
  }

  next(): Uint8Array {
    if (this.#at + this.#length > this.#pool.length) this.#at = 0;
    const value = this.#pool.subarray(this.#at, this.#at + this.#length);
    this.#at += this.#length;
    return value;
  }
}

/** A random order of 0..count-1, different per seed: a Feistel network over the next power of four, walked until it lands inside. */
export function permutation(count: number, seed: number): (index: number) => number {
  let bits = 2;
  while (4 ** (bits / 2) < count) bits += 2;
  const half = bits / 2;
  const mask = 2 ** half - 1;
  const once = (index: number): number => {
    let left = index >>> half;
    let right = index & mask;
    for (let round = 1; round <= 4; round++) {
      let mixed = Math.imul(right ^ Math.imul(seed, 0x85eb_ca6b), 0x9e37_79b1) + round;
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35);
      const next = left ^ ((mixed ^ (mixed >>> 13)) & mask);
      left = right;
      right = next;
    }
    return left * 2 ** half + right;
  };
  return (index) => {
    let image = once(index);
    while (image >= count) image = once(image);
    return image;
  };
}
