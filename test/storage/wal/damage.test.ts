import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, StorageError } from "../../../storage/index.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { segmentPath } from "../../../storage/wal/format.ts";
import { readFile } from "../sstable/support.ts";
import { readLog, ScriptedLog } from "./scripted-log.ts";

const value = (n: number) => new Uint8Array(100 + ((n * 37) % 150)).fill(n);

/** Two sealed segments and an open one, about 6 KiB together. `attested`: the last group is known to be durable. */
async function makeLog(attested: boolean, seed = 1): Promise<ScriptedLog> {
  const log = new ScriptedLog(memoryVfs(), { seed });
  for (let n = 1; n <= 12; n++) {
    log.append([
      {
        later: 1,
        records: [
          { kind: "put", space: 1, key: `row-${n}`, value: value(n) },
          { kind: "change", feed: 3, shard: 0, row: 0, tag: value(1), wantsOld: true, old: undefined },
          { kind: "delta", space: 1, rows: 1, bytes: 100 },
        ],
      },
    ]);
    await log.sync();
    if (n % 4 === 0 && n < 12) await log.roll();
  }
  if (attested) log.attest();
  return log;
}

type Files = ReadonlyMap<string, Uint8Array>;

function filesOf(vfs: Vfs): Map<string, Uint8Array> {
  return new Map(vfs.list("wal").map((name) => [`wal/${name}`, readFile(vfs, `wal/${name}`)]));
}

/** Recovers the log that these files are, on a disk of their own. */
function recoverFiles(files: Files): ReturnType<typeof readLog> & { readonly vfs: Vfs } {
  const vfs = memoryVfs();
  vfs.makeDirectory("wal");
  for (const [path, bytes] of files) {
    const file = vfs.create(path);
    file.write(bytes, 0);
    file.close();
  }
  return { ...readLog(vfs), vfs };
}

/** What recovery makes of damaged files: how many commits it shows, or its error. Never anything but a prefix. */
function outcomeOf(files: Files, { commits }: ScriptedLog): number | StorageError {
  let recovered: readonly string[];
  try {
    recovered = recoverFiles(files).commits;
  } catch (error) {
    if (error instanceof StorageError && error.file !== undefined) return error;
    throw error;
  }
  for (const [i, commit] of recovered.entries()) {
    if (commit !== commits[i]) throw new Error(`commit ${i} became ${commit}`);
  }
  return recovered.length;
}

function cutTo(files: Files, path: string, size: number): Map<string, Uint8Array> {
  const bytes = files.get(path);
  assert(bytes !== undefined, `the log has ${path}`);
  return new Map(files).set(path, bytes.subarray(0, size));
}

describe("a damaged log", () => {
  test("cut at any byte of the open segment ends with the last whole group", async () => {
    const log = await makeLog(false);
    const files = filesOf(log.vfs);
    const { path, bytes } = log.writer.segment;
    let cuts = 0;
    for (let size = 128; size < bytes; size++) {
      const whole = log.frames.slice(8).filter(({ end }) => end <= size).length;
      expect(outcomeOf(cutTo(files, path, size), log)).toBe(8 + whole);
      cuts += 1;
    }
    console.log(`${cuts} cuts of the open segment`);
    expect(cuts).toBeGreaterThan(1_000);
  });

  test("cut at any byte of a sealed segment, or of a header, is an error that names the file", async () => {
    const log = await makeLog(false);
    const files = filesOf(log.vfs);
    for (const [path, bytes] of files) {
      const end = path === log.writer.segment.path ? 128 : bytes.length;
      for (let size = 0; size < end; size++) {
        const outcome = outcomeOf(cutTo(files, path, size), log);
        assert(outcome instanceof StorageError, `${path} cut to ${size} bytes went unnoticed`);
        expect(outcome.kind).toBe("corruption");
        expect(outcome.file).toBe(path);
      }
    }
  });

  for (const attested of [false, true]) {
    const name = attested ? "attested" : "unattested";
    test(`with any bit flipped, the last group ${name}, shows only what was written, and all that is durable`, async () => {
      const log = await makeLog(attested);
      const files = filesOf(log.vfs);
      const open = log.writer.segment.path;
      const lastGroup = log.frames.at(-1) ?? { offset: 0, end: 0 };
      const counts = { flips: 0, refused: 0, cut: 0, harmless: 0 };
      for (const [path, bytes] of files) {
        for (let bit = 0; bit < bytes.length * 8; bit++) {
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          const outcome = outcomeOf(files, log);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          counts.flips += 1;
          if (outcome instanceof StorageError) {
            counts.refused += 1;
            expect(outcome.kind).toMatch(/^(corruption|foreign)$/);
          } else if (outcome === 12) {
            counts.harmless += 1;
            // Only the attest frame may be damaged without loss.
            if (bit >> 3 < lastGroup.end || path !== open)
              throw new Error(`bit ${bit} of ${path} went unnoticed`);
          } else {
            counts.cut += 1;
            assert(!attested && outcome === 11, `bit ${bit} of ${path} lost durable commits`);
            assert(path === open && bit >> 3 >= lastGroup.offset, "only the last group may be cut");
          }
        }
      }
      console.log(name, counts);
      expect(counts.flips).toBeGreaterThan(24_000);
      expect(counts.cut > 0).toBe(!attested);
    }, 30_000);
  }

  test("a missing segment is noticed, wherever it is but at the end", async () => {
    const log = await makeLog(false);
    for (const id of [1, 2]) {
      const files = filesOf(log.vfs);
      files.delete(segmentPath(id));
      expect(() => recoverFiles(files)).toThrow(
        expect.objectContaining({ kind: "corruption", file: segmentPath(id) }),
      );
    }
    expect(() => recoverFiles(new Map())).toThrow(expect.objectContaining({ file: segmentPath(1) }));
  });

  test("segments of another store or in each other's place are noticed", async () => {
    const log = await makeLog(false);
    const swapped = filesOf(log.vfs);
    const [one, two] = [swapped.get(segmentPath(1)), swapped.get(segmentPath(2))];
    assert(one !== undefined && two !== undefined, "two sealed segments");
    swapped.set(segmentPath(1), two).set(segmentPath(2), one);
    expect(() => recoverFiles(swapped)).toThrow(expect.objectContaining({ kind: "corruption" }));
    // The same commits of the same store, but another history.
    const stranger = filesOf((await makeLog(false, 2)).vfs).get(segmentPath(2));
    assert(stranger !== undefined, "the other log has a second segment");
    expect(() => recoverFiles(filesOf(log.vfs).set(segmentPath(2), stranger))).toThrow(
      expect.objectContaining({ kind: "corruption" }),
    );
  });

  test("recovery seals what a crash left open, and a second recovery finds the same", async () => {
    const log = await makeLog(false);
    const files = filesOf(log.vfs);
    const { path, bytes } = log.writer.segment;
    const torn = cutTo(files, path, bytes - 5);
    const once = recoverFiles(torn);
    expect(once.log.tornBytes).toBeGreaterThan(0);
    expect(once.log.segments.every((segment) => segment.sealed)).toBe(true);
    expect([...filesOf(once.vfs).keys()]).toEqual([1, 2, 3].map(segmentPath));
    const twice = recoverFiles(filesOf(once.vfs));
    expect(twice.commits).toEqual(once.commits);
    expect(twice.log.segments).toEqual(once.log.segments);
  });
});
