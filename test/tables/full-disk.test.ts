import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SmallDiskVfs } from "../support/small-disk-vfs.ts";

const mebibyte = 1 << 20;

const definition = (name: string) => ({
  TableName: name,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
});

const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
};

test("on a full disk DeleteTable is what helps: it is taken, and writes return", async () => {
  const clock = new ManualClock();
  const vfs = new SmallDiskVfs(memoryVfs(), 200 * mebibyte);
  const store = await openStore({
    vfs,
    clock,
    logFillBytes: 0,
    memtableBytesMax: mebibyte,
    segmentBytesMax: 256 << 10,
    logLagBytesMax: 512 << 10,
    compaction: false,
    ballastBytesMax: 2 * mebibyte,
  });
  const { call, catalog } = await inProcess(store, { clock });
  for (const name of ["Small", "Large"])
    expect((await call("CreateTable", definition(name))).status).toBe(200);
  const enabled = await call("UpdateContinuousBackups", {
    TableName: "Large",
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  expect(enabled.status).toBe(200);
  const put = (table: string, id: string, bytes: number) => {
    const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64");
    return call("PutItem", { TableName: table, Item: { id: { S: id }, noise: { B: noise } } });
  };
  expect((await put("Small", "kept", 10)).status).toBe(200);
  clock.advance(5_000);
  await turns(20);
  expect(store.health().ballast).toBe("held");

  vfs.capacity = vfs.usedBytes + 8 * mebibyte;
  let refused = false;
  for (let n = 0; n < 1_000 && !refused; n++) refused = (await put("Large", `${n}`, 20_000)).status !== 200;
  assert(refused, "the disk was to fill up");
  // The log looks for room every second; the room that the ballast has left is not for everybody.
  clock.advance(1_000);
  await turns(5);
  expect(await put("Small", "more", 10)).toMatchObject({ status: 500, error: "InternalServerError" });
  expect((await call("GetItem", { TableName: "Small", Key: { id: { S: "kept" } } })).status).toBe(200);
  // What it would leave has no room: its point-in-time recovery is given up first, which is taken, too.
  const recovery = (PointInTimeRecoveryEnabled: boolean) =>
    call("UpdateContinuousBackups", {
      TableName: "Large",
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled },
    });
  expect((await recovery(false)).status).toBe(200);
  expect((await call("DeleteTable", { TableName: "Large" })).status).toBe(200);
  for (let second = 0; second < 10 && store.health().state !== "ok"; second++) {
    clock.advance(1_000);
    await turns(20);
  }
  expect(store.health()).toMatchObject({ state: "ok", ballast: "held" });
  expect((await put("Small", "more", 10)).status).toBe(200);
  await catalog.close();
  await store.close();
});
