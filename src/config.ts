/** Every flag of `walnut serve`: name with unit, default, environment variable, reason. The help text is made from this table. */

export interface ServeConfig {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly memory: boolean;
  readonly durability:
    | { readonly mode: "sync" | "off" }
    | { readonly mode: "interval"; readonly intervalMs: number };
  readonly region: string;
  readonly accountId: string;
  readonly insecure: boolean;
  readonly credentials: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly logFormat: "text" | "json";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly tableDelayMs: number;
  readonly transactionConflicts: boolean;
  readonly memtableBytesMax: number;
  readonly cacheBytesMax: number;
  readonly ballastBytesMax: number;
  readonly acceptClock: boolean;
  readonly historyBytesMax: number;
  readonly streamShards: number;
  readonly pitrLagMs: number;
  readonly ttlSweepIntervalMs: number;
  readonly s3Dir: string | undefined;
  readonly tableMetrics: boolean;
  readonly slowRequestMs: number;
}

/** A flag or its value is wrong: the program says so in one line and exits with status 2. */
export class UsageError extends Error {}

interface Flag {
  readonly name: string;
  /** Placeholder of the value in the help text; absent for switches. */
  readonly value?: string;
  readonly fallback: string;
  readonly help: string;
}

const FLAGS = [
  { name: "port", value: "PORT", fallback: "8000", help: "TCP port; 0 picks a free one" },
  { name: "host", value: "HOST", fallback: "127.0.0.1", help: "address to listen on" },
  {
    name: "data-dir",
    value: "DIR",
    fallback: "./walnut-data",
    help: "where the data lives; created if missing",
  },
  { name: "memory", fallback: "false", help: "keep everything in memory; nothing survives the process" },
  {
    name: "durability",
    value: "MODE",
    fallback: "sync",
    help: "sync: a write is on disk before it is answered; interval:MS: synced every MS; off: left to the system",
  },
  { name: "region", value: "REGION", fallback: "us-east-1", help: "region of requests that name none" },
  { name: "account-id", value: "ID", fallback: "000000000000", help: "12-digit account in ARNs" },
  {
    name: "credentials",
    value: "FILE",
    fallback: "",
    help: "verify signatures, with the keys in this file (the format of ~/.aws/credentials); SIGHUP reads it again",
  },
  {
    name: "insecure",
    fallback: "false",
    help: "allow listening on other than loopback addresses without credentials",
  },
  {
    name: "tls-cert",
    value: "FILE",
    fallback: "",
    help: "serve TLS with this PEM certificate (with --tls-key)",
  },
  { name: "tls-key", value: "FILE", fallback: "", help: "PEM private key of --tls-cert" },
  { name: "log-format", value: "FORMAT", fallback: "text", help: "text or json" },
  { name: "log-level", value: "LEVEL", fallback: "info", help: "debug (every request), info, warn or error" },
  {
    name: "table-delay-ms",
    value: "MS",
    fallback: "0",
    help: "how long tables and indexes stay CREATING, UPDATING or DELETING; 0 is until the next look",
  },
  {
    name: "transaction-conflicts",
    fallback: "false",
    help: "refuse what touches an item of a transaction under way, as the service does; by default it waits its turn",
  },
  {
    name: "memtable-bytes-max",
    value: "BYTES",
    fallback: String(64 << 20),
    help: "memory for writes not yet in sorted files",
  },
  { name: "cache-bytes-max", value: "BYTES", fallback: String(64 << 20), help: "memory for the block cache" },
  {
    name: "ballast-bytes",
    value: "BYTES",
    fallback: String(64 << 20),
    help: "reserve for a full disk, or a hundredth of what is free; 0 is none",
  },
  {
    name: "history-bytes-max",
    value: "BYTES",
    fallback: "0",
    help: "disk for stream records and the past that restores need; 0 is a quarter of what is free, 256 MiB in memory",
  },
  {
    name: "stream-shards",
    value: "N",
    fallback: "1",
    help: "open shards of the streams to come; an item's changes are in one of them",
  },
  {
    name: "pitr-lag-ms",
    value: "MS",
    fallback: "0",
    help: "how far behind now the latest restorable instant is; the service's is about 300000",
  },
  {
    name: "ttl-sweep-interval-ms",
    value: "MS",
    fallback: "60000",
    help: "pause between two searches for expired items; 0 leaves them where they are",
  },
  {
    name: "s3-dir",
    value: "DIR",
    fallback: "",
    help: "a directory that stands for S3 in exports and imports: bucket b is the folder DIR/b",
  },
  {
    name: "slow-request-ms",
    value: "MS",
    fallback: "0",
    help: "log requests that take longer as warnings; 0 is never",
  },
  { name: "table-metrics", fallback: "false", help: "show tables one by one in /_walnut/metrics" },
  { name: "accept-clock", fallback: "false", help: "start although the clock is years ahead of the log" },
] as const satisfies readonly Flag[];

type FlagName = (typeof FLAGS)[number]["name"];
type Values = Readonly<Record<FlagName, string>>;

