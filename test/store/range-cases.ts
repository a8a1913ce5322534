import { describe, expect, test } from "bun:test";
import type { Key, Page, RangeRequest, Row, Snapshot, SpaceId } from "../../storage/store.ts";
import { newSpace, put, range, type StoreFactory, sharedStore, text, turn } from "./subject.ts";

type Bounds = Pick<RangeRequest, "ge" | "gt" | "lt" | "le">;

const unlimited = { rowsMax: 1_000_000, bytesMax: Number.MAX_SAFE_INTEGER };
const keysOf = (page: Page): Key[] => page.rows.map(({ key }) => key);

const isWithin = (key: Key, { ge = "", gt, lt, le }: Bounds): boolean =>
  key >= ge &&
  (gt === undefined || key > gt) &&
  (lt === undefined || key < lt) &&
  (le === undefined || key <= le);

/** Every page of a range, each continuing behind the last row of the one before, as callers do. */
async function chain(snapshot: Snapshot, request: RangeRequest, onPage?: (page: Page) => Promise<void>) {
  const rows: Row[] = [];
  for (;;) {
    const last = rows.at(-1)?.key;
    const { ge, gt, lt, le, ...rest } = request;
    const lower = { ...(ge === undefined ? {} : { ge }), ...(gt === undefined ? {} : { gt }) };
    const upper = { ...(lt === undefined ? {} : { lt }), ...(le === undefined ? {} : { le }) };
    const bounds =
      last === undefined
        ? { ...lower, ...upper }
        : request.reverse === true
          ? { ...lower, lt: last }
          : { ...upper, gt: last };
    const page = await snapshot.range({ ...rest, ...bounds });
    rows.push(...page.rows);
    await onPage?.(page);
    if (!page.more) return rows;
    expect(page.rows.length).toBeGreaterThan(0);
  }
}

