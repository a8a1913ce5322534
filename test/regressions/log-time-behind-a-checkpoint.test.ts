import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { mustPut, put, space } from "../storage/engine/support.ts";
import { CrashVfs } from "../support/crash-vfs.ts";
import { ManualClock } from "../support/manual-clock.ts";

/**
 * A checkpoint carries the log time of its instant, which no frame of the log need carry. After a crash with a clock that was set back, log
 * time went on from the last frame: from before the checkpoint. The past that was kept began later than it ended. (Simulation, seed 20123.)
 */
test("log time does not fall behind a checkpoint", async () => {
  const disk = new CrashVfs();
  const clock = new ManualClock();
  const store = await openStore({ vfs: disk, clock });
  await store.createSpace(space);
  await mustPut(store, "a", "1");
  clock.advance(1_000);
  await store.keepHistory(space, 1e9);
  clock.advance(-2_000);
  const again = await openStore({ vfs: disk.image("durable", Math.random), clock });
  const { earliest, latest } = again.history(space) ?? { earliest: 1, latest: 0 };
  expect(latest).toBeGreaterThanOrEqual(earliest);
  const outcome = await put(again, "a", "2");
  expect(outcome.kind === "committed" && outcome.time).toBeGreaterThanOrEqual(earliest);
  await again.restore({ time: latest }, new Map([[space, crypto.randomUUID()]]));
  await again.close();
  await store.close();
});
