import assert from "node:assert/strict";
import type { LevelTable } from "./compaction/picker.ts";
import type { Cursor, Version as RowVersion } from "./iterator.ts";
import type { TableRecord } from "./manifest/edit.ts";
import type { HalfOpenRange } from "./merging-iterator.ts";
import type { LentBlocks } from "./sstable/lent-blocks.ts";
import { RunCursor, type RunTable, tableFor } from "./sstable/run-cursor.ts";
import type { SSTableReader } from "./sstable/sstable-reader.ts";
import type { Key } from "./store.ts";

/** An SSTable in use. It lives until no version refers to it; if it was removed from its space by then, its file goes too. */
export class TableHandle implements LevelTable, RunTable {
  /** As it was when it was added: its level may have changed. */
  readonly record: TableRecord;
  readonly number: number;
  readonly bytes: number;
  readonly smallest: Key;
  readonly largest: Key;
  readonly entries: number;
  readonly tombstones: number;
  readonly sequenceMax: number;
  readonly reader: SSTableReader;
  readonly #unlink: (number: number) => void;
  #references = 0;
  #obsolete = false;

  constructor(record: TableRecord, reader: SSTableReader, unlink: (number: number) => void) {
    this.record = record;
    this.number = record.number;
    this.bytes = record.bytes;
    this.smallest = record.smallest;
    this.largest = record.largest;
    this.entries = record.entries;
    this.tombstones = record.tombstones;
    this.sequenceMax = record.sequenceMax;
    this.reader = reader;
    this.#unlink = unlink;
  }

  cursor(reverse: boolean, lent?: LentBlocks): Cursor {
    return this.reader.cursor(reverse, lent);
  }

  retain(): void {
    this.#references += 1;
  }

  release(): void {
    assert(this.#references > 0, "an SSTable is released as often as it was retained");
    this.#references -= 1;
    this.#collect();
  }

  /** The manifest does not name it any more. */
  markObsolete(): void {
    this.#obsolete = true;
    this.#collect();
  }

  #collect(): void {
    if (this.#references > 0 || !this.#obsolete) return;
    this.reader.close();
    this.#unlink(this.number);
  }
}

type Level = readonly TableHandle[];
const noTables: Level = [];

/**
 * The SSTables of one space at one time, by level: immutable. Level 0: as flushed, newest first. All others: in key order without overlap,
 * each newer than the levels below it. Whoever reads through a version retains it, so that files which a later version has replaced stay
 * until the last reader is done.
 */
export class Version {
  readonly levels: readonly Level[];
  #references = 1;

  /** The tables of each level in any order: a version puts them in theirs. */
  constructor(levels: readonly Level[]) {
    this.levels = levels.map(inOrder);
    for (const level of this.levels) for (const table of level) table.retain();
  }

  /** All tables, newest first where that matters. */
  get tables(): TableHandle[] {
    return this.levels.flat();
  }

  /** The version that follows when `added` replace `removed`. The caller takes over its first reference. */
  replace(removed: readonly TableHandle[], level: number, added: readonly TableHandle[]): Version {
    const gone = new Set(removed);
    const count = Math.max(this.levels.length, level + 1);
    const next = Array.from({ length: count }, (_, index) => {
      const kept = (this.levels[index] ?? noTables).filter((table) => !gone.delete(table));
      return index === level ? [...kept, ...added] : kept;
    });
    assert.equal(gone.size, 0, "only tables that are there can be replaced");
    return new Version(next);
  }

  /** The newest version of a row in these tables. Asks one table per level below level 0. */
  read(key: Key): RowVersion | undefined {
    const { levels } = this;
    for (const table of levels[0] ?? noTables) {
      if (key < table.smallest || key > table.largest) continue;
      const found = table.reader.get(key);
      if (found !== undefined) return found;
    }
    for (let level = 1; level < levels.length; level++) {
      const found = tableFor(levels[level] ?? noTables, key)?.reader.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Cursors that together show all rows of the range; blocks that are not in the cache go into `lent`, if that is given. */
  cursors(reverse: boolean, { lower, upper }: HalfOpenRange, lent?: LentBlocks): Cursor[] {
    const { levels } = this;
    const cursors: Cursor[] = [];
    for (const table of levels[0] ?? noTables) {
      const isOutside =
        (upper !== undefined && table.smallest >= upper) || (lower !== undefined && table.largest < lower);
      if (!isOutside) cursors.push(table.cursor(reverse, lent));
    }
    for (let level = 1; level < levels.length; level++) {
      const run = levels[level] ?? noTables;
      if (run.length > 0) cursors.push(new RunCursor(run, reverse, lent));
    }
    return cursors;
  }

  retain(): this {
    assert(this.#references > 0, "a version that was let go cannot be retained");
    this.#references += 1;
    return this;
  }

  release(): void {
    assert(this.#references > 0, "a version is released as often as it was retained");
    this.#references -= 1;
    if (this.#references > 0) return;
    for (const level of this.levels) for (const table of level) table.release();
  }
}

function inOrder(tables: Level, level: number): Level {
  if (level === 0) return tables.toSorted((a, b) => b.sequenceMax - a.sequenceMax);
  const sorted = tables.toSorted((a, b) => (a.smallest < b.smallest ? -1 : 1));
  let before: TableHandle | undefined;
  for (const table of sorted) {
    const isApart = before === undefined || before.largest < table.smallest;
    assert(isApart, `SSTables ${before?.number} and ${table.number} of level ${level} do not overlap`);
    before = table;
  }
  return sorted;
}
