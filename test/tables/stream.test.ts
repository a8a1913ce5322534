/** Shards of a stream as time goes by, and what a crash may leave of a stream half changed. */
import { describe, expect, test } from "bun:test";
import {
  needsClosing,
  needsTending,
  newStream,
  type Stream,
  streamArn,
  tended,
  withClosedShards,
} from "../../src/tables/stream.ts";
import { doubleStore } from "../support/double-store.ts";
import { inProcess } from "../support/in-process.ts";
import { pkOf, StreamCaller } from "../support/in-process-streams.ts";
import { withMethod } from "../support/with-method.ts";
import { create, hashTable, hour, now } from "./schema-fixtures.ts";

const record = create({
  ...hashTable,
  StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
});
const position = (n: number) => String(n).padStart(21, "0");

function begun(parts: number): Stream {
  const stream = newStream(
    { ...record, ...(record.stream === undefined ? {} : { stream: { ...record.stream, feedId: "abcdef" } }) },
    parts,
    now,
  );
  if (stream === undefined) throw new Error("the fixture has a stream");
  return stream;
}

/** Heads of the parts; none where 0. */
const heads =
  (...numbers: readonly number[]) =>
  (part: number) => {
    const head = numbers[part] ?? 0;
    return head === 0 ? "" : position(head);
  };
const lives = ({ shards }: Stream) =>
  shards.map(({ part, from, closed }) => [
    part,
    Number(from),
    closed === undefined ? "open" : Number(closed.to),
  ]);
const idsOf = ({ shards }: Stream) => shards.map(({ shardId }) => shardId);

describe("shards", () => {
  test("of a new stream: one per part, open, from the first position on", () => {
    const stream = begun(3);
    expect(lives(stream)).toEqual([
      [0, 1, "open"],
      [1, 1, "open"],
      [2, 1, "open"],
    ]);
    const ms = String(now).padStart(20, "0");
    expect(idsOf(stream)).toEqual([
      `shardId-${ms}-abcd0000`,
      `shardId-${ms}-abcd0001`,
      `shardId-${ms}-abcd0002`,
    ]);
    expect(streamArn(stream)).toBe(
      "arn:aws:dynamodb:us-east-1:123456789012:table/Table/stream/2026-11-22T12:00:00.123",
    );
  });

  test("those with records are closed together, each with a child, the ids ascending", () => {
    let stream = begun(3);
    expect(needsTending(stream, now + 4 * hour - 1)).toBe(false);
    expect(needsTending(stream, now + 4 * hour)).toBe(true);
    stream = tended(stream, heads(7, 0, 0), now + 4 * hour);
    expect(lives(stream)).toEqual([
      [0, 1, 7],
      [1, 1, "open"],
      [2, 1, "open"],
      [0, 8, "open"],
    ]);
    expect(stream.shards.at(-1)?.parentShardId).toBe(stream.shards[0]?.shardId ?? "");
    expect(tended(stream, heads(7, 0, 0), now + 8 * hour)).toBe(stream);
    stream = tended(stream, heads(9, 3, 4), now + 8 * hour);
    expect(lives(stream)).toEqual([
      [0, 1, 7],
      [1, 1, 3],
      [2, 1, 4],
      [0, 8, 9],
      [0, 10, "open"],
      [1, 4, "open"],
      [2, 5, "open"],
    ]);
    expect(idsOf(stream)).toEqual(idsOf(stream).toSorted());
    expect(new Set(idsOf(stream)).size).toBe(7);
  });

  test("ids ascend though the clock has stepped back", () => {
    const before = tended(begun(1), heads(5), now + 4 * hour);
    const [, child] = before.shards;
    const stepped = {
      ...before,
      shards: before.shards.map((shard) => ({ ...shard, openedMs: shard.openedMs - 9 * hour })),
    };
    const after = tended({ ...stepped, shards: stepped.shards }, heads(9), now - hour);
    expect(after.shards).toHaveLength(3);
    expect((after.shards[2]?.openedMs ?? 0) > (stepped.shards[1]?.openedMs ?? 0)).toBe(true);
    expect(after.shards[2]?.parentShardId).toBe(child?.shardId ?? "");
  });

  test("go a day after they were closed", () => {
    const rolled = tended(begun(1), heads(5), now + 4 * hour);
    expect(needsTending(rolled, now + 8 * hour - 1)).toBe(false);
    expect(tended(rolled, heads(5), now + 28 * hour - 1).shards).toHaveLength(2);
    expect(lives(tended(rolled, heads(5), now + 28 * hour))).toEqual([[0, 6, "open"]]);
  });

  test("of a disabled stream are closed for good", () => {
    const disabled = { ...begun(2), disabledMs: now + hour };
    expect(needsClosing(disabled)).toBe(true);
    const closed = withClosedShards(disabled, heads(6, 0), now + 2 * hour);
    expect(lives(closed)).toEqual([
      [0, 1, 6],
      [1, 1, 1],
    ]);
    expect(closed.shards[0]?.closed?.ms).toBe(now + hour);
    expect(needsClosing(closed)).toBe(false);
    expect(needsTending(closed, now + 20 * hour)).toBe(false);
  });
});

