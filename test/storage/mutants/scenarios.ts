/** Runs that between them take every durability step of the store, and what an image of the disk must show at each of their points. */
import assert from "node:assert/strict";
import {
  type CheckpointInfo,
  type Durability,
  type LocalStore,
  openStore,
  type StoreOptions,
} from "../../../storage/index.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { contents, put } from "../../store/subject.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { checkFiles, checkState, Workload } from "../crash/workload.ts";
import { checkTables } from "../engine/crash-images.ts";

/** A run under way. */
export interface Run {
  /** Does all of it. */
  readonly script: (vfs: Vfs) => Promise<void>;
  /** A check of images of this moment: throws when the image breaks a promise that was given by now. */
  readonly checkNow: () => (image: CrashVfs) => Promise<void>;
}

export interface Scenario {
  /** The disk that the run begins with. */
  readonly disk: () => Promise<CrashVfs>;
  readonly start: () => Run;
}

export type ScenarioName =
  | "commits"
  | "recovery"
  | "commits without syncs"
  | "commits with a sync now and then"
  | "files"
  | "files without syncs";

const emptyDisk = async () => new CrashVfs();

/** Commits, flushes, compactions, rolls of log and manifest, a stop, a start. */
async function manyCommits(workload: Workload): Promise<void> {
  await workload.open();
  await workload.setUp();
  await workload.commits(24, 1);
  await workload.commits(48, 4);
  await workload.settle();
  await workload.commits(12, 2);
  await workload.settle();
  await workload.store.close();
  await workload.open();
  await workload.commits(4, 1);
}

/** What a run of commits has promised: the state after one from the first to the second of these numbers. */
interface Window {
  readonly acknowledged: number;
  readonly submitted: number;
  readonly isSetUp: boolean;
}

/** A run of the numbered commits of the crash tests. `durable`: what a power cut may not take away. */
function ofCommits(
  options: Omit<StoreOptions, "vfs">,
  script: (workload: Workload) => Promise<void>,
  first: Window = { acknowledged: 0, submitted: 0, isSetUp: false },
  durable: (workload: Window) => number = ({ acknowledged }) => acknowledged,
): Run {
  let workload: Workload | undefined;
  return {
    script: async (vfs) => {
      workload = new Workload(vfs, options);
      if (first.isSetUp) workload.continueFrom(first.submitted, "");
      await script(workload);
    },
    checkNow: () => {
      const { submitted, isSetUp } = workload ?? first;
      const least = durable(workload ?? first);
      return async (image) => {
        const again = new Workload(image, options);
        await again.open();
        const n = await checkState(again.store, least, submitted, isSetUp);
        checkFiles(image);
        await again.store.close();
        await again.open();
        assert.equal(await checkState(again.store, n, n, isSetUp), n);
        await again.store.close();
      };
    },
  };
}

const manyUnsynced = (): Run => ofCommits({ durability: { mode: "off" } }, manyCommits, undefined, () => 0);

/** Syncs come by the clock; what had time for one is durable. */
function ofIntervals(): Run {
  let synced = 0;
  const durability = { mode: "interval", intervalMs: 50 } as const;
  const script = async (workload: Workload) => {
    await workload.open();
    await workload.setUp();
    for (let round = 0; round < 4; round += 1) {
      await workload.commits(5, 1);
      const { acknowledged } = workload;
      workload.clock.advance(60);
      await new Promise((resolve) => setTimeout(resolve, 5));
      synced = acknowledged;
    }
  };
  return ofCommits({ durability }, script, undefined, () => synced);
}

const killedCommits = 20;

/** A disk after a kill: everything written is there, and nothing was closed. */
async function killedDisk(): Promise<CrashVfs> {
  const disk = new CrashVfs();
  const workload = new Workload(disk);
  await workload.open();
  await workload.setUp();
  await workload.commits(killedCommits, 1);
  return disk.image("everything", Math.random);
}

/** A start after a kill, and some commits. */
function ofRecovery(): Run {
  const killed = { acknowledged: killedCommits, submitted: killedCommits, isSetUp: true };
  const script = async (workload: Workload) => {
    await workload.open();
    await workload.commits(6, 1);
  };
  return ofCommits({}, script, killed);
}

const source = "00000000-0000-4000-8000-00000000000a";
const copy = "00000000-0000-4000-8000-0000000000aa";
const loaded = "00000000-0000-4000-8000-0000000000cc";
const small: Omit<StoreOptions, "vfs"> = {
  blockBytes: 256,
  tableBytes: 2 << 10,
  memtableBytesMax: 64 << 10,
  segmentBytesMax: 4 << 10,
  logFillBytes: 0,
  manifestBytesMin: 1 << 10,
};

const keyOf = (n: number) => `row-${String(n).padStart(3, "0")}`;
const rowsOf = (count: number, what: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [keyOf(n), `${what} ${n} `.repeat(12)]));
const before = rowsOf(30, "before");
const load = rowsOf(40, "loaded");
/** Of the commit before the removals. */
const LAST_WORD = "before the removals";

