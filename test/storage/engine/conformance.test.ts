import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskVfs, memoryVfs, openStore, type StoreOptions, type Vfs } from "../../../storage/index.ts";
import type { StoreFactory } from "../../store/subject.ts";
import { storeSuite } from "../../store/suite.ts";

const scratch = mkdtempSync(join(tmpdir(), "walnut-conformance-"));
afterAll(() => rmSync(scratch, { recursive: true }));
let directories = 0;

function factory(newVfs: () => Vfs, options: Omit<StoreOptions, "vfs"> = {}): StoreFactory {
  let vfs = newVfs();
  return {
    open: () => {
      vfs = newVfs();
      return openStore({ ...options, vfs });
    },
    reopen: () => openStore({ ...options, vfs }),
    missing: { bulkLoad: "not written yet", checkpoint: "not written yet" },
  };
}

const disk = () => diskVfs(join(scratch, String(directories++)));

storeSuite("the engine in memory", factory(memoryVfs));
storeSuite(
  "the engine in memory, flushing all the time",
  factory(memoryVfs, {
    memtableBytesMax: 16 << 10,
    blockBytes: 256,
    segmentBytesMax: 8 << 10,
    logFillBytes: 0,
  }),
);
storeSuite("the engine on disk", factory(disk));
storeSuite(
  "the engine on disk, flushing in a Worker",
  factory(disk, { worker: true, memtableBytesMax: 64 << 10, segmentBytesMax: 32 << 10 }),
);
storeSuite("the engine on disk, durability off", factory(disk, { durability: { mode: "off" } }));
