import { at } from "../../../storage/encoding.ts";
import { Cursor } from "../../../storage/iterator.ts";

export interface Entry {
  readonly key: string;
  readonly sequence: number;
  readonly value: Uint8Array | undefined;
}

/** The cursor contract over an array in ascending key order: the plainest possible source. */
export class ArrayCursor extends Cursor {
  readonly #entries: readonly Entry[];
  #index = -1;

  constructor(entries: readonly Entry[], reverse = false) {
    super(reverse);
    this.#entries = entries;
  }

  seek(bound?: string): boolean {
    const from = bound === undefined ? -1 : this.#entries.findIndex((entry) => entry.key >= bound);
    if (bound === undefined) this.#index = this.reverse ? this.#entries.length - 1 : 0;
    else if (from < 0) this.#index = this.reverse ? this.#entries.length - 1 : this.#entries.length;
    else this.#index = this.reverse ? from - 1 : from;
    return this.#show();
  }

  next(): boolean {
    this.#index += this.reverse ? -1 : 1;
    return this.#show();
  }

  #show(): boolean {
    this.valid = this.#index >= 0 && this.#index < this.#entries.length;
    if (!this.valid) return false;
    const { key, sequence, value } = at(this.#entries, this.#index);
    this.key = key;
    this.sequence = sequence;
    this.tombstone = value === undefined;
    this.bytes = value ?? new Uint8Array(0);
    this.start = 0;
    this.end = this.bytes.length;
    return true;
  }
}

/** Everything a cursor shows from `bound` on, with values copied. */
export function drain(cursor: Cursor, bound?: string): Entry[] {
  const entries: Entry[] = [];
  for (let valid = cursor.seek(bound); valid; valid = cursor.next()) {
    const value = cursor.tombstone ? undefined : cursor.bytes.slice(cursor.start, cursor.end);
    entries.push({ key: cursor.key, sequence: cursor.sequence, value });
  }
  return entries;
}

/** What a cursor over `entries` must show: the reference for every implementation. */
export function expectedEntries(entries: readonly Entry[], reverse: boolean, bound?: string): Entry[] {
  if (!reverse) return entries.filter((entry) => bound === undefined || entry.key >= bound);
  return entries.filter((entry) => bound === undefined || entry.key < bound).reverse();
}
