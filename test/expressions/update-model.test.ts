/** Random updates of random items, against an interpreter that changes a copy step by step. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import { item, value } from "./model-values.ts";
import { update } from "./support.ts";

/** A tree of plain JSON that the model changes in place. */
// biome-ignore lint/suspicious/noExplicitAny: the model looks into values without the help of types
type Json = any;
type Step = string | number;

const INVALID_PATH = "The document path provided in the update expression is invalid for update";
const NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item";
const WRONG_TYPE = "An operand in the update expression has an incorrect data type";

class Refusal extends Error {}
const REMOVED = Symbol("removed");

interface Action {
  readonly section: "SET" | "REMOVE" | "ADD" | "DELETE";
  readonly path: readonly Step[];
  /** After the path: " = …", " :?" or "". */
  readonly text: string;
  readonly values: readonly AttributeValue[];
  /** The new value; undefined: nothing changes; REMOVED. `current` is the value at the path. */
  readonly compute: (before: Json, current: Json) => Json;
}

const render = (path: readonly Step[]) =>
  path
    .map((step, depth) => (typeof step === "number" ? `[${step}]` : depth === 0 ? step : `.${step}`))
    .join("");

const clone = (json: Json) => (json === undefined ? undefined : JSON.parse(JSON.stringify(json)));

function inside(holder: Json, step: Step): Json {
  if (typeof step === "number") return holder?.L?.[step];
  return Object.hasOwn(holder?.M ?? {}, step) ? holder.M[step] : undefined;
}

const at = (root: Json, path: readonly Step[]) => path.reduce(inside, { M: root });

// Right-hand sides.

interface Source {
  readonly text: string;
  readonly values: readonly AttributeValue[];
  readonly read: (before: Json) => Json;
}

const paths: readonly (readonly Step[])[] = [["a"], ["b"], ["c", "x"], ["d", 0], ["d", 2], ["nowhere"]];

const readPath = fc.constantFrom(...paths).map(
  (path): Source => ({
    text: render(path),
    values: [],
    read: (before) => at(before, path) ?? refuse(NO_ATTRIBUTE),
  }),
);
const constant = (values: fc.Arbitrary<AttributeValue>) =>
  values.map((v): Source => ({ text: ":?", values: [v], read: () => v }));
const number = fc.constantFrom("1", "0.5", "-3").map((N): AttributeValue => ({ N }));
const list = fc.array(value(0), { maxLength: 2 }).map((L): AttributeValue => ({ L }));

const orElse = (source: fc.Arbitrary<Source>) =>
  fc.tuple(fc.constantFrom(...paths), source).map(
    ([path, other]): Source => ({
      text: `if_not_exists(${render(path)}, ${other.text})`,
      values: other.values,
      read: (before) => at(before, path) ?? other.read(before),
    }),
  );

function combined(
  operand: fc.Arbitrary<Source>,
  write: (a: string, b: string) => string,
  combine: (a: Json, b: Json) => Json,
): fc.Arbitrary<Source> {
  return fc.tuple(operand, operand).map(([a, b]) => ({
    text: write(a.text, b.text),
    values: [...a.values, ...b.values],
    read: (before) => combine(a.read(before), b.read(before)) ?? refuse(WRONG_TYPE),
  }));
}

const numeric = fc.oneof(readPath, constant(number), orElse(constant(number)));
const listLike = fc.oneof(readPath, constant(list), orElse(constant(list)));
const arithmetic = (sign: 1 | -1) => (a: Json, b: Json) =>
  a.N !== undefined && b.N !== undefined ? { N: String(Number(a.N) + sign * Number(b.N)) } : undefined;

const source: fc.Arbitrary<Source> = fc.oneof(
  readPath,
  constant(value(1)),
  orElse(fc.oneof(readPath, constant(value(1)))),
  combined(numeric, (a, b) => `${a} + ${b}`, arithmetic(1)),
  combined(numeric, (a, b) => `${a} - ${b}`, arithmetic(-1)),
  combined(
    listLike,
    (a, b) => `list_append(${a}, ${b})`,
    (a, b) => (a.L !== undefined && b.L !== undefined ? { L: [...a.L, ...b.L] } : undefined),
  ),
);

function refuse(message: string): never {
  throw new Refusal(message);
}

// Actions.

const setType = (v: Json) => ["SS", "NS", "BS"].find((type) => v[type] !== undefined);

/** Sets of the model are sorted like those of stored items: strings by UTF-8, numbers by value, binaries by their bytes. */
function sortedSet(type: string, members: readonly string[]): Json {
  const key = (member: string) => Buffer.from(member, type === "BS" ? "base64" : "utf8");
  const sorted = [...new Set(members)].sort((a, b) =>
    type === "NS" ? Number(a) - Number(b) : Buffer.compare(key(a), key(b)),
  );
  return { [type]: sorted };
}

function add(current: Json, operand: Json): Json {
  if (current === undefined) return operand;
  const type = setType(operand);
  if (type === undefined) return arithmetic(1)(current, operand) ?? refuse(WRONG_TYPE);
  if (current[type] === undefined) return refuse(WRONG_TYPE);
  return sortedSet(type, [...current[type], ...operand[type]]);
}

