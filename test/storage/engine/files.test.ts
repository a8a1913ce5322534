import { describe, expect, test } from "bun:test";
import { openStore } from "../../../storage/index.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { mustPut, put, space, text, turns, until } from "./support.ts";

const other = "00000000-0000-4000-8000-00000000000b";
const value = new Uint8Array(500).fill(1);

function sizes(vfs: Vfs, directory: string): number {
  let bytes = 0;
  for (const name of vfs.list(directory)) {
    const file = vfs.open(`${directory}/${name}`, "read");
    bytes += file.size();
    file.close();
  }
  return bytes;
}

describe("the files of a store", () => {
  test("log segments go when all they hold is flushed, however long a quiet space keeps its rows in memory", async () => {
    const vfs = memoryVfs();
    const store = await openStore({
      vfs,
      memtableBytesMax: 256 << 10,
      segmentBytesMax: 8 << 10,
      logLagBytesMax: 64 << 10,
      logFillBytes: 0,
    });
    await store.createSpace(space);
    await store.createSpace(other);
    await mustPut(store, "quiet", "here", other);
    let most = 0;
    for (let n = 0; n < 2_000; n++) {
      await mustPut(store, `row-${n % 50}`, value);
      most = Math.max(most, sizes(vfs, "wal"));
    }
    // What half the memory budget takes in the log, the lag, and a segment or two.
    expect(most).toBeLessThan(400 << 10);
    expect(most).toBeGreaterThan(64 << 10);
    expect(text(await store.get(other, "quiet"))).toBe("here");
    await store.close();
    const again = await openStore({ vfs });
    expect(text(await again.get(other, "quiet"))).toBe("here");
    expect(again.stats(space).rows).toBe(50);
    await again.close();
  });

  test("a dropped space takes its SSTables with it, once the last snapshot of it is closed", async () => {
    const vfs = memoryVfs();
    const store = await openStore({ vfs, memtableBytesMax: 64 << 10, logFillBytes: 0 });
    await store.createSpace(space);
    for (let n = 0; n < 500; n++) await mustPut(store, `row-${n}`, value);
    await until(() => vfs.list("sst").length >= 3, "some flushes");
    const snapshot = await store.snapshot([space]);
    await store.dropSpace(space);
    await turns(50);
    expect(vfs.list("sst").length).toBeGreaterThanOrEqual(3);
    for (let n = 0; n < 500; n += 50) expect(await snapshot.get(space, `row-${n}`)).toEqual(value);
    snapshot.close();
    await until(() => vfs.list("sst").length === 0, "the files go");
    await store.close();
  });

  test("many starts with a few commits each do not pile up segments", async () => {
    const vfs = memoryVfs();
    for (let n = 0; n < 60; n++) {
      const store = await openStore({ vfs });
      await store.createSpace(space);
      expect(await put(store, "counter", String(n))).toMatchObject({
        kind: "committed",
        result: n === 0 ? undefined : String(n - 1),
      });
      await turns(20);
      await store.close();
    }
    expect(vfs.list("wal").length).toBeLessThan(25);
    // The one in force, and the one before it, which is kept for repairs.
    expect(vfs.list("").filter((name) => name.startsWith("MANIFEST"))).toHaveLength(2);
  });

  test("an idle log says that it is durable: damage to its last commit is not taken for a torn write", async () => {
    for (const idleMs of [20, 60]) {
      const vfs = memoryVfs();
      const clock = new ManualClock();
      const store = await openStore({ vfs, clock, logFillBytes: 0 });
      await store.createSpace(space);
      await mustPut(store, "a", "1");
      await mustPut(store, "b", "2");
      // The timer of the first commit finds that a second one came, and waits once more.
      clock.advance(idleMs);
      clock.advance(idleMs);
      const crashed = copyOf(vfs);
      await store.close();
      const file = crashed.open("wal/0000000001.wal", "write");
      const end = file.size() - (idleMs > 50 ? 48 : 0);
      file.write(new Uint8Array([255]), end - 20);
      file.close();
      const opening = openStore({ vfs: crashed, clock });
      if (idleMs > 50) {
        await expect(opening).rejects.toMatchObject({ kind: "corruption", file: "wal/0000000001.wal" });
      } else {
        const again = await opening;
        expect(text(await again.get(space, "a"))).toBe("1");
        expect(await again.get(space, "b")).toBeUndefined();
        await again.close();
      }
    }
  });
});

/** The files as a kill of the process leaves them. */
function copyOf(vfs: Vfs): Vfs {
  const copy = memoryVfs();
  for (const directory of ["", "wal", "sst"]) {
    if (directory !== "") copy.makeDirectory(directory);
    for (const name of vfs.list(directory)) {
      if (directory === "" && (name === "wal" || name === "sst")) continue;
      const path = directory === "" ? name : `${directory}/${name}`;
      const from = vfs.open(path, "read");
      const bytes = new Uint8Array(from.size());
      from.read(bytes, 0);
      from.close();
      const to = copy.create(path);
      to.write(bytes, 0);
      to.close();
    }
  }
  return copy;
}
