/** A log segment on a full disk was called wal/new.tmp in messages and in the health report: the name it had been created under. */
import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { put, space } from "../storage/engine/support.ts";
import { FaultyVfs } from "../support/faulty-vfs.ts";

test("a write that does not fit into the log names the segment", async () => {
  let isFull = false;
  const vfs = new FaultyVfs(memoryVfs(), ({ call }) => (isFull && call === "write" ? "no-space" : undefined));
  const store = await openStore({ vfs, logFillBytes: 0 });
  await store.createSpace(space);
  isFull = true;
  expect(await put(store, "a", "1")).toMatchObject({
    kind: "unavailable",
    cause: { file: "wal/0000000001.wal" },
  });
  expect(store.health().cause).toStartWith("wal/0000000001.wal: ");
  await store.close();
});
