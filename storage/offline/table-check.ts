import { StorageError } from "../errors.ts";
import type { TableRecord } from "../manifest/edit.ts";
import type { FilePool } from "../sstable/file-pool.ts";
import { verifySSTable } from "../sstable/verify.ts";
import type { Key } from "../store.ts";
import { problemOf } from "./manifest-check.ts";
import type { KeyRange, Problem } from "./problem.ts";
import { TableParts } from "./table-parts.ts";

/** What is wrong with one SSTable. */
export interface TableFinding {
  readonly record: TableRecord;
  readonly path: string;
  readonly faults: readonly Omit<Problem, "losses">[];
  /** Where rows are missing, in ascending order; all of the file's range when nothing can be read. */
  readonly gaps: readonly KeyRange[];
  /** Entries that cannot be read, in all gaps together. */
  readonly entriesLost: number;
  /** The filter is whole: it can tell which keys are in the gaps. */
  readonly hasFilter: boolean;
}

/** Reads and checks an SSTable whole; undefined when all is well. Throws what is not damage ("foreign"). */
export function checkTable(files: FilePool, path: string, record: TableRecord): TableFinding | undefined {
  try {
    const hash = verifySSTable(files, path, record);
    if (hash === record.hash) return undefined;
    // Every part of it is right, but it is another file.
    const fault = { file: path, offset: 0, what: "the file is not the one that the manifest names" };
    return lostTable(path, record, fault);
  } catch (error) {
    const { losses: _, ...fault } = problemOf(error, []);
    return diagnose(files, path, record, fault);
  } finally {
    files.release(path);
  }
}

function lostTable(path: string, record: TableRecord, fault: Omit<Problem, "losses">): TableFinding {
  const gaps = [{ ge: record.smallest, le: record.largest }];
  return { record, path, faults: [fault], gaps, entriesLost: record.entries, hasFilter: false };
}

/** Looks at a damaged SSTable block by block. `first`: what was found wrong. */
function diagnose(
  files: FilePool,
  path: string,
  record: TableRecord,
  first: Omit<Problem, "losses">,
): TableFinding {
  let parts: TableParts;
  try {
    parts = new TableParts(files, path, record);
  } catch (error) {
    const { losses: _, ...fault } = problemOf(error, []);
    return lostTable(path, record, fault);
  }
  const faults: Omit<Problem, "losses">[] = [];
  const gaps: KeyRange[] = [];
  let entries = 0;
  let isFilterRight = parts.hasFilter;
  let last: Key | undefined;
  /** The last key before the blocks that could not be read; "none" while there are no such blocks. */
  let open: { readonly after: Key | undefined } | undefined;
  for (let block = 0; block < parts.blocks; block++) {
    try {
      const found = parts.entries(block, last);
      const [head] = found;
      if (open !== undefined && head !== undefined) {
        gaps.push(gapBetween(open.after, head.key, record));
        open = undefined;
      }
      for (const { key } of found) if (!parts.mayHaveHeld(key)) isFilterRight = false;
      entries += found.length;
      last = found.at(-1)?.key ?? last;
    } catch (error) {
      const { losses: _, ...fault } = problemOf(error, []);
      faults.push(fault);
      open ??= { after: last };
    }
  }
  if (open !== undefined) gaps.push(gapBetween(open.after, undefined, record));
  if (parts.filterFault instanceof StorageError) {
    const { losses: _, ...fault } = problemOf(parts.filterFault, []);
    faults.push(fault);
  }
  // What a look at the parts does not find (counts, the filter's content) is told as it was met.
  if (faults.length === 0) faults.push(first);
  return { record, path, faults, gaps, entriesLost: record.entries - entries, hasFilter: isFilterRight };
}

/** The keys between two that can be read. */
function gapBetween(after: Key | undefined, before: Key | undefined, record: TableRecord): KeyRange {
  return {
    ...(after === undefined ? { ge: record.smallest } : { gt: after }),
    ...(before === undefined ? { le: record.largest } : { lt: before }),
  };
}
