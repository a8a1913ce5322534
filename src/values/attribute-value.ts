/**
 * Attribute values and items as they live in memory: *normalised DynamoDB-JSON*, the very tree that JSON.parse gives for the
 * wire and for stored rows. One representation from socket to disk means that nothing is converted on the way: an item is
 * stored as `JSON.stringify` wrote it, and a stored item is answered by copying its bytes.
 *
 * Normalised means: exactly one member per value, canonical numbers (no exponent, no superfluous zeros), canonical base64,
 * sets sorted and free of duplicates, no lone surrogates. `values/normalize.ts` makes it so at the edge.
 *
 * Attribute names are arbitrary strings, "__proto__" and "constructor" included: read through `attribute`, never with
 * `item[name]`, and build items with `newItem` (null prototype).
 */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  /** Canonical base64. */
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Item };

export interface Item {
  readonly [name: string]: AttributeValue;
}

/** An item under construction. */
export interface MutableItem {
  [name: string]: AttributeValue;
}

/**
 * What `protocol/decode` hands over: members have the right JSON types and base64 is canonical (`B` and `BS` are strings),
 * but any number of members may be present, numbers are unchecked, sets may have duplicates, `NULL` may be false.
 */
export interface RawAttributeValue {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly NULL?: boolean;
  readonly SS?: readonly string[];
  readonly NS?: readonly string[];
  readonly BS?: readonly string[];
  readonly L?: readonly RawAttributeValue[];
  readonly M?: RawItem;
}

export interface RawItem {
  readonly [name: string]: RawAttributeValue;
}

export type TypeName = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "BS" | "L" | "M";

/** The type of a normalised value. */
export function typeOf(value: AttributeValue): TypeName {
  for (const name in value) return name as TypeName;
  throw new Error("an attribute value has exactly one member");
}

/** An empty item in which every name is an ordinary name. */
export function newItem(): MutableItem {
  return Object.create(null) as MutableItem;
}

/** The named attribute, or undefined. Safe for every name. */
export function attribute(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** A scalar value as the service prints it in messages: `AttributeValue: {S:abc}`. */
export function describeValue(value: AttributeValue): string {
  for (const [type, content] of Object.entries(value)) return `AttributeValue: {${type}:${content}}`;
  throw new Error("an attribute value has exactly one member");
}
