/** Failing system calls: strace runs the server and lets chosen calls on files of its data directory fail, or kills it at one. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Which files of a data directory a fault is for. */
export type Place = "log" | "manifest" | "tables" | "any";

export interface Injection {
  /** System calls, separated by commas. */
  readonly calls: string;
  /** What becomes of them, in strace's words: "error=EIO", "signal=SIGKILL". */
  readonly effect: string;
  /** The first call it becomes of, counted from 1 on each thread; with `sticky`, all later ones too. */
  readonly at: number;
  readonly sticky: boolean;
  readonly place: Place;
}

export const describeInjection = ({ calls, effect, at, sticky, place }: Injection): string =>
  `${calls} ${at}${sticky ? " and later" : ""} (${place}): ${effect}`;

/** Why nothing can be injected on this machine; undefined when it can. */
export function straceMissing(): string | undefined {
  const probe = ["-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"];
  const { error, status } = spawnSync("strace", probe);
  if (error !== undefined) return "there is no strace";
  return status === 0 ? undefined : "strace may not trace here, or is older than 5.3";
}

/** More files of each kind than a test makes. */
const filesMost = 60;

function pathsOf(directory: string, place: Place): string[] {
  const numbers = Array.from({ length: filesMost }, (_, i) => String(i + 1).padStart(10, "0"));
  const paths: Record<Exclude<Place, "any">, string[]> = {
    log: ["wal", "wal/new.tmp", "wal/sealed.tmp", ...numbers.map((n) => `wal/${n}.wal`)],
    manifest: ["", "CURRENT", "CURRENT.tmp", ...numbers.map((n) => `MANIFEST-${n}`)],
    tables: ["sst", ...numbers.map((n) => `sst/${n}.sst`)],
  };
  const chosen = place === "any" ? Object.values(paths).flat() : paths[place];
  return chosen.map((path) => join(directory, path));
}

/**
 * Arguments to put before a program's, which stays the direct child (-D). What is injected goes into the file `trace`. Calls of other kinds
 * run at full speed behind a seccomp filter, but not where a signal is injected: behind one strace 6.1 loses it.
 */
export function straced(directory: string, trace: string, injection: Injection): string[] {
  const { calls, effect, at, sticky, place } = injection;
  const paths = pathsOf(directory, place).flatMap((path) => ["-P", path]);
  const filter = effect.startsWith("signal=") ? [] : ["--seccomp-bpf"];
  const inject = `inject=${calls}:${effect}:when=${at}${sticky ? "+" : ""}`;
  const expressions = [`trace=${calls}`, "signal=none", inject].flatMap((each) => ["-e", each]);
  return ["strace", "-D", "-f", "-qq", ...filter, "-o", trace, ...paths, ...expressions];
}

/** Whether a call has been made to fail. */
export const hasFailed = (trace: string): boolean => readFileSync(trace, "utf8").includes("(INJECTED)");
