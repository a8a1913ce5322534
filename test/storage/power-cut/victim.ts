/**
 * Writes to a store until it is killed, and tells on the standard output what it begins and what was acknowledged, one line each.
 * Arguments: directory, seed, the promises so far as JSON.
 */
import { writeSync } from "node:fs";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkState, Workload } from "../crash/workload.ts";
import { heldDisk } from "./held-disk.ts";
import type { Promises } from "./power-cut.test.ts";

const [root = "", seed = "1", given = "{}"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const promises = JSON.parse(given) as Promises;
/** More would make the states that are compared long. */
const commitsMax = 2_000;

/** In the pipe when it returns, whatever becomes of this process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function commit(workload: Workload): Promise<void> {
  const n = workload.submitted + 1;
  say(`submitted ${n}`);
  const { kind } = await workload.commit();
  if (kind !== "committed") throw new Error(`commit ${n}: ${kind}`);
  say(`acknowledged ${n} ${workload.lastPosition}`);
}

async function visitor(workload: Workload): Promise<void> {
  const { store } = workload;
  const [scratch, copy] = [crypto.randomUUID(), crypto.randomUUID()];
  await store.createSpace(scratch);
  const checkpoint = await store.checkpoint([scratch]);
  await store.restore(checkpoint, new Map([[scratch, copy]]));
  await store.releaseCheckpoint(checkpoint.id);
  await store.dropSpace(copy);
  await store.dropSpace(scratch);
}

const workload = new Workload(heldDisk(root, random), { segmentBytesMax: 3 << 10 });
await workload.open();
const n = await checkState(
  workload.store,
  promises.acknowledged,
  Math.max(promises.submitted, promises.acknowledged),
  promises.isSetUp,
);
if (!promises.isSetUp) await workload.setUp();
workload.continueFrom(n, promises.lastPosition);
say(`begun ${n}`);
while (workload.submitted < commitsMax) {
  const together = 1 + Math.floor(random() * 8);
  await Promise.all(Array.from({ length: together }, () => commit(workload)));
  if (random() < 0.05) await visitor(workload);
  if (random() < 0.05) workload.clock.advance(100);
}
say("waiting");
setInterval(() => {}, 1_000);
