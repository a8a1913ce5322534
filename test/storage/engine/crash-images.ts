import assert from "node:assert/strict";
import { readManifest } from "../../../storage/manifest/reader.ts";
import type { ManifestState } from "../../../storage/manifest/state.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import type { Survival } from "../../support/crash-files.ts";
import type { CrashVfs } from "../../support/crash-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";

/** What a power cut before one call to the file system leaves, and what had been promised by then. */
export interface CrashImage<Promised> {
  readonly point: string;
  readonly vfs: CrashVfs;
  readonly promised: Promised;
}

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const survivals: readonly Survival[] = ["durable", "everything", "random", "random"];

/** Runs `script` and takes images before every mutating call, and after the last. `promised` is asked at each. */
export async function crashImages<Promised>(
  vfs: CrashVfs,
  promised: () => Promised,
  script: () => Promise<void>,
): Promise<CrashImage<Promised>[]> {
  const random = seededRandom(seed);
  const images: CrashImage<Promised>[] = [];
  const take = (call: string, path: string) => {
    for (const [i, survival] of survivals.entries()) {
      images.push({
        point: `seed ${seed}, before call ${vfs.calls} (${call} ${path}), image ${i} (${survival})`,
        vfs: vfs.image(survival, random),
        promised: promised(),
      });
    }
  };
  vfs.beforeCall = take;
  await script();
  vfs.beforeCall = undefined;
  take("none", "");
  return images;
}

/** Runs `check` on every image; failures name the image. */
export async function checkImages<Promised>(
  images: readonly CrashImage<Promised>[],
  check: (vfs: CrashVfs, promised: Promised) => Promise<void>,
): Promise<void> {
  for (const { point, vfs, promised } of images) {
    try {
      await check(vfs, promised);
    } catch (error) {
      throw new Error(point, { cause: error });
    }
  }
}

/** The manifest of a store at rest or at work. */
export function manifestOf(vfs: Vfs): ManifestState {
  const manifest = readManifest(vfs);
  assert(manifest !== undefined, "a store has a manifest");
  return manifest.state;
}

/** Checks that the SSTables on disk are those that a space or a checkpoint needs. */
export function checkTables(vfs: Vfs): void {
  const needed = new Set([...manifestOf(vfs).tables()].map(({ number }) => number));
  const names = [...needed].sort((a, b) => a - b).map((number) => `${String(number).padStart(10, "0")}.sst`);
  assert.deepEqual(vfs.list("sst"), names, "the SSTables are those that the manifest names");
}
