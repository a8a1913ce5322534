import { seededRandom } from "../../support/seeded-random.ts";

/** How many times the usual number of cases is tried: 1 for `npm test`; `npm run test:long` sets more. */
export const volume = Number(process.env["VOLUME"] ?? 1);
/** Of all choices that are not fast-check's; to be shown with every failure. */
export const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));

/**
 * Places in 0 .. total-1 to try: all of them, if `usual` times the volume is that many; else so many, one at random in each of as many
 * equal stretches.
 */
export function* places(total: number, usual: number): Generator<number> {
  const count = Math.min(total, Math.ceil(usual * volume));
  const random = seededRandom(seed);
  for (let i = 0; i < count; i++) {
    const start = Math.floor((i * total) / count);
    const end = Math.floor(((i + 1) * total) / count);
    yield start + Math.floor(random() * (end - start));
  }
}

/** Adds the seed to whatever `work` throws. */
export async function withSeed<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Error(`SEED=${seed}, ${what}`, { cause: error });
  }
}
