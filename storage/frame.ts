/**
 * Frames: the unit in which the write-ahead log and the manifest are written, checked and, after a crash, cut.
 *
 *   frame   = header payload padding
 *   header  = 48 bytes, little endian, at an offset divisible by 8:
 *      0  u32  magic 0x4d524657 ("WFRM")
 *      4  u32  CRC-32 of the header's bytes 8..48
 *      8  u32  payload length in bytes, without the padding
 *     12  u32  CRC-32 of payload and padding
 *     16  u64  salt of the file (random): what an older file left on the device can never pass for a frame of this one
 *     24  u53  first sequence: of the frame's first commit (log) or edit (manifest)
 *     32  u53  time, milliseconds since the epoch
 *     40  u32  synced up to: everything before this offset of the file was durable when the frame was written
 *     44  u8   kind, given by the file's format
 *     45  u24  count of commits or edits
 *   padding = zeros up to the next offset divisible by 8
 *
 * The header has a CRC of its own, so a damaged length is never believed, and frames can be found again by looking for headers at
 * every eighth byte.
 *
 * **Torn or damaged.** A file that was open when the process or the machine died may end in a frame that never became durable.
 * Such a tail is cut. But if a later valid header of the same salt says "synced up to" an offset beyond the bad frame, then the bad
 * frame was durable once: acknowledged data is damaged, and that is an error, never a cut.
 */

import { crc32, readU53, writeU53 } from "./encoding.ts";
import { corruption } from "./errors.ts";

export const frameHeaderBytes = 48;
const frameMagic = 0x4d524657;
const countMax = 0xff_ffff;

/** What the header of a frame says, apart from lengths and checksums. */
export interface FrameFields {
  readonly kind: number;
  readonly firstSequence: number;
  readonly time: number;
  readonly syncedUpTo: number;
  readonly count: number;
}

/** A frame found in a file: offsets are those of the file. */
export interface Frame extends FrameFields {
  readonly offset: number;
  readonly payloadStart: number;
  readonly payloadEnd: number;
  /** Where the next frame starts. */
  readonly end: number;
}

/** Rounds up to the alignment of frames. */
export function alignFrame(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes with a view of the same memory, so that neither is made again per access. */
export class Bytes {
  readonly array: Uint8Array;
  readonly view: DataView;

  constructor(array: Uint8Array) {
    this.array = array;
    this.view = new DataView(array.buffer, array.byteOffset, array.byteLength);
  }
}

/**
 * Completes a frame in place: `bytes` holds the payload from `frameHeaderBytes` to `payloadEnd` and has room for padding.
 * Returns the frame's total length.
 */
export function sealFrame(
  bytes: Bytes,
  payloadEnd: number,
  salt: readonly [number, number],
  fields: FrameFields,
): number {
  const { array, view } = bytes;
  const end = alignFrame(payloadEnd);
  array.fill(0, payloadEnd, end);
  view.setUint32(0, frameMagic, true);
  view.setUint32(8, payloadEnd - frameHeaderBytes, true);
  view.setUint32(12, crc32(array.subarray(frameHeaderBytes, end)), true);
  view.setUint32(16, salt[0], true);
  view.setUint32(20, salt[1], true);
  writeU53(array, 24, fields.firstSequence);
  writeU53(array, 32, fields.time);
  view.setUint32(40, fields.syncedUpTo, true);
  view.setUint32(44, (fields.kind | (Math.min(fields.count, countMax) << 8)) >>> 0, true);
  view.setUint32(4, crc32(array.subarray(8, frameHeaderBytes)), true);
  return end;
}

function headerIsValid(bytes: Bytes, offset: number, salt: readonly [number, number]): boolean {
  const { array, view } = bytes;
  if (offset + frameHeaderBytes > array.length) return false;
  if (view.getUint32(offset, true) !== frameMagic) return false;
  if (view.getUint32(offset + 16, true) !== salt[0] || view.getUint32(offset + 20, true) !== salt[1])
    return false;
  return view.getUint32(offset + 4, true) === crc32(array.subarray(offset + 8, offset + frameHeaderBytes));
}

/** The frame at `offset`, or what is wrong with it. */
export function readFrame(bytes: Bytes, offset: number, salt: readonly [number, number]): Frame | string {
  if (!headerIsValid(bytes, offset, salt)) return "no valid frame header";
  const { array, view } = bytes;
  const payloadStart = offset + frameHeaderBytes;
  const payloadEnd = payloadStart + view.getUint32(offset + 8, true);
  const end = alignFrame(payloadEnd);
  if (end > array.length) return "the frame is longer than the file";
  if (crc32(array.subarray(payloadStart, end)) !== view.getUint32(offset + 12, true)) {
    return "the frame's payload does not match its checksum";
  }
  const kindAndCount = view.getUint32(offset + 44, true);
  return {
    kind: kindAndCount & 0xff,
    firstSequence: readU53(array, offset + 24),
    time: readU53(array, offset + 32),
    syncedUpTo: view.getUint32(offset + 40, true),
    count: kindAndCount >>> 8,
    offset,
    payloadStart,
    payloadEnd,
    end,
  };
}

/** The salt in the frame header at `offset`, if that is whole. */
export function frameSalt({ array, view }: Bytes, offset: number): readonly [number, number] | undefined {
  if (offset + frameHeaderBytes > array.length) return undefined;
  const salt = [view.getUint32(offset + 16, true), view.getUint32(offset + 20, true)] as const;
  return headerIsValid({ array, view }, offset, salt) ? salt : undefined;
}

/** The first whole frame at `offset` or behind it, which is divisible by 8. */
export function findFrame(bytes: Bytes, offset: number, salt: readonly [number, number]): Frame | undefined {
  for (let at = offset; at + frameHeaderBytes <= bytes.array.length; at += 8) {
    const frame = readFrame(bytes, at, salt);
    if (typeof frame !== "string") return frame;
  }
  return undefined;
}

/** Extends a running hash over the frame's header, and through its payload CRC over the payload. */
export function chainHash(hash: number, array: Uint8Array, frameOffset: number): number {
  return crc32(array.subarray(frameOffset, frameOffset + frameHeaderBytes), hash);
}

/** Whether nothing but zeros follows `offset`: space written ahead, not damage. */
function isZeroFrom(array: Uint8Array, offset: number): boolean {
  for (let at = offset; at < array.length; at++) {
    if (array[at] !== 0) return false;
  }
  return true;
}

/**
 * Judges a file whose frames end at `end`, because the frame there is bad (`problem`): returns when what follows is space written
 * ahead ("clean") or a write that never became durable ("torn"); throws a corruption error when it was durable once.
 */
export function judgeTail(
  bytes: Bytes,
  end: number,
  salt: readonly [number, number],
  path: string,
  problem: string,
): "clean" | "torn" {
  if (isZeroFrom(bytes.array, end)) return "clean";
  for (let at = end + 8; at + frameHeaderBytes <= bytes.array.length; at += 8) {
    if (!headerIsValid(bytes, at, salt)) continue;
    const syncedUpTo = bytes.view.getUint32(at + 40, true);
    if (syncedUpTo > end) {
      throw corruption(
        path,
        end,
        `${problem}, though a later frame (at ${at}) says that the file was durable up to ${syncedUpTo}`,
      );
    }
  }
  return "torn";
}
