/** Processes under measurement: started, asked for their CPU time and memory, stopped. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { asServer } from "./pinning.ts";

const START_MS_MAX = 20_000;
/** Units of /proc/<pid>/stat; the kernel's user interface fixes them. */
const TICKS_PER_SECOND = 100;

const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

export interface Started {
  readonly pid: number;
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a server and waits for the line of its output that tells its address (`http://host:port`). */
export async function startProcess(argv: readonly string[]): Promise<Started> {
  const [program = "", ...rest] = asServer(argv);
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
  alive.add(child);
  child.once("exit", () => alive.delete(child));
  const { pid } = child;
  const endpoint = await new Promise<string>((fulfil, reject) => {
    const timer = setTimeout(() => reject(new Error(`no address from ${argv.join(" ")}`)), START_MS_MAX);
    child.once("error", reject);
    child.once("exit", (status) => reject(new Error(`${argv.join(" ")} left with ${status}`)));
    createInterface(child.stdout).on("line", (line) => {
      const found = /https?:\/\/[^\s/]+:\d+/.exec(line)?.[0];
      if (found === undefined) return;
      clearTimeout(timer);
      fulfil(found.replace("localhost", "127.0.0.1"));
    });
  });
  assert(pid !== undefined, "a started process has an id");
  return {
    pid,
    endpoint,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** User and system time of a process with all its threads, in seconds. NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name of the program, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** Resident memory of a process in bytes. NaN where there is no /proc. */
export function residentBytes(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** A TCP port nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(address !== null && typeof address === "object", "a listening server has an address");
  server.close();
  await once(server, "close");
  return address.port;
}
