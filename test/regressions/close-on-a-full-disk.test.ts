/**
 * Closing a store on a full disk rejected, since the log's footer did not fit, and the server left with a stack trace instead of status 0.
 * Found by system calls that fail (test/system).
 */
import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { mustPut, put, space, text } from "../storage/engine/support.ts";
import { CrashVfs } from "../support/crash-vfs.ts";
import { FaultyVfs } from "../support/faulty-vfs.ts";
import { ManualClock } from "../support/manual-clock.ts";

for (const fault of ["no-space", "short"] as const) {
  for (const durability of [{ mode: "sync" }, { mode: "off" }] as const) {
    test(`a store whose disk is full (${fault}, ${durability.mode}) closes, and all that was acknowledged is durable`, async () => {
      const disk = new CrashVfs();
      const clock = new ManualClock();
      let isFull = false;
      const vfs = new FaultyVfs(disk, ({ call }) => (isFull && call === "write" ? fault : undefined));
      const store = await openStore({ vfs, clock, durability, logFillBytes: 0 });
      await store.createSpace(space);
      await mustPut(store, "a", "1");
      isFull = true;
      expect((await put(store, "a", "2")).kind).toBe("unavailable");
      await store.close();
      const again = await openStore({ vfs: disk.image("durable", Math.random), clock });
      expect(text(await again.get(space, "a"))).toBe("1");
      await mustPut(again, "a", "3");
      await again.close();
    });
  }
}
