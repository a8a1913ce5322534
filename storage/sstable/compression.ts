import { Buffer } from "node:buffer";
import { compressSync, uncompressSync } from "lz4-napi";
import { readU32 } from "../encoding.ts";
import { corruption } from "../errors.ts";

/** `u32 length | lz4 block`, or undefined where that would save less than an eighth: such bytes are stored as they are. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  const compressed = compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return compressed.length <= bytes.length - (bytes.length >>> 3) ? compressed : undefined;
}

/** Inverse of `compress`, on bytes that have passed their checksum; `path` and `offset` name them in an error. */
export function decompress(stored: Uint8Array, path: string, offset: number): Uint8Array {
  if (stored.length < 4) throw corruption(path, offset, "compressed block is too short");
  let bytes: Buffer;
  try {
    bytes = uncompressSync(stored);
  } catch (cause) {
    throw corruption(path, offset, `block does not decompress: ${String(cause)}`);
  }
  if (bytes.length !== readU32(stored, 0)) throw corruption(path, offset, "block has the wrong length");
  // A plain Uint8Array: its views are cheaper to make than a Buffer's, and of one class with all other values.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
