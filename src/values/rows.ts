/**
 * Rows (see item-codec) in columns: row i is `chunks[i]` from `starts[i]` to `ends[i]`. An object and a view for each row of a page would cost
 * more than copying the row.
 */
export interface Rows {
  readonly count: number;
  readonly chunks: readonly Uint8Array[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** Rows that are gathered one by one. */
export class RowList implements Rows {
  readonly chunks: Uint8Array[] = [];
  readonly starts: number[] = [];
  readonly ends: number[] = [];

  get count(): number {
    return this.chunks.length;
  }

  add(chunk: Uint8Array, start: number, end: number): void {
    this.chunks.push(chunk);
    this.starts.push(start);
    this.ends.push(end);
  }
}
