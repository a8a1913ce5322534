/** JSON at its edges: depth, duplicate members, odd names, odd strings. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, member, objectOf, useTarget, validation } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

const DEPTH =
  "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit";

/** Writes an item given as JSON text and reads it back. */
async function roundTrip(attributes: string): Promise<JsonObject> {
  objectOf(await target.call("PutItem", `{"TableName":"${table}","Item":{"pk":{"S":"1"},${attributes}}}`));
  return member(await target.ok("GetItem", { TableName: table, Key: { pk: { S: "1" } } }), "Item");
}

describe("depth", () => {
  const lists = (levels: number) => `${'{"L":['.repeat(levels - 1)}{"S":"x"}${"]}".repeat(levels - 1)}`;
  const maps = (levels: number) => `${'{"M":{"a":'.repeat(levels - 1)}{"S":"x"}${"}}".repeat(levels - 1)}`;

  test.each([
    ["lists", lists],
    ["maps", maps],
  ] as const)("32 levels of %s are stored, 33 are refused", async (_, nested) => {
    const item = await roundTrip(`"a":${nested(32)}`);
    expect(JSON.stringify(item["a"])).toBe(nested(32));
    const put = (value: string) =>
      target.refusal("PutItem", `{"TableName":"${table}","Item":{"pk":{"S":"1"},"a":${value}}}`);
    expect(await put(nested(33))).toEqual(validation(DEPTH));
    expect(await put(nested(100))).toEqual(validation(DEPTH));
  });

  test("an expression's values have the same limit", async () => {
    const body = (levels: number) =>
      `{"TableName":"${table}","Key":{"pk":{"S":"2"}},"UpdateExpression":"SET a = :v","ExpressionAttributeValues":{":v":${lists(levels)}}}`;
    expect((await target.call("UpdateItem", body(32))).status).toBe(200);
    const refusal = await target.refusal("UpdateItem", body(33));
    expect(refusal.type).toBe("ValidationException");
    expect(refusal.message).toContain(DEPTH);
  });

  test.each([
    ["brackets", "["],
    ["objects", '{"a":'],
    ["lists of an item", '{"L":['],
    ["maps of an item", '{"M":{"a":'],
  ])("16 MB of %s are refused at once, and the server goes on", async (_, piece) => {
    const start = `{"TableName":"${table}","Item":{"pk":{"S":"1"},"a":`;
    const body = start + piece.repeat(Math.floor((16 * 1024 * 1024 - start.length) / piece.length));
    const began = performance.now();
    const refusal = await target.refusal("PutItem", body);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(refusal.status).toBe(400);
    expect(refusal.type).toBe("SerializationException");
    expect((await target.call("ListTables", {})).status).toBe(200);
  });

  test("a well-formed document of 100,000 levels is refused", async () => {
    const refusal = await target.refusal(
      "PutItem",
      `{"TableName":"${table}","Item":{"pk":{"S":"1"},"a":${lists(100_000)}}}`,
    );
    expect(refusal.status).toBe(400);
    expect((await target.call("ListTables", {})).status).toBe(200);
  });

  test("brackets inside strings do not count", async () => {
    const text = "[{".repeat(100_000);
    const item = await roundTrip(`"a":{"S":"${text}"},"b":{"S":"\\"${text}"}`);
    expect(item["a"]).toEqual({ S: text });
    expect(item["b"]).toEqual({ S: `"${text}` });
  });
});

describe("duplicate members: the last one counts", () => {
  test("of the request", async () => {
    const answer = await target.call(
      "GetItem",
      `{"TableName":"no-such-table","Key":{"pk":{"S":"x"}},"TableName":"${table}"}`,
    );
    expect([answer.status, answer.text]).toEqual([200, "{}"]);
  });

  test("of an item and of a map", async () => {
    const item = await roundTrip(
      '"a":{"S":"first"},"m":{"M":{"b":{"N":"1"},"b":{"N":"2"}}},"a":{"S":"last"}',
    );
    expect(item).toEqual({ pk: { S: "1" }, a: { S: "last" }, m: { M: { b: { N: "2" } } } });
  });
});

