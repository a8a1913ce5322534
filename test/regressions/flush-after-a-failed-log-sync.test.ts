import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { mustPut, put, space } from "../storage/engine/support.ts";
import { CrashVfs } from "../support/crash-vfs.ts";
import { ManualClock } from "../support/manual-clock.ts";

/**
 * In the modes that answer before the sync, a flush syncs the log first. When that sync failed, the flush was tried again half a second
 * later, with another sync: that succeeded, for the kernel had marked the pages as clean, and so the log claimed to be durable where it had
 * a hole. After a power cut the store did not open.
 */
test("a flush whose sync of the log fails is the end: the log is not synced again", async () => {
  const disk = new CrashVfs();
  const clock = new ManualClock();
  const options = { durability: { mode: "off" }, memtableBytesMax: 32 << 10, clock } as const;
  const store = await openStore({ ...options, vfs: disk });
  await store.createSpace(space);
  await mustPut(store, "before", "1");
  disk.failsSync = (path) => path.startsWith("wal/");
  for (let n = 0; store.health().state === "ok" && n < 1_000; n++)
    await put(store, `row-${n}`, "x".repeat(500));
  disk.failsSync = undefined;
  let syncs = 0;
  disk.beforeCall = (call, path) => {
    if (call === "datasync" && path.startsWith("wal/")) syncs += 1;
  };
  expect(store.health().state).toBe("failed");
  clock.advance(10_000);
  expect(await put(store, "after", "1")).toMatchObject({ kind: "unavailable" });
  await store.close();
  expect(syncs).toBe(0);
  // What is lost was never promised; but the store opens.
  const again = await openStore({ ...options, vfs: disk.image("durable", Math.random) });
  expect(again.spaces()).toEqual([space]);
  await again.close();
});
