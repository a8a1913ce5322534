import fc from "fast-check";
import type {
  ArchiveRecord,
  CheckpointRecord,
  ManifestEdit,
  TableRecord,
} from "../../../storage/manifest/edit.ts";
import type { ManifestState } from "../../../storage/manifest/state.ts";

/** Chooses the next edit for any state: `pick` says which of what is there it concerns. */
export interface Wish {
  readonly kind: string;
  readonly pick: number;
  readonly number: number;
  readonly id: string;
  readonly key: string;
  readonly flag: boolean;
}

/** How often each kind is wished for. A new kind does not compile before it is tried here. */
const weights: Readonly<Record<ManifestEdit["kind"], number>> = {
  spaceCreated: 3,
  spaceDropped: 1,
  feedCreated: 2,
  feedClosed: 1,
  feedDropped: 1,
  feedTrimmed: 1,
  tableAdded: 4,
  tableRemoved: 1,
  tableMoved: 1,
  flushed: 1,
  loaded: 1,
  checkpointAdded: 1,
  checkpointReleased: 1,
  archiveAdded: 2,
  archiveRemoved: 1,
  historyKept: 1,
  replayAfter: 1,
  logFloor: 1,
  closed: 1,
  numbers: 1,
};
export const editKinds = Object.keys(weights);
const kinds = Object.entries(weights).flatMap(([kind, weight]) => Array<string>(weight).fill(kind));

export const wish: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom(...kinds),
  pick: fc.nat(1_000),
  number: fc.oneof(fc.nat(1_000), fc.maxSafeNat()),
  id: fc.uuid(),
  // Any bytes: keys are latin1 texts.
  key: fc.uint8Array({ maxLength: 30 }).map((bytes) => String.fromCharCode(...bytes)),
  flag: fc.boolean(),
});

function tableOf({ number, key, id }: Wish, space: number, table: number): TableRecord {
  return {
    space,
    level: number % 7,
    number: table,
    bytes: number,
    hash: id.replaceAll("-", "").repeat(2),
    smallest: key,
    largest: `${key}\xff`,
    sequenceMin: number,
    sequenceMax: number,
    entries: number,
    tombstones: 0,
    keyBytes: number,
    valueBytes: number,
  };
}

/** One of `things`, or undefined when there are none. */
function chosen<T>(things: Iterable<T>, pick: number): T | undefined {
  const all = [...things];
  return all[pick % Math.max(1, all.length)];
}

function checkpointOf(state: ManifestState, { id, number, pick }: Wish): CheckpointRecord {
  const spaces = [...state.spaces.values()].slice(0, pick % 3);
  return {
    id,
    sequence: number,
    time: pick,
    spaces: spaces.map((space) => ({
      id: space.id,
      rows: pick,
      bytes: number,
      generation: pick,
      tables: [...space.tables.values()],
    })),
  };
}

function archiveOf(state: ManifestState, { number, pick }: Wish): ArchiveRecord {
  const last = [...state.archives.values()].at(-1)?.lastSequence ?? 0;
  const space = chosen(state.spaces.keys(), pick);
  return {
    number: state.nextTable,
    bytes: number,
    crc: pick,
    firstSequence: last + 1,
    lastSequence: last + 1 + pick,
    lastTime: number,
    contents: {
      spaces: space === undefined ? [] : [[space, number]],
      feeds: space === undefined ? [] : [[pick, space, number]],
    },
  };
}

/** The edit that a wish comes down to in this state; undefined when there is nothing that it could concern. */
export function editFor(state: ManifestState, wanted: Wish): ManifestEdit | undefined {
  const { kind, pick, number, id, flag } = wanted;
  switch (kind) {
    case "spaceCreated":
      return { kind, id, number: state.nextSpace };
    case "feedCreated":
      return { kind, id, number: state.nextFeed, shards: 1 + (pick % 4), oldValues: flag, since: number };
    case "checkpointAdded":
      return { kind, checkpoint: checkpointOf(state, wanted) };
    case "checkpointReleased": {
      const checkpoint = chosen(state.checkpoints.keys(), pick);
      return checkpoint === undefined ? undefined : { kind, id: checkpoint };
    }
    case "archiveAdded":
      return { kind, archive: archiveOf(state, wanted) };
    case "archiveRemoved": {
      const archive = chosen(state.archives.keys(), pick);
      return archive === undefined ? undefined : { kind, number: archive };
    }
    case "replayAfter":
      return { kind, sequence: number };
    case "logFloor":
      return { kind, segment: number, trim: pick };
    case "closed":
      return { kind, segment: number };
    case "numbers":
      return { kind, space: state.nextSpace + pick, feed: state.nextFeed + 1, table: state.nextTable };
    default:
      return kind.startsWith("feed") ? feedEdit(state, wanted) : spaceEdit(state, wanted);
  }
}

function feedEdit(state: ManifestState, { kind, pick, number }: Wish): ManifestEdit | undefined {
  const feed = chosen(state.feeds.values(), pick);
  if (feed === undefined) return undefined;
  if (kind === "feedTrimmed")
    return { kind, number: feed.number, shard: pick % feed.shards, sequence: number, ordinal: pick };
  return kind === "feedClosed" || kind === "feedDropped" ? { kind, number: feed.number } : undefined;
}

function spaceEdit(state: ManifestState, wanted: Wish): ManifestEdit | undefined {
  const { kind, pick, number, key } = wanted;
  const space = chosen(state.spaces.values(), pick);
  if (space === undefined) return undefined;
  const table = chosen(space.tables.keys(), number);
  switch (kind) {
    case "spaceDropped":
      // The newest sequence then: beyond what is trimmed.
      return { kind, number: space.number, at: state.trim + 1 + (number % 1_000) };
    case "tableAdded":
      return { kind, table: tableOf(wanted, space.number, state.nextTable) };
    case "tableRemoved":
      return table === undefined ? undefined : { kind, space: space.number, number: table };
    case "tableMoved":
      return table === undefined ? undefined : { kind, space: space.number, number: table, level: pick % 7 };
    case "flushed":
      return {
        kind,
        space: space.number,
        point: { sequence: number, rows: pick, bytes: key.length, generation: pick },
      };
    case "loaded":
      return { kind, space: space.number, rows: pick, bytes: number % 1_000_000 };
    case "historyKept":
      return { kind, space: space.number, retentionMs: pick };
    default:
      return undefined;
  }
}

/** Everything a state says, for comparisons; dropped spaces that are still known included. */
export function describeState(state: ManifestState): unknown {
  return { snapshot: state.snapshot(), closedSegment: state.closedSegment };
}
