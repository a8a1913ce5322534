import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { segmentPath } from "../../../storage/wal/format.ts";
import { removeLogLeftovers } from "../../../storage/wal/log-recovery.ts";
import {
  fileOf,
  filesOf,
  type StoredFiles,
  vfsOf,
  withCut,
  withFile,
  withFlip,
} from "../formats/stored-files.ts";
import { rowCommit, rowLog } from "./row-log.ts";
import { outcomeOf, readLog, type ScriptedLog } from "./scripted-log.ts";

/** Three sealed segments of four commits each and an open one of three. */
const chain = (options: { seed?: number; storeId?: Uint8Array } = {}): Promise<ScriptedLog> =>
  rowLog({ commits: 15, rollEvery: 4, attested: true, ...options });

/** Everything up to here is flushed: the first two segments need not be read. */
const flushed = { replayAfter: 8 };

function without(files: StoredFiles, path: string): Map<string, Uint8Array> {
  const rest = new Map(files);
  assert(rest.delete(path), `the log has ${path}`);
  return rest;
}

function expectError(outcome: number | StorageError, kind: string, path: string): void {
  assert(outcome instanceof StorageError, `${outcome} commits were shown`);
  expect(outcome).toMatchObject({ kind, file: path });
}

// Whether the damaged segment has to be read or only its footer.
for (const [name, options] of [
  ["read", {}],
  ["flushed, and only looked at", flushed],
] as const) {
  describe(`in a chain of segments, a middle one that is ${name}`, () => {
    test("may not be missing", async () => {
      const log = await chain();
      const files = filesOf(log.vfs);
      for (const id of [1, 2, 3]) {
        expectError(
          outcomeOf(without(files, segmentPath(id)), log.commits, options),
          "corruption",
          segmentPath(id),
        );
      }
    });

    test("may not be shortened, not even by whole frames", async () => {
      const log = await chain();
      const files = filesOf(log.vfs);
      const path = segmentPath(2);
      const ends = log.frames.filter(({ segment }) => segment === 2).map(({ end }) => end);
      expect(ends).toHaveLength(4);
      for (const size of [...ends, fileOf(files, path).length - 1]) {
        expectError(outcomeOf(withCut(files, path, size), log.commits, options), "corruption", path);
      }
    });

    test("may not be exchanged with another of the same log", async () => {
      const log = await chain();
      const files = filesOf(log.vfs);
      const [one, two] = [fileOf(files, segmentPath(1)), fileOf(files, segmentPath(2))];
      const swapped = withFile(withFile(files, segmentPath(1), two), segmentPath(2), one);
      expectError(outcomeOf(swapped, log.commits, options), "corruption", segmentPath(1));
      const twice = withFile(files, segmentPath(2), one);
      expectError(outcomeOf(twice, log.commits, options), "corruption", segmentPath(2));
    });

    test("may not come from another history of the same store", async () => {
      const log = await chain();
      const other = filesOf((await chain({ seed: 2 })).vfs);
      const mixed = withFile(filesOf(log.vfs), segmentPath(2), fileOf(other, segmentPath(2)));
      // One of two neighbours is wrong; which of them cannot be told.
      expect(outcomeOf(mixed, log.commits, options)).toMatchObject({ kind: "corruption" });
    });

    test("may not come from another store", async () => {
      const log = await chain();
      const other = filesOf((await chain({ storeId: new Uint8Array(16).fill(9) })).vfs);
      const mixed = withFile(filesOf(log.vfs), segmentPath(2), fileOf(other, segmentPath(2)));
      expectError(outcomeOf(mixed, log.commits, options), "foreign", segmentPath(2));
    });

    test("may not have any bit flipped in its header or its footer", async () => {
      const log = await chain();
      const files = filesOf(log.vfs);
      const path = segmentPath(2);
      const lastFrame = log.frames.findLast(({ segment }) => segment === 2);
      assert(lastFrame !== undefined, "the segment has frames");
      const { length } = fileOf(files, path);
      let flips = 0;
      for (let bit = 0; bit < length * 8; bit++) {
        if (bit >> 3 >= 128 && bit >> 3 < lastFrame.end) continue;
        await withFlip(files, path, bit, (flipped) => {
          expectError(outcomeOf(flipped, log.commits, options), "corruption", path);
        });
        flips += 1;
      }
      expect(flips).toBeGreaterThan(1_500);
    });
  });
}

