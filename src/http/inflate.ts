import assert from "node:assert/strict";
import { crc32 } from "../runtime/digest.ts";

/** Loaded when the first compressed body comes, which it never does from most clients: it costs a quarter of the program's start. */
const zlib = () => process.getBuiltinModule("node:zlib");

/**
 * Request bodies without their Content-Encoding. `bytesMax` cuts off bombs: the result is never larger.
 * Throws RangeError when it would be, another Error when the bytes are not what the encoding says.
 */
export function inflate(body: Buffer, encoding: "gzip" | "deflate", bytesMax: number): Buffer {
  return encoding === "gzip"
    ? gunzip(body, bytesMax)
    : zlib().inflateSync(body, { maxOutputLength: bytesMax });
}

/** What zlib gives with the option `info`, which its type declarations leave out. */
interface Inflated {
  readonly buffer: Buffer;
  /** Bytes of input that the stream took. */
  readonly engine: { readonly bytesWritten: number };
}

const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const FLAG_CHECKSUM = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;

/** One or more gzip members (RFC 1952); like the service, tolerates junk after the last one, which zlib's own function refuses. */
function gunzip(body: Buffer, bytesMax: number): Buffer {
  const parts: Buffer[] = [];
  let room = bytesMax;
  let at = 0;
  while (isMember(body, at)) {
    const start = headerEnd(body, at);
    const options = { maxOutputLength: Math.max(1, room), info: true };
    const { buffer, engine } = zlib().inflateRawSync(body.subarray(start), options) as unknown as Inflated;
    room -= buffer.length;
    if (room < 0) throw new RangeError("the body is too large");
    at = start + engine.bytesWritten + TRAILER_BYTES;
    assert(
      at <= body.length && body.readUInt32LE(at - TRAILER_BYTES) === crc32(buffer),
      "damaged gzip member",
    );
    parts.push(buffer);
  }
  assert(parts.length > 0, "not a gzip stream");
  return Buffer.concat(parts);
}

function isMember(body: Buffer, at: number): boolean {
  return at + HEADER_BYTES < body.length && body[at] === 0x1f && body[at + 1] === 0x8b && body[at + 2] === 8;
}

function headerEnd(body: Buffer, at: number): number {
  const flags = body[at + 3] ?? 0;
  let end = at + HEADER_BYTES;
  if ((flags & FLAG_EXTRA) !== 0) end += 2 + body.readUInt16LE(end);
  if ((flags & FLAG_NAME) !== 0) end = body.indexOf(0, end) + 1;
  if ((flags & FLAG_COMMENT) !== 0) end = body.indexOf(0, end) + 1;
  if ((flags & FLAG_CHECKSUM) !== 0) end += 2;
  assert(end > at && end < body.length, "the gzip header does not end");
  return end;
}
