/**
 * Requests through the whole of Walnut but the network and the wait for the disk: the protocol's one function over a store on disk that
 * does not sync. Printed is the CPU time per request of all threads, in microseconds: the least of many short slices, which busy neighbours
 * disturb the least, and the median. Run: `bun bench/micro/requests.bench.ts [seconds of each] [workloads]`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskVfs, openStore } from "../../storage/index.ts";
import { SIGNED, targetOf } from "../../test/support/call.ts";
import { inProcess } from "../../test/support/in-process.ts";
import { SERIAL } from "../support/request-cycle.ts";
import { median, textTable } from "../support/statistics.ts";
import { workloadOf } from "../support/workloads.ts";

const [seconds = "6", names = "get,put,put-1-index,put-5-indexes,transact-write-4,transact-write-4-token"] =
  process.argv.slice(2);
const WARM_UP_MS = 2000;
const SLICE_MS = 8;
/** Larger than what a run writes: flushes are no part of what is measured. */
const MEMTABLE_BYTES = 2 ** 33;

const headersOf = (operation: string) =>
  new Headers({
    ...SIGNED,
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": targetOf(operation),
  });

/** The operation and the body of a prebuilt request. */
function parsed(request: Buffer): { readonly operation: string; readonly body: string } {
  const text = request.toString("utf8");
  const operation = /x-amz-target: \w+\.(\w+)/.exec(text)?.[1] ?? "";
  const body = text.slice(text.indexOf("\r\n\r\n") + 4);
  // A string of its own, as a server reads it.
  return { operation, body: Buffer.from(body).toString("utf8") };
}

async function measure(name: string, directory: string): Promise<readonly string[]> {
  const workload = workloadOf(name);
  const store = await openStore({
    vfs: diskVfs(directory),
    durability: { mode: "off" },
    worker: false,
    memtableBytesMax: MEMTABLE_BYTES,
    logLagBytesMax: MEMTABLE_BYTES,
  });
  const { wire, catalog } = await inProcess(store);
  const send = async (headers: Headers, body: string) => {
    const { status, body: answer } = await wire({ headers, query: "", body });
    if (status !== 200) throw new Error(Buffer.from(answer).toString("utf8"));
  };
  await workload.prepare((operation, body) => send(headersOf(operation), JSON.stringify(body)));
  const requests = workload.requests("localhost").map(parsed);
  const headers = headersOf(requests[0]?.operation ?? "");
  const isNumbered = requests.some(({ body }) => body.includes(SERIAL));
  let sent = 0;
  const sendUntil = async (end: number) => {
    while (performance.now() < end) {
      const body = requests[sent % requests.length]?.body ?? "";
      sent += 1;
      const serial = String(sent).padStart(SERIAL.length, "0");
      await send(headers, isNumbered ? body.replace(SERIAL, serial) : body);
    }
  };
  /** Microseconds of CPU per request. */
  const slice = async (ms: number) => {
    const before = process.cpuUsage();
    const sentBefore = sent;
    const end = performance.now() + ms;
    await Promise.all(Array.from({ length: workload.connections }, () => sendUntil(end)));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / (sent - sentBefore);
  };
  await slice(WARM_UP_MS);
  const samples: number[] = [];
  const end = performance.now() + Number(seconds) * 1000;
  while (performance.now() < end) samples.push(await slice(SLICE_MS));
  await catalog.close();
  await store.close();
  return [workload.title, Math.min(...samples).toFixed(1), median(samples).toFixed(1)];
}

const rows: (readonly string[])[] = [];
for (const name of names.split(",")) {
  const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
  try {
    rows.push(await measure(name, directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
console.log(textTable([["", "least CPU us", "median"], ...rows]));
