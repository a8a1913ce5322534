import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { type LocalStore, memoryVfs, openStore } from "../../../storage/index.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { SmallDiskVfs } from "../../support/small-disk-vfs.ts";
import { mustPut, put, space, turns, until } from "./support.ts";

const mebibyte = 1 << 20;
const other = "00000000-0000-4000-8000-00000000000b";

const options = {
  logFillBytes: 0,
  memtableBytesMax: mebibyte,
  segmentBytesMax: 256 << 10,
  logLagBytesMax: 512 << 10,
  compaction: false,
};

/** A store with a ballast of 2 MiB on a disk of 200 MiB. */
async function openOn(vfs: SmallDiskVfs, clock: ManualClock): Promise<LocalStore> {
  const store = await openStore({ ...options, vfs, clock, ballastBytesMax: 2 * mebibyte });
  clock.advance(5_000);
  await until(() => store.health().ballast !== undefined, "the ballast is there or is known to be needed");
  await turns(10);
  return store;
}

function sizeOf(vfs: SmallDiskVfs): number {
  if (!vfs.exists("BALLAST")) return 0;
  const file = vfs.open("BALLAST", "read");
  const size = file.size();
  file.close();
  return size;
}

/** Leaves so many bytes free. */
function fill(vfs: SmallDiskVfs, free: number): void {
  vfs.capacity = vfs.usedBytes + free;
}

/** Writes until a write is refused. */
async function writeUntilRefused(store: LocalStore, into: string): Promise<void> {
  for (let n = 0; n < 1_000; n++) {
    const outcome = await put(store, `row-${n}`, crypto.getRandomValues(new Uint8Array(20_000)), into);
    if (outcome.kind !== "committed") return;
  }
  assert.fail("the disk never filled up");
}

/** As `Catalog` drops a table: a commit that frees space, then the space. */
function remove(store: LocalStore, key: string) {
  return store.transact({ reads: [{ space, key }], frees: true }, () => ({
    kind: "commit",
    writes: [{ space, key, value: undefined }],
    result: undefined,
  }));
}

test("on a full disk the ballast goes, what frees space can be done, and then it comes back and writes with it", async () => {
  const clock = new ManualClock();
  const vfs = new SmallDiskVfs(memoryVfs(), 200 * mebibyte);
  const store = await openOn(vfs, clock);
  for (const id of [space, other]) await store.createSpace(id);
  expect(store.health()).toMatchObject({ state: "ok", ballast: "held" });
  const ballast = sizeOf(vfs);
  expect(ballast).toBeGreaterThan(mebibyte);
  await mustPut(store, "kept", "1");

  fill(vfs, 8 * mebibyte);
  await writeUntilRefused(store, other);
  expect(store.health()).toMatchObject({ state: "read-only", ballast: "released" });
  expect(store.health().cause).toContain("no space left");
  expect(sizeOf(vfs)).toBe(0);
  // What was freed is not for ordinary writes, however long that lasts.
  for (let second = 0; second < 5; second++) {
    clock.advance(1_000);
    await turns(5);
    expect((await put(store, "more", "1")).kind).toBe("unavailable");
  }
  expect(await store.get(space, "kept")).toBeDefined();
  // But for a removal.
  expect((await remove(store, "kept")).kind).toBe("committed");
  await store.dropSpace(other);
  expect(await store.get(space, "kept")).toBeUndefined();

  for (let second = 0; second < 10 && store.health().state !== "ok"; second++) {
    clock.advance(1_000);
    await turns(20);
  }
  expect(store.health()).toMatchObject({ state: "ok", ballast: "held" });
  expect(sizeOf(vfs)).toBe(ballast);
  await mustPut(store, "after", "1");
  await store.close();
  const again = await openOn(vfs, clock);
  expect(again.health()).toMatchObject({ state: "ok", ballast: "held" });
  expect(await again.get(space, "after")).toBeDefined();
  await again.close();
});

test("a store whose disk is full starts without its ballast, read-only, and gets it back", async () => {
  const clock = new ManualClock();
  const vfs = new SmallDiskVfs(memoryVfs(), 200 * mebibyte);
  const first = await openOn(vfs, clock);
  await first.createSpace(space);
  await mustPut(first, "kept", "1");
  await first.close();
  fill(vfs, 0);
  await expect(
    openStore({ ...options, vfs: withoutBallast(vfs), clock: new ManualClock() }),
  ).rejects.toMatchObject({ kind: "no-space", message: expect.stringContaining("no space left") });

  const store = await openStore({ ...options, vfs, clock, ballastBytesMax: 2 * mebibyte });
  expect(store.health()).toMatchObject({ state: "read-only", ballast: "released" });
  expect((await put(store, "more", "1")).kind).toBe("unavailable");
  expect((await remove(store, "kept")).kind).toBe("committed");
  vfs.capacity += 4 * mebibyte;
  clock.advance(1_000);
  await until(() => store.health().state === "ok", "the ballast is back");
  await mustPut(store, "after", "1");
  await store.close();
});

/** The same files on a disk that is just as full, without the ballast. */
function withoutBallast(vfs: SmallDiskVfs): SmallDiskVfs {
  const copy = memoryVfs();
  for (const name of vfs.list("")) {
    if (name === "BALLAST") continue;
    let inner: string[] | undefined;
    try {
      inner = vfs.list(name);
    } catch {
      copyFile(vfs, name, copy);
      continue;
    }
    copy.makeDirectory(name);
    for (const file of inner) copyFile(vfs, `${name}/${file}`, copy);
  }
  const disk = new SmallDiskVfs(copy, 0);
  fill(disk, 0);
  return disk;
}

function copyFile(from: SmallDiskVfs, path: string, to: ReturnType<typeof memoryVfs>): void {
  const source = from.open(path, "read");
  const bytes = new Uint8Array(source.size());
  source.read(bytes, 0);
  source.close();
  const target = to.create(path);
  target.write(bytes, 0);
  target.close();
}

test("there is none in memory, on a small disk, for those who want none, and for runs of a few seconds", async () => {
  for (const [capacity, ballastBytesMax, waitMs] of [
    [50 * mebibyte, 2 * mebibyte, 10_000],
    [200 * mebibyte, 0, 10_000],
    [200 * mebibyte, 2 * mebibyte, 4_000],
  ] as const) {
    const clock = new ManualClock();
    const vfs = new SmallDiskVfs(memoryVfs(), capacity);
    const store = await openStore({ ...options, vfs, clock, ballastBytesMax });
    clock.advance(waitMs);
    await turns(20);
    expect(vfs.exists("BALLAST")).toBe(false);
    expect(store.health().ballast).toBeUndefined();
    await store.close();
  }
  const clock = new ManualClock();
  const store = await openStore({ ...options, vfs: memoryVfs(), clock, ballastBytesMax: 2 * mebibyte });
  clock.advance(10_000);
  await turns(20);
  expect(store.health().ballast).toBeUndefined();
  await store.close();
});
