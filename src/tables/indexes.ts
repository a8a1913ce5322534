import assert from "node:assert/strict";
import type { Delta, Key, SpaceId, Value, Write } from "../../storage/index.ts";
import { AttributePicker } from "../values/attribute-picker.ts";
import type { Item } from "../values/attribute-value.ts";
import { equalItems } from "../values/compare.ts";
import { pickAttributes } from "../values/document-path.ts";
import { encodeRow } from "../values/item-codec.ts";
import { type IndexKeyEncoder, indexKeyEncoder } from "../values/key-codec.ts";
import { itemSize } from "../values/size.ts";
import type { IndexSchema } from "./schema.ts";
import { hasKey } from "./schema-items.ts";
import { type StoredItem, sameBytes, sameItem } from "./stored-item.ts";

/** A secondary index as reads and writes see it: where its entries live, what they hold, and their row keys. */
export interface SecondaryIndex extends IndexSchema {
  readonly rowKeyOf: IndexKeyEncoder;
}

/** Makes an index schema ready for use. */
export const secondaryIndex = (schema: IndexSchema): SecondaryIndex => ({
  ...schema,
  rowKeyOf: indexKeyEncoder(schema.keySchema),
});

/** Reads of a stored item what its entries in some indexes are made of, wherever that is not all of it. */
export function indexedAttributes(indexes: readonly IndexSchema[]): AttributePicker {
  return new AttributePicker(
    indexes.flatMap(({ keySchema: { partition, sort }, projected = [] }) => [
      ...[...partition, ...sort].map(({ name }) => name),
      ...projected,
    ]),
  );
}

/** What an item yields in an index. */
export interface IndexEntry {
  readonly key: Key;
  /** As projected. Where the index holds all of the item, as much of it as was looked at. */
  readonly item: Item;
  /** Bytes of the projected item. */
  readonly size: number;
  /** The item's own row where the index holds all of it: stored and logged once. */
  readonly row: Value | undefined;
}

/** What a write does to one index: enough for the batch, the counters and the capacity arithmetic. */
export interface IndexChange {
  readonly indexName: string;
  readonly kind: "global" | "local";
  /** Sizes in bytes of the projected entry before and after; undefined where there is none. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly sameKey: boolean;
  readonly identical: boolean;
  readonly writes: readonly Write[];
  readonly delta: Delta | undefined;
}

/** Tells whether there is a row under a key of an index: asked where an item's entry may not have been made yet. */
export interface EntryProbe {
  isPresent(space: SpaceId, key: Key): boolean;
}

/** A table as far as its indexes are concerned. */
interface IndexedTable {
  readonly indexes: readonly SecondaryIndex[];
  readonly indexedAttributes: AttributePicker;
}

/**
 * The changes that the step from `previous` to `next` (undefined: absent) makes in the indexes it touches. An index that is not
 * readable is still being filled: `probe` tells whether the entry of `previous` has been made.
 */
export function indexChanges(
  { indexes, indexedAttributes: picker }: IndexedTable,
  rowKey: Key,
  previous: StoredItem | undefined,
  next: StoredItem | undefined,
  probe: EntryProbe,
): readonly IndexChange[] {
  // What is put again as it was changes no entry, and need not be decoded to see that.
  const isRepeated = previous !== undefined && next !== undefined && sameBytes(previous, next);
  let same: boolean | undefined;
  const isSame = () => {
    same ??= previous !== undefined && next !== undefined && sameItem(previous, next);
    return same;
  };
  const changes: IndexChange[] = [];
  let old: Item | undefined;
  for (const index of indexes) {
    if (isRepeated && index.readable) continue;
    old ??= previous?.itemWith(picker);
    let before = entryOf(index, rowKey, previous, old);
    if (before !== undefined && !index.readable && !probe.isPresent(index.spaceId, before.key))
      before = undefined;
    const after = entryOf(index, rowKey, next);
    if (before !== undefined || after !== undefined) changes.push(changeOf(index, before, after, isSame));
  }
  return changes;
}

/**
 * The entry an item yields in an index; none if it lacks a key attribute of the index, or has one that cannot be a key (which
 * items have that are older than the index). `item`: as much of it as is known to suffice.
 */
export function entryOf(
  index: SecondaryIndex,
  rowKey: Key,
  stored: StoredItem | undefined,
  item: Item | undefined = stored?.item,
): IndexEntry | undefined {
  if (stored === undefined || item === undefined) return undefined;
  if (!hasKey(item, index.keySchema)) return undefined;
  const key = index.rowKeyOf(item, rowKey);
  if (index.projected === undefined) return { key, item, size: stored.size, row: stored.row };
  const projected = pickAttributes(item, index.projected);
  return { key, item: projected, size: itemSize(projected), row: undefined };
}

/** The row that holds an entry. */
export const rowOfEntry = (entry: IndexEntry): Value => entry.row ?? encodeRow(entry.item, entry.size);

/** `isSame`: whether the items that the entries are of are equal. */
function changeOf(
  index: SecondaryIndex,
  before: IndexEntry | undefined,
  after: IndexEntry | undefined,
  isSame: () => boolean,
): IndexChange {
  const sameKey = before !== undefined && before.key === after?.key;
  const identical =
    sameKey &&
    after !== undefined &&
    (index.projected === undefined ? isSame() : equalItems(before.item, after.item));
  const { spaceId: space } = index;
  const writes: Write[] = [];
  if (before !== undefined && !sameKey) writes.push({ space, key: before.key, value: undefined });
  if (after !== undefined && !identical) writes.push({ space, key: after.key, value: rowOfEntry(after) });
  const rows = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  const bytes = (after?.size ?? 0) - (before?.size ?? 0);
  assert(!identical || bytes === 0, "equal entries have equal sizes");
  return {
    indexName: index.indexName,
    kind: index.kind,
    before: before?.size,
    after: after?.size,
    sameKey,
    identical,
    writes,
    delta: rows === 0 && bytes === 0 ? undefined : { space, rows, bytes },
  };
}
