/** New items from old ones, with some values replaced or removed. Copies what leads to a change, shares everything else. */
import { type AttributeValue, type Item, type MutableItem, newItem } from "../values/attribute-value.ts";
import type { PathTree } from "./path-tree.ts";

/** The value to put at a path; null: remove what is there; undefined: leave it. */
export type Effect = AttributeValue | null | undefined;

/** The entries of an item or map after `effects`, which belong to the ends of `tree`. */
export function replaceEntries(map: Item, tree: PathTree, effects: readonly Effect[]): Item {
  return onlyAssigns(tree, effects) ? assignEntries(map, tree, effects) : rebuildEntries(map, tree, effects);
}

/** Whether every step ends in a new value, so that a copy of the whole map, which is cheap, can be assigned to. */
function onlyAssigns(tree: PathTree, effects: readonly Effect[]): boolean {
  for (const [name, next] of tree.children) if (!effects[next.end] || name === "__proto__") return false;
  return true;
}

function assignEntries(map: Item, tree: PathTree, effects: readonly Effect[]): Item {
  const copy: MutableItem = { ...map };
  for (const [name, next] of tree.children) {
    const value = effects[next.end];
    if (value) copy[name] = value;
  }
  return copy;
}

function rebuildEntries(map: Item, tree: PathTree, effects: readonly Effect[]): Item {
  const copy = newItem();
  for (const name in map) {
    const old = map[name];
    const next = tree.children.get(name);
    if (old === undefined) continue;
    const value = next === undefined ? old : replaceValue(old, next, effects);
    if (value !== undefined) copy[name] = value;
  }
  for (const [name, next] of tree.children) {
    if (typeof name === "number" || Object.hasOwn(map, name)) continue;
    const added = effects[next.end];
    if (added) copy[name] = added;
  }
  return copy;
}

function replaceValue(
  old: AttributeValue,
  tree: PathTree,
  effects: readonly Effect[],
): AttributeValue | undefined {
  if (tree.end !== -1) {
    const effect = effects[tree.end];
    return effect === undefined ? old : (effect ?? undefined);
  }
  if ("M" in old) return { M: replaceEntries(old.M, tree, effects) };
  if ("L" in old) return { L: replaceElements(old.L, tree, effects) };
  return old;
}

/** Indexes mean positions in the old list; values beyond its end are appended in the order of their indexes. */
function replaceElements(
  list: readonly AttributeValue[],
  tree: PathTree,
  effects: readonly Effect[],
): readonly AttributeValue[] {
  const copy: AttributeValue[] = [];
  for (const [index, old] of list.entries()) {
    const next = tree.children.get(index);
    const value = next === undefined ? old : replaceValue(old, next, effects);
    if (value !== undefined) copy.push(value);
  }
  for (const [index, next] of tree.children) {
    if (typeof index === "string" || index < list.length) continue;
    const added = effects[next.end];
    if (added) copy.push(added);
  }
  return copy;
}
