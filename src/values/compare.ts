/**
 * Equality and order of normalised values. Normalisation (values/normalize.ts) makes most of it plain: equal numbers have
 * equal texts, and equal sets have equal members in equal places.
 */
import type { AttributeValue, Item } from "./attribute-value.ts";
import { compareBase64 } from "./base64.ts";
import { compareNumbers } from "./number.ts";

const SURROGATES_BEGIN = 0xd800;

/** Orders well-formed strings by their UTF-8 bytes, which differs from UTF-16 order beyond the basic plane. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    // Surrogates stand for code points above all others, so they sort after U+E000..U+FFFF.
    if (x >= SURROGATES_BEGIN && y >= SURROGATES_BEGIN) return byteRank(x) - byteRank(y);
    return x - y;
  }
  return a.length - b.length;
}

/** Moves surrogates (0xd800..0xdfff) above the rest of the units from 0xd800 on. */
function byteRank(unit: number): number {
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/**
 * Order of two values of the same type S, N or B: negative, zero or positive; undefined when the types differ or have
 * no order.
 */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ("N" in a) return "N" in b ? compareNumbers(a.N, b.N) : undefined;
  if ("S" in a) return "S" in b ? compareUtf8(a.S, b.S) : undefined;
  if ("B" in a) return "B" in b ? compareBase64(a.B, b.B) : undefined;
  return undefined;
}

/** Deep equality: sets and maps without order, lists with it, numbers by value. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if (a === b) return true;
  if ("S" in a) return "S" in b && a.S === b.S;
  if ("N" in a) return "N" in b && a.N === b.N;
  if ("B" in a) return "B" in b && a.B === b.B;
  if ("BOOL" in a) return "BOOL" in b && a.BOOL === b.BOOL;
  if ("NULL" in a) return "NULL" in b;
  if ("SS" in a) return "SS" in b && equalMembers(a.SS, b.SS);
  if ("NS" in a) return "NS" in b && equalMembers(a.NS, b.NS);
  if ("BS" in a) return "BS" in b && equalMembers(a.BS, b.BS);
  if ("L" in a) return "L" in b && equalLists(a.L, b.L);
  return "M" in b && equalItems(a.M, b.M);
}

/** Whether two items (or maps) have equal attributes. */
export function equalItems(a: Item, b: Item): boolean {
  if (a === b) return true;
  let names = 0;
  for (const name in a) {
    if (!Object.hasOwn(b, name)) return false;
    const x = a[name];
    const y = b[name];
    if (x === undefined || y === undefined || !equalValues(x, y)) return false;
    names++;
  }
  for (const _ in b) names--;
  return names === 0;
}

function equalLists(a: readonly AttributeValue[], b: readonly AttributeValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    const x = a[at];
    const y = b[at];
    if (x === undefined || y === undefined || !equalValues(x, y)) return false;
  }
  return true;
}

function equalMembers(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
