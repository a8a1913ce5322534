import assert from "node:assert/strict";
import type { ManifestEdit } from "../../../storage/manifest/edit.ts";
import { Manifest, type ManifestOptions } from "../../../storage/manifest/manifest.ts";
import { type ReadManifest, readManifest } from "../../../storage/manifest/reader.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";

export const storeId = new Uint8Array(16).map((_, index) => index * 11);

export function manifestOptions(vfs: Vfs, options: Partial<ManifestOptions> = {}): ManifestOptions {
  const random = seededRandom(7);
  const word = () => Math.floor(random() * 2 ** 32);
  return {
    vfs,
    storeId,
    newSalt: () => [word(), word()],
    onFailure: (error) => {
      throw error;
    },
    ...options,
  };
}

/** A new manifest, in force. */
export async function newManifest(vfs: Vfs, options: Partial<ManifestOptions> = {}): Promise<Manifest> {
  const manifest = await Manifest.create(manifestOptions(vfs, options));
  manifest.publish();
  return manifest;
}

/** The manifest in force. */
export function readBack(vfs: Vfs): ReadManifest {
  const read = readManifest(vfs);
  assert(read !== undefined, "there is a CURRENT");
  return read;
}

/** A manifest whose records after the snapshot are these, closed. */
export async function writeManifest(vfs: Vfs, records: readonly (readonly ManifestEdit[])[]): Promise<void> {
  const manifest = await newManifest(vfs);
  for (const edits of records) await manifest.commit(edits);
  await manifest.close();
}

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** A few records of all sorts. */
export const someRecords: readonly (readonly ManifestEdit[])[] = [
  [{ kind: "spaceCreated", id: id(1), number: 1 }],
  [
    { kind: "spaceCreated", id: id(2), number: 2 },
    { kind: "feedCreated", id: id(9), number: 1, shards: 2, oldValues: true, since: 3 },
  ],
  [
    {
      kind: "tableAdded",
      table: {
        space: 1,
        level: 0,
        number: 1,
        bytes: 4_711,
        hash: "ab".repeat(32),
        smallest: "\0a",
        largest: "z\xff",
        sequenceMin: 1,
        sequenceMax: 9,
        entries: 9,
        tombstones: 1,
        keyBytes: 18,
        valueBytes: 900,
      },
    },
    { kind: "flushed", space: 1, point: { sequence: 9, rows: 8, bytes: 918, generation: 3 } },
    { kind: "replayAfter", sequence: 9 },
  ],
  [{ kind: "spaceDropped", number: 2, at: 12 }],
  [{ kind: "logFloor", segment: 2, trim: 5 }],
  [{ kind: "closed", segment: 3 }],
];
