import { resolve } from "node:path";
import {
  diskVfs,
  type LocalStore,
  memoryVfs,
  openStore,
  StorageError,
  type StorageErrorKind,
  type Store,
} from "../../storage/index.ts";
import { parseConfig, type ServeConfig } from "../config.ts";
import type { HealthReport } from "../http/admin.ts";
import { createFetch, type Fetch } from "../http/app.ts";
import { RequestMetrics, type SlowRequests } from "../http/request-metrics.ts";
import { BODY_BYTES_MAX, createWire } from "../http/wire.ts";
import { systemClock } from "../runtime/clock.ts";
import { type Listener, listen } from "../runtime/listen.ts";
import { createLog, type Log } from "../runtime/log.ts";
import { Objects } from "../runtime/objects.ts";
import { ProcessMetrics } from "../runtime/process-metrics.ts";
import { Catalog } from "../tables/catalog.ts";
import { IdempotencyTokens } from "../tables/idempotency.ts";
import { InFlightRows } from "../tables/in-flight.ts";
import { TimeToLiveSweeper } from "../tables/time-to-live-sweeper.ts";
import { Transfers } from "../transfer/transfers.ts";
import { COMMIT, VERSION } from "../version.ts";
import { EXIT, statusOf } from "./exit-codes.ts";
import { serverMetrics } from "./metrics.ts";
import { type Signatures, signaturesOf } from "./signatures.ts";

/**
 * `walnut serve`: opens the store and the catalog, listens, and stops in order on SIGTERM or SIGINT: no new requests, those in progress
 * answered, the log synced and closed. Resolves when the server is up.
 */
export async function serve(argv: readonly string[]): Promise<void> {
  const config = parseConfig(argv, process.env);
  const log = createLog({
    format: config.logFormat,
    level: config.logLevel,
    now: systemClock.now,
    write: (line) => process.stderr.write(line),
  });
  const signatures = await signaturesOf(config, log);
  const store = await orExit(() => open(config));
  if (store === undefined) return;
  const catalog = await Catalog.open({
    store,
    clock: systemClock,
    log,
    tableDelayMs: config.tableDelayMs,
    streamShards: config.streamShards,
    pitrLagMs: config.pitrLagMs,
  });
  const transfers = await Transfers.open({
    catalog,
    clock: systemClock,
    log,
    objects: new Objects(config.s3Dir),
    tableDelayMs: config.tableDelayMs,
  });
  const services = {
    catalog,
    transfers,
    inFlight: config.transactionConflicts ? new InFlightRows() : undefined,
    tokens: new IdempotencyTokens(store, systemClock),
    clock: systemClock,
    accountId: config.accountId,
  };
  const sweeper = new TimeToLiveSweeper({
    services,
    clock: systemClock,
    log,
    intervalMs: config.ttlSweepIntervalMs,
  });
  if (config.ttlSweepIntervalMs > 0) sweeper.start();
  const requests = new RequestMetrics(slowRequests(config, log));
  const processMetrics = new ProcessMetrics();
  processMetrics.start();
  const fetch = createFetch({
    wire: createWire(services, config.region, log, requests, signatures.authenticate),
    exactBodies: signatures.keys !== undefined,
    health: () => health(store),
    metrics: () =>
      serverMetrics({ requests, process: processMetrics, catalog, store, perTable: config.tableMetrics }),
  });
  const listener = bind(config, fetch);
  if (listener === undefined) {
    await transfers.close();
    await catalog.close();
    await store.close();
    return;
  }
  stopOnSignals([listener, sweeper, transfers, catalog, store], log);
  exitWhenFailed(store, log);
  process.stdout.write(banner(config, listener.port, signatures));
}

function open(config: ServeConfig): Promise<LocalStore> {
  return openStore({
    vfs: config.memory ? memoryVfs() : diskVfs(config.dataDir),
    durability: config.memory ? { mode: "off" } : config.durability,
    memtableBytesMax: config.memtableBytesMax,
    cacheBytesMax: config.cacheBytesMax,
    ballastBytesMax: config.memory ? 0 : config.ballastBytesMax,
    acceptClock: config.acceptClock,
    historyBytesMax: config.historyBytesMax,
    worker: !config.memory,
  });
}

