/**
 * The open-loop load generator: requests leave at a fixed rate, whether answers come or not, and a latency counts from the moment at which
 * its request was due. What is due leaves once a millisecond; when all connections are busy, requests queue and their time runs.
 *
 *     bun open-load.ts <endpoint> <workload> <requests per second> <seconds>
 *
 * Prints one line of JSON: OpenLoadResult.
 */
import { type Connection, connectAll } from "./connections.ts";
import { Latencies } from "./latencies.ts";
import { RequestCycle } from "./request-cycle.ts";
import { workloadOf } from "./workloads.ts";

export interface OpenLoadResult {
  readonly requests: number;
  /** Latencies in milliseconds, from when a request was due. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The same from when a request was really sent: without the generator's own delays, and without those of its queue. */
  readonly servedP99: number;
  /** How late the generator itself was, in milliseconds: its part of the latencies. */
  readonly lateP99: number;
}

const CONNECTIONS = 64;
const TICK_MS = 1;
/** After the last request, for answers to come. */
const GRACE_MS = 1000;

const [endpoint = "", name = "", rateText, secondsText] = process.argv.slice(2);
const cycle = new RequestCycle(workloadOf(name).requests(new URL(endpoint).host));
const perTick = (Number(rateText) * TICK_MS) / 1000;
const ticks = Math.round((Number(secondsText) * 1000) / TICK_MS);
const latencies = new Latencies();
const lateness = new Latencies();
const served = new Latencies();
const sentAt = new WeakMap<Connection, number>();

const idle: Connection[] = [];
/** Requests without a connection: when they were due. */
const queue: number[] = [];

function start(connection: Connection, dueAt: number): void {
  connection.startedAt = dueAt;
  sentAt.set(connection, performance.now());
  connection.send(cycle.next());
}

idle.push(
  ...(await connectAll(endpoint, CONNECTIONS, (connection) => {
    const now = performance.now();
    latencies.add(now - connection.startedAt);
    served.add(now - (sentAt.get(connection) ?? Number.NaN));
    const dueAt = queue.shift();
    if (dueAt === undefined) idle.push(connection);
    else start(connection, dueAt);
  })),
);

const began = performance.now();
let sent = 0;
for (let tick = 0; tick < ticks; tick += 1) {
  const plannedAt = began + tick * TICK_MS;
  const wait = plannedAt - performance.now();
  if (wait > 0) await Bun.sleep(wait);
  const now = performance.now();
  lateness.add(Math.max(0, now - plannedAt));
  // Sleep may end a little early.
  const dueAt = Math.min(plannedAt, now);
  for (const until = Math.floor((tick + 1) * perTick); sent < until; sent += 1) {
    const connection = idle.pop();
    if (connection === undefined) queue.push(dueAt);
    else start(connection, dueAt);
  }
}
const end = performance.now() + GRACE_MS;
while (latencies.count < sent && performance.now() < end) await Bun.sleep(5);
// Whoever has no answer by now has waited this long at least.
for (let missing = sent - latencies.count; missing > 0; missing -= 1) latencies.add(GRACE_MS);
const [p50, p99, p999, max] = latencies.quantiles(0.5, 0.99, 0.999, 1);
const [lateP99] = lateness.quantiles(0.99);
const [servedP99] = served.quantiles(0.99);
const result: OpenLoadResult = { requests: sent, p50, p99, p999, max, servedP99, lateP99 };
console.log(JSON.stringify(result));
process.exit(0);
