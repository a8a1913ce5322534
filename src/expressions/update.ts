/**
 * Updates as functions from item to item. Everything is judged against the item as it was: operands, list positions, and whether
 * a path has a place to lead to. Then the item is copied along the changed paths only; the rest is shared with the old one.
 */
import { validation } from "../errors.ts";
import { type AttributeValue, type Item, newItem } from "../values/attribute-value.ts";
import { type DocumentPath, valueAt } from "../values/document-path.ts";
import { NESTING_LEVELS_MAX, nestingLevelsExceeded } from "../values/normalize.ts";
import { addNumbers } from "../values/number.ts";
import type { SetValue, UpdateAction } from "./ast.ts";
import { bindActions } from "./bind-update.ts";
import { Findings } from "./findings.ts";
import { type PathTree, pathTree } from "./path-tree.ts";
import type { Bindings, Placeholders } from "./placeholders.ts";
import { type Projection, projectionAlong } from "./projection.ts";
import { type Effect, replaceEntries } from "./replace.ts";
import { append, evaluation, INCORRECT_OPERAND } from "./set-value.ts";
import { difference, union } from "./sets.ts";
import type { ActionNode } from "./syntax.ts";
import { parseUpdate } from "./update-parser.ts";

export interface CompiledUpdate {
  /** The paths that the update writes to, with real names, in the order in which the actions are written. */
  readonly targets: readonly DocumentPath[];
  /** Top-level attributes that are set to a constant, which can be checked against a schema beforehand. */
  readonly constants: ReadonlyMap<string, AttributeValue>;
  /** Bytes that the service adds to the size of the new item's non-key attributes when it judges the item limit. */
  readonly overheadBytes: number;
  /**
   * The item after the update; undefined when there was none and the actions create none. `previous` itself when nothing
   * changes. A new item starts from `key`, the key attributes. Throws the service's ValidationException.
   */
  apply(previous: Item | undefined, key: Item): Item | undefined;
  /** Picks from the old item what UPDATED_OLD returns, and from the new one what UPDATED_NEW returns. */
  readonly touched: Projection;
}

// What an update costs beside the new item itself, as measured on the service.
const UPDATE_BYTES = 3;
const SET_OR_ADD_BYTES = 19;
const REMOVE_OR_DELETE_BYTES = 2;
const LIST_INDEX_BYTES = 1;
const ARITHMETIC_BYTES = 50;

const NO_ATTRIBUTES = newItem();

/** Compiles the text of an update expression. Throws the service's ValidationException. */
export function compileUpdate(text: string, placeholders: Placeholders): CompiledUpdate {
  const parsed = parseUpdate(text);
  placeholders.use("UpdateExpression", parsed);
  return updateFrom(parsed.tree, placeholders, new Findings("UpdateExpression"));
}

/** Compiles actions given as trees. Throws the most important of `findings` and its own. */
export function updateFrom(
  nodes: readonly ActionNode[],
  bindings: Bindings,
  findings: Findings,
): CompiledUpdate {
  const actions = bindActions(nodes, bindings, findings);
  const tree = pathTree(
    actions.map(({ path }) => path),
    findings,
  );
  findings.throwFirst();
  return updateOf(actions, tree, INCORRECT_OPERAND);
}

/**
 * Compiles actions whose paths form `tree`. `mismatch` is the message for ADD or DELETE on a stored value of another type.
 * Without actions, the update creates the item with nothing but its key.
 */
export function updateOf(actions: readonly UpdateAction[], tree: PathTree, mismatch: string): CompiledUpdate {
  const effects = actions.map((action) => effectOf(action, mismatch));
  const creates = actions.length === 0 || actions.some(({ kind }) => kind === "set" || kind === "add");
  const targets = actions.map(({ path }) => path);
  return {
    targets,
    constants: constantsOf(actions),
    overheadBytes: overheadOf(actions),
    touched: projectionAlong(targets, tree),
    apply(previous, key) {
      const before = previous ?? NO_ATTRIBUTES;
      const changes = effects.map((effect) => effect(before, previous !== undefined));
      if (previous === undefined && !creates) return undefined;
      if (changes.every((change) => change === undefined)) return previous ?? key;
      return replaceEntries(previous ?? key, tree, changes);
    },
  };
}

