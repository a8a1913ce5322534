import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskVfs } from "../../../storage/index.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkState, Workload } from "../crash/workload.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const rounds = Number(process.env["POWER_CUTS"] ?? 6);
/** Cuts in the life of one directory. */
const cutsPerDirectory = 3;
const workMsMax = 400;
const victimScript = new URL("./victim.ts", import.meta.url).pathname;

/** What the processes have promised so far. */
export interface Promises {
  acknowledged: number;
  submitted: number;
  isSetUp: boolean;
  lastPosition: string;
}

/** Lets a process write until the power goes; adds what it said to `promises`. */
async function writeUntilCut(root: string, own: number, promises: Promises): Promise<void> {
  const random = seededRandom(own);
  const victim = spawn(process.execPath, [victimScript, root, String(own), JSON.stringify(promises)]);
  let output = "";
  let complaints = "";
  let cut: ReturnType<typeof setTimeout> | undefined;
  const cutAfter = (ms: number) => {
    cut ??= setTimeout(() => victim.kill("SIGKILL"), ms);
  };
  victim.stdout.on("data", (text: Buffer) => {
    output += text;
    // Mostly while it works; now and then while it starts.
    if (output.includes("begun")) cutAfter(random() * workMsMax);
  });
  victim.stderr.on("data", (text: Buffer) => {
    complaints += text;
  });
  if (random() < 0.25) setTimeout(() => cutAfter(0), random() * 300);
  const signal = await new Promise((resolve) => victim.on("close", (_code, killedBy) => resolve(killedBy)));
  clearTimeout(cut);
  if (signal !== "SIGKILL") throw new Error(`the process ended by itself: ${complaints}`);
  // The last line may have been cut, too.
  for (const line of output.split("\n").slice(0, -1)) {
    const [what, number, position = ""] = line.split(" ");
    if (what === "begun") promises.isSetUp = true;
    if (what === "submitted") promises.submitted = Math.max(promises.submitted, Number(number));
    if (what !== "acknowledged") continue;
    promises.acknowledged = Math.max(promises.acknowledged, Number(number));
    if (position > promises.lastPosition) promises.lastPosition = position;
  }
}

/** Opens what is left as any process would: everything acknowledged is there, nothing in part, each change reported once. */
async function checkRest(root: string, promises: Promises): Promise<void> {
  const workload = new Workload(diskVfs(join(root, "data")));
  await workload.open();
  const { acknowledged, submitted, isSetUp, lastPosition } = promises;
  const n = await checkState(workload.store, acknowledged, submitted, isSetUp);
  if (isSetUp) {
    workload.continueFrom(n, lastPosition);
    await workload.commits(4, 2);
    Object.assign(promises, { acknowledged: n + 4, submitted: n + 4, lastPosition: workload.lastPosition });
  }
  await workload.store.close();
}

test(
  "a power cut under concurrent writers: everything acknowledged is there, nothing in part, each change once",
  async () => {
    let acknowledged = 0;
    for (let round = 0; round < rounds; ) {
      const root = mkdtempSync(join(tmpdir(), "walnut-power-cut-"));
      const promises: Promises = { acknowledged: 0, submitted: 0, isSetUp: false, lastPosition: "" };
      try {
        for (let cut = 0; cut < cutsPerDirectory && round < rounds; cut++, round++) {
          try {
            await writeUntilCut(root, seed + round, promises);
            // Or the next process has to find out.
            const isLast = cut === cutsPerDirectory - 1 || round === rounds - 1;
            if (isLast || (seed + round) % 2 === 0) await checkRest(root, promises);
          } catch (error) {
            throw new Error(`SEED=${seed + round - cut}, cut ${cut}, ${JSON.stringify(promises)}`, {
              cause: error,
            });
          }
        }
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
      acknowledged += promises.acknowledged;
    }
    console.log(`${rounds} power cuts, ${acknowledged} commits acknowledged, seed ${seed}`);
    expect(acknowledged).toBeGreaterThan(rounds);
  },
  20_000 * Math.max(6, rounds),
);
