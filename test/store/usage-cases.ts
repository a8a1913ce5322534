import { describe, expect, test } from "bun:test";
import type { Commit, RowAddress, Store, TransactRequest } from "../../storage/store.ts";
import { newFeed } from "./feed-support.ts";
import {
  bytes,
  commit,
  contents,
  increment,
  newSpace,
  put,
  type StoreFactory,
  sharedStore,
  transact,
} from "./subject.ts";

type Kind = "usage" | "not-found";

interface Mistake {
  readonly kind: Kind;
  readonly reads?: (row: RowAddress) => readonly RowAddress[];
  readonly commit: (
    row: RowAddress,
    store: Store,
    feed: string,
  ) => Omit<Commit<undefined>, "kind" | "result">;
}

const nowhere = crypto.randomUUID();
const tag = new Uint8Array(0);
const wellFormed = (row: RowAddress) => [{ ...row, value: bytes("never") }];

/** Each would write `row`, and one thing is wrong with it. */
const mistakes: Readonly<Record<string, Mistake>> = {
  "a read of an unknown space": {
    kind: "not-found",
    reads: (row) => [row, { space: nowhere, key: "a" }],
    commit: (row) => ({ writes: wellFormed(row) }),
  },
  "a write to an unknown space": {
    kind: "not-found",
    commit: (row) => ({ writes: [...wellFormed(row), { space: nowhere, key: "a", value: bytes("x") }] }),
  },
  "a delta of an unknown space": {
    kind: "not-found",
    commit: (row) => ({ writes: wellFormed(row), deltas: [{ space: nowhere, rows: 1, bytes: 1 }] }),
  },
  "a change for an unknown feed": {
    kind: "not-found",
    commit: (row) => ({ writes: wellFormed(row), changes: [{ feed: nowhere, shard: 0, row, tag }] }),
  },
  "a change for a shard that the feed does not have": {
    kind: "usage",
    commit: (row, _store, feed) => ({ writes: wellFormed(row), changes: [{ feed, shard: 1, row, tag }] }),
  },
  "a change of a row that is not written": {
    kind: "usage",
    reads: (row) => [row, { ...row, key: "b" }],
    commit: (row, _store, feed) => ({
      writes: wellFormed(row),
      changes: [{ feed, shard: 0, row: { ...row, key: "b" }, tag }],
    }),
  },
  "a change of a row that is not read": {
    kind: "usage",
    commit: (row, _store, feed) => ({
      writes: [...wellFormed(row), { ...row, key: "b", value: bytes("x") }],
      changes: [{ feed, shard: 0, row: { ...row, key: "b" }, tag }],
    }),
  },
  "a tag over 64 KiB": {
    kind: "usage",
    commit: (row, _store, feed) => ({
      writes: wellFormed(row),
      changes: [{ feed, shard: 0, row, tag: new Uint8Array((64 << 10) + 1) }],
    }),
  },
  "a key over the limit": {
    kind: "usage",
    commit: (row, { caps }) => ({
      writes: [...wellFormed(row), { ...row, key: "k".repeat(caps.keyBytesMax + 1), value: bytes("x") }],
    }),
  },
  "a value over the limit": {
    kind: "usage",
    commit: (row, { caps }) => ({
      writes: [...wellFormed(row), { ...row, key: "b", value: new Uint8Array(caps.valueBytesMax + 1) }],
    }),
  },
  "a batch over the limit": {
    kind: "usage",
    commit: (row, { caps }) => {
      const value = new Uint8Array(caps.valueBytesMax);
      const count = Math.ceil(caps.batchBytesMax / caps.valueBytesMax) + 1;
      const large = Array.from({ length: count }, (_, n) => ({ ...row, key: `large-${n}`, value }));
      return { writes: [...wellFormed(row), ...large] };
    },
  },
  "rows read twice": {
    kind: "usage",
    reads: (row) => [row, { ...row }],
    commit: (row) => ({ writes: wellFormed(row) }),
  },
};

/** Broken contracts are told apart by kind, change nothing, and leave the store as good as before. */
export function usageCases(factory: StoreFactory): void {
  describe("mistakes of the caller", () => {
    const store = sharedStore(factory);

    for (const [name, mistake] of Object.entries(mistakes)) {
      test(`${name} is refused, and nothing of the transaction happens`, async () => {
        const row = { space: await newSpace(store()), key: "a" };
        const feed = await newFeed(store());
        const request: TransactRequest = { reads: mistake.reads?.(row) ?? [row] };
        const running = transact(store(), request, () => ({
          kind: "commit",
          ...mistake.commit(row, store(), feed),
          result: undefined,
        }));
        await expect(running).rejects.toMatchObject({ name: "StorageError", kind: mistake.kind });
        expect(await contents(store(), row.space)).toEqual({});
        expect((await store().readFeed(feed, 0, "", 10)).records).toEqual([]);
        expect((await commit(store(), { reads: [row] }, increment(row))).result).toBe(1);
        expect(store().health().state).toBe("ok");
      });
    }

    test("keys and values at the limit are taken", async () => {
      const space = await newSpace(store());
      const key = "k".repeat(store().caps.keyBytesMax);
      const value = new Uint8Array(store().caps.valueBytesMax).fill(7);
      await commit(store(), { reads: [{ space, key }] }, () => ({
        kind: "commit",
        writes: [{ space, key, value }],
        result: undefined,
      }));
      const found = await store().get(space, key);
      expect(found?.length).toBe(value.length);
      expect(Buffer.compare(found ?? new Uint8Array(0), value)).toBe(0);
    });

    test("reads of unknown spaces, and of feeds and shards, are not found", async () => {
      const space = await newSpace(store());
      const feed = await newFeed(store());
      const unknown = { name: "StorageError", kind: "not-found" };
      await expect(store().get(nowhere, "a")).rejects.toMatchObject(unknown);
      await expect(store().snapshot([space, nowhere])).rejects.toMatchObject(unknown);
      await expect(store().readFeed(nowhere, 0, "", 1)).rejects.toMatchObject(unknown);
      await expect(store().readFeed(feed, 1, "", 1)).rejects.toMatchObject({ kind: "usage" });
    });

    test("a snapshot answers for its own spaces only", async () => {
      const [inside, outside] = [await newSpace(store()), await newSpace(store())];
      await put(store(), outside, { a: "1" });
      const snapshot = await store().snapshot([inside]);
      await expect(snapshot.get(outside, "a")).rejects.toMatchObject({ kind: "usage" });
      await expect(snapshot.range({ space: outside, rowsMax: 1, bytesMax: 1 })).rejects.toMatchObject({
        kind: "usage",
      });
      snapshot.close();
    });

    test("a closed snapshot refuses to answer", async () => {
      const space = await newSpace(store());
      const snapshot = await store().snapshot([space]);
      snapshot.close();
      await expect(snapshot.get(space, "a")).rejects.toMatchObject({ name: "StorageError" });
      await expect(snapshot.range({ space, rowsMax: 1, bytesMax: 1 })).rejects.toMatchObject({
        name: "StorageError",
      });
    });
  });
}
