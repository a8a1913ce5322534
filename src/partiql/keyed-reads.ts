/**
 * Which rows a SELECT has to look at. Where every branch of its condition says what the partition key is, these are some ranges of rows, one per
 * partition and stretch of sort keys, none of which may overlap; otherwise it is all rows.
 */
import { validation } from "../errors.ts";
import type { Condition, Operand } from "../expressions/ast.ts";
import { checkNotEmpty, constantsOf, type KeyPredicate, predicateIn } from "../expressions/key-condition.ts";
import type { AttributeValue } from "../values/attribute-value.ts";
import { compareValues, equalValues } from "../values/compare.ts";
import { compareBounds, intersection, type KeyBounds } from "../values/key-bounds.ts";
import type { KeyAttribute, KeyCondition, KeySchema } from "../values/key-schema.ts";

const READS_MAX = 50;

/** One range of rows of one partition. */
export interface KeyedRead {
  readonly partition: readonly AttributeValue[];
  readonly bounds: KeyBounds;
}

export interface KeyedReads {
  /** By partition key and then sort key, ascending. None: no row can meet the condition. */
  readonly reads: readonly KeyedRead[];
  /** Whether all rows in the ranges meet the condition. */
  readonly isExact: boolean;
}

/**
 * The ranges that a condition selects; undefined when it does not fix the partition key. `boundsOf` gives the rows of a key condition.
 * Throws the service's ValidationException.
 */
export function keyedReads(
  where: Condition,
  schema: KeySchema,
  boundsOf: (condition: KeyCondition) => KeyBounds,
): KeyedReads | undefined {
  if (!fixesPartition(where, schema)) return undefined;
  const split = new Splitter(schema).split(where);
  if (split.branches.length > READS_MAX) throw tooMany();
  let { isExact } = split;
  const reads: KeyedRead[] = [];
  for (const branch of split.branches) {
    const read = readOf(branch, schema, boundsOf);
    isExact &&= read.isExact;
    if (read.bounds !== undefined) reads.push({ partition: read.partition, bounds: read.bounds });
  }
  reads.sort(compareReads);
  refuseOverlaps(reads);
  return { reads, isExact };
}

const tooMany = () => validation("Too many decomposed read operations for a given query.");

/** Whether every branch of a condition says which partition is meant. */
export function fixesPartition(where: Condition, schema: KeySchema): boolean {
  return schema.partition.every(({ name }) => fixes(where, name));
}

function fixes(condition: Condition, name: string): boolean {
  switch (condition.kind) {
    case "and":
      return condition.conditions.some((part) => fixes(part, name));
    case "or":
      return condition.conditions.every((part) => fixes(part, name));
    case "in":
      return choicesOf(condition)?.name === name;
    default: {
      const [attribute, predicate] = predicateIn(condition) ?? [];
      return attribute === name && predicate?.kind === "=";
    }
  }
}

/** The attribute that IN compares with constants, and these; undefined for other operands. */
function choicesOf({
  operand,
  choices,
}: {
  readonly operand: Operand;
  readonly choices: readonly Operand[];
}) {
  const predicates: KeyPredicate[] = [];
  let name = "";
  for (const right of choices) {
    const found = predicateIn({ kind: "compare", comparator: "=", left: operand, right });
    if (found === undefined) return undefined;
    name = found[0];
    predicates.push(found[1]);
  }
  return { name, predicates };
}

/** What a branch says of key attributes, by their names. */
type Branch = ReadonlyMap<string, readonly KeyPredicate[]>;

interface Split {
  readonly branches: readonly Branch[];
  /** Whether the branches say all that the condition does. */
  readonly isExact: boolean;
}

const ALL_ROWS: Split = { branches: [new Map()], isExact: true };
const ANY_ROW: Split = { branches: [new Map()], isExact: false };
/** More than can be read, and few enough to be looked at while others may still contradict them. */
const BRANCHES_MAX = 1000;
/** Pairs of branches that are looked at, those that contradict each other included: some milliseconds of work. */
const PAIRS_MAX = 20_000;

/** Splits a condition into its branches, as far as they are about key attributes. */
class Splitter {
  readonly #keys: ReadonlyMap<string, KeyAttribute>;
  #pairs = 0;

  constructor(schema: KeySchema) {
    this.#keys = new Map([...schema.partition, ...schema.sort].map((key) => [key.name, key]));
  }

