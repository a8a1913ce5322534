import { doubleAt, keyHead, sharedPrefix, textAt } from "../encoding.ts";
import type { Key } from "../store.ts";

/** Below this many elements a loop shifts faster than the call into the engine. */
const shortShift = 16;

/**
 * Keys in ascending order, each once. Beside each lies its head: six bytes behind the prefix that all keys of the list share, as a number that
 * orders as they do. Most comparisons end there, without a look at the string; rows of one partition differ only behind a long prefix.
 */
export class KeyList {
  readonly keys: Key[] = [];
  #heads: Float64Array;
  /** Characters that all keys share: as many as the first and the last do, or fewer. */
  #shared = 0;

  constructor(capacity: number) {
    this.#heads = new Float64Array(capacity);
  }

  get length(): number {
    return this.keys.length;
  }

  /** The index of the first key >= `key`. */
  lowerBound(key: Key): number {
    return this.#search(key, false);
  }

  /** The index of the first key > `key`. */
  upperBound(key: Key): number {
    return this.#search(key, true);
  }

  /** Puts a key that is not there yet into its place. */
  insert(index: number, key: Key): void {
    const { keys } = this;
    const count = keys.length;
    if (count === this.#heads.length) this.#grow();
    const heads = this.#heads;
    if (count === 0) this.#shared = key.length;
    // A key between two others begins with what those share.
    else if (index === 0 || index === count) this.#shareWith(key);
    keys.push(key);
    for (let place = count; place > index; place--) keys[place] = textAt(keys, place - 1);
    if (count - index > shortShift) heads.copyWithin(index + 1, index, count);
    else for (let place = count; place > index; place--) heads[place] = doubleAt(heads, place - 1);
    keys[index] = key;
    heads[index] = keyHead(key, this.#shared);
  }

  /** Moves the keys from `index` on to the end of `other`, which is empty. */
  moveTail(index: number, other: KeyList): void {
    for (let place = index; place < this.keys.length; place++) other.keys.push(textAt(this.keys, place));
    other.#heads.set(this.#heads.subarray(index, this.keys.length));
    other.#shared = this.#shared;
    other.#findShared();
    this.keys.length = index;
    this.#findShared();
  }

  /** Keeps the keys that `keep` accepts. */
  retain(keep: (index: number, key: Key) => boolean): void {
    let count = 0;
    for (let index = 0; index < this.keys.length; index++) {
      const key = textAt(this.keys, index);
      if (!keep(index, key)) continue;
      this.#heads[count] = doubleAt(this.#heads, index);
      this.keys[count++] = key;
    }
    this.keys.length = count;
    this.#findShared();
  }

  #search(key: Key, beyondEqual: boolean): number {
    const { keys } = this;
    const heads = this.#heads;
    const shared = this.#shared;
    let low = 0;
    let high = keys.length;
    if (high === 0) return 0;
    const first = textAt(keys, 0);
    for (let place = 0; place < shared; place++)
      if (key.charCodeAt(place) !== first.charCodeAt(place)) return key < first ? 0 : high;
    const head = keyHead(key, shared);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = doubleAt(heads, middle);
      const isBefore =
        other === head
          ? beyondEqual
            ? textAt(keys, middle) <= key
            : textAt(keys, middle) < key
          : other < head;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room in the shared prefix for a key that shares less of it. */
  #shareWith(key: Key): void {
    this.#takeHeads(sharedPrefix(key, textAt(this.keys, 0), this.#shared));
  }

  #findShared(): void {
    const { keys } = this;
    const last = keys.length - 1;
    if (last < 0) return;
    this.#takeHeads(sharedPrefix(textAt(keys, 0), textAt(keys, last)));
  }

  #takeHeads(shared: number): void {
    if (shared === this.#shared) return;
    this.#shared = shared;
    for (let index = 0; index < this.keys.length; index++)
      this.#heads[index] = keyHead(textAt(this.keys, index), shared);
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(16, this.keys.length * 2));
    larger.set(this.#heads);
    this.#heads = larger;
  }
}
