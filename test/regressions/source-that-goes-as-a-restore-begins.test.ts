/**
 * A restore that was answered could come to nothing, because its source went while the record of the new table was being written. Found by a test of
 * random operations side by side, with kills.
 */
import { expect, test } from "bun:test";
import type { Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";
import { DELAY_MS, latest, ok, scene, statusOf, until } from "../tables/restore-scene.ts";

test("a source is kept from the moment at which its restore is accepted", async () => {
  const clock = new ManualClock();
  const whole = doubleStore({ clock });
  const { promise, resolve } = Promise.withResolvers<void>();
  let isNextHeld = false;
  const store = withMethod(whole, "transact", async (...given: Parameters<Store["transact"]>) => {
    if (isNextHeld) {
      isNextHeld = false;
      await promise;
    }
    return await whole.transact(...given);
  });
  const server = await scene(store, clock);
  isNextHeld = true;
  const restoring = server.call("RestoreTableToPointInTime", latest("Source", "Target"));
  await until(async () => !isNextHeld);
  await ok(server, "DeleteTable", { TableName: "Source" });
  clock.advance(DELAY_MS);
  await until(async () => (await statusOf(server, "Source")) === undefined);
  clock.advance(1);
  await Bun.sleep(5);
  resolve();
  expect(await restoring).toMatchObject({ status: 200 });
  clock.advance(DELAY_MS);
  await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
  expect(await ok(server, "Scan", { TableName: "Target", Select: "COUNT" })).toMatchObject({ Count: 3 });
  await server.catalog.close();
});
