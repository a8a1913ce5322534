import { type Clock, systemClock } from "../clock.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { JobExecutor } from "./executor.ts";
import { flushJob } from "./flush-job.ts";
import { JobRunner } from "./job-runner.ts";

/** Input per slice: about half a millisecond of work. */
const sliceBytes = 48 << 10;

/** Runs jobs on this thread in slices of well under a millisecond, with a turn of the event loop between them. */
export function inThreadExecutor(vfs: Vfs, clock: Clock = systemClock): JobExecutor {
  const runner = new JobRunner({ clock, sliceBytes, bytesPerSecond: () => 0 });
  return {
    async flush(spec, memtables) {
      const cursors = memtables.map((memtable) => memtable.cursor(Number.MAX_SAFE_INTEGER));
      const outputs = await runner.run(flushJob(vfs, spec, cursors), { paced: false });
      return outputs[0]?.info;
    },
    async close() {
      runner.close();
    },
  };
}
