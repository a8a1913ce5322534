import assert from "node:assert/strict";
import { objectAt } from "../encoding.ts";

const chunkShift = 20;
const chunkBytesMax = 1 << chunkShift;
const stubBytes = 8;
const chunkBytesFirst = 4 << 10;
const chunksMax = 1 << (32 - chunkShift);
/** Above this a record does not share a chunk: at most 1/16 of a chunk is lost at its end. */
const largeRecordBytes = 64 << 10;

/**
 * Append-only memory in shared chunks. A record's address is a u32: chunk index << 20 | offset within the chunk; records start at
 * multiples of 8, so the header words can be read as numbers. Address 0 names nothing. Chunks grow from 4 KiB to 1 MiB, so that
 * a small memtable is small; a large record gets a chunk of its own, of just its size.
 */
export class Arena {
  readonly chunks: Chunk[] = [];
  /** Bytes of all chunks. */
  bytes = 0;
  #current = 0;
  /** The first chunk is a stub without room, so that no record has address 0. */
  #used = stubBytes;
  #chunkBytesNext = chunkBytesFirst;

  /** Room for a record of `length` bytes (zeroed). */
  allocate(length: number): number {
    const rounded = (length + 7) & ~7;
    if (rounded > largeRecordBytes) return (this.#addChunk(rounded) << chunkShift) >>> 0;
    const chunk = this.chunks[this.#current];
    if (chunk === undefined || this.#used + rounded > chunk.bytes.length) {
      this.#current = this.#addChunk(Math.max(this.#chunkBytesNext, rounded));
      this.#used = 0;
      this.#chunkBytesNext = Math.min(this.#chunkBytesNext * 4, chunkBytesMax);
    }
    const offset = this.#used;
    this.#used += rounded;
    return ((this.#current << chunkShift) | offset) >>> 0;
  }

  #addChunk(bytes: number): number {
    if (this.chunks.length === 0) this.chunks.push(chunkOver(new SharedArrayBuffer(stubBytes)));
    assert(this.chunks.length < chunksMax, "a memtable's arena has at most 4096 chunks: flush earlier");
    this.chunks.push(chunkOver(new SharedArrayBuffer(bytes)));
    this.bytes += bytes;
    return this.chunks.length - 1;
  }
}

/** One buffer of an arena, seen as bytes and as 32-bit words. */
export interface Chunk {
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
}

export function chunkOver(buffer: SharedArrayBuffer): Chunk {
  return { buffer, bytes: new Uint8Array(buffer), words: new Uint32Array(buffer) };
}

/** The chunk that holds the record at `address`. */
export function chunkAt(chunks: readonly Chunk[], address: number): Chunk {
  return objectAt(chunks, address >>> chunkShift);
}

/** Offset of a record within its chunk. */
export function offsetOf(address: number): number {
  return address & (chunkBytesMax - 1);
}