/** Ranges: bounds, direction, limits, and chains of pages. */
export function rangeCases(factory: StoreFactory): void {
  describe("ranges", () => {
    const store = sharedStore(factory);
    const present = ["\0", "a", "a\0", "b", "b\xff", "d", "\xff\xff"];
    const probes = ["", "\0", "a", "a\0", "aa", "b\xff", "c", "d", "\xff", "\xff\xff", "\xff\xff\xff"];

    async function filled(keys: readonly Key[], value = "value"): Promise<SpaceId> {
      const space = await newSpace(store());
      await put(store(), space, Object.fromEntries(keys.map((key) => [key, value])));
      return space;
    }

    test("every pair of bounds, both directions", async () => {
      const space = await filled(present);
      const lowers: Bounds[] = [{}, ...probes.flatMap((key) => [{ ge: key }, { gt: key }])];
      const uppers: Bounds[] = [{}, ...probes.flatMap((key) => [{ lt: key }, { le: key }])];
      const snapshot = await store().snapshot([space]);
      const looks = lowers.flatMap((lower) =>
        uppers.flatMap((upper) =>
          [false, true].map(async (reverse) => {
            const bounds = { ...lower, ...upper };
            const page = await snapshot.range({ space, ...bounds, reverse, ...unlimited });
            const expected = present.filter((key) => isWithin(key, bounds));
            expect({ bounds, reverse, keys: keysOf(page), more: page.more }).toEqual({
              bounds,
              reverse,
              keys: reverse ? expected.reverse() : expected,
              more: false,
            });
          }),
        ),
      );
      await Promise.all(looks);
      expect(looks.length).toBe(2 * 23 * 23);
      snapshot.close();
    });

    test("both lower or both upper bounds at once: the narrower one holds", async () => {
      const space = await filled(present);
      const snapshot = await store().snapshot([space]);
      for (const one of probes) {
        for (const two of probes) {
          for (const bounds of [
            { ge: one, gt: two },
            { lt: one, le: two },
          ]) {
            const page = await snapshot.range({ space, ...bounds, ...unlimited });
            expect({ bounds, keys: keysOf(page) }).toEqual({
              bounds,
              keys: present.filter((key) => isWithin(key, bounds)),
            });
          }
        }
      }
      snapshot.close();
    });

    test("an empty space has an empty, exhausted range", async () => {
      const space = await newSpace(store());
      const snapshot = await store().snapshot([space]);
      for (const reverse of [false, true]) {
        const page = await snapshot.range({ space, reverse, rowsMax: 1, bytesMax: 1 });
        expect([page.rows, page.count, page.more]).toEqual([[], 0, false]);
      }
      snapshot.close();
    });

    test("deleted rows are not there, whatever the direction", async () => {
      const keys = range(50).map((n) => `row-${String(n).padStart(2, "0")}`);
      const space = await filled(keys);
      const gone = keys.filter((_, n) => n % 3 !== 1);
      await put(store(), space, Object.fromEntries(gone.map((key) => [key, undefined])));
      const left = keys.filter((_, n) => n % 3 === 1);
      const snapshot = await store().snapshot([space]);
      expect(keysOf(await snapshot.range({ space, ...unlimited }))).toEqual(left);
      expect(keysOf(await snapshot.range({ space, reverse: true, ...unlimited }))).toEqual(left.toReversed());
      expect(keysOf(await snapshot.range({ space, rowsMax: 2, bytesMax: 1_000 }))).toEqual(left.slice(0, 2));
      snapshot.close();
    });

    test("a transient page is as any other until it is released; its values may be used for the next one then", async () => {
      const space = await filled(range(300).map((n) => `row-${String(n).padStart(3, "0")}`));
      const snapshot = await store().snapshot([space]);
      const rows: [Key, string][] = [];
      const request = { space, rowsMax: 40, bytesMax: 1_000, transient: true };
      await chain(snapshot, request, async (page) => {
        await turn();
        rows.push(...page.rows.map(({ key, value }): [Key, string] => [key, text(value) ?? ""]));
        page.release();
        page.release();
      });
      expect(rows).toEqual(
        keysOf(await snapshot.range({ space, ...unlimited })).map((key) => [key, "value"]),
      );
      snapshot.close();
    });

    test("a page's columns say the same as its rows", async () => {
      const space = await newSpace(store());
      const values = { a: "one", b: "", c: "three".repeat(5_000), d: "4" };
      await put(store(), space, { ...values, bb: "gone" });
      await put(store(), space, { bb: undefined });
      const snapshot = await store().snapshot([space]);
      const page = await snapshot.range({ space, ...unlimited });
      const spans = page.chunks.map((chunk, at) => text(chunk.subarray(page.starts[at], page.ends[at])));
      expect(page.count).toBe(4);
      expect(Object.fromEntries(page.keys.map((key, at) => [key, spans[at]]))).toEqual(values);
      expect(page.rows.map(({ key, value }) => [key, text(value)])).toEqual(Object.entries(values));
      expect(text(page.value(2))).toBe(values.c);
      expect(() => page.value(4)).toThrow(RangeError);
      snapshot.close();
    });

    test("rowsMax stops a page after that many rows", async () => {
      const space = await filled(["a", "b", "c", "d"]);
      const snapshot = await store().snapshot([space]);
      const page = (rowsMax: number, reverse: boolean) =>
        snapshot.range({ space, rowsMax, bytesMax: 1_000, reverse });
      expect(await page(1, false)).toMatchObject({ rows: [{ key: "a" }], more: true });
      expect(await page(1, true)).toMatchObject({ rows: [{ key: "d" }], more: true });
      expect(keysOf(await page(3, false))).toEqual(["a", "b", "c"]);
      expect((await page(3, false)).more).toBe(true);
      // The last row of the range fills the page: whether more follows need not be known yet.
      expect(keysOf(await page(4, true))).toEqual(["d", "c", "b", "a"]);
      expect(await page(5, false)).toMatchObject({ rows: [{}, {}, {}, {}], more: false });
      snapshot.close();
    });

    test("bytesMax counts values; the row that reaches it is the last of its page", async () => {
      const space = await filled(["a", "b", "c", "d"], "0123456789");
      const snapshot = await store().snapshot([space]);
      const count = async (bytesMax: number) => {
        const page = await snapshot.range({ space, rowsMax: 100, bytesMax });
        return [page.rows.length, page.rows.length === 4 ? undefined : page.more];
      };
      expect(await count(1)).toEqual([1, true]);
      expect(await count(10)).toEqual([1, true]);
      expect(await count(11)).toEqual([2, true]);
      expect(await count(20)).toEqual([2, true]);
      expect(await count(30)).toEqual([3, true]);
      expect(await count(31)).toEqual([4, undefined]);
      expect(await snapshot.range({ space, rowsMax: 100, bytesMax: 41 })).toMatchObject({ more: false });
      snapshot.close();
    });

    test("a value larger than bytesMax still makes a page of its own", async () => {
      const space = await filled(["a", "b"], "x".repeat(100_000));
      const snapshot = await store().snapshot([space]);
      const page = await snapshot.range({ space, rowsMax: 10, bytesMax: 1 });
      expect(page.rows.map(({ key, value }) => [key, value.length])).toEqual([["a", 100_000]]);
      expect(page.more).toBe(true);
      snapshot.close();
    });

    test("page chains equal the whole range, while others write", async () => {
      const keys = range(300).map((n) => `row-${String(n).padStart(3, "0")}`);
      const space = await filled(keys, "0");
      await put(
        store(),
        space,
        Object.fromEntries(keys.filter((_, n) => n % 7 === 3).map((key) => [key, undefined])),
      );
      let writing = true;
      const writer = (async () => {
        for (let n = 1; writing; n++) {
          const rows = range(20).map((i) => [
            `row-${String((n * 13 + i * 17) % 320).padStart(3, "0")}`,
            `${n}`,
          ]);
          await put(store(), space, Object.fromEntries(rows));
          await put(store(), space, { [`row-${String((n * 31) % 300).padStart(3, "0")}`]: undefined });
          await turn();
        }
      })();
      for (const [round, rowsMax] of [1, 7, 40, 299, 1_000].entries()) {
        const snapshot = await store().snapshot([space]);
        const whole = (await snapshot.range({ space, ...unlimited })).rows;
        const limits = { rowsMax, bytesMax: round % 2 === 0 ? 1_000 : 9 };
        const bounds = { ge: "row-010", lt: "row-290" };
        const expected = whole
          .filter(({ key }) => isWithin(key, bounds))
          .map(({ key, value }) => [key, text(value)]);
        for (const reverse of [false, true]) {
          const rows = await chain(snapshot, { space, ...bounds, ...limits, reverse }, turn);
          const found = rows.map(({ key, value }) => [key, text(value)]);
          expect(reverse ? found.reverse() : found).toEqual(expected);
        }
        expect(expected.length).toBeGreaterThan(200);
        snapshot.close();
      }
      writing = false;
      await writer;
    });
  });
}
