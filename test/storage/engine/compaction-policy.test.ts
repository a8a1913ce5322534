import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import {
  type LocalStore,
  memoryVfs,
  openStore,
  type StoreOptions,
  type Vfs,
} from "../../../storage/index.ts";
import { WriteGate } from "../../../storage/write-gate.ts";
import { type FaultyCall, FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { mustPut, put, space, turns, until, untilCompacted } from "./support.ts";

const small = {
  durability: { mode: "off" as const },
  memtableBytesMax: 48 << 10,
  blockBytes: 256,
  cacheBytesMax: 0,
  logFillBytes: 0,
  tableBytes: 4 << 10,
  levelBytesMin: 16 << 10,
} satisfies Omit<StoreOptions, "vfs">;

const value = (n: number) => new Uint8Array(200).map((_, i) => (n * 31 + i * i) % 251);
const rowCount = 300;

async function fill(store: LocalStore, rounds = 4): Promise<void> {
  for (let n = 0; n < rounds * rowCount; n++) await mustPut(store, `row-${n % rowCount}`, value(n));
}

async function checkRows(store: LocalStore, rounds = 4): Promise<void> {
  for (let n = 0; n < rowCount; n++)
    expect(await store.get(space, `row-${n}`)).toEqual(value((rounds - 1) * rowCount + n));
}

/** Files of a store that was filled while it did not compact. */
async function uncompacted(memtableBytesMax = small.memtableBytesMax): Promise<Vfs> {
  const vfs = memoryVfs();
  const store = await openStore({ ...small, memtableBytesMax, vfs, compaction: false });
  await store.createSpace(space);
  await fill(store);
  expect(store.counters()).toMatchObject({ merges: 0, moves: 0, writeStalls: 0 });
  await checkRows(store);
  expect(store.counters().level0FilesMost).toBeGreaterThanOrEqual(4);
  await store.close();
  return vfs;
}

const isOutput = ({ call, path }: FaultyCall) => call === "create" && path.startsWith("sst/");

describe("a compaction that is not wanted any more", () => {
  test("is given up when its space is dropped, and leaves nothing", async () => {
    const vfs = await uncompacted();
    const store = await openStore({ ...small, vfs });
    const before = vfs.list("sst").length;
    await until(() => vfs.list("sst").length > before, "an output");
    const snapshot = await store.snapshot([space]);
    await store.dropSpace(space);
    expect(await snapshot.get(space, "row-7")).toEqual(value(3 * rowCount + 7));
    await until(() => vfs.list("sst").length === before, "the outputs go");
    snapshot.close();
    expect(vfs.list("sst")).toEqual([]);
    expect(store.counters()).toMatchObject({ merges: 0, compactionsDue: 0, compactionFailures: 0 });
    await store.close();
  });

  test("is given up when the store is closed, and done after the next start", async () => {
    const vfs = await uncompacted();
    const before = vfs.list("sst");
    const store = await openStore({ ...small, vfs });
    await until(() => vfs.list("sst").length > before.length, "an output");
    await store.close();
    expect(vfs.list("sst")).toEqual(before);
    const again = await openStore({ ...small, vfs });
    await untilCompacted(again);
    await checkRows(again);
    await again.close();
  });

  test("files that it has replaced stay for a snapshot, and go with it", async () => {
    const vfs = await uncompacted();
    const store = await openStore({ ...small, vfs });
    const before = vfs.list("sst");
    const snapshot = await store.snapshot([space]);
    await untilCompacted(store);
    expect(vfs.list("sst")).toEqual(expect.arrayContaining(before));
    await fill(store, 1);
    for (let n = 0; n < rowCount; n += 9)
      expect(await snapshot.get(space, `row-${n}`)).toEqual(value(3 * rowCount + n));
    snapshot.close();
    for (const name of before) expect(vfs.list("sst")).not.toContain(name);
    await store.close();
  });
});

describe("a compaction that fails", () => {
  for (const fault of ["io", "no-space"] as const) {
    test(`${fault}: leaves nothing, and is tried again, later and later`, async () => {
      const disk = await uncompacted();
      const before = disk.list("sst");
      const clock = new ManualClock();
      let isBroken = true;
      const vfs = new FaultyVfs(disk, (call) => (isBroken && isOutput(call) ? fault : undefined));
      const store = await openStore({ ...small, vfs, clock });
      const failures = () => store.counters().compactionFailures;
      for (const [attempt, delayMs] of [500, 1_000, 2_000].entries()) {
        await until(() => failures() === attempt + 1, "a failure");
        clock.advance(delayMs - 1);
        await turns(50);
        expect(failures()).toBe(attempt + 1);
        clock.advance(1);
      }
      await until(() => failures() === 4, "a failure");
      expect(disk.list("sst")).toEqual(before);
      await checkRows(store);
      isBroken = false;
      clock.advance(4_000);
      await untilCompacted(store, clock);
      expect(failures()).toBe(4);
      await checkRows(store);
      expect(store.health().state).toBe("ok");
      await store.close();
    });
  }

  test("on a damaged input: the store is degraded, the space is left alone, other spaces are not", async () => {
    const vfs = await uncompacted();
    const file = vfs.open(`sst/${vfs.list("sst")[2]}`, "write");
    file.write(new Uint8Array(8).fill(255), 20);
    file.close();
    const clock = new ManualClock();
    const store = await openStore({ ...small, vfs, clock });
    await until(() => store.counters().compactionFailures === 1, "the failure");
    expect(store.health().cause).toContain(`sst/${vfs.list("sst")[2]}`);
    clock.advance(1e6);
    await turns(50);
    expect(store.counters()).toMatchObject({ compactionFailures: 1, compactionsDue: 0, merges: 0 });
    const other = "00000000-0000-4000-8000-00000000000b";
    await store.createSpace(other);
    // More than enough to stop writes, if the damaged space counted.
    for (let n = 0; n < 1_000; n++) {
      await mustPut(store, `row-${n % rowCount}`, value(n));
      await mustPut(store, `row-${n % rowCount}`, value(n), other);
    }
    await untilCompacted(store, clock);
    expect(store.counters().merges).toBeGreaterThan(0);
    expect(store.counters().compactionFailures).toBe(1);
    await store.close();
  });
});

describe("a long compaction", () => {
  test("is overtaken by that of a space whose writers would soon be slowed down", async () => {
    const vfs = await uncompacted(255 << 10);
    const clock = new ManualClock();
    const store = await openStore({ ...small, vfs, clock });
    const other = "00000000-0000-4000-8000-00000000000b";
    await store.createSpace(other);
    const long = store.counters().level0FilesMost;
    await until(() => vfs.list("sst").length > long, "the long compaction has begun");
    // It keeps to its pace, which is that of a clock that stands still, until the other space is in a hurry.
    const most: number[] = [long];
    for (let n = 0; n < 5_000 && store.counters().merges === 0; n++) {
      await mustPut(store, `row-${n % rowCount}`, value(n), other);
      most.push(store.counters().level0FilesMost);
    }
    // The first to be done is not the first that began.
    expect([long < 6, Math.max(...most) >= 6, most.at(-1)]).toEqual([true, true, long]);
    await untilCompacted(store, clock);
    await checkRows(store);
    await store.close();
  });
});

describe("a space that nobody writes to any more", () => {
  test("is compacted until no more than a fifth lies above its largest level", async () => {
    const clock = new ManualClock();
    const sizes = { memtableBytesMax: 128 << 10, levelBytesMin: 64 << 10 };
    const store = await openStore({ ...small, vfs: memoryVfs(), clock, ...sizes });
    await store.createSpace(space);
    await fill(store, 3);
    await untilCompacted(store, clock);
    // On with it until level 0 is as full as it may be.
    for (let n = 0; store.counters().level0FilesMost !== 3; n++) {
      assert(n < 3_000, "level 0 fills");
      await mustPut(store, `row-${n % rowCount}`, value(n));
      if (n % 10 === 0) await untilCompacted(store, clock);
    }
    const spaceAmplification = () => {
      const bytes = store.counters().levels.map((level) => level.bytes);
      return bytes.reduce((sum, level) => sum + level, 0) / Math.max(...bytes.slice(1));
    };
    expect(spaceAmplification()).toBeGreaterThan(1.3);
    const { merges } = store.counters();
    clock.advance(999);
    await turns(50);
    expect(store.counters().merges).toBe(merges);
    clock.advance(1);
    await untilCompacted(store, clock);
    expect(store.counters()).toMatchObject({ merges: merges + 1, level0FilesMost: 0 });
    expect(spaceAmplification()).toBeLessThan(1.2);
    await store.close();
  });
});

describe("writers that outrun compactions", () => {
  /** A store with so much in level 0 that writes stop, and whose compactions fail. */
  async function stopped() {
    const disk = memoryVfs();
    const filled = await openStore({ ...small, vfs: disk, compaction: false });
    await filled.createSpace(space);
    await fill(filled, 8);
    expect(filled.counters().level0FilesMost).toBeGreaterThan(24);
    await filled.close();
    const clock = new ManualClock();
    let isBroken = true;
    const vfs = new FaultyVfs(disk, (call) => (isBroken && isOutput(call) ? "no-space" : undefined));
    const store = await openStore({ ...small, vfs, clock });
    await until(() => store.counters().compactionFailures === 1, "a failure");
    const heal = () => {
      isBroken = false;
    };
    return { store, clock, heal };
  }

  test("wait while level 0 is too full, and go on when it is not", async () => {
    const { store, clock, heal } = await stopped();
    let kind: string | undefined;
    const writing = put(store, "late", "1").then((outcome) => {
      kind = outcome.kind;
    });
    await turns(50);
    expect(kind).toBeUndefined();
    expect(store.counters().writeStalls).toBe(1);
    heal();
    clock.advance(500);
    await writing;
    expect(kind).toBe("committed");
    expect(store.counters()).toMatchObject({ writeStalls: 1, writeStallMs: 500 });
    await checkRows(store, 8);
    await store.close();
  });

  test("are refused when compactions fail again and again, until one succeeds", async () => {
    const { store, clock, heal } = await stopped();
    const writing = put(store, "late", "1");
    clock.advance(500);
    await until(() => store.counters().compactionFailures === 2, "a failure");
    clock.advance(1_000);
    expect((await writing).kind).toBe("unavailable");
    expect(store.health()).toMatchObject({ state: "read-only" });
    heal();
    clock.advance(2_000);
    await until(() => store.health().state === "ok", "a compaction");
    await mustPut(store, "late", "2");
    await store.close();
  });

  test("are let go when the store is closed", async () => {
    const { store } = await stopped();
    const writing = put(store, "late", "1");
    await turns(20);
    await store.close();
    expect((await writing).kind).toBe("unavailable");
  });

  test("are let go when the space that holds them up is dropped", async () => {
    const { store } = await stopped();
    const other = "00000000-0000-4000-8000-00000000000b";
    await store.createSpace(other);
    const writing = put(store, "late", "1", other);
    await turns(20);
    await store.dropSpace(space);
    expect((await writing).kind).toBe("committed");
    await store.close();
  });

  test("the gate lets through as many bytes per second as it was told", async () => {
    const clock = new ManualClock();
    let written = 0;
    const gate = new WriteGate(clock, () => written);
    written = 1e6;
    expect(gate.waitForRoom()).toBeUndefined();
    gate.setRate(1_000_000);
    expect(gate.waitForRoom()).toBeUndefined();
    const from = written;
    for (let ms = 0; ms < 1_000; ms++) {
      while (gate.waitForRoom() === undefined) written += 300;
      clock.advance(1);
    }
    expect(Math.abs(written - from - 1e6)).toBeLessThan(5_000);
    gate.setRate(Number.POSITIVE_INFINITY);
    expect(gate.waitForRoom()).toBeUndefined();
  });
});