const environmentName = (flag: string) => `WALNUT_${flag.toUpperCase().replaceAll("-", "_")}`;

/** The options part of the help text, one line per flag. */
export function flagsHelp(): string {
  return FLAGS.map((flag: Flag) => {
    const left = `  --${flag.name}${flag.value === undefined ? "" : ` ${flag.value}`}`;
    const shown = flag.fallback === "" || flag.value === undefined ? "" : ` [${flag.fallback}]`;
    return `${left.padEnd(30)}${flag.help}${shown}`;
  }).join("\n");
}

/**
 * Reads flags (`--name value`, `--name=value`, `--switch`) over environment variables (`WALNUT_NAME`) over defaults.
 * Throws UsageError that names the flag at fault.
 */
export function parseConfig(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ServeConfig {
  const values = Object.fromEntries(
    FLAGS.map((flag) => [flag.name, environment[environmentName(flag.name)] ?? flag.fallback]),
  ) as Record<FlagName, string>;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    const [, name = "", inline] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    const flag: Flag | undefined = FLAGS.find((candidate) => candidate.name === name);
    if (flag === undefined) throw new UsageError(`unknown flag: ${argument} (try --help)`);
    if (flag.value === undefined) {
      values[flag.name as FlagName] = inline ?? "true";
      continue;
    }
    const next = inline ?? argv[index + 1];
    if (next === undefined) throw new UsageError(`--${name} needs a value: ${flag.value}`);
    if (inline === undefined) index += 1;
    values[flag.name as FlagName] = next;
  }
  return checked(values);
}

function checked(values: Values): ServeConfig {
  const config: ServeConfig = {
    port: integer("port", values, 0, 65535),
    host: values.host,
    dataDir: values["data-dir"],
    memory: boolean("memory", values),
    durability: durability(values.durability),
    region: matching("region", values, /^[a-z0-9-]{1,63}$/, "a region name"),
    accountId: matching("account-id", values, /^\d{12}$/, "12 digits"),
    insecure: boolean("insecure", values),
    credentials: values.credentials === "" ? undefined : values.credentials,
    tlsCert: values["tls-cert"] === "" ? undefined : values["tls-cert"],
    tlsKey: values["tls-key"] === "" ? undefined : values["tls-key"],
    logFormat: oneOf("log-format", values, ["text", "json"] as const),
    logLevel: oneOf("log-level", values, ["debug", "info", "warn", "error"] as const),
    tableDelayMs: integer("table-delay-ms", values, 0, 3_600_000),
    transactionConflicts: boolean("transaction-conflicts", values),
    memtableBytesMax: integer("memtable-bytes-max", values, 1 << 20, 2 ** 40),
    cacheBytesMax: integer("cache-bytes-max", values, 0, 2 ** 40),
    ballastBytesMax: integer("ballast-bytes", values, 0, 2 ** 40),
    historyBytesMax: integer("history-bytes-max", values, 0, 2 ** 50),
    acceptClock: boolean("accept-clock", values),
    streamShards: integer("stream-shards", values, 1, 256),
    pitrLagMs: integer("pitr-lag-ms", values, 0, 86_400_000),
    ttlSweepIntervalMs: integer("ttl-sweep-interval-ms", values, 0, 86_400_000),
    s3Dir: values["s3-dir"] === "" ? undefined : values["s3-dir"],
    tableMetrics: boolean("table-metrics", values),
    slowRequestMs: integer("slow-request-ms", values, 0, 3_600_000),
  };
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key belong together");
  }
  if (!config.insecure && config.credentials === undefined && !isLoopback(config.host)) {
    throw new UsageError(
      `--host ${config.host} is not a loopback address: any client could write. Add --credentials, or --insecure to allow that`,
    );
  }
  return config;
}

const isLoopback = (host: string) =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

function integer(name: FlagName, values: Values, min: number, max: number): number {
  const text = values[name];
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not '${text}'`);
  }
  return value;
}

function boolean(name: FlagName, values: Values): boolean {
  const text = values[name];
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw new UsageError(`--${name} is a switch: true or false, not '${text}'`);
}

function matching(name: FlagName, values: Values, pattern: RegExp, what: string): string {
  const text = values[name];
  if (!pattern.test(text)) throw new UsageError(`--${name} must be ${what}, not '${text}'`);
  return text;
}

function oneOf<T extends string>(name: FlagName, values: Values, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === values[name]);
  if (found === undefined)
    throw new UsageError(`--${name} must be one of ${allowed.join(", ")}, not '${values[name]}'`);
  return found;
}

function durability(text: string): ServeConfig["durability"] {
  if (text === "sync" || text === "off") return { mode: text };
  const [, digits] = /^interval:(\d{1,6})$/.exec(text) ?? [];
  if (digits !== undefined && Number(digits) > 0) return { mode: "interval", intervalMs: Number(digits) };
  throw new UsageError(`--durability must be sync, interval:MS or off, not '${text}'`);
}
