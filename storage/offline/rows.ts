import { StorageError } from "../errors.ts";
import type { Key, Row, SpaceId, Value } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { SegmentVisitor } from "../wal/segment-reader.ts";
import { checkIsOurs, tableFiles } from "./inspect.ts";
import { checkLog } from "./log-check.ts";
import { findManifest } from "./manifest-check.ts";
import { TableParts } from "./table-parts.ts";

interface Version {
  readonly sequence: number;
  readonly value: Value | undefined;
}

/**
 * The newest rows of a small space, as far as they can be read: for a look at what a damaged store was about. Without keys in order, all in
 * memory. Throws as `inspect`.
 */
export function rowsOf(vfs: Vfs, id: SpaceId): Row[] {
  checkIsOurs(vfs);
  const { state, header } = findManifest(vfs).read;
  const space = [...state.spaces.values()].find((record) => record.id === id);
  if (space === undefined) return [];
  const newest = new Map<Key, Version>();
  const add = (key: Key, sequence: number, value: Value | undefined) => {
    if (sequence >= (newest.get(key)?.sequence ?? 0)) newest.set(key, { sequence, value });
  };
  const tables = tableFiles(vfs);
  try {
    for (const record of space.tables.values()) {
      try {
        const parts = new TableParts(tables.files, tables.path(record.number), record);
        for (const { key, sequence, tombstone, bytes, start, end } of parts.readable(0, false))
          add(key, sequence, tombstone ? undefined : bytes.slice(start, end));
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
      }
    }
  } finally {
    tables.close();
  }
  checkLog(vfs, header.storeId, state, undefined, new RowGatherer(space.number, add));
  return [...newest].flatMap(([key, { value }]) => (value === undefined ? [] : [{ key, value }]));
}

/** Shows the rows of one space in the log. */
class RowGatherer implements SegmentVisitor {
  readonly #space: number;
  readonly #add: (key: Key, sequence: number, value: Value | undefined) => void;
  #sequence = 0;

  constructor(space: number, add: (key: Key, sequence: number, value: Value | undefined) => void) {
    this.#space = space;
    this.#add = add;
  }

  commit(sequence: number): void {
    this.#sequence = sequence;
  }

  put(space: number, key: Key, value: Value): void {
    if (space === this.#space) this.#add(key, this.#sequence, value.slice());
  }

  delete(space: number, key: Key): void {
    if (space === this.#space) this.#add(key, this.#sequence, undefined);
  }

  frame(): void {}
  change(): void {}
  delta(): void {}
  raise(): void {}
}
