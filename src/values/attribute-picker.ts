/**
 * Some attributes of a stored item without parsing the rest. An item is stored as JSON.stringify wrote it: no white space, each name once and
 * escaped in one way only, so that names can be compared as they stand, and values passed over by counting brackets outside of strings.
 */
import { type AttributeValue, type Item, newItem } from "./attribute-value.ts";
import { decodeRow, isAscii, ROW_HEADER_BYTES, rowItemText } from "./item-codec.ts";

/** With more names than this the whole item is parsed: looking for each costs as much. */
const NAMES_MAX = 8;

/** Strings longer than this are worth a call that looks for their end many bytes at a time. */
const SHORT_STRING = 24;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** Brackets differ from braces by this bit. */
const CASE_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

interface Wanted {
  readonly name: string;
  /** `"name":` as it is stored, one character per byte of UTF-8. */
  readonly member: string;
}

/** Reads the same few attributes of one row after the other. */
export class AttributePicker {
  readonly #wanted: readonly Wanted[];

  /** `names` are of top-level attributes. */
  constructor(names: Iterable<string>) {
    this.#wanted = [...new Set(names)].map((name) => ({
      name,
      member: Buffer.from(`${JSON.stringify(name)}:`).toString("latin1"),
    }));
  }

  /** An item with those attributes of the row `row[start, end)` that are wanted, and perhaps others. */
  pick(row: Uint8Array, start: number, end: number): Item {
    const wanted = this.#wanted;
    if (wanted.length > NAMES_MAX) return decodeRow(row, start, end);
    const text = rowItemText(row, start, end);
    const ascii = isAscii(row, start);
    const item = newItem();
    let missing = wanted.length;
    // `{` or the comma before a member; the last member ends with the item's `}`.
    for (let at = 0; missing > 0 && text.charCodeAt(at + 1) === QUOTE; ) {
      const found = this.#memberAt(text, at + 1);
      const value = found === undefined ? stringEnd(text, at + 1) + 1 : at + 1 + found.member.length;
      at = valueEnd(text, value);
      if (found === undefined) continue;
      item[found.name] = ascii
        ? parsed(text, value, at)
        : parsedBytes(row, start + ROW_HEADER_BYTES + value, start + ROW_HEADER_BYTES + at);
      missing -= 1;
      if (text.charCodeAt(at) !== COMMA) break;
    }
    return item;
  }

  #memberAt(text: string, at: number): Wanted | undefined {
    const first = text.charCodeAt(at + 1);
    for (const wanted of this.#wanted) {
      if (wanted.member.charCodeAt(1) === first && text.startsWith(wanted.member, at)) return wanted;
    }
    return undefined;
  }
}

/** The place behind the string whose quote is at `at`. */
function stringEnd(text: string, at: number): number {
  const near = at + SHORT_STRING;
  for (let place = at + 1; place < near; place += 1) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) return place + 1;
    if (code === BACKSLASH) place += 1;
  }
  return longStringEnd(text, at);
}

/** Where a quote is preceded by backslashes, their number says whether it ends the string. */
function longStringEnd(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = quote;
    while (text.charCodeAt(escapes - 1) === BACKSLASH) escapes -= 1;
    if ((quote - escapes) % 2 === 0) return quote + 1;
  }
  throw new SyntaxError("a stored item ends within a string");
}

/** The place behind the value at `at`, which is an object. */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  for (let place = at; place < text.length; ) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) {
      place = stringEnd(text, place);
      continue;
    }
    place += 1;
    if ((code | CASE_BIT) === OPEN) depth += 1;
    else if ((code | CASE_BIT) === CLOSE) {
      depth -= 1;
      if (depth === 0) return place;
    }
  }
  throw new SyntaxError("a stored item ends within a value");
}

/** The commonest values, numbers and strings without escapes, are taken as they stand; all others are parsed. */
function parsed(text: string, start: number, end: number): AttributeValue {
  const content = start + '{"S":"'.length;
  if (text.startsWith('{"N":"', start)) return { N: text.slice(content, end - 2) };
  if (text.startsWith('{"S":"', start)) {
    const value = text.slice(content, end - 2);
    if (!value.includes("\\")) return { S: value };
  }
  return JSON.parse(text.slice(start, end)) as AttributeValue;
}

const parsedBytes = (row: Uint8Array, start: number, end: number): AttributeValue =>
  JSON.parse(Buffer.prototype.toString.call(row, "utf8", start, end)) as AttributeValue;
