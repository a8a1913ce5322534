import { expect, test } from "bun:test";
import { openStore, readStoreStats, verifyStore } from "../../../storage/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { vfsOf } from "../formats/stored-files.ts";
import { knownStore, spaces } from "./known-store.ts";

for (const ending of ["closed", "killed"] as const) {
  test(`the statistics of a store that was ${ending} are those that it has when it is opened`, async () => {
    const known = await knownStore(ending);
    const vfs = vfsOf(known.files);
    const stats = await readStoreStats(vfs);
    expect(stats).toMatchObject({ isClosed: ending === "closed", problems: 0 });
    expect(stats.lastSequence).toBe(known.changes.at(-1)?.sequence ?? 0);
    expect(stats.spaces.map(({ id }) => id)).toEqual([...spaces]);
    expect(stats.checkpoints.map(({ id }) => id)).toEqual([known.checkpoint]);
    expect(stats.feeds[0]?.shards[0]?.records).toBe(known.changes.length);
    const { kinds } = await verifyStore(vfs);
    const bytesOf = (kind: string) => kinds.find((report) => report.kind === kind)?.bytes;
    expect(stats.segments.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(bytesOf("log") ?? 0);
    const store = await openStore({ vfs, clock: new ManualClock(), compaction: false });
    for (const { id, rows, bytes, levels, fileBytes, amplification } of stats.spaces) {
      expect({ rows, bytes }).toEqual(store.stats(id));
      expect(levels.length).toBeGreaterThan(1);
      expect(levels.reduce((sum, level) => sum + level.bytes, 0)).toBe(fileBytes);
      expect(amplification).toBeGreaterThan(1);
    }
    await store.close();
  });
}
