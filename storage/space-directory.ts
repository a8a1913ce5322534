import { StorageError } from "./errors.ts";
import type { ManifestEdit, TableRecord } from "./manifest/edit.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { UnflushedSlots } from "./memtable-slot.ts";
import { Space } from "./space.ts";
import type { SpaceId, SpaceStats } from "./store.ts";
import type { TableFiles } from "./table-files.ts";
import { Version } from "./version.ts";

/** What a new space has from the start. */
export interface FilledSpace {
  readonly id: SpaceId;
  readonly stats: SpaceStats;
  /** Files of its own; which number it will have does not matter yet. */
  readonly tables: readonly TableRecord[];
}

const atCreation = { sequence: 0, rows: 0, bytes: 0, generation: 0 };

/** The spaces of the store, and their creation and removal. */
export class SpaceDirectory {
  /** Those that exist for callers. */
  readonly byId = new Map<SpaceId, Space>();
  readonly unflushed: UnflushedSlots;
  /** Those that exist on disk: one that is being dropped counts until that is durable. */
  readonly #all = new Set<Space>();
  readonly #manifest: Manifest;
  readonly #lastSequence: () => number;
  readonly #creating = new Map<SpaceId, Promise<void>>();
  readonly #dropping = new Map<SpaceId, Promise<boolean>>();

  constructor(
    manifest: Manifest,
    spaces: Iterable<Space>,
    unflushed: UnflushedSlots,
    lastSequence: () => number,
  ) {
    this.#manifest = manifest;
    this.unflushed = unflushed;
    this.#lastSequence = lastSequence;
    for (const space of spaces) {
      this.byId.set(space.id, space);
      this.#all.add(space);
    }
  }

  /** Spaces that `all` has shown so far: work that grows with their number, and must be rare. */
  visits = 0;

  all(): Iterable<Space> {
    this.visits += this.#all.size;
    return this.#all;
  }

  get(id: SpaceId): Space {
    const space = this.byId.get(id);
    if (space === undefined) throw new StorageError("not-found", `there is no space ${id}`);
    return space;
  }

  /** Idempotent. */
  async create(id: SpaceId): Promise<void> {
    if (this.byId.has(id)) return;
    let creating = this.#creating.get(id);
    if (creating === undefined) {
      creating = this.#create(id).finally(() => this.#creating.delete(id));
      this.#creating.set(id, creating);
    }
    await creating;
  }

  async #create(id: SpaceId): Promise<void> {
    const number = this.#manifest.reserveSpace();
    await this.#manifest.commit([{ kind: "spaceCreated", id, number }]);
    const space = new Space(id, number, atCreation, new Version([]), this.unflushed);
    this.byId.set(id, space);
    this.#all.add(space);
  }

  /** Creates spaces that have rows from the start, all or none. Rejects with "usage" when one of them exists. */
  async createFilled(filled: readonly FilledSpace[], files: TableFiles): Promise<void> {
    for (const { id } of filled) {
      const exists = this.byId.has(id) || this.#creating.has(id) || this.#dropping.has(id);
      if (exists) throw new StorageError("usage", `the space ${id} exists already`);
    }
    const creating = this.#createFilled(filled, files);
    for (const { id } of filled) this.#creating.set(id, creating);
    try {
      await creating;
    } finally {
      for (const { id } of filled) this.#creating.delete(id);
    }
  }

  async #createFilled(filled: readonly FilledSpace[], files: TableFiles): Promise<void> {
    const edits: ManifestEdit[] = [];
    const numbered = filled.map(({ id, stats, tables }) => {
      const number = this.#manifest.reserveSpace();
      const records = tables.map((table) => ({ ...table, space: number }));
      edits.push({ kind: "spaceCreated", id, number }, { kind: "loaded", space: number, ...stats });
      for (const table of records) edits.push({ kind: "tableAdded", table });
      return { id, number, stats, records };
    });
    await this.#manifest.commit(edits);
    for (const { id, number, stats, records } of numbered) {
      const space = new Space(id, number, atCreation, files.openVersion(records), this.unflushed);
      space.loaded = stats;
      this.byId.set(id, space);
      this.#all.add(space);
    }
  }

  /** Idempotent; false when there was no such space. Its files go when the last snapshot of it is closed. */
  async drop(id: SpaceId): Promise<boolean> {
    const space = this.byId.get(id);
    if (space === undefined) return (await this.#dropping.get(id)) ?? false;
    const dropping = this.#drop(space).finally(() => this.#dropping.delete(id));
    this.#dropping.set(id, dropping);
    return dropping;
  }

  async #drop(space: Space): Promise<boolean> {
    this.byId.delete(space.id);
    space.dropped = true;
    try {
      await this.#manifest.commit([{ kind: "spaceDropped", number: space.number, at: this.#lastSequence() }]);
    } catch (error) {
      space.dropped = false;
      this.byId.set(space.id, space);
      throw error;
    }
    this.#all.delete(space);
    for (const table of space.version.tables) table.markObsolete();
    space.version.release();
    return true;
  }
}
