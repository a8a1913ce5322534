import { afterEach, describe, expect, spyOn, test } from "bun:test";
import assert from "node:assert/strict";
import { Flusher } from "../../../storage/flusher.ts";
import { memoryVfs, openStore, type StoreOptions } from "../../../storage/index.ts";
import { KeptHistory } from "../../../storage/kept-history.ts";
import { SpaceDirectory } from "../../../storage/space-directory.ts";
import { mustPut, space, turns, until } from "./support.ts";

const restores: (() => void)[] = [];
afterEach(() => {
  for (const restore of restores.splice(0)) restore();
});

const spaceNamed = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

describe("the flusher", () => {
  test("looks at all spaces when it freezes a memtable, not with every commit", async () => {
    const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, compaction: false });
    for (let n = 0; n < 100; n++) await store.createSpace(spaceNamed(n));
    const all = spyOn(SpaceDirectory.prototype, "all");
    restores.push(() => all.mockRestore());
    for (let n = 0; n < 300; n++) await mustPut(store, `row-${n}`, "value", spaceNamed(n % 100));
    expect(all).toHaveBeenCalledTimes(0);
    await store.close();
  });

  test("keeps count of what its memtables hold, through freezes, flushes and drops", async () => {
    const options: Omit<StoreOptions, "vfs"> = { durability: { mode: "off" }, memtableBytesMax: 32 << 10 };
    const store = await openStore({ ...options, vfs: memoryVfs() });
    for (let n = 0; n < 20; n++) await store.createSpace(spaceNamed(n));
    const value = new Uint8Array(500);
    for (let n = 0; n < 600; n++) {
      await mustPut(store, `row-${n}`, value, spaceNamed(n % 20));
      if (n % 100 !== 50) continue;
      const doomed = spaceNamed(n / 50);
      await store.dropSpace(doomed);
      await store.createSpace(doomed);
    }
    // Were anything counted twice or never given back, writers would have to wait for ever or memtables would outgrow the budget.
    expect(store.counters().flushes).toBeGreaterThan(10);
    await until(() => store.counters().frozenBytes === 0, "everything frozen is flushed");
    expect(store.counters().memtableBytes).toBeLessThanOrEqual(32 << 10);
    await store.close();
  });

  test("flushes what is frozen in the microtask in which a flush ends", async () => {
    const considered = spyOn(Flusher.prototype, "consider");
    const trimmed = spyOn(KeptHistory.prototype, "trim");
    restores.push(
      () => considered.mockRestore(),
      () => trimmed.mockRestore(),
    );
    const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, compaction: false });
    await store.createSpace(space);
    await mustPut(store, "row", "0");
    const [flusher] = considered.mock.contexts;
    assert(flusher instanceof Flusher);
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      await mustPut(store, "row", String(microtasks));
      // The end of the flush that is started here, and then so many microtasks on.
      const ending = Promise.withResolvers<void>();
      trimmed.mockImplementationOnce(async () => ending.resolve());
      flusher.freezeAll();
      await mustPut(store, "other", String(microtasks));
      await ending.promise;
      for (let n = 0; n < microtasks; n++) await undefined;
      await flusher.flushAll();
      await turns(2);
    }
    await store.close();
  });
});

describe("zeros ahead in the log", () => {
  for (const [mode, isFilled] of [
    ["sync", true],
    ["off", false],
    ["interval", false],
  ] as const) {
    test(`mode ${mode}: ${isFilled ? "written and counted" : "none"}`, async () => {
      const durability = mode === "interval" ? { mode, intervalMs: 10_000 } : { mode };
      const store = await openStore({
        vfs: memoryVfs(),
        durability,
        logFillBytes: 4 << 10,
        segmentBytesMax: 16 << 10,
      });
      await store.createSpace(space);
      for (let n = 0; n < 30; n++) await mustPut(store, `row-${n}`, new Uint8Array(1000));
      const { logBytes, logFileBytes } = store.counters();
      // Once over the frames, about; without, only what begins and ends each of the two segments.
      if (isFilled) expect(logFileBytes).toBeGreaterThan(logBytes * 1.5);
      else expect(logFileBytes).toBeLessThan(logBytes * 1.1);
      await store.close();
    });
  }
});
