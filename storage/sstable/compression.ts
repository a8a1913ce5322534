import { Buffer } from "node:buffer";
import { readU32 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import { decodeBlock } from "../lz4/decoder.ts";

type Lz4 = typeof import("lz4-napi");

let loaded: Lz4 | undefined;

/** The compressor, loaded when it is first needed: unpacking and linking it takes 3 ms, which a start without SSTables can spare. */
function lz4(): Lz4 {
  loaded ??= require("lz4-napi") as Lz4;
  return loaded;
}

/** An lz4 block of n bytes stands for less than 255 n bytes. */
const expansionMax = 255;
/** Before the lz4 block: how many bytes it stands for. */
const lengthBytes = 4;

/** `u32 length | lz4 block`, or undefined where that would save less than an eighth: such bytes are stored as they are. */
export function compress(bytes: Uint8Array): Uint8Array | undefined {
  const compressed = lz4().compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return compressed.length <= bytes.length - (bytes.length >>> 3) ? compressed : undefined;
}

const newMemory = (bytes: number): Uint8Array => new Uint8Array(bytes);

/**
 * Inverse of `compress`, on bytes that have passed their checksum; `path` and `offset` name them in an error. `memory` says where to put the result,
 * given its length; it may be longer than that.
 */
export function decompress(
  stored: Uint8Array,
  path: string,
  offset: number,
  memory: (bytes: number) => Uint8Array = newMemory,
): Uint8Array {
  if (stored.length < lengthBytes) throw corruption(path, offset, "compressed block is too short");
  const length = readU32(stored, 0);
  // lz4 cannot expand further: a length beyond that is wrong, and memory for it would be taken before anybody notices.
  if (length > stored.length * expansionMax) throw corruption(path, offset, "block has the wrong length");
  const bytes = decodeBlock(stored, lengthBytes, length);
  if (bytes === undefined) throw corruption(path, offset, "block does not decompress");
  const room = memory(length);
  room.set(bytes);
  return room;
}
