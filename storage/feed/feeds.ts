import assert from "node:assert/strict";
import { at } from "../encoding.ts";
import { corruption, StorageError } from "../errors.ts";
import type { LoggedSegment } from "../history/logged-segment.ts";
import type { HistorySource } from "../history/source.ts";
import type { ManifestEdit } from "../manifest/edit.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { FeedRecord } from "../manifest/state.ts";
import type { FeedRecord as FeedChange, FeedId, FeedOptions, FeedPage, Position, SpaceId } from "../store.ts";
import type { ChangeRecord } from "../wal/records.ts";
import { Feed } from "./feed.ts";
import { formatPosition, type Place, parsePosition } from "./position.ts";

export interface FeedsOptions {
  readonly manifest: Manifest;
  /** Oldest first, the active segment last. */
  readonly sources: () => readonly HistorySource[];
  readonly visibleSequence: () => number;
}

/** The changes of a commit group: parallel arrays, in commit order. */
export interface ChangeList {
  readonly changeFeeds: readonly number[];
  readonly changeShards: readonly number[];
  readonly changeSequences: readonly number[];
  readonly changeOrdinals: readonly number[];
  /** The space of each, and its bytes with its row. */
  readonly changeSpaces: readonly number[];
  readonly changeBytes: readonly number[];
}

const shardsMax = 1 << 16;

/** The change feeds of the store: their life, and reading them from the log. */
export class Feeds {
  readonly #options: FeedsOptions;
  readonly #byId = new Map<FeedId, Feed>();
  readonly #byNumber = new Map<number, Feed>();
  readonly #creating = new Map<FeedId, Promise<void>>();
  /** Records handed out, since the start. */
  recordsRead = 0;

  constructor(options: FeedsOptions) {
    this.#options = options;
    for (const record of options.manifest.state.feeds.values()) {
      this.#add(new Feed(record, false));
    }
  }

