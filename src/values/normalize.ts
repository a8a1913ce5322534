/**
 * From what a client sent to what is stored: one walk checks attribute values, brings them into normal form (see
 * attribute-value.ts) and adds up their size. Input that is already normal, the common case, is returned as it is, uncopied.
 *
 * Order of the checks inside one value: number, NULL, sets, contents of maps and lists, and only then "more than one datatype".
 */
import { requestValidation, validation } from "../errors.ts";
import {
  type AttributeValue,
  type Item,
  type MutableItem,
  newItem,
  type RawAttributeValue,
  type RawItem,
  type TypeName,
} from "./attribute-value.ts";
import { base64Length, compareBase64 } from "./base64.ts";
import { compareUtf8 } from "./compare.ts";
import { compareNumbers, normalizeNumber, numberSize } from "./number.ts";
import { CONTAINER_BYTES, ELEMENT_BYTES, itemSize, utf8Length } from "./size.ts";

/** Levels of nesting: a top-level attribute's value is on level 1. */
export const NESTING_LEVELS_MAX = 32;
const NAME_BYTES_MAX = 65_535;

/** All types, in the order in which a value with several members is checked. */
const CHECK_ORDER: readonly TypeName[] = ["N", "NULL", "SS", "NS", "BS", "M", "L", "S", "B", "BOOL"];

export interface NormalizedItem {
  readonly item: Item;
  /** Bytes as the service counts them (values/size.ts). */
  readonly size: number;
}

/**
 * Checks and normalises a whole item, key or map of attribute values. `isAscii`: all names and strings in it are known to be ASCII, which
 * need not be looked for then. Throws `ApiError`.
 */
export function normalizeItem(raw: RawItem, isAscii = false): NormalizedItem {
  const walk = new Walk(isAscii);
  const item = walk.entries(raw, 1);
  return { item, size: walk.renamed ? itemSize(item) : walk.size };
}

/** Checks and normalises one value. Throws `ApiError`. */
export function normalizeValue(raw: RawAttributeValue): AttributeValue {
  return new Walk(false).value(raw, 1);
}

/** Checks an attribute's name; returns it without lone surrogates. Throws `ApiError`. */
export function normalizeName(name: string): string {
  const bytes = utf8Length(name);
  checkNameBytes(bytes);
  return isWellFormed(name, bytes) ? name : name.toWellFormed();
}

export const nestingLevelsExceeded = () =>
  validation(
    "Nesting Levels have exceeded supported limits: " +
      "Attributes in the item have nested levels beyond supported limit",
  );

function checkNameBytes(bytes: number): void {
  if (bytes === 0) throw validation("One or more parameter values were invalid: Empty attribute name");
  if (bytes > NAME_BYTES_MAX) {
    throw validation(
      "One or more parameter values were invalid: Attribute name is too large, must be less than 65536 bytes",
    );
  }
}

class Walk {
  /** Bytes of everything passed so far. */
  size = 0;
  /** A name had lone surrogates; two names may have become one, so `size` may count a lost entry. */
  renamed = false;
  readonly #isAscii: boolean;

  constructor(isAscii: boolean) {
    this.#isAscii = isAscii;
  }

