import { byteAt, readLatin1, readU32, readVarint, skipVarint } from "../encoding.ts";
import type { Key } from "../store.ts";
import { restartBytes } from "./format.ts";

/** Offset of the first restart in a block. */
const restartsStart = 4;
const noBytes = new Uint8Array(0);

/**
 * Reads entries of a data block in place: nothing is decoded that is not asked for. One reader serves block after block; its fields
 * describe the current entry. The grammar is in format.ts. A block has passed its checksum; what would still be
 * malformed in it throws a RangeError, which the caller turns into a corruption error.
 */
export class BlockReader {
  bytes: Uint8Array = noBytes;
  /** Offset of the current entry, and of the next. */
  offset = 0;
  nextOffset = 0;
  /** Payload of the current entry. Before the first `advance` it is empty and ends where that of the next entry begins. */
  payloadStart = 0;
  payloadEnd = 0;
  tombstone = false;
  /** The restart interval that the last `find` looked into: the entry before the one it found is there. */
  interval = 0;
  restartCount = 0;
  /** Where the entries end; a walk that ends earlier may set it to an earlier entry's offset. */
  limit = 0;
  #shared = 0;
  #suffixStart = 0;
  #suffixEnd = 0;
  #payloadBytes = 0;
  /** The current key's bytes, as far as `decodeKey` has followed the entries. */
  #key: Uint8Array = noBytes;

  /** Takes a block and stands before its first entry. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    const count = bytes.length >= restartsStart + restartBytes ? readU32(bytes, 0) : 0;
    if (count < 1 || restartsStart + count * restartBytes > bytes.length)
      throw new RangeError("block without restarts");
    this.restartCount = count;
    this.limit = readU32(bytes, restartsStart + 4);
    if (this.limit > bytes.length) throw new RangeError("entries end outside their block");
    this.toRestart(0);
  }

  /** Offset of the first entry of an interval; of the end when there is no such interval. */
  intervalOffset(interval: number): number {
    return interval < this.restartCount
      ? readU32(this.bytes, restartsStart + interval * restartBytes)
      : this.limit;
  }

  /** Stands before the first entry of an interval. */
  toRestart(interval: number): void {
    this.nextOffset = this.intervalOffset(interval);
    this.payloadEnd = readU32(this.bytes, restartsStart + interval * restartBytes + 4);
    this.payloadStart = this.payloadEnd;
  }

  /** To the next entry; false behind the last. */
  advance(): boolean {
    if (this.nextOffset >= this.limit) return false;
    this.offset = this.nextOffset;
    this.#parse(this.offset);
    this.nextOffset = this.#suffixEnd;
    this.payloadStart = this.payloadEnd;
    this.payloadEnd += this.#payloadBytes;
    if (this.nextOffset > this.limit || this.payloadEnd > this.bytes.length)
      throw new RangeError("entry ends outside its block");
    return true;
  }

  /** Sequence of the current entry. */
  get sequence(): number {
    return readVarint(this.bytes, this.payloadStart);
  }

  /** The current entry's value is bytes[valueStart, payloadEnd). */
  get valueStart(): number {
    return skipVarint(this.bytes, this.payloadStart);
  }

  /** The current key. The entry before it must be the last one decoded; at a restart and behind `find` there is no such condition. */
  decodeKey(): Key {
    const bytes = this.bytes;
    const shared = this.#shared;
    const start = this.#suffixStart - shared;
    const length = this.#suffixEnd - start;
    if (length > this.#key.length) this.#growKey(length);
    const key = this.#key;
    for (let index = shared; index < length; index++) key[index] = byteAt(bytes, start + index);
    return readLatin1(key, 0, length);
  }

  /**
   * To the first entry with a key >= `target`; false when there is none, or, if `exact`, when it is another key. Looks at each
   * entry only where it may differ from the one before: `matched` characters are common to that one and the target.
   */
  find(target: Key, exact: boolean): boolean {
    const bytes = this.bytes;
    const interval = this.#findInterval(target);
    // A restart shares nothing by decree, whatever it has in common with the entry before.
    const nextRestart = this.intervalOffset(interval + 1);
    this.interval = interval;
    this.toRestart(interval);
    let matched = 0;
    for (;;) {
      if (this.nextOffset === nextRestart) matched = 0;
      if (!this.advance()) return false;
      const shared = this.#shared;
      // Sharing more than `matched`, the entry is less than the target at the same character as the one before.
      if (shared > matched) continue;
      // Sharing less, it leaves the one before, which is less than the target, upwards.
      if (shared < matched) return this.#found(target, !exact);
      const start = this.#suffixStart - shared;
      const length = this.#suffixEnd - start;
      const common = Math.min(length, target.length);
      while (matched < common && byteAt(bytes, start + matched) === target.charCodeAt(matched)) matched++;
      if (matched === target.length) return this.#found(target, !exact || length === matched);
      if (matched < length && byteAt(bytes, start + matched) > target.charCodeAt(matched))
        return this.#found(target, !exact);
    }
  }

  /** Gives `decodeKey` what it needs: the entry's shared prefix is also the target's. */
  #found(target: Key, answer: boolean): boolean {
    if (!answer || this.#shared === 0) return answer;
    if (this.#shared > this.#key.length) this.#growKey(this.#shared);
    for (let index = 0; index < this.#shared; index++) this.#key[index] = target.charCodeAt(index);
    return true;
  }

  /** The last restart whose key is less than `target`, else the first. */
  #findInterval(target: Key): number {
    let low = 1;
    let high = this.restartCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      this.#parse(this.intervalOffset(middle));
      if (compareKey(this.bytes, this.#suffixStart, this.#suffixEnd, target) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #parse(offset: number): void {
    const bytes = this.bytes;
    let position = offset + 3;
    let shared = byteAt(bytes, offset);
    let unshared = byteAt(bytes, offset + 1);
    let payload = byteAt(bytes, offset + 2);
    if ((shared | unshared | payload) >= 0x80) {
      shared = readVarint(bytes, offset);
      position = skipVarint(bytes, offset);
      unshared = readVarint(bytes, position);
      position = skipVarint(bytes, position);
      payload = readVarint(bytes, position);
      position = skipVarint(bytes, position);
    }
    this.#shared = shared;
    this.#suffixStart = position;
    this.#suffixEnd = position + unshared;
    this.#payloadBytes = Math.floor(payload / 2);
    this.tombstone = (payload & 1) !== 0;
  }

  #growKey(length: number): void {
    if (length > this.bytes.length) throw new RangeError("a key is longer than its block");
    const larger = new Uint8Array(Math.max(64, length * 2));
    larger.set(this.#key);
    this.#key = larger;
  }
}

/** Orders bytes[start, end) against a key: negative, zero or positive. */
export function compareKey(bytes: Uint8Array, start: number, end: number, key: Key): number {
  const length = Math.min(end - start, key.length);
  for (let index = 0; index < length; index++) {
    const difference = byteAt(bytes, start + index) - key.charCodeAt(index);
    if (difference !== 0) return difference;
  }
  return end - start - key.length;
}
