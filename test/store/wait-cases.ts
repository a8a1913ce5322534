import { describe, expect, test } from "bun:test";
import { change, newFeed, readAll } from "./feed-support.ts";
import { newSpace, range, type StoreFactory, sharedStore, turn } from "./subject.ts";

/** Waiting for feeds: every way a wait may end, and that it ends. */
export function waitCases(factory: StoreFactory): void {
  describe("waiting for a feed", () => {
    const store = sharedStore(factory);

    /** A wait, and whether it has ended yet. */
    function watch(waiting: Promise<void>): { readonly ended: boolean; readonly waiting: Promise<void> } {
      const state = { ended: false, waiting };
      state.waiting = waiting.then(() => {
        state.ended = true;
      });
      return state;
    }

    test("ends at once when there is something to read", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store());
      await change(store(), feed, row, "1");
      await store().waitFeed(feed, 0, "");
    });

    test("goes on while there is nothing, ends with the next commit", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store());
      const position = await change(store(), feed, row, "1");
      const wait = watch(store().waitFeed(feed, 0, position));
      for (const _ of range(5)) await turn();
      expect(wait.ended).toBe(false);
      await change(store(), feed, row, "2");
      await wait.waiting;
      expect((await store().readFeed(feed, 0, position, 10)).records).toHaveLength(1);
    });

    test("wakes every waiter of the shard", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store(), { shards: 2 });
      const waiting = range(20).map(() => store().waitFeed(feed, 1, ""));
      await change(store(), feed, row, "1", { shard: 1 });
      await Promise.all(waiting);
    });

    test("a follower that reads and waits misses nothing", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store());
      const follower = (async () => {
        const seen: string[] = [];
        for (let after = ""; seen.length < 60; ) {
          await store().waitFeed(feed, 0, after);
          const page = await store().readFeed(feed, 0, after, 4);
          seen.push(...page.records.map(({ position }) => position));
          after = page.next;
        }
        return seen;
      })();
      await Promise.all(range(60).map((n) => change(store(), feed, { space, key: `row-${n}` }, "1")));
      const all = await readAll(store(), feed, 0);
      expect(await follower).toEqual(all.map(({ position }) => position));
    });

    test("ends when its signal aborts, also when it has already", async () => {
      const feed = await newFeed(store());
      const control = new AbortController();
      const wait = watch(store().waitFeed(feed, 0, "", control.signal));
      for (const _ of range(5)) await turn();
      expect(wait.ended).toBe(false);
      control.abort();
      await wait.waiting;
      await store().waitFeed(feed, 0, "", AbortSignal.abort());
    });

    test("ends when the feed is closed, and does not begin on a closed feed", async () => {
      const feed = await newFeed(store());
      const waiting = store().waitFeed(feed, 0, "");
      await turn();
      await store().closeFeed(feed);
      await waiting;
      await store().waitFeed(feed, 0, "");
    });
  });

  test("waiting for a feed ends when the store closes", async () => {
    const store = await factory.open();
    const feed = await newFeed(store);
    const waiting = store.waitFeed(feed, 0, "");
    await turn();
    await store.close();
    await waiting;
  });
}
