import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { Archive } from "../../../storage/history/archive.ts";
import { archivePath } from "../../../storage/history/archive-format.ts";
import { ArchiveJob, archiveSpec } from "../../../storage/history/archive-job.ts";
import { LoggedSegment } from "../../../storage/history/logged-segment.ts";
import type { HistorySource } from "../../../storage/history/source.ts";
import { memoryVfs, type Vfs } from "../../../storage/index.ts";
import type { ArchiveRecord } from "../../../storage/manifest/edit.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import type { ChangeRecord, RecordVisitor } from "../../../storage/wal/records.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { readFile } from "../sstable/support.ts";
import { type ScriptedCommit, ScriptedSource, writeSegment } from "./scripted-source.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const storeId = new Uint8Array(16).fill(7);

/** Commits on a few spaces and feeds; half of the values repeat, so that some of it compresses. */
function randomCommits(random: () => number, count: number): ScriptedCommit[] {
  let sequence = 0;
  let time = 1_700_000_000_000;
  return Array.from({ length: count }, () => {
    sequence += 1 + (random() < 0.2 ? Math.floor(random() * 1e6) : 0);
    time += Math.floor(random() * 50);
    const rows = Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) => ({
      space: 1 + Math.floor(random() * 3),
      key: `key-${i}-${Math.floor(random() * 30)}`,
      value: random() < 0.2 ? undefined : new Uint8Array(Math.floor(random() * 200)).fill(random() * 256),
      feed: random() < 0.6 ? 1 + Math.floor(random() * 2) : undefined,
      shard: Math.floor(random() * 2),
      old: random() < 0.5 ? new Uint8Array(Math.floor(random() * 50)).fill(1) : undefined,
    }));
    return { sequence, time, rows };
  });
}

function openArchive(vfs: Vfs, record: ArchiveRecord): Archive {
  return new Archive({ vfs, files: new FilePool(vfs), storeId }, record);
}

interface Wants {
  readonly spaces: readonly number[];
  readonly feeds: readonly number[];
}

/** A closed segment with these commits, alone in a file system of its own. */
async function segmentOf(commits: readonly ScriptedCommit[]): Promise<{ vfs: Vfs; segment: LoggedSegment }> {
  const vfs = memoryVfs();
  vfs.makeDirectory("archive");
  const segment = await writeSegment(vfs, storeId, commits);
  return { vfs, segment: new LoggedSegment({ vfs, files: new FilePool(vfs), storeId }, segment) };
}

function archive(vfs: Vfs, source: HistorySource, wants: Wants, number = 1): Archive | undefined {
  const keeps = {
    keepsSpace: (space: number) => wants.spaces.includes(space),
    keepsFeed: (feed: number) => wants.feeds.includes(feed),
  };
  const job = new ArchiveJob(vfs, archiveSpec(archivePath(number), storeId, [source], keeps));
  while (job.step(1) !== "done");
  job.close();
  const written = job.result();
  const { firstSequence, lastSequence, lastTime } = source;
  if (written === undefined) return undefined;
  return openArchive(vfs, { number, firstSequence, lastSequence, lastTime, ...written });
}

/** Everything a source says of a space: rows in order, and the sum of the counts. */
function rowsOf(source: HistorySource, space: number, after = 0): string[] {
  const lines: string[] = [];
  let [sequence, deltas] = [0, 0];
  const note = (of: number, key: string, value: Uint8Array | undefined) => {
    if (of === space && sequence > after) lines.push(`${sequence} ${key} ${value?.toHex() ?? "gone"}`);
  };
  const visitor: RecordVisitor = {
    commit: (next) => {
      sequence = next;
    },
    put: note,
    delete: (of, key) => note(of, key, undefined),
    change: () => {},
    delta: (of, rows) => {
      if (of === space && sequence > after) deltas += rows;
    },
    raise: () => {},
  };
  for (const _ of source.visit(space, after, visitor));
  return [...lines, `${deltas} rows`];
}

function changesOf(source: HistorySource, feed: number, shard: number, limit = 7): string[] {
  const lines: string[] = [];
  let [afterSequence, afterOrdinal] = [0, 0];
  for (;;) {
    const page: ChangeRecord[] = [];
    const wanted = { feed, shard, afterSequence, afterOrdinal, sequenceMax: 2 ** 53, limit };
    source.readChanges(wanted, page);
    for (const { sequence, ordinal, time, space, key, tag, newValue, oldValue } of page) {
      const values = `${newValue?.toHex() ?? "gone"} ${oldValue?.toHex() ?? "none"}`;
      lines.push(`${sequence}/${ordinal} ${time} ${space} ${key} ${tag.toHex()} ${values}`);
    }
    const last = page.at(-1);
    if (last === undefined) return lines;
    ({ sequence: afterSequence, ordinal: afterOrdinal } = last);
  }
}

