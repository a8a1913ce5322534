import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiError } from "../../src/errors.ts";
import { attribute, type RawAttributeValue, type RawItem } from "../../src/values/attribute-value.ts";
import { normalizeItem, normalizeName, normalizeValue } from "../../src/values/normalize.ts";
import { normalizeNumber } from "../../src/values/number.ts";
import { itemSize } from "../../src/values/size.ts";
import { illFormedText, rawItem } from "./arbitraries.ts";

const PREFIX = "One or more parameter values were invalid: ";
const EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
const SEVERAL =
  "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes";
const NESTING =
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";

function refusal(value: RawAttributeValue): ApiError {
  try {
    normalizeValue(value);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("accepted");
}

/** `levels` containers around a string. */
function nested(levels: number, wrap: (inner: RawAttributeValue) => RawAttributeValue): RawAttributeValue {
  let value: RawAttributeValue = { S: "x" };
  for (let level = 0; level < levels; level++) value = wrap(value);
  return value;
}

const inList = (inner: RawAttributeValue) => ({ L: [inner] });
const inMap = (inner: RawAttributeValue) => ({ M: { m: inner } });

describe("refusals", () => {
  test.each<[string, RawAttributeValue, string, boolean]>([
    ["no member", {}, EMPTY, false],
    ["an unknown member only", JSON.parse('{"dog":"cat"}'), EMPTY, false],
    ["two members", { S: "a", N: "1" }, SEVERAL, false],
    ["NULL false", { NULL: false }, `${PREFIX}Null attribute value types must have the value of true`, true],
    ["an empty string set", { SS: [] }, `${PREFIX}An string set  may not be empty`, true],
    ["an empty number set", { NS: [] }, `${PREFIX}An number set  may not be empty`, true],
    ["an empty binary set", { BS: [] }, `${PREFIX}Binary sets should not be empty`, true],
    [
      "twice the same string",
      { SS: ["b", "a", "b"] },
      `${PREFIX}Input collection [b, a, b] contains duplicates.`,
      true,
    ],
    ["twice the same number", { NS: ["1", "2", "1.0"] }, "Input collection contains duplicates", true],
    [
      "twice the same bytes",
      { BS: ["AQ==", "AQ=="] },
      `${PREFIX}Input collection [AQ==, AQ==]of type BS contains duplicates.`,
      true,
    ],
    ["no number", { N: "x" }, "The parameter cannot be converted to a numeric value: x", false],
    [
      "no number in a set",
      { NS: ["1", "y"] },
      "The parameter cannot be converted to a numeric value: y",
      false,
    ],
    ["33 levels of lists", nested(32, inList), NESTING, false],
    ["33 levels of maps", nested(32, inMap), NESTING, false],
    ["many thousand levels", nested(100_000, inList), NESTING, false],
    ["an empty name in a map", { M: { "": { S: "a" } } }, `${PREFIX}Empty attribute name`, false],
  ])("%s", (_, value, message, enveloped) => {
    const error = refusal(value);
    expect(error.message).toBe(message);
    expect(error.enveloped).toBe(enveloped);
    expect(error.type).toEndWith("#ValidationException");
  });

  test.each<[string, RawAttributeValue, string]>([
    ["a bad number", { S: "a", N: "x" }, "The parameter cannot be converted to a numeric value: x"],
    [
      "NULL false",
      { NULL: false, SS: [] },
      `${PREFIX}Null attribute value types must have the value of true`,
    ],
    ["an empty set", { SS: [], L: [{}] }, `${PREFIX}An string set  may not be empty`],
    ["the contents of a list", { S: "a", L: [{}] }, EMPTY],
    ["nothing else", { S: "a", L: [{ S: "b" }] }, SEVERAL],
  ])("of a value with two members, %s is reported first", (_, value, message) => {
    expect(refusal(value).message).toBe(message);
  });

  test("names are 1 to 65535 bytes long", () => {
    expect(normalizeName("é".repeat(32_767))).toHaveLength(32_767);
    expect(normalizeName("a".repeat(65_535))).toHaveLength(65_535);
    expect(() => normalizeName("")).toThrow(`${PREFIX}Empty attribute name`);
    expect(() => normalizeName("é".repeat(32_768))).toThrow(
      `${PREFIX}Attribute name is too large, must be less than 65536 bytes`,
    );
    expect(() => normalizeItem({ "": { S: "a" } })).toThrow(`${PREFIX}Empty attribute name`);
  });
});

describe("what is accepted", () => {
  test("32 levels", () => {
    const value = nested(31, inMap);
    expect<unknown>(normalizeValue(value)).toBe(value);
    expect(normalizeValue({ L: [] })).toEqual({ L: [] });
  });

  test("empty strings, binaries, lists and maps, also inside sets", () => {
    const raw = { s: { S: "" }, b: { B: "" }, l: { L: [] }, m: { M: {} }, ss: { SS: [""] } };
    expect<RawItem>(normalizeItem(raw).item).toEqual(raw);
  });

  test("numbers, sets and text take their normal form, at any depth", () => {
    const raw: RawItem = {
      n: { N: "1.50" },
      ns: { NS: ["10", "-1", "9.0"] },
      ss: { SS: ["\ufffd", "😀", "a"] },
      bs: { BS: ["/w==", "AA==", "aA=="] },
      l: { L: [{ S: "a" }, { M: { x: { N: "+1" }, y: { S: "\ud800" } } }, { NULL: true }] },
      "\udc00": { BOOL: false },
    };
    const { item, size } = normalizeItem(raw);
    expect(JSON.parse(JSON.stringify(item))).toEqual({
      n: { N: "1.5" },
      ns: { NS: ["-1", "9", "10"] },
      ss: { SS: ["a", "\ufffd", "😀"] },
      bs: { BS: ["AA==", "aA==", "/w=="] },
      l: { L: [{ S: "a" }, { M: { x: { N: "1" }, y: { S: "\ufffd" } } }, { NULL: true }] },
      "\ufffd": { BOOL: false },
    });
    expect(size).toBe(itemSize(item));
  });

  test("unknown members beside a known one are dropped", () => {
    const raw = JSON.parse('{"S":"a","dog":"cat","N":null}');
    expect(normalizeValue(raw)).toEqual({ S: "a" });
    expect(normalizeItem({ m: { M: { x: raw } } }).item).toEqual({ m: { M: { x: { S: "a" } } } });
  });

  test("an item whose names become the same keeps the last, and counts it once", () => {
    const { item, size } = normalizeItem({ "\ud800": { S: "long value" }, "\udc00": { S: "b" } });
    expect(Object.entries(item)).toEqual([["\ufffd", { S: "b" }]]);
    expect(size).toBe(4);
  });
});

/** The normal form, written plainly. */
function plainValue(raw: RawAttributeValue): RawAttributeValue {
  const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (raw.S !== undefined) return { S: raw.S.toWellFormed() };
  if (raw.N !== undefined) return { N: normalizeNumber(raw.N) };
  if (raw.SS) return { SS: raw.SS.map((member) => member.toWellFormed()).sort(byBytes) };
  if (raw.NS) return { NS: raw.NS.map(normalizeNumber).sort((a, b) => Number(a) - Number(b)) };
  if (raw.BS) {
    const bytes = raw.BS.map((member) => Buffer.from(member, "base64")).sort(Buffer.compare);
    return { BS: bytes.map((member) => member.toString("base64")) };
  }
  if (raw.L) return { L: raw.L.map(plainValue) };
  return raw.M ? { M: plainItem(raw.M) } : raw;
}

function plainItem(raw: RawItem): RawItem {
  return Object.fromEntries(
    Object.entries(raw).map(([name, value]) => [name.toWellFormed(), plainValue(value)]),
  );
}

describe("properties", () => {
  test("equals the plain normal form; doing it again changes and copies nothing", () => {
    fc.assert(
      fc.property(rawItem(), (raw) => {
        const before = JSON.stringify(raw);
        const { item, size } = normalizeItem(raw);
        expect(JSON.stringify(raw)).toBe(before);
        expect(JSON.stringify(item)).toBe(JSON.stringify(plainItem(raw)));
        expect(size).toBe(itemSize(item));
        const again = normalizeItem(item);
        expect(again.item).toBe(item);
        expect(again.size).toBe(size);
      }),
      { numRuns: 1000 },
    );
  });

  test("no lone surrogate is left", () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          illFormedText.filter((name) => name !== ""),
          illFormedText,
        ),
        (texts) => {
          const raw = Object.fromEntries(Object.entries(texts).map(([name, S]) => [name, { S }]));
          expect(JSON.stringify(normalizeItem(raw).item)).not.toContain("\\ud");
        },
      ),
    );
  });

  test("names that mean something to JavaScript are ordinary names", () => {
    const raw: RawItem = JSON.parse('{"a":{"N":"1.0"},"__proto__":{"S":"p"},"constructor":{"N":"02"}}');
    const { item } = normalizeItem(raw);
    expect(attribute(item, "__proto__")).toEqual({ S: "p" });
    expect(attribute(item, "constructor")).toEqual({ N: "2" });
    expect(attribute(item, "toString")).toBeUndefined();
  });
});
