import { validation } from "../errors.ts";
import { isObject, toItem } from "../protocol/decode-attribute-value.ts";
import { NESTING_MAX, scanDepth } from "../protocol/scan-depth.ts";
import type { RawItem } from "../values/attribute-value.ts";

/** The item in a line of DYNAMODB_JSON; undefined for an empty line. Throws `ApiError` for one that holds none. */
export function itemOfLine(line: string): RawItem | undefined {
  if (line.trim() === "") return undefined;
  if (scanDepth(line) > NESTING_MAX) throw validation("The line is nested too deeply");
  const json = parsed(line);
  if (!isObject(json) || !isObject(json["Item"])) throw validation("The line is no object with an Item");
  return toItem(json["Item"]);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw validation("The line is not JSON");
  }
}
