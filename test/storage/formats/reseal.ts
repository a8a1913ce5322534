import { crc32, readU32, writeU32 } from "../../../storage/encoding.ts";
import { alignFrame, frameHeaderBytes } from "../../../storage/frame.ts";
import { footerBytes, indexRecordBytes } from "../../../storage/sstable/format.ts";

/*
 * Checksums made right again over damaged bytes: what is left to find the damage are the checks of lengths and numbers, which no
 * accident reaches, but a mistake of ours might.
 */

/** A log segment or manifest: its header's checksum and those of its frames, as far as their lengths lead. */
export function resealFrames(bytes: Uint8Array, headerBytes: number): void {
  if (bytes.length < headerBytes) return;
  writeU32(bytes, 12, crc32(bytes.subarray(16, headerBytes), crc32(bytes.subarray(0, 12))));
  for (let at = headerBytes; at + frameHeaderBytes <= bytes.length; ) {
    const end = at + alignFrame(frameHeaderBytes + readU32(bytes, at + 8));
    if (end > bytes.length) return;
    writeU32(bytes, at + 12, crc32(bytes.subarray(at + frameHeaderBytes, end)));
    writeU32(bytes, at + 4, crc32(bytes.subarray(at + 8, at + frameHeaderBytes)));
    at = end;
  }
}

/** An SSTable: the checksums of data blocks, sections and footer, as far as its numbers lead. */
export function resealSSTable(bytes: Uint8Array): void {
  const footer = bytes.length - footerBytes;
  if (footer < 0) return;
  const crcOf = (offset: number, length: number) =>
    offset + length <= bytes.length ? crc32(bytes.subarray(offset, offset + length)) : 0;
  const [, index, properties] = [8, 24, 40].map((at) => readU32(bytes, footer + at));
  const blocks = properties === undefined || properties + 56 > footer ? 0 : readU32(bytes, properties + 48);
  for (let block = 0; block < blocks; block++) {
    const record = (index ?? 0) + block * indexRecordBytes;
    if (record + indexRecordBytes > footer) break;
    const length = readU32(bytes, record + 4) & 0x7fff_ffff;
    writeU32(bytes, record + 8, crcOf(readU32(bytes, record), length));
  }
  for (const at of [8, 24, 40]) {
    const section = footer + at;
    writeU32(bytes, section + 12, crcOf(readU32(bytes, section), readU32(bytes, section + 8)));
  }
  const crc = bytes.length - 12;
  writeU32(bytes, crc, crc32(bytes.subarray(footer, crc)));
}
