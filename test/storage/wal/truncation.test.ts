import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { StorageError } from "../../../storage/errors.ts";
import { segmentHeaderBytes, segmentPath } from "../../../storage/wal/format.ts";
import { places, withSeed } from "../formats/effort.ts";
import { fileOf, filesOf, type StoredFiles, withCut } from "../formats/stored-files.ts";
import { rowLog } from "./row-log.ts";
import { outcomeOf, type ScriptedLog } from "./scripted-log.ts";

/** Commits in the frames of the last segment that end at or before `size`, and all before. */
function wholeAt(log: ScriptedLog, size: number): number {
  const { id } = log.writer.segment;
  const whole = log.frames.filter(({ segment, end }) => segment < id || end <= size);
  return whole.at(-1)?.lastSequence ?? 0;
}

/** Where the first byte is missing when zeros take the place of all from `size` on: what was zero is still as it was. */
function firstLost(bytes: Uint8Array, size: number): number {
  const lost = bytes.subarray(size).findIndex((byte) => byte !== 0);
  return lost < 0 ? bytes.length : size + lost;
}

function expectDamage(log: ScriptedLog, outcome: ReturnType<typeof outcomeOf>, path: string): void {
  assert(outcome instanceof StorageError, `${outcome} of ${log.commits.length} commits were shown`);
  expect(outcome).toMatchObject({ kind: "corruption", file: path });
}

describe("a log cut short", () => {
  for (const attested of [false, true]) {
    test(`${attested ? "after an attest" : "unattested"}: at any byte of the open segment, ends with the last whole group`, async () => {
      const log = await rowLog({ commits: 32, rollEvery: 16, attested });
      const files = filesOf(log.vfs);
      const { path, bytes, id } = log.writer.segment;
      expect(id).toBe(2);
      expect(bytes).toBeGreaterThan(4_096);
      const whole = fileOf(files, path);
      let cuts = 0;
      const check = (cut: StoredFiles, kept: number) => {
        cuts += 1;
        const outcome = outcomeOf(cut, log.commits);
        if (kept < segmentHeaderBytes) expectDamage(log, outcome, path);
        else expect(outcome).toBe(wholeAt(log, kept));
      };
      for (let size = 0; size < bytes; size++) {
        check(withCut(files, path, size), size);
        // Not gone, but never written over the zeros ahead.
        check(withCut(files, path, size, bytes + 512), firstLost(whole, size));
      }
      console.log(`${cuts} cuts of an open segment`);
      expect(cuts).toBeGreaterThan(8_000);
    });
  }

  test("at any byte of a sealed segment, is damaged: its successor remembers it", async () => {
    const log = await rowLog({ commits: 8, rollEvery: 3 });
    const files = filesOf(log.vfs);
    let cuts = 0;
    for (const path of [1, 2].map(segmentPath)) {
      const whole = fileOf(files, path);
      for (let size = 0; size < whole.length; size++) {
        expectDamage(log, outcomeOf(withCut(files, path, size), log.commits), path);
        cuts += 1;
        if (firstLost(whole, size) === whole.length) continue;
        expectDamage(log, outcomeOf(withCut(files, path, size, whole.length), log.commits), path);
        cuts += 1;
      }
    }
    console.log(`${cuts} cuts of sealed segments`);
    expect(cuts).toBeGreaterThan(4_500);
  });

  test("at any byte, after the store was closed in order, is damaged: nothing can be torn", async () => {
    const log = await rowLog({ commits: 10 });
    await log.close();
    const files = filesOf(log.vfs);
    const { path, bytes } = log.writer.segment;
    const closed = { closedSegment: 1 };
    expect(outcomeOf(files, log.commits, closed)).toBe(10);
    for (let size = 0; size < bytes; size++) {
      expectDamage(log, outcomeOf(withCut(files, path, size), log.commits, closed), path);
    }
    // The same file, if the manifest does not know of the close: then the footer is only a frame, and can be torn.
    expect(outcomeOf(withCut(files, path, bytes - 1), log.commits)).toBe(10);
  });

  test("at any place of 64 KiB, ends with the last whole group", () =>
    withSeed("cuts of 64 KiB", async () => {
      const log = await rowLog({ commits: 220, valueBytesMax: 200 });
      const files = filesOf(log.vfs);
      const { path, bytes } = log.writer.segment;
      expect(bytes).toBeGreaterThan(64 << 10);
      let cuts = 0;
      for (const size of places(bytes, 2_000)) {
        if (size < segmentHeaderBytes) continue;
        cuts += 1;
        expect(outcomeOf(withCut(files, path, size), log.commits)).toBe(wholeAt(log, size));
      }
      console.log(`${cuts} cuts of ${bytes} bytes`);
      expect(cuts).toBeGreaterThan(1_900);
    }));
});
