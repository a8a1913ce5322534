/** Power cuts while the past is kept: archives are made and rewritten, checkpoints come and go, the budget bites. */
import { expect, test } from "bun:test";
import type { StoreOptions } from "../../../storage/index.ts";
import type { Survival } from "../../support/crash-files.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkFiles, checkRestored, checkState, keepHistory, Workload } from "../crash/workload.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
/** Images are taken before every so many calls. */
const stride = Number(process.env["STRIDE"] ?? 7);
const survivals: readonly Survival[] = ["durable", "everything", "random"];

const options: Omit<StoreOptions, "vfs"> = { historyCheckpointBytes: 2 << 10 };

interface Crash {
  readonly point: string;
  readonly image: CrashVfs;
  readonly acknowledged: number;
  readonly submitted: number;
  /** The commits from this one on can be restored; undefined: nothing is promised yet. */
  readonly firstKept: number | undefined;
}

/** Rolls, flushes, archives, checkpoints, and a restart. */
async function run(workload: Workload, kept: (first: number) => void): Promise<void> {
  await workload.open();
  await workload.setUp();
  await workload.commits(5, 1);
  await keepHistory(workload.store);
  kept(workload.acknowledged + 1);
  for (let round = 0; round < 4; round++) {
    await workload.commits(25, 1 + round);
    await workload.settle();
  }
  await workload.store.close();
  await workload.open();
  await workload.commits(30, 4);
  await workload.settle();
}

async function check(crash: Crash, times: ReadonlyMap<number, number>): Promise<void> {
  const { image, acknowledged, submitted, firstKept } = crash;
  const workload = new Workload(image, options);
  await workload.open();
  const n = await checkState(workload.store, acknowledged, submitted, firstKept !== undefined);
  checkFiles(image);
  if (firstKept !== undefined && n >= firstKept) {
    const middle = firstKept + Math.floor((n - firstKept) / 2);
    for (const k of new Set([firstKept, middle, n])) await checkRestored(workload.store, times, k, n);
    await checkState(workload.store, n, n, true);
  }
  await workload.store.close();
}

test("a power cut before any call loses nothing of the past", async () => {
  const vfs = new CrashVfs();
  const workload = new Workload(vfs, options);
  const random = seededRandom(seed);
  const crashes: Crash[] = [];
  let firstKept: number | undefined;
  vfs.beforeCall = (call, path) => {
    if (vfs.calls % stride !== seed % stride) return;
    for (const [i, survival] of survivals.entries()) {
      crashes.push({
        point: `seed ${seed}, before call ${vfs.calls} (${call} ${path}), image ${i} (${survival})`,
        image: vfs.image(survival, random),
        acknowledged: workload.acknowledged,
        submitted: workload.submitted,
        firstKept,
      });
    }
  };
  await run(workload, (first) => {
    firstKept = first;
  });
  vfs.beforeCall = undefined;
  const { archives } = workload.store.counters();
  expect(archives).toBeGreaterThan(0);
  console.log(`${vfs.calls} calls, ${crashes.length} images, ${archives} archives`);
  expect(crashes.length).toBeGreaterThan(200);
  for (const crash of crashes) {
    try {
      await check(crash, workload.times);
    } catch (error) {
      throw new Error(crash.point, { cause: error });
    }
  }
}, 120_000);
