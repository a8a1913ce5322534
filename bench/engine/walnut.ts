import assert from "node:assert/strict";
import {
  diskVfs,
  openStore,
  type Page,
  type RangeRequest,
  type Store,
  type Vfs,
  type Write,
} from "../../storage/index.ts";
import type { VfsFile } from "../../storage/vfs/vfs.ts";
import { type EngineSubject, type SubjectOptions, touch } from "./subject.ts";

const PAGE_ROWS_MAX = 1000;
const PAGE_BYTES_MAX = 1 << 20;

type Bounds = Pick<RangeRequest, "ge" | "gt" | "le" | "lt">;

export interface WalnutOptions extends SubjectOptions {
  readonly space: string;
}

/** Walnut through its seam, set up as the server sets it up. */
export class WalnutSubject implements EngineSubject {
  readonly #store: Store;
  readonly #space: string;
  readonly #written: Record<string, number>;
  touched = 0;

  constructor(store: Store, space: string, written: Record<string, number>) {
    this.#store = store;
    this.#space = space;
    this.#written = written;
  }

  static async open(options: WalnutOptions): Promise<WalnutSubject> {
    const { directory, synced, cacheBytes, writeBufferBytes, space } = options;
    const written: Record<string, number> = {};
    const store = await openStore({
      vfs: countingVfs(diskVfs(directory), written),
      durability: { mode: synced ? "sync" : "off" },
      cacheBytesMax: cacheBytes,
      memtableBytesMax: writeBufferBytes,
      worker: true,
    });
    await store.createSpace(space);
    return new WalnutSubject(store, space, written);
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
        });
        count += page.rows.length;
        for (const { key, value } of page.rows) this.touched += touch(key, value);
        const last = page.rows.at(-1);
        if (!page.more || last === undefined) break;
        bound = reverse ? { lt: last.key } : { gt: last.key };
      }
      return count;
    } finally {
      snapshot.close();
    }
  }

  /** Another space of the same store. */
  async besides(space: string): Promise<WalnutSubject> {
    await this.#store.createSpace(space);
    return new WalnutSubject(this.#store, space, this.#written);
  }

  /** Drops this subject's space. */
  drop(): Promise<void> {
    return this.#store.dropSpace(this.#space);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  written(): Readonly<Record<string, number>> {
    return { ...this.#written };
  }
}

/** Counts the bytes that this thread writes, by the directory of the file: the storage worker has a Vfs of its own. */
function countingVfs(vfs: Vfs, written: Record<string, number>): Vfs {
  const counting = (file: VfsFile): VfsFile => {
    const slash = file.path.indexOf("/");
    const cause = slash < 0 ? "manifest" : file.path.slice(0, slash);
    const write = file.write.bind(file);
    file.write = (from, position) => {
      written[cause] = (written[cause] ?? 0) + from.length;
      write(from, position);
    };
    return file;
  };
  return {
    root: vfs.root,
    create: (path) => counting(vfs.create(path)),
    open: (path, mode) => (mode === "write" ? counting(vfs.open(path, mode)) : vfs.open(path, mode)),
    exists: (path) => vfs.exists(path),
    list: (directory) => vfs.list(directory),
    makeDirectory: (path) => vfs.makeDirectory(path),
    rename: (from, to) => vfs.rename(from, to),
    link: (from, to) => vfs.link(from, to),
    unlink: (path) => vfs.unlink(path),
    syncDirectory: (directory) => vfs.syncDirectory(directory),
    lock: (path) => vfs.lock(path),
    freeBytes: () => vfs.freeBytes(),
  };
}
