import {
  type FeedId,
  type FeedPage,
  type FeedRecord,
  type Position,
  StorageError,
  type Store,
} from "../../storage/index.ts";
import { resourceNotFound, trimmedDataAccess } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import { refusalOf } from "./storage-failure.ts";
import { endOf, isOpen, RETENTION_MS, type Shard, type Stream } from "./stream.ts";
import { AFTER_ALL, BEFORE_ALL, laterOf, positionBefore, positionBetween } from "./stream-position.ts";

/** The service ends a page once its records reach this size. */
const PAGE_BYTES_MAX = 1 << 20;

/** Records asked of the store at first, before anything is known of their size. */
const FIRST_SLICE_RECORDS = 32;
/** And later: few enough that other requests get their turn in between. */
const SLICE_RECORDS_MAX = 128;

/** What a record takes beside its images. */
const RECORD_BYTES = 300;

/** Records leave this much later than their time is over, at most. */
const TRIM_INTERVAL_MS = 60_000;

export interface ShardPage {
  readonly records: readonly FeedRecord[];
  /** Where to go on; undefined when the shard is closed and has been read to its end. */
  readonly next: Position | undefined;
}

/** How far the records of one part of a feed are past retention. */
interface Trimmed {
  /** All records up to here are. */
  readonly to: Position;
  readonly checkedMs: number;
}

/** Reads the records of shards, those within retention. */
export class StreamReader {
  readonly #store: Store;
  readonly #clock: Clock;
  /** By feed and part. */
  readonly #trimmed = new Map<string, Trimmed>();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The position before the oldest record that a shard still has. */
  async oldest(stream: Stream, shard: Shard): Promise<Position> {
    return laterOf(positionBefore(shard.from), await this.goneTo(stream, shard));
  }

  /** The position of the newest record that a shard has, or could have. */
  async newest({ feedId }: Stream, { part, from, closed }: Shard): Promise<Position> {
    if (closed !== undefined) return closed.to;
    const { head } = await this.#read(feedId, part, AFTER_ALL, 1);
    return laterOf(positionBefore(from), head);
  }

  /** Records up to this position are past retention, or gone already. */
  async goneTo({ feedId }: Stream, { part }: Shard): Promise<Position> {
    const trimmed = await this.#trimmedTo(feedId, part);
    const { trim } = await this.#read(feedId, part, AFTER_ALL, 1);
    return laterOf(trimmed, trim);
  }

  /** A page of at most `limit` records after a position. Throws TrimmedDataAccess when some after it are gone. */
  async read({ feedId }: Stream, shard: Shard, after: Position, limit: number): Promise<ShardPage> {
    const end = endOf(shard);
    if (after >= end) return { records: [], next: undefined };
    const trimmed = await this.#trimmedTo(feedId, shard.part);
    const page = new PageBuilder(after, end);
    const time = new TimeSlice();
    for (let count = Math.min(limit, FIRST_SLICE_RECORDS); count > 0; count = page.room(limit)) {
      if (time.isOver) await time.next();
      const found = await this.#read(feedId, shard.part, page.next, count);
      if (page.next === after) page.begin(laterOf(trimmed, found.trim), found.head);
      page.add(found);
    }
    return {
      records: page.records,
      next: page.isAtEnd || (page.isAtHead && !isOpen(shard)) ? undefined : page.next,
    };
  }

  async #trimmedTo(feedId: FeedId, part: number): Promise<Position> {
    const name = `${feedId}/${part}`;
    const now = this.#clock.now();
    const known = this.#trimmed.get(name);
    if (known !== undefined && now - known.checkedMs < TRIM_INTERVAL_MS) return known.to;
    const to = await this.#lastUntil(now - RETENTION_MS, feedId, part, known?.to ?? BEFORE_ALL);
    this.#trimmed.set(name, { to, checkedMs: now });
    return to;
  }

  /** Forgets what is known of a feed that has been dropped. */
  forget(feedId: FeedId): void {
    for (const name of this.#trimmed.keys()) if (name.startsWith(feedId)) this.#trimmed.delete(name);
  }

  /** The position of the last record until `time`, by halving: `known` is not beyond it, and is the answer when there is none. */
  async #lastUntil(time: number, feedId: FeedId, part: number, known: Position): Promise<Position> {
    const first = await this.#read(feedId, part, known, 1);
    let low = laterOf(known, first.trim);
    let high = first.head;
    const isOlder = (record: FeedRecord | undefined) => record !== undefined && record.time <= time;
    const [oldest] = first.records;
    if (oldest === undefined || !isOlder(oldest)) return low;
    low = laterOf(low, oldest.position);
    while (low < high) {
      const middle = positionBetween(low, high);
      const [record] = (await this.#read(feedId, part, middle, 1)).records;
      if (record !== undefined && isOlder(record)) low = record.position;
      else high = middle;
    }
    return low;
  }

  async #read(feedId: FeedId, part: number, after: Position, limit: number) {
    try {
      return await this.#store.readFeed(feedId, part, after, limit);
    } catch (error) {
      if (error instanceof StorageError && error.kind === "not-found") throw resourceNotFound();
      throw refusalOf(error);
    }
  }
}

/** Gathers records until the page is full, the shard's end is reached, or there are no more. */
class PageBuilder {
  readonly records: FeedRecord[] = [];
  /** Where to go on. */
  next: Position;
  /** The shard can have no more. */
  isAtEnd = false;
  /** The shard has no more yet. */
  isAtHead = false;
  readonly #end: Position;
  #bytes = 0;

  constructor(after: Position, end: Position) {
    this.next = after;
    this.#end = end;
  }

  /** Checks the start of the page against what is gone. */
  begin(goneTo: Position, head: Position): void {
    if (goneTo <= this.next) return;
    if (head > this.next) throw trimmedDataAccess();
    // Nothing has come since, so nothing was lost; from here on, nothing will seem lost that was not.
    this.next = goneTo;
  }

  add({ records, head }: FeedPage): void {
    for (const record of records) {
      if (record.position > this.#end) {
        this.isAtEnd = true;
        return;
      }
      if (this.#bytes >= PAGE_BYTES_MAX) return;
      this.records.push(record);
      this.#bytes += RECORD_BYTES + (record.newValue?.length ?? 0) + (record.oldValue?.length ?? 0);
      this.next = record.position;
    }
    this.isAtEnd = this.next >= this.#end;
    this.isAtHead = records.length === 0 || this.next >= head;
  }

  /** How many records to ask for next, so that no more is read than the page is likely to hold; 0 when it is done. */
  room(limit: number): number {
    const count = this.records.length;
    if (this.isAtEnd || this.isAtHead || count >= limit || this.#bytes >= PAGE_BYTES_MAX) return 0;
    const fitting = (PAGE_BYTES_MAX - this.#bytes) / (this.#bytes / count);
    return Math.min(limit - count, SLICE_RECORDS_MAX, Math.max(1, Math.ceil(fitting)));
  }
}
