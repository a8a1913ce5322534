import type { FeedId, SpaceId } from "../store.ts";
import type { ArchiveRecord, CheckpointRecord, FlushPoint, ManifestEdit, TableRecord } from "./edit.ts";

export interface SpaceRecord {
  readonly id: SpaceId;
  readonly number: number;
  readonly tables: Map<number, TableRecord>;
  point: FlushPoint;
  /** Counts of what came past the log. */
  loaded: { readonly rows: number; readonly bytes: number };
  /** How far back it can be restored, at most; 0: no history is kept. */
  historyMs: number;
}

export interface FeedRecord {
  readonly id: FeedId;
  readonly number: number;
  readonly shards: number;
  readonly oldValues: boolean;
  /** Its records have higher sequences. */
  readonly since: number;
  closed: boolean;
  /** Per shard, the place up to which records are gone; shards that have lost none are not in it. */
  readonly trims: Map<number, TrimPlace>;
}

export interface TrimPlace {
  readonly sequence: number;
  readonly ordinal: number;
}

const atCreation: FlushPoint = { sequence: 0, rows: 0, bytes: 0, generation: 0 };

const nothing = { rows: 0, bytes: 0 };

/** More levels than any compaction makes; what is beyond is nonsense. */
const levelsMax = 64;
const isLevel = (level: number) => Number.isInteger(level) && level >= 0 && level < levelsMax;

type EditOf<Kind extends ManifestEdit["kind"]> = Extract<ManifestEdit, { kind: Kind }>;

interface DroppedSpace {
  readonly id: SpaceId;
  readonly at: number;
}

/** The files of the store and what they hold, as of the last durable edit. */
export class ManifestState {
  readonly spaces = new Map<number, SpaceRecord>();
  readonly feeds = new Map<number, FeedRecord>();
  readonly checkpoints = new Map<string, CheckpointRecord>();
  /** By file number, in the order of their commits. */
  readonly archives = new Map<number, ArchiveRecord>();
  readonly #dropped = new Map<number, DroppedSpace>();
  nextSpace = 1;
  nextFeed = 1;
  nextTable = 1;
  replayAfter = 0;
  logFloor = 1;
  trim = 0;
  /** The last segment of a store that was closed in order; 0 otherwise. Only true of a store at rest: snapshots leave it out. */
  closedSegment = 0;

  /** Takes one edit over. Returns what is wrong with it, if it does not fit the state. */
  apply(edit: ManifestEdit): string | undefined {
    switch (edit.kind) {
      case "spaceCreated":
        return this.#createSpace(edit);
      case "spaceDropped":
        return this.#dropSpace(edit);
      case "tableAdded":
        return this.#addTable(edit.table);
      case "tableRemoved":
      case "tableMoved":
      case "flushed":
      case "loaded":
        return this.#changeSpace(edit);
      case "feedCreated":
        return this.#createFeed(edit);
      case "feedClosed":
      case "feedDropped":
      case "feedTrimmed":
        return this.#changeFeed(edit);
      case "checkpointAdded":
        return this.#addCheckpoint(edit);
      case "checkpointReleased":
        return this.checkpoints.delete(edit.id) ? undefined : `no checkpoint ${edit.id}`;
      case "archiveAdded":
      case "archiveRemoved":
        return this.#changeArchives(edit);
      case "historyKept":
        return this.#keepHistory(edit);
      case "replayAfter":
      case "logFloor":
      case "closed":
        return this.#changeLog(edit);
      case "numbers":
        this.nextSpace = Math.max(this.nextSpace, edit.space);
        this.nextFeed = Math.max(this.nextFeed, edit.feed);
        this.nextTable = Math.max(this.nextTable, edit.table);
        return undefined;
    }
  }

  /** Every SSTable that is needed, by a space or a checkpoint; some more than once. */
  *tables(): Iterable<TableRecord> {
    for (const { tables } of this.spaces.values()) yield* tables.values();
    for (const { spaces } of this.checkpoints.values()) {
      for (const { tables } of spaces) yield* tables;
    }
  }

