import { expect, test } from "bun:test";
import { systemClock } from "../../storage/clock.ts";
import type { Job, StepResult } from "../../storage/compaction/job.ts";
import { JobRunner } from "../../storage/compaction/job-runner.ts";
import { StorageError } from "../../storage/errors.ts";
import type { VfsFile } from "../../storage/vfs/vfs.ts";

class ShortJob implements Job<string> {
  readonly outputBytes = 0;
  readonly #closes: () => void;
  #steps: number;

  constructor(steps: number, closes: () => void = () => {}) {
    this.#steps = steps;
    this.#closes = closes;
  }

  get file(): VfsFile {
    throw new Error("never asked to sync");
  }

  step(): StepResult {
    return --this.#steps > 0 ? "more" : "done";
  }

  result(): string {
    return "done";
  }

  close(): void {
    this.#closes();
  }
}

/** It was taken out of the queue twice, the second time in the place of the last one: a flush, say, that never came to its end. */
test("a job whose close fails is rejected, and takes no other with it", async () => {
  const runner = new JobRunner({ clock: systemClock, sliceBytes: 1, bytesPerSecond: () => 0 });
  const failing = runner.run(
    new ShortJob(1, () => {
      throw new StorageError("io", "the close failed");
    }),
    { paced: false },
  );
  const other = runner.run(new ShortJob(5), { paced: false });
  await expect(failing).rejects.toMatchObject({ kind: "io" });
  expect(await other).toBe("done");
});
