import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { Bytes, readFrame } from "../../../storage/frame.ts";
import {
  memoryVfs,
  openStore,
  planStoreRepair,
  repairStore,
  StorageError,
  verifyStore,
} from "../../../storage/index.ts";
import { decodeManifestHeader, manifestHeaderBytes, manifestPath } from "../../../storage/manifest/format.ts";
import { nameAside } from "../../../storage/offline/set-aside.ts";
import { contents, put } from "../../store/subject.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { crashImages } from "../engine/crash-images.ts";
import { places, withSeed } from "../formats/effort.ts";
import { fileOf, filesOf, type StoredFiles, vfsOf, withCut, withFile } from "../formats/stored-files.ts";
import { checkRemains, type KnownStore, knownStore } from "./known-store.ts";

/** Repairs the files; what remains must be what was there, without what the report says is lost. Returns the report. */
async function repaired(known: KnownStore, files: StoredFiles) {
  const vfs = vfsOf(files);
  const plan = await planStoreRepair(vfs);
  const report = await repairStore(vfs);
  expect({ ...report, isDone: false, asideIn: plan.asideIn }).toEqual(plan);
  const after = await verifyStore(vfs);
  assert(after.isClean, `a repaired store is clean: ${JSON.stringify(after.kinds)}`);
  expect(after.orphans.filter(({ file }) => !file.startsWith("wal/"))).toEqual([]);
  if (!report.isClean) {
    // Whatever was replaced is kept as it was.
    for (const path of report.aside) {
      const file = vfs.open(nameAside(report.asideIn ?? "", path), "read");
      const bytes = new Uint8Array(file.size());
      file.read(bytes, 0);
      assert(Buffer.compare(bytes, fileOf(files, path)) === 0, `${path} is kept as it was`);
    }
  }
  await checkRemains(vfs, known, report.losses);
  return report;
}

function flipped(files: StoredFiles, path: string, offset: number): StoredFiles {
  const bytes = fileOf(files, path).slice();
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x40;
  return withFile(files, path, bytes);
}

function without(files: StoredFiles, path: string): StoredFiles {
  const rest = new Map(files);
  rest.delete(path);
  return rest;
}

/** Manifests have tests of their own; indexes of the log are made again. */
const isData = (path: string) => !path.startsWith("MANIFEST") && !path.endsWith(".idx");

for (const ending of ["closed", "killed"] as const) {
  describe(`a store that was ${ending}, damaged and repaired`, () => {
    test("if it is whole, is left alone", async () => {
      const known = await knownStore(ending);
      const vfs = vfsOf(known.files);
      expect(await repairStore(vfs)).toMatchObject({ isClean: true, isDone: false, losses: [], aside: [] });
      expect(vfs.exists("set-aside-1")).toBe(false);
      await checkRemains(vfs, known, []);
    });

    test("shows all but what was said to be lost, whatever byte is wrong", () =>
      withSeed("flips", async () => {
        const known = await knownStore(ending);
        let tried = 0;
        for (const [path, bytes] of known.files) {
          if (!isData(path)) continue;
          for (const offset of places(bytes.length, 1)) {
            tried += 1;
            await repaired(known, flipped(known.files, path, offset)).catch((cause) =>
              Promise.reject(new Error(`${path}, byte ${offset}`, { cause })),
            );
          }
        }
        expect(tried).toBeGreaterThan(20);
      }));

    test("and loses nothing when files were only exchanged, or CURRENT is gone", async () => {
      const known = await knownStore(ending);
      for (const kind of [".wal", ".sst"]) {
        const [one = "", other = ""] = [...known.files.keys()].filter((path) => path.endsWith(kind));
        const swapped = new Map(known.files)
          .set(one, fileOf(known.files, other))
          .set(other, fileOf(known.files, one));
        expect(await repaired(known, swapped)).toMatchObject({ isClean: false, losses: [] });
      }
      expect(await repaired(known, without(known.files, "CURRENT"))).toMatchObject({ losses: [] });
    });

    test("also with several files damaged at once", () =>
      withSeed("several", async () => {
        const known = await knownStore(ending);
        const paths = [...known.files.keys()].filter((path) => /\.(sst|wal)$/.test(path));
        for (const start of places(paths.length, 8)) {
          let files: StoredFiles = known.files;
          for (let i = 0; i < 4; i++) {
            const path = paths[(start + i * 3) % paths.length] ?? "";
            for (const offset of places(fileOf(files, path).length, 2)) files = flipped(files, path, offset);
          }
          await repaired(known, files);
        }
      }));
  });
}