describe("attribute names are only names", () => {
  const names = [
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "1",
    "0",
    "-1",
    "4294967295",
    "length",
    "then",
    "toJSON",
    "S",
    "M",
    "NULL",
    "a.b",
    "a[0]",
    " ",
    "#n",
    ":v",
    '"',
    "\\",
    "\n",
    "\u0000",
    "\u2028",
    "\u00e9",
    "e\u0301",
    "\ud83d\ude00",
  ];

  test.each(names)("%p at the top, in a map, by projection, update and condition", async (name) => {
    const quoted = JSON.stringify(name);
    const item = await roundTrip(`${quoted}:{"S":"v"},"m":{"M":{${quoted}:{"N":"1"}}}`);
    expect(Object.keys(item).sort()).toEqual(["m", "pk", name].sort());
    expect(Object.getOwnPropertyDescriptor(item, name)?.value).toEqual({ S: "v" });
    const nested = member(member(item, "m"), "M");
    expect(Object.keys(nested)).toEqual([name]);

    const answer = await target.call(
      "UpdateItem",
      `{"TableName":"${table}","Key":{"pk":{"S":"1"}},"UpdateExpression":"SET #n = :w, m.#n = m.#n + :one","ConditionExpression":"#n = :v AND attribute_exists(m.#n)","ExpressionAttributeNames":{"#n":${quoted}},"ExpressionAttributeValues":{":v":{"S":"v"},":w":{"S":"w"},":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW"}`,
    );
    const updated = member(objectOf(answer), "Attributes");
    expect(Object.keys(updated).sort()).toEqual(["m", name].sort());
    expect(Object.getOwnPropertyDescriptor(updated, name)?.value).toEqual({ S: "w" });

    const projected = member(
      objectOf(
        await target.call(
          "GetItem",
          `{"TableName":"${table}","Key":{"pk":{"S":"1"}},"ProjectionExpression":"#n","ExpressionAttributeNames":{"#n":${quoted}}}`,
        ),
      ),
      "Item",
    );
    expect(Object.keys(projected)).toEqual([name]);
  });

  test("an item without __proto__ has none, and nothing leaks into other items", async () => {
    await roundTrip('"__proto__":{"M":{"polluted":{"S":"yes"}}}');
    const clean = await roundTrip('"a":{"S":"b"}');
    expect(Object.keys(clean).sort()).toEqual(["a", "pk"]);
    const missing = await target.ok("GetItem", {
      TableName: table,
      Key: { pk: { S: "1" } },
      ProjectionExpression: "polluted",
    });
    expect(missing).toEqual({ Item: {} });
  });

  test.each(["__proto__", "constructor", "toString"])("%p as a placeholder's name", async (name) => {
    const body = `{"TableName":"${table}","Key":{"pk":{"S":"1"}},"ProjectionExpression":"a","ExpressionAttributeNames":{"${name}":"x"}}`;
    expect(await target.refusal("GetItem", body)).toEqual(
      validation(`ExpressionAttributeNames contains invalid key: Syntax error; key: "${name}"`),
    );
  });

  test("an inherited name in a condition is a missing attribute", async () => {
    await roundTrip('"a":{"S":"b"}');
    const refusal = await target.refusal("UpdateItem", {
      TableName: table,
      Key: { pk: { S: "1" } },
      UpdateExpression: "SET c = toString",
    });
    expect(refusal).toEqual(
      validation("The provided expression refers to an attribute that does not exist in the item"),
    );
  });
});

describe("strings", () => {
  test.each([
    ["empty", ""],
    ["NUL", "\u0000"],
    ["control characters", "\u0001\u001f\u007f\u0080"],
    ["escapes", '"\\\b\f\n\r\t/'],
    ["line separators", "\u2028\u2029"],
    ["beyond the basic plane", "\ud83d\ude00\ud834\udd1e"],
    ["byte order mark", "\ufeffx"],
    ["unpaired marks of JSON", "}],:{["],
  ])("%s comes back byte for byte", async (_, value) => {
    expect((await roundTrip(`"a":{"S":${JSON.stringify(value)}}`))["a"]).toEqual({ S: value });
  });

  test("escaped spelling is the same string", async () => {
    expect((await roundTrip('"a":{"S":"\\u0041\\/\\u00e9\\ud83d\\ude00"}'))["a"]).toEqual({
      S: "A/\u00e9\ud83d\ude00",
    });
    await target.ok("PutItem", { TableName: table, Item: { pk: { S: "A" }, v: { N: "1" } } });
    const answer = await target.call("GetItem", `{"TableName":"${table}","Key":{"pk":{"S":"\\u0041"}}}`);
    expect(answer.body).toEqual({ Item: { pk: { S: "A" }, v: { N: "1" } } });
  });

  test.each(["\\ud800", "\\udc00", "x\\ud83dy", "\\ude00\\ud83d"])(
    "a lone surrogate becomes U+FFFD: %s",
    async (text) => {
      const item = await roundTrip(
        `"a":{"S":"${text}"},"b":{"SS":["${text}"]},"m":{"M":{"${text}":{"BOOL":true}}}`,
      );
      const replaced = text.replace(/\\u[0-9a-f]{4}/g, "\ufffd");
      expect(item["a"]).toEqual({ S: replaced });
      expect(item["b"]).toEqual({ SS: [replaced] });
      expect(item["m"]).toEqual({ M: { [replaced]: { BOOL: true } } });
    },
  );

  test("a key with a lone surrogate is the key with U+FFFD", async () => {
    objectOf(
      await target.call("PutItem", `{"TableName":"${table}","Item":{"pk":{"S":"k\\ud800"},"v":{"N":"7"}}}`),
    );
    expect(await target.ok("GetItem", { TableName: table, Key: { pk: { S: "k\ufffd" } } })).toEqual({
      Item: { pk: { S: "k\ufffd" }, v: { N: "7" } },
    });
  });

  test("two set members that become equal are duplicates", async () => {
    const refusal = await target.refusal(
      "PutItem",
      `{"TableName":"${table}","Item":{"pk":{"S":"1"},"a":{"SS":["\\ud800","\\ud801"]}}}`,
    );
    expect(refusal.message).toMatch(/Input collection \[.*\] contains duplicates\.$/);
  });

  test("bytes that are not UTF-8 do not harm the server", async () => {
    const body = Buffer.concat([
      Buffer.from(`{"TableName":"${table}","Item":{"pk":{"S":"bytes"},"a":{"S":"`),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('"}}}'),
    ]);
    expect([200, 400]).toContain((await target.call("PutItem", new Uint8Array(body))).status);
    expect((await target.call("ListTables", {})).status).toBe(200);
  });
});
