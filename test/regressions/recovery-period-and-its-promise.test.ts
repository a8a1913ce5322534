/**
 * A shorter period of recovery was told the store first: when the record could not be written then, it went on to promise a past that the store was
 * giving up, and to ask for the old period again changed nothing. Nor did it help to disable recovery again when the store had failed to forget. Found by
 * reading.
 */
import { expect, test } from "bun:test";
import type { Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";
import { ok, recovery, scene } from "../tables/restore-scene.ts";

const DAY_MS = 86_400_000;

test("the store keeps what the record of a table promises, and what is asked for again", async () => {
  const clock = new ManualClock();
  const store = doubleStore({ clock });
  const periods: number[] = [];
  let isFull = false;
  let isForgetful = true;
  const counted = withMethod(store, "keepHistory", async (...given: Parameters<Store["keepHistory"]>) => {
    if (given[1] === 0 && !isForgetful) throw new Error("nothing can be forgotten now");
    periods.push(given[1] / DAY_MS);
    await store.keepHistory(...given);
  });
  const filling = withMethod(counted, "transact", (...given: Parameters<Store["transact"]>) =>
    isFull ? { kind: "unavailable", cause: new Error("full") } : store.transact(...given),
  );
  const server = await scene(filling, clock);
  const change = (RecoveryPeriodInDays: number) =>
    recovery("Source", { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays });
  expect(periods).toEqual([35]);
  isFull = true;
  expect(await server.call("UpdateContinuousBackups", change(1))).toMatchObject({ status: 500 });
  expect(periods).toEqual([35]);
  isFull = false;
  await ok(server, "UpdateContinuousBackups", change(1));
  await ok(server, "UpdateContinuousBackups", change(1));
  await ok(server, "UpdateContinuousBackups", change(7));
  expect(periods).toEqual([35, 1, 1, 7]);

  const disable = recovery("Source", { PointInTimeRecoveryEnabled: false });
  isForgetful = false;
  expect(await server.call("UpdateContinuousBackups", disable)).toMatchObject({ status: 500 });
  isForgetful = true;
  await ok(server, "UpdateContinuousBackups", disable);
  await ok(server, "UpdateContinuousBackups", disable);
  expect(periods).toEqual([35, 1, 1, 7, 0]);
  await server.catalog.close();
});
