/**
 * Streams as the catalog keeps them. A stream outlives its table, and a table has a new one each time a stream is enabled, so streams
 * have rows of their own.
 *
 * The changes lie in a feed of the store, in as many parts as the stream was created with; a change's part follows from its partition
 * key. What clients see as shards are stretches of those parts: when a shard has been open for some hours it is closed at the newest
 * position of its part, and a child goes on from there.
 */
import type { FeedId, Position } from "../../storage/index.ts";
import { tableArn } from "./describe.ts";
import type { TableRecord } from "./schema.ts";
import type { KeySchemaElement, StreamViewType } from "./schema-request.ts";
import { streamLabelMs } from "./schema-settings.ts";
import { AFTER_ALL, BEFORE_ALL, laterOf, positionAfter } from "./stream-position.ts";

const HOUR_MS = 3_600_000;
/** Records can be read for this long, and closed shards and disabled streams are listed for this long. */
export const RETENTION_MS = 24 * HOUR_MS;
/** A shard that has records is closed after this long. */
export const SHARD_MS = 4 * HOUR_MS;

export interface Shard {
  readonly shardId: string;
  readonly parentShardId?: string;
  /** The part of the feed it is a stretch of. */
  readonly part: number;
  readonly openedMs: number;
  /** The first position that its records can have. */
  readonly from: Position;
  /** When it was closed, and the last position of its records; absent while it is open. */
  readonly closed?: { readonly ms: number; readonly to: Position };
}

/** Plain data; times in milliseconds since the epoch. */
export interface Stream {
  readonly accountId: string;
  readonly region: string;
  readonly tableName: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly label: string;
  readonly viewType: StreamViewType;
  readonly feedId: FeedId;
  readonly parts: number;
  readonly createdMs: number;
  readonly disabledMs?: number;
  /** Ascending by id: parents come before their children. */
  readonly shards: readonly Shard[];
}

/** The newest position of a part; "" when it has none. */
export type HeadOf = (part: number) => Position;

/** The stream that a table's record says is enabled, as it is when it begins; undefined when none is. */
export function newStream(record: TableRecord, parts: number, now: number): Stream | undefined {
  const { stream, accountId, region, tableName, keySchema } = record;
  if (stream === undefined) return undefined;
  const { feedId, label, viewType } = stream;
  // A label may be ahead of the time, to differ from the one before.
  const createdMs = Math.min(streamLabelMs(label), now);
  const shards = Array.from({ length: parts }, (_, part): Shard => {
    const shardId = shardIdOf(feedId, part, createdMs);
    return { shardId, part, openedMs: createdMs, from: positionAfter(BEFORE_ALL) };
  });
  return { accountId, region, tableName, keySchema, label, viewType, feedId, parts, createdMs, shards };
}

/** The service's form of shard ids: those of later shards sort after those of earlier ones. */
const shardIdOf = (feedId: FeedId, part: number, openedMs: number): string =>
  `shardId-${String(openedMs).padStart(20, "0")}-${feedId.slice(0, 4)}${part.toString(16).padStart(4, "0")}`;

export const streamArn = (stream: Pick<Stream, "accountId" | "region" | "tableName" | "label">): string =>
  `${tableArn(stream)}/stream/${stream.label}`;

/** Whether records hold the image before the change. */
export const hasOldImages = ({ viewType }: Pick<Stream, "viewType">): boolean =>
  viewType === "OLD_IMAGE" || viewType === "NEW_AND_OLD_IMAGES";

/** Whether records hold the image after the change. */
export const hasNewImages = ({ viewType }: Pick<Stream, "viewType">): boolean =>
  viewType === "NEW_IMAGE" || viewType === "NEW_AND_OLD_IMAGES";

/** Whether all of the stream's records are past retention, and the stream with them. */
export const isStreamGone = ({ disabledMs }: Stream, now: number): boolean =>
  disabledMs !== undefined && now - disabledMs >= RETENTION_MS;

/** Whether a shard's records are past retention, and the shard with them. */
export const isShardGone = ({ closed }: Shard, now: number): boolean =>
  closed !== undefined && now - closed.ms >= RETENTION_MS;

/** The open shards that have been so for long enough to be closed. */
const dueShards = ({ disabledMs, shards }: Stream, now: number): readonly Shard[] =>
  disabledMs === undefined ? shards.filter((shard) => isOpen(shard) && now - shard.openedMs >= SHARD_MS) : [];

/** Whether a shard may have more records. */
export const isOpen = ({ closed }: Shard): boolean => closed === undefined;

/** Whether `tended` may change anything. */
export const needsTending = (stream: Stream, now: number): boolean =>
  dueShards(stream, now).length > 0 || stream.shards.some((shard) => isShardGone(shard, now));

/**
 * The stream with its long-open shards closed, each with a child that goes on, and without shards past retention; the very same when
 * there is nothing to do. A shard without records stays as it is: there is nothing to close it at, and nothing to gain.
 */
export function tended(stream: Stream, headOf: HeadOf, now: number): Stream {
  const due = new Set(dueShards(stream, now).filter((shard) => headOf(shard.part) >= shard.from));
  const kept = stream.shards.filter((shard) => !isShardGone(shard, now));
  if (due.size === 0 && kept.length === stream.shards.length) return stream;
  const openedMs = Math.max(now, ...stream.shards.map((shard) => shard.openedMs + 1));
  const children = [...due]
    .sort((a, b) => a.part - b.part)
    .map(({ shardId: parentShardId, part }): Shard => {
      const from = positionAfter(headOf(part));
      return { shardId: shardIdOf(stream.feedId, part, openedMs), parentShardId, part, openedMs, from };
    });
  const closed = kept.map((shard): Shard => {
    return due.has(shard) ? { ...shard, closed: { ms: now, to: headOf(shard.part) } } : shard;
  });
  return { ...stream, shards: [...closed, ...children] };
}

/** Whether a disabled stream still has shards to close. */
export const needsClosing = ({ disabledMs, shards }: Stream): boolean =>
  disabledMs !== undefined && shards.some(isOpen);

/** A disabled stream, whose feed takes no more changes, with all of its shards closed. */
export function withClosedShards(stream: Stream, headOf: HeadOf, now: number): Stream {
  const ms = stream.disabledMs ?? now;
  const shards = stream.shards.map((shard): Shard => {
    if (!isOpen(shard)) return shard;
    const head = headOf(shard.part);
    return { ...shard, closed: { ms, to: laterOf(shard.from, head) } };
  });
  return { ...stream, shards };
}

/** The last position that records of a shard can have. */
export const endOf = ({ closed }: Shard): Position => closed?.to ?? AFTER_ALL;
