import assert from "node:assert/strict";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { readFile } from "../sstable/support.ts";

/** The files of a data directory, by their paths. */
export type StoredFiles = ReadonlyMap<string, Uint8Array>;

const directories = ["wal", "archive", "sst"] as const;
const isOfTheLock = (path: string): boolean => path.startsWith("LOCK");

/** Copies of all files of a data directory but those of its lock. */
export function filesOf(vfs: Vfs): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of vfs.list("")) {
    if (directories.some((directory) => directory === name)) {
      for (const inner of vfs.list(name)) files.set(`${name}/${inner}`, readFile(vfs, `${name}/${inner}`));
    } else if (!isOfTheLock(name)) files.set(name, readFile(vfs, name));
  }
  return files;
}

/** A data directory in memory with these files. */
export function vfsOf(files: StoredFiles): Vfs {
  const vfs = memoryVfs();
  for (const directory of directories) vfs.makeDirectory(directory);
  for (const [path, bytes] of files) {
    const file = vfs.create(path);
    file.write(bytes, 0);
    file.close();
  }
  return vfs;
}

/** The bytes of a file that must be there. */
export function fileOf(files: StoredFiles, path: string): Uint8Array {
  const bytes = files.get(path);
  assert(bytes !== undefined, `the directory has ${path}`);
  return bytes;
}

/** The same files, `path` with other bytes. */
export function withFile(files: StoredFiles, path: string, bytes: Uint8Array): Map<string, Uint8Array> {
  return new Map(files).set(path, bytes);
}

/** The same files, `path` cut to `size` bytes and then, if `padTo` is larger, made that long with zeros. */
export function withCut(files: StoredFiles, path: string, size: number, padTo = 0): Map<string, Uint8Array> {
  const cut = new Uint8Array(Math.max(size, padTo));
  cut.set(fileOf(files, path).subarray(0, size));
  return withFile(files, path, cut);
}

/** Calls `look` while bit `bit` of `path` is flipped. */
export async function withFlip<T>(
  files: StoredFiles,
  path: string,
  bit: number,
  look: (files: StoredFiles) => T | Promise<T>,
): Promise<T> {
  const bytes = fileOf(files, path);
  const flip = () => {
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  };
  flip();
  try {
    return await look(files);
  } finally {
    flip();
  }
}
