import { byteAt, readLatin1, readU32, readVarint, skipVarint } from "../encoding.ts";
import type { Key } from "../store.ts";

/**
 * Reads entries of a data block in place: nothing is decoded that is not asked for. One reader serves block after block; its fields
 * describe the current entry. The grammar is in format.ts. A block has passed its checksum; what would still be
 * malformed in it throws a RangeError, which the caller turns into a corruption error.
 */
export class BlockReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the entries end and the restart offsets begin. */
  #limit = 0;
  #restartCount = 0;
  /** Start of the current entry; and of the one behind it. */
  offset = 0;
  nextOffset = 0;
  /** The restart interval that the last `find` ended in. */
  #interval = 0;
  #shared = 0;
  #suffixStart = 0;
  #suffixEnd = 0;
  tombstone = false;
  /** The current key's bytes, as far as `decodeKey` has followed the entries. */
  #key = new Uint8Array(256);

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    const count = bytes.length >= 4 ? readU32(bytes, bytes.length - 4) : 0;
    if (count < 1 || count * 4 + 4 > bytes.length) throw new RangeError("block without restarts");
    this.#restartCount = count;
    this.#limit = bytes.length - 4 - count * 4;
  }

  /** The offset of the first entry behind the last. */
  get limit(): number {
    return this.#limit;
  }

  get restartCount(): number {
    return this.#restartCount;
  }

  get interval(): number {
    return this.#interval;
  }

  restart(index: number): number {
    return readU32(this.bytes, this.#limit + index * 4);
  }

  /** Parses the entry at `offset`, all but its sequence; `offset` < `limit`. */
  parse(offset: number): void {
    const bytes = this.bytes;
    let position = offset;
    let unshared = byteAt(bytes, position + 1);
    let payload = byteAt(bytes, position + 2);
    this.#shared = byteAt(bytes, position);
    if (this.#shared < 0x80 && unshared < 0x80 && payload < 0x80) {
      position += 3;
    } else {
      this.#shared = readVarint(bytes, position);
      position = skipVarint(bytes, position);
      unshared = readVarint(bytes, position);
      position = skipVarint(bytes, position);
      payload = readVarint(bytes, position);
      position = skipVarint(bytes, position);
    }
    this.offset = offset;
    this.#suffixStart = position;
    this.#suffixEnd = position + unshared;
    this.nextOffset = this.#suffixEnd + Math.floor(payload / 2);
    this.tombstone = (payload & 1) !== 0;
    if (this.nextOffset > this.#limit || this.nextOffset <= offset)
      throw new RangeError("entry ends outside its block");
  }

  /** Sequence of the current entry. */
  get sequence(): number {
    return readVarint(this.bytes, this.#suffixEnd);
  }

  /** The current entry's value is bytes[valueStart, nextOffset). */
  get valueStart(): number {
    return skipVarint(this.bytes, this.#suffixEnd);
  }

  /** The current key; the entry before it was the last one decoded, or it stands at a restart, or behind `find`. */
  decodeKey(): Key {
    const bytes = this.bytes;
    const start = this.#suffixStart;
    const shared = this.#shared;
    const length = shared + this.#suffixEnd - start;
    if (length > this.#key.length) this.#growKey(length);
    const key = this.#key;
    for (let index = shared; index < length; index++) key[index] = byteAt(bytes, start + index - shared);
    return readLatin1(key, 0, length);
  }

  /**
   * To the first entry with a key >= `target`; false when there is none, or, if `exact`, when it is another key. Compares each
   * entry only where it may differ from the one before: `matched` characters are known to be common to that one and the target.
   */
  find(target: Key, exact: boolean): boolean {
    const bytes = this.bytes;
    const interval = this.#findInterval(target);
    this.#interval = interval;
    let matched = 0;
    let offset = this.restart(interval);
    // The next restart shares nothing by decree, whatever it has in common with the entry before.
    const nextRestart = interval + 1 < this.#restartCount ? this.restart(interval + 1) : this.#limit;
    while (offset < this.#limit) {
      if (offset === nextRestart) matched = 0;
      this.parse(offset);
      const shared = this.#shared;
      if (shared <= matched) {
        // The entry leaves the one before (which is less than the target) at `shared`: upwards.
        if (shared < matched) return this.#found(target, !exact);
        const start = this.#suffixStart;
        const length = Math.min(shared + this.#suffixEnd - start, target.length);
        while (matched < length && byteAt(bytes, start + matched - shared) === target.charCodeAt(matched))
          matched++;
        const keyLength = shared + this.#suffixEnd - start;
        if (matched === target.length) return this.#found(target, !exact || keyLength === target.length);
        if (matched < keyLength && byteAt(bytes, start + matched - shared) > target.charCodeAt(matched))
          return this.#found(target, !exact);
      }
      offset = this.nextOffset;
    }
    return false;
  }

  /** The entry's shared prefix is the target's: what `decodeKey` needs. */
  #found(target: Key, answer: boolean): boolean {
    if (answer) {
      if (this.#shared > this.#key.length) this.#growKey(this.#shared);
      for (let index = 0; index < this.#shared; index++) this.#key[index] = target.charCodeAt(index);
    }
    return answer;
  }

  /** The last restart whose key is less than `target`, else the first. */
  #findInterval(target: Key): number {
    let low = 1;
    let high = this.#restartCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      this.parse(this.restart(middle));
      if (compareKey(this.bytes, this.#suffixStart, this.#suffixEnd, target) < 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #growKey(length: number): void {
    const larger = new Uint8Array(length * 2);
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
