import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import type { ManifestEdit } from "../../../storage/manifest/edit.ts";
import { Manifest } from "../../../storage/manifest/manifest.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { type Fault, FaultyVfs } from "../../support/faulty-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { seed, volume, withSeed } from "../formats/effort.ts";
import { manifestOptions, newManifest, readBack } from "./support.ts";

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
/** So small that every few records roll the file. */
const rollBytesMin = 400;
const recordCount = 30;

/** Spaces come and go, so that a snapshot stays smaller than the records it replaces. The state after record n is a function of n. */
function record(n: number): ManifestEdit[] {
  const edits: ManifestEdit[] = [{ kind: "spaceCreated", id: id(n), number: n }];
  if (n > 2) edits.push({ kind: "spaceDropped", number: n - 2, at: n });
  edits.push({ kind: "logFloor", segment: n, trim: n });
  return edits;
}

/** How many of the records a state holds; throws if it is none of those that were. */
function countOf(manifest: ReturnType<typeof readBack>): number {
  const { state } = manifest;
  const n = state.nextSpace - 1;
  assert.deepEqual(
    [...state.spaces.keys()],
    [n - 1, n].filter((number) => number > 0),
  );
  assert.equal(state.logFloor, Math.max(1, n));
  return n;
}

test("a power cut at any call, rolls and their parts included, leaves all records that were acknowledged", () =>
  withSeed("power cuts", async () => {
    const vfs = new CrashVfs();
    const random = seededRandom(seed);
    let acknowledged = -1;
    let images = 0;
    vfs.beforeCall = () => {
      if (acknowledged < 0) return;
      for (const survival of [
        "durable",
        "everything",
        ...Array<"random">(4 * volume).fill("random"),
      ] as const) {
        const found = countOf(readBack(vfs.image(survival, random)));
        assert(found === acknowledged || found === acknowledged + 1, `${found} instead of ${acknowledged}`);
        images += 1;
      }
    };
    let manifest = await newManifest(vfs, { rollBytesMin });
    acknowledged = 0;
    for (let n = 1; n <= recordCount; n++) {
      await manifest.commit(record(n));
      acknowledged = n;
      if (n % 10 !== 0) continue;
      await manifest.close();
      manifest = await Manifest.open(manifestOptions(vfs, { rollBytesMin }), readBack(vfs));
      manifest.removeLeftovers();
    }
    await manifest.close();
    const rolls = readBack(vfs).number - 1;
    console.log(`${images} images of ${rolls} rolls`);
    expect(images).toBeGreaterThan(500);
    expect(rolls).toBeGreaterThan(8);
  }));

/** Runs all records against a file system in which one call fails; returns how many were acknowledged and what became of it. */
async function runWith(fault: Fault, index: number) {
  const inner = memoryVfs();
  let calls = 0;
  let armed = false;
  const vfs = new FaultyVfs(inner, ({ call }) => {
    if (!armed) return undefined;
    // A full disk refuses what takes space, and nothing else.
    if (fault !== "io" && !/^(create|write)$/.test(call)) return undefined;
    calls += 1;
    return calls - 1 === index ? fault : undefined;
  });
  const failures: Error[] = [];
  const manifest = await newManifest(vfs, { rollBytesMin, onFailure: (error) => failures.push(error) });
  armed = true;
  let acknowledged = 0;
  let refused = 0;
  for (let n = 1; n <= recordCount && failures.length === 0; ) {
    try {
      await manifest.commit(record(n));
      acknowledged = n;
      n += 1;
    } catch (error) {
      assert(error instanceof StorageError, `not a StorageError: ${error}`);
      refused += 1;
      // A full disk changes nothing: the same edits go through once there is space.
      assert(failures.length > 0 || error.kind === "no-space", error.message);
      assert(refused < 10, "the manifest does not come back");
    }
  }
  const found = countOf(readBack(inner));
  return { calls, acknowledged, refused, failures, found };
}

for (const fault of ["no-space", "short"] as const) {
  test(`${fault} at any call: the edit has not happened, and goes through later`, async () => {
    let runs = 0;
    for (let index = 0; ; index++) {
      const { calls, acknowledged, refused, failures, found } = await runWith(fault, index);
      expect(failures).toEqual([]);
      expect({ index, acknowledged, found }).toEqual({
        index,
        acknowledged: recordCount,
        found: recordCount,
      });
      expect(refused).toBeLessThanOrEqual(1);
      runs += 1;
      if (calls <= index) break;
    }
    expect(runs).toBeGreaterThan(recordCount);
  });
}

test("io at any call: nothing acknowledged is lost, the failure is told once, nothing more is accepted", async () => {
  let runs = 0;
  for (let index = 0; ; index++) {
    const { calls, acknowledged, failures, found } = await runWith("io", index);
    expect(failures.length).toBeLessThanOrEqual(1);
    expect(found - acknowledged).toBeWithin(0, 2);
    runs += 1;
    if (calls <= index) break;
    expect({ index, failures: failures.length }).toEqual({ index, failures: 1 });
  }
  expect(runs).toBeGreaterThan(2 * recordCount);
});
