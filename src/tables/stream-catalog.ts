import { Packr } from "msgpackr";
import type { FeedId, Position, RowAddress, Store, Write } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { DEFAULT_NAMESPACE, iteratorKeyRowKey, SYSTEM_SPACE, streamRowKey, streamRows } from "./keyspace.ts";
import type { TableRecord } from "./schema.ts";
import type { StreamChangeUnderWay } from "./schema-status.ts";
import { IteratorSigner, newIteratorKey } from "./shard-iterator.ts";
import {
  hasOldImages,
  isOpen,
  isStreamGone,
  needsClosing,
  needsTending,
  newStream,
  type Shard,
  type Stream,
  streamArn,
  tended,
  withClosedShards,
} from "./stream.ts";
import { AFTER_ALL } from "./stream-position.ts";
import { type ShardPage, StreamReader } from "./stream-reader.ts";
import { commitSystemRows, readSystemRows } from "./system-rows.ts";

export type StreamStatus = "ENABLING" | "ENABLED" | "DISABLING" | "DISABLED";

export interface StreamCatalogOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears of what is tried again. */
  readonly log: Log;
  /** How long ENABLING and DISABLING are shown. */
  readonly tableDelayMs: number;
  /** Parts, and so open shards, of the streams to come. */
  readonly shards: number;
}

/** What a change of a table's record means for its streams. */
export interface StreamChange {
  /** To be committed with the record. */
  readonly writes: readonly Write[];
  /** The stream of the table after the change. */
  readonly stream: Stream | undefined;
  /** To be called after the commit. */
  readonly committed: () => Promise<void>;
}

const NO_CHANGE: Omit<StreamChange, "stream"> = { writes: [], committed: async () => {} };
const packr = new Packr({ useRecords: false });

/**
 * All streams, those of tables that are gone included, until their records are past retention. The system space is the truth; this is
 * its image in memory. Changes of the streams of one table's name are made one after the other: by the catalog of tables, which calls
 * what changes something within its queue.
 */
export class StreamCatalog {
  readonly reader: StreamReader;
  readonly #options: StreamCatalogOptions;
  /** By ARN. */
  readonly #streams = new Map<string, Stream>();
  /** Streams of which shards are being closed. */
  readonly #closing = new Set<FeedId>();
  #signer: Promise<IteratorSigner> | undefined;

  private constructor(options: StreamCatalogOptions) {
    this.#options = options;
    this.reader = new StreamReader(options.store, options.clock);
  }

