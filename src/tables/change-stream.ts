/**
 * Change records: what a write to a table with a stream leaves in the stream's feed. The store keeps the images; the tag has what they
 * do not tell.
 *
 *   tag   := flags [ key ]
 *   flags := one byte; bit 0: there was an item before; bit 1: the service deleted it, its time having come
 *   key   := the key of the item as normalised DynamoDB-JSON in UTF-8; present where the record has no image, which is when an item
 *            is deleted and the feed keeps no old values
 */
import assert from "node:assert/strict";
import type { Change, FeedRecord, Key, Position } from "../../storage/index.ts";
import type { Item } from "../values/attribute-value.ts";
import { pickAttributes } from "../values/document-path.ts";
import { itemSize } from "../values/size.ts";
import { StoredItem, sameItem, storedItem } from "./stored-item.ts";
import { hasNewImages, hasOldImages, type Stream } from "./stream.ts";
import type { Table } from "./table.ts";

const FLAG_EXISTED = 1;
const FLAG_EXPIRED = 2;
const NO_KEY = Buffer.alloc(0);

/** A write as far as streams are concerned. */
interface StreamedWrite {
  readonly table: Table;
  readonly rowKey: Key;
  readonly isExpiry?: boolean;
}

/** The record that a write leaves; undefined where the table has no stream, or the item stays what it is. */
export function changeOf(
  { table, rowKey, isExpiry }: StreamedWrite,
  previous: StoredItem | undefined,
  next: StoredItem | undefined,
): Change | undefined {
  const { stream } = table;
  if (stream === undefined || isSame(previous, next)) return undefined;
  const flags = (previous === undefined ? 0 : FLAG_EXISTED) | (isExpiry === true ? FLAG_EXPIRED : 0);
  const hasImage = next !== undefined || hasOldImages(stream);
  const key = hasImage || previous === undefined ? NO_KEY : keyBytes(table, previous.item);
  return {
    feed: stream.feedId,
    shard: partOf(rowKey, stream.parts),
    row: { space: table.space, key: rowKey },
    tag: tagOf(flags, key),
  };
}

const keyBytes = (table: Table, item: Item): Buffer =>
  Buffer.from(JSON.stringify(table.schema.keyOf(item)), "utf8");

function tagOf(flags: number, key: Uint8Array): Uint8Array {
  const tag = Buffer.allocUnsafeSlow(1 + key.length);
  tag[0] = flags;
  tag.set(key, 1);
  return tag;
}

function isSame(previous: StoredItem | undefined, next: StoredItem | undefined): boolean {
  return previous === undefined || next === undefined ? previous === next : sameItem(previous, next);
}

/** The part of a feed where the changes of an item go: row keys begin with a hash of the partition key (values/key-codec). */
function partOf(rowKey: Key, parts: number): number {
  if (parts === 1) return 0;
  const hash = (rowKey.charCodeAt(0) << 8) | rowKey.charCodeAt(1);
  return Math.floor((hash * parts) / 0x10000);
}

/** A change as clients are told of it. */
export interface ItemChange {
  readonly position: Position;
  /** Log time of the commit, milliseconds since the epoch. */
  readonly time: number;
  readonly kind: "INSERT" | "MODIFY" | "REMOVE";
  /** Deleted by the service because its time had come. */
  readonly isExpiry: boolean;
  readonly key: Item;
  /** Where the stream's view has them and the change has one. */
  readonly newImage: StoredItem | undefined;
  readonly oldImage: StoredItem | undefined;
  /** Key and images, as the service counts. */
  readonly sizeBytes: number;
}

/** The change that a record of a stream's feed tells of. */
export function itemChange(record: FeedRecord, stream: Stream): ItemChange {
  const { position, time, tag, newValue, oldValue } = record;
  const flags = tag[0];
  assert(flags !== undefined, "the tag of a change has flags");
  const key = keyOf(record, stream);
  const newImage = hasNewImages(stream) ? storedItem(newValue) : undefined;
  const oldImage = hasOldImages(stream) ? storedItem(oldValue) : undefined;
  const existed = (flags & FLAG_EXISTED) !== 0;
  return {
    position,
    time,
    kind: newValue === undefined ? "REMOVE" : existed ? "MODIFY" : "INSERT",
    isExpiry: (flags & FLAG_EXPIRED) !== 0,
    key,
    newImage,
    oldImage,
    sizeBytes: itemSize(key) + (newImage?.size ?? 0) + (oldImage?.size ?? 0),
  };
}

function keyOf({ tag, newValue, oldValue }: FeedRecord, { keySchema }: Stream): Item {
  const image = newValue ?? oldValue;
  if (image === undefined) return JSON.parse(Buffer.from(tag.subarray(1)).toString("utf8")) as Item;
  const names = keySchema.map((element) => element.AttributeName);
  return pickAttributes(new StoredItem(image).item, names);
}
