/** Sizes in bytes as the service counts them: for the item limit, capacity units, pages and table statistics. */
import type { AttributeValue, Item } from "./attribute-value.ts";
import { base64Length } from "./base64.ts";
import { numberSize } from "./number.ts";

/** The largest item that may be stored: 400 KB. */
export const ITEM_BYTES_MAX = 409_600;

/** Bytes that a list or map costs beside its contents. */
export const CONTAINER_BYTES = 3;
/** Bytes that each list element or map entry costs beside its name and value. */
export const ELEMENT_BYTES = 1;

/** UTF-8 length of a well-formed string. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text);
}

/** Names and values of all attributes. */
export function itemSize(item: Item): number {
  let size = 0;
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) size += utf8Length(name) + valueSize(value);
  }
  return size;
}

/** One normalised value, without its attribute's name. */
export function valueSize(value: AttributeValue): number {
  if ("S" in value) return utf8Length(value.S);
  if ("N" in value) return numberSize(value.N);
  if ("B" in value) return base64Length(value.B);
  if ("M" in value) return mapSize(value.M);
  if ("L" in value) return listSize(value.L);
  if ("SS" in value) return sumOf(value.SS, utf8Length);
  if ("NS" in value) return sumOf(value.NS, numberSize);
  if ("BS" in value) return sumOf(value.BS, base64Length);
  return 1;
}

function mapSize(map: Item): number {
  let size = CONTAINER_BYTES + itemSize(map);
  for (const _ in map) size += ELEMENT_BYTES;
  return size;
}

function listSize(list: readonly AttributeValue[]): number {
  let size = CONTAINER_BYTES;
  for (const element of list) size += ELEMENT_BYTES + valueSize(element);
  return size;
}

function sumOf(members: readonly string[], sizeOf: (member: string) => number): number {
  let size = 0;
  for (const member of members) size += sizeOf(member);
  return size;
}
