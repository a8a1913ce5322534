import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, openStore, verifyStore } from "../../../storage/index.ts";
import type { Problem } from "../../../storage/offline/problem.ts";
import type { VerifyReport } from "../../../storage/offline/verify.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { mustPut, space } from "../engine/support.ts";
import { places, withSeed } from "../formats/effort.ts";
import { endings, outcomeOf, type SmallStore, smallStore } from "../formats/small-store.ts";
import {
  fileOf,
  filesOf,
  type StoredFiles,
  vfsOf,
  withCut,
  withFile,
  withFlip,
} from "../formats/stored-files.ts";

const mutating = /^(create|makeDirectory|rename|link|unlink|syncDirectory|write|datasync|truncate)$/;

/** Verifies on a disk that takes no changes; undefined when no manifest can be read. Checks that problems name real places. */
async function verifyFiles(files: StoredFiles): Promise<VerifyReport | undefined> {
  const vfs = new FaultyVfs(vfsOf(files), ({ call }) => (mutating.test(call) ? "io" : undefined));
  try {
    const report = await verifyStore(vfs);
    for (const { file, offset } of problemsOf(report)) {
      assert(/^(CURRENT|MANIFEST-\d{10}|(wal|archive|sst)\/\d{10}\.(wal|arc|sst))$/.test(file), file);
      assert(offset >= 0 && offset <= (files.get(file)?.length ?? 0), `${file} at byte ${offset}`);
    }
    return report;
  } catch (error) {
    expect(error).toMatchObject({ kind: "corruption", message: expect.stringMatching(/no other manifest/) });
    return undefined;
  }
}

const problemsOf = (report: VerifyReport): Problem[] => report.kinds.flatMap(({ problems }) => [...problems]);

const isClean = async (files: StoredFiles) => (await verifyFiles(files))?.isClean ?? false;

/** What is clean must open and show the truth. Damage may well be found where a start does not look. */
async function mustAgree({ durable }: SmallStore, files: StoredFiles): Promise<boolean> {
  const clean = await isClean(files);
  if (clean) expect(await outcomeOf(files, durable)).toBe("right");
  return clean;
}

for (const ending of endings) {
  describe(`the directory of a store that was ${ending}`, () => {
    test("is clean, and every file is counted", async () => {
      const { files } = await smallStore(ending);
      const report = await verifyFiles(files);
      expect(report).toMatchObject({ isClean: true, orphans: [], torn: undefined });
      expect(report?.kinds.reduce((sum, kind) => sum + kind.files, 0)).toBe(files.size);
      const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
      expect(report?.kinds.reduce((sum, kind) => sum + kind.bytes, 0)).toBe(bytes);
    });

    test("with any bit flipped, is clean only if it shows everything", () =>
      withSeed(`flips, ${ending}`, async () => {
        const store = await smallStore(ending);
        let found = 0;
        let tried = 0;
        for (const [path, bytes] of store.files) {
          for (const bit of places(bytes.length * 8, 25)) {
            tried += 1;
            // Before a file is read, its flip must be seen, whatever it hits.
            const clean = await withFlip(store.files, path, bit, (files) => mustAgree(store, files)).catch(
              (cause) => assert.fail(`${path}, bit ${bit}: ${cause}`),
            );
            if (!clean) found += 1;
          }
        }
        expect(tried).toBeGreaterThan(300);
        // The end of a manifest, and of a log that was not closed, may be a write that was under way.
        expect(found).toBeGreaterThanOrEqual(tried * (ending === "closed" ? 0.98 : 0.9));
      }));

    test("with any file cut, is clean only if that can be a write that was under way", () =>
      withSeed(`cuts, ${ending}`, async () => {
        const { files } = await smallStore(ending);
        const last = [...files.keys()].sort().at(-1) ?? "";
        let tried = 0;
        for (const [path, bytes] of files) {
          for (const size of places(bytes.length, 8)) {
            tried += 1;
            const clean = await isClean(withCut(files, path, size));
            const mayBe = (path === last && ending !== "closed") || path.startsWith("MANIFEST");
            if (!mayBe) expect({ path, size, clean }).toEqual({ path, size, clean: false });
          }
        }
        expect(tried).toBeGreaterThan(100);
      }));

    test("with any file missing, names it, and what is lost", async () => {
      const { files } = await smallStore(ending);
      const last = [...files.keys()].sort().at(-1);
      for (const path of files.keys()) {
        if (path === last && ending !== "closed") continue;
        const rest = new Map(files);
        rest.delete(path);
        const report = await verifyFiles(rest);
        if (path.startsWith("MANIFEST")) {
          expect(report).toBeUndefined();
          continue;
        }
        expect(report?.isClean).toBe(false);
        const problem = problemsOf(report ?? assert.fail()).find(({ file }) => file === path);
        expect(problem).toMatchObject({ offset: 0, what: expect.stringMatching(/missing/) });
        const lost = (problem?.losses ?? []).map(({ kind }) => kind);
        if (path.startsWith("sst/")) expect(lost).toEqual(["rows"]);
        // Behind the last segment of a closed store, nothing tells how many commits it had.
        else if (path === last) expect(lost).toEqual(["commits", "changes"]);
        else if (path.startsWith("wal/")) expect(lost).toEqual(["changes"]);
      }
    });

    test("with files of a kind exchanged, says so of both", async () => {
      const { files } = await smallStore(ending);
      for (const kind of ["wal/", "sst/"]) {
        const paths = [...files.keys()].filter((path) => path.startsWith(kind));
        const [one = "", other = ""] = paths;
        const swapped = new Map(files).set(one, fileOf(files, other)).set(other, fileOf(files, one));
        const problems = problemsOf((await verifyFiles(swapped)) ?? assert.fail());
        expect(problems.map(({ file }) => file).sort()).toEqual([one, other]);
        for (const { what } of problems) expect(what).toMatch(/says that it is number|not the one that/);
      }
    });
  });
}