const all = [1, 2, 3];
const shards = [0, 1];

describe(`archives (SEED=${seed})`, () => {
  test("hold what is wanted of a source, as it was, and nothing else", async () => {
    const random = seededRandom(seed);
    for (let run = 0; run < 40; run++) {
      const commits = randomCommits(random, 1 + Math.floor(random() * 300));
      const source = new ScriptedSource(commits);
      const { vfs, segment } = await segmentOf(commits);
      for (const space of all) expect(rowsOf(segment, space)).toEqual(rowsOf(source, space));
      const wants = { spaces: all.filter(() => random() < 0.5), feeds: [1, 2].filter(() => random() < 0.5) };
      const made = archive(vfs, segment, wants);
      if (made === undefined) {
        expect(wants.spaces.every((space) => !source.contents.spaces.has(space))).toBe(true);
        continue;
      }
      for (const space of wants.spaces) {
        expect(rowsOf(made, space)).toEqual(rowsOf(source, space));
        const after =
          source.firstSequence + Math.floor(random() * (source.lastSequence - source.firstSequence));
        expect(rowsOf(made, space, after)).toEqual(rowsOf(source, space, after));
      }
      for (const feed of [1, 2]) {
        for (const shard of shards) {
          const expected = wants.feeds.includes(feed) ? changesOf(source, feed, shard) : [];
          expect(changesOf(made, feed, shard, 1 + Math.floor(random() * 20))).toEqual(expected);
          const last = expected.at(-1)?.split(" ")[0];
          const end = made.shardEnd(feed, shard);
          expect(end && `${end.lastSequence}/${end.lastOrdinal}`).toBe(last);
        }
      }
      for (const space of made.contents.spaces.keys()) {
        const isThereForFeed = wants.feeds.some((feed) => source.contents.feeds.get(feed)?.has(space));
        expect(wants.spaces.includes(space) || isThereForFeed).toBe(true);
      }
    }
  });

  test("made of archives hold the same", async () => {
    const commits = randomCommits(seededRandom(seed + 1), 400);
    const source = new ScriptedSource(commits);
    const { vfs, segment } = await segmentOf(commits);
    const first = archive(vfs, segment, { spaces: all, feeds: [1, 2] });
    assert(first !== undefined);
    const second = archive(vfs, first, { spaces: [2], feeds: [1] }, 2);
    assert(second !== undefined);
    expect(rowsOf(second, 2)).toEqual(rowsOf(source, 2));
    for (const shard of shards) expect(changesOf(second, 1, shard)).toEqual(changesOf(source, 1, shard));
    expect(second.bytes).toBeLessThan(first.bytes);
  });

  test("with any bit flipped or cut at any byte say so, naming the file, or answer right", async () => {
    const { vfs, segment } = await segmentOf(randomCommits(seededRandom(seed + 2), 25));
    const made = archive(vfs, segment, { spaces: all, feeds: [1, 2] });
    assert(made !== undefined);
    const bytes = readFile(vfs, made.path);
    const read = (from: Archive) => [
      ...all.map((space) => rowsOf(from, space)),
      ...[1, 2].flatMap((feed) => shards.map((shard) => changesOf(from, feed, shard, 100))),
    ];
    const right = read(made);
    const outcome = (changed: Uint8Array): "right" | "refused" => {
      const other = memoryVfs();
      other.makeDirectory("archive");
      const file = other.create(made.path);
      file.write(changed, 0);
      file.close();
      try {
        expect(read(openArchive(other, made.record))).toEqual(right);
        return "right";
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        expect(error).toMatchObject({ file: made.path });
        return "refused";
      }
    };
    const counts = { right: 0, refused: 0 };
    const bits = bytes.length * 8;
    for (let bit = 0; bit < bits; bit += 1 + (bit % 3)) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      counts[outcome(changed)] += 1;
    }
    console.log(`archive of ${bytes.length} bytes: ${JSON.stringify(counts)}`);
    expect(counts.right).toBe(0);
    for (let length = 0; length < bytes.length; length++) {
      expect(outcome(bytes.slice(0, length))).toBe("refused");
    }
  }, 240_000);

  test("in the place of another archive are found out", async () => {
    const random = seededRandom(seed + 3);
    const { vfs, segment } = await segmentOf(randomCommits(random, 50));
    const { vfs: other, segment: otherSegment } = await segmentOf(randomCommits(random, 50));
    const wants = { spaces: all, feeds: [1] };
    const made = archive(vfs, segment, wants);
    const foreign = archive(other, otherSegment, wants);
    assert(made !== undefined && foreign !== undefined);
    const misplaced = openArchive(other, { ...made.record, bytes: foreign.bytes });
    expect(() => rowsOf(misplaced, 1)).toThrow(StorageError);
  });
});
