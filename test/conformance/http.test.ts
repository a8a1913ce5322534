/** The HTTP surface: routing, content types, headers, CORS, limits, compressed bodies. */
import { describe, expect, test } from "bun:test";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { type Answer, readAnswer, SIGNED } from "../support/call.ts";
import { RawConnection, rawPost } from "../support/raw-http.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

const UNKNOWN_OPERATION = "<UnknownOperationException/>\n";
const JSON_1_0 = "application/x-amz-json-1.0";
const BODY_BYTES_MAX = 16 * 1024 * 1024;

const request = async (init: RequestInit, path = "/"): Promise<Answer> =>
  readAnswer(await fetch(target.endpoint + path, init));

/** The CRC header of an answer against its bytes. */
function expectCrc(answer: Answer): void {
  expect(answer.headers.get("x-amz-crc32")).toBe(crc32(answer.bytes).toString());
}

describe("headers of every answer", () => {
  test("request id: 52 characters, another one each time; CRC of the body", async () => {
    const seen = new Set<string>();
    for (const answer of [
      await target.call("ListTables", {}),
      await target.call("ListTables", { Limit: 0 }),
      await target.call("NoSuchOperation", {}),
      await target.call("ListTables", "{"),
      await target.call("GetItem", { TableName: "no-such-table", Key: { pk: { S: "1" } } }),
    ]) {
      expectCrc(answer);
      const id = answer.headers.get("x-amzn-requestid") ?? "";
      expect(id).toMatch(/^[0-9A-Z]{52}$/);
      seen.add(id);
      expect(answer.headers.get("content-length")).toBe(String(answer.bytes.length));
      expect(Date.parse(answer.headers.get("date") ?? "")).toBeGreaterThan(0);
    }
    expect(seen.size).toBe(5);
  });

  test.each([
    [JSON_1_0, JSON_1_0],
    ["application/json", "application/json"],
    ["application/json; charset=utf-8", "application/json"],
    ["application/x-amz-json-1.0;charset=utf-8", JSON_1_0],
    [" application/json ;a=b", "application/json"],
  ])("content type %p is answered with %p", async (sent, received) => {
    for (const body of ["{}", "{"]) {
      const answer = await target.call("ListTables", body, { "content-type": sent });
      expect(answer.status).toBe(body === "{}" ? 200 : 400);
      expect(answer.headers.get("content-type")).toBe(received);
    }
  });

  test("a success body is a JSON object, {} at least", async () => {
    const name = await target.table();
    const answer = await target.call("PutItem", { TableName: name, Item: { pk: { S: "1" } } });
    expect(answer.text).toBe("{}");
  });
});

describe("routes", () => {
  test("GET / is the health text", async () => {
    const answer = await request({});
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/^healthy: \S+ $/);
    expect(answer.headers.get("x-amzn-requestid")).toMatch(/^[0-9A-Z]{52}$/);
    expectCrc(answer);
  });

  test("GET of another path is a client error", async () => {
    const { status } = await request({}, "/some/where");
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  test.each(["PUT", "DELETE", "OPTIONS"])("%s without Origin is an unknown operation", async (method) => {
    const answer = await request({ method });
    expect([answer.status, answer.text]).toEqual([404, UNKNOWN_OPERATION]);
    expect(answer.headers.get("x-amz-crc32")).toBe("3552371480");
  });

  test.each([
    "text/plain",
    "application/xml",
    "application/x-amz-json-1.1",
    "application/x-www-form-urlencoded",
  ])("a body of type %s is an unknown operation, whatever it says", async (type) => {
    for (const body of ["{}", "{", "x"]) {
      const answer = await target.call("ListTables", body, { "content-type": type });
      expect([answer.status, answer.text]).toEqual([404, UNKNOWN_OPERATION]);
      expect(answer.headers.get("x-amz-crc32")).toBe("3552371480");
    }
  });
});

describe("cross-origin requests", () => {
  const origin = { origin: "https://app.example" };

  test("preflight", async () => {
    const answer = await request({
      method: "OPTIONS",
      headers: {
        ...origin,
        "access-control-request-headers": "x-amz-target,authorization",
        "access-control-request-method": "POST",
      },
    });
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-max-age")).toBe("172800");
    expect(answer.headers.get("access-control-allow-headers")).toBe("x-amz-target,authorization");
    expect(answer.headers.get("access-control-allow-methods")).toBe("POST");
    expect(answer.headers.get("access-control-expose-headers")).toContain("x-amzn-RequestId");
  });

  test.each([
    ["success", "ListTables", "{}"],
    ["refusal", "ListTables", '{"Limit":0}'],
    ["bad JSON", "ListTables", "{"],
    ["unknown operation", "Nothing", "{}"],
  ])("%s carries the two headers, and not those of the preflight", async (_, operation, body) => {
    const { headers } = await target.call(operation, body, origin);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-expose-headers")).toContain("x-amzn-RequestId");
    expect(headers.get("access-control-max-age")).toBeNull();
    expect(headers.get("access-control-allow-methods")).toBeNull();
  });

  test("without Origin there are none", async () => {
    const { headers } = await target.call("ListTables", {});
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("access-control-expose-headers")).toBeNull();
  });
});

