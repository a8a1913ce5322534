import fc from "fast-check";
import type { LoggedCommit, LoggedRecord } from "./scripted-log.ts";

const key = fc
  .uint8Array({ maxLength: 40 })
  .map((bytes) => String.fromCharCode(...bytes))
  .chain((text) => fc.constantFrom(text, text.repeat(20)));
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const small = fc.uint8Array({ maxLength: 63 });
/** Long enough to be looked for among the values of the same commit. */
const large = fc.uint8Array({ minLength: 64, maxLength: 300, size: "max" });
const f64 = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);

type Seed =
  | { readonly kind: "put"; readonly space: number; readonly key: string; readonly value: Uint8Array }
  /** The value of an earlier put of the commit, with its first `head` bytes changed. */
  | {
      readonly kind: "again";
      readonly space: number;
      readonly key: string;
      readonly of: number;
      readonly head: number;
    }
  | { readonly kind: "delete"; readonly space: number; readonly key: string }
  | {
      readonly kind: "change";
      readonly feed: number;
      readonly shard: number;
      readonly of: number;
      readonly tag: Uint8Array;
      readonly wantsOld: boolean;
      readonly old: Uint8Array | undefined;
    }
  | { readonly kind: "delta"; readonly space: number; readonly rows: number; readonly bytes: number }
  | { readonly kind: "raise"; readonly space: number; readonly generation: number };

const seed: fc.Arbitrary<Seed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      space: u32,
      key,
      value: fc.oneof(small, large),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("again" as const),
      space: u32,
      key,
      of: fc.nat(20),
      head: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), space: u32, key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("change" as const),
      feed: u32,
      shard: u32,
      of: fc.nat(20),
      tag: small,
      wantsOld: fc.boolean(),
      old: fc.option(fc.oneof(small, large), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("delta" as const), space: u32, rows: f64, bytes: f64 }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("raise" as const), space: u32, generation: fc.maxSafeNat() }),
  },
);

/** Turns "of" into what the commit holds so far. */
function resolve(seeds: readonly Seed[]): LoggedRecord[] {
  const records: LoggedRecord[] = [];
  const values: Uint8Array[] = [];
  let rows = 0;
  for (const seed of seeds) {
    if (seed.kind === "change") {
      if (rows === 0) continue;
      const { of, ...rest } = seed;
      records.push({ ...rest, row: of % rows });
      continue;
    }
    if (seed.kind === "again") {
      const { space, key: name, of, head } = seed;
      const value = values[of % Math.max(1, values.length)];
      if (value === undefined) continue;
      // With nothing changed it is now and then the very same array.
      const again = head === 0 ? value : value.map((byte, index) => (index < head ? byte ^ 0x55 : byte));
      records.push({ kind: "put", space, key: name, value: again });
    } else {
      if (seed.kind === "put") values.push(seed.value);
      records.push(seed);
    }
    if (seed.kind === "put" || seed.kind === "delete" || seed.kind === "again") rows += 1;
  }
  return records;
}

/** A commit of any records, values shared within it included. */
export const commit: fc.Arbitrary<LoggedCommit> = fc
  .record({ later: fc.integer({ min: 0, max: 5000 }), seeds: fc.array(seed, { maxLength: 12 }) })
  .map(({ later, seeds }) => ({ later, records: resolve(seeds) }));

/** Commits that share a frame. */
export const group: fc.Arbitrary<readonly LoggedCommit[]> = fc.array(commit, { minLength: 1, maxLength: 6 });
