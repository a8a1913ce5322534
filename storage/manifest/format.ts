/**
 * The manifest: which spaces, feeds, SSTables and log segments exist. `CURRENT` names the file in force.
 *
 *   CURRENT          = the name of a manifest file, a space, the CRC-32 of the name as 8 hex digits, a line feed: a flipped bit must not
 *                      name an older manifest that a crash has left behind. Replaced by renaming a new one over it
 *   MANIFEST-<n>     = header frame*                     (n: 10 digits, counting up; frames: storage/frame.ts, from offset 64)
 *   header           = 64 bytes, little endian:
 *      0  8 bytes "WALNUTMF"
 *      8  u32  format version (1)
 *     12  u32  CRC-32 of the bytes 0..12 and 16..64 (in every version)
 *     16  16 bytes store id
 *     32  u64  salt of the frames
 *     40  24 zeros
 *   frame of kind 1  = one record: a MessagePack array of edits (manifest/edit.ts), which take effect together. The first frame
 *                      of a file is a snapshot: edits that rebuild the whole state
 *
 * Every start writes a new file, and the one before is kept: its records rebuild what the first record of the new one says. A frame's first sequence is the number of the record in the file, from 0. Every record is synced
 * before anything relies on it, and a file is complete and synced before CURRENT names it. Keys inside edits are latin1 texts, as
 * everywhere. A reader that does not know a kind of frame or edit refuses the manifest, as one of a newer version.
 */

import { crc32, readLatin1, writeLatin1 } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import { Bytes } from "../frame.ts";

export const manifestHeaderBytes = 64;
export const manifestFormatVersion = 1;
export const recordKind = 1;
export const currentPath = "CURRENT";
const magic = "WALNUTMF";

export interface ManifestHeader {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly salt: readonly [number, number];
}

export function manifestPath(number: number): string {
  return `MANIFEST-${String(number).padStart(10, "0")}`;
}

/** The number in a manifest's file name, or undefined for other files. */
export function parseManifestName(name: string): number | undefined {
  const match = /^MANIFEST-(\d{10})$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The content of CURRENT when manifest `number` is in force. */
export function encodeCurrent(number: number): Uint8Array {
  const name = manifestPath(number);
  const bytes = new Uint8Array(name.length + 10);
  const nameEnd = writeLatin1(bytes, 0, name);
  const crc = crc32(bytes.subarray(0, nameEnd)).toString(16).padStart(8, "0");
  writeLatin1(bytes, nameEnd, ` ${crc}\n`);
  return bytes;
}

/** The number of the manifest that CURRENT names; undefined when its content is damaged. */
export function decodeCurrent(bytes: Uint8Array): number | undefined {
  const number = parseManifestName(readLatin1(bytes, 0, bytes.length).slice(0, -10));
  const isWhole = number !== undefined && Buffer.compare(encodeCurrent(number), bytes) === 0;
  return isWhole ? number : undefined;
}

function headerCrc(array: Uint8Array): number {
  return crc32(array.subarray(16, manifestHeaderBytes), crc32(array.subarray(0, 12)));
}

export function encodeManifestHeader(header: ManifestHeader): Uint8Array {
  const { array, view } = new Bytes(new Uint8Array(manifestHeaderBytes));
  writeLatin1(array, 0, magic);
  view.setUint32(8, manifestFormatVersion, true);
  array.set(header.storeId, 16);
  view.setUint32(32, header.salt[0], true);
  view.setUint32(36, header.salt[1], true);
  view.setUint32(12, headerCrc(array), true);
  return array;
}

export function decodeManifestHeader(bytes: Bytes, path: string): ManifestHeader {
  const { array, view } = bytes;
  if (array.length < manifestHeaderBytes)
    throw corruption(path, array.length, "the file is shorter than its header");
  if (readLatin1(array, 0, magic.length) !== magic) {
    throw corruption(path, 0, "the file does not start like a manifest");
  }
  if (headerCrc(array) !== view.getUint32(12, true)) {
    throw corruption(path, 12, "the header does not match its checksum");
  }
  const version = view.getUint32(8, true);
  if (version !== manifestFormatVersion) {
    throw new StorageError("foreign", `${path}: manifest format ${version} is not known to this version`, {
      file: path,
      offset: 8,
    });
  }
  return { storeId: array.slice(16, 32), salt: [view.getUint32(32, true), view.getUint32(36, true)] };
}
