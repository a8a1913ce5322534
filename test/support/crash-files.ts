/** A change of a file since its last completed sync. */
export type FileOperation =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };

/** A change of a directory since its last sync. */
export type EntryOperation =
  | { readonly kind: "add"; readonly name: string; readonly inode: Inode }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string; readonly inode: Inode };

/**
 * What a power cut leaves. durable: nothing that was not synced. everything: all of it. random: each unsynced directory operation, and
 * each 512-byte sector of each unsynced write, by the toss of a coin, whatever their order was.
 */
export type Survival = "durable" | "everything" | "random";

/** Hears of what happens to files: a real disk, say, that shall hold exactly what a power cut would leave. */
export interface Backing {
  /** Written by the program, not synced yet. */
  performed(inode: Inode, operation: FileOperation): void;
  /** Durable from now on. */
  settled(inode: Inode, operations: readonly FileOperation[]): void;
  entriesSettled(directory: string, operations: readonly EntryOperation[]): void;
  /** These directories are durable. */
  directoriesSettled(paths: readonly string[]): void;
}

const sectorBytes = 512;

export class Inode {
  readonly #backing: Backing | undefined;
  durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  readonly pending: FileOperation[] = [];
  current: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(backing: Backing | undefined) {
    this.#backing = backing;
  }

  perform(operation: FileOperation): void {
    this.pending.push(operation);
    this.current = applied(this.current, operation);
    this.#backing?.performed(this, operation);
  }

  /** The first `count` pending operations have reached the disk. */
  settle(count: number): void {
    const settled = this.pending.splice(0, count);
    for (const operation of settled) this.durable = applied(this.durable, operation);
    this.#backing?.settled(this, settled);
  }

  /** A sync failed, and the kernel marks the pages as clean all the same: they stay readable, and never reach the disk. */
  forget(): void {
    this.pending.length = 0;
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

export function* sectorsOf({ position, bytes }: { position: number; bytes: Uint8Array }) {
  for (let start = 0; start < bytes.length; ) {
    const end = Math.min(bytes.length, start + sectorBytes - ((position + start) % sectorBytes));
    yield { kind: "write", position: position + start, bytes: bytes.subarray(start, end) } as const;
    start = end;
  }
}

export class Directory {
  readonly #path: string;
  readonly #backing: Backing | undefined;
  readonly current = new Map<string, Inode>();
  readonly durable = new Map<string, Inode>();
  readonly pending: EntryOperation[] = [];

  constructor(path: string, backing: Backing | undefined) {
    this.#path = path;
    this.#backing = backing;
  }

  perform(operation: EntryOperation): void {
    this.pending.push(operation);
    applyEntry(this.current, operation);
  }

  sync(): void {
    const settled = this.pending.splice(0);
    for (const operation of settled) applyEntry(this.durable, operation);
    this.#backing?.entriesSettled(this.#path, settled);
  }

  /** As `Inode.forget`. */
  forget(): void {
    this.pending.length = 0;
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
