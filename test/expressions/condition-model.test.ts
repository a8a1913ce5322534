/** Random conditions on random items, against an evaluator written plainly from the documentation. */
import { expect, test } from "bun:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import { conditionOf } from "../../src/expressions/condition.ts";
import type { AttributeValue, Item } from "../../src/values/attribute-value.ts";
import { item, scalar, value } from "./model-values.ts";
import { test as evaluate } from "./support.ts";

type Maybe = AttributeValue | undefined;

/** Something that can be written and evaluated. `values` are the constants of its text, one per `:?`. */
interface Term<Result> {
  readonly text: string;
  readonly values: readonly AttributeValue[];
  readonly eval: (item: Item) => Result;
}

const typeName = (v: AttributeValue) => Object.keys(v)[0] ?? "";
// biome-ignore lint/suspicious/noExplicitAny: the model looks into values without the help of types
const content = (v: AttributeValue): any => Object.values(v)[0];

function equal(a: Maybe, b: Maybe): boolean {
  if (a === undefined || b === undefined || typeName(a) !== typeName(b)) return false;
  const [x, y] = [content(a), content(b)];
  switch (typeName(a)) {
    case "N":
      return new Decimal(x).eq(y);
    case "SS":
    case "NS":
    case "BS":
      return x.length === y.length && x.every((member: string) => y.includes(member));
    case "L":
      return x.length === y.length && x.every((element: AttributeValue, at: number) => equal(element, y[at]));
    case "M":
      return (
        Object.keys(x).length === Object.keys(y).length &&
        Object.keys(x).every((name) => equal(x[name], y[name]))
      );
    default:
      return x === y;
  }
}

/** -1, 0 or 1; NaN for what has no order. */
function order(a: Maybe, b: Maybe): number {
  if (a === undefined || b === undefined || typeName(a) !== typeName(b)) return Number.NaN;
  if ("N" in a) return new Decimal(a.N).cmp(content(b));
  if ("S" in a) return Buffer.compare(Buffer.from(a.S), Buffer.from(content(b)));
  if ("B" in a) return Buffer.compare(Buffer.from(a.B, "base64"), Buffer.from(content(b), "base64"));
  return Number.NaN;
}

function contains(a: Maybe, b: Maybe): boolean {
  if (a === undefined || b === undefined) return false;
  switch (typeName(a) + typeName(b)) {
    case "SS":
      return content(a).indexOf(content(b)) >= 0;
    case "BB":
      return Buffer.from(content(a), "base64").indexOf(Buffer.from(content(b), "base64")) >= 0;
    case "SSS":
    case "NSN":
    case "BSB":
      return content(a).includes(content(b));
    default:
      return typeName(a) === "L" && content(a).some((element: AttributeValue) => equal(element, b));
  }
}

function beginsWith(a: Maybe, b: Maybe): boolean {
  if (a === undefined || b === undefined || typeName(a) !== typeName(b)) return false;
  const encoding = "B" in a ? "base64" : "utf8";
  if (!("S" in a || "B" in a)) return false;
  return Buffer.from(content(a), encoding).indexOf(Buffer.from(content(b), encoding)) === 0;
}

function size(v: Maybe): Maybe {
  if (v === undefined || "N" in v || "BOOL" in v || "NULL" in v) return undefined;
  if ("B" in v) return { N: String(Buffer.from(v.B, "base64").length) };
  const inside = content(v);
  return { N: String(inside.length ?? Object.keys(inside).length) };
}

function at(from: Item, path: string): Maybe {
  const steps = path.split(/[.[\]]/).filter((part) => part !== "");
  return steps.reduce<Maybe>((inside, step) => inside && follow(inside, step), { M: from });
}

function follow(inside: AttributeValue, step: string): Maybe {
  if (/^\d/.test(step)) return "L" in inside ? inside.L[Number(step)] : undefined;
  return "M" in inside ? inside.M[step] : undefined;
}

const path = fc.constantFrom("a", "b", "c", "c.x", "c.y", "c.x.x", "d", "d[0]", "d[1].y", "nowhere");
const pathTerm = path.map((text): Term<Maybe> => ({ text, values: [], eval: (from) => at(from, text) }));
const constant = (values: fc.Arbitrary<AttributeValue>) =>
  values.map((v): Term<Maybe> => ({ text: ":?", values: [v], eval: () => v }));
const sizeTerm = path.map(
  (text): Term<Maybe> => ({ text: `size(${text})`, values: [], eval: (from) => size(at(from, text)) }),
);

/** Operands of ordering operators; constants of other types are refused statically. */
const orderable = fc.oneof(pathTerm, constant(scalar), sizeTerm);
const anything = fc.oneof(pathTerm, constant(value(1)), sizeTerm);
const stringLike = fc.oneof(pathTerm, constant(scalar.filter((v) => !("N" in v))));

function join<A, R>(
  terms: readonly Term<A>[],
  write: (texts: string[]) => string,
  compute: (results: A[]) => R,
): Term<R> {
  return {
    text: write(terms.map(({ text }) => text)),
    values: terms.flatMap(({ values }) => values),
    eval: (from) => compute(terms.map((term) => term.eval(from))),
  };
}

