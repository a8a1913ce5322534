/** Latencies in an open loop, alone and beside work that may stand in the way. */
import type { OpenLoadResult } from "../support/open-load.ts";
import { median, textTable } from "../support/statistics.ts";
import { prepare } from "../support/subjects.ts";
import { fillScannedTable } from "../support/tables.ts";
import { workloadOf } from "../support/workloads.ts";
import { startCounted } from "./counted.ts";
import { closedLoop, openLoop, quietest, scanLoop } from "./generators.ts";

export interface LatencyOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Requests per second of the open loop beside scans. */
  readonly rate: number;
  /** Size of the table that is scanned. */
  readonly scanBytes: number;
}

interface Pairs {
  readonly alone: readonly OpenLoadResult[];
  readonly beside: readonly OpenLoadResult[];
}

export interface LatencyReport extends Pairs {
  readonly text: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const WARM_UP_SECONDS = 1;
/** Scans begin before, and end after. */
const SCAN_AHEAD_SECONDS = 0.5;
/** What DESIGN asks for: latency is measured at this share of the capacity. */
const LOAD = 0.4;
const NEVER_FLUSHED = 2 ** 30;
/** Small enough that flushes and compactions never rest. */
const OFTEN_FLUSHED = 2 << 20;

function table(names: readonly [string, string], { alone, beside }: Pairs): string {
  const row = (name: string, runs: readonly OpenLoadResult[]) => [
    name,
    ...(["p50", "p99", "p999", "servedP99", "lateP99"] as const).map((key) =>
      median(runs.map((run) => run[key])).toFixed(2),
    ),
  ];
  const compared = (key: "p99" | "servedP99") => {
    const pairs = alone.map((run, round) => ({ one: run[key], other: beside[round]?.[key] ?? Number.NaN }));
    const difference = median(pairs.map(({ one, other }) => other - one)).toFixed(2);
    return `${difference} ms more, ${median(pairs.map(({ one, other }) => other / one)).toFixed(2)}x`;
  };
  const rows = [["", "p50 ms", "p99 ms", "p99.9 ms", "p99 from sending", "generator late p99"]];
  rows.push(row(names[0], alone), row(names[1], beside));
  return `${textTable(rows)}\np99, paired by round: ${compared("p99")}; from sending: ${compared("servedP99")}`;
}

/** GetItem at a fixed rate alone, and beside four segments of a scan of a large table that never ends. */
export async function getBesideScans(options: LatencyOptions): Promise<LatencyReport> {
  const { rounds, seconds, rate, scanBytes } = options;
  const server = await startCounted();
  try {
    await prepare(workloadOf("get"), server.endpoint);
    await fillScannedTable(server.endpoint, scanBytes);
    const get = () => openLoop(server.endpoint, "get", rate, seconds);
    const scanned: number[] = [];
    const getAndScan = async () => {
      const scans = scanLoop(server.endpoint, seconds + 2 * SCAN_AHEAD_SECONDS);
      await Bun.sleep(SCAN_AHEAD_SECONDS * 1000);
      const result = await get();
      scanned.push((await scans).megabytesPerSecond);
      return result;
    };
    await openLoop(server.endpoint, "get", rate, WARM_UP_SECONDS);
    const [alone, beside]: [OpenLoadResult[], OpenLoadResult[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await quietest(get));
      beside.push(await quietest(getAndScan));
    }
    const text = `GetItem at ${rate}/s, table of ${(scanBytes / 1e6).toFixed(0)} MB scanned at ${median(scanned).toFixed(0)} MB/s by four\n`;
    return {
      alone,
      beside,
      text: text + table(["alone", "beside scans"], { alone, beside }),
      details: { rate, scanBytes, scanned },
    };
  } finally {
    await server.stop();
  }
}

/** PutItem at 40 % of the capacity, on a server that never flushes, and on one that flushes and compacts all the time. */
export async function putBesideFlush({ rounds, seconds }: LatencyOptions): Promise<LatencyReport> {
  const [calm, busy] = await Promise.all([startCounted(NEVER_FLUSHED), startCounted(OFTEN_FLUSHED)]);
  try {
    for (const { endpoint } of [calm, busy]) await prepare(workloadOf("put"), endpoint);
    const capacities = [calm, busy].map(() => 0);
    for (const [at, { endpoint }] of [calm, busy].entries()) {
      await closedLoop(endpoint, "put", WARM_UP_SECONDS);
      const { requests, seconds: took } = await closedLoop(endpoint, "put", seconds);
      capacities[at] = requests / took;
    }
    const rate = Math.floor(Math.min(...capacities) * LOAD);
    const before = await busy.counters();
    const [alone, beside]: [OpenLoadResult[], OpenLoadResult[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await quietest(() => openLoop(calm.endpoint, "put", rate, seconds)));
      beside.push(await quietest(() => openLoop(busy.endpoint, "put", rate, seconds)));
    }
    const after = await busy.counters();
    const [flushes, merges] = [after.flushes - before.flushes, after.merges - before.merges];
    const { flushes: calmFlushes } = await calm.counters();
    const text = `PutItem at ${rate}/s (${LOAD * 100} % of ${Math.min(...capacities).toFixed(0)}/s); ${flushes} flushes and ${merges} merges in ${rounds} rounds, ${calmFlushes} flushes on the other server\n`;
    return {
      alone,
      beside,
      text: text + table(["no flush", "flush, compaction"], { alone, beside }),
      details: { rate, capacities, flushes, merges, calmFlushes },
    };
  } finally {
    await Promise.all([calm.stop(), busy.stop()]);
  }
}
