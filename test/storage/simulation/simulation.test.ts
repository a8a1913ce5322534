import { expect, test } from "bun:test";
import { Simulation, type SimulationResult } from "./simulation.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const volume = Number(process.env["VOLUME"] ?? 1);
const runs = 50 * volume;
/** Lives of processes in a run, and what clients do in each. */
const lives = 4;
const actionsPerLife = 100;

async function simulate(own: number): Promise<SimulationResult> {
  try {
    return await new Simulation(own).run(lives, actionsPerLife);
  } catch (error) {
    throw new Error(`SEED=${own}`, { cause: error });
  }
}

test(
  "clients, crashes and restarts in a simulated world: every promise is kept",
  async () => {
    const deaths: Record<string, number> = {};
    let commits = 0;
    let actions = 0;
    for (let run = 0; run < runs; run++) {
      const result = await simulate(seed + run);
      commits += result.commits;
      actions += result.actions;
      for (const [name, count] of Object.entries(result.deaths)) deaths[name] = (deaths[name] ?? 0) + count;
    }
    console.log(
      `${runs} seeds from ${seed}: ${actions} actions, ${commits} commits, ends: ${JSON.stringify(deaths)}`,
    );
    expect(commits).toBeGreaterThan(runs * 20);
  },
  240_000 * volume,
);

test(
  "the same seed gives the same run, event by event",
  async () => {
    for (let run = 0; run < 3 * volume; run++) {
      const own = seed + run;
      const first = await simulate(own);
      expect(await simulate(own)).toEqual(first);
      if (run === 0) expect((await simulate(own + 1_000_000)).trace).not.toBe(first.trace);
    }
  },
  240_000 * volume,
);
