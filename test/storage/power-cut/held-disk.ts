import * as fs from "node:fs";
import { join } from "node:path";
import {
  type Backing,
  type EntryOperation,
  type FileOperation,
  type Inode,
  sectorsOf,
} from "../../support/crash-files.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";

/** A write reaches the disk before it is synced, in part, as often as this. */
const earlyRate = 0.1;
/** Between two sectors of a sync there is a pause as often as this: a signal may come just then. */
const pauseRate = 0.02;
const pauseMsMax = 3;

/**
 * A directory on the real disk that holds what a power cut would leave, at any instant: what is not synced is in this process's memory
 * only, and SIGKILL is the power cut. A file lies in `held/` until its name is durable; then it is linked into `data/`, too.
 */
class HeldDisk implements Backing {
  readonly #root: string;
  readonly #random: () => number;
  readonly #files = new Map<Inode, { readonly path: string; readonly descriptor: number }>();

  constructor(root: string, random: () => number) {
    this.#root = root;
    this.#random = random;
    fs.mkdirSync(join(root, "held"), { recursive: true });
    fs.mkdirSync(join(root, "data"), { recursive: true });
  }

  /** Shows the program what is there. */
  load(vfs: CrashVfs): void {
    for (const entry of fs.readdirSync(join(this.#root, "data"), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(join(this.#root, "data").length + 1);
      if (entry.isDirectory()) vfs.addDurableDirectory(path);
      if (!entry.isFile() || path.startsWith("LOCK")) continue;
      const inode = vfs.addDurable(path, fs.readFileSync(this.#data(path)));
      const held = this.#nextPath();
      fs.linkSync(this.#data(path), held);
      this.#files.set(inode, { path: held, descriptor: fs.openSync(held, "r+") });
    }
  }

  #data(path: string): string {
    return join(this.#root, "data", path);
  }

  #nextPath(): string {
    return join(this.#root, "held", `${process.pid}-${this.#files.size}`);
  }

  #file(inode: Inode): { readonly path: string; readonly descriptor: number } {
    const known = this.#files.get(inode);
    if (known !== undefined) return known;
    const path = this.#nextPath();
    const created = { path, descriptor: fs.openSync(path, "wx+") };
    this.#files.set(inode, created);
    return created;
  }

  performed(inode: Inode, operation: FileOperation): void {
    if (operation.kind !== "write" || this.#random() >= earlyRate) return;
    const { descriptor } = this.#file(inode);
    for (const { bytes, position } of sectorsOf(operation))
      if (this.#random() < 0.5) fs.writeSync(descriptor, bytes, 0, bytes.length, position);
  }

  settled(inode: Inode, operations: readonly FileOperation[]): void {
    const { descriptor } = this.#file(inode);
    for (const operation of operations) {
      this.#pause();
      if (operation.kind === "truncate") fs.ftruncateSync(descriptor, operation.size);
      else
        for (const { bytes, position } of this.#shuffled([...sectorsOf(operation)])) {
          fs.writeSync(descriptor, bytes, 0, bytes.length, position);
          this.#pause();
        }
    }
  }

  entriesSettled(directory: string, operations: readonly EntryOperation[]): void {
    for (const operation of operations) {
      if (operation.kind === "move")
        fs.renameSync(this.#data(join(directory, operation.from)), this.#data(join(directory, operation.to)));
      else {
        const path = this.#data(join(directory, operation.name));
        if (operation.kind === "add") fs.linkSync(this.#file(operation.inode).path, path);
        else fs.unlinkSync(path);
      }
      this.#pause();
    }
  }

  directoriesSettled(paths: readonly string[]): void {
    for (const path of paths) fs.mkdirSync(this.#data(path), { recursive: true });
  }

  #shuffled<T>(list: T[]): T[] {
    return list
      .map((item) => ({ item, rank: this.#random() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ item }) => item);
  }

  #pause(): void {
    if (this.#random() < pauseRate)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, this.#random() * pauseMsMax);
  }
}

/** The files below `root`/data, of which this process holds back what it has not synced. */
export function heldDisk(root: string, random: () => number): CrashVfs {
  const disk = new HeldDisk(root, random);
  const vfs = new CrashVfs(disk);
  vfs.whileSyncing = () => new Promise((resolve) => setTimeout(resolve, random() * 2));
  disk.load(vfs);
  return vfs;
}