test("a block that cannot be read is named with the keys it may have held", async () => {
  const { files } = await smallStore("closed");
  const path = "sst/0000000001.sst";
  const { length } = fileOf(files, path);
  const problems = await withFlip(files, path, length * 4, async (flipped) =>
    problemsOf((await verifyFiles(flipped)) ?? assert.fail()),
  );
  expect(problems).toMatchObject([
    {
      file: path,
      what: "SSTable block does not match its checksum",
      losses: [{ kind: "rows", range: { gt: "at-000008", lt: "at-000011" }, rowsMax: 2, older: false }],
    },
  ]);
});

test("several places of the log are all found, each with its commits", async () => {
  const { files } = await smallStore("killed");
  const changed = new Map([...files].map(([path, bytes]) => [path, bytes.slice()]));
  for (const path of ["wal/0000000002.wal", "wal/0000000004.wal"]) {
    const bytes = fileOf(changed, path);
    const at = bytes.length >> 1;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
  const problems = problemsOf((await verifyFiles(changed)) ?? assert.fail());
  expect(problems).toMatchObject([
    { file: "wal/0000000002.wal", losses: [{ kind: "changes", first: 6, last: 6 }] },
    { file: "wal/0000000004.wal", losses: [{ kind: "changes", first: 13, last: 13 }] },
  ]);
});

test("what an interrupted run has left is told, and is no problem", async () => {
  const { files } = await smallStore("closed");
  const report = await verifyFiles(
    new Map(files).set("sst/0000000099.sst", new Uint8Array(7)).set("wal/new.tmp", new Uint8Array(1)),
  );
  expect(report).toMatchObject({
    isClean: true,
    orphans: [
      { file: "wal/new.tmp", bytes: 1 },
      { file: "sst/0000000099.sst", bytes: 7 },
    ],
  });
});

test("a write that was under way is told, and is no problem", async () => {
  const vfs = memoryVfs();
  const store = await openStore({ vfs, logFillBytes: 0, clock: new ManualClock() });
  await store.createSpace(space);
  await mustPut(store, "a", "1");
  await mustPut(store, "b", "2");
  const files = filesOf(vfs);
  await store.close();
  const path = "wal/0000000001.wal";
  const report = await verifyFiles(withCut(files, path, fileOf(files, path).length - 8));
  expect(report).toMatchObject({ isClean: true, torn: { file: path } });
});

test("a disk that refuses to read a file is a problem of that file, not the end", async () => {
  const { files } = await smallStore("closed");
  for (const path of ["sst/0000000002.sst", "wal/0000000003.wal"]) {
    const vfs = new FaultyVfs(vfsOf(files), (call) =>
      call.path === path && call.call === "read" ? "io" : undefined,
    );
    const report = await verifyStore(vfs);
    expect(problemsOf(report).map(({ file }) => file)).toEqual([path]);
  }
});

test("a newer version is not damage", async () => {
  const { files } = await smallStore("closed");
  const path = [...files.keys()].find((name) => name.startsWith("MANIFEST")) ?? "";
  const bytes = fileOf(files, path).slice();
  bytes[8] = 2;
  const { resealFrames } = await import("../formats/reseal.ts");
  resealFrames(bytes, 64);
  await expect(verifyFiles(withFile(files, path, bytes))).rejects.toThrow();
  await expect(verifyStore(vfsOf(withFile(files, path, bytes)))).rejects.toMatchObject({
    kind: "foreign",
    file: path,
    offset: 8,
  });
});

test("an empty directory holds no store", async () => {
  await expect(verifyStore(memoryVfs())).rejects.toMatchObject({ kind: "foreign" });
});

test("a store that is open is left alone", async () => {
  const vfs = vfsOf((await smallStore("closed")).files);
  const release = vfs.lock("LOCK");
  const file = vfs.create("LOCK");
  file.close();
  await expect(verifyStore(vfs)).rejects.toMatchObject({ kind: "locked" });
  release();
  expect(await verifyStore(vfs)).toMatchObject({ isClean: true });
});
