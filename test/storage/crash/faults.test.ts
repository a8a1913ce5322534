import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/index.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { type Fault, FaultyVfs } from "../../support/faulty-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkState, Workload } from "./workload.ts";

/** Every so many calls one fails, another set in each run; with STRIDE=1, every call does. */
const strides = { io: 5, "no-space": 7, short: 11 } as const;

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const hangMs = 10_000;
/** Every call takes its time. */
const testMsMax = process.env["STRIDE"] === undefined ? 240_000 : 60 * 60_000;
/** So small that a few commits flush, and roll the log and the manifest. */
const tinyOptions = { memtableBytesMax: 32 << 10, segmentBytesMax: 2 << 10, manifestBytesMin: 512 };

interface FaultRun {
  readonly disk: CrashVfs;
  readonly workload: Workload;
  readonly vfs: FaultyVfs;
  /** Faults that were met. */
  fired: number;
  /** No more faults: space has returned. */
  healed: boolean;
}

function newRun(fault: Fault, index: number, sticky: boolean): FaultRun {
  const disk = new CrashVfs();
  const run: FaultRun = {
    disk,
    fired: 0,
    healed: false,
    vfs: new FaultyVfs(disk, (call) => {
      const hits = sticky ? call.index >= index : call.index === index;
      // Space is taken by writing, not by looking or by removing.
      const takesSpace = /^(create|write|datasync|makeDirectory|rename|syncDirectory)$/.test(call.call);
      if (!hits || run.healed || (fault !== "io" && !takesSpace)) return undefined;
      run.fired += 1;
      return fault;
    }),
    workload: undefined as never,
  };
  return Object.assign(run, { workload: new Workload(run.vfs, tinyOptions) });
}

/** A failure of the disk must reach callers as a StorageError: anything else is a bug of ours. */
async function tolerate(step: () => Promise<void>): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.kind !== "usage") return false;
    throw error;
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Commits `n`, waiting out a full disk. False: the store has failed. */
async function persist(run: FaultRun, n: number): Promise<boolean> {
  const { workload } = run;
  for (let attempt = 0; attempt < 8; attempt++) {
    let outcome: Awaited<ReturnType<Workload["commit"]>> | undefined;
    const isAnswered = await tolerate(async () => {
      outcome = await workload.ticking(workload.commit(n));
    });
    // A row could not be read. That may be over at the next attempt.
    if (!isAnswered || outcome === undefined) continue;
    if (outcome.kind === "committed") return true;
    if (workload.store.health().state === "failed") {
      assert((await workload.store.failed) instanceof Error, "the host is told");
      return false;
    }
    assert.equal(outcome.kind, "unavailable");
    // Reads go on.
    const { acknowledged, submitted } = workload;
    await tolerate(async () => void (await checkState(workload.store, acknowledged, submitted, true)));
    if (attempt === 2) run.healed = true;
    workload.clock.advance(1_000);
    await turns(30);
  }
  if (!run.healed) return false;
  throw new Error(`the store did not come back: ${JSON.stringify(workload.store.health())}`);
}

async function perform(run: FaultRun): Promise<void> {
  const { workload } = run;
  const isOpen = await tolerate(() => workload.open());
  if (!isOpen) return;
  const isSetUp = await tolerate(() => workload.setUp());
  const goesOn = isSetUp && (await persistMany(run, 1, 30));
  if (goesOn) {
    workload.clock.advance(100);
    await tolerate(() => workload.store.createSpace(crypto.randomUUID()));
    await persistMany(run, 31, 60);
  }
  await tolerate(() => workload.ticking(workload.store.close()));
  if (goesOn && (await tolerate(() => workload.open()))) {
    const { acknowledged, submitted } = workload;
    await tolerate(async () => {
      const n = await checkState(workload.store, acknowledged, submitted, true);
      await persistMany(run, n + 1, n + 10);
    });
    await tolerate(() => workload.ticking(workload.store.close()));
  }
}

async function persistMany(run: FaultRun, from: number, to: number): Promise<boolean> {
  for (let n = from; n <= to; n++) if (!(await persist(run, n))) return false;
  return true;
}

function withoutHanging<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing happened for ${hangMs} ms`)), hangMs);
  });
  return Promise.race([work, hung]).finally(() => clearTimeout(timer));
}

/** The state is whole on the disk as it is, and on what a power cut leaves of it. */
async function checkAfter({ disk, workload }: FaultRun): Promise<void> {
  const random = seededRandom(seed);
  for (const survival of ["everything", "durable", "random"] as const) {
    const again = new Workload(disk.image(survival, random), tinyOptions);
    await again.open();
    await checkState(again.store, workload.acknowledged, workload.submitted, workload.isSetUp);
    await again.store.close();
  }
}

for (const fault of ["io", "no-space", "short"] as const) {
  for (const sticky of [false, true]) {
    const name = `${fault} ${sticky ? "from a call on" : "at one call"}`;
    test(
      `${name}: a typed answer, no hang, nothing acknowledged is lost`,
      async () => {
        let runs = 0;
        const stride = Number(process.env["STRIDE"] ?? strides[fault] * (sticky ? 2 : 1));
        for (let index = seed % stride; ; index += stride) {
          const run = newRun(fault, index, sticky);
          try {
            await withoutHanging(perform(run));
            await checkAfter(run);
          } catch (error) {
            throw new Error(`seed ${seed}, ${name} ${index}`, { cause: error });
          }
          runs += 1;
          if (run.vfs.calls <= index) break;
        }
        console.log(`${name}: ${runs} runs`);
        expect(runs).toBeGreaterThan(30);
      },
      testMsMax,
    );
  }
}
