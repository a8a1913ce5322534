import assert from "node:assert/strict";
import { byteAt } from "../encoding.ts";
import type { Key } from "../store.ts";

/**
 * A bloom filter whose probes for one key all fall into one 64-byte line: one cache miss per lookup for 1 % false positives at
 * 10 bits per key (spread over the whole filter it would be 0.8 %).
 *
 *   filter  lines of 64 bytes, at least one; their number = ceil(keys * 10 / 512)
 *   hash    MurmurHash3, x86 32-bit variant, of the key's bytes, seed 0
 *   line    floor(hash * lines / 2^32)
 *   probes  6; with h0 = hash * 0x9e3779b1 and h(i+1) = h(i) * 0x9e3779b1 (mod 2^32), bit h(i) >>> 23 of the line:
 *           bit b is bit (b & 7) of byte (b >> 3)
 */
const lineBytes = 64;
const bitsPerKey = 10;
const probes = 6;
const step = 0x9e3779b1;

let lastKey: Key | undefined;
let lastHash = 0;

/** The hash of a key. Remembers the last one: a point read asks several files about the same key. */
export function hashOfKey(key: Key): number {
  if (key !== lastKey) {
    lastHash = murmur3(key);
    lastKey = key;
  }
  return lastHash;
}

/** Size of a filter for that many keys. */
export function filterBytes(keys: number): number {
  return Math.max(1, Math.ceil((keys * bitsPerKey) / (lineBytes * 8))) * lineBytes;
}

export function addToFilter(filter: Uint8Array, hash: number): void {
  const start = lineStart(filter, hash);
  let probe = Math.imul(hash, step);
  for (let index = 0; index < probes; index++) {
    const bit = probe >>> 23;
    const offset = start + (bit >>> 3);
    filter[offset] = byteAt(filter, offset) | (1 << (bit & 7));
    probe = Math.imul(probe, step);
  }
}

/** False: the key is certainly not there. */
export function filterMayContain(filter: Uint8Array, hash: number): boolean {
  const start = lineStart(filter, hash);
  let probe = Math.imul(hash, step);
  for (let index = 0; index < probes; index++) {
    const bit = probe >>> 23;
    if ((byteAt(filter, start + (bit >>> 3)) & (1 << (bit & 7))) === 0) return false;
    probe = Math.imul(probe, step);
  }
  return true;
}

function lineStart(filter: Uint8Array, hash: number): number {
  return Math.floor(((hash >>> 0) * (filter.length / lineBytes)) / 0x1_0000_0000) * lineBytes;
}

/** Collects the hashes of a file's keys; the filter can only be sized when all are known. */
export class FilterBuilder {
  #hashes = new Uint32Array(1024);
  #count = 0;
  #filter: Uint8Array | undefined;
  #added = 0;

  add(key: Key): void {
    if (this.#count === this.#hashes.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#count++] = hashOfKey(key);
  }

  /** Builds the filter, a bounded number of keys per call; undefined while there is more to do. */
  build(keysMax: number): Uint8Array | undefined {
    assert(keysMax > 0, "a step adds at least one key");
    this.#filter ??= new Uint8Array(filterBytes(this.#count));
    const end = Math.min(this.#added + keysMax, this.#count);
    for (; this.#added < end; this.#added++) addToFilter(this.#filter, this.#hashes[this.#added] ?? 0);
    return this.#added === this.#count ? this.#filter : undefined;
  }
}

function murmur3(key: Key): number {
  const length = key.length;
  const whole = length & ~3;
  let hash = 0;
  for (let index = 0; index < whole; index += 4) {
    const word =
      key.charCodeAt(index) |
      (key.charCodeAt(index + 1) << 8) |
      (key.charCodeAt(index + 2) << 16) |
      (key.charCodeAt(index + 3) << 24);
    hash ^= scramble(word);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe654_6b64) | 0;
  }
  if (whole < length) {
    let word = 0;
    for (let index = length - 1; index >= whole; index--) word = (word << 8) | key.charCodeAt(index);
    hash ^= scramble(word);
  }
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(word: number): number {
  const product = Math.imul(word, 0xcc9e_2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b87_3593);
}
