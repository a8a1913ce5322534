import assert from "node:assert/strict";
import {
  diskVfs,
  type LocalStore,
  openStore,
  type Page,
  type RangeRequest,
  type Write,
} from "../../storage/index.ts";
import { type EngineSubject, type SubjectOptions, touch } from "./subject.ts";

const PAGE_ROWS_MAX = 1000;
const PAGE_BYTES_MAX = 1 << 20;

type Bounds = Pick<RangeRequest, "ge" | "gt" | "le" | "lt">;

export interface WalnutOptions extends SubjectOptions {
  readonly space: string;
}

/** Walnut through its seam, set up as the server sets it up. */
export class WalnutSubject implements EngineSubject {
  readonly #store: LocalStore;
  readonly #space: string;
  touched = 0;

  constructor(store: LocalStore, space: string) {
    this.#store = store;
    this.#space = space;
  }

  static async open(options: WalnutOptions): Promise<WalnutSubject> {
    const { directory, synced, cacheBytes, writeBufferBytes, space } = options;
    const store = await openStore({
      vfs: diskVfs(directory),
      durability: { mode: synced ? "sync" : "off" },
      cacheBytesMax: cacheBytes,
      memtableBytesMax: writeBufferBytes,
      worker: true,
    });
    await store.createSpace(space);
    return new WalnutSubject(store, space);
  }

  async write(keys: readonly string[], values: readonly Uint8Array[]): Promise<void> {
    const space = this.#space;
    const writes: Write[] = keys.map((key, index) => ({ space, key, value: values[index] }));
    const outcome = await this.#store.transact({ reads: [] }, () => ({
      kind: "commit",
      writes,
      result: undefined,
    }));
    assert(outcome.kind === "committed", `a batch is committed, not ${outcome.kind}`);
  }

  async getEach(keys: readonly string[]): Promise<number> {
    let found = 0;
    for (const key of keys) {
      const value = await this.#store.get(this.#space, key);
      if (value === undefined) continue;
      found += 1;
      this.touched += touch(key, value);
    }
    return found;
  }

  async scan(from: string | undefined, rows: number, reverse: boolean): Promise<number> {
    const snapshot = await this.#store.snapshot([this.#space]);
    try {
      let count = 0;
      let bound: Bounds = from === undefined ? {} : reverse ? { le: from } : { ge: from };
      while (count < rows) {
        const page: Page = await snapshot.range({
          space: this.#space,
          ...bound,
          reverse,
          rowsMax: Math.min(PAGE_ROWS_MAX, rows - count),
          bytesMax: PAGE_BYTES_MAX,
          // A walk over everything, as the server does it for Scan.
          transient: from === undefined,
        });
        count += page.count;
        // As the server reads pages: values where they lie, without a view of each.
        for (let row = 0; row < page.count; row++) {
          const start = page.starts[row] ?? 0;
          const bytes = (page.ends[row] ?? 0) - start;
          this.touched += (page.keys[row]?.length ?? 0) + bytes + (page.chunks[row]?.[start] ?? 0);
        }
        page.release();
        const last = page.keys.at(-1);
        if (!page.more || last === undefined) break;
        bound = reverse ? { lt: last } : { gt: last };
      }
      return count;
    } finally {
      snapshot.close();
    }
  }

  /** Another space of the same store. */
  async besides(space: string): Promise<WalnutSubject> {
    await this.#store.createSpace(space);
    return new WalnutSubject(this.#store, space);
  }

  /** Drops this subject's space. */
  drop(): Promise<void> {
    return this.#store.dropSpace(this.#space);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  counters(): Readonly<Record<string, number>> {
    const entries = Object.entries(this.#store.counters());
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => typeof entry[1] === "number"),
    );
  }
}
