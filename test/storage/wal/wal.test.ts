import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { Bytes, readFrame } from "../../../storage/frame.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { segmentPath } from "../../../storage/wal/format.ts";
import { type ChangeRecord, readChanges } from "../../../storage/wal/records.ts";
import { readFile } from "../sstable/support.ts";
import { group } from "./arbitrary-commits.ts";
import {
  type LoggedCommit,
  type LoggedRecord,
  readLog,
  ScriptedLog,
  type WrittenFrame,
} from "./scripted-log.ts";

const runs = 300 * Number(process.env["VOLUME"] ?? 1);

function put(key: string, value: Uint8Array, space = 1): LoggedRecord {
  return { kind: "put", space, key, value };
}

function commitOf(...records: LoggedRecord[]): LoggedCommit {
  return { later: 1, records };
}

/** Every change record of a frame, whatever feed it belongs to. */
function changesOf(
  vfs: Vfs,
  log: ScriptedLog,
  { segment, offset }: WrittenFrame,
  feeds: readonly (readonly [number, number])[],
): ChangeRecord[] {
  const path = segmentPath(segment);
  const bytes = new Bytes(readFile(vfs, path));
  const frame = readFrame(bytes, offset, log.writer.segment.salt);
  assert(typeof frame !== "string", "the frame is whole");
  const found: ChangeRecord[] = [];
  for (const [feed, shard] of feeds) {
    const wanted = { feed, shard, afterSequence: 0, afterOrdinal: 0, sequenceMax: Number.MAX_SAFE_INTEGER };
    readChanges(bytes, frame, path, { ...wanted, limit: found.length + 1_000 }, found);
  }
  return found;
}

describe("the log", () => {
  test("says again what was written, in order, whatever the records are", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(group, { maxLength: 5 }),
        fc.nat(3),
        fc.constantFrom(0, 512),
        async (groups, rollAt, fill) => {
          const vfs = memoryVfs();
          const log = new ScriptedLog(vfs, { fill });
          for (const [index, commits] of groups.entries()) {
            log.append(commits);
            await log.sync();
            if (index === rollAt) await log.roll();
          }
          await log.close();
          const closedSegment = log.writer.segment.id;
          const { log: recovered, commits } = readLog(vfs, { closedSegment });
          expect(commits).toEqual(log.commits);
          expect(recovered.clean).toBe(true);
          expect(recovered.tornBytes).toBe(0);
          expect(recovered.segments.at(-1)?.lastSequence).toBe(log.commits.length);
        },
      ),
      { numRuns: runs },
    );
  });

  test("resolves each change record to its row, its tag and the old value its feed wants", () => {
    fc.assert(
      fc.property(group, (commits) => {
        const vfs = memoryVfs();
        const log = new ScriptedLog(vfs);
        const start = log.time + (commits[0]?.later ?? 0);
        const frame = log.append(commits);
        const expected: ChangeRecord[] = [];
        let time = start - (commits[0]?.later ?? 0);
        for (const [index, { later, records }] of commits.entries()) {
          time += later;
          const rows = records.filter((record) => record.kind === "put" || record.kind === "delete");
          let ordinal = 0;
          for (const record of records) {
            if (record.kind !== "change") continue;
            const row = rows[record.row];
            assert(row !== undefined, "a change has a row");
            expected.push({
              sequence: index + 1,
              ordinal: ordinal++,
              time,
              feed: record.feed,
              shard: record.shard,
              space: row.space,
              key: row.key,
              tag: record.tag,
              newValue: row.kind === "put" ? row.value : undefined,
              oldValue: record.wantsOld ? record.old : undefined,
              wantsOld: record.wantsOld,
            });
          }
        }
        const feeds = [
          ...new Map(
            expected.map(({ feed, shard }) => [`${feed}/${shard}`, [feed, shard] as const]),
          ).values(),
        ];
        const inOrder = feeds.flatMap(([feed, shard]) =>
          expected.filter((change) => change.feed === feed && change.shard === shard),
        );
        const plain = ({ tag, newValue, oldValue, ...rest }: ChangeRecord) => ({
          ...rest,
          tag: Buffer.from(tag).toString("hex"),
          newValue: newValue === undefined ? undefined : Buffer.from(newValue).toString("hex"),
          oldValue: oldValue === undefined ? undefined : Buffer.from(oldValue).toString("hex"),
        });
        expect(changesOf(vfs, log, frame, feeds).map(plain)).toEqual(inOrder.map(plain));
      }),
      { numRuns: runs },
    );
  });

  test("stores a value once per commit, apart from the head in which its copies differ", () => {
    const value = new Uint8Array(2_000).fill(7);
    const otherHead = value.slice();
    otherHead.fill(9, 0, 16);
    const otherTail = value.slice();
    otherTail[16] = 9;
    const sizes = [value, value.slice(), otherHead, otherTail].map((second) => {
      const log = new ScriptedLog(memoryVfs());
      const { offset, end } = log.append([commitOf(put("base", value), put("index", second, 2))]);
      return end - offset;
    });
    const [same = 0, equal = 0, head = 0, tail = 0] = sizes;
    expect(same).toBeLessThan(2_150);
    expect(equal).toBeLessThan(2_150);
    expect(head).toBeLessThan(2_150);
    expect(tail).toBeGreaterThan(4_000);
  });

  test("never shares a value between two commits: each can be cut off alone", () => {
    const value = new Uint8Array(2_000).fill(7);
    const log = new ScriptedLog(memoryVfs());
    const { offset, end } = log.append([commitOf(put("a", value)), commitOf(put("b", value))]);
    expect(end - offset).toBeGreaterThan(4_000);
  });

  test("takes zeros written ahead for what they are", async () => {
    const vfs = memoryVfs();
    const log = new ScriptedLog(vfs, { fill: 4096 });
    log.append([commitOf(put("a", new Uint8Array(100)))]);
    await log.sync();
    log.writer.abandon();
    expect(readFile(vfs, segmentPath(1)).length).toBeGreaterThan(4096);
    const { log: recovered, commits } = readLog(vfs);
    expect(commits).toEqual(log.commits);
    expect(recovered).toMatchObject({ clean: false, tornBytes: 0 });
  });
});
