import assert from "node:assert/strict";
import { at, objectAt, textAt } from "../encoding.ts";
import { mergeCursors } from "../merging-iterator.ts";
import { BlockCache } from "../sstable/block-cache.ts";
import { FilePool } from "../sstable/file-pool.ts";
import { type KeyRange, overlapping, RunCursor, type RunTable } from "../sstable/run-cursor.ts";
import { SSTableReader } from "../sstable/sstable-reader.ts";
import type { Key } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { CompactionSpec, InputTable } from "./executor.ts";
import type { Job, StepResult } from "./job.ts";
import { MergeJob, type SSTableOutput } from "./merge-job.ts";
import { type CompactionTask, type Levels, type LevelTable, rangeOf } from "./picker.ts";

/** Merges the input runs into new SSTables. Reads around the block cache, and checks every block's checksum on the way. */
export class CompactionJob implements Job<SSTableOutput[]> {
  readonly #files: FilePool;
  readonly #merge: MergeJob;

  constructor(vfs: Vfs, spec: CompactionSpec) {
    assert(spec.outputs.length > 0, "a compaction has a name for its output");
    const files = new FilePool(vfs);
    const cache = new BlockCache(0);
    const runs = spec.inputs.map(
      (run) =>
        new RunCursor(
          run.map((table) => runTable(files, cache, table)),
          false,
        ),
    );
    let outputs = 0;
    const cut = cutter(spec);
    this.#files = files;
    this.#merge = new MergeJob(vfs, mergeCursors(runs, false), {
      blockBytes: spec.blockBytes,
      dropTombstone: coverage(spec.older),
      cutBefore: (key, bytes) => cut(key, bytes) && outputs < spec.outputs.length,
      nextPath: () => textAt(spec.outputs, outputs++),
    });
  }

  get file() {
    return this.#merge.file;
  }

  get outputBytes(): number {
    return this.#merge.outputBytes;
  }

  step(inputBytesMax: number): StepResult {
    return this.#merge.step(inputBytesMax);
  }

  result(): SSTableOutput[] {
    return this.#merge.result();
  }

  close(): void {
    try {
      this.#merge.close();
    } finally {
      this.#files.close();
    }
  }
}

function runTable(files: FilePool, cache: BlockCache, table: InputTable): RunTable {
  const { path, smallest, largest } = table;
  const reader = new SSTableReader(files, path, cache);
  return { smallest, largest, cursor: (reverse) => reader.sweep(reverse) };
}

/** Whether a tombstone hides nothing: no older table's range covers its key. Keys come in ascending order. */
function coverage(older: readonly (readonly KeyRange[])[]): (key: Key) => boolean {
  const next = older.map(() => 0);
  return (key) => {
    for (const [level, run] of older.entries()) {
      let index = at(next, level);
      while (index < run.length && objectAt(run, index).largest < key) index++;
      next[level] = index;
      if (index < run.length && objectAt(run, index).smallest <= key) return false;
    }
    return true;
  };
}

/**
 * Where outputs end: at their size, or from half of it on where a table of the level below them begins, so that a later compaction of
 * one of them brings few of those with it.
 */
function cutter(spec: CompactionSpec): (key: Key, bytes: number) => boolean {
  let boundary = 0;
  return (key, bytes) => {
    const before = boundary;
    while (boundary < spec.boundaries.length && textAt(spec.boundaries, boundary) <= key) boundary++;
    return bytes >= spec.fileBytes || (bytes >= spec.fileBytes / 2 && boundary > before);
  };
}

/** Shapes of what `compactionSpec` needs beside the choice itself. */
export interface CompactionFiles<Table> {
  readonly path: (table: Table) => string;
  /** Names for outputs, given out one by one; those not used stay unused. */
  readonly nextPath: () => string;
  readonly blockBytes: number;
  /** Target size of an output. */
  readonly fileBytes: number;
}

/** The job that carries out a task (of kind "merge") that was picked for these levels. */
export function compactionSpec<Table extends LevelTable>(
  levels: Levels<Table>,
  task: CompactionTask<Table>,
  files: CompactionFiles<Table>,
): CompactionSpec {
  const { upper, lower, inputLevel, outputLevel } = task;
  const range = rangeOf([...upper, ...lower]);
  const input = (table: Table): InputTable => {
    return { path: files.path(table), smallest: table.smallest, largest: table.largest };
  };
  const below = levels.slice(outputLevel + 1).map((run) => overlapping(run, range));
  let inputBytes = 0;
  for (const table of [...upper, ...lower]) inputBytes += table.bytes;
  // Outputs reach at least half their size, but for the last; one more name than that would need is never missed.
  const outputs = Math.ceil((inputBytes * 2) / files.fileBytes) + 1;
  return {
    // The tables of level 0 are runs of their own.
    inputs: [...(inputLevel === 0 ? upper.map((table) => [table]) : [upper]), lower]
      .filter((run) => run.length > 0)
      .map((run) => run.map(input)),
    outputs: Array.from({ length: outputs }, files.nextPath),
    blockBytes: files.blockBytes,
    fileBytes: files.fileBytes,
    boundaries: (below[0] ?? []).map((table) => table.smallest),
    older: below
      .filter((run) => run.length > 0)
      .map((run) => run.map(({ smallest, largest }) => ({ smallest, largest }))),
  };
}
