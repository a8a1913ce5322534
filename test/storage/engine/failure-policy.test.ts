import { describe, expect, test } from "bun:test";
import { memoryVfs, openStore, type Store, type StoreOptions } from "../../../storage/index.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { type Fault, type FaultyCall, FaultyVfs } from "../../support/faulty-vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { look, mustPut, put, space, text, turns, until } from "./support.ts";

interface Bench {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly disk: CrashVfs;
  /** From now on these calls fail. */
  breakWith(fault: Fault | undefined, matches?: (call: FaultyCall) => boolean): void;
}

/** A store with one space on a disk that can be broken at will. */
async function openBench(options: Omit<StoreOptions, "vfs" | "clock"> = {}): Promise<Bench> {
  const disk = new CrashVfs();
  const clock = new ManualClock();
  let fault: Fault | undefined;
  let matches: (call: FaultyCall) => boolean = () => true;
  const vfs = new FaultyVfs(disk, (call) => (fault !== undefined && matches(call) ? fault : undefined));
  const store = await openStore({ logFillBytes: 0, ...options, vfs, clock });
  await store.createSpace(space);
  return {
    store,
    clock,
    disk,
    breakWith(next, calls = () => true) {
      fault = next;
      matches = calls;
    },
  };
}

const inLog = (name: string) => (call: FaultyCall) => call.call === name && call.path.startsWith("wal/");

describe("a failed log", () => {
  for (const [name, call] of [
    ["write", "write"],
    ["sync", "datasync"],
  ] as const) {
    for (const fault of call === "write" ? (["io"] as const) : (["io", "no-space"] as const)) {
      test(`${fault} from a ${name}: what was under way is unknown, nothing is written any more, reads go on`, async () => {
        const { store, breakWith } = await openBench();
        await mustPut(store, "a", "1");
        breakWith(fault, inLog(call));
        const [written, seen] = await Promise.all([put(store, "a", "2"), look(store, "a")]);
        expect(written.kind).toBe("unknown");
        expect(seen.kind).toBe("unknown");
        expect(await store.failed).toBeInstanceOf(Error);
        expect(store.health().state).toBe("failed");
        breakWith(undefined);
        expect(await put(store, "a", "3")).toMatchObject({ kind: "unavailable" });
        expect(await look(store, "a")).toMatchObject({ kind: "unavailable" });
        await expect(store.createSpace(crypto.randomUUID())).rejects.toThrow();
        expect(text(await store.get(space, "a"))).toBe("1");
        await store.close();
      });
    }
  }

  test("commits that were still forming are unavailable: they were never written", async () => {
    const { store, breakWith } = await openBench();
    breakWith("io", inLog("datasync"));
    const first = put(store, "a", "1");
    await turns(1);
    const second = put(store, "b", "2");
    const third = look(store, "b");
    expect((await first).kind).toBe("unknown");
    expect((await second).kind).toBe("unavailable");
    expect((await third).kind).toBe("unknown");
    await store.close();
  });

  test("a failed sync of the manifest stops the store, too", async () => {
    const { store, breakWith } = await openBench();
    breakWith("io", ({ call, path }) => call === "datasync" && path.startsWith("MANIFEST"));
    await expect(store.createSpace(crypto.randomUUID())).rejects.toMatchObject({ kind: "io" });
    expect(await store.failed).toBeInstanceOf(Error);
    breakWith(undefined);
    expect((await put(store, "a", "1")).kind).toBe("unavailable");
    await store.close();
  });
});

