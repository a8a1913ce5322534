import { describe, expect, test } from "bun:test";
import { newFeed, readAll } from "./feed-support.ts";
import {
  bytes,
  commit,
  contents,
  increment,
  newSpace,
  number,
  put,
  range,
  type StoreFactory,
  sharedStore,
  transact,
  turn,
} from "./subject.ts";

/** What `transact` promises when many run at once. */
export function concurrencyCases(factory: StoreFactory): void {
  describe("concurrent transactions", () => {
    const store = sharedStore(factory);

    test("200 increments of one absent row are all there, each seen once", async () => {
      const row = { space: await newSpace(store()), key: "hot" };
      const outcomes = await Promise.all(
        range(200).map(() => commit(store(), { reads: [row] }, increment(row))),
      );
      const results = outcomes.map(({ result }) => result).sort((a, b) => a - b);
      expect(results).toEqual(range(200).map((n) => n + 1));
      expect(number(await store().get(row.space, row.key))).toBe(200);
      const byResult = outcomes.toSorted((a, b) => a.result - b.result);
      for (const [index, { time }] of byResult.entries()) {
        expect(time).toBeGreaterThanOrEqual(byResult[index - 1]?.time ?? 0);
      }
    });

    test("of many that create an absent row one succeeds", async () => {
      const row = { space: await newSpace(store()), key: "once" };
      const outcomes = await Promise.all(
        range(30).map((n) =>
          transact(store(), { reads: [row] }, ([previous]) =>
            previous === undefined
              ? { kind: "commit", writes: [{ ...row, value: bytes(String(n)) }], result: n }
              : { kind: "refuse", reason: number(previous) },
          ),
        ),
      );
      const winners = outcomes.flatMap((one) => (one.kind === "committed" ? [one.result] : []));
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.kind === "refused") expect(outcome.reason).toBe(winners[0] ?? -1);
      }
    });

    test("rows asked for in opposite orders do not deadlock", async () => {
      const space = await newSpace(store());
      const [a, b] = [
        { space, key: "a" },
        { space, key: "b" },
      ] as const;
      const both = range(100).map((n) => {
        const reads = n % 2 === 0 ? [a, b] : [b, a];
        return commit(store(), { reads }, (previous) => ({
          kind: "commit",
          writes: reads.map((row, i) => ({ ...row, value: bytes(String(number(previous[i]) + 1)) })),
          result: undefined,
        }));
      });
      await Promise.all(both);
      expect(await contents(store(), space)).toEqual({ a: "100", b: "100" });
    });

    test("a commit over several spaces is seen whole or not at all", async () => {
      const rows = await Promise.all(
        range(3).map(async () => ({ space: await newSpace(store()), key: "n" })),
      );
      let writing = true;
      const reader = (async () => {
        let looks = 0;
        while (writing || looks === 0) {
          const snapshot = await store().snapshot(rows.map(({ space }) => space));
          const values = (await snapshot.getMany(rows)).map(number);
          snapshot.close();
          expect(new Set(values).size).toBe(1);
          looks++;
          await turn();
        }
      })();
      for (const batch of range(10)) {
        const writers = range(10).map((n) =>
          commit(store(), { reads: rows }, (previous) => ({
            kind: "commit",
            writes: rows.map((row, i) => ({ ...row, value: bytes(String(number(previous[i]) + 1)) })),
            result: batch * 10 + n,
          })),
        );
        await Promise.all(writers);
      }
      writing = false;
      await reader;
      expect(await Promise.all(rows.map(({ space }) => store().get(space, "n").then(number)))).toEqual([
        100, 100, 100,
      ]);
    });

    for (const ending of ["commit", "empty commit", "refusal"] as const) {
      test(`what decide saw is visible when its ${ending} is answered`, async () => {
        const row = { space: await newSpace(store()), key: "n" };
        const check = async (seen: number) =>
          expect(number(await store().get(row.space, row.key))).toBeGreaterThanOrEqual(seen);
        const writers = range(50).map(async () =>
          check((await commit(store(), { reads: [row] }, increment(row))).result),
        );
        const lookers = range(50).map(async () => {
          const outcome = await transact(store(), { reads: [row] }, ([previous]) => {
            const seen = number(previous);
            if (ending === "refusal") return { kind: "refuse", reason: seen };
            const writes = ending === "commit" ? [{ ...row, value: bytes(String(seen)) }] : [];
            return { kind: "commit", writes, result: seen };
          });
          if (outcome.kind === "committed") await check(outcome.result);
          else if (outcome.kind === "refused") await check(outcome.reason);
          else throw new Error(`unexpected outcome ${outcome.kind}`);
        });
        await Promise.all([...writers, ...lookers]);
        expect(number(await store().get(row.space, row.key))).toBe(50);
      });
    }

    test("what was seen once, in whatever way, is never unseen", async () => {
      const row = { space: await newSpace(store()), key: "n" };
      const { space } = row;
      const feed = await newFeed(store());
      const looks: readonly (() => Promise<number>)[] = [
        async () => number(await store().get(space, "n")),
        async () => store().stats(space).rows,
        async () => store().generation(space),
        async () => number((await readAll(store(), feed, 0)).at(-1)?.newValue),
        async () => {
          const snapshot = await store().snapshot([space]);
          const page = await snapshot.range({ space, rowsMax: 1, bytesMax: 1 });
          snapshot.close();
          return number(page.rows[0]?.value);
        },
      ];
      const raise = () =>
        commit(store(), { reads: [row] }, ([previous]) => {
          const next = number(previous) + 1;
          return {
            kind: "commit",
            writes: [{ ...row, value: bytes(String(next)) }],
            changes: [{ feed, shard: 0, row, tag: bytes("") }],
            deltas: [{ space, rows: 1, bytes: 0 }],
            raise: [{ space, generation: next }],
            result: undefined,
          };
        });
      const writing = range(10).map(async () => {
        for (const _ of range(10)) await raise();
      });
      let seen = 0;
      for (let n = 0; seen < 100; n++) {
        const look = await looks[(n * 3 + Math.floor(n / 5)) % looks.length]?.();
        expect(look).toBeGreaterThanOrEqual(seen);
        seen = look ?? 0;
        if (n % 7 === 0) await turn();
      }
      await Promise.all(writing);
    });

    test("money moved between accounts is never made or lost", async () => {
      const space = await newSpace(store());
      const accounts = range(8).map((n) => ({ space, key: `account-${n}` }));
      await put(store(), space, Object.fromEntries(accounts.map(({ key }) => [key, "100"])));
      const moves = range(200).map(async (n) => {
        const from = accounts[n % 8];
        const to = accounts[(n * 3 + 1) % 8];
        if (from === undefined || to === undefined || from === to) return;
        await transact(store(), { reads: [from, to] }, ([a, b]) => {
          if (number(a) < 30) return { kind: "refuse", reason: "poor" };
          const writes = [
            { ...from, value: bytes(String(number(a) - 30)) },
            { ...to, value: bytes(String(number(b) + 30)) },
          ];
          return { kind: "commit", writes, result: undefined };
        });
        const snapshot = await store().snapshot([space]);
        const total = (await snapshot.getMany(accounts)).reduce((sum, value) => sum + number(value), 0);
        snapshot.close();
        expect(total).toBe(800);
      });
      await Promise.all(moves);
    });
  });
}
