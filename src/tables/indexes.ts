import type { Delta, Key, Write } from "../../storage/index.ts";
import { attribute, type Item } from "../values/attribute-value.ts";
import { equalItems } from "../values/compare.ts";
import { pickAttributes } from "../values/document-path.ts";
import { encodeRow } from "../values/item-codec.ts";
import { type IndexKeyEncoder, indexKeyEncoder } from "../values/key-codec.ts";
import type { KeyAttribute } from "../values/key-schema.ts";
import { itemSize } from "../values/size.ts";
import type { IndexSchema } from "./schema.ts";

/** A secondary index as writes see it: where its entries live, what they hold, and their row keys. */
export interface SecondaryIndex extends IndexSchema {
  readonly rowKeyOf: IndexKeyEncoder;
}

/** Makes an index schema ready for writes. */
export const secondaryIndex = (schema: IndexSchema): SecondaryIndex => ({
  ...schema,
  rowKeyOf: indexKeyEncoder(schema.keySchema),
});

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

interface Entry {
  readonly key: Key;
  readonly item: Item;
  readonly size: number;
}

/** The changes that the step from `previous` to `next` (undefined: absent) makes in the indexes it touches. */
export function indexChanges(
  indexes: readonly SecondaryIndex[],
  rowKey: Key,
  previous: Item | undefined,
  next: Item | undefined,
): IndexChange[] {
  const changes: IndexChange[] = [];
  for (const index of indexes) {
    const before = entryOf(index, rowKey, previous);
    const after = entryOf(index, rowKey, next);
    if (before !== undefined || after !== undefined) changes.push(changeOf(index, before, after));
  }
  return changes;
}

/** The entry an item yields: none if it lacks a key attribute of the index, or has it with another type. */
function entryOf(index: SecondaryIndex, rowKey: Key, item: Item | undefined): Entry | undefined {
  if (item === undefined) return undefined;
  const has = ({ name, type }: KeyAttribute) => {
    const value = attribute(item, name);
    return value !== undefined && type in value;
  };
  if (!index.keySchema.partition.every(has) || !index.keySchema.sort.every(has)) return undefined;
  const projected = index.projected === undefined ? item : pickAttributes(item, index.projected);
  return { key: index.rowKeyOf(item, rowKey), item: projected, size: itemSize(projected) };
}

function changeOf(index: SecondaryIndex, before: Entry | undefined, after: Entry | undefined): IndexChange {
  const sameKey = before !== undefined && before.key === after?.key;
  const identical = sameKey && after !== undefined && equalItems(before.item, after.item);
  const { spaceId: space } = index;
  const writes: Write[] = [];
  if (before !== undefined && !sameKey) writes.push({ space, key: before.key, value: undefined });
  if (after !== undefined && !identical) {
    writes.push({ space, key: after.key, value: encodeRow(after.item, after.size) });
  }
  const rows = (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
  const bytes = (after?.size ?? 0) - (before?.size ?? 0);
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
