/** Attribute values: every type there and back, what makes one invalid, and numbers in their canonical form. */
import { beforeAll, describe, expect, test } from "bun:test";
import type { Json } from "../support/call.ts";
import { enveloped, invalid, type JsonObject, member, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
let numbers = "";
beforeAll(async () => {
  table = await target.table();
  numbers = await target.table({ hash: "pk:N" });
});

const put = (value: Json) =>
  target.refusal("PutItem", { TableName: table, Item: { pk: { S: "1" }, a: value } });

/** Stores a value and reads it back. */
async function stored(value: Json): Promise<Json | undefined> {
  await target.ok("PutItem", { TableName: table, Item: { pk: { S: "1" }, a: value } });
  const answer = await target.ok("GetItem", {
    TableName: table,
    Key: { pk: { S: "1" } },
    ConsistentRead: true,
  });
  return member(answer, "Item")["a"];
}

describe("every type comes back as it was sent", () => {
  test.each([
    { S: "text" },
    { S: "" },
    { N: "42" },
    { B: "AAECAwQF/+4=" },
    { B: "" },
    { BOOL: true },
    { BOOL: false },
    { NULL: true },
    { SS: ["a"] },
    { SS: [""] },
    { NS: ["1"] },
    { BS: ["AQ=="] },
    { BS: [""] },
    { L: [] },
    { M: {} },
    {
      L: [
        { S: "a" },
        { N: "1" },
        { NULL: true },
        { L: [{ L: [] }] },
        { M: { b: { BOOL: false } } },
        { SS: ["x"] },
      ],
    },
    { M: { a: { M: { b: { L: [{ B: "/w==" }] } } }, "with space": { N: "-1.5" } } },
    { M: { S: { S: "S" }, L: { L: [] }, NULL: { NULL: true } } },
  ] as JsonObject[])("%j", async (value) => {
    expect(await stored(value)).toEqual(value);
  });

  test("lists keep their order", async () => {
    const list = { L: ["3", "1", "2", "1"].map((N) => ({ N })) };
    expect(await stored(list)).toEqual(list);
  });

  test.each([
    [{ SS: ["b", "a", "c"] }, "SS"],
    [{ NS: ["10", "9", "-1"] }, "NS"],
    [{ BS: ["Ag==", "AQ==", "AwA="] }, "BS"],
  ] as [JsonObject, string][])("sets keep their members: %j", async (value, type) => {
    const back = (await stored(value)) as JsonObject;
    expect(Object.keys(back)).toEqual([type]);
    expect([...(back[type] as readonly string[])].sort()).toEqual(
      [...(value[type] as readonly string[])].sort(),
    );
  });
});

describe("invalid values", () => {
  const EMPTY = validation(
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
  );
  const SEVERAL = validation(
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
  );
  const parameter = (message: string) => enveloped(`One or more parameter values were invalid: ${message}`);
  test.each([
    [{}, EMPTY],
    [{ S: null }, EMPTY],
    [{ dog: "cat" }, EMPTY],
    [{ L: [{}] }, EMPTY],
    [{ M: { b: {} } }, EMPTY],
    [{ S: "a", N: "1" }, SEVERAL],
    [{ BOOL: true, NULL: true }, SEVERAL],
    [{ L: [{ S: "a", B: "" }] }, SEVERAL],
    [{ NULL: false }, parameter("Null attribute value types must have the value of true")],
    [{ SS: [] }, parameter("An string set  may not be empty")],
    [{ NS: [] }, parameter("An number set  may not be empty")],
    [{ BS: [] }, parameter("Binary sets should not be empty")],
    [{ M: { b: { SS: [] } } }, parameter("An string set  may not be empty")],
    [{ SS: ["a", "b", "a"] }, parameter("Input collection [a, b, a] contains duplicates.")],
    [{ BS: ["AQ==", "AQ=="] }, parameter("Input collection [AQ==, AQ==]of type BS contains duplicates.")],
    [{ NS: ["1", "2", "1.0"] }, enveloped("Input collection contains duplicates")],
    [{ NS: ["0", "-0"] }, enveloped("Input collection contains duplicates")],
  ] as [Json, unknown][])("%j", async (value, expected) => {
    expect(await put(value)).toEqual(expected as never);
  });

  test("in a key, a key map and an expression's values", async () => {
    expect(await target.refusal("GetItem", { TableName: table, Key: { pk: {} } })).toEqual(EMPTY);
    expect(await target.refusal("DeleteItem", { TableName: table, Key: { pk: { SS: [] } } })).toEqual(
      invalid("An string set  may not be empty"),
    );
    expect(
      await target.refusal("DeleteItem", {
        TableName: table,
        Key: { pk: { S: "1" } },
        ConditionExpression: "a = :v",
        ExpressionAttributeValues: { ":v": { SS: ["a", "a"] } },
      }),
    ).toEqual(
      validation(
        "ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: Input collection [a, a] contains duplicates. for key :v",
      ),
    );
  });
});

describe("numbers in canonical form", () => {
  const NINES = "9".repeat(38);
  test.each([
    ["0", "0"],
    ["-0", "0"],
    ["0.000", "0"],
    ["-0.0", "0"],
    ["0e10", "0"],
    ["1.5E2", "150"],
    ["1.0", "1"],
    ["3.1400", "3.14"],
    ["00042", "42"],
    ["1E-2", "0.01"],
    ["+5", "5"],
    ["5.", "5"],
    [".5", "0.5"],
    ["-.5", "-0.5"],
    ["1e+2", "100"],
    ["1000", "1000"],
    ["1e3", "1000"],
    ["-1234.5678", "-1234.5678"],
    [NINES, NINES],
    [`-${NINES}`, `-${NINES}`],
    [`0.${NINES}`, `0.${NINES}`],
    [`1${"0".repeat(60)}`, `1${"0".repeat(60)}`],
    [`${"0".repeat(60)}1`, "1"],
    [`1.${"0".repeat(60)}`, "1"],
    [`0.${"0".repeat(60)}1`, `0.${"0".repeat(60)}1`],
    ["1E125", `1${"0".repeat(125)}`],
    ["1E-130", `0.${"0".repeat(129)}1`],
    ["-1E-130", `-0.${"0".repeat(129)}1`],
    [`9.${"9".repeat(37)}E+125`, `${NINES}${"0".repeat(88)}`],
    [`-9.${"9".repeat(37)}E+125`, `-${NINES}${"0".repeat(88)}`],
    ["12345678901234567890", "12345678901234567890"],
    ["9007199254740993", "9007199254740993"],
    ["0.1e1", "1"],
    ["100e-2", "1"],
  ])("%s is %s", async (sent, canonical) => {
    expect(await stored({ N: sent })).toEqual({ N: canonical });
    expect(await stored({ L: [{ M: { n: { N: sent } } }] })).toEqual({ L: [{ M: { n: { N: canonical } } }] });
    expect(await stored({ NS: [sent] })).toEqual({ NS: [canonical] });
  });

  const CONVERT = "The parameter cannot be converted to a numeric value";
  const DIGITS = "Attempting to store more than 38 significant digits in a Number";
  const OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range";
  const UNDERFLOW =
    "Number underflow. Attempting to store a number with magnitude smaller than supported range";
  test.each([
    ["", CONVERT],
    ...[
      "abc",
      " 1",
      "1 ",
      "1 0",
      "1_000",
      "NaN",
      "Infinity",
      "-Infinity",
      "1e",
      ".",
      "+",
      "-",
      "+e2",
      "0x10",
      "1,5",
    ].map((text) => [text, `${CONVERT}: ${text}`]),
    ["1".repeat(39), DIGITS],
    [`1.${"0".repeat(37)}1`, DIGITS],
    [`1${"0".repeat(37)}1`, DIGITS],
    ["1E126", OVERFLOW],
    ["-1E126", OVERFLOW],
    ["1e999999999", OVERFLOW],
    ["1E-131", UNDERFLOW],
    ["-1E-131", UNDERFLOW],
    ["1e-999999999", UNDERFLOW],
  ])("%j is refused", async (text, message = "") => {
    expect(await put({ N: text })).toEqual(validation(message));
    expect(await put({ NS: [text] })).toEqual(validation(message));
    expect(await target.refusal("GetItem", { TableName: numbers, Key: { pk: { N: text } } })).toEqual(
      validation(message),
    );
  });

  test("a key is its value, however it is written", async () => {
    await target.ok("PutItem", { TableName: numbers, Item: { pk: { N: "1e3" }, a: { S: "first" } } });
    await target.ok("PutItem", { TableName: numbers, Item: { pk: { N: "1000.0" }, a: { S: "second" } } });
    for (const N of ["1000", "+1000", "0.1e4", "1000."]) {
      expect(await target.ok("GetItem", { TableName: numbers, Key: { pk: { N } } })).toEqual({
        Item: { pk: { N: "1000" }, a: { S: "second" } },
      });
    }
    expect(member(await target.ok("DescribeTable", { TableName: numbers }), "Table")["ItemCount"]).toBe(1);
  });

  test.each(["0", "-1", "1e-130", "-9.9999999999999999999999999999999999999E125"])(
    "%s as a key",
    async (N) => {
      await target.ok("PutItem", { TableName: numbers, Item: { pk: { N }, a: { N } } });
      const { Item } = await target.ok("GetItem", { TableName: numbers, Key: { pk: { N } } });
      expect((Item as JsonObject)["pk"]).toEqual((Item as JsonObject)["a"] as never);
    },
  );
});

describe("empty attribute names", () => {
  test("of an item", async () => {
    const refusal = await target.refusal("PutItem", {
      TableName: table,
      Item: { pk: { S: "1" }, "": { S: "x" } },
    });
    expect(refusal.type).toBe("ValidationException");
    expect(refusal.message).toContain("Empty attribute name");
  });
});
