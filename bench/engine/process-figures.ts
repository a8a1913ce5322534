/** What a process can tell of itself: CPU time of all its threads, memory, bytes written. NaN where there is no /proc. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const BLOCK_BYTES = 512;
const SETTLE_STEP_MS = 100;
/** So many quiet steps in a row, and what counts as quiet: more than the second after which Walnut tidies up a space at rest. */
const SETTLE_STEPS = 13;
const SETTLE_CPU_SECONDS = 0.015;
const SETTLE_BYTES = 64 << 10;
const SETTLE_MS_MAX = 180_000;

export interface Figures {
  /** Of the wall, in seconds since some start. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Bytes handed to write calls. */
  readonly writtenBytes: number;
}

export function figures(): Figures {
  const { user, system } = process.cpuUsage();
  return {
    seconds: performance.now() / 1000,
    cpuSeconds: (user + system) / 1e6,
    // Not "write_bytes", which counts whole large folios for a few dirty bytes in them.
    writtenBytes: numberAfter(textOf("/proc/self/io"), "wchar: "),
  };
}

export function difference(after: Figures, before: Figures): Figures {
  return {
    seconds: after.seconds - before.seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    writtenBytes: after.writtenBytes - before.writtenBytes,
  };
}

/** Highest resident memory since the start, in bytes. */
export function peakBytes(): number {
  return numberAfter(textOf("/proc/self/status"), "VmHWM:") * 1024;
}

/** Waits until the process neither computes nor writes: flush and compaction are done. */
export async function settle(): Promise<void> {
  const began = performance.now();
  let quiet = 0;
  let before = figures();
  while (quiet < SETTLE_STEPS && performance.now() - began < SETTLE_MS_MAX) {
    await Bun.sleep(SETTLE_STEP_MS);
    const now = figures();
    const step = difference(now, before);
    const isBusy = step.cpuSeconds > SETTLE_CPU_SECONDS || step.writtenBytes > SETTLE_BYTES;
    quiet = isBusy ? 0 : quiet + 1;
    before = now;
  }
}

/** Space that a directory takes on the disk, by its direct subdirectories ("" for its own files). */
export function diskBytes(directory: string): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const inside = path.slice(directory.length + 1);
    const top = inside.includes("/") ? inside.slice(0, inside.indexOf("/")) : "";
    bytes[top] = (bytes[top] ?? 0) + statSync(path).blocks * BLOCK_BYTES;
  }
  return bytes;
}

export function total(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((all, part) => all + part, 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function numberAfter(text: string, name: string): number {
  const at = text.indexOf(name);
  return at < 0 ? Number.NaN : Number.parseInt(text.slice(at + name.length), 10);
}
