import { expect, test } from "bun:test";
import type { StoreOptions } from "../../../storage/index.ts";
import type { Survival } from "../../support/crash-files.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkFiles, checkState, Workload } from "./workload.ts";

/** What a power cut before one call to the file system leaves, and what the store had promised by then. */
interface Crash {
  readonly point: string;
  readonly image: CrashVfs;
  readonly acknowledged: number;
  readonly submitted: number;
  readonly isSetUp: boolean;
  /** No position up to this one may be used again. */
  readonly lastPosition: string;
}

type Options = Omit<StoreOptions, "vfs">;

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const survivals: readonly Survival[] = ["durable", "everything", "random", "random"];

/** Runs `script` and takes images before every `stride`-th mutating call. */
async function crashesOf(
  vfs: CrashVfs,
  workload: Workload,
  stride: number,
  script: () => Promise<void>,
): Promise<Crash[]> {
  const random = seededRandom(seed);
  const crashes: Crash[] = [];
  vfs.beforeCall = (call, path) => {
    if (vfs.calls % stride !== 0) return;
    for (const [i, survival] of survivals.entries()) {
      crashes.push({
        point: `seed ${seed}, before call ${vfs.calls} (${call} ${path}), image ${i} (${survival})`,
        image: vfs.image(survival, random),
        acknowledged: workload.acknowledged,
        submitted: workload.submitted,
        isSetUp: workload.isSetUp,
        lastPosition: workload.lastPosition,
      });
    }
  };
  await script();
  vfs.beforeCall = undefined;
  return crashes;
}

/** Opens a crash image, checks it, goes on writing, closes it, and checks that a second start changes nothing. */
async function checkCrash(crash: Crash, options: Options): Promise<void> {
  const { image, acknowledged, submitted, isSetUp } = crash;
  const workload = new Workload(image, options);
  await workload.open();
  const isSynced = options.durability === undefined;
  const n = await checkState(workload.store, isSynced ? acknowledged : 0, submitted, isSetUp);
  checkFiles(image);
  await workload.store.close();
  await workload.open();
  expect(await checkState(workload.store, n, n, isSetUp)).toBe(n);
  if (isSetUp) {
    workload.continueFrom(n, crash.lastPosition);
    await workload.commits(2, 2);
    await checkState(workload.store, n + 2, n + 2, true);
  }
  await workload.store.close();
}

async function checkAll(crashes: readonly Crash[], options: Options = {}): Promise<void> {
  for (const crash of crashes) {
    try {
      await checkCrash(crash, options);
    } catch (error) {
      throw new Error(crash.point, { cause: error });
    }
  }
}

/** A run that does a bit of everything: flushes, compactions, rolls of log and manifest, spaces made and dropped, a restart. */
async function fullRun(workload: Workload): Promise<void> {
  await workload.open();
  await workload.setUp();
  await workload.commits(30, 1);
  workload.clock.advance(100);
  const scratch = crypto.randomUUID();
  await workload.store.createSpace(scratch);
  await workload.store.transact({ reads: [] }, () => ({
    kind: "commit",
    writes: [{ space: scratch, key: "a", value: new Uint8Array(9_000) }],
    result: undefined,
  }));
  await workload.commits(40, 5);
  await workload.settle();
  await workload.store.dropSpace(scratch);
  await workload.commits(40, 3);
  await workload.settle();
  const { merges, moves } = workload.store.counters();
  expect(merges).toBeGreaterThan(1);
  expect(moves).toBeGreaterThan(0);
  await workload.store.close();
  await workload.open();
  await workload.commits(40, 4);
}

test("a power cut before any call of a run loses nothing acknowledged", async () => {
  const vfs = new CrashVfs();
  const workload = new Workload(vfs);
  const crashes = await crashesOf(vfs, workload, 1, () => fullRun(workload));
  console.log(`${vfs.calls} calls, ${crashes.length} images`);
  expect(crashes.length).toBeGreaterThan(1_500);
  await checkAll(crashes);
}, 240_000);

test("a power cut before any call of a recovery loses nothing either", async () => {
  const vfs = new CrashVfs();
  const first = new Workload(vfs);
  const crashes = await crashesOf(vfs, first, 41, () => fullRun(first));
  const again: Crash[] = [];
  for (const crash of crashes) {
    const { point, ...promised } = crash;
    const workload = new Workload(crash.image);
    const found = await crashesOf(crash.image, workload, 1, async () => {
      await workload.open();
      await workload.store.close();
    });
    for (const { image, point: inner } of found) {
      again.push({ ...promised, image, point: `${point}; ${inner}` });
    }
  }
  console.log(`${crashes.length} recoveries, ${again.length} images`);
  expect(again.length).toBeGreaterThan(1_000);
  const stride = 10;
  await checkAll(again.filter((_, i) => i % stride === seed % stride));
}, 240_000);

for (const durability of [{ mode: "off" }, { mode: "interval", intervalMs: 7 }] as const) {
  test(`with durability ${durability.mode}, a power cut leaves a state that was, and no position is used twice`, async () => {
    const vfs = new CrashVfs();
    const workload = new Workload(vfs, { durability });
    const crashes = await crashesOf(vfs, workload, 6, () => fullRun(workload));
    console.log(`${vfs.calls} calls, ${crashes.length} images`);
    expect(crashes.length).toBeGreaterThan(300);
    await checkAll(crashes, { durability });
  }, 240_000);
}
