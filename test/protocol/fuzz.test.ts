import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ApiError } from "../../src/errors.ts";
import { compileInput } from "../../src/protocol/input.ts";
import {
  type Shape,
  type StringShape,
  type StructureShape,
  shapeOf,
  string,
} from "../../src/protocol/shapes.ts";
import { allInputs } from "./all-inputs.ts";

const noise: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, {}, [], "", 0, true),
);

/** JSON that usually has the right type for a shape. */
const jsonFor = (shape: Shape): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: fitting(shape) }, { weight: 1, arbitrary: noise });

function fitting(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "string":
      return text(shape);
    case "boolean":
      return fc.boolean();
    case "blob":
      return fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes).toString("base64"));
    case "attributeValue":
      return attributeValue;
    case "item":
      return fc.dictionary(fc.string({ maxLength: 3 }), attributeValue, { maxKeys: 3 });
    case "list":
      return fc.array(jsonFor(shape.element), { minLength: shape.min ?? 0, maxLength: 3 });
    case "map":
      return fc.dictionary(text(shape.key ?? string()), jsonFor(shape.value), {
        minKeys: shape.min ?? 0,
        maxKeys: 3,
      });
    case "structure":
      return structureJson(shape);
    default:
      return fc.oneof(fc.integer(), fc.double(), fc.integer({ min: 1, max: 20 }));
  }
}

/** A string that mostly keeps the shape's constraints. */
function text(shape: StringShape): fc.Arbitrary<string> {
  if (shape.values !== undefined) return fc.constantFrom(...shape.values, ...shape.values, "none");
  const minLength = shape.min ?? 0;
  const free = fc.string({
    minLength,
    maxLength: Math.min(shape.max ?? Number.POSITIVE_INFINITY, minLength + 20),
  });
  const { pattern } = shape;
  // The generator does not know surrogate pairs in patterns.
  if (pattern === undefined || pattern.text.includes("\\uD800")) return free;
  return fc.oneof(fc.stringMatching(pattern.regexp), free);
}

/** All required members, some of the others. */
function structureJson(shape: StructureShape): fc.Arbitrary<unknown> {
  const members = Object.entries(shape.members);
  return fc.record(Object.fromEntries(members.map(([name, member]) => [name, jsonFor(shapeOf(member))])), {
    requiredKeys: members.flatMap(([name, member]) => (member.kind === "required" ? [name] : [])),
  });
}

const attributeValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: "value" },
    fc.record({ S: fc.string() }),
    fc.record({ N: fc.oneof(fc.string(), fc.integer()) }),
    fc.record({ BOOL: fc.oneof(fc.boolean(), fc.constant("yes")), NULL: fc.boolean() }, { requiredKeys: [] }),
    fc.record({ SS: fc.array(fc.oneof(fc.string(), fc.constant(null))) }),
    fc.record({ L: fc.array(tie("value")) }),
    fc.record({ M: fc.dictionary(fc.constantFrom("a", "__proto__", "1"), tie("value")) }),
    fc.jsonValue(),
  ),
})).value;

/** As it would arrive: own members only, whatever their names. */
const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("every input", () => {
  const inputs = Object.entries<StructureShape>(allInputs);
  let accepted = 0;

  test.each(inputs)(
    "%s: any JSON gives a request, which is a fixed point, or an ApiError",
    (_name, input) => {
      const read = compileInput(input);
      const arbitrary: fc.Arbitrary<unknown> = fc.oneof(
        { weight: 9, arbitrary: structureJson(input) },
        { weight: 1, arbitrary: noise },
      );
      fc.assert(
        fc.property(arbitrary, (value: unknown) => {
          let request: unknown;
          try {
            request = read(wire(value));
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
            expect((error as ApiError).message.length).toBeLessThan(200_000);
            return;
          }
          accepted++;
          const again: unknown = read(request);
          expect(again).toBe(request);
        }),
        { numRuns: 60 },
      );
    },
  );

  test("a good part of them were requests", () => {
    expect(accepted).toBeGreaterThan(inputs.length * 5);
    expect(inputs).toHaveLength(61);
  });
});