describe("a full disk", () => {
  for (const fault of ["no-space", "short"] as const) {
    test(`${fault}: the commit has not happened, reads go on, writes return when space does`, async () => {
      const { store, breakWith, clock, disk } = await openBench();
      await mustPut(store, "a", "1");
      breakWith(fault, inLog("write"));
      const outcomes = await Promise.all([put(store, "a", "2"), look(store, "a"), put(store, "b", "1")]);
      expect(outcomes.map(({ kind }) => kind)).toEqual(["unavailable", "unknown", "unavailable"]);
      expect(store.health()).toMatchObject({ state: "read-only" });
      expect(store.health().cause).toContain("no-space");
      expect(text(await store.get(space, "a"))).toBe("1");
      expect(await store.get(space, "b")).toBeUndefined();
      expect(store.stats(space)).toEqual({ rows: 1, bytes: 1 });
      clock.advance(1_000);
      expect(store.health().state).toBe("read-only");
      expect((await put(store, "a", "3")).kind).toBe("unavailable");
      breakWith(undefined);
      clock.advance(1_000);
      {
        const { history: _, ...health } = store.health();
        expect(health).toEqual({ state: "ok", durability: "sync" });
      }
      expect(await put(store, "a", "4")).toMatchObject({ kind: "committed", result: "1" });
      expect(store.stats(space)).toEqual({ rows: 1, bytes: 2 });
      // What a power cut leaves now.
      const again = await openStore({ vfs: disk.image("durable", Math.random), clock });
      expect(text(await again.get(space, "a"))).toBe("4");
      expect(await again.get(space, "b")).toBeUndefined();
      expect(again.stats(space)).toEqual({ rows: 1, bytes: 2 });
      await again.close();
      await store.close();
    });
  }

  test("lost generations and feed positions are not used again", async () => {
    const { store, breakWith, clock } = await openBench();
    const feed = crypto.randomUUID();
    await store.createFeed(feed, { shards: 1, oldValues: false });
    const row = { space, key: "a" };
    const change = (generation: number) =>
      store.transact({ fences: [{ space, generation: generation - 1 }], reads: [row] }, () => ({
        kind: "commit",
        writes: [{ ...row, value: new Uint8Array(1) }],
        changes: [{ feed, shard: 0, row, tag: new Uint8Array(0) }],
        raise: [{ space, generation }],
        result: undefined,
      }));
    const first = await change(1);
    breakWith("no-space", inLog("write"));
    const [lost, stale] = await Promise.all([change(2), change(1)]);
    expect([lost.kind, stale.kind]).toEqual(["unavailable", "unknown"]);
    expect(store.generation(space)).toBe(1);
    breakWith(undefined);
    clock.advance(1_000);
    const second = await change(2);
    if (first.kind !== "committed" || second.kind !== "committed") throw new Error("both were to commit");
    const { records } = await store.readFeed(feed, 0, "", 10);
    expect(records.map(({ position }) => position)).toEqual([...first.positions, ...second.positions]);
    await store.close();
  });

  test("no room for a flush: writes stop when memory is full, and go on by themselves", async () => {
    const { store, breakWith, clock } = await openBench({ memtableBytesMax: 64 << 10 });
    breakWith("no-space", ({ call, path }) => call === "create" && path.startsWith("sst/"));
    const value = new Uint8Array(1_000);
    let kind = "committed";
    for (let n = 0; n < 500 && kind === "committed"; n++) {
      const running = put(store, `row-${n}`, value).then((outcome) => {
        kind = outcome.kind;
        return true;
      });
      let isDone = false;
      void running.then(() => {
        isDone = true;
      });
      for (let i = 0; !isDone && i < 10_000; i++) {
        await turns(1);
        if (i > 20) clock.advance(50);
      }
      await running;
    }
    expect(kind).toBe("unavailable");
    expect(store.health().state).toBe("read-only");
    expect(store.health().backgroundError).toBe(store.health().cause);
    expect((await store.get(space, "row-0"))?.length).toBe(1_000);
    breakWith(undefined);
    clock.advance(500);
    await until(() => store.health().state === "ok", "the flush succeeds");
    {
      const { history: _, ...health } = store.health();
      expect(health).toEqual({ state: "ok", durability: "sync" });
    }
    await mustPut(store, "after", "1");
    await store.close();
  });
});

describe("an SSTable that the disk refuses to read", () => {
  test('fails that read, never as "not found"; others go on, and it is read again when the disk gives it', async () => {
    const { store, breakWith, disk } = await openBench({ memtableBytesMax: 32 << 10, cacheBytesMax: 0 });
    for (let n = 0; n < 100; n++) await mustPut(store, `row-${n}`, new Uint8Array(500).fill(n));
    await until(() => disk.list("sst").length > 0, "a flush");
    breakWith("io", ({ call, path }) => call === "read" && path.startsWith("sst/"));
    await expect(store.get(space, "row-0")).rejects.toMatchObject({
      kind: "io",
      file: expect.stringMatching(/^sst\//),
    });
    const snapshot = await store.snapshot([space]);
    await expect(
      snapshot.range({ space, rowsMax: 1_000, bytesMax: Number.MAX_SAFE_INTEGER }),
    ).rejects.toMatchObject({ kind: "io" });
    snapshot.close();
    expect(store.health().state).toBe("ok");
    expect(store.health().degraded?.[0]?.file).toMatch(/^sst\//);
    await mustPut(store, "other", "1");
    expect(text(await store.get(space, "other"))).toBe("1");
    breakWith(undefined);
    expect((await store.get(space, "row-0"))?.length).toBe(500);
    await store.close();
  });
});

describe("a damaged SSTable", () => {
  test("fails the read with file and offset, and the store says that it is degraded", async () => {
    const vfs = memoryVfs();
    const options = { vfs, memtableBytesMax: 32 << 10, cacheBytesMax: 0 };
    const store = await openStore(options);
    await store.createSpace(space);
    for (let n = 0; n < 100; n++) await mustPut(store, `row-${n}`, new Uint8Array(500).fill(n));
    await until(() => vfs.list("sst").length > 0, "a flush");
    const [name] = vfs.list("sst");
    const file = vfs.open(`sst/${name}`, "write");
    const damage = new Uint8Array(8).fill(255);
    file.write(damage, 20);
    await expect(store.get(space, "row-0")).rejects.toMatchObject({
      kind: "corruption",
      file: `sst/${name}`,
    });
    expect(store.health().state).toBe("ok");
    expect(store.health().cause).toContain(`sst/${name}`);
    const error = store.health().cause ?? "";
    expect(store.health().degraded).toEqual([{ file: `sst/${name}`, error }]);
    await mustPut(store, "other", "1");
    await store.close();
  });
});
