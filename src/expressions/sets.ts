/** Union and difference of sets in normal form: members ascending, numbers canonical. */
import type { AttributeValue } from "../values/attribute-value.ts";
import { compareBase64 } from "../values/base64.ts";
import { compareUtf8 } from "../values/compare.ts";
import { compareNumbers } from "../values/number.ts";

type Compare = (a: string, b: string) => number;

/** The union of two sets of one type, `a` itself when `b` adds nothing; undefined when the types differ or are no sets. */
export function union(a: AttributeValue, b: AttributeValue): AttributeValue | undefined {
  if ("SS" in a && "SS" in b) {
    const SS = merged(a.SS, b.SS, compareUtf8);
    return SS === a.SS ? a : { SS };
  }
  if ("NS" in a && "NS" in b) {
    const NS = merged(a.NS, b.NS, compareNumbers);
    return NS === a.NS ? a : { NS };
  }
  if ("BS" in a && "BS" in b) {
    const BS = merged(a.BS, b.BS, compareBase64);
    return BS === a.BS ? a : { BS };
  }
  return undefined;
}

/**
 * What is left of set `a` without the members of `b`: null when nothing is, `a` itself when everything is; undefined when the
 * types differ or are no sets.
 */
export function difference(a: AttributeValue, b: AttributeValue): AttributeValue | null | undefined {
  if ("SS" in a && "SS" in b) {
    const SS = without(a.SS, b.SS);
    return SS.length === a.SS.length ? a : SS.length === 0 ? null : { SS };
  }
  if ("NS" in a && "NS" in b) {
    const NS = without(a.NS, b.NS);
    return NS.length === a.NS.length ? a : NS.length === 0 ? null : { NS };
  }
  if ("BS" in a && "BS" in b) {
    const BS = without(a.BS, b.BS);
    return BS.length === a.BS.length ? a : BS.length === 0 ? null : { BS };
  }
  return undefined;
}

function merged(a: readonly string[], b: readonly string[], compare: Compare): readonly string[] {
  const known = new Set(a);
  const added = b.filter((member) => !known.has(member));
  return added.length === 0 ? a : [...a, ...added].sort(compare);
}

function without(a: readonly string[], b: readonly string[]): readonly string[] {
  const removed = new Set(b);
  return a.filter((member) => !removed.has(member));
}
