/**
 * Attribute values and items from parsed JSON. They stay in wire form, and the parsed objects themselves are handed on
 * unless something has to change (a null or unknown member to drop, a boolean given as a string): the usual request is
 * checked without copying anything.
 */
import { serialization, validation } from "../errors.ts";
import type { RawAttributeValue, RawItem } from "../values/attribute-value.ts";
import { nestingLevelsExceeded } from "../values/normalize.ts";
import { structureUnexpected, toBlob, toBoolean, toText } from "./conversions.ts";

/**
 * Deepest attribute value that is decoded. Far above the service's limit of 32, which is judged later in its proper place,
 * and far below what the stack holds.
 */
const attributeDepthMax = 128;

const javaAttributeValue = "com.amazonaws.dynamodb.v20120810.AttributeValue";

export interface JsonObject {
  readonly [name: string]: unknown;
}

interface MutableJsonObject {
  [name: string]: unknown;
}

type Scalar = (json: unknown) => unknown;

/** Whether `json` is a JSON object (not null, not an array). */
export const isObject = (json: unknown): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/**
 * A copy of `source` up to but without its member `end`, in which every name is an ordinary name. Starts the copy of an
 * object whose first members need no change.
 */
export function copyBefore(source: JsonObject, end: string): MutableJsonObject {
  const copy: MutableJsonObject = Object.create(null);
  for (const name in source) {
    if (name === end) break;
    copy[name] = source[name];
  }
  return copy;
}

/** Names to attribute values, as a member of a structure. */
export function toItem(json: unknown): RawItem {
  if (isObject(json)) return decodeItem(json, 1);
  throw mapMismatch(json);
}

/** The refusal of a list or scalar where a map of attribute values was expected. */
function mapMismatch(json: unknown) {
  return serialization(
    Array.isArray(json)
      ? `Unrecognized collection type java.util.Map<java.lang.String, ${javaAttributeValue}>`
      : "Unexpected field type",
  );
}

/** An attribute value, as a member of a structure. */
export function toAttributeValue(json: unknown): RawAttributeValue {
  if (isObject(json)) return decodeValue(json, 1);
  throw serialization(
    Array.isArray(json)
      ? `Unrecognized collection type class ${javaAttributeValue}`
      : "Unexpected field type",
  );
}

/** An attribute value as an element of a list or map. Null stands for a value without any member. */
export const toAttributeValueElement = (json: unknown): RawAttributeValue => decodeElement(json, 1);

function decodeItem(json: JsonObject, depth: number): RawItem {
  let copy: MutableJsonObject | undefined;
  for (const name in json) {
    const value = json[name];
    const decoded = decodeElement(value, depth);
    if (copy === undefined) {
      if (decoded === value) continue;
      copy = copyBefore(json, name);
    }
    copy[name] = decoded;
  }
  // Every entry was checked or replaced above.
  return (copy ?? json) as RawItem;
}

function decodeElement(json: unknown, depth: number): RawAttributeValue {
  if (isObject(json)) return decodeValue(json, depth);
  if (json === null) return {};
  throw serialization(
    Array.isArray(json)
      ? `Unrecognized collection type class ${javaAttributeValue}`
      : "Unexpected value type in payload",
  );
}

function decodeValue(json: JsonObject, depth: number): RawAttributeValue {
  if (depth > attributeDepthMax) throw nestingLevelsExceeded();
  let copy: MutableJsonObject | undefined;
  for (const name in json) {
    const value = json[name];
    const decoded = value === null ? undefined : decodeMember(name, value, depth);
    if (copy === undefined) {
      if (decoded === value) continue;
      copy = copyBefore(json, name);
    }
    if (decoded !== undefined) copy[name] = decoded;
  }
  // Every member was checked, replaced or dropped above.
  return (copy ?? json) as RawAttributeValue;
}

/** One member of an attribute value; undefined when the service knows no such member. */
function decodeMember(name: string, json: unknown, depth: number): unknown {
  switch (name) {
    case "S":
    case "N":
      return toText(json);
    case "B":
      return toBlob(json);
    case "BOOL":
    case "NULL":
      return toBoolean(json);
    case "SS":
    case "NS":
      return decodeSet(json, toText);
    case "BS":
      return decodeSet(json, toBlob);
    case "L":
      return decodeList(json, depth);
    case "M":
      if (isObject(json)) return decodeItem(json, depth + 1);
      throw mapMismatch(json);
    default:
      return undefined;
  }
}

/** Strings and blobs are either taken as they are or refused, so that a set never needs a copy. */
function decodeSet(json: unknown, check: Scalar): unknown {
  const elements = toList(json);
  for (const element of elements) {
    if (element === null) {
      throw validation(
        "One or more parameter values were invalid: An string set  may not have a null string as a member",
      );
    }
    check(element);
  }
  return elements;
}

function decodeList(json: unknown, depth: number): unknown {
  const elements = toList(json);
  let copy: unknown[] | undefined;
  for (let at = 0; at < elements.length; at++) {
    const element = elements[at];
    const decoded = decodeElement(element, depth + 1);
    if (copy === undefined) {
      if (decoded === element) continue;
      copy = elements.slice(0, at);
    }
    copy.push(decoded);
  }
  return copy ?? elements;
}

/** A JSON list, as a member of a structure. */
function toList(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw typeof json === "object" ? structureUnexpected() : serialization("Unexpected field type");
}
