import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { openStore, type StoreOptions } from "../../../storage/index.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import type { Store } from "../../../storage/store.ts";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { frameKind, segmentPath } from "../../../storage/wal/format.ts";
import { recoverLog } from "../../../storage/wal/log-recovery.ts";
import { readSegmentHeader, scanSegment } from "../../../storage/wal/segment-reader.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { fileOf, filesOf, type StoredFiles, vfsOf, withFile } from "../formats/stored-files.ts";
import { readFile } from "../sstable/support.ts";
import { withDirectory } from "../vfs/directory.ts";

const space = "00000000-0000-4000-8000-00000000000a";
const feed = "00000000-0000-4000-8000-00000000000f";
type Options = Omit<StoreOptions, "vfs">;

async function open(vfs: Vfs, options: Options = {}): Promise<Store> {
  const store = await openStore({ clock: new ManualClock(), logFillBytes: 0, ...options, vfs });
  await store.createSpace(space);
  if (!store.feeds().includes(feed)) await store.createFeed(feed, { shards: 1, oldValues: false });
  return store;
}

/** Commits one row with a change record; returns the record's position. */
async function put(store: Store, key: string): Promise<string> {
  const row = { space, key };
  const outcome = await store.transact({ reads: [row] }, () => ({
    kind: "commit",
    writes: [{ ...row, value: new Uint8Array(100).fill(key.length) }],
    changes: [{ feed, shard: 0, row, tag: new Uint8Array(0) }],
    result: undefined,
  }));
  assert(outcome.kind === "committed", outcome.kind);
  return outcome.positions[0] ?? "";
}

async function keysOf(store: Store): Promise<string[]> {
  const snapshot = await store.snapshot([space]);
  const { rows } = await snapshot.range({ space, rowsMax: 100, bytesMax: 1e9 });
  snapshot.close();
  return rows.map(({ key }) => key);
}

/** The files of a running store: what a kill leaves. */
async function afterKill(
  work: (store: Store, clock: ManualClock) => Promise<void>,
  options: Options = {},
): Promise<StoredFiles> {
  const vfs = memoryVfs();
  const clock = new ManualClock();
  const store = await open(vfs, { ...options, clock });
  await work(store, clock);
  const files = filesOf(vfs);
  await store.close();
  return files;
}

/** The last segment of a directory at rest. */
function lastSegment(vfs: Vfs) {
  const manifest = readManifest(vfs);
  const id = Number(vfs.list("wal").at(-1)?.slice(0, 10));
  assert(manifest !== undefined, "the store has a manifest");
  return { manifest, ...scanSegment(vfs, readSegmentHeader(vfs, id, manifest.header.storeId), undefined) };
}

/** Flips a bit of the last frame of commits in the last segment. */
function damageLastCommit(files: StoredFiles): StoredFiles {
  const path =
    [...files.keys()]
      .filter((name) => name.startsWith("wal/"))
      .sort()
      .at(-1) ?? "";
  const bytes = fileOf(files, path).slice();
  const { segment, bytes: whole } = lastSegment(vfsOf(files));
  // The attest frame, if there is one, is the last 48 bytes.
  const isAttest = whole.view.getUint8(segment.bytes - 48 + 44) === frameKind.attest;
  const at = segment.bytes - (isAttest ? 48 : 0) - 20;
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  return withFile(files, path, bytes);
}

