import { describe, expect, test } from "bun:test";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileProjection, projectionOf } from "../../src/expressions/projection.ts";
import type { Item, RawItem } from "../../src/values/attribute-value.ts";
import { messageOf, plain, project } from "./support.ts";

const item: RawItem = JSON.parse(`{
  "a": {"S": "1"},
  "m": {"M": {"x": {"N": "1"}, "y": {"M": {"z": {"BOOL": true}}}}},
  "l": {"L": [{"S": "p"}, {"M": {"a": {"N": "1"}, "b": {"N": "2"}, "c": {"N": "3"}}}, {"S": "r"}, {"L": [{"S": "s"}, {"S": "t"}]}]},
  "x.y": {"S": "dotted"},
  "__proto__": {"S": "proto"}
}`);

describe("what is picked", () => {
  test.each<[string, unknown]>([
    ["a", { a: { S: "1" } }],
    ["a, absent", { a: { S: "1" } }],
    ["absent", {}],
    ["m.x", { m: { M: { x: { N: "1" } } } }],
    ["m.y.z", { m: { M: { y: { M: { z: { BOOL: true } } } } } }],
    ["m.absent", {}],
    ["m.y.absent, a", { a: { S: "1" } }],
    ["m[0]", {}],
    ["a.b", {}],
    ["a[0]", {}],
    ["l[0]", { l: { L: [{ S: "p" }] } }],
    ["l[2], l[0]", { l: { L: [{ S: "p" }, { S: "r" }] } }],
    ["l[9], l[2]", { l: { L: [{ S: "r" }] } }],
    ["l[9]", {}],
    ["l[1].b, l[1].a", { l: { L: [{ M: { a: { N: "1" }, b: { N: "2" } } }] } }],
    ["l[3][1], l[1].c", { l: { L: [{ M: { c: { N: "3" } } }, { L: [{ S: "t" }] }] } }],
    ["l.a", {}],
    ["toString, valueOf", {}],
  ])("%s", (text, picked) => {
    expect(plain(project(text, item))).toEqual(picked);
  });

  test("indexes sort as numbers", () => {
    const long = { l: { L: Array.from({ length: 12 }, (_, at) => ({ N: String(at) })) } };
    expect(plain(project("l[10], l[9], l[2]", long))).toEqual({
      l: { L: [{ N: "2" }, { N: "9" }, { N: "10" }] },
    });
  });

  test("names with dots, and names that mean something to JavaScript", () => {
    const names = { "#d": "x.y", "#p": "__proto__" };
    expect(JSON.stringify(project("#d, #p", item, names))).toBe(
      '{"x.y":{"S":"dotted"},"__proto__":{"S":"proto"}}',
    );
  });

  test("top-level names as AttributesToGet gives them", () => {
    const projection = projectionOf(["x.y", "absent", "a"]);
    expect(projection.paths).toEqual([["x.y"], ["absent"], ["a"]]);
    const picked: Item = projection.pick(JSON.parse('{"a":{"S":"1"},"x.y":{"S":"2"},"x":{"M":{}}}'));
    expect(plain(picked)).toEqual({ "x.y": { S: "2" }, a: { S: "1" } });
  });
});

describe("clashes", () => {
  const problem = (text: string) =>
    messageOf(() => compileProjection(text, new Placeholders({ "#a": "a" }, undefined)));
  const clash = (kind: string, one: string, two: string) =>
    `Invalid ProjectionExpression: Two document paths ${kind} with each other; must remove or rewrite one of these paths; path one: ${one}, path two: ${two}`;

  test.each([
    ["a, a", "overlap", "[a]", "[a]"],
    ["a, #a", "overlap", "[a]", "[a]"],
    ["a, a.b", "overlap", "[a]", "[a, b]"],
    ["a.b, a", "overlap", "[a, b]", "[a]"],
    ["x, a[0].b, a[0]", "overlap", "[a, [0], b]", "[a, [0]]"],
    ["a.b, a[1]", "conflict", "[a, b]", "[a, [1]]"],
    ["a[1], x, a.b.c", "conflict", "[a, [1]]", "[a, b, c]"],
    ["a.b, a[1], a.b.c", "overlap", "[a, b]", "[a, b, c]"],
  ])("%s", (text, kind, one, two) => {
    expect(problem(text)).toBe(clash(kind, one, two));
  });

  test("siblings do not clash", () => {
    expect(() =>
      compileProjection("a.b, a.c, x[0], x[1].y", new Placeholders(undefined, undefined)),
    ).not.toThrow();
  });
});
