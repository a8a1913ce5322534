import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { manifestPath } from "../../../storage/manifest/format.ts";
import { readCurrent } from "../../../storage/manifest/reader.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { checkState, Workload } from "../crash/workload.ts";
import { fileOf, filesOf, type StoredFiles, vfsOf } from "./stored-files.ts";

/** How the store that left the files came to its end. attested: it was idle before it was killed. */
export type Ending = "killed" | "attested" | "closed";
export const endings: readonly Ending[] = ["killed", "attested", "closed"];

/** So small that a few commits make a file of every kind, and several of some. */
const options = {
  memtableBytesMax: 64 << 10,
  segmentBytesMax: 2 << 10,
  logLagBytesMax: 5 << 10,
  manifestBytesMin: 512,
  logFillBytes: 0,
  blockBytes: 256,
  // Which files a compaction has got to would be a matter of luck.
  compaction: false,
  // The log shall be whole; archives have tests of their own.
  archives: false,
};
const commits = 26;

/** A data directory of about 12 KiB: SSTables, sealed and open segments, a manifest that was rolled. */
export interface SmallStore {
  readonly files: StoredFiles;
  readonly ending: Ending;
  /** Commits that no single damage may lose. */
  readonly durable: number;
}

export async function smallStore(ending: Ending): Promise<SmallStore> {
  const vfs = memoryVfs();
  const workload = new Workload(vfs, options);
  await workload.open();
  await workload.setUp();
  await workload.commits(commits, 1);
  // Until flushes and the trimming of the log have come to rest.
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (ending === "attested") {
    workload.clock.advance(50);
    workload.clock.advance(50);
  }
  // Indexes of segments can be made again, whatever is in them; the manifest before the one in force is for repairs. They have tests of their own.
  const stored = () => {
    const spare = manifestPath((readCurrent(vfs) ?? 1) - 1);
    return new Map([...filesOf(vfs)].filter(([path]) => !path.endsWith(".idx") && path !== spare));
  };
  let files = stored();
  await workload.store.close();
  if (ending === "closed") files = stored();
  for (const kind of [/^wal\/.*3\.wal$/, /^sst\/.*\.sst$/, /^MANIFEST-/, /^CURRENT$/]) {
    assert(
      [...files.keys()].some((path) => kind.test(path)),
      `a small store has ${kind}`,
    );
  }
  return { files, ending, durable: ending === "killed" ? commits - 1 : commits };
}

/** refused: the store did not open, and left every file as it was. degraded: it opened, and a read failed. right: it shows a state that was. */
export type StoreOutcome = "refused" | "degraded" | "right";

function checkError(error: unknown): void {
  assert(error instanceof StorageError, `not a StorageError but ${error}`);
  const { kind, file, offset, message } = error;
  assert(/^(corruption|foreign)$/.test(kind), `an error of kind ${kind}: ${message}`);
  assert(file !== undefined && message.includes(file), `no file: ${message}`);
  assert(kind !== "corruption" || offset !== undefined, `no offset: ${message}`);
}

/** Opens a store on these files and reads all of it. Anything but the truth or a typed error that names a file throws. */
export async function outcomeOf(files: StoredFiles, durable: number): Promise<StoreOutcome> {
  const vfs = vfsOf(files);
  const workload = new Workload(vfs, options);
  try {
    await workload.open();
  } catch (error) {
    checkError(error);
    checkUntouched(vfs, files);
    return "refused";
  }
  try {
    await checkState(workload.store, durable, commits, true);
    return "right";
  } catch (error) {
    checkError(error);
    return "degraded";
  } finally {
    await workload.store.close();
  }
}

function checkUntouched(vfs: Vfs, before: StoredFiles): void {
  const after = filesOf(vfs);
  assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort(), "a refusal leaves all files");
  for (const [path, bytes] of after) {
    assert(Buffer.compare(bytes, fileOf(before, path)) === 0, `a refusal changed ${path}`);
  }
}
