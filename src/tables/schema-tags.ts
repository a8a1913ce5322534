/** Tags: what may be attached to a table, and the table's tags after a change. */
import { validation } from "../errors.ts";
import { utf8Length } from "../values/size.ts";
import type { Tag } from "./schema.ts";
import type { TagRequest } from "./schema-request.ts";

const TAGS_MAX = 50;
const KEY_CHARS_MAX = 128;
const VALUE_CHARS_MAX = 256;
/** Keys and values of one resource together. */
const TAGS_BYTES_MAX = 10_240;

/** Letters and digits of any script, white space, and a few signs. */
const LEGAL = /^[\p{L}\p{N}\s+\-=._:/@]*$/u;

/** Tags of a request, checked: legal keys and values, no reserved prefix, no key twice, not too many. Throws `ApiError`. */
export function checkTags(requested: readonly TagRequest[]): Tag[] {
  const keys = new Set<string>();
  const tags = requested.map(({ Key, Value }): Tag => {
    const key = checkTagKey(Key);
    if (Value === undefined || Value.length > VALUE_CHARS_MAX || !LEGAL.test(Value)) {
      throw validation(`The Tag Value provided is invalid, Value: ${Value ?? null}`);
    }
    if (keys.has(key)) {
      throw validation(`Duplicate Tag Keys provided as input: Duplicate Tag Key found ${key}`);
    }
    keys.add(key);
    return { Key: key, Value };
  });
  checkTotals(tags);
  return tags;
}

function checkTotals(tags: readonly Tag[]): void {
  checkTagCount(tags.length);
  let bytes = 0;
  for (const { Key, Value } of tags) bytes += utf8Length(Key) + utf8Length(Value);
  if (bytes > TAGS_BYTES_MAX) {
    throw validation(`Tag set size ${bytes} bytes is above max size limit of ${TAGS_BYTES_MAX} bytes`);
  }
}

/** A tag key, to set or to remove, checked. Throws `ApiError`. */
export function checkTagKey(key: string | undefined): string {
  if (key === undefined || key === "" || key.length > KEY_CHARS_MAX || !LEGAL.test(key)) {
    throw validation(`The Tag Key provided is invalid, Key: ${key ?? null}`);
  }
  if (key.toLowerCase().startsWith("aws:")) {
    throw validation(`Tag Key cannot be prefixed with aws:, Key: ${key}`);
  }
  return key;
}

/** Refuses more tags, or keys to remove, than a resource can have. Throws `ApiError`. */
export function checkTagCount(count: number): void {
  if (count > TAGS_MAX) {
    throw validation("Number of Tags exceed the current limit for the provided ResourceArn");
  }
}

/** The tags of a resource after `changes` (checked): keys that exist get new values in their places. Throws `ApiError`. */
export function mergeTags(current: readonly Tag[], changes: readonly Tag[]): Tag[] {
  const merged = [...new Map([...current, ...changes].map((tag) => [tag.Key, tag])).values()];
  checkTotals(merged);
  return merged;
}
