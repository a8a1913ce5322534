import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Cursor } from "../../../storage/iterator.ts";
import { imageCursor } from "../../../storage/memtable/image.ts";
import { Memtable } from "../../../storage/memtable/memtable.ts";
import { RowPage } from "../../../storage/page.ts";
import { drain, type Entry, expectedEntries } from "../iterator/array-cursor.ts";

const none = new Uint8Array(0);

/** All versions ever put, oldest first: the obviously right memtable. */
class Model {
  versions: Entry[] = [];

  get(key: string, sequenceMax: number): Entry | undefined {
    return this.versions.findLast((version) => version.key === key && version.sequence <= sequenceMax);
  }

  visible(sequenceMax: number): Entry[] {
    const keys = [...new Set(this.versions.map(({ key }) => key))].sort((one, other) =>
      one < other ? -1 : 1,
    );
    return keys.flatMap((key) => this.get(key, sequenceMax) ?? []);
  }
}

const key = fc.oneof(
  { weight: 5, arbitrary: fc.nat(60).map((number) => `k${number}`) },
  { weight: 2, arbitrary: fc.nat(60).map((number) => `a shared prefix longer than a head ${number}`) },
  {
    weight: 2,
    arbitrary: fc.array(fc.nat(255), { maxLength: 7 }).map((codes) => String.fromCharCode(...codes)),
  },
);
const operation = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      key,
      gap: fc.nat(3),
      value: fc.option(fc.uint8Array({ maxLength: 40 }), { freq: 4, nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("removeAbove" as const), back: fc.nat(30) }) },
);

