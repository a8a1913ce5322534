import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `work` with a directory of its own, which is removed afterwards. */
export async function withDirectory<T>(work: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "walnut-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
