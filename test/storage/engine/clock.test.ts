import { describe, expect, test } from "bun:test";
import { type Clock, memoryVfs, openStore } from "../../../storage/index.ts";

const SPACE = "11111111-1111-4111-8111-111111111111";
const DAY_MS = 24 * 3_600_000;
const START = Date.UTC(2026, 0, 1);

function handClock(): Clock & { time: number } {
  return {
    time: START,
    now() {
      return this.time;
    },
    after: () => () => undefined,
    soon: (task) => void setImmediate(task),
  };
}

/** Opens the store, commits one row, closes it, and tells the log time of the commit. */
async function visit(vfs: ReturnType<typeof memoryVfs>, clock: Clock, acceptClock = false): Promise<number> {
  const store = await openStore({ vfs, clock, acceptClock });
  await store.createSpace(SPACE);
  const row = { space: SPACE, key: "k" };
  const outcome = await store.transact({ reads: [row] }, () => ({
    kind: "commit",
    writes: [{ ...row, value: new Uint8Array(1) }],
    result: undefined,
  }));
  await store.close();
  if (outcome.kind !== "committed") throw new Error(outcome.kind);
  return outcome.time;
}

describe("log time", () => {
  test("stands still while the clock is behind, over restarts too", async () => {
    const vfs = memoryVfs();
    const clock = handClock();
    expect(await visit(vfs, clock)).toBe(START);
    clock.time = START - 30 * DAY_MS;
    expect(await visit(vfs, clock)).toBe(START);
    clock.time = START + 1;
    expect(await visit(vfs, clock)).toBe(START + 1);
  });

  test("a store that lay idle for a year opens; a clock decades ahead is refused, unless accepted", async () => {
    const vfs = memoryVfs();
    const clock = handClock();
    await visit(vfs, clock);
    clock.time = START + 366 * DAY_MS;
    expect(await visit(vfs, clock)).toBe(clock.time);
    clock.time += 20 * 365 * DAY_MS;
    await expect(visit(vfs, clock)).rejects.toMatchObject({ kind: "clock" });
    expect(await visit(vfs, clock, true)).toBe(clock.time);
  });
});
