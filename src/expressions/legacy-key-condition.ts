/** The legacy parameter KeyConditions, which becomes what a key condition expression becomes. */
import { validation } from "../errors.ts";
import type { AttributeValue } from "../values/attribute-value.ts";
import type { KeyPredicate, KeyPredicates } from "./key-condition.ts";
import { type CheckedCondition, checkLegacyCondition, type LegacyCondition } from "./legacy-condition.ts";

/** Compiles KeyConditions. Throws the service's ValidationException. */
export function compileLegacyKeyConditions(
  conditions: Readonly<Record<string, LegacyCondition>>,
): KeyPredicates {
  const predicates = new Map<string, KeyPredicate>();
  for (const [name, { ComparisonOperator, AttributeValueList }] of Object.entries(conditions)) {
    predicates.set(name, predicateOf(checkLegacyCondition(ComparisonOperator, AttributeValueList ?? [])));
  }
  if (predicates.size === 0) throw validation("Conditions can be of length 1 or 2 only");
  return predicates;
}

function predicateOf({ operator, values }: CheckedCondition): KeyPredicate {
  const [first, second] = values;
  if (first === undefined) throw notIndexable();
  switch (operator) {
    case "EQ":
      return { kind: "=", value: first };
    case "LE":
      return { kind: "<=", value: first };
    case "LT":
      return { kind: "<", value: first };
    case "GE":
      return { kind: ">=", value: first };
    case "GT":
      return { kind: ">", value: first };
    case "BEGINS_WITH":
      return { kind: "begins_with", prefix: first };
    case "BETWEEN":
      return { kind: "between", lower: first, upper: boundOf(second) };
    default:
      throw notIndexable();
  }
}

function boundOf(value: AttributeValue | undefined): AttributeValue {
  if (value === undefined) throw new Error("the number of values was checked");
  return value;
}

function notIndexable() {
  return validation("Attempted conditional constraint is not an indexable operation");
}
