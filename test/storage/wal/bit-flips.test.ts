import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { segmentHeaderBytes } from "../../../storage/wal/format.ts";
import { places, withSeed } from "../formats/effort.ts";
import { fileOf, filesOf, withFlip } from "../formats/stored-files.ts";
import { type RowLogOptions, rowLog } from "./row-log.ts";
import { outcomeOf, type ScriptedLog } from "./scripted-log.ts";

interface Counts {
  flips: number;
  /** The log was refused as damaged. */
  refused: number;
  /** Its last group was taken for torn. */
  cut: number;
  /** Every commit was shown. */
  harmless: number;
}

/**
 * What one flipped bit of the file at `path` must lead to. Only the last group, and only while nothing says that it is durable, may be
 * taken for torn; only where there is no commit may damage pass.
 */
function expectedOutcome(log: ScriptedLog, path: string, byte: number): "refused" | number {
  const { segment } = log.writer;
  if (path !== segment.path || segment.sealed || byte < segmentHeaderBytes) return "refused";
  const frames = log.frames.filter((frame) => frame.segment === segment.id);
  const hit = frames.find(({ end }) => byte < end);
  const before = frames.filter(({ end }) => end <= (hit?.offset ?? segment.bytes)).at(-1);
  const isAttested = frames.some(
    ({ offset, syncedUpTo }) => offset > byte && syncedUpTo > (hit?.offset ?? 0),
  );
  if (hit !== undefined && isAttested) return "refused";
  return before?.lastSequence ?? log.commits.length;
}

async function tryFlips(log: ScriptedLog, usual: number, closedSegment = 0): Promise<Counts> {
  const files = filesOf(log.vfs);
  const counts = { flips: 0, refused: 0, cut: 0, harmless: 0 };
  for (const [path, bytes] of files) {
    for (const bit of places(bytes.length * 8, usual)) {
      await withFlip(files, path, bit, (flipped) => {
        const outcome = outcomeOf(flipped, log.commits, { closedSegment });
        const expected = expectedOutcome(log, path, bit >> 3);
        const isRight = outcome instanceof StorageError ? expected === "refused" : expected === outcome;
        assert(isRight, `bit ${bit} of ${path}: ${outcome}, not ${expected}`);
        counts.flips += 1;
        if (outcome instanceof StorageError) {
          expect(outcome).toMatchObject({ kind: "corruption", file: path });
          counts.refused += 1;
        } else if (outcome === log.commits.length) counts.harmless += 1;
        else counts.cut += 1;
      });
    }
  }
  console.log(JSON.stringify(counts));
  return counts;
}

const every = Number.POSITIVE_INFINITY;

describe("a log with one bit flipped", () => {
  const open: Omit<RowLogOptions, "attested"> = { commits: 14, rollEvery: 5 };

  test("unattested: only the last group may be lost, all other damage is refused", async () => {
    const counts = await tryFlips(await rowLog(open), every);
    expect(counts.flips).toBeGreaterThan(30_000);
    expect(counts.cut).toBeGreaterThan(1_000);
    expect(counts.harmless).toBe(0);
  });

  test("attested: no commit may be lost", async () => {
    const counts = await tryFlips(await rowLog({ ...open, attested: true }), every);
    expect(counts.flips).toBeGreaterThan(30_000);
    expect(counts.cut).toBe(0);
    // The attest frame itself is no loss.
    expect(counts.harmless).toBe(48 * 8);
  });

  test("with zeros ahead: these may be anything", async () => {
    const counts = await tryFlips(await rowLog({ commits: 3, attested: true, fill: 600 }), every);
    expect(counts.cut).toBe(0);
    expect(counts.harmless).toBeGreaterThan(48 * 8 + 1_000);
  });

  test("closed in order: nothing may be lost, and no bit passes unnoticed", async () => {
    const log = await rowLog(open);
    await log.close();
    const counts = await tryFlips(log, every, 3);
    expect(counts.flips).toBeGreaterThan(30_000);
    expect(counts.refused).toBe(counts.flips);
  });

  test("64 KiB long: the same, at seeded places", () =>
    withSeed("flips in 64 KiB", async () => {
      const log = await rowLog({ commits: 220, attested: true, valueBytesMax: 200 });
      expect(fileOf(filesOf(log.vfs), log.writer.segment.path).length).toBeGreaterThan(64 << 10);
      const counts = await tryFlips(log, 4_000);
      expect(counts.flips).toBeGreaterThanOrEqual(4_000);
      expect(counts.cut).toBe(0);
      expect(counts.harmless).toBeLessThan(counts.flips / 100);
    }));
});