describe("after a kill", () => {
  test("the open segment is copied, closed and never written again; commits go to a new one", () =>
    withDirectory(async (directory) => {
      const files = await afterKill(async (store) => {
        for (const key of ["a", "b", "c"]) await put(store, key);
      });
      const vfs = diskVfs(directory);
      for (const name of ["wal", "sst"]) vfs.makeDirectory(name);
      for (const [path, bytes] of files) {
        const file = vfs.create(path);
        file.write(bytes, 0);
        file.close();
      }
      const path = segmentPath(1);
      const inode = lstatSync(join(directory, path)).ino;
      const before = fileOf(files, path);
      const old = diskVfs(directory).open(path, "read");
      const store = await open(vfs);
      expect(lstatSync(join(directory, path)).ino).not.toBe(inode);
      const kept = new Uint8Array(old.size());
      old.read(kept, 0);
      old.close();
      expect(Buffer.compare(kept, before)).toBe(0);
      const sealed = readFile(vfs, path);
      expect(sealed.subarray(0, before.length)).toEqual(before);
      expect(sealed.length).toBeGreaterThan(before.length);
      await put(store, "d");
      expect(readFile(vfs, path)).toEqual(sealed);
      expect(vfs.list("wal").map((name) => `wal/${name}`)).toEqual([1, 2].map(segmentPath));
      expect(await keysOf(store)).toEqual(["a", "b", "c", "d"]);
      await store.close();
    }));

  test("a damaged last commit passes for torn until the log has been idle for a while", async () => {
    const work = async (store: Store) => {
      for (const key of ["a", "b", "c"]) await put(store, key);
    };
    const busy = await open(vfsOf(damageLastCommit(await afterKill(work))));
    expect(await keysOf(busy)).toEqual(["a", "b"]);
    await busy.close();
    const idle = await afterKill(async (store, clock) => {
      await work(store);
      // At the first look there were commits since; at the second there were none.
      clock.advance(50);
      clock.advance(50);
    });
    await expect(open(vfsOf(damageLastCommit(idle)))).rejects.toMatchObject({
      kind: "corruption",
      file: segmentPath(1),
      offset: expect.any(Number),
    });
  });
});

test("a close leaves a footer that the manifest knows of; the next start copies nothing", async () => {
  const vfs = memoryVfs();
  const store = await open(vfs);
  for (const key of ["a", "b", "c"]) await put(store, key);
  await store.close();
  const { segment, tail, manifest } = lastSegment(vfs);
  expect(tail).toBe("sealed");
  expect(manifest.state.closedSegment).toBe(segment.id);
  const before = readFile(vfs, segment.path);
  const again = await open(vfs);
  expect(readFile(vfs, segment.path)).toEqual(before);
  expect(readManifest(vfs)?.state.closedSegment).toBe(0);
  expect(await keysOf(again)).toEqual(["a", "b", "c"]);
  await again.close();
});

test("a last commit damaged after a close is damage", async () => {
  const vfs = memoryVfs();
  const store = await open(vfs);
  for (const key of ["a", "b", "c"]) await put(store, key);
  await store.close();
  const files = filesOf(vfs);
  const path = segmentPath(1);
  const whole = fileOf(files, path);
  const cut = withFile(files, path, whole.subarray(0, whole.length - 8));
  await expect(open(vfsOf(cut))).rejects.toMatchObject({ kind: "corruption", file: path });
});

const skipped = 2 ** 20;
const sequenceOf = (position: string) => Number(position.slice(0, 16));

for (const durability of [{ mode: "sync" }, { mode: "interval", intervalMs: 10 }, { mode: "off" }] as const) {
  test(`durability ${durability.mode}: which sequences follow a kill, and which a close`, async () => {
    const positions: string[] = [];
    const files = await afterKill(
      async (store) => {
        positions.push(await put(store, "a"), await put(store, "b"));
      },
      { durability },
    );
    const vfs = vfsOf(files);
    const killed = await open(vfs, { durability });
    positions.push(await put(killed, "c"));
    await killed.close();
    const closed = await open(vfs, { durability });
    positions.push(await put(closed, "d"));
    await closed.close();
    const steps = positions.map(sequenceOf);
    const [a = 0, b = 0, c = 0, d = 0] = steps;
    expect(b - a).toBe(1);
    // A kill may have lost commits that were seen: their sequences are not used again.
    expect(c - b).toBe(durability.mode === "sync" ? 1 : skipped + 1);
    expect(d - c).toBe(1);
  });

  test(`durability ${durability.mode}: two kills in a row, the second during recovery, skip no less`, async () => {
    let last = "";
    const files = await afterKill(
      async (store) => {
        last = await put(store, "a");
      },
      { durability },
    );
    // The first recovery gets as far as sealing the last segment.
    const sealing = vfsOf(files);
    const manifest = readManifest(sealing);
    assert(manifest !== undefined, "the store has a manifest");
    recoverLog({
      vfs: sealing,
      storeId: manifest.header.storeId,
      floor: 1,
      replayAfter: 0,
      durableSequence: 0,
      closedSegment: 0,
      visitor: { frame() {}, commit() {}, put() {}, delete() {}, change() {}, delta() {}, raise() {} },
    });
    expect(lastSegment(sealing).tail).toBe("sealed");
    const store = await open(sealing, { durability });
    const step = sequenceOf(await put(store, "b")) - sequenceOf(last);
    expect(step).toBe(durability.mode === "sync" ? 1 : skipped + 1);
    await store.close();
  });
}
