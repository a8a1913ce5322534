/**
 * Mutants: the store with one durability step left out, or taken too late. Each must be told from the sound store by what a power cut
 * leaves of it; one that cannot be is either a step that nobody needs, or a hole in these tests. `npm test` looks for one
 * image that tells, for what always survives alike; with `MUTANT_IMAGES=all` for many, in many more. `SEED` sets what survives.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Survival } from "../../support/crash-files.ts";
import type { CrashVfs } from "../../support/crash-vfs.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { type Call, MutantVfs, type Mutation } from "./mutant-vfs.ts";
import { type ScenarioName, scenarios } from "./scenarios.ts";
import { orders, type Step, syncs } from "./steps.ts";

const isFull = process.env["MUTANT_IMAGES"] === "all";
const SEED = Number(process.env["SEED"] ?? 20261128);
/** What a power cut leaves, per call: much of it where a mutant has just gone wrong, where the sound store is one of its neighbours. */
const randomImages = isFull ? 32 : 16;
const mutantSurvivals: readonly Survival[] = [
  "durable",
  ...Array.from({ length: randomImages }, () => "random" as const),
];
const soundSurvivals: readonly Survival[] = ["durable", "everything", "random", "random"];
/** A step that was left out shows soon: when the next one relies on it. */
const callsAfter = isFull ? 60 : 32;
/** So many calls are looked at, from the first one on. */
const callsMost = isFull ? 60 : 40;
/** So many images that break a promise are enough. */
const caughtMost = isFull ? 25 : 1;
const TEST_MS_MAX = isFull ? 30 * 60_000 : 240_000;

interface Image {
  readonly point: string;
  readonly survival: Survival;
  readonly image: CrashVfs;
  readonly check: (image: CrashVfs) => Promise<void>;
}

/** Runs a scenario and takes images before the calls that `isOf` picks. */
async function imagesOf(
  name: ScenarioName,
  mutation: Mutation | undefined,
  survivals: readonly Survival[],
  isOf: (mutant: MutantVfs, calls: number) => boolean,
  seen?: (call: Call) => void,
) {
  const random = seededRandom(SEED);
  const { disk, start } = scenarios[name];
  const vfs = await disk();
  const mutant = new MutantVfs(vfs, mutation, seen);
  const run = start();
  const images: Image[] = [];
  vfs.beforeCall = (call, path) => {
    if (!isOf(mutant, vfs.calls) || images.length >= callsMost * survivals.length) return;
    for (const survival of survivals) {
      const point = `${name}, SEED=${SEED}, before call ${vfs.calls} (${call} ${path}), ${survival}`;
      images.push({ point, survival, image: vfs.image(survival, random), check: run.checkNow() });
    }
  };
  await run.script(mutant);
  vfs.beforeCall = undefined;
  return { images, mutated: mutant.mutated };
}

/** Where the mutant differs from the sound store. */
function isWrong({ kind }: Mutation, mutant: MutantVfs): boolean {
  if (mutant.mutated === 0) return false;
  return kind === "postpone" ? mutant.isBehind : mutant.soundSince <= callsAfter;
}

/** Images that break a promise, a few at most. */
async function caughtBy({ mutation, scenario }: Step): Promise<string[]> {
  const { images, mutated } = await imagesOf(scenario, mutation, mutantSurvivals, (mutant) =>
    isWrong(mutation, mutant),
  );
  expect(mutated).toBeGreaterThan(0);
  const caught: string[] = [];
  // What was synced is all that is left: that tells most mutants from the sound store, and is one image to a call.
  const likeliestFirst = ["durable", "random"].flatMap((kind) =>
    images.filter(({ survival }) => survival === kind),
  );
  for (const { point, image, check } of likeliestFirst) {
    try {
      await check(image);
    } catch (error) {
      caught.push(`${point}: ${error instanceof Error ? error.message.split("\n")[0] : error}`);
      if (caught.length === caughtMost) break;
    }
  }
  return caught;
}

describe("the sound store keeps its promises", () => {
  const unknown = new Set<string>();
  const taken = new Set<Step>();
  const stride = isFull ? 7 : 41;
  for (const name of Object.keys(scenarios) as ScenarioName[]) {
    test(
      name,
      async () => {
        const seen = (call: Call) => {
          if (call.name !== "sync" && call.name !== "syncDirectory") return;
          const steps = syncs.filter(({ mutation }) => mutation.step(call));
          for (const step of steps) taken.add(step);
          if (steps.length !== 1)
            unknown.add(`${call.name} ${call.path} by ${call.site}: ${steps.length} steps`);
        };
        const { images } = await imagesOf(
          name,
          undefined,
          soundSurvivals,
          (_, calls) => calls % stride === 0,
          seen,
        );
        for (const { point, image, check } of images) {
          try {
            await check(image);
          } catch (error) {
            throw new Error(point, { cause: error });
          }
        }
        console.log(`${name}: ${images.length} images`);
      },
      TEST_MS_MAX,
    );
  }

  test("every sync is a step of the table, and the runs take every step", () => {
    expect([...unknown]).toEqual([]);
    expect(syncs.filter((step) => !taken.has(step)).map(({ name }) => name)).toEqual([]);
  });
});

describe("a power cut tells from the sound store one", () => {
  for (const [kind, steps] of [
    ["without", syncs],
    ["that breaks the order", orders],
  ] as const) {
    for (const step of steps) {
      test(
        `${kind}: ${step.name}`,
        async () => {
          const caught = await caughtBy(step);
          console.log(`${step.name}: ${caught.length} caught, first ${caught[0]}`);
          expect(caught.length).toBeGreaterThan(0);
        },
        TEST_MS_MAX,
      );
    }
  }
});

test("docs/durability-steps.md has every step, and the run that catches its absence", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../docs/durability-steps.md"), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !/^\| (step|order) \|/.test(line));
  const stated = rows.map((row) => row.split(" | ")).map(([name, , run]) => `${name} | ${run}`);
  expect(stated).toEqual([...syncs, ...orders].map(({ name, scenario }) => `| ${name} | ${scenario} |`));
});
