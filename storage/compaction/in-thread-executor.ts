import type { Clock } from "../clock.ts";
import { ArchiveJob } from "../history/archive-job.ts";
import { syncDirectory } from "../vfs/sync-directory.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { CompactionJob } from "./compaction-job.ts";
import type { JobExecutor } from "./executor.ts";
import { flushJob } from "./flush-job.ts";
import { JobRunner } from "./job-runner.ts";

/** Input per slice: about half a millisecond of work. */
const sliceBytes = 48 << 10;

/** Runs jobs on this thread in slices of well under a millisecond, with a turn of the event loop between them. */
export function inThreadExecutor(vfs: Vfs, clock: Clock): JobExecutor {
  let bytesPerSecond = 0;
  const runner = new JobRunner({ clock, sliceBytes, bytesPerSecond: () => bytesPerSecond });
  return {
    async flush(spec, memtables) {
      const cursors = memtables.map((memtable) => memtable.cursor(Number.MAX_SAFE_INTEGER));
      const outputs = await runner.run(flushJob(vfs, spec, cursors), { paced: false });
      return outputs[0]?.info;
    },
    async compact(spec, control) {
      return runner.run(new CompactionJob(vfs, spec), { paced: true, ...control });
    },
    async archive(spec, signal) {
      return runner.run(new ArchiveJob(vfs, spec), { paced: false, signal });
    },
    async syncDirectory(directory) {
      syncDirectory(vfs, directory);
    },
    pace(rate) {
      if (rate === bytesPerSecond) return;
      bytesPerSecond = rate;
      runner.wake();
    },
    async close() {
      runner.close();
    },
  };
}
