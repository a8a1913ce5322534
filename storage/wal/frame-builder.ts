import { writeLatin1 } from "../encoding.ts";
import { Bytes, frameHeaderBytes } from "../frame.ts";
import type { Key, Value } from "../store.ts";
import {
  commitHeaderBytes,
  oldValueFlag,
  ordinalBytes,
  recordType,
  sparseCommitHeaderBytes,
} from "./format.ts";

/** Values up to this size are cheaper to store again than to look for. */
const sharedValueBytesMin = 64;
/** Two values count as the same if they differ in their first bytes only: an index row's header is its own, its item is not. */
const headBytes = 16;
/** How many earlier values of a commit are compared with a new one. */
const candidatesMax = 8;
/** Places in two values that are looked at before they are compared: nearly all that differ do so in some of them. */
const samples = 16;

const compareBytes = Buffer.prototype.compare;

/** Whether two values of one length have the same bytes at some places after their heads. */
function isAlike(a: Value, b: Value): boolean {
  const stride = Math.max(1, Math.floor((a.length - headBytes) / samples));
  for (let at = headBytes; at < a.length; at += stride) if (a[at] !== b[at]) return false;
  return true;
}

function equalsAfterHead(a: Value, b: Value): boolean {
  return compareBytes.call(a, b, headBytes, b.length, headBytes, a.length) === 0;
}

/**
 * Encodes commits into the payload of one frame, in one buffer that grows and is used again. The caller has checked keys and
 * values against the store's limits, so that nothing here can fail half-way.
 */
export class FrameBuilder {
  #bytes: Bytes;
  #buffer: Buffer;
  /** Where the next record goes; the frame's header is left free. */
  #end = frameHeaderBytes;
  #commitStart = frameHeaderBytes;
  /** Where the current commit's records start. */
  #recordsStart = frameHeaderBytes;
  #commits = 0;
  /** The values stored in full in the current commit, and where. */
  readonly #values: Value[] = [];
  readonly #valueOffsets: number[] = [];
  readonly #initialBytes: number;

  constructor(initialBytes = 256 << 10) {
    this.#initialBytes = initialBytes;
    this.#buffer = Buffer.allocUnsafeSlow(initialBytes);
    this.#bytes = new Bytes(this.#buffer);
  }

  /** The buffer: the header's room, then the payload up to `payloadEnd`, then room for the padding. */
  get bytes(): Bytes {
    return this.#bytes;
  }

  get payloadEnd(): number {
    return this.#end;
  }

  get commits(): number {
    return this.#commits;
  }

  /** Forgets everything; a buffer that an exceptional commit has blown up is given back. */
  clear(): void {
    this.#end = frameHeaderBytes;
    this.#commits = 0;
    if (this.#buffer.length > this.#initialBytes * 16) {
      this.#buffer = Buffer.allocUnsafeSlow(this.#initialBytes);
      this.#bytes = new Bytes(this.#buffer);
    }
  }

