import { describe, expect, test } from "bun:test";
import { compileDecoder } from "../../src/protocol/decode.ts";
import { batchGetItemInput, batchWriteItemInput } from "../../src/protocol/inputs/batch.ts";
import { getItemInput, putItemInput } from "../../src/protocol/inputs/items.ts";
import { createTableInput } from "../../src/protocol/inputs/tables.ts";
import {
  blob,
  boolean,
  double,
  integer,
  list,
  long,
  map,
  type Shape,
  string,
  structure,
  timestamp,
} from "../../src/protocol/shapes.ts";
import { refusalOf, serializationOf } from "./refusals.ts";

const element = structure("KeySchemaElement", { AttributeName: string() });
const javaPackage = "com.amazonaws.dynamodb.v20120810.";
const parameterizedType =
  "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class " +
  "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of loader 'bootstrap')";

const decode = (shape: Shape, json: unknown) =>
  compileDecoder(structure("Input", { Member: shape }))({ Member: json });
const memberOf = (shape: Shape, json: unknown) => (decode(shape, json) as { Member: unknown }).Member;

describe("JSON types that do not fit", () => {
  const structureUnexpected = "Start of structure or map found where not expected";
  const rows: [name: string, shape: Shape, json: unknown, message: string][] = [
    ["string from true", string(), true, "TRUE_VALUE cannot be converted to String"],
    ["string from false", string(), false, "FALSE_VALUE cannot be converted to String"],
    ["string from integer", string(), 23, "NUMBER_VALUE cannot be converted to String"],
    ["string from decimal", string(), -2.3, "DECIMAL_VALUE cannot be converted to String"],
    ["string from list", string(), [], "Unrecognized collection type class java.lang.String"],
    ["string from object", string(), {}, structureUnexpected],
    ["boolean from integer", boolean(), 1, "NUMBER_VALUE cannot be converted to Boolean"],
    ["boolean from decimal", boolean(), 1.5, "DECIMAL_VALUE cannot be converted to Boolean"],
    ["boolean from other string", boolean(), "maybe", "Unexpected token received from parser"],
    ["boolean from list", boolean(), [], "Unrecognized collection type class java.lang.Boolean"],
    ["boolean from object", boolean(), {}, structureUnexpected],
    ["integer from string", integer(), "23", "STRING_VALUE cannot be converted to Integer"],
    ["integer from true", integer(), true, "TRUE_VALUE cannot be converted to Integer"],
    ["integer from list", integer(), [], "Unrecognized collection type class java.lang.Integer"],
    ["integer from object", integer(), {}, structureUnexpected],
    ["integer beyond 32 bits", integer(), 2 ** 31, "NUMBER_VALUE cannot be converted to Integer"],
    ["long from true", long(), true, "TRUE_VALUE cannot be converted to Long"],
    ["long from string", long(), "1", "STRING_VALUE cannot be converted to Long"],
    ["long from list", long(), [], "Unrecognized collection type class java.lang.Long"],
    ["long beyond 64 bits", long(), -(2 ** 64), "NUMBER_VALUE cannot be converted to Long"],
    ["double from string", double(), "1.5", "STRING_VALUE cannot be converted to Double"],
    ["double from list", double(), [], "Unrecognized collection type class java.lang.Double"],
    ["timestamp from string", timestamp(), "now", "STRING_VALUE cannot be converted to Date"],
    ["blob from number", blob(), 23, "only base-64-encoded strings are convertible to bytes"],
    ["blob from boolean", blob(), true, "only base-64-encoded strings are convertible to bytes"],
    ["blob from list", blob(), [], "Unrecognized collection type class java.nio.ByteBuffer"],
    ["blob from object", blob(), {}, structureUnexpected],
    [
      "blob of odd length",
      blob(),
      "AQIDB",
      "Base64 encoded length is expected a multiple of 4 bytes but found: 5",
    ],
    ["blob with a bad tail, one pad", blob(), "AQJ=", "Invalid last non-pad Base64 character dectected"],
    ["blob with a bad tail, two pads", blob(), "AR==", "Invalid last non-pad Base64 character dectected"],
    ["blob with a bad character", blob(), "AQ_D", "Invalid Base64 character detected"],
    ["blob with padding inside", blob(), "A=ID", "Invalid Base64 character detected"],
    ["list from string", list(string()), "a", "Unexpected field type"],
    ["list from number", list(string()), 1, "Unexpected field type"],
    ["list from object", list(string()), {}, structureUnexpected],
    ["map from boolean", map(string()), true, "Unexpected field type"],
    [
      "map of strings from list",
      map(string()),
      [],
      "Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>",
    ],
    ["structure member from string", element, "a", "Unexpected field type"],
    [
      "structure member from list",
      element,
      [],
      `Unrecognized collection type class ${javaPackage}KeySchemaElement`,
    ],
    ["structure element from number", list(element), [1], "Unexpected value type in payload"],
    ["structure map value from boolean", map(element), { a: false }, "Unexpected value type in payload"],
    [
      "structure element from list",
      list(element),
      [[]],
      `Unrecognized collection type class ${javaPackage}KeySchemaElement`,
    ],
    ["scalar inside a list", list(string()), ["a", 1], "NUMBER_VALUE cannot be converted to String"],
    ["list inside a map from scalar", map(list(element)), { a: 1 }, parameterizedType],
    ["list inside a map from object", map(list(element)), { a: {} }, structureUnexpected],
    ["map inside a list from scalar", list(map(string())), ["a"], parameterizedType],
  ];
  test.each(rows)("%s", (_name, shape, json, message) => {
    expect(refusalOf(() => decode(shape, json))).toEqual(serializationOf(message));
  });

  const inputs: [name: string, input: Shape, json: unknown, message: string][] = [
    [
      "Item from list",
      putItemInput,
      { Item: [] },
      `Unrecognized collection type java.util.Map<java.lang.String, ${javaPackage}AttributeValue>`,
    ],
    ["Key from string", getItemInput, { Key: "a" }, "Unexpected field type"],
    ["AttributesToGet from string", getItemInput, { AttributesToGet: "a" }, "Unexpected field type"],
    [
      "RequestItems of BatchWriteItem from list",
      batchWriteItemInput,
      { RequestItems: [] },
      `Unrecognized collection type java.util.Map<java.lang.String, java.util.List<${javaPackage}WriteRequest>>`,
    ],
    [
      "table of BatchWriteItem from scalar",
      batchWriteItemInput,
      { RequestItems: { t: "x" } },
      parameterizedType,
    ],
    [
      "key of BatchGetItem from scalar",
      batchGetItemInput,
      { RequestItems: { t: { Keys: [1] } } },
      parameterizedType,
    ],
    [
      "key of BatchGetItem from list",
      batchGetItemInput,
      { RequestItems: { t: { Keys: [[]] } } },
      `Unrecognized collection type java.util.Map<java.lang.String, ${javaPackage}AttributeValue>`,
    ],
    [
      "capacity from string",
      createTableInput,
      { ProvisionedThroughput: { ReadCapacityUnits: "5" } },
      "STRING_VALUE cannot be converted to Long",
    ],
  ];
  test.each(inputs)("%s", (_name, input, json, message) => {
    expect(refusalOf(() => compileDecoder(input)(json))).toEqual(serializationOf(message));
  });

  test.each([[[]], [3], ["text"], [true], [null]])(
    "a body that is %p instead of an object is refused",
    (body) => {
      expect(refusalOf(() => compileDecoder(putItemInput, "element")(body))?.name).toBe(
        "SerializationException",
      );
    },
  );
});

