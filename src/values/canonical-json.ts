/**
 * The JSON text of plain JSON values with the members of objects in one order, whatever order they have, so that equal values have
 * equal texts. The order is that of their names, but for names of array indexes, which the language puts first, by number.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(ordered(value));
}

/** The value with its objects' members in order: itself, wherever they are already. The native codec does the rest. */
function ordered(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? orderedList(value) : orderedObject(value as Members);
}

interface Members {
  [name: string]: unknown;
}

function orderedList(list: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let at = 0; at < list.length; at += 1) {
    const element = list[at];
    const good = ordered(element);
    if (copy === undefined) {
      if (good === element) continue;
      copy = list.slice(0, at);
    }
    copy.push(good);
  }
  return copy ?? list;
}

function orderedObject(object: Members): Members {
  if (!isOrdered(object)) return copyOf(object, Object.keys(object).sort());
  let copy: Members | undefined;
  for (const name in object) {
    const member = object[name];
    const good = ordered(member);
    if (good === member) continue;
    copy ??= Object.assign(Object.create(null) as Members, object);
    copy[name] = good;
  }
  return copy ?? object;
}

function isOrdered(object: Members): boolean {
  let last = "";
  for (const name in object) {
    if (name < last) return false;
    last = name;
  }
  return true;
}

/** A copy in which every name is an ordinary name, those first that come first in `names`. */
function copyOf(object: Members, names: readonly string[]): Members {
  const copy: Members = Object.create(null);
  for (const name of names) copy[name] = ordered(object[name]);
  return copy;
}
