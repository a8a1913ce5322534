/** Random tables, histories and reads for the model of Query and Scan. */
import fc from "fast-check";
import type { Condition, Item, Key, Source, Value } from "./oracle.ts";

const S = (text: string): Value => ({ S: text });
const N = (text: string): Value => ({ N: text });
const B = (text: string): Value => ({ B: text });

/** Few values, so that histories meet; prefixes of one another, beyond the basic plane, with zero bytes, longer than a key row keeps. */
const VALUES: Readonly<Record<Key["type"], readonly Value[]>> = {
  S: ["a", "ab", "a\u0000", "b", "é", "\uffff", "\u{1f600}", "L".repeat(300)].map(S),
  N: ["-12", "-1", "0", "1", "2.5", "7", "30"].map(N),
  B: ["AA==", "AAA=", "AAE=", "AQ==", "gA==", "/w==", "//8="].map(B),
};

export const keyValue = (type: Key["type"]): fc.Arbitrary<Value> => fc.constantFrom(...VALUES[type]);

/** Attributes that may become keys of indexes, with the types they have there. */
const POOL: readonly Key[] = [
  { name: "a", type: "S" },
  { name: "b", type: "N" },
  { name: "c", type: "B" },
];
/** Attributes that never are keys. */
const PLAIN = ["d", "e"];
export const OTHER_NAMES: readonly string[] = [...POOL.map((key) => key.name), ...PLAIN];

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  keyValue("S"),
  keyValue("N"),
  keyValue("B"),
  fc.constant({ BOOL: true }),
);
/** Long enough to tell capacity units apart; too long for three of them in a key. */
const plainValue: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: anyValue, weight: 3 },
  { arbitrary: fc.constantFrom(0, 1_000, 3_000).map((length) => S("x".repeat(length))), weight: 1 },
);

/** A value for an attribute: of its key type, now and then of another. */
const attributeValue = (name: string): fc.Arbitrary<Value> => {
  const key = POOL.find((each) => each.name === name);
  return key === undefined
    ? plainValue
    : fc.oneof({ arbitrary: keyValue(key.type), weight: 24 }, { arbitrary: anyValue, weight: 2 });
};

const projection: fc.Arbitrary<Source["projected"]> = fc.oneof(
  fc.constant(undefined),
  fc.constant([]),
  fc.uniqueArray(fc.constantFrom(...OTHER_NAMES), { minLength: 1, maxLength: 3 }),
);

/** A table with partition key pk, perhaps a sort key sk. */
const table: fc.Arbitrary<Source> = fc
  .record({
    hash: fc.constantFrom<Key["type"]>("S", "N", "B"),
    range: fc.constantFrom<Key["type"] | undefined>("S", "N", "B", undefined),
  })
  .map(({ hash, range }) => ({
    name: "",
    kind: "table",
    hash: [{ name: "pk", type: hash }],
    range: range === undefined ? [] : [{ name: "sk", type: range }],
    projected: undefined,
  }));

/** A global index on one to three of the pool's attributes and the table's keys. */
const globalIndex = (of: Source, name: string): fc.Arbitrary<Source> =>
  fc
    .record({
      keys: fc.uniqueArray(fc.constantFrom(...POOL, ...of.hash, ...of.range), {
        minLength: 1,
        maxLength: 3,
        selector: (key) => key.name,
      }),
      hashes: fc.integer({ min: 1, max: 2 }),
      projected: projection,
    })
    .map(({ keys, hashes, projected }) => ({
      name,
      kind: "global",
      hash: keys.slice(0, hashes),
      range: keys.slice(hashes),
      projected,
    }));

const localIndex = (of: Source, name: string): fc.Arbitrary<Source> =>
  fc.record({ range: fc.constantFrom(...POOL), projected: projection }).map(({ range, projected }) => ({
    name,
    kind: "local",
    hash: of.hash,
    range: [range],
    projected,
  }));

/** One step of a history. Keys and attributes are those of an item, values for conditions. */
export type Step =
  | { readonly kind: "put"; readonly item: Item }
  | { readonly kind: "delete"; readonly key: Item }
  | { readonly kind: "set"; readonly key: Item; readonly name: string; readonly value: Value }
  | { readonly kind: "remove"; readonly key: Item; readonly name: string }
  | { readonly kind: "create index"; readonly index: Source }
  | { readonly kind: "delete index" }
  | { readonly kind: "crash" };

const withoutGaps = (item: Readonly<Record<string, Value | undefined>>): Item =>
  Object.fromEntries(
    Object.entries(item).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );

const keyOf = ({ hash, range }: Source): fc.Arbitrary<Item> =>
  fc.record(Object.fromEntries([...hash, ...range].map(({ name, type }) => [name, keyValue(type)])));