test("the same, wherever a file ends", () =>
  withSeed("cuts", async () => {
    const known = await knownStore("closed");
    for (const [path, bytes] of known.files) {
      if (!isData(path)) continue;
      for (const size of places(bytes.length, 1)) {
        await repaired(known, withCut(known.files, path, size)).catch((cause) =>
          Promise.reject(new Error(`${path}, cut to ${size}`, { cause })),
        );
      }
    }
  }));

test("the same, whichever file is missing", async () => {
  const known = await knownStore("closed");
  for (const path of known.files.keys()) {
    if (!isData(path)) continue;
    await repaired(known, without(known.files, path)).catch((cause) =>
      Promise.reject(new Error(path, { cause })),
    );
  }
});

/** Damage of every kind at once: a block, the middle of the log, its end, and CURRENT. */
async function wreck(known: KnownStore): Promise<StoredFiles> {
  const paths = [...known.files.keys()];
  const tables = paths.filter((path) => path.startsWith("sst/"));
  const segments = paths.filter((path) => path.endsWith(".wal")).sort();
  let files = without(known.files, "CURRENT");
  for (const path of [tables.at(-1), tables.at(0), segments.at(-2), segments.at(3)]) {
    files = flipped(files, path ?? "", 300);
  }
  return files;
}

/** The files on a disk that can lose its power, all of them durable. */
function onDisk(files: StoredFiles): CrashVfs {
  const vfs = new CrashVfs();
  for (const directory of ["wal", "sst"]) vfs.makeDirectory(directory);
  for (const [path, bytes] of files) {
    const file = vfs.create(path);
    file.write(bytes, 0);
    file.datasyncNow();
    file.close();
  }
  for (const directory of ["wal", "sst", ""]) vfs.syncDirectory(directory);
  return vfs;
}

test("a power cut at any moment of a repair leaves what can be repaired, and loses nothing more", () =>
  withSeed("crash", async () => {
    const known = await knownStore("closed");
    const vfs = onDisk(await wreck(known));
    let losses: Awaited<ReturnType<typeof repairStore>>["losses"] = [];
    const images = await crashImages(
      vfs,
      () => undefined,
      async () => {
        ({ losses } = await repairStore(vfs));
      },
    );
    expect(images.length).toBeGreaterThan(400);
    let repairs = 0;
    for (const index of places(images.length, 30)) {
      const image = images[index] ?? assert.fail();
      try {
        const report = await repairStore(image.vfs);
        if (report.isDone) repairs += 1;
        expect(await verifyStore(image.vfs)).toMatchObject({ isClean: true });
        await checkRemains(image.vfs, known, [...losses, ...report.losses]);
      } catch (cause) {
        throw new Error(image.point, { cause });
      }
    }
    expect(repairs).toBeGreaterThan(10);
  }));

for (const fault of ["io", "no-space"] as const) {
  test(`${fault} at any call of a repair: it says so, and can be run again`, () =>
    withSeed(`faults, ${fault}`, async () => {
      const known = await knownStore("closed");
      const files = await wreck(known);
      const counter = new FaultyVfs(vfsOf(files), () => undefined);
      const { losses } = await repairStore(counter);
      for (const index of places(counter.calls, 15)) {
        const inner = vfsOf(files);
        const vfs = new FaultyVfs(inner, (call) => (call.index === index ? fault : undefined));
        let again: typeof losses = [];
        try {
          again = (await repairStore(vfs)).losses;
        } catch (error) {
          assert(error instanceof StorageError, `not a StorageError but ${error}`);
        }
        const report = await repairStore(inner);
        expect(await verifyStore(inner)).toMatchObject({ isClean: true });
        // A file that the disk refused to give may have been given up, and that was said.
        await checkRemains(inner, known, [...losses, ...again, ...report.losses]);
      }
    }));
}

/** Where the records of a manifest begin. */
function recordsOf(bytes: Uint8Array): number[] {
  const { salt } = decodeManifestHeader(new Bytes(bytes), "MANIFEST");
  const starts: number[] = [];
  for (let at = manifestHeaderBytes; ; ) {
    const frame = readFrame(new Bytes(bytes), at, salt);
    if (typeof frame === "string") return starts;
    starts.push(at);
    at = frame.end;
  }
}

