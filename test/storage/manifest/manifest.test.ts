import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ManifestEdit } from "../../../storage/manifest/edit.ts";
import { manifestPath } from "../../../storage/manifest/format.ts";
import { Manifest } from "../../../storage/manifest/manifest.ts";
import { readManifestAfter, readManifestFile } from "../../../storage/manifest/reader.ts";
import { ManifestState } from "../../../storage/manifest/state.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { delayingVfs } from "../../support/delaying-vfs.ts";
import { volume } from "../formats/effort.ts";
import { describeState, editFor, editKinds, wish } from "./arbitrary-edits.ts";
import { manifestOptions, newManifest, readBack, someRecords, writeManifest } from "./support.ts";

describe("the manifest", () => {
  test("says again what it was told, over rolls and restarts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(wish, { minLength: 1, maxLength: 4 }), { maxLength: 25, size: "max" }),
        fc.nat(25),
        fc.constantFrom(300, 64 << 10),
        async (records, restartAt, rollBytesMin) => {
          const vfs = memoryVfs();
          let manifest = await newManifest(vfs, { rollBytesMin });
          const model = new ManifestState();
          for (const [index, wishes] of records.entries()) {
            const edits: ManifestEdit[] = [];
            for (const wanted of wishes) {
              const edit = editFor(model, wanted);
              if (edit === undefined) continue;
              assert.equal(model.apply(edit), undefined);
              edits.push(edit);
            }
            await manifest.commit(edits);
            expect(describeState(manifest.state)).toEqual(describeState(model));
            if (index !== restartAt) continue;
            await manifest.close();
            manifest = await Manifest.open(manifestOptions(vfs, { rollBytesMin }), readBack(vfs));
            model.closedSegment = 0;
          }
          await manifest.close();
          // A roll leaves out the close: that is only true of a store at rest.
          const read = readBack(vfs).state;
          expect(read.snapshot()).toEqual(model.snapshot());
          expect([0, model.closedSegment]).toContain(read.closedSegment);
          manifest.removeLeftovers();
          const inForce = readBack(vfs).number;
          const kept = [inForce - 1, inForce].filter((number) => number > 0).map(manifestPath);
          expect(vfs.list("")).toEqual(["CURRENT", ...kept]);
          if (inForce === 1) return;
          // What the one before says in the end, and the records behind the first: what a repair relies on.
          const rebuilt = readManifestAfter(vfs, readManifestFile(vfs, inForce - 1));
          expect(rebuilt.state.snapshot()).toEqual(model.snapshot());
          expect(rebuilt.state.closedSegment).toBe(read.closedSegment);
        },
      ),
      { numRuns: 150 * volume },
    );
  });

  test("rebuilds a state from its snapshot", () => {
    const tried = new Set<string>();
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 60, size: "max" }), (wishes) => {
        const state = new ManifestState();
        for (const wanted of wishes) {
          const edit = editFor(state, wanted);
          if (edit === undefined) continue;
          assert.equal(state.apply(edit), undefined);
          tried.add(edit.kind);
        }
        const rebuilt = new ManifestState();
        for (const edit of state.snapshot()) assert.equal(rebuilt.apply(edit), undefined);
        expect(rebuilt.snapshot()).toEqual(state.snapshot());
        for (let number = 0; number <= state.nextSpace; number++) {
          expect(rebuilt.spaceId(number)).toBe(state.spaceId(number));
        }
        const { nextSpace, nextFeed, nextTable, replayAfter, logFloor, trim } = state;
        expect(rebuilt).toMatchObject({ nextSpace, nextFeed, nextTable, replayAfter, logFloor, trim });
      }),
      { numRuns: 200 * volume },
    );
    expect([...tried].sort()).toEqual(editKinds.toSorted());
  });

  test("lets the edits that come during a sync share the next one", async () => {
    const vfs = delayingVfs(memoryVfs());
    const manifest = await newManifest(vfs);
    const before = vfs.syncs;
    const create = () =>
      manifest.commit([{ kind: "spaceCreated", id: crypto.randomUUID(), number: manifest.reserveSpace() }]);
    vfs.hold();
    const first = create();
    await new Promise((resolve) => setImmediate(resolve));
    const later = Array.from({ length: 19 }, create);
    expect(readBack(vfs).state.spaces.size).toBe(1);
    expect(manifest.state.spaces.size).toBe(0);
    vfs.release();
    await Promise.all([first, ...later]);
    expect(vfs.syncs - before).toBe(2);
    await manifest.close();
    expect(readBack(vfs).state.spaces.size).toBe(20);
  });

  test("refuses edits that do not fit the state, when told and when read", async () => {
    const wrong: ManifestEdit[] = [
      { kind: "spaceDropped", number: 7, at: 1 },
      { kind: "feedClosed", number: 7 },
      { kind: "feedDropped", number: 7 },
      { kind: "tableRemoved", space: 1, number: 7 },
      { kind: "flushed", space: 7, point: { sequence: 1, rows: 1, bytes: 1, generation: 1 } },
      { kind: "spaceCreated", id: crypto.randomUUID(), number: 1 },
      { kind: "feedCreated", id: crypto.randomUUID(), number: 1, shards: 1, oldValues: false, since: 0 },
    ];
    for (const edit of wrong) {
      const vfs = memoryVfs();
      const failures: Error[] = [];
      const manifest = await newManifest(vfs, { onFailure: (error) => failures.push(error) });
      for (const edits of someRecords.slice(0, 3)) await manifest.commit(edits);
      await expect(manifest.commit([edit])).rejects.toMatchObject({ kind: "usage" });
      expect(failures).toMatchObject([{ kind: "usage" }]);
      await expect(manifest.commit([])).rejects.toThrow();
      await manifest.close();
      expect(() => readBack(vfs)).toThrow(
        expect.objectContaining({ kind: "corruption", file: "MANIFEST-0000000001" }),
      );
    }
  });

  test("accepts nothing after its close", async () => {
    const manifest = await newManifest(memoryVfs());
    await manifest.close();
    await manifest.close();
    await expect(manifest.commit([])).rejects.toMatchObject({ kind: "closed" });
  });

  test("starts a new file at every start, and keeps the one before, but none older", async () => {
    const vfs = memoryVfs();
    await writeManifest(vfs, someRecords);
    const old = readBack(vfs);
    const manifest = await Manifest.open(manifestOptions(vfs), readBack(vfs));
    expect(vfs.list("")).toEqual(["CURRENT", "MANIFEST-0000000001", "MANIFEST-0000000002"]);
    manifest.removeLeftovers();
    await manifest.close();
    const second = await Manifest.open(manifestOptions(vfs), readBack(vfs));
    second.removeLeftovers();
    await second.close();
    expect(vfs.list("")).toEqual(["CURRENT", "MANIFEST-0000000002", "MANIFEST-0000000003"]);
    expect(readBack(vfs).state.snapshot()).toEqual(old.state.snapshot());
    expect([old.state.closedSegment, readBack(vfs).state.closedSegment]).toEqual([3, 0]);
  });
});
