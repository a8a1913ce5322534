/**
 * The key that signs shard iterators was made by the first reader of a stream: on a full disk, no stream that nobody had read before could
 * be read. Found by a small tmpfs (test/system).
 */
import { expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { FaultyVfs } from "../support/faulty-vfs.ts";
import { inProcess } from "../support/in-process.ts";
import { pkOf, StreamCaller } from "../support/in-process-streams.ts";

test("a stream can be read for the first time when nothing can be written any more", async () => {
  let isFull = false;
  const vfs = new FaultyVfs(memoryVfs(), ({ call }) => (isFull && call === "write" ? "no-space" : undefined));
  const store = await openStore({ vfs, logFillBytes: 0 });
  const server = await inProcess(store);
  const streams = new StreamCaller(server);
  const arn = await streams.createTable("full");
  await streams.put("full", "a", "b");
  isFull = true;
  const refused = await server.call("PutItem", { TableName: "full", Item: { pk: { S: "c" } } });
  expect(refused.error).toBe("InternalServerError");
  expect((await streams.readAll(arn)).map(pkOf)).toEqual(["a", "b"]);
  await server.catalog.close();
  await store.close();
});
