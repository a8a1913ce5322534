import fc from "fast-check";
import type { ManifestEdit, TableRecord } from "../../../storage/manifest/edit.ts";
import type { ManifestState } from "../../../storage/manifest/state.ts";

/** Chooses the next edit for any state: `pick` says which of what is there it concerns. */
export interface Wish {
  readonly kind: ManifestEdit["kind"];
  readonly pick: number;
  readonly number: number;
  readonly id: string;
  readonly key: string;
  readonly flag: boolean;
}

const kinds = [
  "spaceCreated",
  "spaceCreated",
  "spaceDropped",
  "feedCreated",
  "feedClosed",
  "feedDropped",
  "tableAdded",
  "tableAdded",
  "tableRemoved",
  "flushed",
  "replayAfter",
  "logFloor",
  "closed",
  "numbers",
] as const satisfies readonly ManifestEdit["kind"][];

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

/** The edit that a wish comes down to in this state; undefined when there is nothing that it could concern. */
export function editFor(state: ManifestState, wanted: Wish): ManifestEdit | undefined {
  const { kind, pick, number, id, key, flag } = wanted;
  const spaces = [...state.spaces.values()];
  const feeds = [...state.feeds.values()];
  const space = spaces[pick % Math.max(1, spaces.length)];
  const feed = feeds[pick % Math.max(1, feeds.length)];
  switch (kind) {
    case "spaceCreated":
      return { kind, id, number: state.nextSpace };
    case "feedCreated":
      return { kind, id, number: state.nextFeed, shards: 1 + (pick % 4), oldValues: flag, since: number };
    case "feedClosed":
    case "feedDropped":
      return feed && { kind, number: feed.number };
    case "spaceDropped":
      // The newest sequence then: beyond what is trimmed.
      return space && { kind, number: space.number, at: state.trim + 1 + (number % 1_000) };
    case "tableAdded":
      return space && { kind, table: tableOf(wanted, space.number, state.nextTable) };
    case "tableRemoved": {
      const tables = [...(space?.tables.keys() ?? [])];
      const table = tables[number % Math.max(1, tables.length)];
      return space && table !== undefined ? { kind, space: space.number, number: table } : undefined;
    }
    case "flushed":
      return (
        space && {
          kind,
          space: space.number,
          point: { sequence: number, rows: pick, bytes: key.length, generation: pick },
        }
      );
    case "replayAfter":
      return { kind, sequence: number };
    case "logFloor":
      return { kind, segment: number, trim: pick };
    case "closed":
      return { kind, segment: number };
    case "numbers":
      return { kind, space: state.nextSpace + pick, feed: state.nextFeed + 1, table: state.nextTable };
    default:
      return undefined;
  }
}

/** Everything a state says, for comparisons; dropped spaces that are still known included. */
export function describeState(state: ManifestState): unknown {
  return { snapshot: state.snapshot(), closedSegment: state.closedSegment };
}