describe("size limits", () => {
  const padded = (bytes: number) => `{${" ".repeat(bytes - 2)}}`;

  test("a body of 16 MB is taken, one byte more is 413 without a body", async () => {
    expect((await target.call("ListTables", padded(BODY_BYTES_MAX))).status).toBe(200);
    const answer = await target.call("ListTables", padded(BODY_BYTES_MAX + 1));
    expect([answer.status, answer.text]).toEqual([413, ""]);
  });

  test("the size is looked at first", async () => {
    const answer = await target.call("NoSuchOperation", "x".repeat(BODY_BYTES_MAX + 1), {
      "content-type": "text/plain",
      authorization: "",
    });
    expect([answer.status, answer.text]).toEqual([413, ""]);
  });

  test("headers over 16 KB are a client error, and the server goes on", async () => {
    const connection = await RawConnection.open(target.endpoint);
    connection.send(rawPost({ "x-padding": "x".repeat(64 * 1024) }, "{}"));
    const answer = await connection.next();
    connection.close();
    expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400);
    expect(answer?.status ?? 400).toBeLessThan(500);
    expect((await target.call("ListTables", {})).status).toBe(200);
  });

  test("a request line over 16 KB is a client error, and the server goes on", async () => {
    const connection = await RawConnection.open(target.endpoint);
    connection.send(
      `POST /?${"x".repeat(64 * 1024)} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`,
    );
    const answer = await connection.next();
    connection.close();
    expect(answer?.status ?? 400).toBeGreaterThanOrEqual(400);
    expect(answer?.status ?? 400).toBeLessThan(500);
    expect((await target.call("ListTables", {})).status).toBe(200);
  });
});

describe("compressed bodies", () => {
  const text = Buffer.from('{"Limit":1}');
  const bad = Buffer.from('{"Limit":0}');
  const send = (body: Uint8Array, encoding: string) =>
    target.call("ListTables", body, { "content-encoding": encoding });

  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const)("%s", async (encoding, compress) => {
    expect((await send(compress(text), encoding)).status).toBe(200);
    expect((await send(compress(bad), encoding)).text).toContain("greater than or equal to 1");
  });

  test("gzip in several members", async () => {
    const members = Buffer.concat([gzipSync(bad.subarray(0, 5)), gzipSync(bad.subarray(5))]);
    expect((await send(members, "gzip")).text).toContain("greater than or equal to 1");
  });

  test("junk after the last gzip member is tolerated", async () => {
    expect((await send(Buffer.concat([gzipSync(text), Buffer.from("junk")]), "gzip")).status).toBe(200);
  });

  test.each([
    ["corrupt", Buffer.from("this is not gzip")],
    ["truncated", gzipSync(text).subarray(0, 12)],
    ["empty", Buffer.alloc(0)],
  ])("%s gzip is an internal server error", async (_, body) => {
    const answer = await send(body, "gzip");
    expect(answer.status).toBe(500);
    expect(answer.text).toContain("#InternalServerError");
  });

  test("a bomb is cut off at the size of a body", async () => {
    const answer = await send(gzipSync(Buffer.alloc(256 << 20, " ")), "gzip");
    expect([413, 500]).toContain(answer.status);
  });

  test("another encoding is refused", async () => {
    const answer = await send(text, "br");
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  test("the answer is compressed only for those who ask", async () => {
    expect((await target.call("ListTables", {})).headers.get("content-encoding")).toBeNull();
  });
});

describe("connections", () => {
  const headers = { ...SIGNED, "content-type": JSON_1_0, "x-amz-target": "DynamoDB_20120810.ListTables" };

  test("stay open for the next request", async () => {
    const connection = await RawConnection.open(target.endpoint);
    for (let at = 0; at < 3; at += 1) {
      connection.send(rawPost(headers, "{}"));
      expect((await connection.next())?.status).toBe(200);
    }
    connection.close();
  });

  test("are closed when the client says so", async () => {
    const connection = await RawConnection.open(target.endpoint);
    connection.send(rawPost({ ...headers, connection: "close" }, "{}"));
    expect((await connection.next())?.status).toBe(200);
    expect(await connection.closed()).toBe(true);
    connection.close();
  });

  test("Expect: 100-continue", async () => {
    const connection = await RawConnection.open(target.endpoint);
    const whole = rawPost({ ...headers, expect: "100-continue" }, "{}");
    connection.send(whole.slice(0, -2));
    await Bun.sleep(50);
    connection.send("{}");
    expect((await connection.next())?.status).toBe(200);
    connection.close();
  });

  test("a body in chunks", async () => {
    const connection = await RawConnection.open(target.endpoint);
    const lines = Object.entries({ host: "localhost", ...headers, "transfer-encoding": "chunked" });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    connection.send(`POST / HTTP/1.1\r\n${head}\r\n7\r\n{"Limit\r\n`);
    await Bun.sleep(20);
    connection.send('4\r\n":1}\r\n0\r\n\r\n');
    expect((await connection.next())?.status).toBe(200);
    connection.close();
  });
});
