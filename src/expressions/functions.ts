/** The functions of condition expressions, on normalised values. Values of the wrong type are answered with false or nothing. */
import type { AttributeValue } from "../values/attribute-value.ts";
import { base64Length, decodeBase64 } from "../values/base64.ts";
import { equalValues } from "../values/compare.ts";

/** Whether a string or binary value begins with another of its type. */
export function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if ("S" in value) return "S" in prefix && value.S.startsWith(prefix.S);
  return "B" in value && "B" in prefix && decodeBase64(value.B).startsWith(decodeBase64(prefix.B));
}

/** Whether a string or binary value has another in it, a set a member, or a list an element equal to `wanted`. */
export function contains(value: AttributeValue, wanted: AttributeValue): boolean {
  if ("S" in value) return "S" in wanted && value.S.includes(wanted.S);
  if ("B" in value) return "B" in wanted && decodeBase64(value.B).includes(decodeBase64(wanted.B));
  if ("SS" in value) return "S" in wanted && value.SS.includes(wanted.S);
  if ("NS" in value) return "N" in wanted && value.NS.includes(wanted.N);
  if ("BS" in value) return "B" in wanted && value.BS.includes(wanted.B);
  return "L" in value && value.L.some((element) => equalValues(element, wanted));
}

/** What `size()` gives: UTF-16 units, bytes or entries, as a number; undefined for numbers, booleans and null. */
export function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined;
  const size = sizeIn(value);
  return size === undefined ? undefined : { N: String(size) };
}

function sizeIn(value: AttributeValue): number | undefined {
  if ("S" in value) return value.S.length;
  if ("B" in value) return base64Length(value.B);
  if ("L" in value) return value.L.length;
  if ("M" in value) return Object.keys(value.M).length;
  if ("SS" in value) return value.SS.length;
  if ("NS" in value) return value.NS.length;
  return "BS" in value ? value.BS.length : undefined;
}
