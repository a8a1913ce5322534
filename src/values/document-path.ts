/** Places in an item: attribute name, then map keys (strings) and list indexes (numbers) into its nested values. */
import { type AttributeValue, attribute, type Item, newItem } from "./attribute-value.ts";

export type DocumentPath = readonly (string | number)[];

/** The value at `path`, or undefined where it does not lead to one. */
export function valueAt(item: Item, path: DocumentPath): AttributeValue | undefined {
  const [name] = path;
  if (typeof name !== "string") return undefined;
  let value = attribute(item, name);
  for (let depth = 1; depth < path.length && value !== undefined; depth++) {
    const step = path[depth];
    if (step !== undefined) value = child(value, step);
  }
  return value;
}

/** The entry of a map or the element of a list; undefined for other values, and where there is none. */
function child(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === "string") return "M" in value ? attribute(value.M, step) : undefined;
  return "L" in value ? value.L[step] : undefined;
}

/** A path as the service prints it: `[a, b, [0]]`. */
export function formatPath(path: DocumentPath): string {
  return `[${path.map((step) => (typeof step === "string" ? step : `[${step}]`)).join(", ")}]`;
}

/** Whether two paths are the same. */
export function samePath(a: DocumentPath, b: DocumentPath): boolean {
  return a.length === b.length && a.every((step, depth) => step === b[depth]);
}

/** The named attributes of an item, those that it has. */
export function pickAttributes(item: Item, names: readonly string[]): Item {
  const picked = newItem();
  for (const name of names) {
    const value = attribute(item, name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
