import { StorageError } from "../../storage/errors.ts";
import type { Vfs, VfsFile } from "../../storage/vfs/vfs.ts";

/** A change of a file since its last completed sync. */
type FileOperation =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** A change of a directory since its last sync. */
type EntryOperation =
  | { readonly kind: "add"; readonly name: string; readonly inode: Inode }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly inode: Inode };

/**
 * What a power cut leaves. durable: nothing that was not synced. everything: all of it. random: each unsynced directory operation, and
 * each 512-byte sector of each unsynced write, by the toss of a coin, whatever their order was.
 */
export type Survival = "durable" | "everything" | "random";

const sectorBytes = 512;

class Inode {
  durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  readonly pending: FileOperation[] = [];
  current: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  perform(operation: FileOperation): void {
    this.pending.push(operation);
    this.current = applied(this.current, operation);
  }

  /** The first `count` pending operations have reached the disk. */
  settle(count: number): void {
    for (const operation of this.pending.splice(0, count)) this.durable = applied(this.durable, operation);
  }

  survivor(survival: Survival, random: () => number): Uint8Array<ArrayBuffer> {
    if (survival === "everything") return this.current.slice();
    let bytes = this.durable.slice();
    if (survival === "durable") return bytes;
    for (const operation of this.pending) {
      if (operation.kind === "truncate") {
        if (random() < 0.5) bytes = applied(bytes, operation);
        continue;
      }
      for (const sector of sectorsOf(operation)) if (random() < 0.5) bytes = applied(bytes, sector);
    }
    return bytes;
  }
}

function applied(bytes: Uint8Array<ArrayBuffer>, operation: FileOperation): Uint8Array<ArrayBuffer> {
  if (operation.kind === "write" && operation.bytes.length === 0) return bytes;
  const size =
    operation.kind === "truncate"
      ? operation.size
      : Math.max(bytes.length, operation.position + operation.bytes.length);
  let result = bytes;
  if (size !== bytes.length) {
    result = new Uint8Array(size);
    result.set(bytes.subarray(0, size));
  }
  if (operation.kind === "write") result.set(operation.bytes, operation.position);
  return result;
}

function* sectorsOf({ position, bytes }: { position: number; bytes: Uint8Array }) {
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + sectorBytes - ((position + start) % sectorBytes));
    yield { kind: "write", position: position + start, bytes: bytes.subarray(start, end) } as const;
    start = end;
  }
}

class Directory {
  readonly current = new Map<string, Inode>();
  readonly durable = new Map<string, Inode>();
  readonly pending: EntryOperation[] = [];

  perform(operation: EntryOperation): void {
    this.pending.push(operation);
    applyEntry(this.current, operation);
  }

  sync(): void {
    for (const operation of this.pending.splice(0)) applyEntry(this.durable, operation);
  }

  survivor(survival: Survival, random: () => number): Map<string, Inode> {
    if (survival === "everything") return new Map(this.current);
    const entries = new Map(this.durable);
    if (survival === "durable") return entries;
    for (const operation of this.pending) if (random() < 0.5) applyEntry(entries, operation);
    return entries;
  }
}

function applyEntry(entries: Map<string, Inode>, operation: EntryOperation): void {
  if (operation.kind === "add") entries.set(operation.name, operation.inode);
  else if (operation.kind === "remove") entries.delete(operation.name);
  else {
    // A rename is atomic: the old name is gone if and only if the new one is there.
    if (entries.get(operation.from) === operation.inode) entries.delete(operation.from);
    entries.set(operation.to, operation.inode);
  }
}

/**
 * Files in memory that know what a power cut would leave of them: only what was synced is sure to survive, and a directory entry only
 * after its directory was synced. `beforeCall` sees every mutating call before it happens.
 */
export class CrashVfs implements Vfs {
  readonly root = undefined;
  /** Mutating calls so far. */
  calls = 0;
  beforeCall: ((call: string, path: string) => void) | undefined;
  readonly #directories = new Map<string, Directory>([["", new Directory()]]);
  readonly #durableDirectories = new Set<string>([""]);
  #locked = false;

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
      const copy = new Directory();
      image.#directories.set(path, copy);
      for (const [name, inode] of directory.survivor(survival, random)) {
        const file = new Inode();
        file.durable = inode.survivor(survival, random);
        file.current = file.durable.slice();
        copy.current.set(name, file);
        copy.durable.set(name, file);
      }
    }
    return image;
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

  #call(call: string, path: string): void {
    this.beforeCall?.(call, path);
    this.calls += 1;
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
    this.#call("create", path);
    const inode = new Inode();
    directory.perform({ kind: "add", name, inode });
    return new CrashFile(path, inode, (call) => this.#call(call, path));
  }

  open(path: string): VfsFile {
    return new CrashFile(path, this.#find("open", path), (call) => this.#call(call, path));
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
    this.#call("makeDirectory", path);
    if (!this.#directories.has(path)) this.#directories.set(path, new Directory());
  }

  rename(from: string, to: string): void {
    const inode = this.#find("rename", from);
    const source = this.#split(from);
    const target = this.#split(to);
    if (source.directory !== target.directory)
      throw new StorageError("usage", "renames stay in their directory");
    this.#call("rename", from);
    source.directory.perform({ kind: "move", from: source.name, to: target.name, inode });
  }

  link(from: string, to: string): void {
    const inode = this.#find("link", from);
    const { directory, name } = this.#split(to);
    this.#call("link", from);
    directory.perform({ kind: "add", name, inode });
  }

  unlink(path: string): void {
    this.#find("unlink", path);
    const { directory, name } = this.#split(path);
    this.#call("unlink", path);
    directory.perform({ kind: "remove", name });
  }

  syncDirectory(path: string): void {
    const directory = this.#directories.get(path);
    if (directory === undefined) throw missing(path);
    this.#call("syncDirectory", path);
    directory.sync();
    if (path === "") for (const name of this.#directories.keys()) this.#durableDirectories.add(name);
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
  readonly #call: (call: string) => void;

  constructor(path: string, inode: Inode, call: (call: string) => void) {
    this.path = path;
    this.#inode = inode;
    this.#call = call;
  }

  read(into: Uint8Array, position: number): number {
    const bytes = this.#inode.current.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }

  write(from: Uint8Array, position: number): void {
    this.#call("write");
    // A copy in any case: the slice of a Buffer is a view.
    this.#inode.perform({ kind: "write", position, bytes: new Uint8Array(from) });
  }

  async datasync(): Promise<void> {
    this.#call("datasync");
    const count = this.#inode.pending.length;
    // Other work goes on while the disk is busy; a crash meanwhile finds the sync not done.
    await new Promise((resolve) => setImmediate(resolve));
    this.#inode.settle(count);
  }

  datasyncNow(): void {
    this.#call("datasync");
    this.#inode.settle(this.#inode.pending.length);
  }

  truncate(size: number): void {
    this.#call("truncate");
    this.#inode.perform({ kind: "truncate", size });
  }

  size(): number {
    return this.#inode.current.length;
  }

  close(): void {}
}
