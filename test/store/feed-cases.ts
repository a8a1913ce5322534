import { describe, expect, test } from "bun:test";
import { change, countChange, newFeed, plain, readAll } from "./feed-support.ts";
import { bytes, commit, newSpace, put, range, type StoreFactory, sharedStore, transact } from "./subject.ts";

/** Change feeds: what a record holds, the order of records, reading by pages, the life of a feed. */
export function feedCases(factory: StoreFactory): void {
  describe("feeds", () => {
    const store = sharedStore(factory);

    test("a record holds the row, the tag, the values and the time of its commit", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store(), { oldValues: true });
      const row = { space, key: "a\xff" };
      const outcome = await commit(store(), { reads: [row] }, () => ({
        kind: "commit",
        writes: [{ ...row, value: bytes("one") }],
        changes: [{ feed, shard: 0, row, tag: new Uint8Array([0, 255]) }],
        result: undefined,
      }));
      const { records } = await store().readFeed(feed, 0, "", 10);
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        position: outcome.positions[0] ?? "",
        time: outcome.time,
        space,
        key: row.key,
      });
      expect(records[0]?.tag).toEqual(new Uint8Array([0, 255]));
      expect(records[0]?.newValue).toEqual(bytes("one"));
      expect(records[0]?.oldValue).toBeUndefined();
    });

    for (const oldValues of [true, false]) {
      test(`insert, overwrite, delete, delete of nothing, with oldValues ${oldValues}`, async () => {
        const row = { space: await newSpace(store()), key: "a" };
        const feed = await newFeed(store(), { oldValues });
        const values = ["one", "two", "", undefined, undefined, "three"];
        for (const [n, value] of values.entries())
          await change(store(), feed, row, value, { tag: `tag ${n}` });
        expect((await readAll(store(), feed, 0)).map(plain)).toEqual(
          values.map((newValue, n) => ({
            key: "a",
            tag: `tag ${n}`,
            newValue,
            oldValue: oldValues ? values[n - 1] : undefined,
          })),
        );
      });
    }

    test("writes without changes leave no record; changes of one commit may go to several feeds and shards", async () => {
      const space = await newSpace(store());
      const [one, two] = [await newFeed(store(), { shards: 2 }), await newFeed(store())];
      const rows = ["a", "b"].map((key) => ({ space, key }));
      const [a, b] = rows;
      if (a === undefined || b === undefined) throw new Error("two rows");
      const tag = bytes("");
      await put(store(), space, { a: "0", b: "0" });
      const { positions } = await commit(store(), { reads: rows }, () => ({
        kind: "commit",
        writes: rows.map((row) => ({ ...row, value: bytes("1") })),
        changes: [
          { feed: one, shard: 0, row: a, tag },
          { feed: one, shard: 1, row: b, tag },
          { feed: two, shard: 0, row: a, tag },
        ],
        result: undefined,
      }));
      const found = [
        await readAll(store(), one, 0),
        await readAll(store(), one, 1),
        await readAll(store(), two, 0),
      ];
      expect(found.map((records) => records.map(({ key }) => key))).toEqual([["a"], ["b"], ["a"]]);
      expect(found.map(([record]) => record?.position)).toEqual([...positions]);
    });

    test("several changes of one commit in one shard have positions of their own, in the order given", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store());
      const rows = ["c", "a", "b"].map((key) => ({ space, key }));
      const { positions, time } = await commit(store(), { reads: rows }, () => ({
        kind: "commit",
        writes: rows.map((row) => ({ ...row, value: bytes(row.key) })),
        changes: rows.map((row) => ({ feed, shard: 0, row, tag: bytes("") })),
        result: undefined,
      }));
      const records = await readAll(store(), feed, 0, 1);
      expect(records.map((record) => [record.key, record.position, record.time])).toEqual(
        rows.map(({ key }, n) => [key, positions[n] ?? "", time]),
      );
    });

    test("concurrent commits: each shard in commit order, positions rising, no gap in any row's history", async () => {
      const space = await newSpace(store());
      const shards = 3;
      const feed = await newFeed(store(), { shards, oldValues: true });
      const commits = await Promise.all(
        range(150).map(async (n) => {
          const shard = n % shards;
          const row = { space, key: `row-${shard}-${n % 2}` };
          return { key: row.key, ...(await countChange(store(), feed, row, shard)) };
        }),
      );
      for (const shard of range(shards)) {
        const records = await readAll(store(), feed, shard);
        const positions = records.map(({ position }) => position);
        expect(positions).toEqual([...new Set(positions)].sort());
        const ofShard = commits.filter(({ key }) => key.startsWith(`row-${shard}`));
        expect(ofShard.map(({ position }) => position).sort()).toEqual(positions);
        const last = new Map<string, string | undefined>();
        let time = 0;
        for (const record of records) {
          const { key, newValue, oldValue, tag } = plain(record);
          expect({ key, oldValue }).toEqual({ key, oldValue: last.get(key) });
          expect(Number(newValue)).toBe(Number(oldValue ?? 0) + 1);
          expect(tag).toBe(`#${newValue}`);
          expect(record.time).toBeGreaterThanOrEqual(time);
          expect(ofShard).toContainEqual({ key, value: Number(newValue), position: record.position });
          time = record.time;
          last.set(key, newValue);
        }
      }
    });

    test("a commit's records are there when its outcome is", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store());
      const looks = range(40).map(async (n) => {
        const { position } = await countChange(store(), feed, { space, key: `row-${n % 4}` }, 0);
        const page = await store().readFeed(feed, 0, "", 1_000);
        expect(page.head >= position).toBe(true);
        expect((await readAll(store(), feed, 0)).map((record) => record.position)).toContain(position);
      });
      await Promise.all(looks);
    });

    test("a refused, conflicting or empty transaction leaves no record", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store());
      await transact(store(), { reads: [row] }, () => ({ kind: "refuse", reason: "no" }));
      await commit(store(), { reads: [row] }, () => ({ kind: "commit", writes: [], changes: [], result: 0 }));
      const outcomes = await Promise.all(
        range(50).map((n) =>
          store().transact({ reads: [row] }, () => ({
            kind: "commit",
            writes: [{ ...row, value: bytes(String(n)) }],
            changes: [{ feed, shard: 0, row, tag: bytes("") }],
            result: n,
          })),
        ),
      );
      const committed = outcomes.filter(({ kind }) => kind === "committed");
      expect(await readAll(store(), feed, 0)).toHaveLength(committed.length);
    });

    test("limit, after, next, head and trim", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store(), { shards: 2 });
      expect(await store().readFeed(feed, 0, "", 5)).toEqual({ records: [], next: "", head: "", trim: "" });
      const positions: string[] = [];
      for (const n of range(10)) positions.push(await change(store(), feed, { space, key: "a" }, String(n)));
      for (const limit of [1, 3, 10, 1_000]) {
        const records = await readAll(store(), feed, 0, limit);
        expect(records.map(({ position }) => position)).toEqual(positions);
      }
      const first = await store().readFeed(feed, 0, "", 3);
      expect(first.records.length).toBeLessThanOrEqual(3);
      expect(first.next).toBe(first.records.at(-1)?.position ?? "none");
      expect(first.head).toBe(positions[9] ?? "none");
      expect(first.trim).toBe("");
      const rest = await store().readFeed(feed, 0, positions[7] ?? "", 1);
      expect(rest.records.map(({ position }) => position)).toEqual(positions.slice(8, 9));
      const end = await store().readFeed(feed, 0, positions[9] ?? "", 10);
      expect(end).toEqual({ records: [], next: positions[9] ?? "", head: positions[9] ?? "", trim: "" });
      expect(await store().readFeed(feed, 1, "", 5)).toEqual({ records: [], next: "", head: "", trim: "" });
    });

    test("positions are numbers of 21 digits, and a shard may be read after any number", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store());
      const positions: string[] = [];
      for (const n of range(5)) positions.push(await change(store(), feed, { space, key: "a" }, String(n)));
      for (const [n, position] of positions.entries()) {
        expect(position).toMatch(/^\d{21}$/);
        const before = String(BigInt(position) - 1n).padStart(21, "0");
        const { records } = await store().readFeed(feed, 0, before, 1);
        expect(records.map((record) => record.position)).toEqual(positions.slice(n, n + 1));
      }
      const end = "9".repeat(21);
      const page = await store().readFeed(feed, 0, end, 1);
      expect(page).toMatchObject({ records: [], next: end, head: positions[4] ?? "none" });
    });

    test("reading again gives the same records at the same positions", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store(), { oldValues: true });
      for (const n of range(20)) await change(store(), feed, { space, key: `row-${n % 3}` }, String(n));
      const before = await readAll(store(), feed, 0);
      for (const n of range(20)) await change(store(), feed, { space, key: `row-${n % 3}` }, `again ${n}`);
      expect((await readAll(store(), feed, 0, 7)).slice(0, 20)).toEqual(before);
    });

    test("a closed feed stays readable and takes no more; a dropped one is unknown", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store());
      await change(store(), feed, row, "1");
      await store().closeFeed(feed);
      await store().closeFeed(feed);
      await expect(change(store(), feed, row, "2")).rejects.toMatchObject({ name: "StorageError" });
      expect((await readAll(store(), feed, 0)).map(plain)).toMatchObject([{ newValue: "1" }]);
      expect(await store().get(row.space, "a")).toEqual(bytes("1"));
      expect(store().feeds()).toContain(feed);
      await store().dropFeed(feed);
      await store().dropFeed(feed);
      expect(store().feeds()).not.toContain(feed);
      const unknown = { name: "StorageError", kind: "not-found" };
      await expect(store().readFeed(feed, 0, "", 1)).rejects.toMatchObject(unknown);
      await expect(store().waitFeed(feed, 0, "")).rejects.toMatchObject(unknown);
    });

    test("a feed outlives the space it tells of", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store(), { oldValues: true });
      await change(store(), feed, row, "1");
      await change(store(), feed, row, "2");
      await store().dropSpace(row.space);
      expect((await readAll(store(), feed, 0)).map(plain)).toMatchObject([
        { newValue: "1", oldValue: undefined },
        { newValue: "2", oldValue: "1" },
      ]);
    });

    test("creating a feed again changes nothing", async () => {
      const row = { space: await newSpace(store()), key: "a" };
      const feed = await newFeed(store(), { shards: 1 });
      await change(store(), feed, row, "1");
      await store().createFeed(feed, { shards: 1, oldValues: false });
      expect(await readAll(store(), feed, 0)).toHaveLength(1);
    });
  });
}