  #bytesOf(text: string): number {
    return this.#isAscii ? text.length : utf8Length(text);
  }

  entries(raw: RawItem, level: number): Item {
    let copy: MutableItem | undefined;
    for (const name in raw) {
      const given = raw[name];
      if (given === undefined) continue;
      const goodName = this.#name(name);
      const value = this.value(given, level);
      if (copy === undefined) {
        if (value === given && goodName === name) continue;
        copy = entriesBefore(raw, name);
      }
      copy[goodName] = value;
    }
    return copy ?? asItem(raw);
  }

  value(raw: RawAttributeValue, level: number): AttributeValue {
    if (level > NESTING_LEVELS_MAX) throw nestingLevelsExceeded();
    let type = "";
    let members = 0;
    for (const name in raw) {
      type = name;
      members++;
    }
    if (members === 1) {
      const value = this.#member(raw, type, level);
      if (value !== undefined) return value;
    }
    return this.#irregular(raw, level);
  }

  /** A value with unknown members, or with none or several known ones. */
  #irregular(raw: RawAttributeValue, level: number): AttributeValue {
    let known: AttributeValue | undefined;
    let count = 0;
    for (const type of CHECK_ORDER) {
      const value = this.#member(raw, type, level);
      if (value === undefined) continue;
      known = value === asValue(raw) ? only(value, type) : value;
      count++;
    }
    if (known === undefined) {
      throw validation(
        "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
      );
    }
    if (count > 1) {
      throw validation(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      );
    }
    return known;
  }

  /** The value of member `type` of `raw`: `raw` itself when normal; undefined when there is no such member or type. */
  #member(raw: RawAttributeValue, type: string, level: number): AttributeValue | undefined {
    switch (type) {
      case "S":
        return typeof raw.S === "string" ? this.#string(raw, raw.S) : undefined;
      case "N":
        return typeof raw.N === "string" ? this.#number(raw, raw.N) : undefined;
      case "B":
        return typeof raw.B === "string" ? this.#binary(raw, raw.B) : undefined;
      case "BOOL":
        return typeof raw.BOOL === "boolean" ? this.#oneByte(raw) : undefined;
      case "NULL":
        return typeof raw.NULL === "boolean" ? this.#null(raw, raw.NULL) : undefined;
      case "M":
        return raw.M ? this.#map(raw, raw.M, level) : undefined;
      case "L":
        return raw.L ? this.#list(raw, raw.L, level) : undefined;
      case "SS":
        return raw.SS ? this.#stringSet(raw, raw.SS) : undefined;
      case "NS":
        return raw.NS ? this.#numberSet(raw, raw.NS) : undefined;
      case "BS":
        return raw.BS ? this.#binarySet(raw, raw.BS) : undefined;
      default:
        return undefined;
    }
  }

  #name(name: string): string {
    const bytes = this.#bytesOf(name);
    checkNameBytes(bytes);
    this.size += bytes;
    if (isWellFormed(name, bytes)) return name;
    this.renamed = true;
    return name.toWellFormed();
  }

  #string(raw: RawAttributeValue, text: string): AttributeValue {
    // U+FFFD takes as many bytes as a lone surrogate is counted with.
    const bytes = this.#bytesOf(text);
    this.size += bytes;
    return isWellFormed(text, bytes) ? asValue(raw) : { S: text.toWellFormed() };
  }

  #number(raw: RawAttributeValue, text: string): AttributeValue {
    const canonical = normalizeNumber(text);
    this.size += numberSize(canonical);
    return canonical === text ? asValue(raw) : { N: canonical };
  }

  #binary(raw: RawAttributeValue, base64: string): AttributeValue {
    this.size += base64Length(base64);
    return asValue(raw);
  }

  #oneByte(raw: RawAttributeValue): AttributeValue {
    this.size += 1;
    return asValue(raw);
  }

  #null(raw: RawAttributeValue, flag: boolean): AttributeValue {
    if (!flag) {
      throw requestValidation(
        "One or more parameter values were invalid: Null attribute value types must have the value of true",
      );
    }
    return this.#oneByte(raw);
  }

  #map(raw: RawAttributeValue, map: RawItem, level: number): AttributeValue {
    this.size += CONTAINER_BYTES;
    for (const _ in map) this.size += ELEMENT_BYTES;
    const normal = this.entries(map, level + 1);
    return normal === asItem(map) ? asValue(raw) : { M: normal };
  }

  #list(raw: RawAttributeValue, list: readonly RawAttributeValue[], level: number): AttributeValue {
    this.size += CONTAINER_BYTES + ELEMENT_BYTES * list.length;
    let copy: AttributeValue[] | undefined;
    for (let at = 0; at < list.length; at++) {
      const given = list[at] ?? {};
      const value = this.value(given, level + 1);
      if (copy === undefined) {
        if (value === given) continue;
        copy = list.slice(0, at).map(asValue);
      }
      copy.push(value);
    }
    return copy === undefined ? asValue(raw) : { L: copy };
  }

  #stringSet(raw: RawAttributeValue, members: readonly string[]): AttributeValue {
    if (members.length === 0) throw emptySet("An string set  may not be empty");
    const good = this.#isAscii ? members : mapped(members, (member) => member.toWellFormed());
    for (const member of good) this.size += this.#bytesOf(member);
    const sorted = ascending(good, compareUtf8);
    if (sorted === undefined) {
      throw duplicates(`Input collection [${members.join(", ")}] contains duplicates.`);
    }
    return sorted === members ? asValue(raw) : { SS: sorted };
  }

  #numberSet(raw: RawAttributeValue, members: readonly string[]): AttributeValue {
    if (members.length === 0) throw emptySet("An number set  may not be empty");
    const canonical = mapped(members, normalizeNumber);
    for (const member of canonical) this.size += numberSize(member);
    const sorted = ascending(canonical, compareNumbers);
    if (sorted === undefined) throw requestValidation("Input collection contains duplicates");
    return sorted === members ? asValue(raw) : { NS: sorted };
  }

  #binarySet(raw: RawAttributeValue, members: readonly string[]): AttributeValue {
    if (members.length === 0) throw emptySet("Binary sets should not be empty");
    for (const member of members) this.size += base64Length(member);
    const sorted = ascending(members, compareBase64);
    if (sorted === undefined) {
      throw duplicates(`Input collection [${members.join(", ")}]of type BS contains duplicates.`);
    }
    return sorted === members ? asValue(raw) : { BS: sorted };
  }
}

