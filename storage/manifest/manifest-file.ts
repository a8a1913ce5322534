import { pack } from "msgpackr";
import { failedSync, isNoSpace } from "../errors.ts";
import { alignFrame, Bytes, frameHeaderBytes, sealFrame } from "../frame.ts";
import { syncDirectory } from "../vfs/sync-directory.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";
import type { ManifestEdit } from "./edit.ts";
import {
  currentPath,
  encodeCurrent,
  encodeManifestHeader,
  manifestHeaderBytes,
  manifestPath,
  recordKind,
} from "./format.ts";

export type Salt = readonly [number, number];

/** One manifest file, open at its end. After a failure other than "no-space" from `append` it must not be used again. */
export class ManifestFile {
  readonly number: number;
  readonly #file: VfsFile;
  readonly #salt: Salt;
  #records = 0;
  /** End of the last durable record. */
  #bytes = manifestHeaderBytes;

  private constructor(file: VfsFile, number: number, salt: Salt) {
    this.#file = file;
    this.number = number;
    this.#salt = salt;
  }

  /** Creates file `number` with one record; complete and durable, but not in force, when it resolves. */
  static async create(
    vfs: Vfs,
    number: number,
    storeId: Uint8Array,
    salt: Salt,
    snapshot: readonly ManifestEdit[],
  ): Promise<ManifestFile> {
    const path = manifestPath(number);
    // A file of this number is left over from an attempt that did not get as far as CURRENT.
    if (vfs.exists(path)) vfs.unlink(path);
    const file = vfs.create(path);
    const created = new ManifestFile(file, number, salt);
    try {
      file.write(encodeManifestHeader({ storeId, salt }), 0);
      await created.append(snapshot);
      syncDirectory(vfs, "");
    } catch (error) {
      file.close();
      vfs.unlink(path);
      throw error;
    }
    return created;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds one record and syncs. When it throws "no-space", the file is as before. */
  async append(edits: readonly ManifestEdit[]): Promise<void> {
    const payload = pack(edits);
    const payloadEnd = frameHeaderBytes + payload.length;
    const bytes = new Bytes(new Uint8Array(alignFrame(payloadEnd)));
    bytes.array.set(payload, frameHeaderBytes);
    const length = sealFrame(bytes, payloadEnd, this.#salt, {
      kind: recordKind,
      firstSequence: this.#records,
      time: 0,
      syncedUpTo: this.#bytes,
      count: edits.length,
    });
    try {
      this.#file.write(bytes.array, this.#bytes);
    } catch (error) {
      if (isNoSpace(error)) this.#file.truncate(this.#bytes);
      throw error;
    }
    await this.#datasync();
    this.#bytes += length;
    this.#records += 1;
  }

  async #datasync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (cause) {
      throw failedSync(this.#file.path, cause);
    }
  }

  /** Makes CURRENT name this file. Throws "no-space" before anything has changed. */
  publish(vfs: Vfs): void {
    const temporary = `${currentPath}.tmp`;
    if (vfs.exists(temporary)) vfs.unlink(temporary);
    const file = vfs.create(temporary);
    try {
      file.write(encodeCurrent(this.number), 0);
      file.datasyncNow();
    } finally {
      file.close();
    }
    vfs.rename(temporary, currentPath);
    syncDirectory(vfs, "");
  }

  close(): void {
    this.#file.close();
  }
}
