import { type Clock, nextTurn, systemClock } from "../clock.ts";
import { StorageError } from "../errors.ts";
import type { TableRecord } from "../manifest/edit.ts";
import { currentPath } from "../manifest/format.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { RandomBytes } from "../random.ts";
import { checkDirectory } from "../recovery.ts";
import type { SpaceId } from "../store.ts";
import { TableFiles } from "../table-files.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { type ArchiveFinding, checkArchives } from "./archive-check.ts";
import { checkLog, type LogFinding } from "./log-check.ts";
import { findManifest, type ManifestFinding } from "./manifest-check.ts";
import { checkTable, type TableFinding } from "./table-check.ts";

export interface ToolOptions {
  /** Hears which file is being read. */
  readonly watcher?: (file: string) => void;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/** Everything that reading every file has brought to light. */
export interface Inspection {
  readonly manifest: ManifestFinding;
  readonly log: LogFinding;
  /** The SSTables that the manifest names, and those of them that are damaged. */
  readonly tablePaths: readonly string[];
  readonly tables: readonly TableFinding[];
  readonly archives: ArchiveFinding;
}

/** Who needs an SSTable: a space, or what a checkpoint holds of one. */
export interface Owner {
  readonly space: SpaceId;
  readonly checkpoint?: string;
  readonly tables: readonly TableRecord[];
}

/**
 * Reads and checks every file of a store that nobody has open; changes nothing. Throws StorageError "foreign" when the directory is not
 * ours or of a newer version, "corruption" when nothing can be said because no manifest can be read.
 */
export async function inspect(
  vfs: Vfs,
  { watcher, clock = systemClock }: ToolOptions = {},
): Promise<Inspection> {
  checkIsOurs(vfs);
  const manifest = findManifest(vfs);
  const { state, header } = manifest.read;
  await nextTurn(clock);
  const log = checkLog(vfs, header.storeId, state, watcher);
  const tables = tableFiles(vfs);
  try {
    const records = recordsOf(state);
    const tablePaths = records.map(({ number }) => tables.path(number));
    const archives = checkArchives(vfs, tables.files, header.storeId, state, watcher);
    return {
      manifest,
      log,
      tablePaths,
      tables: await checkTables(tables, records, clock, watcher),
      archives,
    };
  } finally {
    tables.close();
  }
}

/** Throws when the directory is not a store's at all. A store that has lost its CURRENT is one. */
export function checkIsOurs(vfs: Vfs): void {
  try {
    checkDirectory(vfs);
  } catch (error) {
    if (!(error instanceof StorageError && error.kind === "corruption")) throw error;
    return;
  }
  if (vfs.exists(currentPath)) return;
  throw new StorageError("foreign", `${vfs.root ?? "the directory"} is no data directory: it holds no store`);
}

async function checkTables(
  tables: TableFiles,
  records: readonly TableRecord[],
  clock: Clock,
  watcher: ToolOptions["watcher"],
): Promise<TableFinding[]> {
  const findings: TableFinding[] = [];
  for (const record of records) {
    const path = tables.path(record.number);
    watcher?.(path);
    const finding = checkTable(tables.files, path, record);
    if (finding !== undefined) findings.push(finding);
    await nextTurn(clock);
  }
  return findings;
}

/** Every SSTable that is needed, once. */
function recordsOf(state: ManifestState): TableRecord[] {
  return [...new Map([...state.tables()].map((table) => [table.number, table])).values()];
}

/** All that need SSTables. */
export function ownersOf({ spaces, checkpoints }: ManifestState): Owner[] {
  const owners: Owner[] = [...spaces.values()].map(({ id, tables }) => ({
    space: id,
    tables: [...tables.values()],
  }));
  for (const { id: checkpoint, spaces: held } of checkpoints.values())
    for (const { id, tables } of held) owners.push({ space: id, checkpoint, tables });
  return owners;
}

/** The tables of an owner that may hold older versions of rows of `record`. */
export function olderTables({ tables }: Owner, { number, level, sequenceMax }: TableRecord): TableRecord[] {
  return tables.filter((table) => {
    if (table.number === number) return false;
    return table.level > level || (level === 0 && table.level === 0 && table.sequenceMax < sequenceMax);
  });
}

/** An SSTable's level in the owner. */
export function recordIn({ tables }: Owner, number: number): TableRecord | undefined {
  return tables.find((table) => table.number === number);
}

/** The SSTables of a store that is not running: whatever fails is thrown. */
export function tableFiles(vfs: Vfs): TableFiles {
  const rethrow = (error: unknown): never => {
    throw error;
  };
  return new TableFiles(vfs, 0, { isFailed: false, setDegraded: rethrow }, rethrow);
}
