import type { FeedId, FeedRecord, Position, RowAddress, Store } from "../../storage/store.ts";
import { bytes, commit, number, text } from "./subject.ts";

export async function newFeed(
  store: Store,
  options: { shards?: number; oldValues?: boolean } = {},
): Promise<FeedId> {
  const id = crypto.randomUUID();
  await store.createFeed(id, { shards: options.shards ?? 1, oldValues: options.oldValues ?? false });
  return id;
}

/** Writes a row and its change record in one commit; returns the record's position. */
export async function change(
  store: Store,
  feed: FeedId,
  row: RowAddress,
  value: string | undefined,
  { shard = 0, tag = "" } = {},
): Promise<Position> {
  const { positions } = await commit(store, { reads: [row] }, () => ({
    kind: "commit",
    writes: [{ ...row, value: value === undefined ? undefined : bytes(value) }],
    changes: [{ feed, shard, row, tag: bytes(tag) }],
    result: undefined,
  }));
  return positions[0] ?? "no position";
}

/** Adds one to a counter row, with a change record. Returns the new value and the record's position. */
export async function countChange(store: Store, feed: FeedId, row: RowAddress, shard: number) {
  const { result, positions } = await commit(store, { reads: [row] }, ([previous]) => {
    const next = number(previous) + 1;
    return {
      kind: "commit",
      writes: [{ ...row, value: bytes(String(next)) }],
      changes: [{ feed, shard, row, tag: bytes(`#${next}`) }],
      result: next,
    };
  });
  return { value: result, position: positions[0] ?? "no position" };
}

/** All records of a shard, by pages of `limit`. */
export async function readAll(
  store: Store,
  feed: FeedId,
  shard: number,
  limit = 1_000,
): Promise<FeedRecord[]> {
  const records: FeedRecord[] = [];
  for (let after = ""; ; ) {
    const page = await store.readFeed(feed, shard, after, limit);
    records.push(...page.records);
    if (page.records.length === 0) return records;
    after = page.next;
  }
}

export const plain = (record: FeedRecord) => ({
  key: record.key,
  tag: text(record.tag),
  newValue: text(record.newValue),
  oldValue: text(record.oldValue),
});
