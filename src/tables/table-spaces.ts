/** What the record of a table says of its spaces: which there are, and which are still being filled. */
import type { RowAddress, SpaceId, Write } from "../../storage/index.ts";
import { backfillRowKey, DEFAULT_NAMESPACE, SYSTEM_SPACE } from "./keyspace.ts";
import type { GlobalIndexRecord, TableRecord } from "./schema.ts";

/** The space of a table, that of its item collections, those of its indexes, and that of its expiries. */
export function spacesOf(record: TableRecord): SpaceId[] {
  return [
    record.spaceId,
    ...(record.itemCollectionsSpaceId === undefined ? [] : [record.itemCollectionsSpaceId]),
    ...record.globalSecondaryIndexes.map((index) => index.spaceId),
    ...record.localSecondaryIndexes.map((index) => index.spaceId),
    ...(record.timeToLive === undefined ? [] : [record.timeToLive.spaceId]),
  ];
}

/** The record with other spaces for all that it has. */
export const withFreshSpaces = (record: TableRecord, newId: () => SpaceId): TableRecord => ({
  ...withFreshIndexSpaces(record, newId),
  spaceId: newId(),
});

/** The record with other spaces for its indexes and for the sizes of its item collections. */
export function withFreshIndexSpaces(record: TableRecord, newId: () => SpaceId): TableRecord {
  return {
    ...record,
    globalSecondaryIndexes: record.globalSecondaryIndexes.map((index) => ({ ...index, spaceId: newId() })),
    localSecondaryIndexes: record.localSecondaryIndexes.map((index) => ({ ...index, spaceId: newId() })),
    ...(record.itemCollectionsSpaceId === undefined ? {} : { itemCollectionsSpaceId: newId() }),
  };
}

/** The spaces of `all` that are not among `some`. */
export const missingFrom = (some: readonly SpaceId[], all: readonly SpaceId[]): readonly SpaceId[] =>
  all.filter((space) => !some.includes(space));

/** Spaces of the indexes, and of the expiries, that are being filled. */
export const fillingSpaces = ({ globalSecondaryIndexes, timeToLive }: TableRecord): readonly SpaceId[] => [
  ...globalSecondaryIndexes.filter((index) => index.indexStatus === "CREATING").map((index) => index.spaceId),
  ...(timeToLive?.filling === true ? [timeToLive.spaceId] : []),
];

/** The record once the space has been filled. */
export function filledRecord(record: TableRecord, space: SpaceId): TableRecord {
  const { timeToLive } = record;
  if (timeToLive?.spaceId === space) {
    return { ...record, timeToLive: { attributeName: timeToLive.attributeName, spaceId: space } };
  }
  const globalSecondaryIndexes = record.globalSecondaryIndexes.map((index): GlobalIndexRecord => {
    if (index.spaceId !== space) return index;
    const { backfilling: _, ...filled } = index;
    return { ...filled, indexStatus: "ACTIVE" };
  });
  return { ...record, globalSecondaryIndexes };
}

/** Where the progress of filling an index is noted. */
export const progressRow = (indexSpace: SpaceId): RowAddress => ({
  space: SYSTEM_SPACE,
  key: backfillRowKey(DEFAULT_NAMESPACE, indexSpace),
});

/** Removes the progress of the fillings that are under way in `before` and no longer are in `after`. */
export function forgottenProgress(before: TableRecord, after: TableRecord | undefined): readonly Write[] {
  const over = missingFrom(after === undefined ? [] : fillingSpaces(after), fillingSpaces(before));
  return over.map((space) => ({ ...progressRow(space), value: undefined }));
}
