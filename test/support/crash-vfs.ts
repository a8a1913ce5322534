import { StorageError } from "../../storage/errors.ts";
import type { Vfs, VfsFile } from "../../storage/vfs/vfs.ts";
import { type Backing, Directory, Inode, type Survival } from "./crash-files.ts";

/**
 * Files in memory that know what a power cut would leave of them: only what was synced is sure to survive, and a directory entry only
 * after its directory was synced. `beforeCall` sees every mutating call before it happens.
 */
export class CrashVfs implements Vfs {
  readonly root = undefined;
  /** Mutating calls so far. */
  calls = 0;
  beforeCall: ((call: string, path: string) => void) | undefined;
  /** How long a sync takes: other work goes on while the disk is busy. */
  whileSyncing = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  /** Whether the sync of this file or directory fails: what it was to make durable stays readable and is lost at the next power cut. */
  failsSync: ((path: string) => boolean) | undefined;
  readonly #backing: Backing | undefined;
  readonly #directories: Map<string, Directory>;
  readonly #durableDirectories = new Set<string>([""]);
  #locked = false;

  constructor(backing?: Backing) {
    this.#backing = backing;
    this.#directories = new Map([["", new Directory("", backing)]]);
  }

  /** What a power cut now would leave, on a machine that was started again. */
  image(survival: Survival, random: () => number): CrashVfs {
    const image = new CrashVfs();
    for (const [path, directory] of this.#directories) {
      const survives =
        survival === "everything" ||
        this.#durableDirectories.has(path) ||
        (survival === "random" && random() < 0.5);
      if (!survives) continue;
      image.#durableDirectories.add(path);
      const copy = new Directory(path, undefined);
      image.#directories.set(path, copy);
      for (const [name, inode] of directory.survivor(survival, random)) {
        const file = new Inode(undefined);
        file.durable = inode.survivor(survival, random);
        file.current = file.durable.slice();
        copy.current.set(name, file);
        copy.durable.set(name, file);
      }
    }
    return image;
  }

  /** Adds a directory that was there before anything happened. */
  addDurableDirectory(path: string): Directory {
    const directory = this.#directories.get(path) ?? new Directory(path, this.#backing);
    this.#directories.set(path, directory);
    this.#durableDirectories.add(path);
    return directory;
  }

  /** Adds a file, and its directory, that were there before anything happened. */
  addDurable(path: string, bytes: Uint8Array): Inode {
    const directory = this.addDurableDirectory(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
    const inode = new Inode(this.#backing);
    inode.durable = bytes.slice();
    inode.current = bytes.slice();
    const name = path.slice(path.lastIndexOf("/") + 1);
    directory.current.set(name, inode);
    directory.durable.set(name, inode);
    return inode;
  }

  /** Every file with its current bytes. */
  *files(): Iterable<readonly [path: string, bytes: Uint8Array]> {
    for (const [path, directory] of this.#directories) {
      for (const [name, inode] of directory.current)
        yield [path === "" ? name : `${path}/${name}`, inode.current];
    }
  }

  /** Replaces the bytes of a file, durably: damage. */
  replace(path: string, bytes: Uint8Array): void {
    const inode = this.#find("replace", path);
    inode.pending.length = 0;
    inode.durable = bytes.slice();
    inode.current = bytes.slice();
  }

  /** For the files: counts a mutating call. */
  noteCall(call: string, path: string): void {
    this.beforeCall?.(call, path);
    this.calls += 1;
  }

  /** For the files: carries out a sync, or lets it fail. */
  settle(path: string, what: { forget(): void }, settle: () => void): void {
    if (this.failsSync?.(path) !== true) {
      settle();
      return;
    }
    what.forget();
    throw new StorageError("io", `${path}: the sync failed by design`, { file: path });
  }

  /** The process that held the lock is gone. */
  breakLock(): void {
    this.#locked = false;
  }

  #split(path: string): { directory: Directory; name: string } {
    const slash = path.lastIndexOf("/");
    const directory = this.#directories.get(path.slice(0, Math.max(0, slash)));
    if (directory === undefined) throw missing(path);
    return { directory, name: path.slice(slash + 1) };
  }

  #find(_call: string, path: string): Inode {
    const { directory, name } = this.#split(path);
    const inode = directory.current.get(name);
    if (inode === undefined) throw missing(path);
    return inode;
  }

