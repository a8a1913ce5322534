import type { Key, Page, Row, Value } from "./store.ts";

/** Memory of a page that is used again once nobody needs the page. */
export interface Lent {
  giveBack(): void;
}

/** A page in the making: rows are added in order, then it is handed out and not changed any more. */
export class RowPage implements Page {
  readonly #lent: Lent | undefined;
  readonly keys: Key[] = [];
  readonly chunks: Uint8Array[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  more = false;
  /** Bytes of all values. */
  bytes = 0;
  #rows: readonly Row[] | undefined;

  constructor(lent?: Lent) {
    this.#lent = lent;
  }

  get count(): number {
    return this.keys.length;
  }

  get rows(): readonly Row[] {
    this.#rows ??= this.keys.map((key, index) => ({ key, value: this.value(index) }));
    return this.#rows;
  }

  value(index: number): Value {
    const chunk = this.chunks[index];
    if (chunk === undefined) throw new RangeError(`a page of ${this.count} rows has no row ${index}`);
    return chunk.subarray(this.starts[index], this.ends[index]);
  }

  release(): void {
    this.#lent?.giveBack();
  }

  /** The value is `chunk[start, end)`. */
  add(key: Key, chunk: Uint8Array, start: number, end: number): void {
    this.keys.push(key);
    this.chunks.push(chunk);
    this.starts.push(start);
    this.ends.push(end);
    this.bytes += end - start;
  }
}