describe("a chain of segments", () => {
  test("is read from what is not flushed; the sums of the rest come from footers", async () => {
    const log = await chain();
    const { log: recovered, commits } = readLog(log.vfs, flushed);
    expect(commits).toEqual(log.commits.slice(8));
    const { log: all } = readLog(vfsOf(filesOf(log.vfs)));
    expect(recovered.segments).toEqual(all.segments);
    expect(recovered.segments.map(({ id, commits: count, feeds }) => ({ id, count, feeds }))).toEqual(
      [4, 4, 4, 3].map((count, index) => ({ id: index + 1, count, feeds: new Set([3]) })),
    );
  });

  test("begins at the floor: what lies below it is left over, and goes", async () => {
    const log = await chain();
    const { commits } = readLog(log.vfs, { floor: 3, ...flushed });
    expect(commits).toEqual(log.commits.slice(8));
    log.vfs.create("wal/new.tmp").close();
    removeLogLeftovers(log.vfs, 3);
    expect(log.vfs.list("wal").map((name) => `wal/${name}`)).toEqual([3, 4].map(segmentPath));
    expect(outcomeOf(without(filesOf(log.vfs), segmentPath(3)), [], { floor: 3 })).toMatchObject({
      file: segmentPath(3),
    });
  });

  test("that is empty misses its first segment", () => {
    expectError(outcomeOf(new Map(), []), "corruption", segmentPath(1));
    expectError(outcomeOf(new Map(), [], { floor: 7 }), "corruption", segmentPath(7));
  });

  test("ends with the segment that was closed: without it, commits are missing", async () => {
    const log = await chain();
    await log.close();
    const files = filesOf(log.vfs);
    expect(outcomeOf(files, log.commits, { closedSegment: 4 })).toBe(15);
    expectError(
      outcomeOf(without(files, segmentPath(4)), log.commits, { closedSegment: 4 }),
      "corruption",
      segmentPath(4),
    );
  });

  test("may not end before what is known to have been flushed, and is left as it is", async () => {
    const log = await chain();
    const files = filesOf(log.vfs);
    const flushedAll = { durableSequence: 15 };
    expect(outcomeOf(files, log.commits, flushedAll)).toBe(15);
    // Without its attest and the end of its last group it would pass for torn; without its last segment, for shorter.
    const torn = vfsOf(withCut(files, segmentPath(4), log.writer.segment.bytes - 48 - 5));
    const before = filesOf(torn);
    expect(outcomeOf(before, log.commits)).toBe(14);
    expect(() => readLog(torn, flushedAll)).toThrow(
      expect.objectContaining({
        kind: "corruption",
        file: segmentPath(4),
        message: expect.stringContaining("commit 14"),
      }),
    );
    expect(filesOf(torn)).toEqual(before);
    expect(outcomeOf(without(files, segmentPath(4)), log.commits)).toBe(12);
    expectError(
      outcomeOf(without(files, segmentPath(4)), log.commits, flushedAll),
      "corruption",
      segmentPath(3),
    );
  });

  test("may have a footer of any length: it names the feeds of its segment", async () => {
    const log = await rowLog({ commits: 1 });
    const feeds = Array.from({ length: 20_000 }, (_, index) => index * 3);
    log.append([
      {
        later: 0,
        records: [
          { kind: "delete", space: 1, key: "a" },
          ...feeds.map((feed) => ({
            kind: "change" as const,
            feed,
            shard: 0,
            row: 0,
            tag: new Uint8Array(0),
            wantsOld: false,
            old: undefined,
          })),
        ],
      },
    ]);
    await log.roll();
    log.append([rowCommit(3)]);
    await log.sync();
    const { log: recovered } = readLog(log.vfs, { replayAfter: 2 });
    expect(recovered.segments[0]?.feeds).toEqual(new Set(feeds));
    expect(recovered.segments.map(({ commits }) => commits)).toEqual([2, 1]);
  });

  test("is sealed by recovery where a crash left it open; a second recovery finds the same", async () => {
    const log = await chain();
    const { path, bytes } = log.writer.segment;
    // The attest and the end of the frame before it.
    const once = vfsOf(withCut(filesOf(log.vfs), path, bytes - 48 - 5));
    const first = readLog(once);
    expect(first.commits).toEqual(log.commits.slice(0, 14));
    expect(first.log.tornBytes).toBeGreaterThan(0);
    expect(first.log.segments.every((segment) => segment.sealed)).toBe(true);
    expect(once.list("wal").map((name) => `wal/${name}`)).toEqual([1, 2, 3, 4].map(segmentPath));
    const second = readLog(once);
    expect(second.commits).toEqual(first.commits);
    expect(second.log.segments).toEqual(first.log.segments);
    expect(second.log).toMatchObject({ clean: false, tornBytes: 0 });
  });
});
