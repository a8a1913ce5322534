import { StorageError } from "../errors.ts";
import { Archive } from "../history/archive.ts";
import { archiveDirectory } from "../history/archive-format.ts";
import type { ArchiveRecord } from "../manifest/edit.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import type { SpaceId } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { RecordVisitor } from "../wal/records.ts";
import type { Loss, Problem } from "./problem.ts";

export interface ArchiveFinding {
  readonly paths: readonly string[];
  readonly problems: readonly Problem[];
  readonly damaged: readonly ArchiveRecord[];
  /** Paths of the damaged ones that exist. */
  readonly damagedPaths: readonly string[];
}

const nothing: RecordVisitor = {
  commit() {},
  put() {},
  delete() {},
  change() {},
  changeRecord() {},
  delta() {},
  raise() {},
};

/** Reads every block of every archive that the manifest names. An archive is good as a whole, or a problem as a whole. */
export function checkArchives(
  vfs: Vfs,
  files: FilePool,
  storeId: Uint8Array,
  state: ManifestState,
  watcher: ((file: string) => void) | undefined,
): ArchiveFinding {
  const paths: string[] = [];
  const problems: Problem[] = [];
  const damaged: ArchiveRecord[] = [];
  for (const record of state.archives.values()) {
    const archive = new Archive({ vfs, files, storeId }, record);
    paths.push(archive.path);
    watcher?.(archive.path);
    try {
      for (const _ of archive.visit(undefined, 0, nothing));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      const { offset = 0, message } = error;
      damaged.push(record);
      problems.push({ file: archive.path, offset, what: message, losses: lossesOf(archive, state) });
    }
  }
  const damagedPaths = problems.map(({ file }) => file).filter((file) => vfs.exists(file));
  return { paths, problems, damaged, damagedPaths };
}

/** What a damaged archive takes with it: change records, and the past of spaces up to its end. */
function lossesOf({ contents, firstSequence, lastSequence }: Archive, state: ManifestState): Loss[] {
  const losses: Loss[] = [];
  const span = { first: firstSequence, last: lastSequence };
  const feeds = [...contents.feeds.keys()].flatMap((number) => state.feeds.get(number)?.id ?? []);
  if (feeds.length > 0) losses.push({ kind: "changes", feeds, ...span });
  for (const space of keptSpaces(contents.spaces.keys(), state))
    losses.push({ kind: "past", space, ...span });
  return losses;
}

function keptSpaces(numbers: Iterable<number>, state: ManifestState): SpaceId[] {
  return [...numbers].flatMap((number) => {
    const space = state.spaces.get(number);
    return space !== undefined && space.historyMs > 0 ? [space.id] : [];
  });
}

export function isArchivePath(path: string): boolean {
  return path.startsWith(`${archiveDirectory}/`);
}
