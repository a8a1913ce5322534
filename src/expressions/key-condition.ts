/**
 * Key conditions: a condition expression that says `=` on the partition key and at most one more thing per sort attribute. Its shape is
 * judged without the table, then its attributes and types against a key schema.
 */
import { type ApiError, emptyKeyValue, validation } from "../errors.ts";
import { type AttributeValue, typeOf } from "../values/attribute-value.ts";
import type { KeyAttribute, KeyCondition, KeySchema, SortRange } from "../values/key-schema.ts";
import type { Comparator, Condition, Operand } from "./ast.ts";
import { bindCondition } from "./bind-condition.ts";
import { parseCondition } from "./condition-parser.ts";
import { invalidExpression } from "./findings.ts";
import type { Placeholders } from "./placeholders.ts";

/** What is said about one key attribute. */
export type KeyPredicate = { readonly kind: "="; readonly value: AttributeValue } | SortRange;

/** Predicates by attribute, in the order in which they are written. */
export type KeyPredicates = ReadonlyMap<string, KeyPredicate>;

/** The order of operands that `a < b` means when it is written `b > a`. */
const MIRRORED = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** Compiles the text of a key condition. Throws the service's ValidationException. */
export const compileKeyCondition = (text: string, placeholders: Placeholders): KeyPredicates =>
  keyPredicatesOf(bindKeyCondition(text, placeholders));

/**
 * The first half of `compileKeyCondition`: what any condition expression has to meet. The service judges a request's other expressions
 * before the second half.
 */
export function bindKeyCondition(text: string, placeholders: Placeholders): Condition {
  const parsed = parseCondition("KeyConditionExpression", text);
  return bindCondition("KeyConditionExpression", parsed, placeholders);
}

/** The second half of `compileKeyCondition`: what only a key condition has to meet. */
export function keyPredicatesOf(condition: Condition): KeyPredicates {
  const predicates = new Map<string, KeyPredicate>();
  for (const part of conjuncts(condition)) {
    const [name, predicate] = keyPredicate(part);
    if (predicates.has(name)) {
      throw invalid("KeyConditionExpressions must only contain one condition per key");
    }
    predicates.set(name, predicate);
  }
  return predicates;
}

/** What a condition says of one top-level attribute in comparing it with constants; undefined when it is no such condition. */
export function predicateIn(condition: Condition): readonly [string, KeyPredicate] | undefined {
  switch (condition.kind) {
    case "compare": {
      const { comparator, left, right } = condition;
      if (comparator === "<>") return undefined;
      if (left.kind === "value") return predicateOf(right, { kind: MIRRORED[comparator], value: left.value });
      return right.kind === "value" ? predicateOf(left, { kind: comparator, value: right.value }) : undefined;
    }
    case "between": {
      const { operand, lower, upper } = condition;
      if (lower.kind !== "value" || upper.kind !== "value") return undefined;
      return predicateOf(operand, { kind: "between", lower: lower.value, upper: upper.value });
    }
    case "begins_with": {
      const { operand, argument } = condition;
      if (argument.kind !== "value") return undefined;
      return predicateOf(operand, { kind: "begins_with", prefix: argument.value });
    }
    default:
      return undefined;
  }
}

function predicateOf(operand: Operand, predicate: KeyPredicate): readonly [string, KeyPredicate] | undefined {
  return operand.kind === "path" && operand.path.length === 1 ? [nameOf(operand.path), predicate] : undefined;
}

function invalid(problem: string): ApiError {
  return invalidExpression("KeyConditionExpression", problem);
}

function invalidCondition(problem: string): ApiError {
  return invalid(`Invalid condition in KeyConditionExpression: ${problem}`);
}