/** What has been promised so far: each step that takes something away is asked for, and then done. */
interface Promised {
  rows: boolean;
  checkpoint: CheckpointInfo | undefined;
  restored: boolean;
  loaded: boolean;
  release: "asked" | "done" | undefined;
  drop: "asked" | "done" | undefined;
}

/** Files that come and go past the log: a checkpoint, a restore of it, a bulk load, the end of a space, log segments nobody needs. */
function ofFiles(durability: Durability): Run {
  const promised: Promised = {
    rows: false,
    checkpoint: undefined,
    restored: false,
    loaded: false,
    release: undefined,
    drop: undefined,
  };
  const open = (vfs: Vfs) => openStore({ ...small, vfs, durability, clock: new ManualClock() });
  return {
    script: async (vfs) => {
      const store = await open(vfs);
      await store.createSpace(source);
      await put(store, source, before);
      promised.rows = true;
      promised.checkpoint = await store.checkpoint([source]);
      await put(store, source, { [keyOf(1)]: "after" });
      await store.restore(promised.checkpoint, new Map([[source, copy]]));
      promised.restored = true;
      await store.createSpace(loaded);
      await put(store, source, { [keyOf(2)]: "before the load" });
      const rows = Object.entries(load).map(([key, value]) => ({
        key,
        value: new TextEncoder().encode(value),
      }));
      await store.bulkLoad(loaded, rows, { rows: rows.length, bytes: 1 });
      promised.loaded = true;
      await churn(store);
      await put(store, source, { [keyOf(4)]: LAST_WORD });
      promised.release = "asked";
      await store.releaseCheckpoint(promised.checkpoint.id);
      promised.release = "done";
      promised.drop = "asked";
      await store.dropSpace(copy);
      promised.drop = "done";
      await put(store, source, { [keyOf(3)]: "the end" });
      await store.close();
    },
    checkNow: () => {
      const now = { ...promised };
      return async (image) => {
        const store = await open(image);
        checkTables(image);
        await checkContents(store, now, durability.mode === "sync");
        await store.close();
      };
    },
  };
}

/** Writes until memtables have been flushed and the log has been trimmed. */
async function churn(store: LocalStore): Promise<void> {
  const { flushes } = store.counters();
  for (let n = 0; store.counters().flushes < flushes + 2 && n < 500; n += 1) {
    await put(store, source, { [`churn-${n % 20}`]: `${n} `.repeat(300) });
  }
}

async function checkContents(store: LocalStore, promised: Promised, isSynced: boolean): Promise<void> {
  const spaces = store.spaces();
  const [checkpoint] = store.checkpoints();
  if (promised.rows && isSynced) assert.deepEqual(await rowsBefore(store, source), before, "rows are lost");
  if (promised.checkpoint !== undefined && promised.release === undefined) {
    assert.deepEqual(checkpoint, promised.checkpoint, "the checkpoint is lost");
  }
  if (promised.release === "done") assert.equal(checkpoint, undefined, "the checkpoint is back");
  if (promised.release !== undefined && checkpoint === undefined) {
    const word = Buffer.from((await store.get(source, keyOf(4))) ?? []).toString();
    assert.equal(word, LAST_WORD, "a removal without what came before it");
  }
  if (promised.restored && promised.drop === undefined)
    assert(spaces.includes(copy), "the restored space is lost");
  if (spaces.includes(copy)) assert.deepEqual(await contents(store, copy), before, "restored rows");
  if (promised.drop === "done") assert(!spaces.includes(copy), "the dropped space is back");
  if (promised.loaded) assert.deepEqual(await contents(store, loaded), load, "loaded rows are lost");
  const hasLoad = spaces.includes(loaded) && Object.keys(await contents(store, loaded)).length > 0;
  if (hasLoad) assert.deepEqual(await contents(store, loaded), load, "half of a load");
  // What came before it must be there, whatever the mode.
  if (hasLoad) assert(await store.get(source, keyOf(2)), "a load without what came before it");
  if (checkpoint !== undefined) {
    assert.deepEqual(await rowsBefore(store, source), before, "a checkpoint without what came before it");
    const target = crypto.randomUUID();
    await store.restore(checkpoint, new Map([[source, target]]));
    assert.deepEqual(await contents(store, target), before, "rows of the checkpoint");
    await store.dropSpace(target);
  }
}

/** The rows of a space, those that were changed later as they were before. */
async function rowsBefore(store: LocalStore, space: string): Promise<Record<string, string | undefined>> {
  const rows = await contents(store, space);
  const changed = [1, 2, 3, 4].map(keyOf).filter((key) => key in rows);
  const kept = Object.entries(rows).filter(([key]) => !key.startsWith("churn-"));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(changed.map((key) => [key, before[key]])) };
}

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  commits: { disk: emptyDisk, start: () => ofCommits({}, manyCommits) },
  recovery: { disk: killedDisk, start: ofRecovery },
  "commits without syncs": { disk: emptyDisk, start: manyUnsynced },
  "commits with a sync now and then": { disk: emptyDisk, start: ofIntervals },
  files: { disk: emptyDisk, start: () => ofFiles({ mode: "sync" }) },
  "files without syncs": { disk: emptyDisk, start: () => ofFiles({ mode: "off" }) },
};
