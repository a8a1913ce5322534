import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { mustPut, put, space } from "../storage/engine/support.ts";
import { CrashVfs } from "../support/crash-vfs.ts";

/**
 * The sync of sst/ by a flush failed, and the flush was tried again under another name. But the failed sync had also lost the entry of a file
 * that a compaction was about to name: that one's own sync of the directory succeeded, having nothing to do, and after a power cut the
 * manifest named a file that was missing. (Found by crash/lying-page-cache.test.ts.)
 */
test("a failed sync of the SSTables' directory is the end of the store", async () => {
  const disk = new CrashVfs();
  const options = { memtableBytesMax: 32 << 10 };
  const store = await openStore({ ...options, vfs: disk });
  await store.createSpace(space);
  await mustPut(store, "before", "1");
  let failures = 0;
  disk.failsSync = (path) => path === "sst" && failures++ === 0;
  for (let n = 0; store.health().state === "ok" && n < 1_000; n++)
    await put(store, `row-${n}`, "x".repeat(500));
  expect(store.health().state).toBe("failed");
  expect(store.health().cause).toContain("sst: the sync failed");
  expect(await put(store, "after", "1")).toMatchObject({ kind: "unavailable" });
  await store.close();
  expect(failures).toBe(1);
  const again = await openStore({ ...options, vfs: disk.image("durable", Math.random) });
  expect(await again.get(space, "before")).toBeDefined();
  await again.close();
});