  /** Reads the streams, ends what a crash left half done, and removes feeds that no stream names. The system space exists. */
  static async open(options: StreamCatalogOptions): Promise<StreamCatalog> {
    const catalog = new StreamCatalog(options);
    await catalog.#load();
    for (const stream of catalog.#streams.values()) if (needsClosing(stream)) await catalog.#close(stream);
    const named = new Set([...catalog.#streams.values()].map((stream) => stream.feedId));
    const { store } = options;
    for (const feed of store.feeds()) if (!named.has(feed)) await store.dropFeed(feed);
    return catalog;
  }

  /** Makes and recognises shard iterators. Its key is made with the first stream, not at the first start of every store. */
  signer(): Promise<IteratorSigner> {
    // The promise is what is kept: readers that come at once wait for the same key.
    this.#signer ??= this.#openSigner();
    return this.#signer;
  }

  async #openSigner(): Promise<IteratorSigner> {
    try {
      return new IteratorSigner(await iteratorKey(this.#options.store));
    } catch (error) {
      this.#signer = undefined;
      throw error;
    }
  }

  /** The stream of that ARN; undefined once it is past retention. */
  find(arn: string): Stream | undefined {
    const stream = this.#streams.get(arn);
    return stream === undefined || isStreamGone(stream, this.#options.clock.now()) ? undefined : stream;
  }

  /** Streams with ARNs after `after` in byte order, of one table name or of all, and whether there are more than `limit`. */
  list(
    tableName: string | undefined,
    after: string | undefined,
    limit: number,
  ): { readonly streams: readonly Stream[]; readonly more: boolean } {
    const now = this.#options.clock.now();
    const arns = [...this.#streams]
      .filter(([, stream]) => tableName === undefined || stream.tableName === tableName)
      .filter(([arn, stream]) => (after === undefined || arn > after) && !isStreamGone(stream, now))
      .map(([arn]) => arn)
      .sort();
    const streams = arns.slice(0, limit).flatMap((arn) => this.#streams.get(arn) ?? []);
    return { streams, more: arns.length > limit };
  }

  /** The label of the newest stream that a table of this name has, or had. */
  latestLabel(tableName: string): string | undefined {
    let latest: string | undefined;
    for (const stream of this.#streams.values()) {
      if (stream.tableName !== tableName) continue;
      if (latest === undefined || stream.label > latest) latest = stream.label;
    }
    return latest;
  }

  /** The enabled stream of a table, if its record names one. */
  ofTable(record: TableRecord): Stream | undefined {
    const { stream } = record;
    return stream === undefined
      ? undefined
      : this.#streams.get(streamArn({ ...record, label: stream.label }));
  }

  /** The status a client sees now. */
  statusOf({ createdMs, disabledMs }: Stream): StreamStatus {
    const { clock, tableDelayMs } = this.#options;
    const now = clock.now();
    if (disabledMs !== undefined) return now < disabledMs + tableDelayMs ? "DISABLING" : "DISABLED";
    return now < createdMs + tableDelayMs ? "ENABLING" : "ENABLED";
  }

  /** The change of its stream that a table is going through, as clients see it. */
  changeUnderWay(record: TableRecord): StreamChangeUnderWay | undefined {
    const { latestStreamLabel: label } = record;
    const stream = label === undefined ? undefined : this.#streams.get(streamArn({ ...record, label }));
    if (stream === undefined) return undefined;
    const { label: streamLabel } = stream;
    switch (this.statusOf(stream)) {
      case "ENABLING":
        return { streamLabel, operation: "ENABLE" };
      case "DISABLING":
        return { streamLabel, operation: "DISABLE" };
      default:
        return undefined;
    }
  }

  /** Prepares the step of a table's record from `before` to `after` (undefined: no table): makes the feed of a new stream. */
  async change(before: TableRecord | undefined, after: TableRecord | undefined): Promise<StreamChange> {
    const old = before === undefined ? undefined : this.ofTable(before);
    if (before?.stream?.feedId === after?.stream?.feedId) return { ...NO_CHANGE, stream: old };
    const { store, shards, clock } = this.#options;
    const fresh = after === undefined ? undefined : newStream(after, shards, clock.now());
    if (fresh !== undefined) {
      // A stream must be readable on a full disk, where its first reader could not write the key.
      await this.signer();
      await store.createFeed(fresh.feedId, { shards: fresh.parts, oldValues: hasOldImages(fresh) });
    }
    const ended = old === undefined ? undefined : { ...old, disabledMs: clock.now() };
    const changed = [ended, fresh].filter((stream) => stream !== undefined);
    return {
      writes: changed.map(writeOf),
      stream: fresh,
      committed: async () => {
        for (const stream of changed) this.#install(stream);
        if (ended !== undefined) await this.#closeSoon(ended);
      },
    };
  }

  /** Streams that `tend` may have something to do for. */
  *due(): Iterable<Stream> {
    const now = this.#options.clock.now();
    for (const stream of this.#streams.values()) {
      if (isStreamGone(stream, now) || needsClosing(stream) || needsTending(stream, now)) yield stream;
    }
  }

  /** Closes and opens shards of a stream as time demands; removes the stream, or shards of it, that are past retention. */
  async tend(arn: string): Promise<void> {
    const stream = this.#streams.get(arn);
    if (stream === undefined) return;
    const { store, clock } = this.#options;
    const now = clock.now();
    if (isStreamGone(stream, now)) {
      await this.#write({ ...addressOf(stream), value: undefined });
      this.#streams.delete(arn);
      await store.dropFeed(stream.feedId);
      this.reader.forget(stream.feedId);
      return;
    }
    if (needsClosing(stream)) return await this.#close(stream);
    this.#closing.add(stream.feedId);
    try {
      const next = tended(stream, await this.#heads(stream), now);
      if (next !== stream) await this.#save(next);
    } finally {
      this.#closing.delete(stream.feedId);
    }
  }

  /**
   * A page of a shard's records after a position. While the shard is being closed the page is empty: its end is about to be the newest
   * position of the feed, and what comes after that belongs to its child.
   */
  async read(stream: Stream, shard: Shard, after: Position, limit: number): Promise<ShardPage> {
    const arn = streamArn(stream);
    for (let seen = shard; ; ) {
      const page = await this.reader.read(stream, seen, after, limit);
      if (this.#closing.has(stream.feedId)) return { records: [], next: after };
      const known = this.#streams.get(arn)?.shards.find(({ shardId }) => shardId === shard.shardId);
      if (known === undefined || isOpen(known) === isOpen(seen)) return page;
      // Closed while it was read.
      seen = known;
    }
  }

  /** The change has been made; if closing fails, it is for `tend` to do. */
  async #closeSoon(stream: Stream): Promise<void> {
    try {
      await this.#close(stream);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#options.log.warn("closing a stream failed; trying again", { stream: streamArn(stream), cause });
    }
  }

  /** No more changes, and every shard with its end. The stream's row says already that it is disabled. */
  async #close(stream: Stream): Promise<void> {
    const { store, clock } = this.#options;
    await store.closeFeed(stream.feedId);
    await this.#save(withClosedShards(stream, await this.#heads(stream), clock.now()));
  }

  async #heads({ feedId, parts }: Stream): Promise<(part: number) => Position> {
    const { store } = this.#options;
    const heads = await Promise.all(Array.from({ length: parts }, (_, part) => headOf(store, feedId, part)));
    return (part) => heads[part] ?? "";
  }

  async #save(stream: Stream): Promise<void> {
    await this.#write(writeOf(stream));
    this.#install(stream);
  }

  async #write(write: Write): Promise<void> {
    await commitSystemRows(this.#options.store, [write]);
  }

  #install(stream: Stream): void {
    this.#streams.set(streamArn(stream), stream);
  }

  async #load(): Promise<void> {
    await readSystemRows(this.#options.store, streamRows(DEFAULT_NAMESPACE), (value) =>
      this.#install(packr.unpack(value) as Stream),
    );
  }
}

async function headOf(store: Store, feed: FeedId, part: number): Promise<Position> {
  return (await store.readFeed(feed, part, AFTER_ALL, 1)).head;
}

const addressOf = ({ tableName, label }: Stream): RowAddress => ({
  space: SYSTEM_SPACE,
  key: streamRowKey(DEFAULT_NAMESPACE, tableName, label),
});

const writeOf = (stream: Stream): Write => ({ ...addressOf(stream), value: packr.pack(stream) });

/** The key that shard iterators are signed with: made once per store, so that they survive a restart. */
async function iteratorKey(store: Store): Promise<Uint8Array> {
  const row = { space: SYSTEM_SPACE, key: iteratorKeyRowKey(DEFAULT_NAMESPACE) };
  const known = await store.get(row.space, row.key);
  if (known !== undefined) return known;
  const key = newIteratorKey();
  await commitSystemRows(store, [{ ...row, value: key }]);
  return key;
}
