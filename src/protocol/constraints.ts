/**
 * The second stratum of validation: the constraints that the service's model states, collected into one ValidationException.
 *
 * A shape is compiled into a predicate that says whether all constraints hold. Only when it says no is the value walked
 * again, with paths, to find the words.
 */
import assert from "node:assert/strict";
import { type ApiError, validation } from "../errors.ts";
import type { JsonObject } from "./decode-attribute-value.ts";
import { lowerFirst, renderValue } from "./render.ts";
import { type Rule, rulesOf } from "./rules.ts";
import {
  type ListShape,
  type MapShape,
  type RequiredMember,
  type Shape,
  type StructureShape,
  shapeOf,
} from "./shapes.ts";

/** The service lists at most this many violations. */
const violationsMax = 10;

const notNull = "Member must not be null";

/** Whether a decoded value keeps all constraints of its shape. */
type Predicate = (value: unknown) => boolean;

/** Where a value stands, as the two generations of the service spell it. */
interface Path {
  readonly classic: string;
  readonly modern: string;
}

/**
 * Compiles the constraints of an operation's input. The compiled function takes a decoded input; it returns nothing, or
 * throws the ValidationException that the service would answer.
 */
export function compileConstraints(input: StructureShape): (value: JsonObject) => void {
  const holds = compilePredicate(input);
  return (value) => {
    if (!holds(value)) throw refusal(input, value);
  };
}

function compilePredicate(shape: Shape): Predicate {
  const own = rulesOf(shape);
  switch (shape.kind) {
    case "list":
      return listPredicate(shape, own);
    case "map":
      return mapPredicate(shape, own);
    case "structure":
      return structurePredicate(shape);
    default:
      return allHold(own);
  }
}

const always: Predicate = () => true;

function allHold(rules: readonly Rule[]): Predicate {
  const [first, second, ...others] = rules;
  if (first === undefined) return always;
  if (second === undefined) return first.holds;
  if (others.length === 0) return (value) => first.holds(value) && second.holds(value);
  return (value) => rules.every((rule) => rule.holds(value));
}

function listPredicate(shape: ListShape, own: readonly Rule[]): Predicate {
  const ownHolds = allHold(own);
  const elementHolds = compilePredicate(shape.element);
  return (value) => {
    if (!ownHolds(value)) return false;
    for (const element of value as readonly unknown[]) {
      if (element === null || !elementHolds(element)) return false;
    }
    return true;
  };
}

function mapPredicate(shape: MapShape, own: readonly Rule[]): Predicate {
  const ownHolds = allHold(own);
  const keyHolds = shape.key === undefined ? always : compilePredicate(shape.key);
  const valueHolds = compilePredicate(shape.value);
  return (value) => {
    if (!ownHolds(value)) return false;
    const entries = value as JsonObject;
    for (const name in entries) {
      const entry = entries[name];
      if (entry === null || !keyHolds(name) || !valueHolds(entry)) return false;
    }
    return true;
  };
}

function structurePredicate(shape: StructureShape): Predicate {
  const checks = new Map<string, { readonly holds: Predicate; readonly isRequired: boolean }>();
  let requiredCount = 0;
  for (const [name, member] of Object.entries(shape.members)) {
    const isRequired = member.kind === "required";
    let holds = compilePredicate(shapeOf(member));
    if (isRequired && member.emptyIsAbsent === true) {
      const inner = holds;
      holds = (value) => !isEmpty(value) && inner(value);
    }
    if (holds !== always || isRequired) checks.set(name, { holds, isRequired });
    if (isRequired) requiredCount += 1;
  }
  return (value) => {
    const members = value as JsonObject;
    let missing = requiredCount;
    // A request has few of the members that it may have.
    for (const name in members) {
      const check = checks.get(name);
      const member = members[name];
      if (check === undefined || member === undefined) continue;
      if (!check.holds(member)) return false;
      if (check.isRequired) missing -= 1;
    }
    return missing === 0;
  };
}

/** Whether a list, map or string has nothing in it. */
const isEmpty = (value: unknown): boolean => Object.keys(value as object).length === 0;

/** The refusal of an input of which at least one constraint is violated. */
function refusal(input: StructureShape, value: JsonObject): ApiError {
  for (const [name, member] of Object.entries(input.members)) {
    if (member.kind !== "required" || member.alone !== true) continue;
    const alone: string[] = [];
    const absent = collectMember(name, member, value, undefined, alone);
    if (absent !== undefined) return validation(absent);
    if (alone.length > 0) return aggregate(alone);
  }
  const violations: string[] = [];
  for (const [name, member] of Object.entries(input.members)) {
    const absent = collectMember(name, member, value, undefined, violations);
    if (absent !== undefined) return validation(absent);
  }
  assert(violations.length > 0, "the predicate and the collector of a shape disagree");
  return aggregate(violations);
}

