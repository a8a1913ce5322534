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
  #end: string | undefined;

  constructor(entries: readonly Entry[], reverse = false) {
    super(reverse);
    this.#entries = entries;
  }

  seek(bound?: string, end?: string): boolean {
    this.#end = end;
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
    this.valid = this.#end === undefined || key >= this.#end === this.reverse;
    if (!this.valid) return false;
    this.key = key;
    this.sequence = sequence;
    this.tombstone = value === undefined;
    this.bytes = value ?? new Uint8Array(0);
    this.start = 0;
    this.end = this.bytes.length;
    return true;
  }
}

/** Everything a cursor shows from `bound` on up to `end`, with values copied. */
export function drain(cursor: Cursor, bound?: string, end?: string): Entry[] {
  const entries: Entry[] = [];
  for (let valid = cursor.seek(bound, end); valid; valid = cursor.next()) {
    const value = cursor.tombstone ? undefined : cursor.bytes.slice(cursor.start, cursor.end);
    entries.push({ key: cursor.key, sequence: cursor.sequence, value });
  }
  return entries;
}

/** What a cursor over `entries` must show: the reference for every implementation. */
export function expectedEntries(
  entries: readonly Entry[],
  reverse: boolean,
  bound?: string,
  end?: string,
): Entry[] {
  const [lower, upper] = reverse ? [end, bound] : [bound, end];
  const inRange = entries.filter(
    ({ key }) => (lower === undefined || key >= lower) && (upper === undefined || key < upper),
  );
  return reverse ? inRange.reverse() : inRange;
}