describe("a damaged manifest", () => {
  const manifestInForce = (files: StoredFiles) =>
    Buffer.from(fileOf(files, "CURRENT")).toString("latin1").slice(0, 19);

  test("behind its first record: what it knew until then is there, the rest is kept, and the log of unknown spaces is passed over", async () => {
    const vfs = memoryVfs();
    const store = await openStore({ vfs, clock: new ManualClock(), logFillBytes: 0 });
    const ids = Array.from({ length: 6 }, () => crypto.randomUUID());
    await store.createFeed(crypto.randomUUID(), { shards: 1, oldValues: false });
    for (const id of ids) {
      await store.createSpace(id);
      await put(store, id, { a: id });
    }
    const files = filesOf(vfs);
    await store.close();
    const path = manifestInForce(files);
    const starts = recordsOf(fileOf(files, path));
    // The snapshot, the feed, and the spaces.
    expect(starts).toHaveLength(8);
    for (let record = 2; record < 7; record++) {
      const damaged = vfsOf(flipped(files, path, (starts[record] ?? 0) + 50));
      const report = await repairStore(damaged);
      expect(report.losses).toContainEqual({ kind: "edits", after: record - 1 });
      for (let number = record - 1; number <= 6; number++) {
        expect(report.losses).toContainEqual({ kind: "unknownSpace", number });
      }
      expect(await verifyStore(damaged)).toMatchObject({ isClean: true, orphans: [] });
      const again = await openStore({ vfs: damaged, clock: new ManualClock() });
      const remaining = ids.slice(0, record - 2);
      expect([...again.spaces()].sort()).toEqual(remaining.toSorted());
      for (const id of remaining) expect(await contents(again, id)).toEqual({ a: id });
      const added = crypto.randomUUID();
      await again.createSpace(added);
      expect(await contents(again, added)).toEqual({});
      await again.close();
    }
  });

  test("in its header or its first record: the one before and what follows say the same, and nothing is lost", async () => {
    for (const ending of ["killed", "closed"] as const) {
      const known = await knownStore(ending);
      const path = manifestInForce(known.files);
      const start = manifestHeaderBytes;
      // The file's header; the frame's header; the record.
      for (const offset of [0, 9, 33, start, start + 9, start + 17, start + 30, start + 50, start + 90]) {
        const files = flipped(known.files, path, offset);
        const report = await repaired(known, files);
        expect(report.problems).toEqual([
          { file: path, offset: expect.any(Number), what: expect.any(String), losses: [] },
        ]);
        expect(report.losses).toEqual([]);
        expect(report.aside).toContain(path);
      }
    }
  });

  test("in its first two records, or in its first and the one before: what can be told is told", async () => {
    const known = await knownStore("killed");
    const path = manifestInForce(known.files);
    const [, second = 0] = recordsOf(fileOf(known.files, path));
    const files = flipped(known.files, path, manifestHeaderBytes + 50);
    const report = await repaired(known, flipped(files, path, second + 50));
    expect(report.losses).toContainEqual({ kind: "edits", after: 0 });
    const before = manifestPath(Number(path.slice(-10)) - 1);
    await expect(repairStore(vfsOf(without(files, before)))).rejects.toMatchObject({ kind: "corruption" });
    const both = flipped(files, before, manifestHeaderBytes + 50);
    await expect(repairStore(vfsOf(both))).rejects.toMatchObject({ kind: "corruption" });
  });

  test("that is only kept: nothing is lost, and it is replaced", async () => {
    const known = await knownStore("killed");
    const before = manifestPath(Number(manifestInForce(known.files).slice(-10)) - 1);
    const report = await repaired(known, flipped(known.files, before, manifestHeaderBytes + 50));
    expect(report.problems).toMatchObject([{ file: before, losses: [] }]);
    expect(report.losses).toEqual([]);
  });

  test("or one that is missing: an older one is taken, and the rest is kept", async () => {
    const known = await knownStore("killed");
    const path = manifestInForce(known.files);
    const older = new Map(known.files);
    older.delete(path);
    older.set("MANIFEST-0000000001", fileOf(known.files, path));
    const vfs = vfsOf(older);
    const report = await repairStore(vfs);
    expect(report.problems[0]).toMatchObject({ file: path, what: expect.stringMatching(/missing/) });
    expect(report.losses).toContainEqual({ kind: "edits", after: 0 });
    expect(await verifyStore(vfs)).toMatchObject({ isClean: true });
  });
});
