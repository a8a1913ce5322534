import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { StorageError } from "../../../storage/errors.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { segmentHeaderBytes } from "../../../storage/wal/format.ts";
import { volume } from "../formats/effort.ts";
import { fileOf, filesOf, withFile } from "../formats/stored-files.ts";
import { rowCommit } from "./row-log.ts";
import { outcomeOf, ScriptedLog } from "./scripted-log.ts";

/** As in a store that acknowledges before the sync: appends and syncs in any order. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant("append" as const) },
  { weight: 2, arbitrary: fc.constant("sync" as const) },
  { weight: 1, arbitrary: fc.constant("attest" as const) },
);
/** A stretch of bytes that the disk lost or never wrote; `from` and `length` are fractions of the file. */
const damage = fc.record({
  from: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  bytes: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 1_500 })),
  fill: fc.constantFrom("zeros", "noise"),
});

function damaged(
  whole: Uint8Array,
  { from, bytes, fill }: { from: number; bytes: number; fill: string },
): Uint8Array {
  const start = segmentHeaderBytes + Math.floor(from * (whole.length - segmentHeaderBytes));
  const copy = whole.slice();
  for (let at = start; at < Math.min(copy.length, start + bytes); at++) {
    copy[at] = fill === "zeros" ? 0 : (copy[at] ?? 0) ^ (1 + ((at * 7) % 255));
  }
  return copy;
}

/** The rule, told frame by frame: the first bad frame is torn unless a later whole one says that it was durable. */
function ruleSays(log: ScriptedLog, whole: Uint8Array, copy: Uint8Array): number | "damaged" {
  const isWhole = ({ offset, end }: { offset: number; end: number }) =>
    Buffer.compare(whole.subarray(offset, end), copy.subarray(offset, end)) === 0;
  const bad = log.frames.find((frame) => !isWhole(frame));
  if (bad === undefined) return log.commits.length;
  const later = log.frames.filter(({ offset, end }) => {
    // The header alone is a witness: it has a checksum of its own.
    const header = { offset, end: offset + 48 };
    return offset > bad.offset && end > offset && isWhole(header);
  });
  if (later.some(({ syncedUpTo }) => syncedUpTo > bad.offset)) return "damaged";
  return log.frames.filter(({ end }) => end <= bad.offset).at(-1)?.lastSequence ?? 0;
}

test("damage anywhere is judged by what later frames say was durable", async () => {
  const seen = { damaged: 0, torn: 0, whole: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 14, size: "max" }),
      damage,
      async (steps, hurt) => {
        const log = new ScriptedLog(memoryVfs(), { mode: "off" });
        log.vfs.makeDirectory("sst");
        for (const next of steps) {
          if (next === "append") log.append([rowCommit(log.commits.length + 1)]);
          else if (next === "sync") await log.sync();
          else log.attest();
        }
        const files = filesOf(log.vfs);
        const { path } = log.writer.segment;
        const whole = fileOf(files, path);
        const copy = damaged(whole, hurt);
        const outcome = outcomeOf(withFile(files, path, copy), log.commits);
        const rule = ruleSays(log, whole, copy);
        if (rule === "damaged") {
          seen.damaged += 1;
          assert(outcome instanceof StorageError, `${outcome} commits were shown`);
          expect(outcome).toMatchObject({ kind: "corruption", file: path });
        } else {
          if (rule < log.commits.length) seen.torn += 1;
          else seen.whole += 1;
          expect(outcome).toBe(rule);
        }
      },
    ),
    { numRuns: 1_500 * volume },
  );
  console.log(JSON.stringify(seen));
  // Each side of the rule was met often enough to be believed.
  expect(seen.damaged).toBeGreaterThan(150 * volume);
  expect(seen.torn).toBeGreaterThan(150 * volume);
});
