import type { FeedId, Key, SpaceId } from "../store.ts";

/** What the manifest keeps of one SSTable: where it belongs and how to recognise it. */
export interface TableRecord {
  /** Number of its space. */
  readonly space: number;
  readonly level: number;
  /** File number, never used twice. */
  readonly number: number;
  readonly bytes: number;
  /** SHA-256 of the whole file, hex. */
  readonly hash: string;
  readonly smallest: Key;
  readonly largest: Key;
  readonly sequenceMin: number;
  readonly sequenceMax: number;
  readonly entries: number;
  readonly tombstones: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
}

/** What is in a space's SSTables, and all that the log said of it up to the same sequence. */
export interface FlushPoint {
  /** Every record of the space up to this sequence is in its SSTables or in the fields below. */
  readonly sequence: number;
  /** Sums of all deltas in the log. */
  readonly rows: number;
  readonly bytes: number;
  readonly generation: number;
}

/** One space as a checkpoint holds it. */
export interface CheckpointedSpace {
  readonly id: SpaceId;
  /** Exact counts. */
  readonly rows: number;
  readonly bytes: number;
  readonly generation: number;
  /** Their `space` is the number that the space had; their files stay while the checkpoint does. */
  readonly tables: readonly TableRecord[];
}

/** Some spaces as they were at one visible instant. */
export interface CheckpointRecord {
  readonly id: string;
  /** The newest commit it holds. */
  readonly sequence: number;
  /** Log time of that instant, milliseconds since the epoch. */
  readonly time: number;
  readonly spaces: readonly CheckpointedSpace[];
  /** Made by the store itself, for restoring to instants after it; not shown to callers. */
  readonly isHistory?: true;
}

/** What the manifest keeps of one archive of the log. */
export interface ArchiveRecord {
  /** File number, from the same count as those of SSTables. */
  readonly number: number;
  readonly bytes: number;
  /** CRC-32 of its footer. */
  readonly crc: number;
  /** The sequences it was made from. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Log time of the last commit of those. */
  readonly lastTime: number;
  /** What it holds, by number, and how many bytes of it before compression. */
  readonly contents: {
    readonly spaces: readonly (readonly [space: number, bytes: number])[];
    readonly feeds: readonly (readonly [feed: number, space: number, bytes: number])[];
  };
}

/** A step from one state of the store's files to the next. A record holds one or more of them and takes effect as a whole. */
export type ManifestEdit =
  | { readonly kind: "spaceCreated"; readonly id: SpaceId; readonly number: number }
  /** `at`: the newest sequence then. Its id is remembered while the log may hold records of it. */
  | { readonly kind: "spaceDropped"; readonly number: number; readonly at: number }
  | {
      readonly kind: "feedCreated";
      readonly id: FeedId;
      readonly number: number;
      readonly shards: number;
      readonly oldValues: boolean;
      /** The newest sequence when it was created: its records come later. */
      readonly since: number;
    }
  | { readonly kind: "feedClosed"; readonly number: number }
  | { readonly kind: "feedDropped"; readonly number: number }
  | { readonly kind: "tableAdded"; readonly table: TableRecord }
  | { readonly kind: "tableRemoved"; readonly space: number; readonly number: number }
  | {
      readonly kind: "tableMoved";
      readonly space: number;
      readonly number: number;
      /** The level it belongs to from now on. */
      readonly level: number;
    }
  | { readonly kind: "flushed"; readonly space: number; readonly point: FlushPoint }
  /** SSTables of the same record came past the log; these counts come on top of the log's. */
  | { readonly kind: "loaded"; readonly space: number; readonly rows: number; readonly bytes: number }
  | { readonly kind: "checkpointAdded"; readonly checkpoint: CheckpointRecord }
  | { readonly kind: "checkpointReleased"; readonly id: string }
  | { readonly kind: "archiveAdded"; readonly archive: ArchiveRecord }
  | { readonly kind: "archiveRemoved"; readonly number: number }
  /** The past of a space is kept, or not any more (0). */
  | { readonly kind: "historyKept"; readonly space: number; readonly retentionMs: number }
  /** Everything up to this sequence is flushed, in all spaces: replay may start after it. */
  | { readonly kind: "replayAfter"; readonly sequence: number }
  /** Records of a shard of a feed up to this place are gone. */
  | {
      readonly kind: "feedTrimmed";
      readonly number: number;
      readonly shard: number;
      readonly sequence: number;
      readonly ordinal: number;
    }
  /** Segments below `segment`, which hold records up to `trim`, are not needed any more. */
  | { readonly kind: "logFloor"; readonly segment: number; readonly trim: number }
  /** The store was closed in order: this segment is the last one, and the sync of its footer has succeeded. */
  | { readonly kind: "closed"; readonly segment: number }
  /** Numbers below these were given out at some time, though perhaps to nothing that still exists. */
  | { readonly kind: "numbers"; readonly space: number; readonly feed: number; readonly table: number };

/** Listed apart from the types, because those of a file's writer may be newer than the reader's. */
const kinds: Readonly<Record<ManifestEdit["kind"], true>> = {
  spaceCreated: true,
  spaceDropped: true,
  feedCreated: true,
  feedClosed: true,
  feedDropped: true,
  feedTrimmed: true,
  tableAdded: true,
  tableRemoved: true,
  tableMoved: true,
  flushed: true,
  loaded: true,
  checkpointAdded: true,
  checkpointReleased: true,
  archiveAdded: true,
  archiveRemoved: true,
  historyKept: true,
  replayAfter: true,
  logFloor: true,
  closed: true,
  numbers: true,
};

/** Whether a decoded value is an edit of a kind that this version knows. */
export function isKnownEdit(value: unknown): value is ManifestEdit {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  return typeof value.kind === "string" && Object.hasOwn(kinds, value.kind);
}
