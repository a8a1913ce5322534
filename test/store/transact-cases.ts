import { describe, expect, test } from "bun:test";
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
  text,
  transact,
} from "./subject.ts";

/** What `transact` promises about one transaction. */
export function transactCases(factory: StoreFactory): void {
  describe("transact", () => {
    const store = sharedStore(factory);

    test("a put is read back, a delete is absent", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "1", b: "2" });
      expect(await contents(store(), space)).toEqual({ a: "1", b: "2" });
      await put(store(), space, { a: undefined, b: "3" });
      expect(await contents(store(), space)).toEqual({ b: "3" });
      expect(await store().get(space, "a")).toBeUndefined();
    });

    test("decide gets the values in the order of the reads, undefined for absent rows", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "1", c: "3" });
      const reads = ["c", "b", "a"].map((key) => ({ space, key }));
      const outcome = await commit(store(), { reads }, (previous) => ({
        kind: "commit",
        writes: [],
        result: previous.map(text),
      }));
      expect(outcome.result).toEqual(["3", undefined, "1"]);
    });

    test("the result is handed back as it is", async () => {
      const result = { any: Symbol("thing") };
      const outcome = await commit(store(), { reads: [] }, () => ({ kind: "commit", writes: [], result }));
      expect(outcome.result).toBe(result);
      expect(outcome.positions).toEqual([]);
    });

    test("keys hold every byte, values may be empty, an empty value is not absence", async () => {
      const space = await newSpace(store());
      const key = String.fromCharCode(...range(256));
      await commit(store(), { reads: [{ space, key }] }, () => ({
        kind: "commit",
        writes: [
          { space, key, value: new Uint8Array(0) },
          { space, key: `${key}\0`, value: new Uint8Array(range(256)) },
        ],
        result: undefined,
      }));
      expect(await store().get(space, key)).toEqual(new Uint8Array(0));
      expect(await store().get(space, `${key}\0`)).toEqual(new Uint8Array(range(256)));
    });

    test("a refusal writes nothing and hands back its reason", async () => {
      const space = await newSpace(store());
      await put(store(), space, { a: "1" });
      const reason = { code: 7 };
      const outcome = await transact(store(), { reads: [{ space, key: "a" }] }, () => ({
        kind: "refuse",
        reason,
      }));
      expect(outcome).toEqual({ kind: "refused", reason });
      expect(await contents(store(), space)).toEqual({ a: "1" });
    });

    test("an error of decide reaches the caller, writes nothing and releases the rows", async () => {
      const space = await newSpace(store());
      const row = { space, key: "a" };
      const failing = transact(store(), { reads: [row] }, () => {
        throw new RangeError("by design");
      });
      await expect(failing).rejects.toThrow(new RangeError("by design"));
      expect((await commit(store(), { reads: [row] }, increment(row))).result).toBe(1);
    });

    test("writes outside the reads commit with the rest", async () => {
      const [base, index] = [await newSpace(store()), await newSpace(store())];
      await commit(store(), { reads: [{ space: base, key: "a" }] }, () => ({
        kind: "commit",
        writes: [
          { space: base, key: "a", value: bytes("red") },
          { space: index, key: "red/a", value: bytes("") },
        ],
        result: undefined,
      }));
      expect(await contents(store(), base)).toEqual({ a: "red" });
      expect(await contents(store(), index)).toEqual({ "red/a": "" });
    });

    test("the log time never goes back, and the outcome carries the one decide was given", async () => {
      const space = await newSpace(store());
      let last = 0;
      for (const _ of range(20)) {
        const outcome = await commit(store(), { reads: [{ space, key: "a" }] }, (_previous, now) => ({
          kind: "commit",
          writes: [{ space, key: "a", value: bytes(String(now)) }],
          result: now,
        }));
        expect(outcome.time).toBe(outcome.result);
        expect(outcome.time).toBeGreaterThanOrEqual(last);
        last = outcome.time;
      }
      expect(Math.abs(Date.now() - last)).toBeLessThan(60_000);
    });

    test("a conflict has written nothing", async () => {
      const row = { space: await newSpace(store()), key: "counter" };
      const outcomes = await Promise.all(
        range(100).map(() => store().transact({ reads: [row] }, increment(row))),
      );
      const committed = outcomes.filter(({ kind }) => kind === "committed").length;
      expect(committed).toBe(number(await store().get(row.space, row.key)));
      expect(outcomes.filter(({ kind }) => kind !== "committed" && kind !== "conflict")).toEqual([]);
    });
  });
}
