import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { mustPut, space, text, until } from "../storage/engine/support.ts";
import { CrashVfs } from "../support/crash-vfs.ts";

/**
 * The edit that adds a checkpoint failed in its sync, but was on the disk all the same. The failed store removed the SSTables that only this
 * checkpoint needed, and after a restart the manifest named files that were missing: the store did not open.
 */
test("a store that has failed removes no file that the edit which failed may name", async () => {
  const disk = new CrashVfs();
  const options = { vfs: disk, memtableBytesMax: 32 << 10, compaction: false };
  const store = await openStore(options);
  const other = "00000000-0000-4000-8000-00000000000b";
  await store.createSpace(space);
  await store.createSpace(other);
  for (let n = 0; n < 60; n++) await mustPut(store, `row-${n}`, "x".repeat(500));
  await until(() => store.counters().flushes > 0, "a flush");
  for (let n = 0; n < 10; n++) await mustPut(store, `row-${n}`, "y", other);
  let isDropped = false;
  disk.failsSync = (path) => isDropped && path.startsWith("MANIFEST");
  const checkpoint = store.checkpoint([space, other]).catch((error: unknown) => error);
  await store.dropSpace(space);
  isDropped = true;
  expect(await checkpoint).toMatchObject({ kind: "io" });
  expect(store.health().state).toBe("failed");
  await store.close();

  disk.failsSync = undefined;
  const again = await openStore(options);
  const [info] = again.checkpoints();
  if (info === undefined) throw new Error("the edit was to be on the disk: the test tests nothing");
  const copy = crypto.randomUUID();
  await again.restore(info, new Map([[space, copy]]));
  expect(text(await again.get(copy, "row-0"))).toBe("x".repeat(500));
  await again.close();
});
