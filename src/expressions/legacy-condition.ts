/**
 * The conditions of the legacy parameters Expected, QueryFilter, ScanFilter and KeyConditions: an operator and its values per
 * top-level attribute. They become the same trees as condition expressions.
 */
import { validation } from "../errors.ts";
import { type AttributeValue, type RawAttributeValue, typeOf } from "../values/attribute-value.ts";
import { compareValues } from "../values/compare.ts";
import { normalizeValue } from "../values/normalize.ts";
import type { Comparator, Condition, Operand } from "./ast.ts";
import { type CompiledCondition, conditionOf } from "./condition.ts";

export type LegacyOperator =
  | "EQ"
  | "NE"
  | "LE"
  | "LT"
  | "GE"
  | "GT"
  | "NOT_NULL"
  | "NULL"
  | "CONTAINS"
  | "NOT_CONTAINS"
  | "BEGINS_WITH"
  | "IN"
  | "BETWEEN";

export type ConditionalOperator = "AND" | "OR";

/** One attribute's condition in QueryFilter, ScanFilter or KeyConditions, as decoded. */
export interface LegacyCondition {
  readonly ComparisonOperator: LegacyOperator;
  readonly AttributeValueList?: readonly RawAttributeValue[];
}

/** An operator with as many values, of such types, as it takes. */
export interface CheckedCondition {
  readonly operator: LegacyOperator;
  readonly values: readonly AttributeValue[];
}

const COMPARATORS: Readonly<Partial<Record<LegacyOperator, Comparator>>> = {
  EQ: "=",
  NE: "<>",
  LE: "<=",
  LT: "<",
  GE: ">=",
  GT: ">",
};

const SCALARS: ReadonlySet<string> = new Set(["S", "N", "B"]);
const STRINGS: ReadonlySet<string> = new Set(["S", "B"]);

/**
 * Compiles QueryFilter or ScanFilter; undefined when there are no conditions. Throws the service's ValidationException.
 */
export function compileLegacyCondition(
  conditions: Readonly<Record<string, LegacyCondition>> | undefined,
  conditionalOperator: ConditionalOperator | undefined,
): CompiledCondition | undefined {
  const parts = Object.entries(conditions ?? {}).map(([name, { ComparisonOperator, AttributeValueList }]) =>
    legacyPredicate(name, checkLegacyCondition(ComparisonOperator, AttributeValueList ?? [])),
  );
  return joinLegacyConditions(parts, conditionalOperator);
}

/** Combines conditions; undefined when there are none, which excludes a ConditionalOperator. */
export function joinLegacyConditions(
  parts: readonly Condition[],
  conditionalOperator: ConditionalOperator | undefined,
): CompiledCondition | undefined {
  if (parts.length > 0) {
    return conditionOf({ kind: conditionalOperator === "OR" ? "or" : "and", conditions: parts });
  }
  if (conditionalOperator !== undefined) {
    throw validation("ConditionalOperator cannot be used without Filter or Expected");
  }
  return undefined;
}

/** Checks number and types of an operator's values. Throws the service's ValidationException. */
export function checkLegacyCondition(
  operator: LegacyOperator,
  rawValues: readonly RawAttributeValue[],
): CheckedCondition {
  const values = rawValues.map(normalizeValue);
  if (!takes(operator, values.length)) {
    throw invalid(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const [first, second] = values;
  for (const value of values) {
    const type = typeOf(value);
    if (allowedTypes(operator)?.has(type) === false) {
      throw invalid(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
    }
    if (first !== undefined && type !== typeOf(first)) {
      throw invalid("AttributeValues inside AttributeValueList must be of same type");
    }
  }
  if (operator === "BETWEEN" && first !== undefined && second !== undefined) {
    if ((compareValues(first, second) ?? 0) > 0) {
      throw validation(
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
      );
    }
  }
  return { operator, values };
}

/** The condition tree of a checked legacy condition on a top-level attribute. */
export function legacyPredicate(name: string, { operator, values }: CheckedCondition): Condition {
  const path = [name];
  const operand: Operand = { kind: "path", path };
  const constants = values.map((value): Operand => ({ kind: "value", value }));
  const [first = operand, second = operand] = constants;
  const comparator = COMPARATORS[operator];
  if (comparator !== undefined) return { kind: "compare", comparator, left: operand, right: first };
  switch (operator) {
    case "NULL":
      return { kind: "attribute_not_exists", path };
    case "NOT_NULL":
      return { kind: "attribute_exists", path };
    case "IN":
      return { kind: "in", operand, choices: constants };
    case "BETWEEN":
      return { kind: "between", operand, lower: first, upper: second };
    case "BEGINS_WITH":
      return { kind: "begins_with", operand, argument: first };
    case "NOT_CONTAINS":
      // Not the negation of CONTAINS: false for an absent attribute.
      return {
        kind: "and",
        conditions: [
          { kind: "attribute_exists", path },
          { kind: "not", condition: { kind: "contains", operand, argument: first } },
        ],
      };
    default:
      return { kind: "contains", operand, argument: first };
  }
}

function takes(operator: LegacyOperator, values: number): boolean {
  switch (operator) {
    case "NULL":
    case "NOT_NULL":
      return values === 0;
    case "BETWEEN":
      return values === 2;
    case "IN":
      return values >= 1;
    default:
      return values === 1;
  }
}

/** The types that an operator's values may have; undefined: all. */
function allowedTypes(operator: LegacyOperator): ReadonlySet<string> | undefined {
  switch (operator) {
    case "EQ":
    case "NE":
      return undefined;
    case "BEGINS_WITH":
      return STRINGS;
    default:
      return SCALARS;
  }
}

function invalid(problem: string) {
  return validation(`One or more parameter values were invalid: ${problem}`);
}
