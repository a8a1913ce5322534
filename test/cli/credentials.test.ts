/** A server with --credentials, as the SDK meets it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DynamoDB,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { signatureOf, signingKey } from "../../src/http/signature.ts";
import { call } from "../support/call.ts";
import { startServer, type TestServer } from "../support/server.ts";

const directory = mkdtempSync(join(tmpdir(), "walnut-credentials-"));
const file = join(directory, "credentials");
const section = (name: string, key: string, secret: string) =>
  `[${name}]\naws_access_key_id = ${key}\naws_secret_access_key = ${secret}\n`;
let server: TestServer;

beforeAll(async () => {
  writeFileSync(file, section("one", "AKIDONE", "s3cret/+=") + section("two", "AKIDTWO", "other"));
  server = await startServer({ data: "memory", flags: ["--credentials", file] });
}, 30_000);
afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}, 30_000);

function clientOf(accessKeyId: string, secretAccessKey: string, region = "us-east-1"): DynamoDBClient {
  const credentials = { accessKeyId, secretAccessKey };
  return new DynamoDBClient({ endpoint: server.endpoint, region, credentials, maxAttempts: 1 });
}

const list = (key: string, secret: string) => clientOf(key, secret).send(new ListTablesCommand({}));

describe("a server with credentials", () => {
  test("serves who signs with one of its keys, whatever the request holds", async () => {
    const client = clientOf("AKIDONE", "s3cret/+=", "eu-west-1");
    const tables = new DynamoDB({
      endpoint: server.endpoint,
      region: "eu-west-1",
      credentials: { accessKeyId: "AKIDTWO", secretAccessKey: "other" },
    });
    await tables.createTable({
      TableName: "Signed",
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    });
    const pk = { S: "\ufeffgrüße 漢字 🌰" };
    await client.send(
      new PutItemCommand({ TableName: "Signed", Item: { pk, big: { S: "x".repeat(100_000) } } }),
    );
    const { Item } = await client.send(new GetItemCommand({ TableName: "Signed", Key: { pk } }));
    expect(Item?.["pk"]).toEqual(pk);
  });

  test("refuses everybody else, in the service's words", async () => {
    await expect(list("AKIDONE", "guess")).rejects.toMatchObject({ name: "InvalidSignatureException" });
    await expect(list("NOBODY", "guess")).rejects.toMatchObject({ name: "UnrecognizedClientException" });
    // Well formed, of a distant day, signed by nobody.
    expect((await call(server.endpoint, "ListTables", {})).text).toContain("Signature");
  });

  test("a body is verified byte by byte, also where it is no UTF-8", async () => {
    const body = Buffer.from('{"Limit":1,"note":"\xff"}', "latin1");
    const date = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
    const scope = `AKIDTWO/${date.slice(0, 8)}/us-east-1/dynamodb/aws4_request`;
    const [accessKey = "", day = "", region = "", service = "", terminator = ""] = scope.split("/");
    const credential = { accessKey, date: day, region, service, terminator };
    const signedHeaders = "host;x-amz-date";
    const headers = new Headers({
      host: new URL(server.endpoint).host,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.ListTables",
      "x-amz-date": date,
    });
    const signature = signatureOf(
      signingKey("other", credential),
      { headers, query: "", body },
      { date, credential, signedHeaders },
    );
    headers.set(
      "authorization",
      `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders}, Signature=${Buffer.from(signature).toString("hex")}`,
    );
    const response = await fetch(server.endpoint, { method: "POST", headers, body });
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("TableNames")]);
  });

  test("its pages for operators need no key", async () => {
    expect((await fetch(`${server.endpoint}/_walnut/health`)).status).toBe(200);
  });

  test("reads its keys again on SIGHUP, and keeps those it has when there is a slip in the file", async () => {
    const settled = async (isDone: () => boolean) => {
      const deadline = performance.now() + 20_000;
      while (!isDone() && performance.now() < deadline) await Bun.sleep(20);
      expect(isDone()).toBe(true);
    };
    writeFileSync(file, "[half]\n");
    process.kill(server.pid, "SIGHUP");
    await settled(() => server.errors.includes("credentials kept as they were"));
    await list("AKIDTWO", "other");
    writeFileSync(file, section("three", "AKIDTHREE", "third"));
    process.kill(server.pid, "SIGHUP");
    await settled(() => server.errors.includes("credentials read again"));
    await list("AKIDTHREE", "third");
    await expect(list("AKIDTWO", "other")).rejects.toMatchObject({ name: "UnrecognizedClientException" });
    expect(server.errors).not.toContain("third");
  });

  test("may listen everywhere", async () => {
    const open = await startServer({ data: "memory", flags: ["--credentials", file, "--host", "0.0.0.0"] });
    await open.stop();
  });
});

describe("a file that is none", () => {
  test.each([
    ["missing", join(directory, "missing"), /--credentials .*missing: .*(ENOENT|no such file)/i],
    ["a directory", directory, /--credentials /],
  ])("%s: is named, exit status 2", async (_, path, message) => {
    const started = startServer({ data: "memory", flags: ["--credentials", path] });
    await expect(started).rejects.toThrow(message);
  });
});
