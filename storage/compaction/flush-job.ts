import type { Cursor } from "../iterator.ts";
import { mergeCursors } from "../merging-iterator.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { FlushSpec } from "./executor.ts";
import { MergeJob } from "./merge-job.ts";

/** Writes the merge of memtable cursors (ascending) to the one SSTable of `spec`. */
export function flushJob(vfs: Vfs, spec: FlushSpec, memtables: readonly Cursor[]): MergeJob {
  return new MergeJob(vfs, mergeCursors(memtables, false), {
    blockBytes: spec.blockBytes,
    dropTombstone: () => spec.dropTombstones,
    cutBefore: () => false,
    nextPath: () => spec.path,
  });
}
