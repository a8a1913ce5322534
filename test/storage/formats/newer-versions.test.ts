import { expect, test } from "bun:test";
import { crc32, writeU32 } from "../../../storage/encoding.ts";
import { openStore } from "../../../storage/index.ts";
import { manifestHeaderBytes } from "../../../storage/manifest/format.ts";
import { footerBytes } from "../../../storage/sstable/format.ts";
import { segmentHeaderBytes } from "../../../storage/wal/format.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { openSSTable } from "../sstable/support.ts";
import { resealFrames } from "./reseal.ts";
import { endings, outcomeOf, smallStore } from "./small-store.ts";
import { fileOf, type StoredFiles, vfsOf, withFile } from "./stored-files.ts";

/** The same file, of format version 2: everything else, checksums included, is as it should be. */
function newer(path: string, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  if (path.endsWith(".sst")) {
    writeU32(copy, copy.length - 16, 2);
    writeU32(copy, copy.length - 12, crc32(copy.subarray(copy.length - footerBytes, copy.length - 12)));
  } else {
    writeU32(copy, 8, 2);
    resealFrames(copy, path.endsWith(".wal") ? segmentHeaderBytes : manifestHeaderBytes);
  }
  return copy;
}

async function openError(files: StoredFiles): Promise<unknown> {
  try {
    const store = await openStore({ vfs: vfsOf(files), clock: new ManualClock() });
    await store.close();
    return undefined;
  } catch (error) {
    return error;
  }
}

for (const ending of endings) {
  test(`a file of a newer format is refused as such, not as damage, in a store that was ${ending}`, async () => {
    const { files, durable } = await smallStore(ending);
    const kinds = { wal: 0, sst: 0, manifest: 0 };
    for (const [path, bytes] of files) {
      if (path === "CURRENT") continue;
      const changed = withFile(files, path, newer(path, bytes));
      if (path.endsWith(".sst")) {
        // An SSTable is not opened before it is read, and newer ones may have all that it has.
        if ((await outcomeOf(changed, durable)) === "degraded") kinds.sst += 1;
        const reader = openSSTable(vfsOf(changed), path);
        expect(() => reader.get("")).toThrow(expect.objectContaining({ kind: "foreign", file: path }));
        continue;
      }
      kinds[path.endsWith(".wal") ? "wal" : "manifest"] += 1;
      expect(await outcomeOf(changed, durable)).toBe("refused");
      expect(await openError(changed)).toMatchObject({
        kind: "foreign",
        file: path,
        offset: 8,
        message: expect.stringMatching(/format 2 is not known to this version/),
      });
    }
    expect(kinds.wal).toBeGreaterThan(2);
    expect(kinds.sst).toBeGreaterThan(0);
    expect(kinds.manifest).toBe(1);
  });
}

test("a frame of a kind that is still to come is of a newer version, too", async () => {
  const { files, durable } = await smallStore("attested");
  const path =
    [...files.keys()]
      .filter((name) => name.startsWith("wal/"))
      .sort()
      .at(-1) ?? "";
  const bytes = fileOf(files, path).slice();
  const kindAt = segmentHeaderBytes + 44;
  expect(bytes[kindAt]).toBe(1);
  bytes[kindAt] = 4;
  resealFrames(bytes, segmentHeaderBytes);
  const changed = withFile(files, path, bytes);
  expect(await outcomeOf(changed, durable)).toBe("refused");
  expect(await openError(changed)).toMatchObject({ kind: "foreign", file: path, offset: segmentHeaderBytes });
});
