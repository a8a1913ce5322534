/**
 * The load generator, a process of its own: so many connections, each sending the next request when its answer is complete.
 * Prebuilt requests and a parser that looks for nothing but status and length keep its share of the machine small.
 *
 *     bun load.ts <endpoint> <workload> <seconds>
 *
 * Prints one line of JSON: LoadResult.
 */
import { Connection, connectAll } from "./connections.ts";
import { Latencies } from "./latencies.ts";
import { RequestCycle } from "./request-cycle.ts";
import { workloadOf } from "./workloads.ts";

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Of all answers. */
  readonly bytes: number;
  /** Latencies in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time of this process in seconds. */
  readonly cpuSeconds: number;
}

const [endpoint = "", name = "", secondsText] = process.argv.slice(2);
const workload = workloadOf(name);
const cycle = new RequestCycle(workload.requests(new URL(endpoint).host));
const latencies = new Latencies();

function sendNext(connection: Connection): void {
  connection.startedAt = performance.now();
  connection.send(cycle.next());
}

const connections = await connectAll(endpoint, workload.connections, (connection) => {
  latencies.add(performance.now() - connection.startedAt);
  sendNext(connection);
});
const cpuBefore = process.cpuUsage();
const began = performance.now();
for (const connection of connections) sendNext(connection);
await Bun.sleep(Number(secondsText) * 1000);
const elapsed = (performance.now() - began) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const [p50, p99] = latencies.quantiles(0.5, 0.99);
const result: LoadResult = {
  requests: latencies.count,
  seconds: elapsed,
  bytes: Connection.bytesReceived,
  p50,
  p99,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
};
console.log(JSON.stringify(result));
process.exit(0);
