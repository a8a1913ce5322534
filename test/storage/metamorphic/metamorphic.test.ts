import { expect, test } from "bun:test";
import type { Store } from "../../../storage/index.ts";
import { doubleStore } from "../../support/double-store.ts";
import { withMethod } from "../../support/with-method.ts";
import { type Configuration, configurations, reference } from "./configurations.ts";
import { Interpreter } from "./interpreter.ts";
import { type Operation, randomOperations } from "./operations.ts";
import { reduce } from "./reduce.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
const volume = Number(process.env["VOLUME"] ?? 1);
const lists = 4 * volume;
const operationsPerList = 150;

interface Difference {
  readonly operation: string;
  readonly expected: string;
  readonly found: string;
}

/** What the engines did in all lists, by configuration. */
const work = new Map<Configuration, { flushes: number; merges: number }>();

async function answersOf(one: Configuration, operations: readonly Operation[]): Promise<string[]> {
  try {
    const run = await Interpreter.run(one, operations);
    const { flushes, merges } = work.get(one) ?? { flushes: 0, merges: 0 };
    work.set(one, { flushes: flushes + run.work.flushes, merges: merges + run.work.merges });
    return run.answers;
  } catch (error) {
    return [String(error instanceof Error ? error.stack : error)];
  }
}

/** The first answer that is not the reference's; undefined: there is none. */
async function difference(
  one: Configuration,
  operations: readonly Operation[],
): Promise<Difference | undefined> {
  const expected = await answersOf(reference, operations);
  const found = await answersOf(one, operations);
  const index = expected.findIndex((answer, i) => answer !== found[i]);
  if (index < 0) return undefined;
  return {
    operation: JSON.stringify(operations[index]),
    expected: String(expected[index]),
    found: String(found[index] ?? found.at(-1)),
  };
}

/** What a person needs to see of a difference: the shortest list that shows it. */
async function explain(one: Configuration, operations: readonly Operation[]): Promise<string> {
  const least = await reduce(operations, async (part) => (await difference(one, part)) !== undefined);
  const shown = (await difference(one, least)) ?? (await difference(one, operations));
  const list = least.map((operation) => `  ${JSON.stringify(operation)},`).join("\n");
  return `at ${shown?.operation}\nexpected ${shown?.expected}\nfound    ${shown?.found}\nby the operations [\n${list}\n]`;
}

for (const one of configurations) {
  test(
    `the same answers: ${one.name}`,
    async () => {
      for (let list = 0; list < lists; list++) {
        const own = seed + list;
        const operations = randomOperations(own, operationsPerList);
        if ((await difference(one, operations)) === undefined) continue;
        throw new Error(`SEED=${own}, ${one.name}: ${await explain(one, operations)}`);
      }
      const { flushes, merges } = work.get(one) ?? {};
      console.log(`${one.name}: ${lists} lists, seed ${seed}, ${flushes} flushes, ${merges} merges`);
      if (one.name.includes("tiny")) expect(flushes).toBeGreaterThan(lists);
      if (one.name.includes("tiny") && !one.name.includes("not compacted")) expect(merges).toBeGreaterThan(0);
    },
    240_000 * volume,
  );
}

test("there are enough configurations, and the lists do what they should", async () => {
  expect(configurations.length).toBeGreaterThanOrEqual(8);
  const answers = (await answersOf(reference, randomOperations(seed, 2_000))).join("\n");
  for (const what of [
    "committed",
    "refused",
    "stale",
    "error: not-found",
    "restored",
    "loaded",
    "dropped",
    "reopened",
  ])
    expect(answers).toContain(what);
});

test("a store that forgets some rows is found out, and the list that shows it is short", async () => {
  const forgetful: Configuration = {
    name: "forgetful",
    home() {
      const store = doubleStore();
      const broken: Store = withMethod(store, "get", async (space: string, key: string) =>
        key.endsWith("7") ? undefined : store.get(space, key),
      );
      return { open: () => Promise.resolve(broken), remove: () => {} };
    },
  };
  const operations = randomOperations(7, 500);
  expect(await difference(forgetful, operations)).toBeDefined();
  const least = await reduce(operations, async (part) => (await difference(forgetful, part)) !== undefined);
  expect(least.length).toBeLessThanOrEqual(4);
});
