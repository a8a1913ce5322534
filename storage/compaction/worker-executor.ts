import { Worker } from "node:worker_threads";
import { StorageError } from "../errors.ts";
import type { JobExecutor } from "./executor.ts";
import type { SSTableOutput } from "./merge-job.ts";
import { fromPlainError, type WorkerReply, type WorkerRequest, type WorkerStart } from "./worker-messages.ts";

interface Waiting {
  readonly resolve: (outputs: SSTableOutput[]) => void;
  readonly reject: (error: Error) => void;
}

type RequestBody = Omit<WorkerRequest, "id">;

/**
 * Runs jobs in a Worker (started at the first job), which opens the files itself below `root` (`Vfs.root`). A Worker that dies
 * rejects its jobs; the next job starts a new one. An idle Worker does not keep the process alive. `module` is what it runs.
 */
export function workerExecutor(root: string, module: URL = workerModule()): JobExecutor {
  let worker: WorkerHandle | undefined;
  let closed = false;
  const run = (body: RequestBody): Promise<SSTableOutput[]> => {
    if (closed) return Promise.reject(new StorageError("closed", "the job was given up"));
    if (worker === undefined || worker.dead) worker = new WorkerHandle(root, module);
    return worker.run(body);
  };
  return {
    async flush(spec, memtables) {
      const images = memtables.map((memtable) => memtable.image());
      const outputs = await run({ kind: "flush", spec, memtables: images });
      return outputs[0]?.info;
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

  constructor(root: string, module: URL) {
    const start: WorkerStart = { root };
    this.#worker = new Worker(module, { workerData: start });
    this.#worker.on("message", (reply: WorkerReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#die(error));
    this.#worker.on("exit", (code) => this.#die(new Error(`exit code ${code}`)));
    this.#worker.unref();
  }

  run(body: RequestBody): Promise<SSTableOutput[]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ ...body, id } satisfies WorkerRequest);
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref();
    });
  }

  async terminate(): Promise<void> {
    this.#rejectAll(new StorageError("closed", "the job was given up"));
    this.dead = true;
    await this.#worker.terminate();
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
