/**
 * The load generator, a process of its own: so many connections, each sending the next request when its answer is complete.
 * Prebuilt requests and a parser that looks for nothing but status and length keep its share of the machine small.
 *
 *     bun load.ts <endpoint> <workload> <seconds>
 *
 * Prints one line of JSON: LoadResult.
 */
import assert from "node:assert/strict";
import type { Socket } from "bun";
import { quantile } from "./statistics.ts";
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

interface Connection {
  /** Bytes of the answer still to come; 0: its head has not come yet. */
  missing: number;
  /** The part of a head that came without its end. */
  head: Buffer | undefined;
  sentAt: number;
  /** What the socket did not take yet. */
  unsent: Buffer | undefined;
}

const [endpoint = "", name = "", secondsText] = process.argv.slice(2);
const { hostname, port, host } = new URL(endpoint);
const { connections, ...workload } = workloadOf(name);
const requests = workload.requests(host);
const seconds = Number(secondsText);

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = Buffer.from("ontent-length: ");
const LENGTH_UPPER = Buffer.from("ontent-Length: ");
const OK = Buffer.from("HTTP/1.1 200");

let next = 0;
let done = 0;
let bytesReceived = 0;
let running = true;
let latencies = new Float64Array(1 << 16);

function sendNext(socket: Socket<Connection>): void {
  const request = requests[next % requests.length];
  assert(request !== undefined, "there are requests");
  next += 1;
  socket.data.sentAt = performance.now();
  const written = socket.write(request);
  if (written < request.length) socket.data.unsent = request.subarray(written);
}

function finish(socket: Socket<Connection>): void {
  if (done === latencies.length) {
    const larger = new Float64Array(latencies.length * 2);
    larger.set(latencies);
    latencies = larger;
  }
  latencies[done] = performance.now() - socket.data.sentAt;
  done += 1;
  if (running) sendNext(socket);
}

/** Whole length of the answer whose head ends before `headEnd`. */
function answerLength(bytes: Buffer, headEnd: number): number {
  if (bytes.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
    console.error(`the server answered: ${bytes.toString("latin1")}`);
    process.exit(1);
  }
  const lower = bytes.indexOf(LENGTH);
  const at = (lower >= 0 ? lower : bytes.indexOf(LENGTH_UPPER)) + LENGTH.length;
  assert(at >= LENGTH.length, "an answer has a length");
  let length = 0;
  for (let digit = at; bytes[digit] !== 13; digit += 1) length = length * 10 + (bytes[digit] ?? 0) - 48;
  return headEnd + HEAD_END.length + length;
}

function receive(socket: Socket<Connection>, chunk: Buffer): void {
  const { data } = socket;
  bytesReceived += chunk.length;
  if (data.missing > 0) {
    data.missing -= chunk.length;
    assert(data.missing >= 0, "the server sends no more than it was asked for");
    if (data.missing === 0) finish(socket);
    return;
  }
  const bytes = data.head === undefined ? chunk : Buffer.concat([data.head, chunk]);
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) {
    // The chunk's memory is reused after this call.
    data.head = Buffer.from(bytes);
    return;
  }
  data.head = undefined;
  data.missing = answerLength(bytes, headEnd) - bytes.length;
  if (data.missing === 0) finish(socket);
}

const sockets = await Promise.all(
  Array.from({ length: connections }, () =>
    Bun.connect<Connection>({
      hostname,
      port: Number(port),
      data: { missing: 0, head: undefined, sentAt: 0, unsent: undefined },
      socket: {
        data: receive,
        drain: (socket) => {
          const { unsent } = socket.data;
          if (unsent === undefined) return;
          const written = socket.write(unsent);
          socket.data.unsent = written < unsent.length ? unsent.subarray(written) : undefined;
        },
        close: () => {
          if (!running) return;
          console.error("the server closed a connection");
          process.exit(1);
        },
      },
    }),
  ),
);
for (const socket of sockets) socket.setNoDelay(true);
const cpuBefore = process.cpuUsage();
const began = performance.now();
for (const socket of sockets) sendNext(socket);
await Bun.sleep(seconds * 1000);
running = false;
const elapsed = (performance.now() - began) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const sorted = latencies.slice(0, done).sort();
const result: LoadResult = {
  requests: done,
  seconds: elapsed,
  bytes: bytesReceived,
  p50: quantile(sorted, 0.5),
  p99: quantile(sorted, 0.99),
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
};
console.log(JSON.stringify(result));
process.exit(0);
