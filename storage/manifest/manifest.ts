import { isNoSpace, StorageError } from "../errors.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { ManifestEdit } from "./edit.ts";
import { currentPath, manifestPath, parseManifestName } from "./format.ts";
import { ManifestFile, type Salt } from "./manifest-file.ts";
import type { ReadManifest } from "./reader.ts";
import { ManifestState } from "./state.ts";

export interface ManifestOptions {
  readonly vfs: Vfs;
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly newSalt: () => Salt;
  /** A write or sync failed, and what is durable is not known any more. Called once. */
  readonly onFailure: (error: Error) => void;
  /** A file is rewritten when it is larger than this and than twice its snapshot. */
  readonly rollBytesMin?: number;
}

interface Waiting {
  readonly edits: readonly ManifestEdit[];
  readonly fulfil: () => void;
  readonly reject: (error: unknown) => void;
}

const rollBytesMinDefault = 64 << 10;

/**
 * The durable list of the store's files. `commit` is the only way to change `state`; edits that come while a sync is under way share
 * the next one.
 */
export class Manifest {
  readonly state: ManifestState;
  readonly #options: ManifestOptions;
  #file: ManifestFile;
  #snapshotBytes: number;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  #failure: Error | undefined;
  /** The next numbers to give out; ahead of the state's while edits are under way. */
  #nextSpace: number;
  #nextFeed: number;
  #nextTable: number;

  private constructor(options: ManifestOptions, state: ManifestState, file: ManifestFile) {
    this.#options = options;
    this.state = state;
    this.#file = file;
    this.#snapshotBytes = file.bytes;
    this.#nextSpace = state.nextSpace;
    this.#nextFeed = state.nextFeed;
    this.#nextTable = state.nextTable;
  }

  /** Writes the first manifest of a new store. It is not in force before `publish`. */
  static async create(options: ManifestOptions): Promise<Manifest> {
    const state = new ManifestState();
    return new Manifest(options, state, await writeSnapshot(options, state, 1));
  }

  /**
   * Goes on with a manifest that was read, in a new file: whether the last sync of the old one succeeded is not known, and after one that
   * failed its cached pages may be newer than the disk, for ever.
   */
  static async open(options: ManifestOptions, { state, number }: ReadManifest): Promise<Manifest> {
    state.closedSegment = 0;
    const file = await writeSnapshot(options, state, number + 1);
    file.publish(options.vfs);
    return new Manifest(options, state, file);
  }

  /** Puts a new store's first manifest in force. */
  publish(): void {
    this.#file.publish(this.#options.vfs);
  }

  /** Removes temporary files, and manifests but the one in force and the one before it, of which a repair can make the first record again. */
  removeLeftovers(): void {
    const { vfs } = this.#options;
    const { number: inForce } = this.#file;
    for (const name of vfs.list("")) {
      const number = parseManifestName(name);
      const isOld = number !== undefined && number !== inForce && number !== inForce - 1;
      if (isOld || name === `${currentPath}.tmp`) vfs.unlink(name);
    }
  }

  reserveSpace(): number {
    return this.#nextSpace++;
  }

  reserveFeed(): number {
    return this.#nextFeed++;
  }

  reserveTable(): number {
    return this.#nextTable++;
  }

  /**
   * Makes the edits durable as a whole, then applies them to `state`. Rejects with "no-space", having changed nothing, when the disk is
   * full; after any other failure the manifest accepts nothing more.
   */
  commit(edits: readonly ManifestEdit[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(new StorageError("closed", "the manifest is closed"));
    return new Promise((fulfil, reject) => {
      this.#queue.push({ edits, fulfil, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits for the edits under way and closes the file. Idempotent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#running;
    this.#file.close();
  }

  async #run(): Promise<void> {
    // The caller of `commit` must have its promise before anything is answered.
    await undefined;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await this.#apply(batch.flatMap((waiting) => waiting.edits));
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
        continue;
      }
      for (const waiting of batch) waiting.fulfil();
      await this.#rollIfLarge();
    }
    this.#running = undefined;
  }

  async #apply(edits: readonly ManifestEdit[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#file.append(edits);
      for (const edit of edits) {
        const problem = this.state.apply(edit);
        if (problem !== undefined) throw new StorageError("usage", `manifest edit ${edit.kind}: ${problem}`);
      }
    } catch (error) {
      if (!isNoSpace(error)) this.#fail(error);
      throw error;
    }
  }

  #fail(cause: unknown): void {
    this.#failure = cause instanceof Error ? cause : new Error(String(cause));
    this.#options.onFailure(this.#failure);
  }

  async #rollIfLarge(): Promise<void> {
    const { rollBytesMin = rollBytesMinDefault } = this.#options;
    const isSmall = this.#file.bytes <= Math.max(rollBytesMin, 2 * this.#snapshotBytes);
    if (isSmall || this.#failure !== undefined) return;
    try {
      await this.#roll();
    } catch (error) {
      // The old file stays in force and complete; without space for a new one it simply grows on.
      if (!isNoSpace(error)) this.#fail(error);
    }
  }

  async #roll(): Promise<void> {
    const { vfs } = this.#options;
    const old = this.#file;
    const file = await writeSnapshot(this.#options, this.state, old.number + 1);
    try {
      file.publish(vfs);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file = file;
    this.#snapshotBytes = file.bytes;
    old.close();
    const spare = manifestPath(old.number - 1);
    if (vfs.exists(spare)) vfs.unlink(spare);
  }
}

function writeSnapshot(
  options: ManifestOptions,
  state: ManifestState,
  number: number,
): Promise<ManifestFile> {
  return ManifestFile.create(options.vfs, number, options.storeId, options.newSalt(), state.snapshot());
}
