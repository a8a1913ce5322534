/** The lock of a directory ended when the collector found that nobody could release it any more. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskVfs } from "../../storage/vfs/disk.ts";

test("a lock is held until it is released, or its process ends", async () => {
  const directory = mkdtempSync(join(tmpdir(), "walnut-lock-"));
  try {
    diskVfs(directory).lock("LOCK");
    for (let round = 0; round < 3; round += 1) {
      Bun.gc(true);
      // Finalizers run in turns of their own.
      await Bun.sleep(1);
    }
    const second = Bun.spawnSync([
      process.execPath,
      join(import.meta.dir, "../storage/vfs/lock-holder.ts"),
      directory,
    ]);
    expect(second.stdout.toString()).not.toContain("locked\n");
    expect(second.stderr.toString()).toContain(`in use by process ${process.pid}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