function remove(current: Json, operand: Json): Json {
  if (current === undefined) return undefined;
  const type = setType(operand) ?? "";
  if (current[type] === undefined) return refuse(WRONG_TYPE);
  const rest = current[type].filter((member: string) => !operand[type].includes(member));
  return rest.length === 0 ? REMOVED : sortedSet(type, rest);
}

const set = value(0).filter((v) => setType(v) !== undefined);

const actionAt = (path: readonly Step[]): fc.Arbitrary<Action> =>
  fc.oneof(
    source.map(
      ({ text, values, read }): Action => ({
        section: "SET",
        path,
        text: ` = ${text}`,
        values,
        compute: (before) => read(before),
      }),
    ),
    fc.constant<Action>({ section: "REMOVE", path, text: "", values: [], compute: () => REMOVED }),
    fc.oneof(number, set).map(
      (operand): Action => ({
        section: "ADD",
        path,
        text: " :?",
        values: [operand],
        compute: (_, current) => add(current, operand),
      }),
    ),
    set.map(
      (operand): Action => ({
        section: "DELETE",
        path,
        text: " :?",
        values: [operand],
        compute: (_, current) => remove(current, operand),
      }),
    ),
  );

/** Sets of targets of which none leads through another. */
const targets = fc
  .constantFrom<(readonly Step[])[]>(
    [["a"], ["b"], ["e"], ["c"], ["d"]],
    [["a"], ["c", "x"], ["c", "z"], ["d", 0], ["d", 1], ["d", 3], ["d", 7], ["d", 8]],
    [["b"], ["c", "x", "y"], ["c", "y", 1], ["d", 1, "x"], ["d", 2, 0], ["d", 12]],
  )
  .chain((all) => fc.shuffledSubarray(all, { minLength: 1 }));

const actions = targets.chain((chosen) => fc.tuple(...chosen.map(actionAt)));

/** Actions of one section stand together; the sections in the order of their first action. */
function grouped(all: readonly Action[]): readonly Action[] {
  const sections = [...new Set(all.map(({ section }) => section))];
  return sections.flatMap((section) => all.filter((action) => action.section === section));
}

function textOf(ordered: readonly Action[]): string {
  let count = 0;
  let previous = "";
  const parts = ordered.map(({ section, path, text }) => {
    const start = section === previous ? ", " : ` ${section} `;
    previous = section;
    return start + render(path) + text.replaceAll(":?", () => `:v${count++}`);
  });
  return parts.join("").trim();
}

/** The item after the actions, or the message of the first refusal. */
function interpret(before: Item | undefined, ordered: readonly Action[]): Json {
  const root = before ?? {};
  const missing = before === undefined;
  const results = ordered.map((action) => {
    const { section, path } = action;
    if (missing && (section === "REMOVE" || section === "DELETE")) return undefined;
    const result = section === "SET" ? action.compute(root, undefined) : undefined;
    const holder = at(root, path.slice(0, -1));
    if (holder === undefined || (typeof path.at(-1) === "number" ? !holder.L : !holder.M))
      refuse(INVALID_PATH);
    return section === "SET" ? result : action.compute(root, at(root, path));
  });
  if (missing && ordered.every(({ section }) => section === "REMOVE" || section === "DELETE")) return null;
  return changed(before ?? { pk: { S: "k" } }, ordered, results);
}

function changed(before: Item, ordered: readonly Action[], results: readonly Json[]): Json {
  const after = clone(before);
  const appended: { list: Json[]; index: number; result: Json }[] = [];
  const lists = new Set<Json>();
  for (const [position, { path }] of ordered.entries()) {
    const result = results[position];
    const step = path.at(-1);
    const holder = at(after, path.slice(0, -1));
    if (result === undefined || step === undefined || holder === undefined) continue;
    if (typeof step === "string") {
      if (result === REMOVED) delete holder.M[step];
      else holder.M[step] = clone(result);
    } else if (step < holder.L.length) holder.L[step] = result === REMOVED ? REMOVED : clone(result);
    else if (result !== REMOVED) appended.push({ list: holder.L, index: step, result: clone(result) });
    if (typeof step === "number") lists.add(holder);
  }
  for (const { list: target, result } of appended.sort((a, b) => a.index - b.index)) target.push(result);
  for (const holder of lists) holder.L = holder.L.filter((element: Json) => element !== REMOVED);
  return after;
}

test("updates agree with the model", () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(fc.option(item, { nil: undefined, freq: 8 }), actions, (before, all) => {
      const ordered = grouped(all);
      const values = ordered.flatMap((action) => action.values).map((v, index) => [`:v${index}`, v]);
      const outcome = (compute: () => unknown) => {
        try {
          return compute();
        } catch (error) {
          return error instanceof Error ? error.message : error;
        }
      };
      const given = outcome(() =>
        update(textOf(ordered), before, values.length === 0 ? undefined : Object.fromEntries(values)),
      );
      expect(given).toEqual(outcome(() => interpret(before, ordered)));
      const kind = typeof given === "string" ? given : "done";
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }),
    { numRuns: 3000 },
  );
  // Each way to end was tried often.
  for (const kind of ["done", INVALID_PATH, NO_ATTRIBUTE, WRONG_TYPE]) {
    expect(outcomes.get(kind) ?? 0).toBeGreaterThan(150);
  }
}, 60_000);
