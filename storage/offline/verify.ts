import { StorageError } from "../errors.ts";
import { archiveDirectory } from "../history/archive-format.ts";
import type { TableRecord } from "../manifest/edit.ts";
import { manifestPath } from "../manifest/format.ts";
import type { ManifestState } from "../manifest/state.ts";
import { tableDirectory } from "../table-files.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { walDirectory } from "../wal/format.ts";
import { isArchivePath } from "./archive-check.ts";
import {
  type Inspection,
  inspect,
  type Owner,
  olderTables,
  ownersOf,
  recordIn,
  type ToolOptions,
} from "./inspect.ts";
import type { KeyRange, Loss, Problem } from "./problem.ts";
import type { TableFinding } from "./table-check.ts";

export type FileKind = "manifest" | "log" | "index" | "archive" | "sstable";

/** All files of one kind. */
export interface KindReport {
  readonly kind: FileKind;
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
}

export interface VerifyReport {
  /** Nothing is damaged. */
  readonly isClean: boolean;
  readonly kinds: readonly KindReport[];
  /** Files that nothing needs: left over from an interrupted run; a start removes them. No problem. */
  readonly orphans: readonly FileSize[];
  /** The end of a write that never became durable: the next start cuts it off. No problem. */
  readonly torn: { readonly file: string; readonly offset: number; readonly bytes: number } | undefined;
}

export interface FileSize {
  readonly file: string;
  readonly bytes: number;
}

/** Reads and checks every file of a store that nobody has open, and changes nothing. Throws as `inspect`. */
export async function verify(vfs: Vfs, options: ToolOptions = {}): Promise<VerifyReport> {
  return reportOf(vfs, await inspect(vfs, options));
}

/** How each kind of file is told apart, and what is wrong with its files. A further kind is one more entry. */
const kinds: readonly {
  readonly kind: FileKind;
  readonly isOne: (path: string) => boolean;
  readonly problems: (inspection: Inspection) => readonly Problem[];
  /** Paths of those that the store needs. */
  readonly needed: (inspection: Inspection) => Iterable<string>;
}[] = [
  {
    kind: "manifest",
    isOne: (path) => /^(CURRENT|MANIFEST-)/.test(path),
    problems: ({ manifest }) => manifest.problems,
    needed: ({ manifest: { read, path } }) => ["CURRENT", path, manifestPath(read.number - 1)],
  },
  {
    kind: "log",
    isOne: (path) => path.startsWith(`${walDirectory}/`) && !isIndex(path),
    problems: ({ log }) => log.problems,
    needed: ({ log }) => log.files,
  },
  {
    // Each can be made again from its segment, so nothing that is in one is a problem.
    kind: "index",
    isOne: isIndex,
    problems: () => [],
    needed: ({ log }) => [...log.files].map((path) => path.replace(/\.wal$/, ".idx")),
  },
  {
    kind: "archive",
    isOne: isArchivePath,
    problems: ({ archives }) => archives.problems,
    needed: ({ archives }) => archives.paths,
  },
  {
    kind: "sstable",
    isOne: (path) => path.startsWith(`${tableDirectory}/`),
    problems: ({ manifest, tables }) => tables.flatMap((table) => tableProblems(table, manifest.read.state)),
    needed: ({ tablePaths }) => tablePaths,
  },
];

function isIndex(path: string): boolean {
  return path.endsWith(".idx");
}

export function reportOf(vfs: Vfs, inspection: Inspection): VerifyReport {
  const files = filesOf(vfs);
  const orphans: FileSize[] = [];
  const reports = kinds.map(({ kind, isOne, problems, needed }): KindReport => {
    const wanted = new Set(needed(inspection));
    const ours = files.filter(({ file }) => isOne(file));
    orphans.push(...ours.filter(({ file }) => !wanted.has(file)));
    const used = ours.filter(({ file }) => wanted.has(file));
    const bytes = used.reduce((sum, file) => sum + file.bytes, 0);
    return { kind, files: used.length, bytes, problems: problems(inspection) };
  });
  const isClean = reports.every(({ problems }) => problems.length === 0);
  return { isClean, kinds: reports, orphans, torn: inspection.log.torn };
}

/** One problem per fault; what is lost stands with the first. */
function tableProblems(finding: TableFinding, state: ManifestState): Problem[] {
  const losses = ownersOf(state).flatMap((owner) => lossesIn(owner, finding));
  return finding.faults.map((fault, index) => ({ ...fault, losses: index === 0 ? losses : [] }));
}

/** What an owner of a damaged SSTable has lost with it. */
export function lossesIn(
  owner: Owner,
  { record: { number }, gaps, entriesLost, hasFilter }: TableFinding,
): Loss[] {
  const record = recordIn(owner, number);
  if (record === undefined) return [];
  const { space, checkpoint } = owner;
  return gaps.map((range): Loss => {
    const older = !hasFilter && olderTables(owner, record).some((table) => overlaps(table, range));
    const where = checkpoint === undefined ? { space } : { space, checkpoint };
    return { kind: "rows", ...where, range, rowsMax: entriesLost, older };
  });
}

function overlaps({ smallest, largest }: TableRecord, { ge, gt, le, lt }: KeyRange): boolean {
  const isBelow = (ge !== undefined && largest < ge) || (gt !== undefined && largest <= gt);
  const isAbove = (le !== undefined && smallest > le) || (lt !== undefined && smallest >= lt);
  return !isBelow && !isAbove;
}

/** Every file in the directory and its folders for data. */
export function filesOf(vfs: Vfs): FileSize[] {
  const paths = vfs.list("").filter((name) => /^(CURRENT|MANIFEST-)/.test(name));
  for (const directory of [walDirectory, archiveDirectory, tableDirectory]) {
    if (vfs.exists(directory)) paths.push(...vfs.list(directory).map((name) => `${directory}/${name}`));
  }
  return paths.map((file) => ({ file, bytes: sizeOf(vfs, file) }));
}

/** 0 when the disk does not tell: whoever needs the file finds that out, and says so. */
function sizeOf(vfs: Vfs, path: string): number {
  try {
    const file = vfs.open(path, "read");
    try {
      return file.size();
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return 0;
  }
}