/** What one action does at its path, given the item before the update and whether it exists. */
type EffectOf = (item: Item, exists: boolean) => Effect;

function effectOf(action: UpdateAction, mismatch: string): EffectOf {
  const requirePlace = placeCheck(action.path);
  switch (action.kind) {
    case "set":
      return setEffect(action.path, action.value, requirePlace);
    case "remove": {
      const { path } = action;
      return (item, exists) => {
        if (!exists) return undefined;
        requirePlace(item);
        return valueAt(item, path) === undefined ? undefined : null;
      };
    }
    case "add": {
      const { path, value } = action;
      return (item) => {
        requirePlace(item);
        const current = valueAt(item, path);
        if (current === undefined) return value;
        const total = sum(current, value) ?? refuse(mismatch);
        return total === current ? undefined : total;
      };
    }
    case "delete": {
      const { path, value } = action;
      return (item, exists) => {
        if (!exists) return undefined;
        requirePlace(item);
        const current = valueAt(item, path);
        if (current === undefined) return undefined;
        const rest = difference(current, value);
        if (rest === undefined) return refuse(mismatch);
        return rest === current ? undefined : rest;
      };
    }
  }
}

function setEffect(path: DocumentPath, value: SetValue, requirePlace: (item: Item) => void): EffectOf {
  const evaluate = evaluation(value);
  if (path.length === 1) return evaluate;
  return (item) => {
    const assigned = evaluate(item);
    requirePlace(item);
    if (path.length - 1 + levelsOf(assigned) > NESTING_LEVELS_MAX) throw nestingLevelsExceeded();
    return assigned;
  };
}

/** A check that what the path's last step leads from exists, and is a map for a name or a list for an index. */
function placeCheck(path: DocumentPath): (item: Item) => void {
  if (path.length === 1) return () => undefined;
  const parentPath = path.slice(0, -1);
  const kind = typeof path.at(-1) === "string" ? "M" : "L";
  return (item) => {
    const parent = valueAt(item, parentPath);
    if (parent === undefined || !(kind in parent)) {
      refuse("The document path provided in the update expression is invalid for update");
    }
  };
}

/** What ADD makes of two values: a sum, a union, or (legacy updates only) a longer list. */
function sum(current: AttributeValue, value: AttributeValue): AttributeValue | undefined {
  if ("N" in current && "N" in value) return { N: addNumbers(current.N, value.N) };
  return union(current, value) ?? append(current, value);
}

/** Levels of nesting in a value: one for a scalar, a set or an empty container. */
function levelsOf(value: AttributeValue): number {
  const contents = "L" in value ? value.L : "M" in value ? Object.values(value.M) : [];
  return contents.reduce((levels, content) => Math.max(levels, 1 + levelsOf(content)), 1);
}

function constantsOf(actions: readonly UpdateAction[]): ReadonlyMap<string, AttributeValue> {
  const constants = new Map<string, AttributeValue>();
  for (const action of actions) {
    const [name] = action.path;
    if (action.kind !== "set" || action.value.kind !== "value" || action.path.length > 1) continue;
    if (typeof name === "string") constants.set(name, action.value.value);
  }
  return constants;
}

function overheadOf(actions: readonly UpdateAction[]): number {
  let bytes = UPDATE_BYTES;
  for (const action of actions) {
    bytes += action.kind === "set" || action.kind === "add" ? SET_OR_ADD_BYTES : REMOVE_OR_DELETE_BYTES;
    if (action.kind !== "set") continue;
    if (typeof action.path.at(-1) === "number") bytes += LIST_INDEX_BYTES;
    if (action.value.kind === "+" || action.value.kind === "-") bytes += ARITHMETIC_BYTES;
  }
  return bytes;
}

function refuse(message: string): never {
  throw validation(message);
}
