import { Buffer } from "node:buffer";
import { readU32 } from "../encoding.ts";
import { corruption } from "../errors.ts";

type Lz4 = typeof import("lz4-napi");

let loaded: Lz4 | undefined;

/** The codec, loaded when it is first needed: unpacking and linking it takes 3 ms, which a start without SSTables can spare. */
function lz4(): Lz4 {
  loaded ??= require("lz4-napi") as Lz4;
  return loaded;
}

/** An lz4 block of n bytes stands for less than 255 n bytes. */
const expansionMax = 255;

/** `u32 length | lz4 block`, or undefined where that would save less than an eighth: such bytes are stored as they are. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  const compressed = lz4().compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return compressed.length <= bytes.length - (bytes.length >>> 3) ? compressed : undefined;
}

/** Inverse of `compress`, on bytes that have passed their checksum; `path` and `offset` name them in an error. */
export function decompress(stored: Uint8Array, path: string, offset: number): Uint8Array {
  if (stored.length < 4) throw corruption(path, offset, "compressed block is too short");
  // lz4 cannot expand further: a length beyond that is wrong, and memory for it would be taken before anybody notices.
  if (readU32(stored, 0) > stored.length * expansionMax)
    throw corruption(path, offset, "block has the wrong length");
  let bytes: Buffer;
  try {
    bytes = lz4().uncompressSync(stored);
  } catch (cause) {
    throw corruption(path, offset, `block does not decompress: ${String(cause)}`);
  }
  if (bytes.length !== readU32(stored, 0)) throw corruption(path, offset, "block has the wrong length");
  // A plain Uint8Array: its views are cheaper to make than a Buffer's, and of one class with all other values.
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
