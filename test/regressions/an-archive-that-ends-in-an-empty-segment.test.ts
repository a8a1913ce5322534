import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { bytes, mustPut, space, until } from "../storage/engine/support.ts";
import { change, newFeed, readAll } from "../store/feed-support.ts";

/**
 * A start that is followed by a close leaves a log segment without commits. Its last time was 0, an archive took its last time from the last of
 * the segments that it was made of, and so passed for one from 1970: the records of streams in it were given up at once, as past their retention.
 * (Metamorphic test, seed 920758.)
 */
test("an archive made of segments that end in an empty one keeps its records", async () => {
  const vfs = memoryVfs();
  const open = () =>
    openStore({
      vfs,
      durability: { mode: "off" },
      worker: false,
      segmentBytesMax: 64 << 10,
      memtableBytesMax: 16 << 10,
      logFillBytes: 0,
    });
  let store = await open();
  await store.createSpace(space);
  const feed = await newFeed(store);
  // Most of the log is rows that nobody wants in the past.
  for (let n = 0; n < 5; n += 1) await change(store, feed, { space, key: `changed-${n}` }, "changed");
  for (let n = 0; n < 100; n += 1) await mustPut(store, `${n}`, "x".repeat(400));
  // A load has everything before it flushed: what later starts read of these segments is their footers.
  await store.bulkLoad(space, [{ key: "loaded", value: bytes("") }], { rows: 1, bytes: 0 });
  const restart = async () => {
    await store.close();
    store = await open();
  };
  await restart();
  await restart();
  await mustPut(store, "not flushed", "");
  await restart();
  // Whatever goes makes the store look at its past.
  const look = async () => store.dropFeed(await newFeed(store));
  await look();
  await until(() => store.counters().archiveBytesWritten > 0, "an archive");
  await look();
  expect(await readAll(store, feed, 0)).toHaveLength(5);
  await store.close();
});
