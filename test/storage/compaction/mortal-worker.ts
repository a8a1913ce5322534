/** The storage Worker, but one that can be made to die: jobs for "exit.sst" and "throw.sst" are fatal. */
import { parentPort } from "node:worker_threads";
import "../../../storage/compaction/worker.ts";
import type { WorkerRequest } from "../../../storage/compaction/worker-messages.ts";

parentPort?.on("message", (request: WorkerRequest) => {
  if (request.kind !== "job" || request.job.kind !== "flush") return;
  const { path } = request.job.spec;
  if (path === "exit.sst") process.exit(3);
  if (path === "throw.sst") throw new Error("a fatal job");
});
