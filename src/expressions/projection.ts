/** Projections: the parts of an item that a request asks for, in the structure that they have in the item. */
import {
  type AttributeValue,
  attribute,
  type Item,
  type MutableItem,
  newItem,
} from "../values/attribute-value.ts";
import { type DocumentPath, pickAttributes } from "../values/document-path.ts";
import { Findings } from "./findings.ts";
import { type PathTree, pathTree } from "./path-tree.ts";
import type { Placeholders } from "./placeholders.ts";
import { parseProjection } from "./projection-parser.ts";

export interface Projection {
  readonly paths: readonly DocumentPath[];
  /** The selected parts of an item; what it does not have is left out. */
  pick(item: Item): Item;
}

/** Compiles the text of a projection expression. Throws the service's ValidationException. */
export function compileProjection(text: string, placeholders: Placeholders): Projection {
  const parsed = parseProjection(text);
  placeholders.use("ProjectionExpression", parsed);
  const paths = parsed.tree.map((path) => placeholders.path(path));
  const findings = new Findings("ProjectionExpression");
  const tree = pathTree(paths, findings);
  findings.throwFirst();
  return projectionAlong(paths, tree);
}

/** The projection on distinct top-level attributes. */
export function projectionOf(names: readonly string[]): Projection {
  return { paths: names.map((name) => [name]), pick: (item) => pickAttributes(item, names) };
}

/** The projection on paths that form this tree. */
export function projectionAlong(paths: readonly DocumentPath[], tree: PathTree): Projection {
  return { paths, pick: (item) => pickEntries(item, tree) ?? newItem() };
}

/** The selected entries of an item or map; undefined when it has none. */
function pickEntries(map: Item, tree: PathTree): Item | undefined {
  let picked: MutableItem | undefined;
  for (const [step, next] of tree.children) {
    if (typeof step === "number") return undefined;
    const value = attribute(map, step);
    const part = value === undefined ? undefined : pickValue(value, next);
    if (part === undefined) continue;
    picked ??= newItem();
    picked[step] = part;
  }
  return picked;
}

/** The selected elements of a list, moved together; undefined when it has none. */
function pickElements(list: readonly AttributeValue[], tree: PathTree): AttributeValue[] | undefined {
  const picked: AttributeValue[] = [];
  for (const [step, next] of tree.children) {
    const value = typeof step === "number" ? list[step] : undefined;
    const part = value === undefined ? undefined : pickValue(value, next);
    if (part !== undefined) picked.push(part);
  }
  return picked.length === 0 ? undefined : picked;
}

function pickValue(value: AttributeValue, tree: PathTree): AttributeValue | undefined {
  if (tree.end !== -1) return value;
  if ("M" in value) {
    const map = pickEntries(value.M, tree);
    return map === undefined ? undefined : { M: map };
  }
  if (!("L" in value)) return undefined;
  const list = pickElements(value.L, tree);
  return list === undefined ? undefined : { L: list };
}
