/**
 * Conditions as functions: the tree is walked once per request and becomes closures, which are called per item. No item makes
 * them fail: a value that is missing or of another type only makes a predicate false (and `<>` true).
 */
import {
  type AttributeValue,
  attribute,
  type Item,
  newItem,
  type TypeName,
} from "../values/attribute-value.ts";
import { compareValues, equalValues } from "../values/compare.ts";
import { type DocumentPath, valueAt } from "../values/document-path.ts";
import type { Comparator, Condition, Operand } from "./ast.ts";
import { bindCondition } from "./bind-condition.ts";
import { parseCondition } from "./condition-parser.ts";
import { beginsWith, contains, sizeOf } from "./functions.ts";
import type { Placeholders } from "./placeholders.ts";

export interface CompiledCondition {
  /** Whether an item (undefined: absent, which is like having no attributes) meets the condition. */
  test(item: Item | undefined): boolean;
  /** The paths that the condition looks at, with real names. */
  paths(): readonly DocumentPath[];
}

/** Compiles the text of a condition or filter. Throws the service's ValidationException. */
export function compileCondition(
  kind: "ConditionExpression" | "FilterExpression",
  text: string,
  placeholders: Placeholders,
): CompiledCondition {
  return conditionOf(bindCondition(kind, parseCondition(kind, text), placeholders));
}

/** Compiles a condition given as a tree. */
export function conditionOf(condition: Condition): CompiledCondition {
  const test = predicate(condition);
  return {
    test: (item) => test(item ?? NO_ATTRIBUTES),
    paths: () => operandsOf(condition).flatMap(pathOf),
  };
}

type Predicate = (item: Item) => boolean;
type Reader = (item: Item) => AttributeValue | undefined;

const NO_ATTRIBUTES = newItem();

function predicate(condition: Condition): Predicate {
  switch (condition.kind) {
    case "compare":
      return comparison(condition.comparator, reader(condition.left), reader(condition.right));
    case "between":
      return betweenness(reader(condition.operand), reader(condition.lower), reader(condition.upper));
    case "in":
      return membership(reader(condition.operand), condition.choices.map(reader));
    case "attribute_exists": {
      const read = pathReader(condition.path);
      return (item) => read(item) !== undefined;
    }
    case "attribute_not_exists": {
      const read = pathReader(condition.path);
      return (item) => read(item) === undefined;
    }
    case "attribute_type":
      return typeTest(reader(condition.operand), condition.type);
    case "begins_with":
      return search(reader(condition.operand), reader(condition.argument), beginsWith);
    case "contains":
      return search(reader(condition.operand), reader(condition.argument), contains);
    case "and":
      return conjunction(condition.conditions.map(predicate));
    case "or":
      return disjunction(condition.conditions.map(predicate));
    case "not": {
      const test = predicate(condition.condition);
      return (item) => !test(item);
    }
  }
}

function reader(operand: Operand): Reader {
  switch (operand.kind) {
    case "path":
      return pathReader(operand.path);
    case "value": {
      const { value } = operand;
      return () => value;
    }
    case "size": {
      const read = reader(operand.operand);
      return (item) => sizeOf(read(item));
    }
    case "condition": {
      const test = predicate(operand.condition);
      return (item) => ({ BOOL: test(item) });
    }
  }
}

function pathReader(path: readonly (string | number)[]): Reader {
  const [name] = path;
  if (path.length === 1 && typeof name === "string") return (item) => attribute(item, name);
  return (item) => valueAt(item, path);
}

function comparison(comparator: Comparator, left: Reader, right: Reader): Predicate {
  switch (comparator) {
    case "=":
      return equality(left, right);
    case "<>": {
      const equal = equality(left, right);
      return (item) => !equal(item);
    }
    case "<":
      return ordering(left, right, (order) => order < 0);
    case "<=":
      return ordering(left, right, (order) => order <= 0);
    case ">":
      return ordering(left, right, (order) => order > 0);
    case ">=":
      return ordering(left, right, (order) => order >= 0);
  }
}

function equality(left: Reader, right: Reader): Predicate {
  return (item) => {
    const a = left(item);
    if (a === undefined) return false;
    const b = right(item);
    return b !== undefined && equalValues(a, b);
  };
}

function ordering(left: Reader, right: Reader, accepts: (order: number) => boolean): Predicate {
  return (item) => {
    const a = left(item);
    const b = right(item);
    if (a === undefined || b === undefined) return false;
    const order = compareValues(a, b);
    return order !== undefined && accepts(order);
  };
}

function betweenness(read: Reader, lower: Reader, upper: Reader): Predicate {
  const aboveLower = ordering(read, lower, (order) => order >= 0);
  const belowUpper = ordering(read, upper, (order) => order <= 0);
  return (item) => aboveLower(item) && belowUpper(item);
}

function membership(read: Reader, choices: readonly Reader[]): Predicate {
  return (item) => {
    const value = read(item);
    if (value === undefined) return false;
    for (const choice of choices) {
      const candidate = choice(item);
      if (candidate !== undefined && equalValues(value, candidate)) return true;
    }
    return false;
  };
}

function typeTest(read: Reader, type: TypeName): Predicate {
  return (item) => {
    const value = read(item);
    return value !== undefined && type in value;
  };
}

function search(
  read: Reader,
  argument: Reader,
  matches: (value: AttributeValue, argument: AttributeValue) => boolean,
): Predicate {
  return (item) => {
    const value = read(item);
    const wanted = argument(item);
    return value !== undefined && wanted !== undefined && matches(value, wanted);
  };
}

function conjunction(tests: readonly Predicate[]): Predicate {
  return (item) => {
    for (const test of tests) if (!test(item)) return false;
    return true;
  };
}

function disjunction(tests: readonly Predicate[]): Predicate {
  return (item) => {
    for (const test of tests) if (test(item)) return true;
    return false;
  };
}

/** The operands of all predicates in a condition. */
function operandsOf(condition: Condition): readonly Operand[] {
  switch (condition.kind) {
    case "compare":
      return [condition.left, condition.right];
    case "between":
      return [condition.operand, condition.lower, condition.upper];
    case "in":
      return [condition.operand, ...condition.choices];
    case "attribute_exists":
    case "attribute_not_exists":
      return [{ kind: "path", path: condition.path }];
    case "attribute_type":
      return [condition.operand];
    case "begins_with":
    case "contains":
      return [condition.operand, condition.argument];
    case "and":
    case "or":
      return condition.conditions.flatMap(operandsOf);
    case "not":
      return operandsOf(condition.condition);
  }
}

function pathOf(operand: Operand): readonly DocumentPath[] {
  if (operand.kind === "size") return pathOf(operand.operand);
  if (operand.kind === "condition") return operandsOf(operand.condition).flatMap(pathOf);
  return operand.kind === "path" ? [operand.path] : [];
}
