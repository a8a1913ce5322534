/**
 * The Worker that writes SSTables and archives: a program entry of its own (the compiled binary lists it beside main). It owns no state: it opens files
 * itself, reads memtables in shared memory, and answers with what it wrote. See worker-executor.ts.
 */
import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { ArchiveJob } from "../history/archive-job.ts";
import { imageCursor } from "../memtable/image.ts";
import { diskVfs } from "../vfs/disk.ts";
import { syncDirectory } from "../vfs/sync-directory.ts";
import { CompactionJob } from "./compaction-job.ts";
import { flushJob } from "./flush-job.ts";
import { JobRunner } from "./job-runner.ts";
import {
  toPlainError,
  type WorkerJob,
  type WorkerOutputs,
  type WorkerReply,
  type WorkerRequest,
  type WorkerStart,
} from "./worker-messages.ts";

/** Input per slice: messages are looked at this often, some milliseconds apart. */
const sliceBytes = 1 << 20;

assert(parentPort !== null, "this is the entry of a Worker");
const port = parentPort;
const start = workerData as WorkerStart;
const vfs = diskVfs(start.root);
const pace = new Int32Array(start.pace);
const runner = new JobRunner({
  clock: systemClock,
  sliceBytes,
  bytesPerSecond: () => Atomics.load(pace, 0) * 1024,
});
const cancels = new Map<number, AbortController>();

port.on("message", (request: WorkerRequest) => {
  if (request.kind === "job") void serve(request.id, request.job);
  else cancels.get(request.id)?.abort();
});

async function serve(id: number, job: WorkerJob): Promise<void> {
  const cancel = new AbortController();
  cancels.set(id, cancel);
  let reply: WorkerReply;
  try {
    reply = { id, outputs: await run(job, cancel.signal) };
  } catch (error) {
    reply = { id, error: toPlainError(error) };
  }
  cancels.delete(id);
  port.postMessage(reply);
}

async function run(job: WorkerJob, signal: AbortSignal): Promise<WorkerOutputs> {
  switch (job.kind) {
    case "syncDirectory":
      syncDirectory(vfs, job.directory);
      return { tables: [] };
    case "archive": {
      const archive = await runner.run(new ArchiveJob(vfs, job.spec), { paced: false, signal });
      return archive === undefined ? { tables: [] } : { tables: [], archive };
    }
    case "compact": {
      const { spec, urgency } = job;
      return { tables: await runner.run(new CompactionJob(vfs, spec), { paced: true, signal, urgency }) };
    }
    case "flush": {
      const flush = flushJob(vfs, job.spec, job.memtables.map(imageCursor));
      return { tables: await runner.run(flush, { paced: false, signal }) };
    }
  }
}
