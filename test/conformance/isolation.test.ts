/** One malformed request never affects another connection, nor the next request on its own. */
import { beforeAll, describe, expect, test } from "bun:test";
import { SIGNED } from "../support/call.ts";
import { type RawAnswer, RawConnection, rawPost } from "../support/raw-http.ts";
import { useTarget } from "./target.ts";

const target = useTarget();
let table = "";
beforeAll(async () => {
  table = await target.table();
});

const headersOf = (operation: string) => ({
  ...SIGNED,
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": `DynamoDB_20120810.${operation}`,
});

const put = (key: string) =>
  rawPost(
    headersOf("PutItem"),
    JSON.stringify({ TableName: table, Item: { pk: { S: key }, v: { S: key } } }),
  );
const get = (key: string) =>
  rawPost(headersOf("GetItem"), JSON.stringify({ TableName: table, Key: { pk: { S: key } } }));

const jsonOf = (answer: RawAnswer | undefined): unknown => JSON.parse(answer?.body.toString() ?? "null");

const malformed: readonly [string, () => string][] = [
  ["broken JSON", () => rawPost(headersOf("PutItem"), '{"TableName":')],
  ["16 KB of brackets", () => rawPost(headersOf("PutItem"), "[".repeat(16384))],
  ["an unknown operation", () => rawPost(headersOf("Nothing"), "{}")],
  ["no authentication", () => rawPost({ ...headersOf("GetItem"), authorization: "" }, "{}")],
  ["a wrong type", () => rawPost(headersOf("GetItem"), '{"TableName":[]}')],
  ["an item that is too deep", () => rawPost(headersOf("PutItem"), deepItem())],
  ["a corrupt gzip body", () => rawPost({ ...headersOf("GetItem"), "content-encoding": "gzip" }, "not gzip")],
];

function deepItem(): string {
  const levels = 3000;
  return `{"TableName":"${table}","Item":{"pk":{"S":"deep"},"a":${'{"L":['.repeat(levels)}${"]}".repeat(levels)}}}`;
}

describe("one after the other on one connection", () => {
  test.each(malformed)("%s stands between two good requests", async (_, bad) => {
    const connection = await RawConnection.open(target.endpoint);
    connection.send(put("before"));
    expect((await connection.next())?.status).toBe(200);
    connection.send(bad());
    expect((await connection.next())?.status).toBeGreaterThanOrEqual(400);
    connection.send(get("before"));
    expect(jsonOf(await connection.next())).toEqual({ Item: { pk: { S: "before" }, v: { S: "before" } } });
    connection.close();
  });
});

describe("pipelined on one connection", () => {
  /**
   * HTTP lets a server close a connection whose client does not wait for answers (RFC 9112, 9.3.2: such a client must be ready to
   * send again). What it may not do is answer out of order, or give one request the answer of another.
   */
  test("each answer is that of its request, as far as answers come", async () => {
    const keys = Array.from({ length: 10 }, (_, at) => `pipelined-${at}`);
    for (const key of keys) await target.ok("PutItem", { TableName: table, Item: { pk: { S: key } } });
    const connection = await RawConnection.open(target.endpoint);
    connection.send(keys.map((key) => get(key)).join(""));
    for (const key of keys) {
      const answer = await connection.next();
      if (answer === undefined) break;
      expect(jsonOf(answer)).toEqual({ Item: { pk: { S: key } } });
    }
    connection.close();
    expect((await target.call("ListTables", {})).status).toBe(200);
  });
});

describe("in parallel", () => {
  test("every good request among bad ones is answered right", async () => {
    const worker = async (id: number) => {
      for (let at = 0; at < 10; at += 1) {
        const key = `parallel-${id}-${at}`;
        const connection = await RawConnection.open(target.endpoint);
        if (id % 2 === 0) {
          connection.send(malformed[at % malformed.length]?.[1]() ?? "");
          expect((await connection.next())?.status).toBeGreaterThanOrEqual(400);
        } else {
          connection.send(put(key));
          expect((await connection.next())?.status).toBe(200);
          connection.send(get(key));
          expect(jsonOf(await connection.next())).toEqual({ Item: { pk: { S: key }, v: { S: key } } });
        }
        connection.close();
      }
    };
    await Promise.all(Array.from({ length: 12 }, (_, id) => worker(id)));
  });

  test("half a request, bytes that are not HTTP, and a client that leaves in the middle harm nobody", async () => {
    const half = await RawConnection.open(target.endpoint);
    half.send(put("half").slice(0, -10));
    const garbage = await RawConnection.open(target.endpoint);
    garbage.send(new Uint8Array([0, 1, 2, 3, 255, 254, 13, 10, 13, 10]));
    const leaving = await RawConnection.open(target.endpoint);
    leaving.send(put("leaving").slice(0, -10));
    leaving.close();
    const hasty = await RawConnection.open(target.endpoint);
    hasty.send(put("hasty"));
    hasty.close();
    await Bun.sleep(50);
    const good = await RawConnection.open(target.endpoint);
    good.send(put("good"));
    expect((await good.next())?.status).toBe(200);
    good.send(get("good"));
    expect(jsonOf(await good.next())).toEqual({ Item: { pk: { S: "good" }, v: { S: "good" } } });
    for (const key of ["half", "leaving"]) {
      good.send(get(key));
      expect(jsonOf(await good.next())).toEqual({});
    }
    for (const connection of [half, garbage, good]) connection.close();
  });
});
