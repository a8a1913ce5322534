/**
 * The constraints that a single value can violate by itself, each with the service's words for it: lengths, ranges,
 * patterns, enums.
 */
import type { LengthBounds, NumberShape, Shape, StringShape } from "./shapes.ts";

/** `holds` is only called with decoded values of the rule's shape. */
export interface Rule {
  readonly holds: (value: unknown) => boolean;
  /** "Member must …". */
  readonly text: string;
  /** Not named where the rules of a map's keys are listed. */
  readonly unlisted?: true;
}

/** The rules of a shape's own value (not of what it contains), in the order in which the service lists them. */
export function rulesOf(shape: Shape): readonly Rule[] {
  switch (shape.kind) {
    case "string":
      return stringRules(shape);
    case "integer":
    case "long":
    case "double":
    case "timestamp":
      return rangeRules(shape);
    case "list":
      return lengthRules(shape, (value) => (value as readonly unknown[]).length);
    case "map":
      return lengthRules(shape, (value) => Object.keys(value as object).length);
    default:
      return [];
  }
}

function lengthRules(bounds: LengthBounds, lengthOf: (value: unknown) => number): Rule[] {
  const { min, max } = bounds;
  const rules: Rule[] = [];
  if (max !== undefined) {
    rules.push({
      holds: (value) => lengthOf(value) <= max,
      text: `Member must have length less than or equal to ${max}`,
    });
  }
  if (min !== undefined && min > 0) {
    rules.push({
      holds: (value) => lengthOf(value) >= min,
      text: `Member must have length greater than or equal to ${min}`,
    });
  }
  return rules;
}

function rangeRules(shape: NumberShape): Rule[] {
  const { min, max } = shape;
  const rules: Rule[] = [];
  if (max !== undefined) {
    rules.push({
      holds: (value) => (value as number) <= max,
      text: `Member must have value less than or equal to ${max}`,
    });
  }
  if (min !== undefined) {
    rules.push({
      holds: (value) => (value as number) >= min,
      text: `Member must have value greater than or equal to ${min}`,
    });
  }
  return rules;
}

function stringRules(shape: StringShape): readonly Rule[] {
  const { pattern, patternFirst = false, values, arnMax } = shape;
  const rules = lengthRules(shape, (value) => (value as string).length);
  if (pattern !== undefined) {
    const rule = {
      // An empty string is answered by its length alone, mostly.
      holds: remembering((value) => (value === "" && !patternFirst) || pattern.regexp.test(value as string)),
      text: `Member must satisfy regular expression pattern: ${pattern.text}`,
    };
    if (patternFirst) rules.unshift(rule);
    else rules.push(rule);
  }
  if (values !== undefined) {
    const allowed: ReadonlySet<unknown> = new Set(values);
    rules.push({
      holds: (value) => allowed.has(value),
      text: `Member must satisfy enum value set: [${values.join(", ")}]`,
    });
  }
  return arnMax === undefined ? rules : exceptArns(rules, arnMax);
}

/** The same predicate, which knows the value it was last true of: most requests name the table that the one before named. */
function remembering(holds: Rule["holds"]): Rule["holds"] {
  let last: unknown;
  return (value) => {
    if (value === last) return true;
    const isGood = holds(value);
    if (isGood) last = value;
    return isGood;
  };
}

/** The rules of plain names, which let ARNs pass, and the length of ARNs. */
function exceptArns(rules: readonly Rule[], arnMax: number): Rule[] {
  const isArn = (value: unknown) => (value as string).startsWith("arn:");
  return [
    ...rules.map((rule) => ({
      holds: (value: unknown) => rule.holds(value) || isArn(value),
      text: rule.text,
    })),
    {
      holds: (value: unknown) => (value as string).length <= arnMax || !isArn(value),
      text: `Member must have length less than or equal to ${arnMax}`,
      unlisted: true,
    },
  ];
}
