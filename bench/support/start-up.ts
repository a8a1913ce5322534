/** Time from starting a process to its first HTTP answer, and its memory when it has nothing to do. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, residentBytes } from "./process.ts";
import { median } from "./statistics.ts";
import { ROOT } from "./subjects.ts";

export interface StartUp {
  readonly name: string;
  /** Median of the times to the first answer, in milliseconds. */
  readonly firstAnswerMs: number;
  /** Median of the resident memory one second later, in bytes. */
  readonly idleBytes: number;
}

const IDLE_MS = 1000;
const GIVE_UP_MS = 20_000;

interface Candidate {
  readonly name: string;
  readonly argv: (port: number, directory: string) => readonly string[];
}

function candidates(): readonly Candidate[] {
  const bun = process.execPath;
  const serve = (port: number, directory: string) => [
    "serve",
    "--port",
    String(port),
    "--data-dir",
    directory,
  ];
  const binary = join(ROOT, "dist/walnut");
  return [
    {
      name: "bun run Hono hello",
      argv: (port) => [bun, join(ROOT, "bench/peers/hono-hello.ts"), String(port)],
    },
    {
      name: "bun run Walnut",
      argv: (port, directory) => [bun, join(ROOT, "src/main.ts"), ...serve(port, directory)],
    },
    ...(existsSync(binary)
      ? [
          {
            name: "Walnut binary",
            argv: (port: number, directory: string) => [binary, ...serve(port, directory)],
          },
        ]
      : []),
  ];
}

/** Starts each candidate so many times, alternating, each time on an empty data directory. */
export async function measureStartUp(rounds: number): Promise<readonly StartUp[]> {
  const all = candidates();
  const samples = all.map(() => ({ ms: [] as number[], bytes: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, candidate] of all.entries()) {
      const { ms, bytes } = await startOnce(candidate);
      samples[at]?.ms.push(ms);
      samples[at]?.bytes.push(bytes);
    }
  }
  return all.map(({ name }, at) => ({
    name,
    firstAnswerMs: median(samples[at]?.ms ?? []),
    idleBytes: median(samples[at]?.bytes ?? []),
  }));
}

async function startOnce({ name, argv }: Candidate): Promise<{ ms: number; bytes: number }> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-start-"));
  const port = await freePort();
  const [program = "", ...rest] = argv(port, join(directory, "data"));
  const began = performance.now();
  const child = spawn(program, rest, { stdio: "ignore" });
  try {
    while (!(await answers(port))) {
      if (performance.now() - began > GIVE_UP_MS) throw new Error(`${name} does not answer`);
      await Bun.sleep(1);
    }
    const ms = performance.now() - began;
    await Bun.sleep(IDLE_MS);
    return { ms, bytes: residentBytes(child.pid ?? 0) };
  } finally {
    if (child.exitCode === null) {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
    }
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Whether `GET /` is answered at once. */
function answers(port: number): Promise<boolean> {
  return new Promise((fulfil) => {
    const socket = connect({ port, host: "127.0.0.1" }, () =>
      socket.write("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
    );
    const end = (answered: boolean) => {
      socket.destroy();
      fulfil(answered);
    };
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
    socket.once("close", () => fulfil(false));
  });
}
