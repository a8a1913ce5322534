/** What UpdateItem returns: ReturnValues in all variants, on whole items and on parts of documents. */
import { beforeAll, describe, expect, test } from "bun:test";
import { type JsonObject, useTarget } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

let serial = 0;
const freshKey = () => {
  serial += 1;
  return { pk: { S: `k${serial}` } };
};

const n = (value: number) => ({ N: String(value) });
const list = (...values: JsonObject[]) => ({ L: values });

interface Update {
  readonly expression?: string;
  readonly values?: JsonObject;
  readonly names?: JsonObject;
  readonly more?: JsonObject;
}

const request = (Key: JsonObject, { expression, values, names, more }: Update) => ({
  TableName: table,
  Key,
  ...(expression === undefined ? {} : { UpdateExpression: expression }),
  ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  ...more,
});

const get = async (Key: JsonObject) => (await target.ok("GetItem", { TableName: table, Key }))["Item"];

describe("ReturnValues", () => {
  const before = { a: n(1), b: n(2), m: { M: { x: n(1), y: n(2) } }, l: list(n(0), n(1), n(2)) };

  async function returned(ReturnValues: string, update: Update, item: JsonObject | undefined = before) {
    const key = freshKey();
    if (item !== undefined) await target.ok("PutItem", { TableName: table, Item: { ...key, ...item } });
    const { Attributes } = await target.ok("UpdateItem", request(key, { ...update, more: { ReturnValues } }));
    if (Attributes === undefined) return undefined;
    const { pk, ...rest } = Attributes as JsonObject;
    if (ReturnValues.startsWith("ALL")) expect(pk).toEqual(key.pk);
    else expect(pk).toBeUndefined();
    return rest;
  }

  const set = { expression: "SET a = :v, c = :v REMOVE b", values: { ":v": n(9) } };
  const { b: _removed, ...rest } = before;
  test.each([
    ["NONE", undefined],
    ["ALL_OLD", before],
    ["ALL_NEW", { ...rest, a: n(9), c: n(9) }],
    ["UPDATED_OLD", { a: n(1), b: n(2) }],
    ["UPDATED_NEW", { a: n(9), c: n(9) }],
  ])("%s of an item", async (kind, expected) => {
    expect(await returned(kind, set)).toEqual(expected as never);
  });

  test.each([
    ["NONE", undefined],
    ["ALL_OLD", undefined],
    ["ALL_NEW", { a: n(9), c: n(9) }],
    ["UPDATED_OLD", undefined],
    ["UPDATED_NEW", { a: n(9), c: n(9) }],
  ])("%s of a new item", async (kind, expected) => {
    const key = freshKey();
    const { Attributes } = await target.ok(
      "UpdateItem",
      request(key, { ...set, more: { ReturnValues: kind } }),
    );
    expect(Attributes).toEqual(
      expected === undefined
        ? undefined
        : ((kind === "ALL_NEW" ? { ...key, ...expected } : expected) as never),
    );
  });

  test.each([
    ["UPDATED_NEW", "REMOVE a", undefined],
    ["UPDATED_OLD", "REMOVE a", { a: n(1) }],
    ["UPDATED_OLD", "SET a = a", { a: n(1) }],
    ["UPDATED_NEW", "SET a = a", { a: n(1) }],
    ["UPDATED_NEW", "SET m.x = b", { m: { M: { x: n(2) } } }],
    ["UPDATED_OLD", "SET m.x = b", { m: { M: { x: n(1) } } }],
    ["UPDATED_OLD", "SET m.z = b", undefined],
    ["UPDATED_OLD", "SET m.z = b, m.y = b", { m: { M: { y: n(2) } } }],
    ["UPDATED_NEW", "SET m.z = b, m.y = a", { m: { M: { y: n(1), z: n(2) } } }],
    ["UPDATED_NEW", "SET l[2] = b, l[0] = b", { l: list(n(2), n(2)) }],
    ["UPDATED_OLD", "SET l[2] = b, l[0] = b", { l: list(n(0), n(2)) }],
    ["UPDATED_NEW", "SET l[7] = b", undefined],
    ["UPDATED_NEW", "REMOVE l[1]", { l: list(n(2)) }],
    ["UPDATED_OLD", "REMOVE l[1]", { l: list(n(1)) }],
  ])("%s of %s", async (kind, expression, expected) => {
    expect(await returned(kind, { expression })).toEqual(expected as never);
  });

  test("nothing done to nothing", async () => {
    for (const kind of ["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"]) {
      const key = freshKey();
      expect(
        await target.ok("UpdateItem", request(key, { expression: "REMOVE a", more: { ReturnValues: kind } })),
      ).toEqual({});
      expect(await get(key)).toBeUndefined();
    }
  });

  test("ALL_NEW of an update without actions", async () => {
    const key = freshKey();
    expect(await target.ok("UpdateItem", request(key, { more: { ReturnValues: "ALL_NEW" } }))).toEqual({
      Attributes: key,
    });
  });
});
