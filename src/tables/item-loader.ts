import type { Key, Row, Store } from "../../storage/index.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import type { Item } from "../values/attribute-value.ts";
import { encodeRow, rowItemSize } from "../values/item-codec.ts";
import { merged } from "./sorted-runs.ts";
import type { Table } from "./table.ts";

/** What is gathered is loaded when it takes this much. */
const GATHERED_BYTES_MAX = 8 << 20;
const GATHERED_ROWS_MAX = 32_768;
/** Rows that are sorted, or looked up, at a stretch. */
const RUN_ROWS = 512;

/** Puts items into the space of a table that nobody else writes to, past the log, with exact counts. Of several with one key the last one stays. */
export class ItemLoader {
  readonly #store: Store;
  readonly #table: Table;
  #gathered = new Map<Key, Uint8Array>();
  #bytes = 0;
  #hasLoaded = false;

  constructor(store: Store, table: Table) {
    this.#store = store;
    this.#table = table;
  }

  /** Whether it is time for `load`. */
  get isFull(): boolean {
    return this.#bytes >= GATHERED_BYTES_MAX || this.#gathered.size >= GATHERED_ROWS_MAX;
  }

  /** Adds a normalised item of `size` bytes that fits the table. */
  add(item: Item, size: number): void {
    const key = this.#table.rowKeyOf(item);
    const row = encodeRow(item, size);
    this.#bytes += row.length + key.length;
    this.#gathered.set(key, row);
  }

  /** Loads what has been added since the last time. */
  async load(): Promise<void> {
    if (this.#gathered.size === 0) return;
    const { space } = this.#table;
    const runs = await sortedRuns(this.#gathered);
    let rows = this.#gathered.size;
    let bytes = 0;
    for (const row of this.#gathered.values()) bytes += rowItemSize(row);
    if (this.#hasLoaded) {
      const replaced = await this.#countsOf(runs);
      rows -= replaced.rows;
      bytes -= replaced.bytes;
    }
    await this.#store.bulkLoad(space, merged(runs), { rows, bytes });
    this.#gathered = new Map();
    this.#bytes = 0;
    this.#hasLoaded = true;
  }

  /** Counts of what earlier loads have put under the same keys. */
  async #countsOf(runs: readonly (readonly Row[])[]): Promise<{ rows: number; bytes: number }> {
    const { space } = this.#table;
    const counts = { rows: 0, bytes: 0 };
    const snapshot = await this.#store.snapshot([space]);
    try {
      for (const run of runs) {
        for (const value of await snapshot.getMany(run.map(({ key }) => ({ space, key })))) {
          if (value === undefined) continue;
          counts.rows += 1;
          counts.bytes += rowItemSize(value);
        }
      }
    } finally {
      snapshot.close();
    }
    return counts;
  }
}

async function sortedRuns(gathered: ReadonlyMap<Key, Uint8Array>): Promise<Row[][]> {
  const slice = new TimeSlice();
  const runs: Row[][] = [];
  let run: Row[] = [];
  const end = () => {
    runs.push(run.sort((a, b) => (a.key < b.key ? -1 : 1)));
    run = [];
  };
  for (const [key, value] of gathered) {
    if (run.push({ key, value }) < RUN_ROWS) continue;
    end();
    if (slice.isOver) await slice.next();
  }
  end();
  return runs;
}
