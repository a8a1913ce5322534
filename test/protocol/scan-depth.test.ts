import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { NESTING_MAX, scanDepth } from "../../src/protocol/scan-depth.ts";

/** The plain definition: levels of arrays and objects. */
function depthOf(json: unknown): number {
  if (typeof json !== "object" || json === null) return 0;
  let deepest = 0;
  for (const inner of Object.values(json)) deepest = Math.max(deepest, depthOf(inner));
  return deepest + 1;
}

describe("scanDepth", () => {
  test.each([
    ["", 0],
    ["1", 0],
    ["{}", 1],
    ["[[],[[]]]", 3],
    ['{"a":[{"b":1}]}', 3],
    ['"[[["', 0],
    ['["[[[\\"[["]', 1],
    ['["\\\\",["\\\\\\""]]', 2],
    ['["\\\\\\\\",["\\\\\\\\\\"[[[",[]]]', 3],
    ['"\\', 0],
    ['\\"[[" [', 1],
    ['["unended [[[', 1],
    ["]]][[", 0],
  ])("%p is %d deep", (text, depth) => {
    expect(scanDepth(text)).toBe(depth);
  });

  test("every JSON text is as deep as its value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(scanDepth(JSON.stringify(json))).toBe(depthOf(json));
      }),
    );
  });

  test("16 MB of brackets end at the limit", () => {
    expect(scanDepth("[".repeat(16 << 20))).toBe(NESTING_MAX + 1);
  });

  test("the scan goes on when told to", () => {
    expect(scanDepth("[".repeat(1000), 2000)).toBe(1000);
  });
});
