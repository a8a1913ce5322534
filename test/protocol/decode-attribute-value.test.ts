import { describe, expect, test } from "bun:test";
import {
  toAttributeValue,
  toAttributeValueElement,
  toItem,
} from "../../src/protocol/decode-attribute-value.ts";
import { refusalOf, serializationOf, validationOf } from "./refusals.ts";

const javaAttributeValue = "com.amazonaws.dynamodb.v20120810.AttributeValue";
const tooDeep = validationOf(
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
);

/** Attribute values nested `levels` deep. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = { S: "leaf" };
  for (let level = 1; level < levels; level++) value = wrap(value);
  return value;
}
const inList = (inner: unknown) => ({ L: [inner] });
const inMap = (inner: unknown) => ({ M: { a: inner } });

describe("attribute values of wrong JSON types", () => {
  const rows: [name: string, json: unknown, message: string][] = [
    ["N from number", { N: 3 }, "NUMBER_VALUE cannot be converted to String"],
    ["N from decimal", { N: 3.5 }, "DECIMAL_VALUE cannot be converted to String"],
    ["S from true", { S: true }, "TRUE_VALUE cannot be converted to String"],
    ["S from list", { S: [] }, "Unrecognized collection type class java.lang.String"],
    ["S from object", { S: {} }, "Start of structure or map found where not expected"],
    ["B from number", { B: 1 }, "only base-64-encoded strings are convertible to bytes"],
    ["B of odd length", { B: "abc" }, "Base64 encoded length is expected a multiple of 4 bytes but found: 3"],
    ["BOOL from number", { BOOL: 1 }, "NUMBER_VALUE cannot be converted to Boolean"],
    ["BOOL from word", { BOOL: "maybe" }, "Unexpected token received from parser"],
    ["NULL from list", { NULL: [] }, "Unrecognized collection type class java.lang.Boolean"],
    ["SS from string", { SS: "a" }, "Unexpected field type"],
    ["SS from object", { SS: {} }, "Start of structure or map found where not expected"],
    ["SS of numbers", { SS: [1] }, "NUMBER_VALUE cannot be converted to String"],
    ["NS of numbers", { NS: [1] }, "NUMBER_VALUE cannot be converted to String"],
    [
      "BS of bad base64",
      { BS: ["AQ==", "x"] },
      "Base64 encoded length is expected a multiple of 4 bytes but found: 1",
    ],
    ["L from string", { L: "a" }, "Unexpected field type"],
    ["L from object", { L: {} }, "Start of structure or map found where not expected"],
    ["L of strings", { L: ["a"] }, "Unexpected value type in payload"],
    ["L of lists", { L: [[]] }, `Unrecognized collection type class ${javaAttributeValue}`],
    ["M from string", { M: "a" }, "Unexpected field type"],
    [
      "M from list",
      { M: [] },
      `Unrecognized collection type java.util.Map<java.lang.String, ${javaAttributeValue}>`,
    ],
    ["M of strings", { M: { a: "b" } }, "Unexpected value type in payload"],
    ["first problem wins", { N: 3, S: true }, "NUMBER_VALUE cannot be converted to String"],
  ];
  test.each(rows)("%s", (_name, json, message) => {
    expect(refusalOf(() => toAttributeValue(json))).toEqual(serializationOf(message));
    expect(refusalOf(() => toItem({ a: json }))).toEqual(serializationOf(message));
  });

  test("where a value stands decides the words", () => {
    expect(refusalOf(() => toAttributeValue("a"))).toEqual(serializationOf("Unexpected field type"));
    expect(refusalOf(() => toAttributeValueElement("a"))).toEqual(
      serializationOf("Unexpected value type in payload"),
    );
    const list = serializationOf(`Unrecognized collection type class ${javaAttributeValue}`);
    expect(refusalOf(() => toAttributeValue([]))).toEqual(list);
    expect(refusalOf(() => toAttributeValueElement([]))).toEqual(list);
  });

  test("a null in a set is refused", () => {
    expect(refusalOf(() => toAttributeValue({ SS: ["a", null] }))?.name).toBe("ValidationException");
  });
});

describe("attribute values that are taken", () => {
  test("members that need no change: the same object, whatever their number", () => {
    for (const json of [
      {},
      { S: "" },
      { N: "x", S: "y" },
      { NULL: false },
      { L: [{ M: {} }] },
      { BS: ["AQ=="] },
      { NS: [] },
    ]) {
      expect(toAttributeValue(json)).toBe(json);
    }
  });

  test("unknown and null members are dropped, null elements stand for empty values", () => {
    expect(toAttributeValue({ dog: "cat", S: "a" })).toEqual({ S: "a" });
    expect(toAttributeValue({ dog: "cat" })).toEqual({});
    expect(toAttributeValue({ S: null })).toEqual({});
    expect(toAttributeValue({ L: [{ S: "a" }, null] })).toEqual({ L: [{ S: "a" }, {}] });
    expect(toItem({ a: null })).toEqual({ a: {} });
  });

  test("__proto__ and other names of objects are ordinary names", () => {
    const json = JSON.parse('{"__proto__":{"S":"a"},"constructor":{"BOOL":"yes"},"1":{"S":"b"}}');
    const item = toItem(json);
    expect(Object.keys(item).sort()).toEqual(["1", "__proto__", "constructor"]);
    expect(Object.getOwnPropertyDescriptor(item, "__proto__")?.value).toEqual({ S: "a" });
    expect(Object.getOwnPropertyDescriptor(item, "constructor")?.value).toEqual({ BOOL: true });
  });

  test("an unknown member called __proto__ is dropped", () => {
    const json = JSON.parse('{"S":"a","__proto__":{"N":"1"}}');
    const decoded = toAttributeValue(json);
    expect(Object.keys(decoded)).toEqual(["S"]);
    expect(decoded.N).toBeUndefined();
  });
});

describe("nesting", () => {
  test.each([
    ["lists", inList],
    ["maps", inMap],
  ])("%s far beyond the service's 32 levels still reach the check that names them", (_name, wrap) => {
    expect(refusalOf(() => toAttributeValue(nested(100, wrap)))).toBeUndefined();
  });

  test.each([
    ["lists", inList],
    ["maps", inMap],
  ])("%s nested 100,000 deep are refused without overflowing the stack", (_name, wrap) => {
    expect(refusalOf(() => toAttributeValue(nested(100_000, wrap)))).toEqual(tooDeep);
    expect(refusalOf(() => toItem({ a: nested(100_000, wrap) }))).toEqual(tooDeep);
  });

  test("changes on every level cost one copy each", () => {
    const started = performance.now();
    const value = toAttributeValue(
      nested(120, (inner) => ({ L: [{ BOOL: "true" }, inner, { BOOL: "true" }] })),
    );
    expect(value.L?.[2]).toEqual({ BOOL: true });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
