/**
 * A directory of folders in the place of an object store: bucket `b` is the folder DIR/b, the key of an object its path in there. No path leaves that
 * folder: keys with empty, "." or ".." parts, and symbolic links wherever they lie on the way, are refused.
 */
import { constants, promises as fs } from "node:fs";
import { join } from "node:path";

export type ObjectsErrorKind = "no-such-bucket" | "no-such-key" | "access-denied" | "failed";

/** An object, or its bucket, cannot be read or written. */
export class ObjectsError extends Error {
  readonly kind: ObjectsErrorKind;

  constructor(kind: ObjectsErrorKind, message: string = kind) {
    super(message);
    this.kind = kind;
  }
}

/** An object that is being written. Nobody sees it before `finish`. */
export interface ObjectWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Syncs the object and gives it its name, in the place of an earlier one. */
  finish(): Promise<void>;
  /** Removes what was written, unless it is finished. */
  abandon(): Promise<void>;
}

const READ_BYTES = 256 << 10;
const BUCKET = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;
const PARTIAL = /^\..*\.partial$/s;
const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;

/** The buckets in a directory; without one there are none. All methods throw `ObjectsError`. */
export class Objects {
  readonly #directory: string | undefined;

  constructor(directory: string | undefined) {
    this.#directory = directory;
  }

  /** The keys that begin with `prefix`, ascending; no more than `max` and one. */
  async list(bucket: string, prefix: string, max: number): Promise<string[]> {
    const root = await this.#root(bucket);
    const keys: string[] = [];
    await refused(() => walk(root, "", prefix, max, keys));
    return keys.sort();
  }

  /** The bytes of an object, as they are read. */
  async *read(bucket: string, key: string): AsyncGenerator<Uint8Array, void> {
    const path = await this.#pathOf(bucket, key);
    const file = await refused(() => fs.open(path, O_RDONLY | O_NOFOLLOW));
    try {
      for (;;) {
        const buffer = Buffer.allocUnsafe(READ_BYTES);
        const { bytesRead } = await refused(() => file.read(buffer, 0, READ_BYTES));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  /** Begins an object, and the folders that it lies in. */
  async create(bucket: string, key: string): Promise<ObjectWriter> {
    const root = await this.#root(bucket);
    const parts = partsOf(key);
    const name = parts.pop() ?? "";
    const folders = [root];
    for (const part of parts) folders.push(await folderIn(folders.at(-1) ?? root, part));
    const folder = folders.at(-1) ?? root;
    const partial = join(folder, `.${name}.partial`);
    const file = await refused(() => fs.open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644));
    let isOpen = true;
    return {
      write: (bytes) => refused(() => file.writeFile(bytes)),
      finish: () =>
        refused(async () => {
          await file.sync();
          isOpen = false;
          await file.close();
          await fs.rename(partial, join(folder, name));
          for (const path of folders.reverse()) await syncFolder(path);
        }),
      abandon: async () => {
        if (!isOpen) return;
        isOpen = false;
        await file.close();
        await refused(() => fs.rm(partial, { force: true }));
      },
    };
  }

  /** The folder of a bucket. */
  async #root(bucket: string): Promise<string> {
    if (this.#directory === undefined || !BUCKET.test(bucket)) throw new ObjectsError("no-such-bucket");
    try {
      const base = await fs.realpath(this.#directory);
      const stat = await fs.lstat(join(base, bucket));
      if (stat.isSymbolicLink()) throw new ObjectsError("access-denied");
      if (stat.isDirectory()) return join(base, bucket);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== "no-such-key") throw failure;
    }
    throw new ObjectsError("no-such-bucket");
  }

  /** The path of a file that exists, with no links on the way. */
  async #pathOf(bucket: string, key: string): Promise<string> {
    let path = await this.#root(bucket);
    const parts = partsOf(key);
    for (const [at, part] of parts.entries()) {
      path = join(path, part);
      const stat = await refused(() => fs.lstat(path));
      if (stat.isSymbolicLink()) throw new ObjectsError("access-denied");
      // Others (pipes, say) might never end.
      if (at === parts.length - 1 ? !stat.isFile() : !stat.isDirectory())
        throw new ObjectsError("no-such-key");
    }
    return path;
  }
}

function partsOf(key: string): string[] {
  const parts = key.split("/");
  const isBad = (part: string) => part === "" || part === "." || part === ".." || /[\0\\]/.test(part);
  if (parts.some(isBad)) throw new ObjectsError("access-denied");
  return parts;
}

/** Adds the keys in a folder and below that begin with `prefix`. `at`: the folder's own key, with a slash behind it. */
async function walk(root: string, at: string, prefix: string, max: number, keys: string[]): Promise<void> {
  for (const entry of await fs.readdir(join(root, at), { withFileTypes: true })) {
    if (keys.length > max) return;
    const key = at + entry.name;
    const folder = `${key}/`;
    const leadsThere = folder.startsWith(prefix) || prefix.startsWith(folder);
    if (entry.isSymbolicLink() && (leadsThere || key.startsWith(prefix)))
      throw new ObjectsError("access-denied");
    if (entry.isDirectory() && leadsThere) await walk(root, folder, prefix, max, keys);
    if (entry.isFile() && key.startsWith(prefix) && !PARTIAL.test(entry.name)) keys.push(key);
  }
}

async function folderIn(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  return await refused(async () => {
    await fs.mkdir(path, { recursive: true });
    const stat = await fs.lstat(path);
    if (!stat.isDirectory()) throw new ObjectsError("access-denied");
    return path;
  });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await fs.open(path, O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function refused<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw failureOf(error);
  }
}

const KINDS: Readonly<Record<string, ObjectsErrorKind>> = {
  ENOENT: "no-such-key",
  ENOTDIR: "no-such-key",
  EACCES: "access-denied",
  EPERM: "access-denied",
  ELOOP: "access-denied",
};

/** What the system says, in an object store's terms. */
function failureOf(error: unknown): ObjectsError {
  if (error instanceof ObjectsError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new ObjectsError(KINDS[code ?? ""] ?? "failed", message);
}
