/** The Java program in `kcl/`: building it, running it, and what it says. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { RecordJson } from "../support/in-process-streams.ts";

const PROJECT = join(import.meta.dirname, "kcl");
const BUILD_MS_MAX = 5 * 60_000;
const JAVA_MIN = 17;
/** The program gives up after this long, and is killed a while later if it does not. */
const RUN_S_MAX = 150;
const RUN_MS_MAX = (RUN_S_MAX + 60) * 1000;

/** Keys at which a run is over: `count` of them begin with `prefix`. */
export interface Markers {
  readonly prefix: string;
  readonly count: number;
}

export interface ConsumedRecord {
  readonly shard: string;
  readonly record: RecordJson;
}

/** All that a run of the program said. Places are numbers of lines. */
export interface Run {
  readonly records: readonly ConsumedRecord[];
  /** Shards that were begun, from which checkpoint, and at which place. */
  readonly begun: readonly { readonly shard: string; readonly from: string; readonly at: number }[];
  /** The last checkpoint of each shard. */
  readonly checkpoints: ReadonlyMap<string, string>;
  /** Shards that were read to their end, and at which place. */
  readonly ended: ReadonlyMap<string, number>;
}

export interface Consumer {
  /** Resolves when the program has left in order; rejects when it did not. */
  readonly finished: Promise<Run>;
  /** Resolves when the program has read this many records. */
  hasRead(records: number): Promise<void>;
  kill(): void;
}

type Line =
  | { readonly shard: string; readonly record: RecordJson }
  | { readonly begun: string; readonly from: string }
  | { readonly checkpoint: string; readonly at: string }
  | { readonly ended: string };

/** Builds the program, without the registry if all is there already. `skipped` is the reason why it cannot be built here. */
export async function build(): Promise<{ readonly skipped?: string }> {
  for (const program of ["java", "mvn"]) {
    if (Bun.which(program) === null) return { skipped: `there is no ${program}` };
  }
  const java = await output(["java", "-version"]);
  const version = Number(/version "(\d+)/.exec(java.text)?.[1]);
  if (!(version >= JAVA_MIN)) return { skipped: `Java ${JAVA_MIN} is needed, this is ${version}` };
  const mvn = ["mvn", "--batch-mode", "--quiet", "--file", join(PROJECT, "pom.xml"), "package"];
  const offline = await output([...mvn, "--offline"]);
  const built = offline.code === 0 ? offline : await output(mvn);
  if (built.code === 0) return {};
  if (built.code === null) return { skipped: `the build took more than ${BUILD_MS_MAX / 60_000} minutes` };
  const unreachable = /(Could not (transfer|resolve|find).*|.*[Uu]nknown host.*)/.exec(built.text)?.[0];
  if (unreachable !== undefined) return { skipped: `Maven's registry does not have all: ${unreachable}` };
  throw new Error(`the program in ${PROJECT} does not build:\n${built.text}`);
}

/** The code is null when it took too long. */
async function output(command: string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"], timeout: BUILD_MS_MAX });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  return { code: child.exitCode, text: out + err };
}

/** Starts a worker that ends once it has seen all markers. Its application's name, and so its leases, are always the same. */
export function startConsumer(endpoint: string, streamArn: string, { prefix, count }: Markers): Consumer {
  const target = join(PROJECT, "target");
  const classpath = [join(target, "kcl.jar"), join(target, "lib", "*")].join(
    process.platform === "win32" ? ";" : ":",
  );
  const input = [endpoint, streamArn, "walnut-kcl", prefix, String(count), String(RUN_S_MAX)];
  const child = Bun.spawn(["java", "-cp", classpath, "walnut.StreamConsumer", ...input], {
    env: { ...process.env, AWS_EC2_METADATA_DISABLED: "true" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: RUN_MS_MAX,
    killSignal: "SIGKILL",
  });
  const run = new RunSoFar();
  const errors = child.stderr.text();
  const read = async () => {
    // Bun's type of a web stream is not quite the one that Node's declares.
    const text = Readable.fromWeb(child.stdout as Parameters<typeof Readable.fromWeb>[0]);
    for await (const line of createInterface({ input: text })) run.add(JSON.parse(line) as Line);
    const code = await child.exited;
    if (code === 0) return run;
    const why = code === 3 ? `did not see ${count} keys ${prefix}*` : `left with ${code ?? child.signalCode}`;
    const said = (await errors).split("\n").slice(-40).join("\n");
    throw new Error(`the consumer ${why}; it read ${run.records.length} records\n${said}`);
  };
  const finished = read().finally(() => run.end());
  // Who waits for records first must not find an unhandled rejection; who waits for the end gets it all the same.
  finished.catch(() => {});
  return { finished, hasRead: (records) => run.hasRead(records), kill: () => child.kill("SIGKILL") };
}

/** A run as its lines come in. */
class RunSoFar implements Run {
  readonly records: ConsumedRecord[] = [];
  readonly begun: { shard: string; from: string; at: number }[] = [];
  readonly checkpoints = new Map<string, string>();
  readonly ended = new Map<string, number>();
  #lines = 0;
  #isOver = false;
  #waiting: (() => void)[] = [];

  add(line: Line): void {
    const at = this.#lines++;
    if ("record" in line) this.records.push(line);
    else if ("begun" in line) this.begun.push({ shard: line.begun, from: line.from, at });
    else if ("ended" in line) this.ended.set(line.ended, at);
    else this.checkpoints.set(line.checkpoint, line.at);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async hasRead(count: number): Promise<void> {
    while (this.records.length < count) {
      if (this.#isOver) throw new Error(`the consumer left before it had read ${count} records`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
