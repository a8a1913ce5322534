import type { Worker } from "node:worker_threads";
import { StorageError } from "../errors.ts";
import type { JobExecutor } from "./executor.ts";
import { givenUp } from "./job-runner.ts";
import {
  fromPlainError,
  type WorkerJob,
  type WorkerOutputs,
  type WorkerReply,
  type WorkerRequest,
  type WorkerStart,
} from "./worker-messages.ts";

interface Waiting {
  readonly resolve: (outputs: WorkerOutputs) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Runs jobs in a Worker (started at the first job), which opens the files itself below `root` (`Vfs.root`). A Worker that dies
 * rejects its jobs; the next job starts a new one. An idle Worker does not keep the process alive. `module` is what it runs.
 */
export function workerExecutor(root: string, module: URL = workerModule()): JobExecutor {
  const pace = new SharedArrayBuffer(4);
  let worker: WorkerHandle | undefined;
  let closed = false;
  const run = async (job: WorkerJob, signal?: AbortSignal): Promise<WorkerOutputs> => {
    // Imported when it is first needed, because that takes a while: a start need not wait for it.
    const threads = await import("node:worker_threads");
    if (closed || signal?.aborted === true) throw givenUp();
    if (worker === undefined || worker.dead) {
      const workerData: WorkerStart = { root, pace };
      worker = new WorkerHandle(new threads.Worker(module, { workerData }));
    }
    return worker.run(job, signal);
  };
  return {
    async flush(spec, memtables) {
      const images = memtables.map((memtable) => memtable.image());
      const { tables } = await run({ kind: "flush", spec, memtables: images });
      return tables[0]?.info;
    },
    async compact(spec, { signal, urgency } = {}) {
      return [...(await run({ kind: "compact", spec, urgency }, signal)).tables];
    },
    async archive(spec, signal) {
      return (await run({ kind: "archive", spec }, signal)).archive;
    },
    async syncDirectory(directory) {
      await run({ kind: "syncDirectory", directory });
    },
    pace(bytesPerSecond) {
      const kibPerSecond = bytesPerSecond > 0 ? Math.max(1, Math.round(bytesPerSecond / 1024)) : 0;
      Atomics.store(new Int32Array(pace), 0, Math.min(kibPerSecond, 0x7fff_ffff));
    },
    async close() {
      closed = true;
      await worker?.terminate();
    },
  };
}

/** One Worker and the jobs it has not answered. */
class WorkerHandle {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  dead = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on("message", (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`exit code ${code}`)));
    this.#worker.unref();
  }

  run(job: WorkerJob, signal: AbortSignal | undefined): Promise<WorkerOutputs> {
    const id = ++this.#lastId;
    const outputs = new Promise<WorkerOutputs>((resolve, reject) => {
      this.#post({ kind: "job", id, job });
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
    if (signal === undefined) return outputs;
    const cancel = () => this.#post({ kind: "cancel", id });
    signal.addEventListener("abort", cancel, { once: true });
    return outputs.finally(() => signal.removeEventListener("abort", cancel));
  }

  async terminate(): Promise<void> {
    this.#rejectAll(givenUp());
    this.dead = true;
    await this.#worker.terminate();
  }

  #post(request: WorkerRequest): void {
    this.#worker.postMessage(request);
  }

  #settle(reply: WorkerReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ("error" in reply) waiting?.reject(fromPlainError(reply.error));
    else waiting?.resolve(reply.outputs);
  }

  #die(cause: unknown): void {
    this.dead = true;
    this.#rejectAll(new StorageError("io", `the storage worker died: ${String(cause)}`, { cause }));
  }

  #rejectAll(error: StorageError): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}

/**
 * The Worker's module: beside this one in the source tree; in a compiled binary this module is part of the main bundle, and the other entry
 * point lies below it as it does below the project's root.
 */
function workerModule(): URL {
  const bundled = !import.meta.url.endsWith("/worker-executor.ts");
  return new URL(bundled ? "./storage/compaction/worker.ts" : "./worker.ts", import.meta.url);
}
