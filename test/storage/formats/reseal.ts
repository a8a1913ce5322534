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

/**
 * An SSTable: the checksums of its data blocks, and with them that of the index. Only if nothing but data blocks is damaged: `valid` is
 * the file as it was.
 */
export function resealBlocks(bytes: Uint8Array, valid: Uint8Array): void {
  const footer = valid.length - footerBytes;
  const dataEnd = readU32(valid, footer + 8);
  if (bytes.length !== valid.length || Buffer.compare(bytes.subarray(dataEnd), valid.subarray(dataEnd)) !== 0)
    return;
  const indexStart = readU32(valid, footer + 24);
  const indexEnd = indexStart + readU32(valid, footer + 32);
  for (let at = indexStart, end = 0; end < dataEnd; at += indexRecordBytes) {
    const start = readU32(bytes, at);
    end = start + (readU32(bytes, at + 4) & 0x7fff_ffff);
    writeU32(bytes, at + 8, crc32(bytes.subarray(start, end)));
  }
  writeU32(bytes, footer + 36, crc32(bytes.subarray(indexStart, indexEnd)));
  writeU32(bytes, valid.length - 12, crc32(bytes.subarray(footer, valid.length - 12)));
}
