import { expect, test } from "bun:test";
import type { CheckpointRecord, ManifestEdit, TableRecord } from "../../../storage/manifest/edit.ts";
import { ManifestState } from "../../../storage/manifest/state.ts";

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const table: TableRecord = {
  ...{ space: 1, level: 0, number: 1, bytes: 9, hash: "", entries: 1, tombstones: 0 },
  ...{ smallest: "a", largest: "b", sequenceMin: 1, sequenceMax: 1, keyBytes: 1, valueBytes: 1 },
};
const checkpoint: CheckpointRecord = { id: "c", sequence: 1, time: 1, spaces: [] };
const archive = {
  ...{ number: 2, bytes: 1, crc: 1, firstSequence: 1, lastSequence: 1, lastTime: 1 },
  contents: { spaces: [], feeds: [] },
};

const taken: readonly ManifestEdit[] = [
  { kind: "spaceCreated", id: id(1), number: 1 },
  { kind: "feedCreated", id: id(2), number: 1, shards: 1, oldValues: false, since: 0 },
  { kind: "tableAdded", table },
  { kind: "checkpointAdded", checkpoint },
  { kind: "archiveAdded", archive },
];

/** Edits that do not fit, each with what is wrong with it. */
const refused: readonly (readonly [ManifestEdit, string])[] = [
  [{ kind: "spaceCreated", id: id(3), number: 1 }, "space number 1 was given out before"],
  [{ kind: "spaceDropped", number: 7, at: 1 }, "no space 7"],
  [{ kind: "tableAdded", table: { ...table, space: 7 } }, "no space 7"],
  [{ kind: "tableAdded", table }, "SSTable 1 is there already"],
  [{ kind: "tableAdded", table: { ...table, number: 3, level: 64 } }, "no level 64"],
  [{ kind: "tableMoved", space: 1, number: 1, level: -1 }, "no level -1"],
  [{ kind: "tableRemoved", space: 1, number: 7 }, "no SSTable 7"],
  [{ kind: "loaded", space: 7, rows: 1, bytes: 1 }, "no space 7"],
  [{ kind: "feedClosed", number: 7 }, "no feed 7"],
  [{ kind: "checkpointAdded", checkpoint }, "checkpoint c is there already"],
  [{ kind: "checkpointReleased", id: "d" }, "no checkpoint d"],
  [{ kind: "archiveAdded", archive }, "archive 2 is there already"],
  [{ kind: "archiveRemoved", number: 7 }, "no archive 7"],
  [{ kind: "historyKept", space: 7, retentionMs: 1 }, "no space 7"],
];

for (const [edit, problem] of refused) {
  test(`${JSON.stringify(edit)} does not fit: ${problem}`, () => {
    const state = new ManifestState();
    for (const each of taken) expect(state.apply(each)).toBeUndefined();
    expect(state.apply(edit)).toContain(problem);
  });
}
