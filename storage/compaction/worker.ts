/**
 * The Worker that writes SSTables: a program entry of its own (the compiled binary lists it beside main). It owns no state: it opens files
 * itself, reads memtables in shared memory, and answers with what it wrote. See worker-executor.ts.
 */
import assert from "node:assert/strict";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { imageCursor } from "../memtable/image.ts";
import { diskVfs } from "../vfs/disk.ts";
import { flushJob } from "./flush-job.ts";
import { JobRunner } from "./job-runner.ts";
import { toPlainError, type WorkerReply, type WorkerRequest, type WorkerStart } from "./worker-messages.ts";

/** Input per slice: messages are looked at this often, some milliseconds apart. */
const sliceBytes = 1 << 20;

assert(parentPort !== null, "this is the entry of a Worker");
const port = parentPort;
const { root } = workerData as WorkerStart;
const vfs = diskVfs(root);
const runner = new JobRunner({ clock: systemClock, sliceBytes, bytesPerSecond: () => 0 });

port.on("message", (request: WorkerRequest) => void serve(request));

async function serve(request: WorkerRequest): Promise<void> {
  let reply: WorkerReply;
  try {
    const job = flushJob(vfs, request.spec, request.memtables.map(imageCursor));
    reply = { id: request.id, outputs: await runner.run(job, { paced: false }) };
  } catch (error) {
    reply = { id: request.id, error: toPlainError(error) };
  }
  port.postMessage(reply);
}
