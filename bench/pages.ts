/**
 * What pages of items cost this thread, without a network and whatever the neighbours do, and how long they keep others waiting:
 * `node scripts/run.mjs bench/pages.ts [--rounds 40] [--scan-bytes 100000000] [--against <another checkout>]`.
 *
 * First the whole protocol in this process, CPU time of the thread per request; beside it that of another checkout of this repository, if one
 * is given, round by round in turn. Then a server in this process whose table four clients scan:
 * CPU time of each turn of its event loop, which is how long a request that comes meanwhile is not looked at.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createFetch } from "../src/http/app.ts";
import type * as bodies_ from "../src/runtime/body-buffers.ts";
import { listen } from "../src/runtime/listen.ts";
import type * as storage from "../storage/index.ts";
import { diskVfs, openStore } from "../storage/index.ts";
import { SIGNED, targetOf } from "../test/support/call.ts";
import type * as process_ from "../test/support/in-process.ts";
import { inProcess } from "../test/support/in-process.ts";
import { threadMs } from "./engine/thread-clock.ts";
import { scanLoop } from "./http/generators.ts";
import { median, textTable } from "./support/statistics.ts";
import { prepare, ROOT } from "./support/subjects.ts";
import { fillScannedTable } from "./support/tables.ts";
import { workloadOf } from "./support/workloads.ts";

/** Requests per round, about 10 ms of them. */
const workloads = {
  query: 200,
  "query-small": 300,
  "query-index": 200,
  "query-filter": 50,
  scan: 10,
  get: 2000,
};
const SCAN_SECONDS = 3;
const HEAD_END = "\r\n\r\n";

type Server = Awaited<ReturnType<typeof inProcess>>;

function serve({ wire }: Server): ReturnType<typeof listen> {
  const fetch = createFetch({ wire, health: () => ({ status: "ok" }) as never });
  return listen({ port: 0, hostname: "127.0.0.1", bodyBytesMax: 16 << 20, tls: undefined, fetch });
}

/** A round of requests to the protocol as the checkout at `root` has it: resolves with microseconds of this thread per request. */
async function roundsOf(root: string, name: string, count: number): Promise<() => Promise<number>> {
  const { openStore: open, memoryVfs } = (await import(join(root, "storage/index.ts"))) as typeof storage;
  const { inProcess: start } = (await import(join(root, "test/support/in-process.ts"))) as typeof process_;
  const { giveBackBody } = (await import(join(root, "src/runtime/body-buffers.ts"))) as typeof bodies_;
  const server = await start(await open({ vfs: memoryVfs(), durability: { mode: "off" } }));
  const listener = serve(server);
  const workload = workloadOf(name);
  await prepare(workload, `http://127.0.0.1:${listener.port}`);
  await listener.close();
  const posts = workload.requests("localhost").map((bytes) => bytes.toString("latin1"));
  const bodies = posts.map((post) => post.slice(post.indexOf(HEAD_END) + HEAD_END.length));
  const target = /x-amz-target: \w+\.(\w+)/.exec(posts[0] ?? "")?.[1] ?? "";
  const headers = new Headers({
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": targetOf(target),
    ...SIGNED,
  });
  return async () => {
    const before = threadMs();
    for (let at = 0; at < count; at += 1) {
      const answer = await server.wire({ headers, query: "", body: bodies[at % bodies.length] ?? "" });
      if (answer.status !== 200) throw new Error(String(answer.body));
      if (typeof answer.body !== "string") giveBackBody(answer.body);
    }
    return ((threadMs() - before) * 1000) / count;
  };
}

/** A line of the table: cost per request, and the other checkout's cost as a multiple of it, paired by round. */
async function lineOf(name: string, count: number, rounds: number, against: string | undefined) {
  const own = await roundsOf(ROOT, name, count);
  const other = against === undefined ? undefined : await roundsOf(against, name, count);
  const costs: number[] = [];
  const ratios: number[] = [];
  // The first half warms up.
  for (let round = 0; round < 2 * rounds; round += 1) {
    const theirs = (await other?.()) ?? Number.NaN;
    const cost = await own();
    if (round < rounds) continue;
    costs.push(cost);
    ratios.push(theirs / cost);
  }
  costs.sort((a, b) => a - b);
  const quiet = costs[Math.floor(costs.length / 10)] ?? Number.NaN;
  return [name, median(costs).toFixed(1), quiet.toFixed(1), `${median(ratios).toFixed(2)}x`];
}

/** CPU milliseconds of the turns of this thread's event loop while it serves four scans. */
async function turnsOfScans(scanBytes: number): Promise<{ turns: number[]; pages: number }> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
  const vfs = diskVfs(join(directory, "data"));
  const store = await openStore({ vfs, durability: { mode: "off" }, worker: true });
  const listener = serve(await inProcess(store));
  const endpoint = `http://127.0.0.1:${listener.port}`;
  await fillScannedTable(endpoint, scanBytes);
  await scanLoop(endpoint, SCAN_SECONDS);
  const turns: number[] = [];
  let last = threadMs();
  let done = false;
  const turn = () => {
    const now = threadMs();
    turns.push(now - last);
    last = now;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  const { pages } = await scanLoop(endpoint, SCAN_SECONDS);
  done = true;
  await listener.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
  return { turns: turns.sort((a, b) => a - b), pages };
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "40" },
    against: { type: "string" },
    "scan-bytes": { type: "string", default: "100000000" },
  },
});
const rows = [["", "CPU us/request", "quietest tenth", "the other: times as much"]];
for (const [name, count] of Object.entries(workloads))
  rows.push(await lineOf(name, count, Number(values.rounds), values.against));
console.log(textTable(rows));
const { turns, pages } = await turnsOfScans(Number(values["scan-bytes"]));
const busy = turns.reduce((sum, ms) => sum + ms, 0);
/** Turns up to this length take that share of the busy time: what who comes at any moment of it meets. */
const met = (share: number): number => {
  let spent = 0;
  for (const ms of turns) {
    spent += ms;
    if (spent >= share * busy) return ms;
  }
  return Number.NaN;
};
console.log(
  `Four scans: ${pages} pages of 1 MB, ${(busy / pages).toFixed(2)} ms of CPU each. A moment of it falls into a turn of ` +
    `${met(0.5).toFixed(2)} ms (median), ${met(0.9).toFixed(2)} (p90), ${met(0.99).toFixed(2)} (p99); the longest took ${turns.at(-1)?.toFixed(2)} ms.`,
);
process.exit(0);
