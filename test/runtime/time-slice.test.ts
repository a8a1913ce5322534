import { expect, test } from "bun:test";
import { nextTurn, TimeSlice } from "../../src/runtime/time-slice.ts";

/** Keeps the thread busy. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Whether it happens at all: on a busy machine any two lines may be milliseconds apart. */
async function happens(attempt: () => Promise<boolean> | boolean): Promise<boolean> {
  for (let left = 100; left > 0; left -= 1) if (await attempt()) return true;
  return false;
}

test("a slice is over after half a millisecond, and begins anew", async () => {
  const slice = new TimeSlice();
  work(0.6);
  expect(slice.isOver).toBe(true);
  expect(await happens(() => !new TimeSlice().isOver)).toBe(true);
  expect(
    await happens(async () => {
      await slice.next();
      return !slice.isOver;
    }),
  ).toBe(true);
});

test("of those who wait one goes on per turn, first come first served; others run in between", async () => {
  const log: string[] = [];
  const runner = async (name: string) => {
    const slice = new TimeSlice();
    for (let round = 1; round <= 3; round += 1) {
      await slice.next();
      log.push(name);
    }
  };
  let done = false;
  const other = async () => {
    while (!done) {
      log.push("-");
      await nextTurn();
    }
  };
  const running = Promise.all(["a", "b", "c"].map(runner)).then(() => {
    done = true;
  });
  await Promise.all([running, other()]);
  const slices = log
    .join("")
    .replace(/-+/g, "-")
    .split("-")
    .filter((each) => each !== "");
  expect(slices).toEqual(["a", "b", "c", "a", "b", "c", "a", "b", "c"]);
});

test("who begins while others wait joins them early", async () => {
  const waiting = new TimeSlice().next();
  const newcomer = new TimeSlice();
  work(0.2);
  expect(newcomer.isOver).toBe(true);
  await waiting;
  const lastsAlone = () => {
    const alone = new TimeSlice();
    work(0.2);
    return !alone.isOver;
  };
  expect(await happens(lastsAlone)).toBe(true);
});
