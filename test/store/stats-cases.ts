import { describe, expect, test } from "bun:test";
import {
  addresses,
  bytes,
  commit,
  contents,
  newSpace,
  range,
  type StoreFactory,
  sharedStore,
  transact,
} from "./subject.ts";

/** Exact counts per space. */
export function statsCases(factory: StoreFactory): void {
  describe("stats", () => {
    const store = sharedStore(factory);

    test("are zero at first, and the exact sum of the deltas of all commits", async () => {
      const space = await newSpace(store());
      expect(store().stats(space)).toEqual({ rows: 0, bytes: 0 });
      const rows = range(40).map((n) => ({ space, key: `row-${n % 10}` }));
      await Promise.all(
        rows.map((row, n) =>
          commit(store(), { reads: [row] }, ([previous]) => {
            const next = n % 4 === 3 ? undefined : bytes("x".repeat(n));
            const counted = Number(next !== undefined) - Number(previous !== undefined);
            const grown = (next?.length ?? 0) - (previous?.length ?? 0);
            return {
              kind: "commit",
              writes: [{ ...row, value: next }],
              deltas: [{ space, rows: counted, bytes: grown }],
              result: undefined,
            };
          }),
        ),
      );
      const left = Object.values(await contents(store(), space));
      const bytesLeft = left.reduce((sum, value) => sum + (value?.length ?? 0), 0);
      expect(store().stats(space)).toEqual({ rows: left.length, bytes: bytesLeft });
    });

    test("a refused or empty transaction adds nothing; several deltas of one space add up", async () => {
      const space = await newSpace(store());
      const writes = [{ space, key: "a", value: bytes("1") }];
      const deltas = [
        { space, rows: 1, bytes: 10 },
        { space, rows: 0, bytes: 5 },
      ];
      const reads = addresses(writes);
      await transact(store(), { reads }, () => ({ kind: "refuse", reason: undefined }));
      await commit(store(), { reads }, () => ({ kind: "commit", writes, deltas, result: undefined }));
      expect(store().stats(space)).toEqual({ rows: 1, bytes: 15 });
    });
  });
}
