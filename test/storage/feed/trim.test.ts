import { expect, test } from "bun:test";
import { openStore } from "../../../storage/engine.ts";
import type { FeedId, RowAddress, Store } from "../../../storage/store.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import { change, newFeed, readAll } from "../../store/feed-support.ts";
import { newSpace } from "../../store/subject.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const HOUR = 3_600_000;

const trimOf = async (store: Store, feed: FeedId, shard = 0) =>
  (await store.readFeed(feed, shard, "", 1)).trim;

/** Enough changes, and time, for log segments to be sealed, flushed and given up. */
async function busyHours(store: Store, clock: ManualClock, feed: FeedId, row: RowAddress, hours: number) {
  for (let hour = 0; hour < hours; hour += 1) {
    for (let n = 0; n < 4; n += 1) await change(store, feed, row, "x".repeat(300));
    clock.advance(HOUR);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a shard's trim is the last of its records that went, and outlives the process", async () => {
  const clock = new ManualClock();
  const vfs = memoryVfs();
  const options = { vfs, clock, segmentBytesMax: 2048, memtableBytesMax: 2048, logFillBytes: 0 };
  let store = await openStore(options);
  const space = await newSpace(store);
  const [idle, busy, empty] = [
    await newFeed(store, { shards: 2 }),
    await newFeed(store),
    await newFeed(store),
  ];
  const row = (key: string) => ({ space, key });
  await change(store, idle, row("a"), "1");
  const last = await change(store, idle, row("a"), "2");
  await busyHours(store, clock, busy, row("b"), 20);
  expect(await trimOf(store, idle)).toBe("");
  expect(await readAll(store, idle, 0)).toHaveLength(2);

  await busyHours(store, clock, busy, row("b"), 20);
  expect(await trimOf(store, idle)).toBe(last);
  expect(await trimOf(store, idle, 1)).toBe("");
  expect(await trimOf(store, empty)).toBe("");
  expect(await readAll(store, idle, 0)).toEqual([]);
  const kept = await readAll(store, busy, 0);
  const trim = await trimOf(store, busy);
  expect(trim).not.toBe("");
  expect(kept.length).toBeGreaterThanOrEqual(4 * 23);
  expect(kept.length).toBeLessThan(4 * 40);
  expect((kept[0]?.position ?? "") > trim).toBe(true);

  await store.close();
  store = await openStore(options);
  expect([await trimOf(store, idle), await trimOf(store, idle, 1), await trimOf(store, busy)]).toEqual([
    last,
    "",
    trim,
  ]);
  const next = await change(store, idle, row("a"), "3");
  expect(next > last).toBe(true);
  expect(await store.readFeed(idle, 0, last, 5)).toMatchObject({ head: next, trim: last });
  await store.close();
});