  #changeSpace(edit: EditOf<"tableRemoved" | "tableMoved" | "flushed" | "loaded">): string | undefined {
    const space = this.spaces.get(edit.space);
    if (space === undefined) return `no space ${edit.space}`;
    if (edit.kind === "flushed") {
      space.point = edit.point;
    } else if (edit.kind === "loaded") {
      const { rows, bytes } = space.loaded;
      space.loaded = { rows: rows + edit.rows, bytes: bytes + edit.bytes };
    } else {
      const table = space.tables.get(edit.number);
      if (table === undefined) return `no SSTable ${edit.number} in space ${edit.space}`;
      if (edit.kind === "tableMoved" && !isLevel(edit.level)) return `no level ${edit.level}`;
      if (edit.kind === "tableRemoved") space.tables.delete(edit.number);
      else space.tables.set(edit.number, { ...table, level: edit.level });
    }
    return undefined;
  }

  #changeFeed(edit: EditOf<"feedClosed" | "feedDropped" | "feedTrimmed">): string | undefined {
    const feed = this.feeds.get(edit.number);
    if (edit.kind === "feedTrimmed") {
      const { shard, sequence, ordinal } = edit;
      // The feed may have been dropped meanwhile.
      feed?.trims.set(shard, { sequence, ordinal });
      return undefined;
    }
    if (feed === undefined) return `no feed ${edit.number}`;
    if (edit.kind === "feedClosed") feed.closed = true;
    else this.feeds.delete(edit.number);
    return undefined;
  }

  #changeLog(edit: EditOf<"replayAfter" | "logFloor" | "closed">): undefined {
    if (edit.kind === "replayAfter") {
      this.replayAfter = edit.sequence;
    } else if (edit.kind === "closed") {
      this.closedSegment = edit.segment;
    } else {
      this.logFloor = edit.segment;
      this.trim = edit.trim;
      this.#forgetDropped();
    }
  }

  #changeArchives(edit: EditOf<"archiveAdded" | "archiveRemoved">): string | undefined {
    if (edit.kind === "archiveRemoved") {
      if (!this.archives.delete(edit.number)) return `no archive ${edit.number}`;
      this.#forgetDropped();
      return undefined;
    }
    const { archive } = edit;
    if (this.archives.has(archive.number)) return `archive ${archive.number} is there already`;
    const all = [...this.archives.values(), archive].sort((a, b) => a.firstSequence - b.firstSequence);
    this.archives.clear();
    for (const each of all) this.archives.set(each.number, each);
    this.nextTable = Math.max(this.nextTable, archive.number + 1);
    return undefined;
  }

  /** Forgets the ids of dropped spaces that neither the log nor an archive can speak of any more. */
  #forgetDropped(): void {
    const archived = new Set<number>();
    for (const { contents } of this.archives.values())
      for (const [number] of contents.spaces) archived.add(number);
    for (const [number, { at }] of this.#dropped) {
      if (at <= this.trim && !archived.has(number)) this.#dropped.delete(number);
    }
  }

  #keepHistory({ space: number, retentionMs }: EditOf<"historyKept">): string | undefined {
    const space = this.spaces.get(number);
    if (space === undefined) return `no space ${number}`;
    space.historyMs = retentionMs;
    return undefined;
  }

  #addCheckpoint({ checkpoint }: EditOf<"checkpointAdded">): string | undefined {
    if (this.checkpoints.has(checkpoint.id)) return `checkpoint ${checkpoint.id} is there already`;
    this.checkpoints.set(checkpoint.id, checkpoint);
    for (const { tables } of checkpoint.spaces) {
      for (const { number } of tables) this.nextTable = Math.max(this.nextTable, number + 1);
    }
    return undefined;
  }

  #createSpace({ id, number }: EditOf<"spaceCreated">): string | undefined {
    if (number < this.nextSpace) return `space number ${number} was given out before`;
    this.spaces.set(number, {
      id,
      number,
      tables: new Map(),
      point: atCreation,
      loaded: nothing,
      historyMs: 0,
    });
    this.nextSpace = number + 1;
    return undefined;
  }

  #dropSpace({ number, at }: EditOf<"spaceDropped">): string | undefined {
    const space = this.spaces.get(number);
    if (space === undefined) return `no space ${number}`;
    this.spaces.delete(number);
    this.#dropped.set(number, { id: space.id, at });
    return undefined;
  }

  #createFeed({ id, number, shards, oldValues, since }: EditOf<"feedCreated">): string | undefined {
    if (number < this.nextFeed) return `feed number ${number} was given out before`;
    this.feeds.set(number, { id, number, shards, oldValues, since, closed: false, trims: new Map() });
    this.nextFeed = number + 1;
    return undefined;
  }

  #addTable(table: TableRecord): string | undefined {
    const space = this.spaces.get(table.space);
    if (space === undefined) return `no space ${table.space}`;
    if (space.tables.has(table.number)) return `SSTable ${table.number} is there already`;
    if (!isLevel(table.level)) return `no level ${table.level}`;
    space.tables.set(table.number, table);
    this.nextTable = Math.max(this.nextTable, table.number + 1);
    return undefined;
  }

  /** The id of a space, dropped ones that the log may still speak of included. */
  spaceId(number: number): SpaceId | undefined {
    return this.spaces.get(number)?.id ?? this.#dropped.get(number)?.id;
  }

  /** Edits that make an empty state equal to this one. */
  snapshot(): ManifestEdit[] {
    const edits: ManifestEdit[] = [];
    const numbers = [...this.spaces.keys(), ...this.#dropped.keys()].sort((a, b) => a - b);
    for (const number of numbers) {
      const dropped = this.#dropped.get(number);
      if (dropped !== undefined) {
        edits.push({ kind: "spaceCreated", id: dropped.id, number });
        edits.push({ kind: "spaceDropped", number, at: dropped.at });
      }
      const space = this.spaces.get(number);
      if (space === undefined) continue;
      edits.push({ kind: "spaceCreated", id: space.id, number });
      edits.push({ kind: "flushed", space: number, point: space.point });
      const { rows, bytes } = space.loaded;
      if (rows !== 0 || bytes !== 0) edits.push({ kind: "loaded", space: number, rows, bytes });
      if (space.historyMs > 0)
        edits.push({ kind: "historyKept", space: number, retentionMs: space.historyMs });
      for (const table of space.tables.values()) edits.push({ kind: "tableAdded", table });
    }
    for (const feed of this.feeds.values()) {
      const { id, number, shards, oldValues, since, trims } = feed;
      edits.push({ kind: "feedCreated", id, number, shards, oldValues, since });
      if (feed.closed) edits.push({ kind: "feedClosed", number });
      for (const [shard, place] of trims) edits.push({ kind: "feedTrimmed", number, shard, ...place });
    }
    for (const checkpoint of this.checkpoints.values()) edits.push({ kind: "checkpointAdded", checkpoint });
    // Before the floor of the log, which lets go of the dropped spaces that no archive names.
    for (const archive of this.archives.values()) edits.push({ kind: "archiveAdded", archive });
    edits.push({ kind: "replayAfter", sequence: this.replayAfter });
    edits.push({ kind: "logFloor", segment: this.logFloor, trim: this.trim });
    edits.push({ kind: "numbers", space: this.nextSpace, feed: this.nextFeed, table: this.nextTable });
    return edits;
  }
}