describe("JSON types that are converted", () => {
  test.each(["true", "TRUE", "1", "yes", "Yes"])("boolean from %p is true", (json) => {
    expect(memberOf(boolean(), json)).toBe(true);
  });
  test.each(["false", "False", "0", "no", "NO"])("boolean from %p is false", (json) => {
    expect(memberOf(boolean(), json)).toBe(false);
  });
  test("integers lose their fraction", () => {
    expect(memberOf(integer(), 12.9)).toBe(12);
    expect(memberOf(long(), 5.5)).toBe(5);
    expect(memberOf(integer(), -1.5)).toBe(-1);
  });
  test("doubles and timestamps keep theirs", () => {
    expect(memberOf(double(), 0.5)).toBe(0.5);
    expect(memberOf(timestamp(), 1_700_000_000.123)).toBe(1_700_000_000.123);
  });
  test.each(["", "AQ==", "AQI=", "AQID", "+/+/"])("base64 %p is kept as it is", (json) => {
    expect(memberOf(blob(), json)).toBe(json);
  });
});

describe("members", () => {
  const decodePut = compileDecoder(putItemInput);

  test("null members are absent", () => {
    const decoded = decodePut({ TableName: "t", ReturnValues: null, Item: { a: { S: "x", N: null } } });
    expect(decoded).toEqual({ TableName: "t", Item: { a: { S: "x" } } });
    expect(Object.keys(decoded as object)).toEqual(["TableName", "Item"]);
  });

  test("unknown members are dropped, whatever they hold", () => {
    const decoded = decodePut({ Vector: { deep: [[[]]] }, TableName: "t", toString: 1 });
    expect(Object.keys(decoded as object)).toEqual(["TableName"]);
  });

  test("nulls in lists and maps stay, for the constraints to name", () => {
    expect(memberOf(list(string()), ["a", null])).toEqual(["a", null]);
    expect(memberOf(map(string()), { a: null })).toEqual({ a: null });
  });

  test("what needs no change is the parsed object itself", () => {
    const json = JSON.parse('{"TableName":"t","Item":{"a":{"M":{"b":{"L":[{"SS":["x"]}]}}}},"Expected":{}}');
    expect(decodePut(json)).toBe(json);
  });

  test("a change copies the way to it and shares the rest", () => {
    const json = JSON.parse('{"TableName":"t","Item":{"a":{"S":"1"},"b":{"BOOL":"true"},"c":{"S":"3"}}}');
    const decoded = decodePut(json) as typeof json;
    expect(decoded.Item.b).toEqual({ BOOL: true });
    expect(Object.keys(decoded.Item)).toEqual(["a", "b", "c"]);
    expect(decoded.Item.a).toBe(json.Item.a);
    expect(decoded.Item.c).toBe(json.Item.c);
    expect(json.Item.b).toEqual({ BOOL: "true" });
  });
});
