/** Walnut with its counters: what reaches the disk for one request. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../support/process.ts";
import { prepare, ROOT } from "../support/subjects.ts";
import { workloadOf } from "../support/workloads.ts";
import type { Counted } from "./counted-server.ts";
import { closedLoop } from "./generators.ts";

export interface CountedServer {
  readonly pid: number;
  readonly endpoint: string;
  counters(): Promise<Counted>;
  /** Stops it and removes its data. */
  stop(): Promise<void>;
}

/** Starts a server with counters on an empty directory; `memtableBytes`: the default's unless given. */
export async function startCounted(memtableBytes?: number): Promise<CountedServer> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
  const { pid, endpoint, stop } = await startProcess([
    process.execPath,
    join(ROOT, "bench/http/counted-server.ts"),
    join(directory, "data"),
    ...(memtableBytes === undefined ? [] : [String(memtableBytes)]),
  ]);
  return {
    pid,
    endpoint,
    counters: async () => (await (await fetch(`${endpoint}/_counters`)).json()) as Counted,
    stop: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export interface LogUse {
  /** fdatasync calls per request, and requests that share one. */
  readonly syncsPerRequest: number;
  readonly requestsPerSync: number;
  readonly logBytesPerRequest: number;
}

/** What a workload's requests cost the log, all its connections busy. */
export async function logUse(workload: string, seconds: number): Promise<LogUse> {
  const server = await startCounted();
  try {
    await prepare(workloadOf(workload), server.endpoint);
    const before = await server.counters();
    const { requests } = await closedLoop(server.endpoint, workload, seconds);
    const after = await server.counters();
    const syncs = after.logSyncs - before.logSyncs;
    return {
      syncsPerRequest: syncs / requests,
      requestsPerSync: requests / syncs,
      logBytesPerRequest: (after.logBytes - before.logBytes) / requests,
    };
  } finally {
    await server.stop();
  }
}
