import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  diskVfs,
  memoryVfs,
  openStore,
  type Store,
  type StoreOptions,
  type Vfs,
} from "../../storage/index.ts";
import type { StoreFactory } from "./subject.ts";
import { storeSuite } from "./suite.ts";

/** Small enough that the suite's rows pass through memtables into SSTables and are read from both. */
const smallFiles = {
  memtableBytesMax: 32 << 10,
  segmentBytesMax: 16 << 10,
  blockBytes: 512,
  logFillBytes: 0,
};

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function directory(): Vfs {
  const path = mkdtempSync(join(tmpdir(), "walnut-store-"));
  directories.push(path);
  return diskVfs(path);
}

function engine(newVfs: () => Vfs, options: Omit<StoreOptions, "vfs">): StoreFactory {
  let vfs: Vfs | undefined;
  const open = (): Promise<Store> => {
    vfs = newVfs();
    return openStore({ ...options, vfs });
  };
  return {
    open,
    reopen: () => (vfs === undefined ? open() : openStore({ ...options, vfs })),
  };
}

storeSuite("the engine in memory", engine(memoryVfs, { durability: { mode: "off" } }));
storeSuite("the engine in memory, with small files", engine(memoryVfs, smallFiles));
storeSuite("the engine on disk", engine(directory, {}));
storeSuite("the engine on disk, never syncing", engine(directory, { durability: { mode: "off" } }));
storeSuite(
  "the engine on disk, with small files written by a Worker",
  engine(directory, { ...smallFiles, worker: true, durability: { mode: "interval", intervalMs: 5 } }),
);
