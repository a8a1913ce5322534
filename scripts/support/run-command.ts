import { dirname, join } from "node:path";

/** The repository's root directory. */
export const root = dirname(dirname(import.meta.dirname));

/** Path of a command that a dependency brings along. */
export const dependencyCommand = (name: string): string => join(root, "node_modules", ".bin", name);

/** Runs a command in `cwd` on this process's own streams; returns its exit code. */
export async function runInherited(command: readonly string[], cwd = root): Promise<number> {
  const child = Bun.spawn([...command], { cwd, stdio: ["inherit", "inherit", "inherit"] });
  return await child.exited;
}

export interface Finished {
  readonly code: number;
  /** Standard output and standard error, one after the other. */
  readonly output: string;
}

/** Runs a command in `cwd` and collects what it says. */
export async function runCaptured(
  command: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<Finished> {
  const child = Bun.spawn([...command], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, output: out + err };
}

export const seconds = (sinceMs: number): string => `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
