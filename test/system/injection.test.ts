/**
 * System calls of the built binary that fail, or at which it is killed (strace), while clients write over HTTP and keep a journal of the
 * answers. The server answers with typed errors, or leaves with the status that docs/operations.md promises; no request hangs; and a
 * plain start afterwards shows every acknowledged write, and no half of any. `POINTS` sets how many faults beyond the fixed ones are
 * tried, `SEED` which.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary } from "../../scripts/support/build-binary.ts";
import type { Tally } from "../crash/client.ts";
import { claims, hotNumber, owned, type Workload } from "../crash/workloads.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { type ExitStatus, launch, NotUp, type Running, terminate } from "../support/server.ts";
import { pairs, patientSender } from "./client.ts";
import { describeInjection, hasFailed, type Injection, straced, straceMissing } from "./strace.ts";

const POINTS = Number(process.env["POINTS"] ?? 0);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
/** For how long a plain server is loaded before the faulty start; the faulty one, until the fault has struck and some time after, or in vain. */
const LOAD_MS = { before: 150, afterFault: 200, inVain: 3_000 };
const LOOK_MS = 25;
const POINT_MS_MAX = 60_000;
/** Status of a server whose disk broke a promise, as in docs/operations.md. */
const DISK_FAILED = 74;
const reason = straceMissing();

/** Small, so that flushes happen within a second. */
const serveFlags = (directory: string) => [
  "serve",
  ...["--port", "0", "--data-dir", directory, "--memtable-bytes-max", String(1 << 20)],
];

/** One of each kind that has its own way out. */
const fixed: readonly Injection[] = [
  { calls: "fdatasync", effect: "error=EIO", at: 6, sticky: false, place: "log" },
  { calls: "pwrite64", effect: "error=ENOSPC", at: 40, sticky: false, place: "log" },
  { calls: "rename", effect: "error=EIO", at: 1, sticky: false, place: "manifest" },
  { calls: "openat", effect: "error=EMFILE", at: 2, sticky: false, place: "tables" },
  { calls: "fdatasync", effect: "signal=SIGKILL", at: 1, sticky: false, place: "tables" },
];

/** Each call with the errors that it can meet, and how many of them a run makes, roughly. */
const calls: readonly (readonly [calls: string, errors: readonly string[], most: number])[] = [
  ["fdatasync", ["EIO", "ENOSPC"], 40],
  ["fsync", ["EIO"], 6],
  ["pwrite64", ["EIO", "ENOSPC", "EDQUOT"], 200],
  ["rename", ["EIO", "ENOSPC"], 4],
  ["unlink", ["EIO", "EACCES"], 4],
  ["openat", ["EMFILE", "EIO", "ENOSPC"], 12],
  ["ftruncate", ["EIO"], 3],
  ["pread64", ["EIO"], 20],
];

function anyInjection(random: () => number): Injection {
  const one = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)];
    assert(value !== undefined, "there is something to choose from");
    return value;
  };
  const [name, errors, most] = one(calls);
  return {
    calls: name,
    effect: random() < 0.3 ? "signal=SIGKILL" : `error=${one(errors)}`,
    // Low numbers hit the start and its recovery.
    at: 1 + Math.floor(random() ** 2 * most),
    sticky: random() < 0.3,
    place: one(["log", "manifest", "tables", "any"] as const),
  };
}

const newTally = (): Tally => ({ acknowledged: 0, refused: 0, unknown: 0 });

/** Waves of writers until it is `enough`, or the server has left. */
async function load(
  server: Running,
  name: string,
  enough: () => boolean,
  tally: Tally,
  random: () => number,
) {
  const done: Workload[] = [];
  const isOver = () => server.child.exitCode !== null || server.child.signalCode !== null || enough();
  for (let wave = 1; !isOver(); wave += 1) {
    const loads = [claims, owned, hotNumber, pairs].map((kind) => kind(`${name}${wave}`));
    done.push(...loads);
    const send = patientSender(server.endpoint, tally, isOver);
    await Promise.all(loads.map((each) => each.run(send, random)));
    await Bun.sleep(20);
  }
  return done;
}

const after = (ms: number): (() => boolean) => {
  const endMs = performance.now() + ms;
  return () => performance.now() > endMs;
};

/** True some time after the fault, or when it does not come. */
function struckAndMore(hasFired: () => boolean): () => boolean {
  let isEnough = after(LOAD_MS.inVain);
  let isTimeToLook = after(LOOK_MS);
  let isSeen = false;
  return () => {
    if (!isSeen && isTimeToLook()) {
      isTimeToLook = after(LOOK_MS);
      isSeen = hasFired();
      if (isSeen) isEnough = after(LOAD_MS.afterFault);
    }
    return isEnough();
  };
}

