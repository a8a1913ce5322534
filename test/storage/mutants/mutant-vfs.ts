import type { Vfs, VfsFile } from "../../../storage/vfs/vfs.ts";
import { callSite } from "./call-site.ts";

/** A call that changes files or makes changes durable. */
export interface Call {
  readonly name:
    | "create"
    | "write"
    | "sync"
    | "truncate"
    | "close"
    | "rename"
    | "link"
    | "unlink"
    | "syncDirectory";
  readonly path: string;
  /** See `callSite`. */
  readonly site: string;
  /** What a write writes. */
  readonly bytes?: Uint8Array;
}

export type CallPattern = (call: Call) => boolean;

/** What is wrong with the mutant: a step is left out; or it is taken too late, right after another one that it should go before. */
export type Mutation =
  | { readonly kind: "leave out"; readonly step: CallPattern }
  | { readonly kind: "postpone"; readonly step: CallPattern; readonly until: CallPattern };

/**
 * Passes calls on as a store would make them whose code lacks a step, or takes it too late. The store itself notices nothing: what it did
 * wrong shows after a power cut.
 */
export class MutantVfs implements Vfs {
  readonly root = undefined;
  readonly #inner: Vfs;
  readonly #mutation: Mutation | undefined;
  readonly #seen: (call: Call) => void;
  readonly #postponed: { readonly file: object | undefined; readonly run: () => void }[] = [];
  /** Calls that were left out or postponed, and calls that were passed on since the last of them. */
  mutated = 0;
  soundSince = 0;

  /** `seen` hears of every call, before it is passed on or not. */
  constructor(inner: Vfs, mutation?: Mutation, seen: (call: Call) => void = () => undefined) {
    this.#inner = inner;
    this.#mutation = mutation;
    this.#seen = seen;
  }

  get isBehind(): boolean {
    return this.#postponed.length > 0;
  }

  /** One call; of an open file, when `file` is given. */
  perform(call: Omit<Call, "site">, run: () => void, file?: object): void {
    const sited: Call = { ...call, site: callSite() };
    this.#seen(sited);
    const mutation = this.#mutation;
    if (mutation?.step(sited) === true) {
      this.mutated += 1;
      this.soundSince = 0;
      if (mutation.kind === "postpone") this.#postponed.push({ file, run });
      return;
    }
    // Late, but not out of order within a file: no code would write its second record before its first.
    if (file !== undefined && this.#postponed.some((one) => one.file === file)) {
      if (call.name === "close") {
        this.#postponed.push({ file, run });
        return;
      }
      this.#catchUp();
    }
    this.soundSince += 1;
    run();
    if (mutation?.kind === "postpone" && mutation.until(sited)) this.#catchUp();
  }

  #catchUp(): void {
    for (let one = this.#postponed[0]; one !== undefined; one = this.#postponed[0]) {
      one.run();
      this.#postponed.shift();
    }
  }

  create(path: string): VfsFile {
    const file = new MutantFile(path, this);
    this.perform(
      { name: "create", path },
      () => {
        file.inner = this.#inner.create(path);
      },
      file,
    );
    return file;
  }

  open(path: string, mode: "read" | "write"): VfsFile {
    const file = new MutantFile(path, this);
    file.inner = this.#inner.open(path, mode);
    return file;
  }

  exists(path: string): boolean {
    return this.#inner.exists(path);
  }

  list(directory: string): string[] {
    return this.#inner.list(directory);
  }

  makeDirectory(path: string): void {
    this.#inner.makeDirectory(path);
  }

  rename(from: string, to: string): void {
    this.perform({ name: "rename", path: from }, () => this.#inner.rename(from, to));
  }

  link(from: string, to: string): void {
    this.perform({ name: "link", path: from }, () => this.#inner.link(from, to));
  }

  unlink(path: string): void {
    this.perform({ name: "unlink", path }, () => this.#inner.unlink(path));
  }

  syncDirectory(directory: string): void {
    this.perform({ name: "syncDirectory", path: directory }, () => this.#inner.syncDirectory(directory));
  }

  lock(path: string): () => void {
    return this.#inner.lock(path);
  }

  freeBytes(): number | undefined {
    return this.#inner.freeBytes();
  }
}

class MutantFile implements VfsFile {
  readonly path: string;
  /** Undefined while its creation is postponed. */
  inner: VfsFile | undefined;
  readonly #vfs: MutantVfs;

  constructor(path: string, vfs: MutantVfs) {
    this.path = path;
    this.#vfs = vfs;
  }

  get #file(): VfsFile {
    if (this.inner === undefined) throw new Error(`${this.path} is used before it was created`);
    return this.inner;
  }

  #perform(name: Call["name"], run: () => void, bytes?: Uint8Array): void {
    this.#vfs.perform({ name, path: this.path, ...(bytes === undefined ? {} : { bytes }) }, run, this);
  }

  read(into: Uint8Array, position: number): number {
    return this.#file.read(into, position);
  }

  write(from: Uint8Array, position: number): void {
    // The caller may use its buffer again before a postponed write happens.
    const bytes = new Uint8Array(from);
    this.#perform("write", () => this.#file.write(bytes, position), bytes);
  }

  async datasync(): Promise<void> {
    let syncing: Promise<void> | undefined;
    this.#perform("sync", () => {
      syncing = this.#file.datasync();
    });
    await syncing;
  }

  datasyncNow(): void {
    this.#perform("sync", () => this.#file.datasyncNow());
  }

  truncate(size: number): void {
    this.#perform("truncate", () => this.#file.truncate(size));
  }

  size(): number {
    return this.#file.size();
  }

  close(): void {
    this.#perform("close", () => this.#file.close());
  }
}
