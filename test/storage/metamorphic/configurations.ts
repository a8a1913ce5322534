import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskVfs, memoryVfs, openStore, type Store, type StoreOptions } from "../../../storage/index.ts";
import { doubleStore } from "../../support/double-store.ts";

/** A place where a store lives: opened as often as one likes, then removed. */
export interface Home {
  open(): Promise<Store>;
  remove(): void;
}

/** A way to build and run a store, none of which may show in its answers. */
export interface Configuration {
  readonly name: string;
  /** Transactions asked for together are decided in any order: they are asked for one after the other. */
  readonly isUnordered?: boolean;
  home(): Home;
}

type Options = Omit<StoreOptions, "vfs">;

/** Sizes so small that every structure is in play after a few commits. */
const tiny: Options = {
  memtableBytesMax: 40 << 10,
  blockBytes: 256,
  segmentBytesMax: 4 << 10,
  cacheBytesMax: 4 << 10,
  logFillBytes: 1 << 10,
  manifestBytesMin: 512,
  level0Files: 2,
  tableBytes: 3 << 10,
  levelBytesMin: 4 << 10,
  levelFanOut: 2,
};

function inMemory(name: string, options: Options): Configuration {
  return {
    name,
    home() {
      const vfs = memoryVfs();
      return { open: () => openStore({ ...options, vfs }), remove: () => {} };
    },
  };
}

function onDisk(name: string, options: Options): Configuration {
  return {
    name,
    home() {
      const directory = mkdtempSync(join(tmpdir(), "walnut-metamorphic-"));
      return {
        open: () => openStore({ ...options, vfs: diskVfs(directory) }),
        remove: () => rmSync(directory, { recursive: true }),
      };
    },
  };
}

/** The double of test/support keeps nothing over restarts: it is closed at the end only. */
function double(name: string, open: () => Store, isUnordered: boolean): Configuration {
  return {
    name,
    isUnordered,
    home() {
      const store = open();
      return { open: () => Promise.resolve(store), remove: () => void store.close() };
    },
  };
}

/** The plainest store there is: what it answers is right. */
export const reference = double("the reference", () => doubleStore(), false);

export const configurations: readonly Configuration[] = [
  double(
    "the double with delays and conflicts",
    () => doubleStore({ delays: true, conflictRate: 0.1 }),
    true,
  ),
  inMemory("in memory, as shipped", {}),
  inMemory("in memory, tiny", tiny),
  inMemory("in memory, tiny, not compacted, no cache", { ...tiny, compaction: false, cacheBytesMax: 0 }),
  inMemory("in memory, tiny blocks and memtables, large cache and segments", {
    ...tiny,
    blockBytes: 64,
    cacheBytesMax: 64 << 20,
    segmentBytesMax: 64 << 20,
  }),
  inMemory("in memory, answers before the sync", { ...tiny, durability: { mode: "off" }, logFillBytes: 0 }),
  inMemory("in memory, synced every 3 ms, the log never far behind", {
    ...tiny,
    durability: { mode: "interval", intervalMs: 3 },
    logLagBytesMax: 8 << 10,
  }),
  onDisk("on disk, as shipped", { worker: true }),
  onDisk("on disk, tiny, in this thread", { ...tiny, worker: false }),
  onDisk("on disk, tiny, in a Worker, without cache", { ...tiny, worker: true, cacheBytesMax: 0 }),
  onDisk("on disk, tiny, in a Worker, answers before the sync", {
    ...tiny,
    worker: true,
    durability: { mode: "off" },
    segmentBytesMax: 1 << 10,
  }),
];