  ids(): readonly FeedId[] {
    return [...this.#byId.keys()];
  }

  /** Readers that wait for changes now. */
  get waiterCount(): number {
    let count = 0;
    for (const feed of this.#byId.values()) count += feed.waiterCount;
    return count;
  }

  get(id: FeedId): Feed {
    const feed = this.#byId.get(id);
    if (feed === undefined) throw new StorageError("not-found", `there is no feed ${id}`);
    return feed;
  }

  /** Idempotent. `since`: the newest sequence given out. */
  async create(id: FeedId, options: FeedOptions, since: number): Promise<void> {
    if (this.#byId.has(id)) return;
    const { shards, oldValues } = options;
    if (!(Number.isInteger(shards) && shards >= 1 && shards <= shardsMax)) {
      throw new StorageError("usage", `a feed has 1 to ${shardsMax} shards`);
    }
    let creating = this.#creating.get(id);
    if (creating === undefined) {
      creating = this.#create({ id, shards, oldValues, since }).finally(() => this.#creating.delete(id));
      this.#creating.set(id, creating);
    }
    await creating;
  }

  async #create(feed: Pick<FeedRecord, "id" | "shards" | "oldValues" | "since">): Promise<void> {
    const { manifest } = this.#options;
    const number = manifest.reserveFeed();
    await manifest.commit([{ kind: "feedCreated", number, ...feed }]);
    const record = manifest.state.feeds.get(number);
    assert(record !== undefined, "a feed that was created is in the manifest");
    this.#add(new Feed(record, true));
  }

  #add(feed: Feed): void {
    this.#byId.set(feed.record.id, feed);
    this.#byNumber.set(feed.record.number, feed);
  }

  /** Idempotent. */
  async close(id: FeedId): Promise<void> {
    const feed = this.get(id);
    if (feed.record.closed) return;
    await this.#options.manifest.commit([{ kind: "feedClosed", number: feed.record.number }]);
    feed.wakeAll();
  }

  /** Idempotent. */
  async drop(id: FeedId): Promise<void> {
    const feed = this.#byId.get(id);
    if (feed === undefined) return;
    this.#byId.delete(id);
    try {
      await this.#options.manifest.commit([{ kind: "feedDropped", number: feed.record.number }]);
    } catch (error) {
      this.#byId.set(id, feed);
      throw error;
    }
    this.#byNumber.delete(feed.record.number);
    feed.wakeAll();
  }

  wakeAll(): void {
    for (const feed of this.#byId.values()) feed.wakeAll();
  }

  /** Whether the feed of this number exists: its records are wanted while they are young enough. */
  has(number: number): boolean {
    return this.#byNumber.has(number);
  }

  /** What feeds lose with some sources, given in their order: all that `isKept` does not keep. */
  trimsOf(
    sources: readonly HistorySource[],
    isKept: (feed: number, source: HistorySource) => boolean,
  ): ManifestEdit[] {
    const edits: ManifestEdit[] = [];
    for (const source of sources) {
      for (const [number, feed] of this.#byNumber) {
        if (!source.hasFeed(number) || isKept(number, source)) continue;
        edits.push(...shardTrims(feed.record, source));
      }
    }
    return edits;
  }

  /** Notes change `i` of a group that has just become visible; its frame lies at `offset` of the active segment. */
  advance(active: LoggedSegment, group: ChangeList, i: number, offset: number): void {
    const number = at(group.changeFeeds, i);
    const shard = at(group.changeShards, i);
    const place = { sequence: at(group.changeSequences, i), ordinal: at(group.changeOrdinals, i) };
    active.segment.feeds.add(number);
    active.index.addChange(number, shard, place.sequence, place.ordinal, offset);
    active.index.contents.addFeed(number, at(group.changeSpaces, i), at(group.changeBytes, i));
    this.#byNumber.get(number)?.setHead(shard, place);
  }

  /** Wakes those who wait for the shard of change `i`; after all of the group's changes have advanced. */
  wake(group: ChangeList, i: number): void {
    this.#byNumber.get(at(group.changeFeeds, i))?.wake(at(group.changeShards, i));
  }

  read(id: FeedId, shard: number, after: Position, limit: number): FeedPage {
    const feed = this.#shardOf(id, shard);
    const place = parsePosition(after);
    if (place === undefined) throw new StorageError("usage", `${JSON.stringify(after)} is no position`);
    if (!(limit >= 1)) throw new StorageError("usage", "a feed is read by one record or more at a time");
    const head = this.#head(feed, shard);
    const { state } = this.#options.manifest;
    const trim = feed.record.trims.get(shard);
    const changes: ChangeRecord[] = [];
    if (isAfter(head, place)) this.#collect(feed, shard, place, limit, changes);
    const records = changes.map((change) => {
      const spaceId = state.spaceId(change.space);
      if (spaceId === undefined)
        throw corruption("MANIFEST", 0, `no space ${change.space} is known, but the log has it`);
      return toFeedChange(change, spaceId);
    });
    this.recordsRead += records.length;
    const last = records.at(-1);
    return {
      records,
      next: last?.position ?? after,
      head: head.sequence === 0 ? "" : formatPosition(head.sequence, head.ordinal),
      trim: trim === undefined ? "" : formatPosition(trim.sequence, trim.ordinal),
    };
  }

  /** Resolves when the shard may have records after `after`. */
  wait(id: FeedId, shard: number, after: Position, signal: AbortSignal | undefined): Promise<void> {
    const feed = this.#shardOf(id, shard);
    const place = parsePosition(after);
    if (place === undefined) throw new StorageError("usage", `${JSON.stringify(after)} is no position`);
    if (feed.record.closed || isAfter(this.#head(feed, shard), place)) return Promise.resolve();
    return feed.wait(shard, signal);
  }

  #shardOf(id: FeedId, shard: number): Feed {
    const feed = this.get(id);
    if (!feed.hasShard(shard)) throw new StorageError("usage", `feed ${id} has no shard ${shard}`);
    return feed;
  }

  /** The newest visible change of a shard; after a start it is looked for once, from the newest segment backwards. */
  #head(feed: Feed, shard: number): Place {
    const known = feed.head(shard);
    if (known !== undefined) return known;
    for (const source of this.#options.sources().toReversed()) {
      const end = source.shardEnd(feed.record.number, shard);
      if (end === undefined) continue;
      const place = { sequence: end.lastSequence, ordinal: end.lastOrdinal };
      feed.setHead(shard, place);
      return place;
    }
    feed.setNoHead(shard);
    return { sequence: 0, ordinal: 0 };
  }

  #collect(feed: Feed, shard: number, after: Place, limit: number, into: ChangeRecord[]): void {
    const wanted = {
      feed: feed.record.number,
      shard,
      afterSequence: after.sequence,
      afterOrdinal: after.ordinal,
      sequenceMax: this.#options.visibleSequence(),
      limit,
    };
    for (const source of this.#options.sources()) {
      if (source.lastSequence < after.sequence) continue;
      source.readChanges(wanted, into);
      if (into.length >= limit) return;
    }
  }
}

/** The record as the store's users see it; `spaceId` names spaces by their numbers. */
function toFeedChange(change: ChangeRecord, spaceId: SpaceId): FeedChange {
  return {
    position: formatPosition(change.sequence, change.ordinal),
    time: change.time,
    space: spaceId,
    key: change.key,
    tag: change.tag,
    newValue: change.newValue,
    oldValue: change.oldValue,
  };
}

function isAfter(head: Place, place: Place): boolean {
  if (head.sequence !== place.sequence) return head.sequence > place.sequence;
  return head.sequence !== 0 && head.ordinal > place.ordinal;
}

/** Up to where the shards of a feed lose their records with a source. */
function shardTrims({ number, shards }: FeedRecord, source: HistorySource): ManifestEdit[] {
  const edits: ManifestEdit[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const end = source.shardEnd(number, shard);
    if (end === undefined) continue;
    const { lastSequence: sequence, lastOrdinal: ordinal } = end;
    edits.push({ kind: "feedTrimmed", number, shard, sequence, ordinal });
  }
  return edits;
}
