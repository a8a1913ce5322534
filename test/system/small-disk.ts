/**
 * A file system of a few megabytes for a directory, in a mount namespace of its own: no right beyond one's own is needed, nobody else sees
 * it, and it is gone with the process that holds it, however that ends.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Why there can be none on this machine; undefined when there can. */
export function smallDiskMissing(): string | undefined {
  const script = "mount -t tmpfs -o size=1m tmpfs /mnt";
  const { error, status } = spawnSync("unshare", [
    "--user",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    script,
  ]);
  if (error !== undefined) return "there is no unshare";
  if (status !== 0) return "user namespaces with mounts are not allowed here";
  return spawnSync("nsenter", ["--version"]).error === undefined ? undefined : "there is no nsenter";
}

export class SmallDisk {
  readonly #holder: ChildProcess;
  readonly #directory: string;

  private constructor(holder: ChildProcess, directory: string) {
    this.#holder = holder;
    this.#directory = directory;
  }

  /** Mounts a disk of that size at an existing, empty directory. */
  static async mount(directory: string, bytes: number): Promise<SmallDisk> {
    // The holder lives until its standard input ends.
    const script = `mount -t tmpfs -o size=${bytes} tmpfs "$1" && echo mounted && exec cat`;
    const argv = ["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", directory];
    const holder = spawn("unshare", argv, { stdio: ["pipe", "pipe", "inherit"] });
    const said = await new Promise<string>((fulfil, reject) => {
      holder.stdout.once("data", (chunk: Buffer) => fulfil(chunk.toString()));
      holder.once("error", reject);
      holder.once("close", (status) => reject(new Error(`the disk was not mounted (status ${status})`)));
    });
    assert.equal(said, "mounted\n");
    return new SmallDisk(holder, directory);
  }

  /** Arguments to put before a program's that shall see the disk. */
  get command(): readonly string[] {
    return ["nsenter", "--target", String(this.#holder.pid), "--user", "--mount", "--preserve-credentials"];
  }

  /** A path of the disk as it is seen from outside. */
  #outside(name: string): string {
    return join("/proc", String(this.#holder.pid), "root", this.#directory, name);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#outside(""));
    return bavail * bsize;
  }

  /** Takes space away until no more than about `leftBytes` are left; 0: nothing at all. */
  fill(leftBytes = 0): void {
    const file = openSync(this.#outside("filler"), "a");
    try {
      for (;;) {
        const bytes = Math.min(1 << 20, this.freeBytes - leftBytes);
        if (bytes <= 0) return;
        if (writeSync(file, new Uint8Array(bytes)) === 0) return;
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    } finally {
      closeSync(file);
    }
  }

  /** Gives the space back. */
  clear(): void {
    rmSync(this.#outside("filler"), { force: true });
  }

  /** Whoever still uses the disk keeps it. */
  unmount(): void {
    this.#holder.stdin?.end();
  }
}