const itemOf = (of: Source): fc.Arbitrary<Item> =>
  fc
    .record({
      key: keyOf(of),
      others: fc.record(Object.fromEntries(OTHER_NAMES.map((name) => [name, attributeValue(name)])), {
        requiredKeys: [],
      }),
    })
    .map(({ key, others }) => ({ ...key, ...withoutGaps(others) }));

const stepOf = (of: Source): fc.Arbitrary<Step> => {
  const key = keyOf(of);
  const name = fc.constantFrom(...OTHER_NAMES);
  return fc.oneof(
    { weight: 40, arbitrary: itemOf(of).map((item): Step => ({ kind: "put", item })) },
    { weight: 8, arbitrary: key.map((each): Step => ({ kind: "delete", key: each })) },
    {
      weight: 12,
      arbitrary: fc
        .tuple(key, name)
        .chain(([each, attribute]) =>
          attributeValue(attribute).map(
            (value): Step => ({ kind: "set", key: each, name: attribute, value }),
          ),
        ),
    },
    {
      weight: 8,
      arbitrary: fc
        .tuple(key, name)
        .map(([each, attribute]): Step => ({ kind: "remove", key: each, name: attribute })),
    },
    {
      weight: 2,
      arbitrary: fc
        .integer({ min: 0, max: 999 })
        .chain((at) => globalIndex(of, `added-${at}`))
        .map((index): Step => ({ kind: "create index", index })),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: "delete index" }) },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: "crash" }) },
  );
};

/** What a read looks at beside its source: indexes into lists whose lengths only the history decides. */
export interface ReadChoice {
  readonly source: number;
  readonly entry: number;
  readonly isQuery: boolean;
  readonly forward: boolean;
  readonly consistent: boolean;
  /** How many attributes of the sort key are compared with `=`. */
  readonly equals: number;
  readonly operator: Condition["operator"] | undefined;
  /** Values for the operator, by type. */
  readonly operands: Readonly<Record<Key["type"], readonly [Value, Value]>>;
  readonly filter:
    | { readonly kind: "exists" | "=" | ">"; readonly name: string; readonly value: Value }
    | undefined;
  readonly select: "COUNT" | "ALL_ATTRIBUTES" | readonly string[] | undefined;
}

const operands = (type: Key["type"]) => fc.tuple(keyValue(type), keyValue(type));

const readChoice: fc.Arbitrary<ReadChoice> = fc.record({
  source: fc.nat(),
  entry: fc.nat(),
  isQuery: fc.boolean(),
  forward: fc.boolean(),
  consistent: fc.boolean(),
  equals: fc.nat({ max: 2 }),
  operator: fc.constantFrom<ReadChoice["operator"]>(
    undefined,
    "<",
    "<=",
    ">",
    ">=",
    "begins_with",
    "BETWEEN",
  ),
  operands: fc.record({ S: operands("S"), N: operands("N"), B: operands("B") }),
  filter: fc.option(
    fc.record({
      kind: fc.constantFrom("exists" as const, "=" as const, ">" as const),
      name: fc.constantFrom("pk", "sk", ...OTHER_NAMES),
      value: fc.oneof(keyValue("S"), keyValue("N"), keyValue("B")),
    }),
    { nil: undefined },
  ),
  select: fc.oneof(
    fc.constantFrom<ReadChoice["select"]>(undefined, "COUNT", "ALL_ATTRIBUTES"),
    fc.uniqueArray(fc.constantFrom("pk", "sk", ...OTHER_NAMES), { minLength: 1, maxLength: 3 }),
  ),
});

export interface Scenario {
  readonly table: Source;
  readonly indexes: readonly Source[];
  readonly steps: readonly Step[];
  readonly reads: readonly ReadChoice[];
}

/** Tables with up to two local and two global indexes, their histories, and reads of what becomes of them. */
export const scenario = (steps: number, reads: number): fc.Arbitrary<Scenario> =>
  table.chain((of) =>
    fc
      .record({
        local: of.range.length === 0 ? fc.constant(0) : fc.nat({ max: 2 }),
        global: fc.nat({ max: 2 }),
      })
      .chain(({ local, global }) =>
        fc.record({
          table: fc.constant(of),
          indexes: fc.tuple(
            ...Array.from({ length: local }, (_, at) => localIndex(of, `local-${at}`)),
            ...Array.from({ length: global }, (_, at) => globalIndex(of, `global-${at}`)),
          ),
          steps: fc.array(stepOf(of), { minLength: Math.floor(steps / 2), maxLength: steps, size: "max" }),
          reads: fc.array(readChoice, { minLength: reads, maxLength: reads }),
        }),
      ),
  );