const HINTS: Partial<Record<StorageErrorKind, string>> = {
  clock: " (--accept-clock)",
  corruption:
    " (nothing was changed; `walnut verify` looks at every file, `walnut repair` says what a repair would lose)",
};

/** A store that cannot be opened is one line on standard error and an exit status, not a stack trace. */
async function orExit(task: () => Promise<LocalStore>): Promise<LocalStore | undefined> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const hint = HINTS[error.kind] ?? "";
    process.stderr.write(`walnut: ${error.message}${hint}\n`);
    process.exitCode = statusOf(error);
    return undefined;
  }
}

function bind(config: ServeConfig, fetch: Fetch): Listener | undefined {
  const { tlsCert: cert, tlsKey: key } = config;
  try {
    return listen({
      port: config.port,
      hostname: config.host,
      bodyBytesMax: BODY_BYTES_MAX,
      tls: cert === undefined || key === undefined ? undefined : { cert, key },
      fetch,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`walnut: cannot listen on ${config.host}:${config.port}: ${reason}\n`);
    process.exitCode = EXIT.address;
    return undefined;
  }
}

/** Closes the parts of the server one after the other when asked to leave. */
function stopOnSignals(parts: readonly { close(): Promise<void> }[], log: Log): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    log.info("stopping");
    try {
      for (const part of parts) await part.close();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      log.error("the store could not be closed in order", { cause: error.message });
      process.exit(EXIT.disk);
    }
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
}

/** The disk broke a promise: nothing more can be acknowledged. Leave, so that a supervisor restarts from what is on disk. */
function exitWhenFailed(store: Store, log: Log): void {
  void store.failed.then((cause) => {
    log.error("the store failed; exiting", { cause: cause.message });
    // One turn, so that the answers to the writes in flight leave first.
    setTimeout(() => process.exit(EXIT.disk), 100);
  });
}

/** Which requests are logged: slow ones as warnings, and with --log-level debug all others too. */
function slowRequests({ logLevel, slowRequestMs }: ServeConfig, log: Log): SlowRequests {
  const slowMs = slowRequestMs === 0 ? Number.POSITIVE_INFINITY : slowRequestMs;
  return {
    ms: logLevel === "debug" ? 0 : slowMs,
    report: (operation, outcome, duration) => {
      const fields = { operation, outcome, ms: Math.round(duration * 1000) / 1000 };
      if (duration >= slowMs) log.warn("slow request", fields);
      else log.debug("request", fields);
    },
  };
}

/** What the store says of its health is passed on as it is. */
function health(store: LocalStore): HealthReport {
  const { state, ...further } = store.health();
  const { logSyncs, logSyncMsLast } = store.counters();
  return {
    status: state,
    version: VERSION,
    commit: COMMIT,
    ...further,
    ...(logSyncs === 0 ? {} : { lastSyncMs: logSyncMsLast }),
  };
}

function banner(config: ServeConfig, port: number, { keys }: Signatures): string {
  const scheme = config.tlsCert === undefined ? "http" : "https";
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  const endpoint = `${scheme}://${host}:${port}`;
  const { durability } = config;
  const mode = durability.mode === "interval" ? `interval:${durability.intervalMs}` : durability.mode;
  const place = config.memory ? "in memory (nothing survives the process)" : resolve(config.dataDir);
  return `walnut ${VERSION}
  endpoint    ${endpoint}
  data        ${place}
  durability  ${config.memory ? "none" : mode}${accessLine(config, keys)}

Try:  ${keys === undefined ? "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local " : ""}aws dynamodb list-tables --endpoint-url ${endpoint} --region ${config.region}
`;
}

function accessLine({ insecure }: ServeConfig, keys: number | undefined): string {
  if (keys !== undefined)
    return `\n  access      signatures are verified, ${keys} ${keys === 1 ? "key" : "keys"}`;
  return insecure ? "\n  access      OPEN TO THE NETWORK WITHOUT CREDENTIALS (--insecure)" : "";
}