function aggregate(violations: readonly string[]): ApiError {
  const count = violations.length;
  return validation(`${count} validation error${count === 1 ? "" : "s"} detected: ${violations.join("; ")}`);
}

/** Adds the violations of one member; returns the whole message instead if the member's absence has its own. */
function collectMember(
  name: string,
  member: Shape | RequiredMember,
  structure: JsonObject,
  parent: Path | undefined,
  violations: string[],
): string | undefined {
  const value = structure[name];
  if (member.kind === "required" && member.absent !== undefined) {
    if (value === undefined || (member.emptyIsAbsent === true && isEmpty(value))) return member.absent;
  }
  const path: Path =
    parent === undefined
      ? { classic: lowerFirst(name), modern: name }
      : { classic: `${parent.classic}.${lowerFirst(name)}`, modern: `${parent.modern}.${name}` };
  const shape = shapeOf(member);
  if (value !== undefined) collect(shape, value, path, violations);
  else if (member.kind === "required") add(violations, shape, null, path, notNull);
  return undefined;
}

function add(violations: string[], shape: Shape, value: unknown, path: Path, constraint: string): void {
  if (violations.length >= violationsMax) return;
  violations.push(`${located(shape, value, path)} failed to satisfy constraint: ${constraint}`);
}

function located(shape: Shape, value: unknown, path: Path): string {
  if (shape.modern === true) return `Value at '${path.modern}'`;
  if (value === null) return `Value null at '${path.classic}'`;
  return `Value '${renderValue(shape, value)}' at '${path.classic}'`;
}

function collect(shape: Shape, value: unknown, path: Path, violations: string[]): void {
  if (violations.length >= violationsMax) return;
  for (const rule of rulesOf(shape)) {
    if (!rule.holds(value)) add(violations, shape, value, path, rule.text);
  }
  switch (shape.kind) {
    case "list":
      collectList(shape, value as readonly unknown[], path, violations);
      break;
    case "map":
      collectMap(shape, value as JsonObject, path, violations);
      break;
    case "structure":
      for (const [name, member] of Object.entries(shape.members)) {
        collectMember(name, member, value as JsonObject, path, violations);
      }
      break;
    default:
  }
}

/** Constraints on the keys of a map, or on the direct values of a list or map, are listed as a whole. */
const listed = (subject: string, shape: Shape): string =>
  `${subject} must satisfy constraint: [${rulesOf(shape)
    .filter((rule) => rule.unlisted !== true)
    .map((rule) => rule.text)
    .join(", ")}]`;

const isScalar = (shape: Shape): boolean =>
  shape.kind === "string" || shape.kind === "blob" || isNumber(shape);

const isNumber = (shape: Shape): boolean =>
  shape.kind === "integer" || shape.kind === "long" || shape.kind === "double" || shape.kind === "timestamp";

const allRulesHold = (shape: Shape, value: unknown): boolean =>
  rulesOf(shape).every((rule) => rule.holds(value));

function collectList(shape: ListShape, elements: readonly unknown[], path: Path, violations: string[]): void {
  const inner = shape.element;
  const isListed = isScalar(inner);
  if (isListed && elements.some((element) => element !== null && !allRulesHold(inner, element))) {
    add(violations, shape, elements, path, listed("Member", inner));
  }
  for (const [at, element] of elements.entries()) {
    const place: Path = {
      classic: `${path.classic}.${at + 1}.member`,
      modern: `${path.modern}.${at + 1}.member`,
    };
    if (element === null) add(violations, inner, null, place, notNull);
    else if (!isListed) collect(inner, element, place, violations);
  }
}

function collectMap(shape: MapShape, entries: JsonObject, path: Path, violations: string[]): void {
  const { key, value: inner } = shape;
  const names = Object.keys(entries);
  if (key !== undefined && !names.every((name) => allRulesHold(key, name))) {
    add(violations, shape, entries, path, listed("Map keys", key));
  }
  if (names.some((name) => entries[name] !== null && !allRulesHold(inner, entries[name]))) {
    add(violations, shape, entries, path, listed("Map value", inner));
  }
  for (const name of names) {
    const entry = entries[name];
    const place: Path = {
      classic: `${path.classic}.${name}.member`,
      modern: `${path.modern}.${name}.member`,
    };
    if (entry === null) add(violations, inner, null, place, notNull);
    else collectContents(inner, entry, place, violations);
  }
}

/** The violations inside a map's value, its own rules aside: those were listed for the map. */
function collectContents(shape: Shape, value: unknown, path: Path, violations: string[]): void {
  if (shape.kind === "list") collectList(shape, value as readonly unknown[], path, violations);
  else if (shape.kind === "map") collectMap(shape, value as JsonObject, path, violations);
  else if (shape.kind === "structure") collect(shape, value, path, violations);
}
