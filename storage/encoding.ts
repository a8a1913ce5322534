/**
 * Numbers and keys as bytes. All unchecked indexing of the store lives here; fixed-width numbers are little-endian.
 *
 *   varint   base 128, low groups first, high bit set on all bytes but the last; 0 .. 2^53-1 in at most 8 bytes
 *   u32      4 bytes
 *   u53      8 bytes: low 32 bits, then high 21 bits
 *   latin1   one byte per character of a key
 */
import { Buffer } from "node:buffer";

/** The methods of Buffer that work on any Uint8Array and that its public type leaves out. */
interface Latin1Methods {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, offset: number, length: number): number;
}
const { latin1Slice, latin1Write } = Buffer.prototype as unknown as Latin1Methods;

/** Longest varint. */
export const varintBytesMax = 8;

// One accessor per kind of array: a shared one would see all kinds, and compile to the slow path for each.

/** The byte at `offset`, which must exist. */
export function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset] as number;
}

/** The 32-bit word at `index`, which must exist. */
export function wordAt(words: Uint32Array, index: number): number {
  return words[index] as number;
}

/** The double at `index`, which must exist. */
export function doubleAt(doubles: Float64Array, index: number): number {
  return doubles[index] as number;
}

/** The text at `index`, which must exist. */
export function textAt(texts: readonly string[], index: number): string {
  return texts[index] as string;
}

/** The object at `index`, which must exist. */
export function objectAt<T extends object>(objects: readonly T[], index: number): T {
  return objects[index] as T;
}

/** The element at `index`, which must exist; for code that is not hot. */
export function at<T>(array: readonly T[], index: number): T {
  return array[index] as T;
}

// Checksums and digests come from the runtime itself: importing node:zlib and node:crypto would add 4 ms to the start.

/** CRC-32 (IEEE), continuing from `seed`, the checksum of what came before. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  return Bun.hash.crc32(bytes, seed);
}

/** SHA-256 of bytes that come piece by piece. */
export class Sha256 {
  readonly #hasher = new Bun.CryptoHasher("sha256");

  update(bytes: Uint8Array): void {
    this.#hasher.update(bytes);
  }

  /** The digest, hex. Only once. */
  hex(): string {
    return this.#hasher.digest("hex");
  }
}

export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    (byteAt(bytes, offset) |
      (byteAt(bytes, offset + 1) << 8) |
      (byteAt(bytes, offset + 2) << 16) |
      (byteAt(bytes, offset + 3) << 24)) >>>
    0
  );
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

export function readU53(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset) + readU32(bytes, offset + 4) * 0x1_0000_0000;
}

export function writeU53(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, value >>> 0);
  writeU32(bytes, offset + 4, Math.floor(value / 0x1_0000_0000));
}

/** Bytes that `writeVarint` takes for `value`. */
export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}

/** Writes a varint at `offset`; returns the offset after it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let position = offset;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    bytes[position++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  while (rest >= 0x80) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** The varint at `offset`. Pair with `skipVarint`: two small loops are cheaper than a result object. */
export function readVarint(bytes: Uint8Array, offset: number): number {
  let byte = byteAt(bytes, offset);
  if (byte < 0x80) return byte;
  let value = byte & 0x7f;
  let scale = 0x80;
  for (let position = offset + 1; position < offset + varintBytesMax; position++) {
    byte = byteAt(bytes, position);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
    scale *= 0x80;
  }
  return value;
}

/** The offset after the varint at `offset`. */
export function skipVarint(bytes: Uint8Array, offset: number): number {
  let position = offset;
  while (byteAt(bytes, position) >= 0x80) position++;
  return position + 1;
}

/** The text whose characters are bytes[start, end). */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/** Writes one byte per character of a latin1 text; the room must be there. Returns the offset after it. */
export function writeLatin1(bytes: Uint8Array, offset: number, text: string): number {
  const length = text.length;
  if (length <= 12) {
    for (let index = 0; index < length; index++) bytes[offset + index] = text.charCodeAt(index);
  } else {
    latin1Write.call(bytes, text, offset, length);
  }
  return offset + length;
}

/** Six bytes of a key, from `start` on, as a number that orders as they do; a key that ends before counts as padded with zero bytes. */
export function keyHead(key: string, start = 0): number {
  if (key.length - start >= 6) {
    const high = (key.charCodeAt(start) << 16) | (key.charCodeAt(start + 1) << 8) | key.charCodeAt(start + 2);
    const low =
      (key.charCodeAt(start + 3) << 16) | (key.charCodeAt(start + 4) << 8) | key.charCodeAt(start + 5);
    return high * 0x100_0000 + low;
  }
  let head = 0;
  for (let index = start; index < start + 6; index++)
    head = head * 0x100 + (index < key.length ? key.charCodeAt(index) : 0);
  return head;
}

/** How many leading characters two keys have in common, `most` at the most. */
export function sharedPrefix(one: string, other: string, most = one.length): number {
  const length = Math.min(one.length, other.length, most);
  let shared = 0;
  while (shared < length && one.charCodeAt(shared) === other.charCodeAt(shared)) shared++;
  return shared;
}

/** Orders bytes[start, end) against other[otherStart, otherEnd): negative, zero or positive. */
export function compareBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  other: Uint8Array,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart);
  for (let index = 0; index < length; index++) {
    const difference = byteAt(bytes, start + index) - byteAt(other, otherStart + index);
    if (difference !== 0) return difference;
  }
  return end - start - (otherEnd - otherStart);
}