const emptySet = (problem: string) =>
  requestValidation(`One or more parameter values were invalid: ${problem}`);
const duplicates = emptySet;

/** Whether `text`, of so many bytes in UTF-8, has no lone surrogates. ASCII, the usual case, shows in its length. */
function isWellFormed(text: string, bytes: number): boolean {
  return bytes === text.length || text.isWellFormed();
}

/** `members` with `change` applied: the same array when nothing changes. */
function mapped(members: readonly string[], change: (member: string) => string): readonly string[] {
  for (const member of members) if (change(member) !== member) return members.map(change);
  return members;
}

/** `members` in ascending order: the same array when they are; undefined when two are equal. */
function ascending(
  members: readonly string[],
  compare: (a: string, b: string) => number,
): readonly string[] | undefined {
  if (isAscending(members, compare)) return members;
  const sorted = members.toSorted(compare);
  return isAscending(sorted, compare) ? sorted : undefined;
}

function isAscending(members: readonly string[], compare: (a: string, b: string) => number): boolean {
  let previous: string | undefined;
  for (const member of members) {
    if (previous !== undefined && compare(previous, member) >= 0) return false;
    previous = member;
  }
  return true;
}

/** A copy of the entries of `raw` that come before `name`, all of which proved normal. */
function entriesBefore(raw: RawItem, name: string): MutableItem {
  const copy = newItem();
  for (const before in raw) {
    if (before === name) break;
    const value = raw[before];
    if (value !== undefined) copy[before] = asValue(value);
  }
  return copy;
}

/** A value of one member `type`, without the unknown members beside it. */
function only(value: AttributeValue, type: TypeName): AttributeValue {
  const raw: RawAttributeValue = value;
  return asValue({ [type]: raw[type] });
}

// The walk returns its input when it has proved it normal; the types cannot follow that.
const asValue = (raw: RawAttributeValue) => raw as AttributeValue;
const asItem = (raw: RawItem) => raw as Item;