async function verifyAll(server: Running, loads: readonly Workload[]): Promise<void> {
  const send = patientSender(server.endpoint, newTally());
  for (const each of loads) await each.verify(send);
}

describePoints();

function describePoints(): void {
  if (reason !== undefined) {
    test.skip(`system calls that fail: ${reason}`, () => undefined);
    return;
  }
  const home = mkdtempSync(join(tmpdir(), "walnut-system-"));
  const binary = join(home, "walnut");
  let struck = 0;
  beforeAll(() => buildBinary(binary), 60_000);
  afterAll(() => {
    rmSync(home, { recursive: true });
    console.log(`${struck} faults struck`);
  });

  /** Returns how the faulty server ended. */
  async function tryPoint(injection: Injection, seed: number): Promise<ExitStatus> {
    const random = seededRandom(seed);
    const directory = mkdtempSync(join(home, "point-"));
    const data = join(directory, "data");
    mkdirSync(data);
    const trace = join(directory, "trace");
    const plain = [binary, ...serveFlags(data)];
    const first = await launch(plain);
    await createTable(first);
    const loads = await load(first, "before", after(LOAD_MS.before), newTally(), random);
    await terminate(first, "SIGKILL");
    const hasFired = () => hasFailed(trace);
    const { status, errors } = await runFaulty(
      [...straced(data, trace, injection), ...plain],
      hasFired,
      loads,
      random,
    );
    const isKill = injection.effect === "signal=SIGKILL";
    assert(
      status === 0 || status === DISK_FAILED || (isKill && status === "SIGKILL"),
      `the server left with ${status}:\n${errors}`,
    );
    if (isKill ? status === "SIGKILL" : hasFired()) struck += 1;
    const last = await launch(plain);
    await verifyAll(last, loads);
    const tally = newTally();
    const more = await load(last, "after", after(50), tally, random);
    assert(tally.acknowledged > 0, "the server takes writes again");
    await verifyAll(last, more);
    assert.equal(await terminate(last, "SIGTERM"), 0, `the plain server was stopped:\n${last.errors()}`);
    rmSync(directory, { recursive: true });
    return status;
  }

  /** Starts the faulty server, loads it, stops it if it is still up. What was written is added to `loads`. */
  async function runFaulty(
    argv: readonly string[],
    hasFired: () => boolean,
    loads: Workload[],
    random: () => number,
  ): Promise<{ status: ExitStatus; errors: string }> {
    let server: Running;
    try {
      server = await launch(argv);
    } catch (error) {
      if (error instanceof NotUp && error.status !== null)
        return { status: error.status, errors: error.message };
      throw error;
    }
    loads.push(...(await load(server, "faulty", struckAndMore(hasFired), newTally(), random)));
    const status = await terminate(server, "SIGTERM");
    if (status === DISK_FAILED) expect(server.errors()).toMatch(/the store (failed|could not be closed)/);
    return { status, errors: server.errors() };
  }

  for (const injection of fixed) {
    test(
      `${describeInjection(injection)} (SEED=${SEED})`,
      async () => {
        const before = struck;
        await tryPoint(injection, SEED);
        expect(struck).toBe(before + 1);
      },
      POINT_MS_MAX,
    );
  }

  if (POINTS > 0) {
    test(
      `${POINTS} faults at random (SEED=${SEED})`,
      async () => {
        const random = seededRandom(SEED);
        const ends = new Map<ExitStatus, number>();
        for (let point = 0; point < POINTS; point += 1) {
          const injection = anyInjection(random);
          try {
            const status = await tryPoint(injection, SEED + point);
            ends.set(status, (ends.get(status) ?? 0) + 1);
          } catch (error) {
            throw new Error(`point ${point}, SEED=${SEED}: ${describeInjection(injection)}`, {
              cause: error,
            });
          }
        }
        const counts = [...ends].map(([status, count]) => `${count} left with ${status}`);
        console.log(`${POINTS} points: ${counts.join(", ")}`);
        expect(struck).toBeGreaterThan(POINTS / 2);
      },
      POINTS * POINT_MS_MAX,
    );
  }
}

async function createTable(server: Running): Promise<void> {
  const send = patientSender(server.endpoint, newTally());
  const { kind } = await send("CreateTable", {
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  });
  assert.equal(kind, "acknowledged", "the table was made");
}
