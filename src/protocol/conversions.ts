/**
 * Scalars from JSON, with the service's words for every refusal. A member that expects a scalar also meets lists and
 * objects here.
 */
import { type ApiError, serialization } from "../errors.ts";

/** Scalar types as the service's (Java) front end names them in messages. */
type ScalarName = "String" | "Boolean" | "Integer" | "Long" | "Double" | "Date";

const javaClass: Readonly<Record<ScalarName, string>> = {
  String: "java.lang.String",
  Boolean: "java.lang.Boolean",
  Integer: "java.lang.Integer",
  Long: "java.lang.Long",
  Double: "java.lang.Double",
  Date: "java.util.Date",
};

const integerMax = 2 ** 31 - 1;
const longMax = 2 ** 63;
const truths: ReadonlySet<string> = new Set(["true", "1", "yes"]);
const falsehoods: ReadonlySet<string> = new Set(["false", "0", "no"]);
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The word the service's parser has for a scalar JSON value. */
function tokenOf(json: unknown): string {
  switch (typeof json) {
    case "string":
      return "STRING_VALUE";
    case "number":
      return Number.isInteger(json) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
    default:
      return json === true ? "TRUE_VALUE" : "FALSE_VALUE";
  }
}

/** The refusal of `json` where a scalar of type `name` was expected. */
function mismatch(json: unknown, name: ScalarName): ApiError {
  if (Array.isArray(json)) return serialization(`Unrecognized collection type class ${javaClass[name]}`);
  if (typeof json === "object") return structureUnexpected();
  return serialization(`${tokenOf(json)} cannot be converted to ${name}`);
}

/** An object where a scalar or a list was expected. */
export const structureUnexpected = (): ApiError =>
  serialization("Start of structure or map found where not expected");

/** A string as it is; anything else is refused. */
export function toText(json: unknown): string {
  if (typeof json === "string") return json;
  throw mismatch(json, "String");
}

/** A boolean, or one of the strings true, false, 1, 0, yes, no in any case. */
export function toBoolean(json: unknown): boolean {
  if (typeof json === "boolean") return json;
  if (typeof json !== "string") throw mismatch(json, "Boolean");
  const word = json.toLowerCase();
  if (truths.has(word)) return true;
  if (falsehoods.has(word)) return false;
  throw serialization("Unexpected token received from parser");
}

/** A 32-bit integer; fractions are cut off. */
export function toInteger(json: unknown): number {
  if (typeof json !== "number") throw mismatch(json, "Integer");
  const integer = Math.trunc(json);
  if (integer > integerMax || integer < -integerMax - 1) throw mismatch(json, "Integer");
  return integer;
}

/** A 64-bit integer as a double; fractions are cut off. */
export function toLong(json: unknown): number {
  if (typeof json !== "number") throw mismatch(json, "Long");
  const integer = Math.trunc(json);
  if (integer >= longMax || integer < -longMax) throw mismatch(json, "Long");
  return integer;
}

export function toDouble(json: unknown): number {
  if (typeof json === "number") return json;
  throw mismatch(json, "Double");
}

/** Epoch seconds, fractions allowed. */
export function toTimestamp(json: unknown): number {
  if (typeof json === "number") return json;
  throw mismatch(json, "Date");
}

/** Standard base64 with padding, checked, not decoded. */
export function toBlob(json: unknown): string {
  if (typeof json !== "string") {
    if (Array.isArray(json)) throw serialization("Unrecognized collection type class java.nio.ByteBuffer");
    if (typeof json === "object") throw structureUnexpected();
    throw serialization("only base-64-encoded strings are convertible to bytes");
  }
  if (json.length % 4 !== 0) {
    throw serialization(`Base64 encoded length is expected a multiple of 4 bytes but found: ${json.length}`);
  }
  if (!base64.test(json)) throw serialization("Invalid Base64 character detected");
  if (json.endsWith("=") && !hasCleanTail(json)) {
    throw serialization("Invalid last non-pad Base64 character dectected");
  }
  return json;
}

/** Whether the bits that padding leaves unused in the last character are zero. */
function hasCleanTail(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : 1;
  const last = alphabet.indexOf(text.charAt(text.length - 1 - padding));
  return last % (padding === 2 ? 16 : 4) === 0;
}