  /** Makes room for `count` more bytes (and 8 of padding) and returns where they start. */
  #take(count: number): number {
    const start = this.#end;
    const needed = start + count + 8;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, start);
      this.#buffer = grown;
      this.#bytes = new Bytes(grown);
    }
    this.#end = start + count;
    return start;
  }

  beginCommit(timeOffset: number): void {
    this.#commitStart = this.#take(commitHeaderBytes);
    this.#recordsStart = this.#end;
    this.#bytes.view.setUint32(this.#commitStart + 4, timeOffset, true);
  }

  /** Begins a commit of an archive, which says itself how far its sequence is after the block's first. */
  beginSparseCommit(timeOffset: number, sequenceOffset: number): void {
    this.#commitStart = this.#take(sparseCommitHeaderBytes);
    this.#recordsStart = this.#end;
    this.#bytes.view.setUint32(this.#commitStart + 4, timeOffset, true);
    this.#bytes.view.setUint32(this.#commitStart + 8, sequenceOffset, true);
  }

  endCommit(): void {
    this.#bytes.view.setUint32(this.#commitStart, this.#end - this.#recordsStart, true);
    this.#commits += 1;
    this.#values.length = 0;
    this.#valueOffsets.length = 0;
  }

  /** Returns the record's offset in the payload, for `change`. */
  put(space: number, key: Key, value: Value): number {
    if (value.length >= sharedValueBytesMin && this.#values.length > 0) {
      const candidate = this.#findStored(value);
      if (candidate >= 0) return this.#putAgain(space, key, value, candidate);
    }
    const at = this.#take(11 + key.length + value.length);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.put);
    view.setUint32(at + 1, space, true);
    view.setUint16(at + 5, key.length, true);
    view.setUint32(at + 7, value.length, true);
    writeLatin1(this.#buffer, at + 11, key);
    const valueStart = at + 11 + key.length;
    this.#buffer.set(value, valueStart);
    this.#values.push(value);
    this.#valueOffsets.push(valueStart - frameHeaderBytes);
    return at - frameHeaderBytes;
  }

  /** Index of a value of this commit that equals `value` apart from its head, or -1. */
  #findStored(value: Value): number {
    const oldest = Math.max(0, this.#values.length - candidatesMax);
    for (let i = this.#values.length - 1; i >= oldest; i--) {
      const stored = this.#values[i];
      if (stored === undefined || stored.length !== value.length) continue;
      if (stored === value || (isAlike(stored, value) && equalsAfterHead(stored, value))) return i;
    }
    return -1;
  }

  #putAgain(space: number, key: Key, value: Value, candidate: number): number {
    const stored = this.#values[candidate];
    const head = stored === value ? 0 : headBytes;
    const at = this.#take(17 + key.length + head);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.putAgain);
    view.setUint32(at + 1, space, true);
    view.setUint16(at + 5, key.length, true);
    view.setUint32(at + 7, (this.#valueOffsets[candidate] ?? 0) + head, true);
    view.setUint32(at + 11, value.length - head, true);
    view.setUint16(at + 15, head, true);
    writeLatin1(this.#buffer, at + 17, key);
    if (head > 0) this.#buffer.set(value.subarray(0, head), at + 17 + key.length);
    return at - frameHeaderBytes;
  }

  /** Returns the record's offset in the payload, for `change`. */
  delete(space: number, key: Key): number {
    const at = this.#take(7 + key.length);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.delete);
    view.setUint32(at + 1, space, true);
    view.setUint16(at + 5, key.length, true);
    writeLatin1(this.#buffer, at + 7, key);
    return at - frameHeaderBytes;
  }

  /** `row`: what `put` or `delete` returned for the changed row. `old` is stored only if the feed wants old values. */
  change(
    feed: number,
    shard: number,
    row: number,
    tag: Value,
    wantsOld: boolean,
    old: Value | undefined,
  ): void {
    const oldBytes = wantsOld && old !== undefined ? 4 + old.length : 0;
    const at = this.#take(18 + tag.length + oldBytes);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.change);
    view.setUint32(at + 1, feed, true);
    view.setUint32(at + 5, shard, true);
    view.setUint32(at + 9, row, true);
    view.setUint32(at + 13, tag.length, true);
    const tagStart = at + 18 + (oldBytes > 0 ? 4 : 0);
    this.#buffer.set(tag, tagStart);
    if (!wantsOld) {
      view.setUint8(at + 17, oldValueFlag.unwanted);
    } else if (old === undefined) {
      view.setUint8(at + 17, oldValueFlag.absent);
    } else {
      view.setUint8(at + 17, oldValueFlag.present);
      view.setUint32(at + 18, old.length, true);
      this.#buffer.set(old, tagStart + tag.length);
    }
  }

  /** Which of all changes of the commit the next one is: for archives, which leave changes out. */
  ordinal(ordinal: number): void {
    const at = this.#take(ordinalBytes);
    this.#bytes.view.setUint8(at, recordType.ordinal);
    this.#bytes.view.setUint32(at + 1, ordinal, true);
  }

  delta(space: number, rows: number, bytes: number): void {
    const at = this.#take(21);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.delta);
    view.setUint32(at + 1, space, true);
    view.setFloat64(at + 5, rows, true);
    view.setFloat64(at + 13, bytes, true);
  }

  raise(space: number, generation: number): void {
    const at = this.#take(13);
    const { view } = this.#bytes;
    view.setUint8(at, recordType.raise);
    view.setUint32(at + 1, space, true);
    view.setFloat64(at + 5, generation, true);
  }
}
