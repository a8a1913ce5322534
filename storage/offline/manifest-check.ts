import { StorageError } from "../errors.ts";
import { currentPath, manifestPath, parseManifestName } from "../manifest/format.ts";
import { type ReadManifest, readCurrent, readManifestAfter, readManifestFile } from "../manifest/reader.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { Problem } from "./problem.ts";

/** What can be known of the store's files. */
export interface ManifestFinding {
  readonly path: string;
  /** The manifest in force; where that cannot be told or read, the newest one that can, and of that as many records as are whole. */
  readonly read: ReadManifest;
  readonly problems: readonly Problem[];
  /** Records are missing, so that files may be there that it does not know, and gone that it does. */
  readonly isOutdated: boolean;
}

/**
 * Finds the manifest that says the most. Throws StorageError: "foreign" for one of a newer version, "corruption" when no
 * manifest can be read at all.
 */
export function findManifest(vfs: Vfs): ManifestFinding {
  const problems: Problem[] = [];
  const named = attempt(problems, () => readCurrent(vfs));
  if (named === undefined && problems.length === 0) {
    problems.push({ file: currentPath, offset: 0, what: "the file is missing", losses: [] });
  }
  if (named !== undefined) {
    const read = attempt(problems, () => readLeniently(vfs, named)) ?? readAfter(vfs, named);
    if (read !== undefined)
      return { ...read, problems: [...problems, ...read.problems, ...checkSpare(vfs, named)] };
  }
  const others = vfs
    .list("")
    .map(parseManifestName)
    .filter((number) => number !== undefined && number !== named)
    .sort((a, b) => (b ?? 0) - (a ?? 0));
  for (const number of others) {
    if (number === undefined) continue;
    const ignored: Problem[] = [];
    const read = attempt(ignored, () => readLeniently(vfs, number));
    if (read === undefined) continue;
    // An older manifest than the one in force: what came after it is not known.
    const isOlder = named !== undefined && number < named;
    const [first, ...rest] = problems;
    if (isOlder && first !== undefined)
      problems.splice(0, problems.length, { ...first, losses: [{ kind: "edits", after: 0 }] }, ...rest);
    const isOutdated = read.isOutdated || isOlder;
    return { ...read, problems: [...problems, ...read.problems], isOutdated };
  }
  const [first] = problems;
  throw new StorageError(
    "corruption",
    `${first?.file ?? currentPath} at byte ${first?.offset ?? 0}: ${first?.what ?? "damaged"}, and there is no other manifest that can be read`,
    { file: first?.file ?? currentPath, offset: first?.offset ?? 0 },
  );
}

/** Runs `read`; damage becomes a problem. */
function attempt<T>(problems: Problem[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.push(problemOf(error, []));
    return undefined;
  }
}

/** Reads a manifest as far as its records are whole; throws when that is not even the first. */
function readLeniently(vfs: Vfs, number: number): ManifestFinding {
  let whole = 0;
  try {
    const read = readManifestFile(vfs, number, undefined, (records) => {
      whole = records;
    });
    return { path: manifestPath(number), read, problems: [], isOutdated: false };
  } catch (error) {
    if (whole === 0) throw error;
    const problem = problemOf(error, [{ kind: "edits", after: whole - 1 }]);
    const read = readManifestFile(vfs, number, whole);
    return { path: manifestPath(number), read, problems: [problem], isOutdated: true };
  }
}

/** A manifest whose first record cannot be read, out of the one before and what follows; undefined when either is damaged. */
function readAfter(vfs: Vfs, number: number): ManifestFinding | undefined {
  const path = manifestPath(number);
  if (!vfs.exists(path)) return undefined;
  const read = attempt([], () => readManifestAfter(vfs, readManifestFile(vfs, number - 1)));
  return read && { path, read, problems: [], isOutdated: false };
}

/** The manifest before the one in force, which a repair may need some day. There is none after the first start, and after a repair. */
function checkSpare(vfs: Vfs, number: number): readonly Problem[] {
  const problems: Problem[] = [];
  if (vfs.exists(manifestPath(number - 1))) attempt(problems, () => readManifestFile(vfs, number - 1));
  return problems;
}

/** Damage, or a file that cannot be read, as a problem; anything else is thrown on. */
export function problemOf(error: unknown, losses: Problem["losses"]): Problem {
  const isDamage = error instanceof StorageError && /^(corruption|io|not-found)$/.test(error.kind);
  if (!isDamage) throw error;
  const { file = manifestPath(0), offset = 0, message, kind } = error;
  const prefix = `${file} at byte ${offset}: `;
  const what = message.startsWith(prefix) ? message.slice(prefix.length) : message;
  return { file, offset, what: kind === "not-found" ? "the file is missing" : what, losses };
}
