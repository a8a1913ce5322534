/** The legacy parameter Expected: per top-level attribute either {Exists, Value} or {ComparisonOperator, AttributeValueList or Value}. */
import { type ApiError, validation } from "../errors.ts";
import type { RawAttributeValue } from "../values/attribute-value.ts";
import { normalizeValue } from "../values/normalize.ts";
import type { Condition } from "./ast.ts";
import type { CompiledCondition } from "./condition.ts";
import {
  type ConditionalOperator,
  checkLegacyCondition,
  joinLegacyConditions,
  type LegacyOperator,
  legacyPredicate,
} from "./legacy-condition.ts";

/** One attribute's expectation, as decoded. */
export interface LegacyExpectation {
  readonly Value?: RawAttributeValue;
  readonly Exists?: boolean;
  readonly ComparisonOperator?: LegacyOperator;
  readonly AttributeValueList?: readonly RawAttributeValue[];
}

/** Compiles Expected; undefined when nothing is expected. Throws the service's ValidationException. */
export function compileExpected(
  expected: Readonly<Record<string, LegacyExpectation>> | undefined,
  conditionalOperator: ConditionalOperator | undefined,
): CompiledCondition | undefined {
  const parts = Object.entries(expected ?? {}).map(([name, expectation]) => expectationOf(name, expectation));
  return joinLegacyConditions(parts, conditionalOperator);
}

function expectationOf(name: string, expectation: LegacyExpectation): Condition {
  const { Value, Exists, ComparisonOperator, AttributeValueList } = expectation;
  if (Value !== undefined && AttributeValueList !== undefined) {
    throw invalid("Value and AttributeValueList cannot be used together", name);
  }
  if (ComparisonOperator === undefined) {
    if (AttributeValueList !== undefined) {
      throw invalid("AttributeValueList can only be used with a ComparisonOperator", name);
    }
    return existence(name, Exists, Value);
  }
  if (Exists !== undefined) throw invalid("Exists and ComparisonOperator cannot be used together", name);
  const values = Value === undefined ? AttributeValueList : [Value];
  const needsValues = ComparisonOperator !== "NULL" && ComparisonOperator !== "NOT_NULL";
  if (values === undefined && needsValues) {
    throw invalid(
      `Value or AttributeValueList must be used with ComparisonOperator: ${ComparisonOperator}`,
      name,
    );
  }
  return legacyPredicate(name, checkLegacyCondition(ComparisonOperator, values ?? []));
}

function existence(
  name: string,
  exists: boolean | undefined,
  value: RawAttributeValue | undefined,
): Condition {
  if (exists === false) {
    if (value !== undefined) throw invalid("Value cannot be used when Exists is false", name);
    return { kind: "attribute_not_exists", path: [name] };
  }
  if (value === undefined) {
    throw invalid(`Value must be provided when Exists is ${exists === undefined ? "null" : "true"}`, name);
  }
  return legacyPredicate(name, { operator: "EQ", values: [normalizeValue(value)] });
}

function invalid(problem: string, name: string): ApiError {
  return validation(`One or more parameter values were invalid: ${problem} for Attribute: ${name}`);
}
