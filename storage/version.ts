import assert from "node:assert/strict";
import type { TableRecord } from "./manifest/edit.ts";
import type { SSTableReader } from "./sstable/sstable-reader.ts";

/** An SSTable in use. It lives until no version refers to it; if it was removed from its space by then, its file goes too. */
export class TableHandle {
  readonly record: TableRecord;
  readonly reader: SSTableReader;
  readonly #unlink: (handle: TableHandle) => void;
  #references = 0;
  #obsolete = false;

  constructor(record: TableRecord, reader: SSTableReader, unlink: (handle: TableHandle) => void) {
    this.record = record;
    this.reader = reader;
    this.#unlink = unlink;
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
    this.#unlink(this);
  }
}

/**
 * The SSTables of one space at one time: immutable. Whoever reads through a version retains it, so that files which a later version has
 * replaced stay until the last reader is done.
 */
export class Version {
  /** Newest first. */
  readonly tables: readonly TableHandle[];
  #references = 1;

  constructor(tables: readonly TableHandle[]) {
    this.tables = tables;
    for (const table of tables) table.retain();
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
    for (const table of this.tables) table.release();
  }
}
