import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, verifyStore } from "../../../storage/index.ts";
import { planRepair, repair } from "../../../storage/offline/repair.ts";
import { checkRestored, keepHistory, Workload } from "../crash/workload.ts";
import { readFile } from "../sstable/support.ts";

test("verify reads archives, and says what a damaged one takes with it", async () => {
  const vfs = memoryVfs();
  const workload = new Workload(vfs, { historyCheckpointBytes: 2 << 10 });
  await workload.open();
  await workload.setUp();
  await keepHistory(workload.store);
  const [feed] = workload.store.feeds();
  const kept = workload.store.spaces().find((space) => workload.store.history(space) !== undefined);
  await workload.commits(120, 3);
  await workload.settle();
  await workload.store.close();
  const clean = await verifyStore(vfs);
  expect(clean).toMatchObject({ isClean: true, orphans: [] });
  const archives = vfs.list("archive").map((name) => `archive/${name}`);
  expect(clean.kinds.find(({ kind }) => kind === "archive")?.files).toBe(archives.length);
  const [path] = archives;
  assert(path !== undefined, "the run made an archive");
  const bytes = readFile(vfs, path);
  for (const at of [3, 40, bytes.length - 70, bytes.length - 5]) {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 4;
    vfs.unlink(path);
    const file = vfs.create(path);
    file.write(changed, 0);
    file.close();
    const { isClean, kinds } = await verifyStore(vfs);
    expect(isClean).toBe(false);
    const problems = kinds.flatMap((kind) => [...kind.problems]);
    expect(problems).toMatchObject([{ file: path }]);
    expect(problems[0]?.losses).toMatchObject([
      { kind: "changes", feeds: [feed] },
      { kind: "past", space: kept },
    ]);
    expect((await planRepair(vfs)).losses).toEqual([...(problems[0]?.losses ?? [])]);
  }
  const n = workload.acknowledged;
  const report = await repair(vfs);
  expect(report).toMatchObject({ isDone: true, aside: [path] });
  expect(await verifyStore(vfs)).toMatchObject({ isClean: true });
  // Rows are what they were; the feed tells of its gap; what can still be restored is right.
  await workload.open();
  const { store } = workload;
  assert(feed !== undefined && kept !== undefined);
  const { trim, head } = await store.readFeed(feed, 0, "", 1);
  expect(trim > "" && head > trim).toBe(true);
  await store.dropFeed(feed);
  const earliest = store.history(kept)?.earliest ?? 0;
  for (const [k, time] of workload.times) {
    if (time < earliest) continue;
    await checkRestored(store, workload.times, k, n);
  }
  await store.close();
});