describe("a memtable", () => {
  test("answers as the list of all versions does, at every sequence and in both directions", () => {
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 400, size: "max" }),
        fc.array(fc.tuple(key, fc.nat(100), fc.boolean(), fc.option(key, { nil: undefined })), {
          minLength: 5,
          maxLength: 15,
        }),
        (operations, probes) => {
          const memtable = new Memtable();
          const model = new Model();
          let sequence = 2 ** 32 - 100;
          for (const operation of operations) {
            if (operation.kind === "put") {
              sequence += 1 + operation.gap;
              memtable.put(operation.key, sequence, operation.value);
              model.versions.push({ key: operation.key, sequence, value: operation.value });
            } else {
              const above = sequence - operation.back;
              const kept = model.versions.filter((version) => version.sequence <= above);
              expect(memtable.removeAbove(above)).toBe(model.versions.length - kept.length);
              model.versions = kept;
            }
          }
          const keys = new Set(model.versions.map((version) => version.key));
          expect(memtable.keyCount).toBe(keys.size);
          expect(memtable.versionCount).toBe(model.versions.length);
          expect(memtable.sequenceMin).toBe(model.versions[0]?.sequence ?? 0);
          expect(memtable.sequenceMax).toBe(model.versions.at(-1)?.sequence ?? 0);
          for (const [probe, back, reverse, end] of [
            ...probes,
            ...[...keys].map((k) => [k, 3, false, undefined] as const),
          ]) {
            const at = sequence - back;
            const found = model.get(probe, at);
            expect(memtable.get(probe, at)).toEqual(
              found && { sequence: found.sequence, value: found.value },
            );
            const newest = model.get(probe, sequence);
            expect(memtable.newest(probe)).toEqual(
              newest && { sequence: newest.sequence, value: newest.value },
            );
            const expected = expectedEntries(model.visible(at), reverse, probe, end);
            expect(drain(memtable.cursor(at, reverse), probe, end)).toEqual(expected);
            const page = new RowPage();
            const cursor = memtable.cursor(at, reverse);
            const rowsMax = 1 + (back % 7);
            const live = expected.filter((entry) => entry.value !== undefined);
            const full = cursor.seek(probe, end) && cursor.fill(page, rowsMax, 1000);
            expect(page.rows).toEqual(
              live.slice(0, rowsMax).map(({ key, value = none }) => ({ key, value })),
            );
            expect(full).toBe(live.length >= rowsMax);
          }
          const all = model.visible(sequence);
          expect(drain(memtable.cursor(sequence))).toEqual(all);
          expect(drain(memtable.cursor(sequence, true))).toEqual(all.toReversed());
          memtable.freeze();
          const image = imageCursor(structuredClone(memtable.image()));
          expect(drain(image)).toEqual(all);
          for (const [probe, , , end] of probes)
            expect(drain(image, probe, end)).toEqual(expectedEntries(all, false, probe, end));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("keeps large numbers of keys in order, whatever the order of arrival", () => {
    const ascending = Array.from({ length: 20_000 }, (_, index) => `key-${String(index).padStart(6, "0")}`);
    const shuffled = ascending.map((_, index) => ascending[(index * 7_919) % ascending.length] ?? "");
    for (const order of [ascending, ascending.toReversed(), shuffled]) {
      const memtable = new Memtable();
      for (const [index, name] of order.entries()) memtable.put(name, index + 1, undefined);
      expect(drain(memtable.cursor(order.length)).map((entry) => entry.key)).toEqual(ascending);
      expect(drain(memtable.cursor(order.length, true), "key-000100")).toHaveLength(100);
      for (const probe of [0, 1, 4_711, 19_999])
        expect(memtable.newest(order[probe] ?? "")?.sequence).toBe(probe + 1);
    }
  });

  test("holds values of 400 KB and empty ones, and hands them out unchanged", () => {
    const memtable = new Memtable();
    const large = new Uint8Array(400 << 10).map((_, index) => index % 251);
    memtable.put("large", 1, large);
    memtable.put("empty", 2, new Uint8Array(0));
    memtable.put("", 3, Uint8Array.of(1));
    const copy = large.slice();
    large.fill(0);
    expect(memtable.newest("large")?.value).toEqual(copy);
    expect(memtable.newest("empty")).toEqual({ sequence: 2, value: new Uint8Array(0) });
    expect(memtable.newest("")?.value).toEqual(Uint8Array.of(1));
    expect(drain(memtable.cursor(3)).map((entry) => entry.key)).toEqual(["", "empty", "large"]);
  });

  test("accounts for what it holds", () => {
    const memtable = new Memtable();
    expect(memtable.bytes).toBe(0);
    for (let index = 0; index < 1000; index++) memtable.put(`key ${index}`, index, new Uint8Array(1000));
    expect(memtable.bytes).toBeGreaterThan(1_000_000);
    expect(memtable.bytes).toBeLessThan(2_500_000);
    memtable.put("large", 1000, new Uint8Array(10 << 20));
    expect(memtable.bytes).toBeGreaterThan(11_000_000);
  });

  test("refuses writes that break its order, and any once frozen", () => {
    const memtable = new Memtable();
    memtable.put("a", 5, undefined);
    expect(() => memtable.put("a", 5, undefined)).toThrow("one version per key and sequence");
    expect(() => memtable.put("b", 4, undefined)).toThrow("sequences never go back");
    expect(() => memtable.image()).toThrow("only a frozen memtable");
    memtable.freeze();
    expect(() => memtable.put("b", 6, undefined)).toThrow("frozen");
  });
});

describe("a cursor that lives while the memtable is written to", () => {
  /** Interleaves steps of a cursor with writes above its sequence: it must show exactly what it would have shown at first. */
  function walkDuringWrites(reverse: boolean): void {
    fc.assert(
      fc.property(
        fc.array(key, { minLength: 1, maxLength: 300, size: "max" }),
        fc.array(key, { maxLength: 300, size: "max" }),
        fc.nat(4),
        fc.boolean(),
        fc.option(key, { nil: undefined }),
        (before, during, pause, rollBack, end) => {
          const memtable = new Memtable();
          let sequence = 0;
          for (const name of before) memtable.put(name, ++sequence, Uint8Array.of(sequence & 0xff));
          const snapshot = sequence;
          const expected = drain(memtable.cursor(snapshot, reverse), undefined, end).map(
            (entry) => entry.key,
          );
          const cursor = memtable.cursor(snapshot, reverse);
          const writes = during.values();
          const shown: string[] = [];
          for (let valid = cursor.seek(undefined, end); valid; valid = cursor.next()) {
            shown.push(cursor.key);
            for (let count = 0; count < pause; count++) {
              const name = writes.next().value;
              if (name !== undefined) memtable.put(name, ++sequence, undefined);
            }
            if (rollBack && shown.length % 7 === 0) memtable.removeAbove(snapshot);
          }
          expect(shown).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  }

  test("ascending", () => walkDuringWrites(false));
  test("descending", () => walkDuringWrites(true));

  test("sees a key put ahead of it within its sequence, and not one behind it", () => {
    const memtable = new Memtable();
    for (const name of ["b", "d", "f"]) memtable.put(name, 1, undefined);
    const ahead = (cursor: Cursor) => {
      const shown: string[] = [];
      for (let valid = cursor.valid; valid; valid = cursor.next()) shown.push(cursor.key);
      return shown;
    };
    const forward = memtable.cursor(10);
    const backward = memtable.cursor(10, true);
    forward.seek("d");
    backward.seek("e");
    expect([forward.key, backward.key]).toEqual(["d", "d"]);
    memtable.put("c", 2, undefined);
    memtable.put("e", 3, undefined);
    expect(ahead(forward)).toEqual(["d", "e", "f"]);
    expect(ahead(backward)).toEqual(["d", "c", "b"]);
  });

  test("goes on at the following key when its own is removed", () => {
    const memtable = new Memtable();
    for (const [index, name] of ["a", "c"].entries()) memtable.put(name, index + 1, undefined);
    memtable.put("b", 3, undefined);
    const forward = memtable.cursor(10);
    const backward = memtable.cursor(10, true);
    forward.seek("b");
    backward.seek("c");
    expect([forward.key, backward.key]).toEqual(["b", "b"]);
    memtable.removeAbove(2);
    expect([forward.next(), forward.key]).toEqual([true, "c"]);
    expect([backward.next(), backward.key]).toEqual([true, "a"]);
    expect([forward.next(), backward.next()]).toEqual([false, false]);
  });
});