function invalidOperator(operator: string): ApiError {
  return invalid(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

/** The conditions that AND joins, however nested. */
export function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? condition.conditions.flatMap(conjuncts) : [condition];
}

function keyPredicate(condition: Condition): readonly [string, KeyPredicate] {
  switch (condition.kind) {
    case "compare":
      return comparison(condition.comparator, condition.left, condition.right);
    case "between": {
      const { operand, lower, upper } = condition;
      const [name, values] = attributeFirst("BETWEEN", operand, [lower, upper]);
      const [low, high] = values;
      if (low === undefined || high === undefined) throw new Error("BETWEEN has two bounds");
      return [name, { kind: "between", lower: low, upper: high }];
    }
    case "begins_with": {
      const [name, [prefix]] = attributeFirst("begins_with", condition.operand, [condition.argument]);
      if (prefix === undefined) throw new Error("begins_with has a prefix");
      return [name, { kind: "begins_with", prefix }];
    }
    case "in":
    case "or":
    case "not":
      throw invalidOperator(condition.kind.toUpperCase());
    default:
      throw invalidOperator(condition.kind);
  }
}

function comparison(comparator: Comparator, left: Operand, right: Operand): readonly [string, KeyPredicate] {
  if (comparator === "<>") throw invalidOperator("<>");
  checkOperands([left, right]);
  if (left.kind === "value") {
    if (right.kind !== "path") throw invalidCondition("No key attribute specified");
    return [nameOf(right.path), { kind: MIRRORED[comparator], value: left.value }];
  }
  if (left.kind !== "path" || right.kind !== "value") throw new Error("the operands were checked");
  return [nameOf(left.path), { kind: comparator, value: right.value }];
}

/** The attribute and the constants of a condition that must name the attribute first. */
function attributeFirst(
  operator: string,
  first: Operand,
  rest: readonly Operand[],
): readonly [string, readonly AttributeValue[]] {
  checkOperands([first, ...rest]);
  const values = rest.flatMap((operand) => (operand.kind === "value" ? [operand.value] : []));
  if (first.kind === "path") return [nameOf(first.path), values];
  if (values.length === rest.length) throw invalidCondition("No key attribute specified");
  throw invalidCondition(`${operator} operator must have the key attribute as its first operand`);
}

/** Refuses what no key condition may have among its operands. */
function checkOperands(operands: readonly Operand[]): void {
  let paths = 0;
  for (const operand of operands) {
    if (operand.kind === "size") throw invalid("KeyConditionExpressions cannot contain nested operations");
    if (operand.kind !== "path") continue;
    if (operand.path.length > 1) {
      throw invalid("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    paths++;
  }
  if (paths > 1) throw invalidCondition("Multiple attribute names used in one condition");
}

function nameOf(path: readonly (string | number)[]): string {
  const [name] = path;
  if (typeof name !== "string") throw new Error("a path begins with a name");
  return name;
}

/** What `predicates` select in a table or index with this key. Throws the service's ValidationException. */
export function keyConditionFor(schema: KeySchema, predicates: KeyPredicates): KeyCondition {
  checkCount(schema, predicates);
  const partition: AttributeValue[] = [];
  const sortEquals: AttributeValue[] = [];
  let sortRange: SortRange | undefined;
  for (const key of schema.partition) {
    const predicate = predicateOn(key, predicates);
    if (predicate.kind !== "=") throw validation("Query key condition not supported");
    partition.push(predicate.value);
  }
  const sortKeys = schema.sort.slice(0, predicates.size - schema.partition.length);
  for (const key of sortKeys) {
    const predicate = predicateOn(key, predicates);
    // Only the last sort attribute with a condition may have another than equality.
    if (sortRange !== undefined) throw validation("Query key condition not supported");
    if (predicate.kind === "=") sortEquals.push(predicate.value);
    else sortRange = predicate;
  }
  return sortRange === undefined ? { partition, sortEquals } : { partition, sortEquals, sortRange };
}

function checkCount(schema: KeySchema, predicates: KeyPredicates): void {
  const attributes = schema.partition.length + schema.sort.length;
  for (const { name } of schema.partition) if (!predicates.has(name)) throw missing(name);
  if (predicates.size <= attributes) return;
  if (predicates.size <= 2) throw validation("Query key condition not supported");
  throw validation(
    `The number of query conditions (${predicates.size}) exceeds the number of key attributes defined in the schema (${attributes})`,
  );
}

function missing(name: string): ApiError {
  return validation(`Query condition missed key schema element: ${name}`);
}

/** The predicate on a key attribute, whose constants are of the attribute's type and not empty. */
function predicateOn(key: KeyAttribute, predicates: KeyPredicates): KeyPredicate {
  const predicate = predicates.get(key.name);
  if (predicate === undefined) throw missing(key.name);
  for (const value of constantsOf(predicate)) {
    if (typeOf(value) !== key.type || (predicate.kind === "begins_with" && key.type === "N")) {
      throw validation(
        "One or more parameter values were invalid: Condition parameter type does not match schema type",
      );
    }
    checkNotEmpty(key.name, value);
  }
  return predicate;
}

/** The values that a predicate compares with. */
export function constantsOf(predicate: KeyPredicate): readonly AttributeValue[] {
  switch (predicate.kind) {
    case "between":
      return [predicate.lower, predicate.upper];
    case "begins_with":
      return [predicate.prefix];
    default:
      return [predicate.value];
  }
}

/** Refuses what no key attribute can be. */
export function checkNotEmpty(name: string, value: AttributeValue): void {
  const kind = "S" in value && value.S === "" ? "string" : "B" in value && value.B === "" ? "binary" : "";
  if (kind === "") return;
  throw emptyKeyValue(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
  );
}
