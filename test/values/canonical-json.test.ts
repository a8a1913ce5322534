import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { canonicalJson } from "../../src/values/canonical-json.ts";

/** The same value with the members of its objects in reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const);
  return Object.fromEntries(entries.reverse());
}

describe("canonical JSON", () => {
  test("is JSON of the same value, whatever the order of members", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: unknown = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
        expect(canonicalJson(reversed(plain))).toBe(canonicalJson(plain));
      }),
    );
  });

  test("tells different values apart", () => {
    const values = [
      [],
      {},
      "",
      "[]",
      null,
      0,
      "0",
      [[]],
      [{}],
      { a: 1 },
      { a: "1" },
      { a: [1] },
      [1, 2],
      [2, 1],
    ];
    expect(new Set(values.map(canonicalJson)).size).toBe(values.length);
  });

  test("names of array indexes, which objects list in an order of their own, are in one order too", () => {
    const text = canonicalJson({ b: 1, "10": 2, "9": { d: 1, "1": 2, c: 3 }, __proto__: null });
    expect(text).toBe('{"9":{"1":2,"c":3,"d":1},"10":2,"b":1}');
    const given = '{"__proto__":[{"b":1,"10":2,"9":3,"a":4}],"Z":1}';
    expect(canonicalJson(JSON.parse(given))).toBe('{"Z":1,"__proto__":[{"9":3,"10":2,"a":4,"b":1}]}');
  });

  test("members that are undefined are absent", () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
  });
});
