import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { withDirectory } from "./directory.ts";

const holder = new URL("./lock-holder.ts", import.meta.url).pathname;

/** Runs `work` while another process holds the lock of `directory`; that is killed at the end, if not before. */
async function withHolder(
  directory: string,
  work: (pid: number, kill: () => Promise<void>) => void | Promise<void>,
): Promise<void> {
  const child = Bun.spawn([process.execPath, holder, directory], { stdin: "pipe", stdout: "pipe" });
  const kill = async () => {
    child.kill("SIGKILL");
    await child.exited;
  };
  try {
    const { value } = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("locked\n");
    await work(child.pid, kill);
  } finally {
    await kill();
  }
}

function lockedBy(vfs: Vfs): string {
  try {
    vfs.lock("LOCK")();
    return "nobody";
  } catch (error) {
    expect(error).toMatchObject({
      name: "StorageError",
      kind: "locked",
      file: expect.stringContaining("LOCK"),
    });
    return String(error);
  }
}

test("a second process is refused, told who holds the lock, and served as soon as the first was killed", () =>
  withDirectory(async (directory) => {
    const vfs = diskVfs(directory);
    await withHolder(directory, async (pid, kill) => {
      // A refused attempt leaves the lock and the note of its holder alone.
      for (let attempt = 0; attempt < 3; attempt++) {
        expect(lockedBy(vfs)).toContain(`process ${pid} on ${hostname()}`);
      }
      await kill();
    });
    // The note of the dead holder is still there, and means nothing.
    expect(existsSync(join(directory, "LOCK.holder"))).toBe(true);
    expect(lockedBy(vfs)).toBe("nobody");
    await withHolder(directory, (pid) => {
      expect(lockedBy(vfs)).toContain(`process ${pid} on`);
    });
  }));

test("two stores of one process exclude each other as two processes do", () =>
  withDirectory((directory) => {
    const release = diskVfs(directory).lock("LOCK");
    expect(lockedBy(diskVfs(directory))).toContain(`process ${process.pid}`);
    release();
    expect(lockedBy(diskVfs(directory))).toBe("nobody");
    expect(existsSync(join(directory, "LOCK.holder"))).toBe(false);
  }));

test("other directories are not concerned, nor other names", () =>
  withDirectory((directory) =>
    withDirectory((other) => {
      const release = diskVfs(directory).lock("LOCK");
      expect(lockedBy(diskVfs(other))).toBe("nobody");
      release();
    }),
  ));

test("files in memory are locked, too", () => {
  const vfs = memoryVfs();
  const release = vfs.lock("LOCK");
  expect(lockedBy(vfs)).toContain("LOCK");
  release();
  expect(lockedBy(vfs)).toBe("nobody");
});
