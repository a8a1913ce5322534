/** The servers that are measured side by side. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { call } from "../../test/support/call.ts";
import { freePort, type Started, startProcess } from "./process.ts";
import type { Workload } from "./workload.ts";

export type SubjectName = "walnut" | "hono" | "bare" | "dynalite";

export interface Subject {
  readonly name: SubjectName;
  readonly what: string;
  readonly server: Started;
}

export const ROOT = resolve(import.meta.dirname, "../..");
const peer = (name: string) => join(ROOT, "bench/peers", name);

export interface Subjects {
  readonly all: readonly Subject[];
  stop(): Promise<void>;
}

/** Starts all servers; those that hold data are loaded with the same items. Data directories are temporary. */
export async function startSubjects(workload: Workload): Promise<Subjects> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
  const constant = join(directory, "constant.json");
  writeFileSync(constant, JSON.stringify(workload.constant));
  const bun = process.execPath;
  const walnut = [
    bun,
    join(ROOT, "src/main.ts"),
    "serve",
    "--port",
    "0",
    "--data-dir",
    join(directory, "data"),
    "--log-level",
    "warn",
  ];
  const port = await freePort();
  const dynalite = [
    "node",
    join(ROOT, "node_modules/dynalite/cli.js"),
    "--port",
    String(port),
    "--createTableMs",
    "0",
  ];
  const all: Subject[] = [
    {
      name: "walnut",
      what: "Walnut, on disk, fdatasync before each answer to a write",
      server: await startProcess(walnut),
    },
    {
      name: "hono",
      what: "B: Hono on Bun.serve, same body parsed, constant answer, same headers",
      server: await startProcess([bun, peer("hono-constant.ts"), constant]),
    },
    {
      name: "bare",
      what: "bare Bun.serve, constant answer, body not read",
      server: await startProcess([bun, peer("bare-constant.ts"), constant]),
    },
  ];
  if (workload.notInDynalite !== true) {
    const server = await startProcess(dynalite);
    all.push({ name: "dynalite", what: "dynalite, in memory, on Node", server });
  }
  for (const { name, server } of all)
    if (name === "walnut" || name === "dynalite") await prepare(workload, server.endpoint);
  return {
    all,
    stop: async () => {
      await Promise.all(all.map(({ server }) => server.stop()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Creates a workload's table and items on a server. */
export async function prepare(workload: Workload, endpoint: string): Promise<void> {
  await workload.prepare(async (operation, body) => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await call(endpoint, operation, body);
      const creating = answer.text.includes("CREATING") && operation === "DescribeTable";
      if (answer.status === 200 && !creating) return;
      if (attempt > 100) throw new Error(`${operation}: ${answer.text}`);
      await Bun.sleep(20);
    }
  });
}