const comparators: Record<string, (a: Maybe, b: Maybe) => boolean> = {
  "=": equal,
  "<>": (a, b) => !equal(a, b),
  "<": (a, b) => order(a, b) < 0,
  "<=": (a, b) => order(a, b) <= 0,
  ">": (a, b) => order(a, b) > 0,
  ">=": (a, b) => order(a, b) >= 0,
};

const isDistinct = ([a, b]: readonly Term<Maybe>[]) => a?.text !== b?.text || a?.text === ":?";

const comparison = fc.constantFrom(...Object.keys(comparators)).chain((operator) => {
  const operand = operator === "=" || operator === "<>" ? anything : orderable;
  return fc
    .tuple(operand, operand)
    .filter(isDistinct)
    .map((pair) =>
      join(
        pair,
        ([a, b]) => `${a} ${operator} ${b}`,
        ([a, b]) => comparators[operator]?.(a, b) ?? false,
      ),
    );
});

const between = fc.tuple(orderable, pathTerm, orderable).map((terms) =>
  join(
    terms,
    ([a, b, c]) => `${a} BETWEEN ${b} AND ${c}`,
    ([a, b, c]) => order(a, b) >= 0 && order(a, c) <= 0,
  ),
);

const membership = fc.array(anything, { minLength: 2, maxLength: 5 }).map((terms) =>
  join(
    terms,
    ([a, ...rest]) => `${a} IN (${rest.join(", ")})`,
    ([a, ...rest]) => rest.some((b) => equal(a, b)),
  ),
);

const existence = pathTerm.chain((term) =>
  fc.constantFrom(
    join(
      [term],
      ([a]) => `attribute_exists(${a})`,
      ([a]) => a !== undefined,
    ),
    join(
      [term],
      ([a]) => `attribute_not_exists(${a})`,
      ([a]) => a === undefined,
    ),
  ),
);

const typeTest = fc
  .tuple(anything, fc.constantFrom("S", "N", "B", "SS", "NS", "BS", "BOOL", "NULL", "L", "M"))
  .map(
    ([term, type]): Term<boolean> => ({
      text: `attribute_type(${term.text}, :?)`,
      values: [...term.values, { S: type }],
      eval: (from) => {
        const v = term.eval(from);
        return v !== undefined && typeName(v) === type;
      },
    }),
  );

const search = fc.oneof(
  fc
    .tuple(anything, anything)
    .filter(isDistinct)
    .map((pair) =>
      join(
        pair,
        ([a, b]) => `contains(${a}, ${b})`,
        ([a, b]) => contains(a, b),
      ),
    ),
  fc.tuple(stringLike, stringLike).map((pair) =>
    join(
      pair,
      ([a, b]) => `begins_with(${a}, ${b})`,
      ([a, b]) => beginsWith(a, b),
    ),
  ),
);

const predicate = fc.oneof(comparison, comparison, between, membership, existence, typeTest, search);

/** Conditions written with no more parentheses than they need. */
const condition = fc.letrec<{ or: Term<boolean>; and: Term<boolean>; not: Term<boolean> }>((tie) => ({
  or: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("and"),
    fc.tuple(tie("and"), tie("and")).map((terms) =>
      join(
        terms,
        (texts) => texts.join(" OR "),
        (results) => results.some(Boolean),
      ),
    ),
  ),
  and: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("not"),
    fc.tuple(tie("not"), tie("not"), tie("not")).map((terms) =>
      join(
        terms,
        (texts) => texts.join(" and "),
        (results) => results.every(Boolean),
      ),
    ),
  ),
  not: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    predicate,
    tie("not").map((term) =>
      join(
        [term],
        ([text]) => `NOT ${text}`,
        ([result]) => !result,
      ),
    ),
    fc.tuple(predicate, tie("or")).map((terms) =>
      join(
        terms,
        ([a, b]) => `(${a} OR ${b})`,
        ([a, b]) => a === true || b === true,
      ),
    ),
  ),
})).or;

test("conditions agree with the model", () => {
  let held = 0;
  const runs = 2000;
  fc.assert(
    fc.property(condition, item, (term, on) => {
      let count = 0;
      const text = term.text.replaceAll(":?", () => `:v${count++}`);
      const values = Object.fromEntries(term.values.map((v, index) => [`:v${index}`, v]));
      const result = evaluate(text, on, count === 0 ? undefined : values);
      expect(result).toBe(term.eval(on));
      if (result) held++;
    }),
    { numRuns: runs },
  );
  // The test is worth its while only if both answers are common.
  expect(held).toBeGreaterThan(runs / 10);
  expect(held).toBeLessThan((runs * 9) / 10);
}, 60_000);

test("trees that no text was written for are conditions too", () => {
  const { test: holds } = conditionOf({
    kind: "compare",
    comparator: "=",
    left: { kind: "path", path: ["#not a placeholder"] },
    right: { kind: "value", value: { N: "1" } },
  });
  expect(holds({ "#not a placeholder": { N: "1" } })).toBe(true);
});