describe("the key of shard iterators", () => {
  test("is one, though the first readers come at once, and stays over a restart", async () => {
    const store = doubleStore();
    const caller = new StreamCaller(await inProcess(store, { streamShards: 4 }));
    const arn = await caller.createTable("Table");
    await caller.put("Table", "1", "2", "3", "4", "5");
    const { Shards } = await caller.describe(arn);
    const iterators = await Promise.all(
      Shards.map(({ ShardId }) => caller.iterator(arn, ShardId, "TRIM_HORIZON")),
    );
    const again = new StreamCaller(await inProcess(store));
    for (const reader of [caller, again]) {
      const pages = await Promise.all(iterators.map((iterator) => reader.page(iterator)));
      const keys = pages.flatMap(({ Records }) => Records.map(pkOf));
      expect(keys.sort()).toEqual(["1", "2", "3", "4", "5"]);
    }
  });

  test("is made with the next stream, when the disk was in the way of the first; a full disk is read with it", async () => {
    const store = doubleStore();
    let broken = true;
    const transact: typeof store.transact = (transaction, body) =>
      broken ? Promise.reject(new Error("disk full")) : store.transact(transaction, body);
    const server = await inProcess(withMethod(store, "transact", transact));
    const caller = new StreamCaller(server);
    await expect(caller.createTable("Table")).rejects.toThrow();
    broken = false;
    const arn = await caller.createTable("Table");
    await caller.put("Table", "1");
    const [shard] = (await caller.describe(arn)).Shards;
    const ShardId = shard?.ShardId ?? "no shard";
    broken = true;
    const { Records } = await caller.page(await caller.iterator(arn, ShardId, "TRIM_HORIZON"));
    expect(Records.map(pkOf)).toEqual(["1"]);
  });
});

describe("after a crash", () => {
  test("a feed that no stream names is dropped at the next start", async () => {
    const store = doubleStore();
    await store.createFeed("orphan", { shards: 1, oldValues: false });
    const caller = new StreamCaller(await inProcess(store));
    await caller.createTable("Table");
    expect(store.feeds()).toHaveLength(1);
    await inProcess(store);
    expect(store.feeds()).toHaveLength(1);
    expect(store.feeds()).not.toContain("orphan");
  });

  test("a stream that was disabled, but not closed, is closed at the next start", async () => {
    const store = doubleStore();
    const first = await inProcess(withMethod(store, "closeFeed", () => Promise.reject(new Error("crashed"))));
    const caller = new StreamCaller(first);
    const arn = await caller.createTable("Table");
    await caller.put("Table", "1", "2");
    await caller.ok("UpdateTable", { TableName: "Table", StreamSpecification: { StreamEnabled: false } });
    await caller.put("Table", "3");
    expect((await caller.describe(arn)).Shards[0]?.SequenceNumberRange.EndingSequenceNumber).toBeUndefined();

    const again = new StreamCaller(await inProcess(store));
    const [shard] = (await again.describe(arn)).Shards;
    expect(shard?.SequenceNumberRange.EndingSequenceNumber).toMatch(/^\d{22}$/);
    expect((await again.readAll(arn)).map(pkOf)).toEqual(["1", "2"]);
    const [feed = ""] = store.feeds();
    // A closed feed has no news to wait for.
    await store.waitFeed(feed, 0, position(9));
  });

  test("or a minute later, when only the disk was in the way", async () => {
    const store = doubleStore();
    let broken = true;
    const closeFeed = (id: string) => (broken ? Promise.reject(new Error("disk full")) : store.closeFeed(id));
    const server = await inProcess(withMethod(store, "closeFeed", closeFeed));
    const caller = new StreamCaller(server);
    const arn = await caller.createTable("Table");
    await caller.put("Table", "1");
    await caller.ok("UpdateTable", { TableName: "Table", StreamSpecification: { StreamEnabled: false } });
    broken = false;
    await server.catalog.tendStreams();
    const [shard] = (await caller.describe(arn)).Shards;
    expect(shard?.SequenceNumberRange.EndingSequenceNumber).toMatch(/^\d{22}$/);
  });
});