  create(path: string): VfsFile {
    const { directory, name } = this.#split(path);
    if (directory.current.has(name)) throw new StorageError("io", `${path}: the file exists`);
    this.noteCall("create", path);
    const inode = new Inode(this.#backing);
    directory.perform({ kind: "add", name, inode });
    return new CrashFile(path, inode, this);
  }

  open(path: string): VfsFile {
    return new CrashFile(path, this.#find("open", path), this);
  }

  exists(path: string): boolean {
    if (this.#directories.has(path)) return true;
    const { directory, name } = this.#split(path);
    return directory.current.has(name);
  }

  list(path: string): string[] {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw missing(path);
    const names = [...directory.current.keys()];
    if (path === "") names.push(...[...this.#directories.keys()].filter((name) => name !== ""));
    return names.sort();
  }

  makeDirectory(path: string): void {
    if (path.includes("/")) throw new StorageError("usage", "one level of directories is enough");
    this.noteCall("makeDirectory", path);
    if (!this.#directories.has(path)) this.#directories.set(path, new Directory(path, this.#backing));
  }

  rename(from: string, to: string): void {
    const inode = this.#find("rename", from);
    const source = this.#split(from);
    const target = this.#split(to);
    if (source.directory !== target.directory)
      throw new StorageError("usage", "renames stay in their directory");
    this.noteCall("rename", from);
    source.directory.perform({ kind: "move", from: source.name, to: target.name, inode });
  }

  link(from: string, to: string): void {
    const inode = this.#find("link", from);
    const { directory, name } = this.#split(to);
    this.noteCall("link", from);
    directory.perform({ kind: "add", name, inode });
  }

  unlink(path: string): void {
    this.#find("unlink", path);
    const { directory, name } = this.#split(path);
    this.noteCall("unlink", path);
    directory.perform({ kind: "remove", name });
  }

  syncDirectory(path: string): void {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw missing(path);
    this.noteCall("syncDirectory", path);
    this.settle(path, directory, () => directory.sync());
    if (path !== "") return;
    for (const name of this.#directories.keys()) this.#durableDirectories.add(name);
    this.#backing?.directoriesSettled([...this.#directories.keys()]);
  }

  lock(path: string): () => void {
    if (this.#locked) throw new StorageError("locked", `${path}: in use`);
    this.#locked = true;
    return () => {
      this.#locked = false;
    };
  }

  freeBytes(): undefined {
    return undefined;
  }
}

function missing(path: string): StorageError {
  return new StorageError("not-found", `${path}: no such file`);
}

class CrashFile implements VfsFile {
  readonly path: string;
  readonly #inode: Inode;
  readonly #vfs: CrashVfs;

  constructor(path: string, inode: Inode, vfs: CrashVfs) {
    this.path = path;
    this.#inode = inode;
    this.#vfs = vfs;
  }

  read(into: Uint8Array, position: number): number {
    const bytes = this.#inode.current.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  write(from: Uint8Array, position: number): void {
    this.#vfs.noteCall("write", this.path);
    // A copy in any case: the slice of a Buffer is a view.
    this.#inode.perform({ kind: "write", position, bytes: new Uint8Array(from) });
  }

  async datasync(): Promise<void> {
    this.#vfs.noteCall("datasync", this.path);
    const count = this.#inode.pending.length;
    // A crash meanwhile finds the sync not done.
    await this.#vfs.whileSyncing();
    this.#vfs.settle(this.path, this.#inode, () => this.#inode.settle(count));
  }

  datasyncNow(): void {
    this.#vfs.noteCall("datasync", this.path);
    this.#vfs.settle(this.path, this.#inode, () => this.#inode.settle(this.#inode.pending.length));
  }

  truncate(size: number): void {
    this.#vfs.noteCall("truncate", this.path);
    this.#inode.perform({ kind: "truncate", size });
  }

  size(): number {
    return this.#inode.current.length;
  }

  close(): void {}
}
