/**
 * The real server as a child process: started on a free port, killed or stopped, started again on the same data. Temporary data directories
 * are removed by `stop`, and whatever a failing test leaves behind is killed when the test process exits.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Answer, call } from "./call.ts";

const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const START_MS_MAX = 20_000;
const STOP_MS_MAX = 20_000;

export interface ServerOptions {
  /** "memory", or a directory, or undefined for a temporary directory that `stop` removes. */
  readonly data?: "memory" | string | undefined;
  /** Further flags of `walnut serve`. */
  readonly flags?: readonly string[];
  /** Program and first arguments; the sources by default. `[path]` runs a built binary. */
  readonly command?: readonly string[];
}

export interface TestServer {
  /** `http://127.0.0.1:PORT`; another port after `restart`. */
  readonly endpoint: string;
  /** An SDK client without retries, so that a test sees the first answer. */
  readonly client: DynamoDBClient;
  readonly pid: number;
  /** What the process wrote to standard error so far. */
  readonly errors: string;
  call(operation: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** SIGKILL: nothing is flushed, nothing is answered. Resolves when the process is gone. */
  kill9(): Promise<void>;
  /** SIGTERM; asserts that the server leaves with status 0, and removes temporary data. */
  stop(): Promise<void>;
  /** Starts the server again on the same data, after `kill9` or in order when it is still up. */
  restart(): Promise<void>;
}

/** An SDK client for `endpoint` with dummy credentials and no retries. */
export function sdkClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
}

/** A server process that has printed its endpoint. */
export interface Running {
  readonly child: ChildProcess;
  readonly endpoint: string;
  readonly errors: () => string;
}

/** The exit status of a process, or the name of the signal that ended it. */
export type ExitStatus = number | string | null;

/** The server left before it was up. */
export class NotUp extends Error {
  readonly status: ExitStatus;

  constructor(message: string, status: ExitStatus) {
    super(message);
    this.status = status;
  }
}

const alive = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** Starts a server and waits until it has printed its endpoint. Rejects with its output when it does not come up. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const temporary = options.data === undefined ? mkdtempSync(join(tmpdir(), "walnut-test-")) : undefined;
  const where = options.data === "memory" ? ["--memory"] : ["--data-dir", temporary ?? options.data ?? ""];
  const command = options.command ?? [process.execPath, MAIN];
  const argv = [...command, "serve", "--port", "0", ...where, ...(options.flags ?? [])];
  let running = await launch(argv);
  let client = sdkClient(running.endpoint);

  const end = async (signal: NodeJS.Signals) => {
    client.destroy();
    return await terminate(running, signal);
  };
  const stopInOrder = async () => {
    const status = await end("SIGTERM");
    assert.equal(status, 0, `the server left with status ${status}:\n${running.errors()}`);
  };
  return {
    get endpoint() {
      return running.endpoint;
    },
    get client() {
      return client;
    },
    get pid() {
      assert(running.child.pid !== undefined, "a running child has a process id");
      return running.child.pid;
    },
    get errors() {
      return running.errors();
    },
    call: (operation, body, headers) => call(running.endpoint, operation, body, headers),
    kill9: async () => {
      await end("SIGKILL");
    },
    stop: async () => {
      if (isUp(running.child)) await stopInOrder();
      if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    },
    restart: async () => {
      if (isUp(running.child)) await stopInOrder();
      running = await launch(argv);
      client = sdkClient(running.endpoint);
    },
  };
}

const isUp = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

/** Starts a program and waits for its endpoint. Rejects with `NotUp` when it leaves before. */
export async function launch(argv: readonly string[]): Promise<Running> {
  const [program = "", ...rest] = argv;
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"] });
  alive.add(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.once("exit", () => alive.delete(child));
  const endpoint = await new Promise<string>((fulfil, reject) => {
    const fail = (why: string, status: ExitStatus = null) => {
      child.kill("SIGKILL");
      reject(new NotUp(`the server ${why}: ${argv.join(" ")}\n${errors}`, status));
    };
    const timer = setTimeout(() => fail(`printed no endpoint within ${START_MS_MAX} ms`), START_MS_MAX);
    const done = () => clearTimeout(timer);
    child.once("error", (cause) => {
      done();
      fail(`could not be started (${cause.message})`);
    });
    child.once("close", (code, signal) => {
      done();
      const status = code ?? signal;
      fail(`left with status ${status} before it was up`, status);
    });
    createInterface(child.stdout).on("line", (line) => {
      const found = /^\s*endpoint\s+(https?:\S+)/.exec(line)?.[1];
      if (found === undefined) return;
      done();
      fulfil(found);
    });
  });
  return { child, endpoint, errors: () => errors };
}

/** Sends the signal, unless the process has left already, and waits for its end and for all that it wrote. */
export async function terminate({ child, errors }: Running, signal: NodeJS.Signals): Promise<ExitStatus> {
  if (!isUp(child)) return child.exitCode ?? child.signalCode;
  const exited = once(child, "close");
  child.kill(signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((fulfil) => {
    timer = setTimeout(() => fulfil("late"), STOP_MS_MAX);
  });
  const first = await Promise.race([exited, late]);
  clearTimeout(timer);
  if (first === "late") {
    child.kill("SIGKILL");
    throw new Error(`the server did not leave within ${STOP_MS_MAX} ms of ${signal}:\n${errors()}`);
  }
  return child.exitCode ?? child.signalCode;
}
