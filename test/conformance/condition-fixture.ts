/** The item that conditions are tried on, and the values that they compare it with. */
import type { JsonObject } from "./target.ts";

const list = (...L: JsonObject[]) => ({ L });
export const ITEM = {
  s: { S: "hello" },
  u: { S: "h\u00e9\ud83d\ude00" },
  n: { N: "10" },
  b: { B: "AQID" },
  t: { BOOL: true },
  z: { NULL: true },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2"] },
  bs: { BS: ["AQ=="] },
  l: list({ S: "x" }, { N: "1" }, { M: { k: { S: "v" } } }, list({ N: "7" })),
  m: { M: { a: { N: "1" }, nested: { M: { deep: list({ S: "leaf" }) } } } },
  blank: { S: "" },
};

const VALUES: JsonObject = {
  ":hello": { S: "hello" },
  ":he": { S: "he" },
  ":x": { S: "x" },
  ":a": { S: "a" },
  ":i": { S: "i" },
  ":ten": { N: "1e1" },
  ":one": { N: "1.0" },
  ":two": { N: "2" },
  ":four": { N: "4" },
  ":five": { N: "5" },
  ":eleven": { N: "11" },
  ":hundred": { N: "100" },
  ":bytes": { B: "AQID" },
  ":byte": { B: "AQ==" },
  ":true": { BOOL: true },
  ":null": { NULL: true },
  ":ss": { SS: ["b", "a"] },
  ":ns": { NS: ["2.0", "1"] },
  ":list": ITEM.l,
  ":map": { M: { k: { S: "v" } } },
  ":smap": { M: { nested: ITEM.m.M.nested, a: { N: "1.00" } } },
  ":inner": list({ N: "7.0" }),
  ":S": { S: "S" },
  ":N": { S: "N" },
  ":DOG": { S: "DOG" },
};

export const KEY = { pk: { S: "1" } };

/** The members of a request with a condition: its text, and those of the values above that it mentions. */
export function condition(ConditionExpression: string): JsonObject {
  const used = Object.entries(VALUES).filter(([name]) =>
    new RegExp(`${name}(?![A-Za-z0-9_])`).test(ConditionExpression),
  );
  return {
    ConditionExpression,
    ...(used.length === 0 ? {} : { ExpressionAttributeValues: Object.fromEntries(used) }),
  };
}