  split(condition: Condition): Split {
    switch (condition.kind) {
      case "and":
        return condition.conditions
          .map((part) => this.split(part))
          .reduce((a, b) => this.#conjunction(a, b), ALL_ROWS);
      case "or": {
        const parts = condition.conditions.map((part) => this.split(part));
        const isAboutKeys = parts.some(({ branches }) => branches.some((branch) => branch.size > 0));
        if (!isAboutKeys) return ANY_ROW;
        return {
          branches: parts.flatMap(({ branches }) => branches),
          isExact: parts.every(({ isExact }) => isExact),
        };
      }
      case "in": {
        const choices = choicesOf(condition);
        return choices === undefined ? ANY_ROW : this.#either(choices.name, choices.predicates);
      }
      default: {
        const [name, predicate] = predicateIn(condition) ?? [];
        return name === undefined || predicate === undefined ? ANY_ROW : this.#either(name, [predicate]);
      }
    }
  }

  /** Each branch of `a` with each of `b`, but for pairs that contradict each other. */
  #conjunction(a: Split, b: Split): Split {
    this.#pairs += a.branches.length * b.branches.length;
    if (this.#pairs > PAIRS_MAX) throw tooMany();
    const branches: Branch[] = [];
    for (const left of a.branches) {
      for (const right of b.branches) {
        const both = merged(left, right);
        if (both !== undefined) branches.push(both);
        if (branches.length > BRANCHES_MAX) throw tooMany();
      }
    }
    return { branches, isExact: a.isExact && b.isExact };
  }

  #either(name: string, predicates: readonly KeyPredicate[]): Split {
    const key = this.#keys.get(name);
    if (key === undefined || !predicates.every((predicate) => fits(key, predicate))) return ANY_ROW;
    return { branches: predicates.map((predicate) => new Map([[name, [predicate]]])), isExact: true };
  }
}

/** Whether a predicate can tell rows apart by their keys. An equality that cannot is refused. */
function fits(key: KeyAttribute, predicate: KeyPredicate): boolean {
  const constants = constantsOf(predicate);
  const hasType = constants.every((value) => key.type in value);
  if (predicate.kind === "=") {
    if (!hasType) {
      throw validation(
        `Key attribute's data type should match its data type in table's schema: Key ${key.name}`,
      );
    }
    checkNotEmpty(key.name, predicate.value);
  }
  return hasType && !(predicate.kind === "begins_with" && key.type === "N");
}

/** What both branches say; undefined when they want one attribute to equal two values. */
function merged(a: Branch, b: Branch): Branch | undefined {
  const both = new Map(a);
  for (const [name, predicates] of b) {
    const all = [...(both.get(name) ?? []), ...predicates];
    const equals = all.flatMap((predicate) => (predicate.kind === "=" ? [predicate.value] : []));
    const [first] = equals;
    if (first !== undefined && !equals.every((value) => equalValues(value, first))) return undefined;
    both.set(name, all);
  }
  return both;
}

/** The rows of a branch: no bounds when there can be none. */
function readOf(branch: Branch, schema: KeySchema, boundsOf: (condition: KeyCondition) => KeyBounds) {
  let isExact = true;
  const equal = (name: string): AttributeValue | undefined => {
    const predicates = branch.get(name) ?? [];
    const equality = predicates.find(({ kind }) => kind === "=");
    if (equality !== undefined && predicates.some(({ kind }) => kind !== "=")) isExact = false;
    return equality?.kind === "=" ? equality.value : undefined;
  };
  const partition = schema.partition.flatMap(({ name }) => equal(name) ?? []);
  const sortEquals: AttributeValue[] = [];
  let bounds: KeyBounds | undefined;
  let at = 0;
  for (; at < schema.sort.length; at += 1) {
    const value = equal(schema.sort[at]?.name ?? "");
    if (value === undefined) break;
    sortEquals.push(value);
  }
  bounds = boundsOf({ partition, sortEquals });
  for (const predicate of branch.get(schema.sort[at]?.name ?? "") ?? []) {
    if (predicate.kind === "=" || bounds === undefined) continue;
    bounds = intersection(bounds, boundsOf({ partition, sortEquals, sortRange: predicate }));
  }
  // What is said of sort attributes after a range does not bound the rows.
  if (schema.sort.slice(at + 1).some(({ name }) => branch.has(name))) isExact = false;
  return { partition, bounds, isExact };
}

function compareReads(a: KeyedRead, b: KeyedRead): number {
  return comparePartitions(a, b) || compareBounds(a.bounds, b.bounds);
}

/** Orders reads by the values of their partition keys. */
export function comparePartitions(a: KeyedRead, b: KeyedRead): number {
  for (const [at, value] of a.partition.entries()) {
    const other = b.partition[at];
    const order = other === undefined ? 0 : (compareValues(value, other) ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

function refuseOverlaps(reads: readonly KeyedRead[]): void {
  for (const [at, read] of reads.entries()) {
    const next = reads[at + 1];
    if (next === undefined || intersection(read.bounds, next.bounds) === undefined) continue;
    throw validation("Overlapping conditions with range keys are not supported in where clause");
  }
}
