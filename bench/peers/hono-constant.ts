/**
 * The ceiling that Walnut is measured against: Hono on Bun.serve that reads and parses the same request body and answers a constant with
 * the same headers. `bun hono-constant.ts <file with the constant body>`.
 */
import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { Hono } from "hono";

const body = readFileSync(process.argv[2] ?? "", "utf8");
const headers = {
  "Content-Type": "application/x-amz-json-1.0",
  "x-amzn-RequestId": "0".repeat(52),
  "x-amz-crc32": crc32(body).toString(),
};

const app = new Hono();
app.post("/", async (c) => {
  const request = c.req.raw;
  const input = JSON.parse(Buffer.from(await request.arrayBuffer()).toString("utf8"));
  if (
    request.headers.get("x-amz-target") === null ||
    (input.TableName ?? input.RequestItems ?? input.TransactItems) === undefined
  ) {
    return new Response("", { status: 400 });
  }
  return new Response(body, { headers });
});

const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 255, fetch: app.fetch });
console.log(`endpoint http://127.0.0.1:${server.port}`);
