import assert from "node:assert/strict";
import type { Clock } from "./clock.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import type { Log } from "./log.ts";
import type { ManifestEdit, TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import { RunWriter } from "./run-writer.ts";
import type { Space } from "./space.ts";
import type { Capabilities, Delta, Key, Row } from "./store.ts";
import type { TableFiles } from "./table-files.ts";
import { checkRowSize } from "./transaction.ts";
import type { Vfs } from "./vfs/vfs.ts";

export interface BulkLoaderOptions {
  readonly caps: Capabilities;
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly groups: GroupCommit;
  readonly tables: TableFiles;
  readonly blockBytes: number;
  /** Target size of an SSTable. */
  readonly tableBytes: number;
  /** The lowest level: where sorted rows end up. */
  readonly lastLevel: number;
  /** Freezes what a space has in memory; the function returned waits until it is flushed, once it is visible. */
  readonly freeze: (space: Space) => () => Promise<void>;
  /** A load of this space begins or ends: whether it may be compacted has changed. */
  readonly onChanged: (space: Space) => void;
}

type Rows = AsyncIterable<Row> | Iterable<Row>;

/**
 * Puts sorted rows into a space as SSTables, past the log and the memtables. One manifest edit makes them part of the space, with their
 * counts; what is left of a load that did not get there is removed, at the latest by the next start.
 *
 * All rows of a load share one sequence, which the log gives to a commit without records at the start. So the rows hide what was committed
 * before, are hidden by what is committed after, and no commit ever has their sequence. While a load is under way, tombstones of the space
 * are kept even where nothing seems to lie below them.
 */
export class BulkLoader {
  readonly #options: BulkLoaderOptions;
  /** SSTables written, since the start. */
  bytesWritten = 0;

  constructor(options: BulkLoaderOptions) {
    this.#options = options;
  }

  /** Resolves when the rows are visible and survive a crash. As `Store.bulkLoad`. */
  async load(space: Space, rows: Rows, delta: Omit<Delta, "space">): Promise<void> {
    if (!Number.isSafeInteger(delta.rows) || !Number.isSafeInteger(delta.bytes)) {
      throw new StorageError("usage", "a delta's figures are integers");
    }
    if (space.loading) throw new StorageError("usage", `another load of ${space.id} is under way`);
    space.loading = true;
    this.#options.onChanged(space);
    try {
      const sequence = await this.#takeSequence(space);
      await this.#load(space, rows, delta, sequence);
    } finally {
      space.loading = false;
      if (!space.dropped) this.#options.onChanged(space);
    }
  }

  /** The sequence of the rows. All that the space has of lower ones is in its SSTables when this resolves. */
  async #takeSequence(space: Space): Promise<number> {
    const { groups, freeze } = this.#options;
    const time = groups.time();
    const sequence = groups.begin(time).lastSequence;
    const taken = groups.end<undefined, never>({ kind: "committed", result: undefined, time, positions: [] });
    // In the same stretch: what comes later goes into other memtables.
    const flushed = space.memtables.length > 0 ? freeze(space) : undefined;
    const outcome = await taken;
    if (outcome.kind === "unknown" || outcome.kind === "unavailable") throw outcome.cause;
    await flushed?.();
    this.#check(space);
    return sequence;
  }

  async #load(space: Space, rows: Rows, delta: Omit<Delta, "space">, sequence: number): Promise<void> {
    const { vfs, clock, manifest, groups, tables, blockBytes, tableBytes, lastLevel, health } = this.#options;
    // Nothing is compacted meanwhile, so what was empty stays empty but for level 0.
    const level = space.version.tables.length === 0 ? lastLevel : 0;
    const check = () => this.#check(space);
    const options = {
      vfs,
      clock,
      manifest,
      tables,
      blockBytes,
      tableBytes,
      space: space.number,
      level,
      check,
    };
    const run = new RunWriter(options);
    let committing = false;
    try {
      await this.#write(run, rows, sequence, check);
      const records = await run.finish();
      for (const { bytes } of records) this.bytesWritten += bytes;
      if (records.length > 0) tables.syncDirectory();
      // Rows must not be durable before the sequence is that they share.
      await groups.makeDurable(sequence);
      // From here to the commit nothing may intervene: the manifest refuses edits of a space that is gone.
      check();
      committing = true;
      await this.#commit(space, records, delta);
    } catch (error) {
      run.abandon();
      // Without space the edit has not happened. After any other failure it may have, and the files have to stay; as they have to when
      // the directory may have another owner by now.
      if (!health.isClosed && (!committing || isNoSpace(error))) run.remove();
      throw error;
    }
  }

  async #write(run: RunWriter, rows: Rows, sequence: number, check: () => void): Promise<void> {
    const { caps } = this.#options;
    let last: Key | undefined;
    const add = ({ key, value }: Row): boolean => {
      checkRowSize(caps, key, value);
      if (last !== undefined && key <= last) throw new StorageError("usage", "bulkLoad needs ascending keys");
      last = key;
      return run.add({ key, sequence, tombstone: false, bytes: value, start: 0, end: value.length });
    };
    if (Symbol.asyncIterator in rows) {
      for await (const row of rows) {
        check();
        if (add(row)) await run.rest();
      }
      check();
    } else {
      for (const row of rows) if (add(row)) await run.rest();
    }
  }

  /** Makes the tables part of the space, on disk and then in memory. */
  async #commit(
    space: Space,
    records: readonly TableRecord[],
    { rows, bytes }: Omit<Delta, "space">,
  ): Promise<void> {
    const { manifest, tables, lastLevel } = this.#options;
    const edits: ManifestEdit[] = records.map((table) => ({ kind: "tableAdded", table }));
    if (rows !== 0 || bytes !== 0) edits.push({ kind: "loaded", space: space.number, rows, bytes });
    if (edits.length === 0) return;
    await manifest.commit(edits);
    const level = records[0]?.level ?? lastLevel;
    assert(level === 0 || isEmptyBelow0(space), "nothing came to lie where the rows go");
    const added = records.map((table) => tables.open(table));
    space.install(space.version.replace([], level, added));
    space.loaded = { rows: space.loaded.rows + rows, bytes: space.loaded.bytes + bytes };
  }

  #check(space: Space): void {
    const { health } = this.#options;
    health.checkOpen();
    if (health.isFailed) throw health.writeRefusal();
    if (space.dropped) throw new StorageError("not-found", `the space ${space.id} was dropped`);
  }
}

function isEmptyBelow0({ version }: Space): boolean {
  return version.levels.slice(1).every((level) => level.length === 0);
}
